"""The callers of one queue in their order, and the place of each.

One order for everything: higher priority first, then the earlier (effective) entry, then the id. It is the
whole answer to "who is next?", for one queue and across queues.
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

    entered: the time that counts for the place; earlier than `arrived` when a place was kept.
    arrived: when this wait really began; waits are measured from it.
    resting: agents who refused this call, and until when they are not asked again.
    """

    call: CallId
    queue: QueueName
    priority: int
    entered: float
    arrived: float
    resting: Mapping[AgentId, float] = field(default_factory=dict)

    @property
    def order(self) -> Order:
        return (-self.priority, self.entered, self.call)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A caller as others see one. position counts from 1."""

    call: CallId
    since: float
    priority: int
    position: int


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
            Waiting(caller.call, caller.entered, caller.priority, place)
            for place, caller in enumerate(self._callers, start=1)
        )

    def _index(self, caller: Caller) -> int:
        index = bisect_left(self._callers, caller.order, key=order_of)
        if index == len(self._callers) or self._callers[index].call != caller.call:
            raise KeyError(caller.call)
        return index


def order_of(caller: Caller) -> Order:
    return caller.order
