"""Time that does not pass by itself: a clock that is moved by hand, and a loop that jumps to the next timer."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

START = datetime(2026, 8, 3, 1, 0, tzinfo=UTC)
"""A Monday, nine in the morning in Shanghai."""

_Answer = TypeVar("_Answer")


class VirtualClock:
    """A `clock.Clock` that moves when told to, both clocks together."""

    def __init__(self, start: datetime = START, monotonic: float = 0.0) -> None:
        self._start = start
        self._origin = monotonic
        self.now = monotonic

    def monotonic(self) -> float:
        return self.now

    def utc(self) -> datetime:
        return self._start + timedelta(seconds=self.now - self._origin)

    def move(self, seconds: float) -> float:
        """Later by so many seconds; the monotonic time then."""
        self.now += seconds
        return self.now


class JumpingLoop(asyncio.SelectorEventLoop):
    """When nothing is ready, time moves to the next timer at once: a week of waiting takes a blink.

    For code whose other side is in the same process. A test with real sockets, threads or the
    database runs on the ordinary loop, since time must not jump over work that is under way.
    """

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self.now


class LoopClock(VirtualClock):
    """The clock of a jumping loop, for what is handed a Clock."""

    def __init__(self, loop: JumpingLoop, start: datetime = START) -> None:
        super().__init__(start)
        self._loop = loop

    def monotonic(self) -> float:
        return self._loop.now

    def utc(self) -> datetime:
        return self._start + timedelta(seconds=self._loop.now)

    def move(self, seconds: float) -> float:
        raise AssertionError("a loop's time moves by waiting")


def run(story: Coroutine[Any, Any, _Answer]) -> _Answer:
    """Run a coroutine on a jumping loop of its own."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(story)


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if timeout is None and not ready:
            raise AssertionError("every task waits and no timer is set: the test would hang")
        if not ready:
            self._loop.now += timeout or 0.0
        return ready
