"""One-way audio: of two who are joined, one is heard and the other is not. A firewall, a NAT, a dead microphone.

Told once a leg and bridge, before ten seconds of it are over. Two causes that ask for different people:
"no packets": nothing arrives, though the other side's sound does (a network's fault).
"only silence": packets arrive and hold nothing audible, from the bridge's start on, while the other side talks (a
microphone that is off or broken). One who is muted later, or only listens to noise of the room, is not told of.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from callcenterd.media import facts
from callcenterd.media.voice import LOOK, Voice

WAITED = 8.0
"""Seconds."""
_ARRIVES = 1.0
"""Seconds within which a packet came from who is heard."""
_TALKED = 1.0 / LOOK
"""Looks that the other side talked: nobody answers to nothing."""


class OneWay:
    def __init__(self, rows: int, voice: Voice) -> None:
        self._voice = voice
        self._other = np.full(rows, -1, np.intp)
        self._since = np.zeros(rows)
        self._said_before = np.zeros(rows, np.int32)
        self._told = np.zeros(rows, np.bool_)

    def forget(self, row: int) -> None:
        self._other[row] = -1

    def look(
        self, now: float, only: NDArray[np.intp], last: NDArray[np.float64], expected: NDArray[np.bool_]
    ) -> Iterator[tuple[int, facts.OneWay]]:
        """Rows that are found to be heard no more; several times a second.

        only: (rows,) the row that each hears alone, or -1. last: (rows,) when a packet came last, or could have
        first. expected: (rows,) who is to be heard at all (not on hold, not in a pause that it told of).
        """
        rows = np.arange(len(only))
        joined = (only >= 0) & (only[only] == rows)
        other = np.where(joined, only, -1)
        changed = other != self._other[: len(only)]
        begun = np.flatnonzero(changed | (joined & changed[other]))  # also: with another leg in the same row
        self._other[begun], self._since[begun], self._told[begun] = other[begun], now, False
        self._voice.audible[begun] = False
        self._said_before[begun] = self._voice.said[begun]

        waiting = np.flatnonzero(joined & expected & expected[only] & ~self._told[: len(only)])
        waiting = waiting[now - self._since[waiting] >= WAITED]
        waiting = waiting[now - last[only[waiting]] < _ARRIVES]
        missing = now - last[waiting] >= WAITED
        answered = only[waiting]
        mute = ~missing & ~self._voice.audible[waiting] & (now - last[waiting] < _ARRIVES)
        mute &= self._voice.said[answered] - self._said_before[answered] >= _TALKED
        self._told[waiting[missing | mute]] = True
        for row in waiting[missing].tolist():
            yield row, "no packets"
        for row in waiting[mute].tolist():
            yield row, "only silence"
