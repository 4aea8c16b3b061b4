"""A day of a large hall, decision by decision, in a few seconds."""

from __future__ import annotations

from bench.acd import AGENTS, CALLS, Day


def test_a_day_of_two_hundred_agents_and_eight_thousand_callers_comes_out_right() -> None:
    day = Day()
    day.play()
    assert sum(day.left.values()) == CALLS, "every caller left in exactly one way"
    assert set(day.left) == {"answered", "abandoned", "timed_out"}
    assert day.left["answered"] > 0.8 * CALLS
    assert len(day.waits) == CALLS
    assert day.rung == {}
    assert day.talking == {}
    assert day.acd.deadline() is None
    assert all(day.acd.waiting(queue.name) == () for queue in day.queues)
    assert {day.acd.agent(agent).state for agent in day.agents} == {"signed_out"}
    assert len(day.agents) == AGENTS


def test_the_same_day_again_comes_out_the_same() -> None:
    """Chance is handed in: yesterday can be played again."""
    days = [Day(seed=7, calls=1000), Day(seed=7, calls=1000)]
    for day in days:
        day.play()
    assert days[0].left == days[1].left
    assert days[0].waits == days[1].waits
