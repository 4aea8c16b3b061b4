"""The jitter buffer of all rows: packets go to the slot of their timestamp, one slot is played in each tick.

A row's time is its sender's timestamps. `playing` is the timestamp that the next tick plays; a packet lands as
many slots ahead of it as its timestamp says, so that order, duplicates and wrapped sequence numbers need no
thought. One slot is 20 ms; all rows share one cursor over the slots, which makes a tick's sound of all rows one
contiguous block.

Delay. The first packet is played in the tick that reads it. A packet that comes one tick too late moves its row
one slot back (a repeated frame instead of a lost one), up to MOST_SHIFTED; what is later than that is lost, and
moves the row a slot back too. When everything was at least a tick early for as long as the row's patience, the
row moves forward again, to one slot at once and then to none. Patience doubles with each move back: a line at the
very border of the tick is disturbed ever more rarely.

A slot that nothing came for repeats the one before, twice at most, then is silence.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from callcenterd.media.codecs import g711
from callcenterd.media.rtp import FRAME, HEADER, Headers

SLOTS = 16
PAST = 5
"""Slots behind the cursor that still know whether they were played: a duplicate is not a late packet."""
FUTURE = SLOTS - PAST - 1
"""Slots ahead of the cursor that can be filled: 200 ms."""
MOST_SHIFTED = 8
CONCEALED = 2
PATIENCE, MOST_PATIENCE = 100, 3200
"""Ticks."""
MOST_LOST = 3000
"""A greater step of sequence numbers is no loss but another count (RFC 3550 appendix A.1)."""
STRAGGLING = 10
"""Ticks during which packets of the SSRC before the present one are dropped: they come late, not anew."""


class Jitter:
    """Slots and clocks of every row. Rows that are not begun take nothing and give silence."""

    def __init__(self, rows: int) -> None:
        self._slots = np.zeros((SLOTS, rows, FRAME), np.uint8)
        self._filled = np.zeros((SLOTS, rows), np.bool_)
        self._cursor = 0
        self._law = np.zeros(rows, np.int8)
        self._anchored = np.zeros(rows, np.bool_)
        self._playing = np.zeros(rows, np.uint32)
        self._missing = np.full(rows, CONCEALED, np.int64)
        self._shifted = np.zeros(rows, np.int16)
        self._least_ahead = np.full(rows, FUTURE, np.int16)
        self._patience = np.zeros(rows, np.int32)
        self._watched = np.zeros(rows, np.int32)
        self._ssrc = np.zeros(rows, np.uint32)
        self._former: dict[int, tuple[int, int]] = {}  # row → (its SSRC before, ticks left to drop that one)
        self._suspect = np.full(rows, -1, np.int32)
        self._highest = np.full(rows, -1, np.int64)
        self._first = np.zeros(rows, np.int64)
        self.received = np.zeros(rows, np.int64)
        self.late = np.zeros(rows, np.int64)
        self.duplicates = np.zeros(rows, np.int64)
        self.concealed = np.zeros(rows, np.int64)
        self._expected_before = np.zeros(rows, np.int64)
        self._settled: set[int] = set()  # rows whose clock was set or moved by this tick's packets
        self._reset: set[int] = set()  # of them: set anew by packets from another time

    # ---- rows ----------------------------------------------------------------------------------------------

    def begin(self, row: int, law: int) -> None:
        """A row's stream starts from nothing; its counters too."""
        for counter in (self.received, self.late, self.duplicates, self.concealed, self._expected_before):
            counter[row] = 0
        self._patience[row] = PATIENCE
        self._shifted[row] = 0
        self._highest[row] = -1
        self.restart(row, law)

    def restart(self, row: int, law: int) -> None:
        """Another stream follows on the same row: the next packet sets its clock."""
        self._law[row] = law
        self._anchored[row] = False
        self._filled[:, row] = False
        self._slots[:, row] = g711.SILENCE[law]
        self._missing[row] = CONCEALED
        self._suspect[row] = -1
        self._former.pop(row, None)

    def lost(self, row: int) -> int:
        """Packets that the sequence numbers promise and that never came (RFC 3550 §6.4.1); never below 0."""
        expected = int(self._expected_before[row]) + self._expected(row)
        return max(0, expected - int(self.received[row] - self.duplicates[row]))

    def _expected(self, row: int) -> int:
        """Of the present stream only."""
        return 0 if self._highest[row] < 0 else int(self._highest[row] - self._first[row] + 1)

    def depth(self, row: int) -> int:
        """Slots that wait ahead of the cursor now."""
        ahead = (self._cursor + np.arange(FUTURE)) % SLOTS
        return int(self._filled[ahead, row].sum())

    # ---- a tick's packets ------------------------------------------------------------------------------------

    def place(
        self,
        rows: NDArray[np.intp],
        headers: Headers,
        chosen: NDArray[np.intp],
        octets: NDArray[np.uint8],
        laws: NDArray[np.int8],
    ) -> None:
        """Put payloads into their slots.

        rows:    (k,) the row of each packet.
        headers: of the whole tick; `chosen` (k,) are the indices of these packets in it and in `octets`.
        octets:  (n, room) datagrams. laws: (k,) the law of each payload; it is translated if the row's is the other.
        """
        if len(rows) == 0:
            return
        self._settled.clear()
        self._reset.clear()
        self._follow_streams(rows, headers, chosen)
        present = headers.ssrc[chosen] == self._ssrc[rows]
        if not present.all():
            np.add.at(self.late, rows[~present], 1)
            rows, chosen, laws = rows[present], chosen[present], laws[present]
        ahead, rest, length = self._positions(rows, headers, chosen)
        self._count(rows, headers.sequence[chosen])
        inside = (ahead >= 0) & (ahead < FUTURE)
        plain = inside & (rest == 0) & (length == FRAME) & (headers.start[chosen] == HEADER) & (laws == self._law[rows])
        self._place_plain(rows[plain], ahead[plain], octets, chosen[plain])
        regular = np.zeros(0, np.intp) if plain.all() else rows[inside]
        for k in np.flatnonzero(~plain):
            self._place_one(
                int(rows[k]), headers, int(chosen[k]), octets, law=int(laws[k]), others_fit=rows[k] in regular
            )

    def _place_plain(
        self, rows: NDArray[np.intp], ahead: NDArray[np.int64], octets: NDArray[np.uint8], chosen: NDArray[np.intp]
    ) -> None:
        """All packets that fill exactly one slot of their row: nearly all that ever come."""
        slot = (self._cursor + ahead) % SLOTS
        again = self._filled[slot, rows]
        if again.any():
            np.add.at(self.duplicates, rows[again], 1)
        if not (rows[1:] > rows[:-1]).all():  # several of one row, perhaps the same one twice
            _, first = np.unique(rows * SLOTS + slot, return_index=True)
            twice = np.ones(len(rows), np.bool_)
            twice[first] = False
            np.add.at(self.duplicates, rows[twice & ~again], 1)
        self._slots[slot, rows] = octets[chosen, HEADER : HEADER + FRAME]
        self._filled[slot, rows] = True
        np.minimum.at(self._least_ahead, rows, ahead.astype(np.int16))

    def _positions(
        self, rows: NDArray[np.intp], headers: Headers, chosen: NDArray[np.intp]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """(slots ahead of the cursor, samples into that slot, octets of payload); a wrapped clock counts on."""
        distance = (headers.timestamp[chosen] - self._playing[rows]).view(np.int32).astype(np.int64)
        return distance // FRAME, distance % FRAME, headers.end[chosen] - headers.start[chosen]

    def _follow_streams(self, rows: NDArray[np.intp], headers: Headers, chosen: NDArray[np.intp]) -> None:
        """Rows that have no clock yet, or whose SSRC is another one now, take their clock from their newest packet."""
        strange = ~self._anchored[rows] | (headers.ssrc[chosen] != self._ssrc[rows])
        for k in np.flatnonzero(strange):
            row, one = int(rows[k]), int(chosen[k])
            ssrc = int(headers.ssrc[one])
            former = self._former.get(row)
            if self._anchored[row] and former is not None and former[0] == ssrc:
                continue
            if self._anchored[row] and ssrc != self._ssrc[row]:
                before = int(self._ssrc[row])
                self._begin_count(row)
                self.restart(row, int(self._law[row]))
                self._former[row] = (before, STRAGGLING)
            if not self._anchored[row] or _signed(int(headers.timestamp[one]) - int(self._playing[row])) > 0:
                self._anchor(row, headers, one)

    def _anchor(self, row: int, headers: Headers, one: int) -> None:
        """Play this packet in this tick; of one that is shorter than a tick, what belongs before it too."""
        shorter = max(0, FRAME - int(headers.end[one] - headers.start[one]))
        self._anchored[row] = True
        self._ssrc[row] = headers.ssrc[one]
        self._playing[row] = (int(headers.timestamp[one]) - shorter) & 0xFFFFFFFF
        self._suspect[row] = -1
        self._least_ahead[row] = FUTURE
        self._watched[row] = 0
        self._shifted[row] = 0
        self._settled.add(row)

    def _place_one(
        self, row: int, headers: Headers, one: int, octets: NDArray[np.uint8], *, law: int, others_fit: bool
    ) -> None:
        """A packet that is not plain: another size, another law, from another time, or late."""
        payload = octets[one, headers.start[one] : headers.end[one]]
        if law != self._law[row]:
            payload = g711.translate(payload, law)
        distance = self._distance(row, headers, one)
        if distance + len(payload) > FUTURE * FRAME or distance < -PAST * FRAME:
            if not self._from_another_time(row, headers, one, others_fit):
                return
        elif distance > 0 and row in self._reset:
            self._anchor(row, headers, one)  # the newest of a burst counts
        elif distance < 0 and not self._make_room(row, distance, len(payload)):
            return
        self._write(row, self._distance(row, headers, one), payload[: FUTURE * FRAME])

    def _distance(self, row: int, headers: Headers, one: int) -> int:
        """Samples from what the next tick plays to where the packet begins."""
        return _signed(int(headers.timestamp[one]) - int(self._playing[row]))

    def _make_room(self, row: int, distance: int, length: int) -> bool:
        """A packet begins before what plays next: move the row back if that helps.

        False: nothing of the packet can be used any more.
        """
        behind = -(distance // FRAME)
        a_part = distance % FRAME != 0 or length < FRAME  # a slot that has another part of itself is no duplicate
        if self._filled[(self._cursor - behind) % SLOTS, row] and not (a_part and behind == 1):
            self.duplicates[row] += 1
            return False
        useful = distance + length > 0
        if row not in self._settled and self._shifted[row] < MOST_SHIFTED:
            self._move_back(row)
            useful = useful or behind == 1
        self.late[row] += not useful
        return useful

    def _write(self, row: int, distance: int, payload: NDArray[np.uint8]) -> None:
        """Octet by octet to where they belong; what lies before the cursor is cut off."""
        if distance < 0:
            payload, distance = payload[-distance:], 0
        if len(payload) == 0:
            return
        self._least_ahead[row] = min(int(self._least_ahead[row]), distance // FRAME)
        slot, offset = distance // FRAME, distance % FRAME
        if self._filled[(self._cursor + slot) % SLOTS, row] and offset == 0 and len(payload) >= FRAME:
            self.duplicates[row] += 1
        while len(payload):
            index = (self._cursor + slot) % SLOTS
            if not self._filled[index, row]:
                self._slots[index, row] = g711.SILENCE[self._law[row]]
                self._filled[index, row] = True
            part = payload[: FRAME - offset]
            self._slots[index, row, offset : offset + len(part)] = part
            payload, slot, offset = payload[len(part) :], slot + 1, 0

    def _from_another_time(self, row: int, headers: Headers, one: int, others_fit: bool) -> bool:
        """Far too early or too late: two in a row that agree set the clock anew, a single one is dropped.

        RFC 3550 appendix A.1. True: the clock was set.
        """
        sequence = int(headers.sequence[one])
        if not others_fit and sequence == int(self._suspect[row]):
            self._filled[:, row] = False
            self._anchor(row, headers, one)
            self._begin_count(row, sequence)
            self._reset.add(row)
            return True
        self._suspect[row] = -1 if others_fit else (sequence + 1) & 0xFFFF
        self.late[row] += 1
        return False

    def _count(self, rows: NDArray[np.intp], sequence: NDArray[np.uint16]) -> None:
        """What came, and the highest sequence number with its wraps (RFC 3550 appendix A.1)."""
        np.add.at(self.received, rows, 1)
        for k in np.flatnonzero(self._highest[rows] < 0):
            if self._highest[rows[k]] < 0:
                self._begin_count(int(rows[k]), int(sequence[k]))
        highest = self._highest[rows]
        step = (sequence - highest.astype(np.uint16)).view(np.int16).astype(np.int64)
        np.maximum.at(self._highest, rows, np.where(step < MOST_LOST, highest + step, highest))

    def _begin_count(self, row: int, sequence: int = -1) -> None:
        """Sequence numbers begin anew at `sequence`, or at the next packet's."""
        self._expected_before[row] += self._expected(row)
        self._first[row] = self._highest[row] = -1 if sequence < 0 else sequence + 0x10000

    # ---- moving a row's clock --------------------------------------------------------------------------------

    def _move_back(self, row: int) -> None:
        """Everything that waits is played one tick later; the slot that becomes free is played next."""
        slots, marks = self._order()
        self._slots[slots[1:], row] = self._slots[slots[:-1], row]
        self._filled[marks[1:], row] = self._filled[marks[:-1], row]
        self._filled[marks[0], row] = True  # not known; to take it for played moves nothing
        self._filled[self._cursor, row] = False
        self._playing[row] = (int(self._playing[row]) - FRAME) & 0xFFFFFFFF
        self._shifted[row] += 1
        self._settled.add(row)
        self._patience[row] = min(2 * self._patience[row], MOST_PATIENCE)
        self._least_ahead[row] = FUTURE
        self._watched[row] = 0

    def _move_forward(self, row: int) -> None:
        """What would be played next is left out; everything after it comes a tick earlier."""
        slots, marks = self._order()
        self._slots[slots[:-1], row] = self._slots[slots[1:], row]
        self._filled[marks[:-1], row] = self._filled[marks[1:], row]
        self._filled[marks[-1], row] = False
        self._playing[row] = (int(self._playing[row]) + FRAME) & 0xFFFFFFFF
        self._shifted[row] = max(0, self._shifted[row] - 1)
        self._least_ahead[row] = FUTURE
        self._watched[row] = 0

    def _order(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Indices in the order of time: of the slots to come, and of those that are remembered before them too."""
        return (self._cursor + np.arange(FUTURE)) % SLOTS, (self._cursor + np.arange(-PAST, FUTURE)) % SLOTS

    # ---- a tick's sound --------------------------------------------------------------------------------------

    def take(self, rows: int) -> NDArray[np.uint8]:
        """The codes that each of the first `rows` rows plays in this tick, (rows, 160), each in its row's law.

        The answer is a view that stays true until the next `place`.
        """
        self._draw_in(rows)
        codes = self._slots[self._cursor, :rows]
        empty = np.flatnonzero(~self._filled[self._cursor, :rows])
        if len(empty):
            repeated = self._missing[empty] < CONCEALED
            again, quiet = empty[repeated], empty[~repeated]
            codes[again] = self._slots[(self._cursor - 1) % SLOTS, again]
            codes[quiet] = g711.SILENCE[self._law[quiet]][:, None]
            self.concealed[again] += 1
        self._missing[:rows] += 1
        self._missing[:rows][self._filled[self._cursor, :rows]] = 0
        self._playing[:rows] += np.uint32(FRAME)
        self._cursor = (self._cursor + 1) % SLOTS
        self._filled[(self._cursor + FUTURE) % SLOTS] = False
        self._forget_former()
        return codes

    def skip(self, rows: int, ticks: int) -> None:
        """The engine slept through `ticks`: what would have been played then is gone."""
        for _ in range(min(ticks, SLOTS)):
            self.take(rows)
        self._playing[:rows] += np.uint32((FRAME * max(0, ticks - SLOTS)) & 0xFFFFFFFF)

    def _draw_in(self, rows: int) -> None:
        """Rows whose every packet was early for long enough lose one slot of delay."""
        self._watched[:rows] += 1
        ripe = self._watched[:rows] >= self._patience[:rows]
        if not ripe.any():
            return
        for row in np.flatnonzero(ripe & self._anchored[:rows]):
            least = int(self._least_ahead[row])
            if 1 <= least < FUTURE:
                for _ in range(max(1, least - 1)):
                    self._move_forward(int(row))
        done = np.flatnonzero(ripe)
        self._watched[done] = 0
        self._least_ahead[done] = FUTURE

    def _forget_former(self) -> None:
        for row, (ssrc, ticks) in list(self._former.items()):
            if ticks > 1:
                self._former[row] = (ssrc, ticks - 1)
            else:
                del self._former[row]


def _signed(difference: int) -> int:
    """A difference of 32-bit timestamps as a signed number: half the circle ahead, half behind."""
    return ((difference + 0x80000000) & 0xFFFFFFFF) - 0x80000000
