"""A day of a large centre, decision by decision, in a few seconds."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.acd.centre import Centre


@pytest.fixture(scope="module")
def centre() -> Centre:
    """The day is over. What must hold at every moment of it was asserted then (`Centre.told`)."""
    played = Centre()
    played.play()
    return played


def test_a_day_in_two_hundred_seats_has_everything_that_a_day_has(centre: Centre) -> None:
    outcomes: Counter[str] = sum(centre.left.values(), start=Counter())
    assert set(outcomes) == {"answered", "abandoned", "timed_out"}
    assert min(outcomes.values()) > 20
    assert outcomes["answered"] > 0.7 * sum(outcomes.values())
    assert centre.late_answers > 20
    assert centre.lost_phones > 30
    for state in ("ready", "offered", "talking", "wrap_up", "break", "unreachable"):
        assert sum(booked[state] for booked in centre.booked.values()) > 600, state


def test_every_visit_of_a_queue_has_exactly_one_outcome(centre: Centre) -> None:
    """Offered = the sum of all outcomes, in every queue; nobody is left over at night."""
    for queue, entered in centre.entered.items():
        assert entered == sum(centre.left[queue].values())
        assert centre.acd.waiting(queue) == ()
    assert not centre.waiting
    assert not centre.rung
    assert centre.acd.deadline() is None


def test_the_seconds_of_all_states_are_the_seconds_signed_in(centre: Centre) -> None:
    """Exactly: the day's moments are such that no sum of them is rounded."""
    for agent in centre.agents:
        booked = centre.booked[agent]
        inside = {state: seconds for state, seconds in booked.items() if state != "signed_out"}
        assert sum(inside.values()) == centre.signed[agent] > 0
        assert booked["talking"] == centre.talked[agent]
        assert booked["offered"] == centre.rung_for[agent]
        assert centre.acd.agent(agent).state == "signed_out"


def test_the_same_day_again_comes_out_the_same() -> None:
    """Chance is handed in: yesterday can be played again."""
    days = [Centre(seed=7, calls=600, seats=40), Centre(seed=7, calls=600, seats=40)]
    for day in days:
        day.play()
    assert days[0].left == days[1].left
    assert days[0].booked == days[1].booked
