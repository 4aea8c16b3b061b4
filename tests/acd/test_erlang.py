"""Erlang's formulas against published values, plain recursions and each other."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.acd.erlang import ErlangA, ErlangC, erlang_b, erlang_c

SECONDS = (0.0, 5.0, 20.0, 60.0)
TEAMS = st.integers(1, 60)
PRESSURE = st.floats(0.05, 1.5)
"""Load for one agent."""
PATIENCE = st.floats(10, 2000)


@pytest.mark.parametrize(
    ("agents", "load", "blocked"),
    [(1, 0.5, 1 / 3), (5, 1.36, 0.01), (10, 4.46, 0.01), (20, 12.0, 0.0098), (100, 84.1, 0.01), (500, 474.0, 0.01)],
)
def test_erlang_b_is_the_printed_table(agents: int, load: float, blocked: float) -> None:
    """ITU "Teletraffic Engineering Handbook", table of E1: load offered at 1 % loss (one decimal or two)."""
    assert erlang_b(agents, load) == pytest.approx(blocked, rel=0.02)


def test_the_worked_example_of_the_trade() -> None:
    """100 calls in half an hour of three minutes each, 14 agents: 17.4 % wait, 88.8 % within 20 s, ASA 7.8 s."""
    queue = ErlangC(agents=14, arrivals=100 / 1800, handling=180)
    assert queue.load == pytest.approx(10)
    assert queue.delayed == pytest.approx(0.174, abs=0.0005)
    assert queue.answered_within(20) == pytest.approx(0.888, abs=0.0005)
    assert queue.wait == pytest.approx(7.8, abs=0.05)
    assert queue.occupancy == pytest.approx(0.714, abs=0.0005)


def test_fifty_agents_with_and_without_patience_as_published() -> None:
    """O. Garnett, A. Mandelbaum, M. Reiman, "Designing a call center with impatient customers" (2002), §1.

    48 callers and 50 agents, a minute each, patience of two minutes: 3.1 % give up, mean wait 3.7 s instead of 20.8 s,
    agents 93 % busy instead of 96 %.
    """
    patient = ErlangC(agents=50, arrivals=48 / 60, handling=60)
    assert patient.wait == pytest.approx(20.8, abs=0.05)
    assert patient.occupancy == pytest.approx(0.96)
    impatient = ErlangA(agents=50, arrivals=48 / 60, handling=60, patience=120)
    assert impatient.abandoned == pytest.approx(0.031, abs=0.0005)
    assert impatient.wait == pytest.approx(3.7, abs=0.05)
    assert impatient.occupancy == pytest.approx(0.93, abs=0.005)


def plain_erlang_a(queue: ErlangA, seconds: float) -> tuple[float, float, float]:
    """Delayed, abandoned, answered within: the birth-death chain summed state by state; small loads only."""
    mu, theta = 1 / queue.handling, 1 / queue.patience
    weights = [1.0]
    while weights[-1] > 1e-18 * sum(weights) or len(weights) <= queue.agents:
        n = len(weights)
        rate = min(n, queue.agents) * mu + max(0, n - queue.agents) * theta
        weights.append(weights[-1] * queue.arrivals / rate)
    total = math.fsum(weights)
    delayed = math.fsum(weights[queue.agents :]) / total
    waiting = math.fsum(weight * place for place, weight in enumerate(weights[queue.agents :])) / total
    # Who finds k waiting is answered after k + 1 departures: death steps of the chain in uniformised time.
    top = len(weights)
    fastest = queue.agents * mu + top * theta
    share = [weight / total for weight in weights[queue.agents :]]
    steps = int(fastest * seconds + 12 * math.sqrt(fastest * seconds) + 30)
    answered, chance = 0.0, math.exp(-fastest * seconds)
    done = 0.0
    ahead = share
    for step in range(steps):
        answered += chance * done
        chance *= fastest * seconds / (step + 1)
        following = [0.0] * len(ahead)
        for place, weight in enumerate(ahead):
            served = queue.agents * mu / fastest
            before = place * theta / fastest
            if place == 0:
                done += weight * served
            else:
                following[place - 1] += weight * (served + before)
            following[place] += weight * (1 - served - before - theta / fastest)
        ahead = following
    return delayed, waiting * theta / queue.arrivals, 1 - delayed + answered


@pytest.mark.parametrize("agents", [1, 5, 20])
@pytest.mark.parametrize("pressure", [0.6, 0.95, 1.2])
@pytest.mark.parametrize("seconds", [5.0, 20.0])
def test_erlang_a_is_the_chain_summed_state_by_state(agents: int, pressure: float, seconds: float) -> None:
    queue = ErlangA(agents=agents, arrivals=pressure * agents / 180, handling=180, patience=100)
    delayed, abandoned, within = plain_erlang_a(queue, seconds)
    assert queue.delayed == pytest.approx(delayed, rel=1e-9)
    assert queue.abandoned == pytest.approx(abandoned, rel=1e-9)
    assert queue.answered_within(seconds) == pytest.approx(within, rel=1e-9)


@given(TEAMS, PRESSURE)
def test_erlang_b_is_its_definition(agents: int, pressure: float) -> None:
    load = pressure * agents
    terms = [math.exp(n * math.log(load) - math.lgamma(n + 1) - load) for n in range(agents + 1)]
    assert erlang_b(agents, load) == pytest.approx(terms[-1] / math.fsum(terms), rel=1e-9)


@given(TEAMS, st.floats(0.05, 0.98))
def test_who_never_gives_up_makes_erlang_a_erlang_c(agents: int, pressure: float) -> None:
    c = ErlangC(agents=agents, arrivals=pressure * agents / 180, handling=180)
    a = ErlangA(agents=agents, arrivals=c.arrivals, handling=180, patience=math.inf)
    assert a.delayed == pytest.approx(c.delayed, rel=1e-9)
    assert a.abandoned == 0
    assert a.wait == c.wait
    assert a.wait_of_answered == pytest.approx(c.wait, rel=1e-9)
    for seconds in SECONDS:
        assert a.answered_within(seconds) == pytest.approx(c.answered_within(seconds), rel=1e-9)


@given(TEAMS, PRESSURE, PATIENCE)
def test_what_must_hold_of_erlang_a(agents: int, pressure: float, patience: float) -> None:
    queue = ErlangA(agents=agents, arrivals=pressure * agents / 180, handling=180, patience=patience)
    assert 0 <= queue.abandoned <= queue.delayed <= 1
    assert queue.abandoned >= 1 - 1 / pressure - 1e-12, "nobody serves more than all the time"
    assert queue.occupancy <= 1 + 1e-12
    within = [queue.answered_within(seconds) for seconds in (*SECONDS, 1e6)]
    assert within == sorted(within)
    assert within[0] == pytest.approx(1 - queue.delayed)
    assert within[-1] == pytest.approx(1 - queue.abandoned), "in the end everybody is answered or gone"
    less = ErlangA(agents=agents + 1, arrivals=queue.arrivals, handling=180, patience=patience)
    assert less.abandoned <= queue.abandoned


@given(st.integers(1, 500), st.floats(0.01, 20), st.floats(1, 1e5))
def test_every_size_and_every_load_gives_figures(agents: int, pressure: float, patience: float) -> None:
    """Nothing overflows, and nothing becomes "not a number": five hundred agents and twenty times what they can do."""
    arrivals = pressure * agents / 180
    queue = ErlangA(agents=agents, arrivals=arrivals, handling=180, patience=patience)
    for share in (queue.delayed, queue.abandoned, queue.answered_within(20), erlang_c(agents, queue.load)):
        assert 0 <= share <= 1 + 1e-12
    assert 0 <= queue.wait_of_answered < math.inf
    assert queue.abandoned >= 1 - 1 / pressure - 1e-9, "nobody serves more than all the time"
    assert queue.answered_within(1e9) == pytest.approx(1 - queue.abandoned)
    c = ErlangC(agents=agents, arrivals=arrivals, handling=180)
    assert 0 <= c.answered_within(20) <= 1
    assert (c.wait == math.inf) == (c.load >= agents)


def test_patience_without_end_and_too_many_callers_have_no_figures() -> None:
    with pytest.raises(ValueError, match="endless patience"):
        ErlangA(agents=5, arrivals=1, handling=5, patience=math.inf)
