"""A full hall: what a decision touches and what a stream of callers leaves behind. Counted, not timed
(bench/queues.py times it)."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from bench.queues import FullHall, Stream
from callcenterd.model.ids import AgentId, CallId, QueueName


def steps(deed: Callable[[], object]) -> int:
    """Lines of our Python that ran: the same on every machine."""
    count = 0

    def traced(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return traced

    before = sys.gettrace()
    sys.settrace(traced)
    try:
        deed()
    finally:
        sys.settrace(before)
    return count


def full(callers: int) -> FullHall:
    hall = FullHall(callers=callers, agents=200)
    hall.fill()
    return hall


def enqueue(hall: FullHall, agent: AgentId, now: float) -> object:
    return hall.acd.enqueue(CallId("one more"), QueueName("queue00"), now)


def leave(hall: FullHall, agent: AgentId, now: float) -> object:
    return hall.acd.leave(next(reversed(hall.waiting)), now)


def talk_ended(hall: FullHall, agent: AgentId, now: float) -> object:
    return hall.acd.talk_ended(agent, now)


def end_wrap_up(hall: FullHall, agent: AgentId, now: float) -> object:
    hall.acd.talk_ended(agent, now)
    return hall.acd.end_wrap_up(agent, now)


def declined(hall: FullHall, agent: AgentId, now: float) -> object:
    hall.talking.pop(agent)
    hall.tell("talk_ended", lambda: hall.acd.talk_ended(agent, now))
    hall.tell("end_wrap_up", lambda: hall.acd.end_wrap_up(agent, now))
    return hall.acd.declined(hall.rung[agent], agent, "busy", now)


def want(hall: FullHall, agent: AgentId, now: float) -> object:
    hall.acd.talk_ended(agent, now)
    hall.acd.want(agent, "break", "lunch", now)
    hall.acd.end_wrap_up(agent, now)
    return hall.acd.want(agent, "ready", "", now)


def phone(hall: FullHall, agent: AgentId, now: float) -> object:
    hall.acd.talk_ended(agent, now)
    hall.acd.phone(agent, False, now)
    hall.acd.end_wrap_up(agent, now)
    return hall.acd.phone(agent, True, now)


DEEDS = (enqueue, leave, talk_ended, end_wrap_up, declined, want, phone)


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_a_decision_does_not_look_at_every_caller(deed: Callable[[FullHall, AgentId, float], object]) -> None:
    """Four times as many callers cost a decision nothing, or next to nothing."""
    cost = {}
    for callers in (1000, 4000):
        hall = full(callers)
        agent = sorted(hall.talking)[0]
        cost[callers] = steps(functools.partial(deed, hall, agent, hall.now + 1))
    assert cost[4000] <= cost[1000] + 60, cost


def test_a_stream_of_callers_leaves_nothing_behind() -> None:
    """A hundred callers a second, each with a longest wait of an hour: after they are gone, so are their timers."""
    stream = Stream(rate=100, agents=200)
    stream.play(60)
    before = held(stream)
    stream.play(60)
    assert stream.hall.left > 7000
    assert stream.hall.waiting, "there is more to do than can be done"
    assert held(stream) < before + 4 * 4096, "not more than the timers that may gather before they are swept"


def held(stream: Stream) -> int:
    """Objects that can be reached from the ACD."""
    seen: set[int] = set()
    to_see: list[object] = [stream.hall.acd]
    while to_see:
        one = to_see.pop()
        if id(one) in seen or isinstance(one, str | int | float | type):
            continue
        seen.add(id(one))
        if isinstance(one, dict):
            to_see += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple | set) or type(one).__name__ == "deque":
            to_see += list(one)  # type: ignore[call-overload]
        elif type(one).__module__.startswith("callcenterd"):
            to_see += list(getattr(one, "__dict__", {}).values())
            to_see += [getattr(one, slot, None) for slot in getattr(type(one), "__slots__", ())]
    return len(seen)
