"""Is every second that was to be recorded in the recording? Looked at after each recording, from its own length.

A conversation is recorded from the moment in which two are joined until it is over or somebody stops the recording:
that long its file must be. A transfer, a hold or a conference shortens nothing, and a pause by order stands in the file
as silence. What is missing is told at once, counted, and a reason of /healthz for an hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.model import events
from callcenterd.model.ids import CallId, RecordingId

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = structlog.get_logger(__name__)

SLACK = 1.0
"""Seconds that may be missing: the order to begin and the one to stop each wait for a tick, and for a busy loop."""
SHARE = 0.002
"""Of the length, beside that: two clocks."""
CLOSED_WITHIN = 60.0
"""Seconds after its end within which a recording is closed; one that is not then is as good as none."""
SHOWN_SECONDS = 3600.0


@dataclass(slots=True)
class _Taken:
    """begun, stopped: monotonic. kept: the seconds of the file, once it is closed."""

    call: CallId
    begun: float
    stopped: float | None = None
    kept: float | None = None


class Coverage:
    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._clock = clock
        self._taken: dict[RecordingId, _Taken] = {}
        self._last: float | None = None
        self.uncovered = 0
        self.missing_seconds = 0.0
        bus.listen(events.RecordingStarted, self._started)
        bus.listen(events.RecordingFinished, self._finished)
        bus.listen(events.CallEnded, self._ended)

    def stopped(self, recording: RecordingId) -> None:
        """The conversation is over, or it is not to be recorded any more: until now it was."""
        if (taken := self._taken.get(recording)) is not None:
            taken.stopped = self._clock.monotonic()
            self._look(recording, taken)

    def alarm(self) -> str | None:
        """What is wrong: within the last hour something was not recorded."""
        self._look_for_unclosed()
        if self._last is None or self._clock.monotonic() - self._last > SHOWN_SECONDS:
            return None
        return "a conversation is not in them as a whole"

    def counters(self) -> Mapping[str, float]:
        self._look_for_unclosed()
        return {
            "recordings_uncovered_total": self.uncovered,
            "recordings_missing_seconds_total": round(self.missing_seconds, 1),
        }

    def _started(self, fact: events.RecordingStarted) -> None:
        if not fact.beside:
            self._taken[fact.recording] = _Taken(fact.call, self._clock.monotonic())

    def _finished(self, fact: events.RecordingFinished) -> None:
        if (taken := self._taken.get(fact.recording)) is not None:
            taken.kept = fact.seconds
            self._look(fact.recording, taken)

    def _ended(self, fact: events.CallEnded) -> None:
        """A message ends by itself, however long it is: nothing is known of it that its file could lack."""
        for recording in [
            one for one, taken in self._taken.items() if taken.call == fact.call and taken.stopped is None
        ]:
            del self._taken[recording]

    def _look(self, recording: RecordingId, taken: _Taken) -> None:
        if taken.stopped is None or taken.kept is None:
            return
        del self._taken[recording]
        wanted = taken.stopped - taken.begun
        if taken.kept < wanted - SLACK - SHARE * wanted:
            self._miss(recording, taken, wanted, taken.kept)

    def _look_for_unclosed(self) -> None:
        now = self._clock.monotonic()
        for recording, taken in list(self._taken.items()):
            if taken.stopped is not None and now - taken.stopped > CLOSED_WITHIN:
                del self._taken[recording]
                self._miss(recording, taken, taken.stopped - taken.begun, 0.0)

    def _miss(self, recording: RecordingId, taken: _Taken, wanted: float, kept: float) -> None:
        self.uncovered += 1
        self.missing_seconds += wanted - kept
        self._last = self._clock.monotonic()
        _log.error(
            "a conversation is not recorded as a whole",
            call=taken.call,
            recording=recording,
            seconds=round(wanted, 1),
            kept=round(kept, 1),
        )
