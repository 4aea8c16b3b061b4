"""What is due when: one heap for all timers of the room, so that thousands of them cost next to nothing."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)


class Agenda(Generic[Item]):
    """Items, each with one time. `at`, `forget` and `take` of one item cost O(log n), the mean of many calls."""

    def __init__(self) -> None:
        self._due: dict[Item, float] = {}
        self._heap: list[tuple[float, int, Item]] = []
        self._order = itertools.count()  # equal times go in the order in which they were set

    def at(self, item: Item, due: float | None) -> None:
        """Set the time of an item, anew if it has one; None is `forget`."""
        if due is None:
            self.forget(item)
        elif self._due.get(item) != due:
            self._due[item] = due
            heapq.heappush(self._heap, (due, next(self._order), item))
            self._tidy()

    def forget(self, item: Item) -> None:
        self._due.pop(item, None)
        self._tidy()

    def deadline(self) -> float | None:
        """The earliest time of all; None if there is none."""
        heap = self._heap
        while heap and self._due.get(heap[0][2]) != heap[0][0]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def take(self, now: float) -> Item | None:
        """The first item that is due, taken off; None if none is."""
        due = self.deadline()
        if due is None or due > now:
            return None
        item = heapq.heappop(self._heap)[2]
        del self._due[item]
        return item

    @property
    def kept(self) -> int:
        """Entries in memory: those of `len`, and times that were given up and not yet swept out."""
        return len(self._heap)

    def __len__(self) -> int:
        return len(self._due)

    def _tidy(self) -> None:
        # What was set anew or forgotten stays in the heap until its old time. Beyond half of it, it is made anew: each
        # item moved was paid for by a change before.
        if len(self._heap) > 2 * len(self._due) + 64:
            self._heap = [entry for entry in self._heap if self._due.get(entry[2]) == entry[0]]
            heapq.heapify(self._heap)
