"""The crash-proof line (NEW-05): who was cut off while waiting and rings again has the old place.

Cut off is whoever left the wait by the end of their call: the line broke, this server stopped or was killed, or they
hung up; a trunk's BYE does not say which. So is whose line is silent until we hang up. Who left by a key, or waited to
the end, was not. Nothing is written for it: where somebody stood follows from the call's story, which is kept as it
happens, and is read again at the start.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from callcenterd.bus import Bus
from callcenterd.model import events, numbers
from callcenterd.model.calls import CutOff
from callcenterd.model.ids import QueueName
from callcenterd.switchboard.journey import Journey

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

FEWEST_DIGITS = 3
"""A caller without a number ("anonymous", "private") is nobody who could be known again."""
MOST_MINUTES = 60
LONGEST_STOP = timedelta(hours=4)
"""Who was cut off by the end of the server had no way to ring again until its start: their time counts from there.
After so long a stop nobody waits any more."""
_SWEPT_EVERY = 100


class Places:
    def __init__(self, board: Switchboard, bus: Bus) -> None:
        self._board = board
        self._kept: dict[tuple[QueueName, str], list[CutOff]] = {}
        self._until_sweep = _SWEPT_EVERY
        bus.listen(events.CallerLeftQueue, self._left)

    async def restore(self) -> None:
        """At the start: who was cut off before it, by the last run's end or shortly before. Raises CannotStore."""
        now = self._board.clock.utc()
        kept = await self._board.store.calls.cut_off(now - LONGEST_STOP, now - timedelta(minutes=MOST_MINUTES))
        self._keep((one for one in kept), now)
        if kept:
            _log.info("places are kept for who was cut off", calls=len(kept))

    def _keep(self, some: Iterable[CutOff], now: datetime) -> None:
        for one in some:
            line = self._line(one.caller)
            if line is not None:
                left = now if one.left is None else one.left
                self._kept.setdefault((one.queue, line), []).append(
                    CutOff(one.call, one.caller, one.queue, one.entered, left)
                )

    def _line(self, caller: str) -> str | None:
        line = numbers.normalise(caller, self._board.region)
        digits = line.removeprefix("+")
        return line if digits.isascii() and digits.isdigit() and len(digits) >= FEWEST_DIGITS else None

    def _left(self, fact: events.CallerLeftQueue) -> None:
        journey = self._board.journeys.get(fact.call)
        if journey is None or not journey.ended or fact.reason not in ("abandoned", "left", "failed"):
            return
        if journey.call.direction == "outbound":  # called back: the number is ours
            return
        clock = self._board.clock
        waited = clock.monotonic() - journey.places.get(fact.queue, clock.monotonic())
        now = clock.utc()
        self._keep([CutOff(fact.call, journey.call.caller, fact.queue, now - timedelta(seconds=waited), now)], now)
        self._sweep(now)

    def give_back(self, journey: Journey, queue: QueueName) -> bool:
        """The caller is about to wait in this queue: the place that they had, if they were cut off. Is there one?"""
        minutes, line = self._board.queueing.settings(queue).place_back, self._line(journey.call.caller)
        if minutes <= 0 or line is None or queue in journey.places:
            return False
        clock = self._board.clock
        now, kept = clock.utc(), self._kept.get((queue, line), [])
        live = [one for one in kept if one.left is not None and now - one.left <= timedelta(minutes=minutes)]
        if not live:
            return False
        best = min(live, key=lambda one: one.entered)
        self._kept[queue, line] = [one for one in live if one is not best]
        waited = max(0.0, (now - best.entered).total_seconds())
        journey.places[queue] = clock.monotonic() - waited
        self._board.bus.publish(
            events.PlaceGivenBack(at=now, call=journey.call.id, queue=queue, since=best.entered, earlier=best.call)
        )
        return True

    def _sweep(self, now: datetime) -> None:
        """What nobody came back for goes, from time to time."""
        self._until_sweep -= 1
        if self._until_sweep > 0:
            return
        self._until_sweep = _SWEPT_EVERY
        oldest = now - timedelta(minutes=MOST_MINUTES)
        for key, kept in list(self._kept.items()):
            live = [one for one in kept if one.left is not None and one.left >= oldest]
            if live:
                self._kept[key] = live
            else:
                del self._kept[key]
