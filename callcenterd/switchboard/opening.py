"""When queues take callers: their calendars, asked now; and what becomes of those who wait at closing time (ACD-05)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import tzinfo
from typing import TYPE_CHECKING

import structlog

from callcenterd.acd.hours import Holding, Hours
from callcenterd.model.site import QueueSettings, Site

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

LOOK_AGAIN = 60.0
"""Seconds: the machine's date may be set right, so that no timer is trusted for longer."""


class Opening:
    """zone: the office's. Closing time is kept to the millisecond: whoever still waits then in a queue that says so
    leaves it with "closed", also if an agent's phone rings."""

    def __init__(self, board: Switchboard, zone: tzinfo) -> None:
        self._board = board
        self._zone = zone
        self._hours: Mapping[str, Hours] = {}
        self._closing: tuple[QueueSettings, ...] = ()
        self._timer: asyncio.TimerHandle | None = None

    def configure(self, site: Site) -> None:
        """Another site is in force, at once: also for those who wait. Told after `queueing` knows it."""
        self._hours = {calendar.name: Hours(calendar, self._zone) for calendar in site.calendars}
        self._closing = tuple(queue for queue in site.queues if queue.calendar and queue.at_closing == "leave")
        self._look()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def at_now(self, calendar: str) -> Holding | None:
        """What holds; None: there is no such calendar."""
        hours = self._hours.get(calendar)
        return None if hours is None else hours.at(self._board.clock.utc())

    def takes_callers(self, queue: QueueSettings) -> bool:
        """One without a calendar always does."""
        held = self.at_now(queue.calendar) if queue.calendar else None
        return held is None or held.open

    def _look(self) -> None:
        """Let those go who wait in what has closed, and look again at the next change."""
        self.stop()
        seconds = LOOK_AGAIN
        now = self._board.clock.utc()
        for queue in self._closing:
            held = self.at_now(queue.calendar)
            if held is None:
                continue
            if not held.open and (gone := self._board.queueing.close(queue.name)):
                _log.info("queue closes", queue=queue.name, callers=gone)
            if held.until is not None:
                seconds = min(seconds, (held.until - now).total_seconds())
        if self._closing:
            self._timer = asyncio.get_running_loop().call_later(max(0.0, seconds), self._look)
