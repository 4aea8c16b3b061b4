"""Which address each row's sound comes from, chosen once and then kept (symmetric RTP, RFC 4961; RFC 7362 §4).

The SDP says where a phone listens, not where it sends from: behind NAT the port or all of the address differs.
So the first valid stream may choose, within bounds that keep strangers out:

1. The SDP's own address: its first valid packet.
2. The SDP's host with another port: STEADY packets in sequence.
3. Another host, only if the SDP's host is one that cannot be reached from everywhere (private, loopback,
   link-local: a phone behind NAT, or baresip, whose sound leaves from 127.0.0.1 whatever its SDP says), only in
   the first LEARNING seconds, and only STEADY_STRANGER packets in sequence with nothing from the SDP's host
   between. A public address in the SDP is never departed from; for a loopback address only loopback will do.

Where sound is sealed (srtp.py), only packets that carry the other side's tag come here at all: the first may choose,
wherever it is from.

While the chosen source delivers, nothing moves it. When it was silent for SILENT seconds, the SDP's host and the
source's own host may choose anew by rules 1 and 2 (a NAT's new port). A new SDP address begins all over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callcenterd.media.addresses import host_of
from callcenterd.media.rtp import Headers

STEADY = 3
STEADY_STRANGER = 5
LEARNING = 10.0
SILENT = 2.0
MOST_LOOKED_AT = 64
"""Packets of strangers that are looked at in one tick; the rest of a spray is dropped unseen."""
_CANDIDATES = 4


@dataclass(slots=True)
class _Candidate:
    source: int
    ssrc: int
    sequence: int
    steady: int


class Latch:
    """Sources as keys (addresses.py), one a row; 0 while none is chosen."""

    def __init__(self, rows: int) -> None:
        self.announced = np.zeros(rows, np.uint64)
        self.source = np.zeros(rows, np.uint64)
        self.strangers = np.zeros(rows, np.int64)
        self.authentic = np.zeros(rows, np.bool_)
        """Rows of which every valid packet is known to be the other side's."""
        self._since = np.zeros(rows)
        self.heard = np.zeros(rows)
        self._candidates: dict[int, list[_Candidate]] = {}

    def expect(self, row: int, announced: int, now: float) -> bool:
        """The SDP names this address. False: it is the one named before, and nothing changes."""
        if self.announced[row] == announced:
            return False
        self.forget(row)
        self.announced[row] = announced
        self._since[row] = self.heard[row] = now
        return True

    def forget(self, row: int) -> None:
        self.announced[row] = self.source[row] = 0
        self.strangers[row] = 0
        self._candidates.pop(row, None)

    def sort_out(
        self, rows: NDArray[np.intp], sources: NDArray[np.uint64], headers: Headers, now: float
    ) -> tuple[NDArray[np.bool_], Sequence[int]]:
        """(which packets count, which rows chose a source just now). All arguments are of one tick's datagrams."""
        counts = headers.valid & (sources == self.source[rows]) & (sources != 0)
        self.heard[rows[counts]] = now
        chosen: list[int] = []
        for k in np.flatnonzero(headers.valid & ~counts)[:MOST_LOOKED_AT]:
            row, source = int(rows[k]), int(sources[k])
            if source == self.source[row]:  # chosen by an earlier packet of this tick
                counts[k] = True
            elif self._chooses(row, source, int(headers.ssrc[k]), int(headers.sequence[k]), now):
                self.source[row], self.heard[row] = source, now
                self._candidates.pop(row, None)
                counts[k] = True
                chosen.append(row)
            else:
                self.strangers[row] += 1
        return counts, chosen

    def quiet(self, rows: int, now: float) -> NDArray[np.intp]:
        """Rows with a source that has not been heard for SILENT seconds."""
        return np.flatnonzero((self.source[:rows] != 0) & (now - self.heard[:rows] >= SILENT))

    def _chooses(self, row: int, source: int, ssrc: int, sequence: int, now: float) -> bool:
        announced, present = int(self.announced[row]), int(self.source[row])
        if announced == 0 or (present != 0 and now - self.heard[row] < SILENT):
            return False
        if source == announced or self.authentic[row]:
            return True
        host = host_of(source)
        if host == host_of(announced) or (present != 0 and host == host_of(present)):
            return self._steady(row, source, ssrc, sequence) >= STEADY
        if present != 0 or now - self._since[row] > LEARNING or not _may_be_behind_nat(announced, source):
            return False
        return self._steady(row, source, ssrc, sequence) >= STEADY_STRANGER

    def _steady(self, row: int, source: int, ssrc: int, sequence: int) -> int:
        """How many packets in sequence this source has sent now."""
        known = self._candidates.setdefault(row, [])
        for candidate in known:
            if candidate.source == source:
                follows = ssrc == candidate.ssrc and sequence == (candidate.sequence + 1) & 0xFFFF
                candidate.steady = candidate.steady + 1 if follows else 1
                candidate.ssrc, candidate.sequence = ssrc, sequence
                return candidate.steady
        if len(known) < _CANDIDATES:
            known.append(_Candidate(source, ssrc, sequence, 1))
            return 1
        return 0


def _may_be_behind_nat(announced: int, source: int) -> bool:
    host = host_of(announced)
    if host.is_loopback:
        return host_of(source).is_loopback
    return not host.is_global
