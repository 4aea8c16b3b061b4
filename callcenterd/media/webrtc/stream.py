"""The sound that a page hears as one stream without end, though it comes from one call after the other.

Each call's leg has an SSRC, numbers and times of its own; a browser that meets a new SSRC begins all over, and after
a day of calls keeps a row of dead streams. So a page hears one SSRC whose numbers go on (RFC 3550 §5.1, as a
translator may do, §7.1).
"""

from __future__ import annotations

import struct

CLOCK = 8000
"""Timestamps a second: G.711."""
FRAME = 160
_HEADER = struct.Struct(">BBHII")


class Stream:
    """Sans-IO. ssrc, sequence and timestamp: what the page is given, by chance at the beginning."""

    def __init__(self, ssrc: int, sequence: int, timestamp: int) -> None:
        self.ssrc = ssrc
        self._sequence = sequence & 0xFFFF
        self._timestamp = timestamp & 0xFFFFFFFF
        self._told_at: float | None = None
        self._source: int | None = None
        self._ahead = 0
        self._later = 0

    def stamp(self, packet: bytes, now: float) -> bytes | None:
        """An RTP packet of the engine as the page gets it; None: it is none. now: monotonic."""
        if len(packet) < _HEADER.size:
            return None
        first, second, sequence, timestamp, source = _HEADER.unpack_from(packet)
        if first >> 6 != 2:
            return None
        if source != self._source:
            self._begin(source, sequence, timestamp, now)
            second |= 0x80  # the marker: sound begins (RFC 3551 §4.1)
        sequence, timestamp = (sequence + self._ahead) & 0xFFFF, (timestamp + self._later) & 0xFFFFFFFF
        if (sequence - self._sequence) & 0xFFFF < 0x8000:  # not one that was overtaken
            self._sequence, self._timestamp, self._told_at = sequence, timestamp, now
        return _HEADER.pack(first, second, sequence, timestamp, self.ssrc) + packet[_HEADER.size :]

    def _begin(self, source: int, sequence: int, timestamp: int, now: float) -> None:
        """Another leg: it goes on where the last one ended, after as much time as has gone by."""
        passed = 0.0 if self._told_at is None else now - self._told_at
        frames = max(1, round(passed * CLOCK / FRAME))
        self._source = source
        self._ahead = self._sequence + 1 - sequence
        self._later = self._timestamp + frames * FRAME - timestamp
