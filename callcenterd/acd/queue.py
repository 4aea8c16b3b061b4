"""The callers of one queue in their order, and the place of each.

One order for everything: higher priority first, then the earlier (effective) entry, then the id. It is the
whole answer to "who is next?", for one queue and across queues. Where priorities age, a point is no class of its own
but so many seconds that the caller is put ahead: nobody is overtaken for ever, and an order once told stays.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from callcenterd.model.ids import AgentId, CallId, QueueName

Order = tuple[float, float, CallId]


@dataclass(frozen=True, slots=True)
class Caller:
    """One who waits.

    entered: the time that counts for the place. since: when the caller came first; earlier than `arrived` when a
             place was kept.
    arrived: when this wait really began; waits are measured from it.
    resting: agents who refused this call, and until when they are not asked again.
    points:  of priority, as they were given; `priority` and `entered` are what they come to in the order.
    needs:   skills that this caller asks of an agent, beside those of the queue.
    prefers: the agent whom the caller is given back to, alone until `alone_until` if that one is signed in.
    calls_back: nobody is on the line: an agent is kept, and then the caller is dialled. dials: for so many seconds;
             0: as the queue says.
    """

    call: CallId
    queue: QueueName
    priority: int
    entered: float
    arrived: float
    resting: Mapping[AgentId, float] = field(default_factory=dict)
    since: float = 0.0
    points: int = 0
    needs: Mapping[str, int] = field(default_factory=dict)
    prefers: AgentId | None = None
    alone_until: float = 0.0
    calls_back: bool = False
    dials: float = 0.0

    @property
    def order(self) -> Order:
        return (-self.priority, self.entered, self.call)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A caller as others see one. position counts from 1. calls_back: not on the line, waits to be called back."""

    call: CallId
    since: float
    priority: int
    position: int
    calls_back: bool = False


class Line:
    """Callers, always in order."""

    def __init__(self) -> None:
        self._callers: list[Caller] = []

    def __len__(self) -> int:
        return len(self._callers)

    def __iter__(self) -> Iterator[Caller]:
        return iter(self._callers)

    def add(self, caller: Caller) -> None:
        insort(self._callers, caller, key=order_of)

    def remove(self, caller: Caller) -> None:
        del self._callers[self._index(caller)]

    def replace(self, caller: Caller, by: Caller) -> None:
        """The same caller with other particulars; the place stays."""
        self._callers[self._index(caller)] = by

    def position(self, caller: Caller) -> int:
        return self._index(caller) + 1

    def waiting(self) -> tuple[Waiting, ...]:
        return tuple(
            Waiting(caller.call, caller.since, caller.points, place, caller.calls_back)
            for place, caller in enumerate(self._callers, start=1)
        )

    def _index(self, caller: Caller) -> int:
        index = bisect_left(self._callers, caller.order, key=order_of)
        if index == len(self._callers) or self._callers[index].call != caller.call:
            raise KeyError(caller.call)
        return index


def order_of(caller: Caller) -> Order:
    return caller.order
