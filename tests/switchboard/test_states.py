"""Sums of an agent's states: whatever the steps are, they are the time that was asked about (ACD-02)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.model.agents import AGENT_STATES, AgentState, AgentStep
from callcenterd.model.ids import AgentId
from callcenterd.switchboard.states import sums

START = datetime(2026, 8, 3, 1, 0, tzinfo=UTC)


def step(second: float, state: AgentState, reason: str = "") -> AgentStep:
    return AgentStep(at=START + timedelta(seconds=second), agent=AgentId("1001"), state=state, reason=reason)


def between(steps: list[AgentStep], since: float, until: float) -> dict[tuple[AgentState, str], float]:
    return dict(sums(steps, START + timedelta(seconds=since), START + timedelta(seconds=until)))


def test_each_second_is_in_one_state() -> None:
    steps = [step(0, "ready"), step(60, "talking"), step(100, "break", "meal"), step(400, "break", "rest")]
    assert between(steps, 10, 500) == {
        ("ready", ""): 50,
        ("talking", ""): 40,
        ("break", "meal"): 300,
        ("break", "rest"): 100,
    }
    assert between(steps, -30, 30) == {("signed_out", ""): 30, ("ready", ""): 30}
    assert between(steps, 150, 200) == {("break", "meal"): 50}
    assert between([], 0, 10) == {("signed_out", ""): 10}


@given(
    st.lists(
        st.tuples(st.floats(-1e4, 1e4), st.sampled_from(AGENT_STATES), st.sampled_from(("", "meal"))), max_size=20
    ),
    st.floats(-1e4, 1e4),
    st.floats(0, 1e4),
)
def test_their_sum_is_the_time(drawn: list[tuple[float, AgentState, str]], since: float, length: float) -> None:
    steps = [step(*one) for one in sorted(drawn, key=lambda one: one[0])]
    found = between(steps, since, since + length)
    assert sum(found.values()) == pytest.approx(length, abs=1e-3)
    assert all(seconds > 0 for seconds in found.values())
