"""How much is let in while the server has more to do than it can: sound of running calls comes first.

The measure is how late the media thread's ticks begin, the thing that a caller would hear; a machine's load average
says little about it. Late: little of strangers. Very late for a second: no new calls either. What belongs to a call
that is there (requests within a dialog, ACK, BYE, CANCEL, answers), what known phones and trunks ask, and calls for
help are let in whatever there is to do. Sans-IO.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import structlog

_log = structlog.get_logger(__name__)


class Level(IntEnum):
    """What is not let in. Each level refuses what the one before it does."""

    CALM = 0
    FEW_STRANGERS = 1
    """Of all addresses that are neither a trunk's nor a registered phone's: more than a few requests a second. None at
    all would leave a phone that has moved without its registration, and whoever watches us without an answer."""
    NEW_CALLS = 2
    """New calls: 503 without Retry-After, so that a trunk tries another way and comes back with the next call."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Milliseconds of lateness (p95) above which a level begins; 0: it never does."""

    strangers_ms: float = 4.0
    new_calls_ms: float = 10.0


LASTING = 1.0
"""Seconds that it must be very late before calls are refused: one burst of work is none of the callers' business."""
CALM_AGAIN = 0.6
"""A level ends when the lateness stays below this share of where it began…"""
CALM_FOR = 3.0
"""…for so many seconds: else every refused call would make room for the next one to be refused."""


class Overload:
    """Told the lateness now and then; says what is let in. `now` is monotonic seconds."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self.level = Level.CALM
        self._above: float | None = None
        self._below: float | None = None

    def look(self, late_ms: float, now: float) -> None:
        """late_ms: p95 of the last few seconds; math.inf if there was no tick at all."""
        before, self.level = self.level, self._level(late_ms, now)
        if self.level > before:
            _log.warning("overload", refused=self.level.name.lower(), late_ms=round(late_ms, 1))
        elif self.level < before:
            _log.info("overload passes", refused=self.level.name.lower(), late_ms=round(late_ms, 1))

    def _level(self, late_ms: float, now: float) -> Level:
        reached = self._reached(late_ms, now)
        if reached >= self.level:
            self._below = None
            return reached
        if late_ms >= CALM_AGAIN * self._begins(self.level):
            self._below = None
            return self.level
        if self._below is None:
            self._below = now
        if now - self._below < CALM_FOR:
            return self.level
        self._below = None
        return max(reached, Level(self.level - 1))  # one level at a time

    def _reached(self, late_ms: float, now: float) -> Level:
        if not _over(late_ms, self._limits.new_calls_ms):
            self._above = None
        elif self._above is None:
            self._above = now
        if self._above is not None and now - self._above >= LASTING:
            return Level.NEW_CALLS
        return Level.FEW_STRANGERS if _over(late_ms, self._limits.strangers_ms) else Level.CALM

    def _begins(self, level: Level) -> float:
        return self._limits.new_calls_ms if level is Level.NEW_CALLS else self._limits.strangers_ms


def _over(late_ms: float, limit: float) -> bool:
    return 0 < limit < late_ms
