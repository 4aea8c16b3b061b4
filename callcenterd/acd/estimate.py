"""How long a caller will still wait, and how well that was foretold (ACD-03).

position × recent AHT / agents who serve the queue, rounded up to a minute. Nothing is foretold under 30 s, from fewer
than five conversations, or where nobody serves: then it is better to say nothing. AHT is talk, hold, consultation and
wrap-up together: all the seconds that a caller keeps an agent. What was told is kept until the wait is over, and its
error stands in the figures: an estimate that nobody checks is a guess.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from callcenterd.model.ids import CallId, QueueName

WINDOW = 3600.0
"""Seconds that count as recent: what was so in the morning says little of the evening."""
MOST_SAMPLES = 100
FEWEST_SAMPLES = 5
SHORTEST = 30.0
"""Seconds. Who is told less than that has an agent before the sentence is over."""
MOST_ERRORS = 200
"""Errors that are remembered of each queue, the last ones."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Seconds between what was told and what came, without sign; of so many that were told and then answered."""

    told: int
    mean: float
    p90: float


@dataclass(slots=True)
class _Recent:
    """handled: conversations as (when over, seconds). errors: see `Accuracy`."""

    handled: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=MOST_SAMPLES))
    errors: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_ERRORS))
    told: int = 0


def minutes(seconds: float) -> int:
    """As it is said."""
    return math.ceil(seconds / 60)


class Estimates:
    """Pure. now: seconds of one monotonic clock. A queue is known from the first that is told of it."""

    def __init__(self) -> None:
        self._queues: dict[QueueName, _Recent] = {}
        self._told: dict[CallId, tuple[QueueName, list[float]]] = {}  # when each said that the wait would be over

    def handled(self, queue: QueueName, seconds: float, now: float) -> None:
        """A conversation of that queue and its wrap-up are over, and took so long."""
        self._of(queue).handled.append((now, seconds))

    def handling_time(self, queue: QueueName, now: float) -> float | None:
        """AHT of the recent past; None: too few conversations to speak of one."""
        recent = self._queues.get(queue)
        if recent is None:
            return None
        while recent.handled and recent.handled[0][0] < now - WINDOW:
            recent.handled.popleft()
        if len(recent.handled) < FEWEST_SAMPLES:
            return None
        return math.fsum(seconds for _, seconds in recent.handled) / len(recent.handled)

    def expected(self, queue: QueueName, position: int, serving: int, now: float) -> float | None:
        """Seconds until an agent takes who stands at that place (from 1). None: it cannot be said.

        serving: agents who take calls of the queue, busy or not.
        """
        aht = self.handling_time(queue, now)
        return None if aht is None or serving < 1 else position * aht / serving

    def to_announce(self, queue: QueueName, position: int, serving: int, now: float) -> int | None:
        """Minutes to be said; None: say nothing."""
        seconds = self.expected(queue, position, serving, now)
        return None if seconds is None or seconds < SHORTEST else minutes(seconds)

    # ---- was it true? -----------------------------------------------------------------------------------

    def told(self, call: CallId, queue: QueueName, seconds: float, now: float) -> None:
        """The caller was told to wait that long from now on. Of another queue before: it is forgotten."""
        known = self._told.get(call)
        if known is None or known[0] != queue:
            self._told[call] = (queue, [])
        self._told[call][1].append(now + seconds)

    def answered(self, call: CallId, now: float) -> None:
        """An agent took the call: everything that its caller was told can be judged."""
        known = self._told.pop(call, None)
        if known is not None:
            queue, ends = known
            recent = self._of(queue)
            recent.told += len(ends)
            recent.errors.extend(abs(end - now) for end in ends)

    def left(self, call: CallId) -> None:
        """The wait ended in another way: how long it would have been is not known."""
        self._told.pop(call, None)

    def accuracy(self, queue: QueueName) -> Accuracy | None:
        """None: nothing was told, or nobody whom it was told to was answered."""
        recent = self._queues.get(queue)
        if recent is None or not recent.errors:
            return None
        errors = sorted(recent.errors)
        ninth = errors[math.ceil(0.9 * len(errors)) - 1]
        return Accuracy(recent.told, math.fsum(errors) / len(errors), ninth)

    def _of(self, queue: QueueName) -> _Recent:
        return self._queues.setdefault(queue, _Recent())
