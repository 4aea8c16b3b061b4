"""RTP headers, all of one tick at once (RFC 3550 §5.1): reading what came, stamping what goes."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HEADER = 12
"""Octets of the header that we write: no CSRC, no extension, no padding."""

FRAME = 160
"""Samples, and in G.711 octets, of one tick of 20 ms."""

WIDEST = 76
"""Octets that parse_headers may look at: the fixed header, 15 CSRCs and the head of an extension."""

_RTCP = (64, 95)
"""Payload types that are RTCP packets on a shared port, with the marker bit taken off (RFC 5761 §4)."""


@dataclass(frozen=True, slots=True)
class Headers:
    """One array a field, one element a datagram. What is not valid has meaningless values."""

    valid: NDArray[np.bool_]
    marker: NDArray[np.bool_]
    payload_type: NDArray[np.uint8]
    sequence: NDArray[np.uint16]
    timestamp: NDArray[np.uint32]
    ssrc: NDArray[np.uint32]
    start: NDArray[np.int64]
    end: NDArray[np.int64]


def parse_headers(datagrams: NDArray[np.uint8], lengths: NDArray[np.int64]) -> Headers:
    """Read the RTP headers of all datagrams of one tick at once (RFC 3550 §5.1).

    datagrams: (n, room) octets, one datagram a row; beyond its length a row holds old octets. room >= 76.
    lengths:   (n,) octets received in each row.

    Every field of the answer is (n,). timestamp counts samples of the payload type's clock; the payload
    is row[start:end], in octets. A row is not valid if it is not version 2, if it is RTCP, if it is longer than
    the room, or if its CSRCs, extension or padding pass its length; then its other values mean nothing.
    Contents never make this raise.
    """
    room = datagrams.shape[1]
    first, second = datagrams[:, 0], datagrams[:, 1]
    words = np.ascontiguousarray(datagrams[:, :HEADER]).view(">u4")
    payload_type = second & np.uint8(0x7F)
    start = HEADER + 4 * (first & 0x0F).astype(np.int64)
    end = lengths.astype(np.int64)
    valid = (lengths >= HEADER) & (lengths <= room) & (first & 0xC0 == 0x80)
    valid &= (payload_type < _RTCP[0]) | (payload_type > _RTCP[1])
    for row in np.flatnonzero(valid & (first & 0x10 != 0)):  # an extension is rare on telephone lines
        head = int(start[row])
        start[row] += 4
        if start[row] <= lengths[row]:
            start[row] += 4 * (int(datagrams[row, head + 2]) << 8 | int(datagrams[row, head + 3]))
    for row in np.flatnonzero(valid & (first & 0x20 != 0)):  # and so is padding; its last octet is its length
        padding = int(datagrams[row, lengths[row] - 1])
        end[row] -= padding
        valid[row] = padding > 0
    valid &= start <= end
    return Headers(
        valid=valid,
        marker=second & 0x80 != 0,
        payload_type=payload_type,
        sequence=(words[:, 0] & 0xFFFF).astype(np.uint16),
        timestamp=words[:, 1].astype(np.uint32),
        ssrc=words[:, 2].astype(np.uint32),
        start=start,
        end=end,
    )


class Stamps:
    """The outgoing stream of each row: one SSRC, sequence without gaps, timestamps that count all time.

    Time goes on while a row does not send (hold): the next packet then has a later timestamp and the marker bit,
    which tells the other side of a pause instead of a loss (RFC 3551 §4.1).
    """

    def __init__(self, rows: int, chance: random.Random) -> None:
        self._chance = chance
        self.ssrc = np.zeros(rows, np.uint32)
        self.sequence = np.zeros(rows, np.uint16)
        self.timestamp = np.zeros(rows, np.uint32)
        self.paused = np.ones(rows, np.bool_)
        self._clock = np.ones(rows, np.uint32)

    def begin(self, row: int) -> None:
        """A new stream. Where it begins is chance, so that it cannot be guessed (RFC 3550 §5.1)."""
        self.ssrc[row] = self._chance.getrandbits(32)
        # In the lower half: who misses the first packets of a sealed stream must not miss its wrap (RFC 3711 §3.3.1).
        self.sequence[row] = self._chance.getrandbits(15)
        self.timestamp[row] = self._chance.getrandbits(32)
        self.paused[row] = True
        self._clock[row] = 1

    def count(self, row: int, clock: int) -> None:
        """The row's clock runs at so many times 8 kHz. Another one than before: another stream (RFC 7160 §3)."""
        if self._clock[row] != clock:
            self.begin(row)
            self._clock[row] = clock

    def clock(self, row: int) -> int:
        """In 8 kHz."""
        return int(self._clock[row])

    def stamp(
        self,
        packets: NDArray[np.uint8],
        rows: NDArray[np.intp],
        payload_type: NDArray[np.uint8],
        behind: NDArray[np.int64] | None = None,
    ) -> None:
        """Write the headers of one packet for each of `rows`, and count them.

        packets: (all rows, >= 12) octets; only `rows` are written. payload_type: (len(rows),). behind: (len(rows),)
        samples of 8 kHz by which each packet's sound begins before this tick.
        """
        timestamp = self.timestamp[rows]
        if behind is not None:
            timestamp = timestamp - (behind * self._clock[rows]).astype(np.uint32)
        header = np.empty((len(rows), HEADER), np.uint8)
        header[:, 0] = 0x80
        header[:, 1] = payload_type | (self.paused[rows].astype(np.uint8) << 7)
        header[:, 2:4] = self.sequence[rows].astype(">u2").view(np.uint8).reshape(-1, 2)
        header[:, 4:8] = timestamp.astype(">u4").view(np.uint8).reshape(-1, 4)
        header[:, 8:12] = self.ssrc[rows].astype(">u4").view(np.uint8).reshape(-1, 4)
        packets[rows, :HEADER] = header
        self.sequence[rows] += np.uint16(1)
        self.paused[rows] = False

    def advance(self, rows: int, ticks: int = 1) -> None:
        """Time goes on for the first `rows` rows, whether they sent or not."""
        self.timestamp[:rows] += self._clock[:rows] * np.uint32((FRAME * ticks) & 0xFFFFFFFF)
