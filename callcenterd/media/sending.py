"""Everything that goes out in a tick: which rows send, what their packets are, and that they go.

Nearly all rows send 20 ms of G.711: what they hear is in `Sockets.outgoing` already, it only gets a header. The few
others (`Packing`) leave afterwards, in as many rounds as one of them has packets in this tick.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

import numpy as np
from numpy.typing import NDArray

from callcenterd.media.dtmf import KeysOut
from callcenterd.media.packing import Packed, Packing, Passed
from callcenterd.media.rtp import FRAME, HEADER, Stamps
from callcenterd.media.sdp import AudioFormat
from callcenterd.media.sockets import Sockets

NO_EVENTS = -1
OPUS_CLOCK = 6
"""Units of Opus' 48 kHz clock in one of 8 kHz (RFC 7587 §4.1)."""

Going = tuple[NDArray[np.intp], NDArray[np.int64]]
"""Rows, and the lengths of their packets."""
Seal = Callable[[NDArray[np.uint8], NDArray[np.intp], NDArray[np.int64]], AbstractContextManager[Going]]
"""(all rows' packets, the rows, their lengths) → what goes out while it lasts; the packets are plain again after it."""


class Sending:
    """sends: (rows,) may the row send? sent_out: told of every packet: rows, and lengths with the header."""

    def __init__(
        self,
        rows: int,
        sockets: Sockets,
        stamps: Stamps,
        sent_out: Callable[[NDArray[np.intp], NDArray[np.int64]], None],
    ) -> None:
        self._sockets = sockets
        self._stamps = stamps
        self._sent_out = sent_out
        self._keys = KeysOut()
        self.packing = Packing()
        """Rows whose packets are not 20 ms of G.711."""
        self._payload_type = np.zeros(rows, np.uint8)
        self._events = np.full(rows, NO_EVENTS, np.int16)
        self._event_clock = np.ones(rows, np.int16)
        self.sends = np.zeros(rows, np.bool_)
        self.seal: Seal | None = None

    # ---- rows ------------------------------------------------------------------------------------------------

    def begin(self, row: int) -> None:
        self._stamps.begin(row)

    def agree(self, row: int, audio: AudioFormat, *, may: bool) -> None:
        """may: is there somebody to send to, who wants it? Raises frames.CannotSpeak, and nothing is changed."""
        self.packing.agree(row, audio)
        self._stamps.count(row, OPUS_CLOCK if audio.codec == "opus" else 1)
        self._payload_type[row] = audio.payload_type
        self._events[row] = NO_EVENTS if audio.event_payload_type is None else audio.event_payload_type
        self._event_clock[row] = audio.event_rate // 8000
        self.sends[row] = may
        self._stamps.paused[row] |= not may

    def forget(self, row: int) -> None:
        self._keys.forget(row)
        self.packing.forget(row)
        self._events[row] = NO_EVENTS
        self.sends[row] = False

    def keys(self, row: int, keys: Sequence[str]) -> None:
        self._keys.send(row, keys)

    def expect_loss(self, row: int, percent: int) -> None:
        self.packing.expect_loss(row, percent)

    def speaking(self, row: int) -> bool:
        """It sends, and has sent before without a pause."""
        return bool(self.sends[row]) and not self._stamps.paused[row]

    def heard_last(self, rows: NDArray[np.intp]) -> NDArray[np.uint8]:
        """(k, 2) the last two codes that each of these rows heard in the tick before."""
        last: NDArray[np.uint8] = self._sockets.outgoing[rows, HEADER + FRAME - 2 : HEADER + FRAME]
        for n, row in enumerate(rows.tolist() if self.packing.last else ()):
            last[n] = self.packing.last.get(row, last[n])
        return last

    # ---- the tick --------------------------------------------------------------------------------------------

    def send(self, high: int, laws: NDArray[np.int8], passed: Mapping[int, Passed]) -> None:
        """A packet from every row that may send, silence too: it keeps NAT and the other side's watchdogs at peace.

        What each row hears stands in outgoing[row, 12:172]. laws: (rows,). passed: payloads that go on as they came.
        """
        rows = np.flatnonzero(self.sends[:high])
        keyed = [row for row in self._keys.rows() if self.sends[row]]
        told = {row for row in keyed if self._keys.tells(row, int(self._events[row]))}
        if len(self.packing):
            packers = [row for row in self.packing.rows() if self.sends[row]]
            rows = np.setdiff1d(rows, [row for row in packers if row not in told], assume_unique=True)
        packets = self._sockets.outgoing
        lengths = np.full(len(rows), HEADER + FRAME, np.int64)
        self._stamps.stamp(packets, rows, self._payload_type[rows])
        for row in keyed:
            events, clock = int(self._events[row]), int(self._event_clock[row])
            octets = self._keys.write(row, packets[row], events, int(laws[row]), self._stamps, clock)
            if octets:
                lengths[np.searchsorted(rows, row)] = octets
        self._go(rows, lengths)
        if len(self.packing):
            self.packing.pause(row for row in packers if row in told)
            self._send_packed([row for row in packers if row not in told], laws, passed)

    def _send_packed(self, rows: Sequence[int], laws: NDArray[np.int8], passed: Mapping[int, Passed]) -> None:
        codes = self._sockets.outgoing[:, HEADER : HEADER + FRAME]
        rounds: list[list[Packed]] = []
        count: dict[int, int] = {}
        for one in self.packing.pack(rows, codes, laws, passed):
            n = count.get(one.row, 0)
            count[one.row] = n + 1
            rounds += [[]] * (n == len(rounds))
            rounds[n] = [*rounds[n], one]
        for some in rounds:
            self._send_round(some)

    def _send_round(self, some: Sequence[Packed]) -> None:
        """One packet of each row."""
        packets = self._sockets.outgoing
        rows = np.array([one.row for one in some], np.intp)
        behind = np.array([one.behind for one in some], np.int64)
        self._stamps.stamp(packets, rows, self._payload_type[rows], behind)
        for one in some:
            packets[one.row, HEADER : HEADER + len(one.payload)] = np.frombuffer(one.payload, np.uint8)
        self._go(rows, np.array([HEADER + len(one.payload) for one in some], np.int64))

    def _go(self, rows: NDArray[np.intp], lengths: NDArray[np.int64]) -> None:
        if len(rows) == 0:
            return
        self._sent_out(rows, lengths)
        if self.seal is None:
            self._sockets.send(rows, lengths)
            return
        with self.seal(self._sockets.outgoing, rows, lengths) as going:
            self._sockets.send(*going)

    def advance(self, high: int, ticks: int = 1) -> None:
        """Time goes on for all rows, whether they sent or not."""
        self._stamps.advance(high, ticks)
