"""What a day's figures are counted from after a start."""

from __future__ import annotations

from datetime import timedelta

from callcenterd.model.ids import CallId
from callcenterd.store.database import Store
from tests.kit.virtual import START
from tests.store.rows import begin, call

SECOND = timedelta(seconds=1)


async def test_visits_are_paired_in_their_order_and_those_of_calls_that_we_placed_are_left_out(store: Store) -> None:
    await begin(store, call("a"), call("b", direction="outbound"), call("c", started_at=START - timedelta(hours=2)))

    async def enters(of: str, at: int, queue: str = "sales") -> None:
        await store.calls.append(CallId(of), START + at * SECOND, "call.queued", {"queue": queue})

    async def leaves(of: str, at: int, reason: str, waited: float, queue: str = "sales") -> None:
        details = {"queue": queue, "reason": reason, "wait_seconds": waited}
        await store.calls.append(CallId(of), START + at * SECOND, "call.left_queue", details)

    await enters("c", -3600)  # yesterday's, left today
    await enters("a", 1)
    await enters("b", 2)
    await leaves("a", 4, "left", 3.0)
    await enters("a", 5)
    await enters("a", 6, "service")
    await leaves("b", 7, "answered", 5.0)
    await leaves("a", 8, "abandoned", 2.0, "service")
    await leaves("c", 9, "answered", 3609.0)
    found = await store.today.visits(START)
    assert [(one.call, one.queue, one.at, one.left, one.waited) for one in found] == [
        ("a", "sales", START + SECOND, "left", 3.0),
        ("a", "sales", START + 5 * SECOND, None, 0.0),
        ("a", "service", START + 6 * SECOND, "abandoned", 2.0),
    ]


async def test_calls_of_the_day_without_inside_ones_in_their_order(store: Store) -> None:
    await begin(
        store,
        call("old", started_at=START - SECOND),
        call("in", outcome="abandoned", ended_at=START + 9 * SECOND),
        call("own", direction="internal"),
        call("out", direction="outbound", started_at=START + SECOND, answered_at=START + 3 * SECOND),
    )
    found = await store.today.calls(START)
    assert [(one.call, one.direction, one.at, one.answered, one.outcome) for one in found] == [
        ("in", "inbound", START, False, "abandoned"),
        ("out", "outbound", START + SECOND, True, None),
    ]
