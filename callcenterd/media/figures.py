"""What one row's sound was like, from everything that counts it: the figures that a call is remembered by."""

from __future__ import annotations

from callcenterd.media import quality
from callcenterd.media.addresses import address_of
from callcenterd.media.facts import LegStatistics
from callcenterd.media.jitter import Jitter
from callcenterd.media.latch import Latch
from callcenterd.media.reports import Reception, Reports, Theirs
from callcenterd.media.voice import Voice

ENOUGH = 50
"""Packets: of less than a second nobody has an opinion."""
TICK_MS = 20.0
"""What a packet waits for to be full, and what it waits for at the other end at least."""


class Figures:
    """Asks the parts of the engine. May be used from another thread: each number is true, if not all of one tick."""

    def __init__(self, reception: Reception, jitter: Jitter, latch: Latch, reports: Reports, voice: Voice) -> None:
        self._reception = reception
        self._jitter = jitter
        self._latch = latch
        self._reports = reports
        self._voice = voice

    def of(self, row: int, codec: str, junk: int) -> LegStatistics:
        """junk: of its datagrams, as the engine counted them."""
        reception, theirs, talk = self._reception, self._reports.theirs(row), self._voice.figures(row)
        source, duplicates = int(self._latch.source[row]), int(self._jitter.duplicates[row])
        received, expected = reception.received(row), reception.expected(row)
        lost, late = max(0, expected - received + duplicates), int(self._jitter.late[row])
        return LegStatistics(
            source=address_of(source) if source else None,
            codec=codec,
            received=received,
            lost=lost,
            late=late,
            duplicates=duplicates,
            concealed=int(self._jitter.concealed[row]),
            strangers=int(self._latch.strangers[row]) + theirs.strangers,
            junk=junk + theirs.refused,
            sent=int(self._reports.sent[row]),
            reports=theirs.reports,
            jitter_ms=_ms(reception.mean_jitter(row)),
            jitter_ms_max=_ms(float(reception.most_jitter[row])),
            lost_there=theirs.lost,
            jitter_there_ms=None if theirs.jitter is None else _ms(theirs.jitter),
            round_trip_ms=None if theirs.round_trip is None else _ms(theirs.round_trip),
            mos=self._opinion(row, codec, expected, lost, late, theirs),
            mos_there=self._opinion_there(row, codec, theirs),
            voice_seconds=talk.voice_seconds,
            together_seconds=talk.together_seconds,
            talk_seconds=talk.talk_seconds,
            over_talk_seconds=talk.over_talk_seconds,
            quiet_seconds=talk.quiet_seconds,
            longest_quiet_seconds=talk.longest_quiet_seconds,
        )

    def _opinion(self, row: int, codec: str, expected: int, lost: int, late: int, theirs: Theirs) -> float | None:
        """Of who hears the leg, of the way from its phone to us."""
        if self._reception.received(row) < ENOUGH:
            return None
        gone = min(expected, lost + late)
        burst = quality.burst_ratio(lost, self._reception.runs(row), expected)
        delay = 1000 * (theirs.round_trip or 0.0) / 2 + 2 * TICK_MS + TICK_MS * self._jitter.delay(row)
        return quality.mos(codec, loss=gone / expected, burst=burst, delay_ms=delay)

    def _opinion_there(self, row: int, codec: str, theirs: Theirs) -> float | None:
        """Of who listens at the leg's phone, as far as it told. A usual phone waits for twice its jitter."""
        sent = int(self._reports.sent[row])
        if theirs.lost is None or theirs.jitter is None or sent < ENOUGH:
            return None
        delay = 1000 * ((theirs.round_trip or 0.0) / 2 + max(TICK_MS / 1000, 2 * theirs.jitter)) + TICK_MS
        return quality.mos(codec, loss=theirs.lost / sent, delay_ms=delay)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
