"""Who was cut off while waiting: found again at the start, from the stories of calls."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from callcenterd.model.calls import CutOff
from callcenterd.model.ids import CallId, QueueName
from callcenterd.store.database import Store
from tests.kit.virtual import START
from tests.store.rows import begin, call

SALES = QueueName("sales")


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


async def waited(store: Store, name: str, *steps: tuple[float, str, dict[str, Any]], end: float | None = None) -> None:
    """A call that waits in the queue sales from second 0 on. end: of a call that this run ended."""
    await begin(store, call(name))
    await store.calls.change(CallId(name), queue="sales")
    for second, kind, details in ((0.0, "call.queued", {"queue": "sales"}), *steps):
        await store.calls.append(CallId(name), at(second), kind, details)
    if end is not None:
        await store.calls.change(CallId(name), ended_at=at(end), outcome="abandoned", cause="normal")
    else:
        await store.calls.heartbeat([CallId(name)], at(100))


def over(second: float, reason: str, cause: str) -> tuple[tuple[float, str, dict[str, Any]], ...]:
    left = {"queue": "sales", "reason": reason, "wait_seconds": second}
    return (second, "call.left_queue", left), (second, "call.ended", {"outcome": "abandoned", "cause": cause})


async def found(store: Store) -> dict[str, CutOff]:
    await store.calls.close_interrupted()
    return {one.call: one for one in await store.calls.cut_off(at(0), at(0))}


async def test_who_waited_at_a_crash_and_who_was_cut_off_before_it(store: Store) -> None:
    await waited(store, "crashed")
    await waited(store, "gone", *over(50, "abandoned", "normal"), end=50)
    await waited(store, "stopped", *over(60, "failed", "shutdown"), end=60)
    assert await found(store) == {
        "crashed": CutOff(CallId("crashed"), "13800138000", SALES, at(0), None),
        "gone": CutOff(CallId("gone"), "13800138000", SALES, at(0), at(50)),
        "stopped": CutOff(CallId("stopped"), "13800138000", SALES, at(0), None),
    }


async def test_who_did_not_wait_at_the_end_was_not_cut_off(store: Store) -> None:
    left = {"queue": "sales", "wait_seconds": 10}
    await waited(store, "answered", (10, "call.left_queue", {**left, "reason": "answered"}))
    await waited(store, "timed out", (10, "call.left_queue", {**left, "reason": "timed_out"}))
    await waited(store, "in voicemail by a key", (10, "call.left_queue", {**left, "reason": "left"}))
    await begin(store, call("never waited"))
    assert await found(store) == {}


async def test_a_place_that_was_given_back_is_given_once_and_keeps_its_time(store: Store) -> None:
    await waited(store, "first", *over(50, "abandoned", "normal"), end=50)
    back = {"queue": "sales", "since": at(-30).isoformat(), "earlier": "first"}
    await begin(store, call("again"))
    await store.calls.change(CallId("again"), queue="sales")
    await store.calls.append(CallId("again"), at(60), "call.place_back", back)
    await store.calls.append(CallId("again"), at(60), "call.queued", {"queue": "sales"})
    await store.calls.heartbeat([CallId("again")], at(70))
    kept = await found(store)
    assert list(kept) == ["again"]
    assert kept["again"].entered == at(-30)


async def test_what_is_long_ago_is_over(store: Store) -> None:
    await waited(store, "crashed")
    await waited(store, "gone", *over(50, "abandoned", "normal"), end=50)
    await store.calls.close_interrupted()
    assert [one.call for one in await store.calls.cut_off(at(99), at(51))] == ["crashed"]
    assert await store.calls.cut_off(at(101), at(101)) == []
