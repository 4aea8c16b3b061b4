"""The only place that looks at a clock. Everything else is handed one."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Two clocks, because they mean different things."""

    def monotonic(self) -> float:
        """Seconds that only grow: for timers, waits and the media tick. Means nothing between runs."""

    def utc(self) -> datetime:
        """The date and time: for what is stored or shown. May jump when the machine is set right."""


class SystemClock:
    """The machine's own."""

    def monotonic(self) -> float:
        return time.monotonic()

    def utc(self) -> datetime:
        return datetime.now(UTC)
