from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.acd.agent import (
    SHIFT,
    SLICE,
    STATES,
    Agent,
    Lease,
    Talk,
    Workload,
    WrapUp,
    may_be_offered,
    standing_of,
    state_of,
)
from callcenterd.model.agents import AGENT_STATES
from callcenterd.model.ids import AgentId, CallId, QueueName

X, SALES = CallId("x"), QueueName("sales")
AGENTS = st.builds(
    Agent,
    id=st.just(AgentId("1001")),
    extension=st.just("8001"),
    since=st.just(0.0),
    idle_since=st.just(0.0),
    wanted=st.sampled_from(("signed_out", "ready", "break")),
    reason=st.sampled_from(("", "lunch")),
    reachable=st.booleans(),
    lease=st.sampled_from((None, Lease(X, SALES, 20, 20))),
    talk=st.sampled_from((None, Talk(X, 10, 0))),
    others=st.sampled_from(((), (CallId("own"),))),
    wrap_up=st.sampled_from((None, WrapUp(X, 10))),
)


def test_the_table_has_every_state_and_ends_in_one_that_always_holds() -> None:
    assert {state for state, _ in STATES} == set(AGENT_STATES)
    assert len(STATES) == len(AGENT_STATES)
    assert STATES[-1][1](Agent(id=AgentId("1001"), extension=None, since=0, idle_since=0))


@pytest.mark.parametrize(
    ("state", "facts"),
    [
        ("signed_out", {"wanted": "signed_out"}),
        ("ready", {}),
        ("unreachable", {"reachable": False}),
        ("break", {"wanted": "break"}),
        ("break", {"wanted": "break", "reachable": False}),
        ("wrap_up", {"wrap_up": WrapUp(X, 10)}),
        ("wrap_up", {"wrap_up": WrapUp(X, 10), "wanted": "break"}),
        ("offered", {"lease": Lease(X, SALES, 20, 20)}),
        ("talking", {"talk": Talk(X, 10, 0)}),
        ("talking", {"talk": Talk(X, 10, 0), "reachable": False}),
        ("talking", {"others": (X,), "wanted": "signed_out"}),
        ("talking", {"talk": Talk(X, 10, 0), "wanted": "break"}),
    ],
)
def test_a_state_follows_from_facts(state: str, facts: dict[str, object]) -> None:
    agent = Agent(id=AgentId("1001"), extension="8001", since=0, idle_since=0, wanted="ready", reachable=True)
    for name, value in facts.items():
        setattr(agent, name, value)
    assert state_of(agent) == state


@given(AGENTS)
def test_who_may_be_offered_a_call_is_who_is_ready(agent: Agent) -> None:
    assert may_be_offered(agent) == (state_of(agent) == "ready")


@given(AGENTS)
def test_a_standing_says_no_more_than_its_state_means(agent: Agent) -> None:
    standing = standing_of(agent)
    assert (standing.call is not None) == (standing.state in ("talking", "offered", "wrap_up"))
    assert (standing.until is not None) == (standing.state in ("offered", "wrap_up"))
    assert standing.reason == (agent.reason if standing.state == "break" else "")
    assert standing.wanted == agent.wanted


def test_the_newest_own_call_is_the_one_shown() -> None:
    agent = Agent(id=AgentId("1001"), extension="8001", since=0, idle_since=0, others=(CallId("a"), CallId("b")))
    assert standing_of(agent).call == "b"
    agent.talk = Talk(X, 10, 0)
    assert standing_of(agent).call == X


@given(st.lists(st.tuples(st.floats(0, 3 * SHIFT), st.floats(0, 3600))))
def test_work_is_counted_for_one_shift(talks: list[tuple[float, float]]) -> None:
    work, now = Workload(), 0.0
    for end, seconds in sorted(talks):
        work.add(end, seconds)
        now = end
    work.forget_before(now - SHIFT)
    recent = [seconds for end, seconds in talks if end >= now - SHIFT]
    not_long_ago = [seconds for end, seconds in talks if end > now - SHIFT - SLICE]
    assert len(recent) <= work.calls <= len(not_long_ago)
    assert sum(recent) - 1e-6 <= work.talked <= sum(not_long_ago) + 1e-6


def test_a_busy_shift_is_kept_in_few_figures() -> None:
    work = Workload()
    for second in range(int(2 * SHIFT)):
        work.add(float(second), 1.0)
        work.forget_before(second - SHIFT)
    assert len(work.recent) <= SHIFT / SLICE + 1
    assert work.calls == pytest.approx(SHIFT, abs=SLICE)


def test_a_standing_is_frozen() -> None:
    standing = standing_of(Agent(id=AgentId("1001"), extension=None, since=0, idle_since=0))
    with pytest.raises(dataclasses.FrozenInstanceError):
        standing.state = "ready"  # type: ignore[misc]
