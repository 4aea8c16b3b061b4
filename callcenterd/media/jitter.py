"""The jitter buffer of all rows: packets go to the slot of their timestamp, one slot is played in each tick.

A row's time is its sender's timestamps. `playing` is the timestamp that the next tick plays; a packet lands as
many slots ahead of it as its timestamp says, so that order, duplicates and wrapped sequence numbers need no
thought. One slot is 20 ms; all rows share one cursor over the slots, which makes a tick's sound of all rows one
contiguous block.

Delay. The first packet is played in the tick that reads it. A packet that comes one tick too late moves its row
one slot back (20 ms are made up instead of lost), as long as nothing then waits longer than MOST_WAITING; what is
later than that is lost, and moves the row a slot back too. Delay is given back as it turns out not to be needed.
Once in a WINDOW it is looked at how early the latest packet of each row was. Two ticks or more in two windows
running: the row is to move forward to one. One tick or more for as long as the row's patience: to none. Patience
doubles with each move back, so that a line at the very border of the tick is disturbed ever more rarely, and
begins anew when delay is given back in plenty. A row that is to move forward leaves out a tick in which nothing
came or nobody speaks, and one of speech if there was no other in HASTE ticks. What the clocks of both sides drift
apart is made up or left out by the same means: 200 ppm are 20 ms in 100 s.

Missing sound. A slot that nothing came for is filled by conceal.py for 60 ms, fading, then is silence; real sound
is blended in where it returns, and where a tick was left out. A pause that the sender tells of is no loss: comfort
noise (noise.py), a key, a codec's own sign of DTX. One that it does not tell of shows at its end, when the sequence
numbers go on without a gap: then nothing was concealed after all, and where it was quiet the delay is chosen anew.

Codecs. A row is of one codec at a time (`kind`), and turns to another by itself when a newer packet is of that one.
G.711 and G.722 have an octet for each unit of their clock, so their octets lie in the slots, 160 a tick, however the
sender cuts them into packets. Opus and G.729 packets only mean something whole: they are kept by their timestamp
beside the slots, whose marks then say where there is sound, and `frame` hands them out. Since their place is
their timestamp, a row whose clock is moved keeps them where they belong.

What the engine does, once a tick: `place` (and `pass_over` for keys), `take`; of `came` rows in `octet_rows` decode
the G.722 octets that `take` answered; of `stored_rows` ask `frame`, decode (unpack.py); give all that was decoded
to `put`, which turns it into codes in the answer of `take`. What is not put stays what `take` made of it: codes of
concealment or silence. So every row is A-law or µ-law codes from there on, and what conceals a loss looks at the
decoded sound of every codec alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from callcenterd.media.codecs import g711
from callcenterd.media.conceal import HISTORY, LASTS, RETURN, Substitutes
from callcenterd.media.kinds import G722, G722_FILLER, NOISE, OPUS, PCMA, PCMU, UNITS, begins_a_pause, units_in
from callcenterd.media.noise import NO_NOISE, ComfortNoise
from callcenterd.media.rtp import FRAME, HEADER, Headers

SLOTS = 16
PAST = 5
"""Slots behind the cursor that still know whether they were played: a duplicate is not a late packet."""
FUTURE = SLOTS - PAST - 1
"""Slots ahead of the cursor that can be filled: 200 ms."""
MOST_WAITING = 8
"""Slots ahead of the cursor that a move back may leave filled: 160 ms, and what is in the air besides."""
WINDOW = 100
TURNS = 4
"""Ticks. Every fourth tick a twenty-fifth of the rows is looked at, so that no tick has all of them."""
PATIENCE, MOST_PATIENCE = 1, 32
"""Windows."""
AVERAGED = 16
"""Windows that a row's delay is an average of."""
HASTE = 100
"""Ticks that a row waits for silence before it leaves out speech."""
SILENT = 100
"""A tick whose samples are no larger than this on average is silence: -50 dBov."""
MOST_MOVED = 32
"""Rows that leave something out in one tick: where all of them waited for one machine, they do not catch up at once."""
_SIZE = np.abs(g711.LEVEL.astype(np.float32)).reshape(-1)
MOST_LOST = 3000
"""A greater step of sequence numbers is no loss but another count (RFC 3550 appendix A.1)."""
STRAGGLING = 10
"""Ticks during which packets of the SSRC before the present one are dropped: they come late, not anew."""
MOST_OCTETS = 400
"""Of a stored payload: 60 ms of Opus at 53 kbit/s. What is longer is no telephone sound."""
MOST_STORED = 2 * FUTURE
"""Payloads of one row: all of the buffer in packets of 10 ms."""
MOST_PAUSE = 50
"""Ticks without a packet after which a pause that was told is an end."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a stored row plays in the tick just taken.

    kind:      the codec of the payloads. stream: another number means that nothing before has to do with this.
    clock:     the timestamp at which the tick begins. It is a tick more than that of the frame before (UNITS[kind],
               32 bits, wraps) unless the row was moved: less, and it plays later; more, and something is left out.
    packets:   (samples from the tick's begin to the sound's begin, payload), in order. More than one if they are
               shorter than a tick; none if one before is longer. Negative: the sound begins before this tick (it
               came half too late, or the row moved over it); to be decoded all the same, and its begin cut off.
    rest:      what fills the samples that no packet reaches. "missing": what came is lost, conceal it. "pause": the
               sender told one (DTX); a decoder that makes comfort noise does so. "quiet": nothing is expected.
    following: the payload that begins in the next tick if it is there already, else empty: Opus has a poor copy of
               the frame before in it (in-band FEC).
    """

    kind: int
    stream: int
    clock: int
    packets: Sequence[tuple[int, bytes]]
    rest: Literal["missing", "pause", "quiet"]
    following: bytes


class Jitter:
    """Slots and clocks of every row. Rows that are not begun take nothing and give silence."""

    def __init__(self, rows: int) -> None:
        self._slots = np.zeros((SLOTS, rows, FRAME), np.uint8)
        self._filled = np.zeros((SLOTS, rows), np.bool_)
        self._cursor = 0
        self.kind = np.zeros(rows, np.int8)
        """(rows,) what each row's packets hold now (kinds.py): to be read only."""
        self.octet_rows: set[int] = set()
        """Rows whose codes in `take` are G.722 octets, where they `came`: to be read only."""
        self._stored: dict[int, dict[int, bytes]] = {}  # row → timestamp → payload
        self._law = np.zeros(rows, np.int8)
        self._step = np.full(rows, FRAME, np.uint32)
        self._stream = np.zeros(rows, np.int64)
        self._paused = np.zeros(rows, np.bool_)  # the sender told that nothing may come
        self._some_paused = False
        self._anchored = np.zeros(rows, np.bool_)
        self._playing = np.zeros(rows, np.uint32)
        self._missing = np.full(rows, LASTS, np.int64)
        self._lately = np.full(rows, FUTURE, np.int16)  # how early the latest packet of this window was, in slots
        self._before = np.full(rows, FUTURE, np.int16)  # … of the window before
        self._least = np.full(rows, FUTURE, np.int16)  # … of all windows that were watched
        self._patience = np.full(rows, PATIENCE, np.int32)
        self._watched = np.full(rows, -1, np.int32)  # whole windows; the one that was begun in its middle is none
        self._eager: dict[int, int] = {}  # row → slots to move forward
        self._until = np.zeros(rows, np.int64)  # the tick in which an eager row moves, silent or not
        self._pause_from = np.zeros(rows, np.uint32)
        self._noise = np.full(rows, NO_NOISE, np.int16)
        self._comfort = ComfortNoise()
        self._substitutes = Substitutes(rows)
        self._substituted = np.zeros(0, np.intp)  # rows that the tick before was made up for
        self._cut = np.zeros(0, np.intp)  # rows that something was left out of just now
        self._seam_ticks = np.zeros(0, np.int64)
        self._seams = np.zeros(0, np.intp)  # rows whose sound must be blended in when it is put
        self._delay = np.zeros(rows)
        self._parts: dict[int, dict[int, tuple[int, int]]] = {}  # row → timestamp of a slot → what of it came
        self._gaps = False
        self._ticks = 0
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

    def begin(self, row: int, kind: int) -> None:
        """A row's stream starts from nothing; its counters too. kind: of the packets to come (kinds.py)."""
        for counter in (self.received, self.late, self.duplicates, self.concealed, self._expected_before):
            counter[row] = 0
        self._patience[row] = PATIENCE
        self._delay[row] = 0.0
        self._highest[row] = -1
        self.restart(row, kind)

    def restart(self, row: int, kind: int) -> None:
        """Another stream follows on the same row: the next packet sets its clock.

        The row's codes are in the law of `kind`, A-law if that is not G.711, whatever its packets hold later.
        """
        self._law[row] = kind if kind == PCMU else PCMA
        self._renew(row, kind)

    def _renew(self, row: int, kind: int) -> None:
        self._turn(row, kind)
        self._slots[:, row] = g711.SILENCE[self._law[row]]
        self._former.pop(row, None)

    def _turn(self, row: int, kind: int) -> None:
        """The same stream goes on in another codec: what was heard of it is kept, and so is the law of its codes."""
        self.kind[row] = kind
        self._step[row] = UNITS[kind]
        self._stream[row] += 1
        self._anchored[row] = False
        self._filled[:, row] = False
        self._missing[row] = LASTS
        self._paused[row] = False
        self._noise[row] = NO_NOISE
        self._suspect[row] = -1
        self._eager.pop(row, None)
        self._parts.pop(row, None)
        self.octet_rows.discard(row)
        self._stored.pop(row, None)
        if kind == G722:
            self.octet_rows.add(row)
        elif kind > G722:
            self._stored[row] = {}

    @property
    def coded(self) -> bool:
        """Is there a row that does not speak G.711?"""
        return bool(self.octet_rows or self._stored)

    @property
    def stored_rows(self) -> list[int]:
        """Rows whose sound is in their `frame`."""
        return list(self._stored)

    def lost(self, row: int) -> int:
        """Packets that the sequence numbers promise and that never came (RFC 3550 §6.4.1); never below 0."""
        expected = int(self._expected_before[row]) + self._expected(row)
        return max(0, expected - int(self.received[row] - self.duplicates[row]))

    def _expected(self, row: int) -> int:
        """Of the present stream only."""
        return 0 if self._highest[row] < 0 else int(self._highest[row] - self._first[row] + 1)

    def delay(self, row: int) -> float:
        """Slots that its newest packet waited, on average of the last half minute or so. 0: played as it came."""
        return float(self._delay[row])

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
        kinds: NDArray[np.int8],
    ) -> None:
        """Put payloads into their slots.

        rows:    (k,) the row of each packet.
        headers: of the whole tick; `chosen` (k,) are the indices of these packets in it and in `octets`.
        octets:  (n, room) datagrams. kinds: (k,) what each payload holds (kinds.py). G.711 is translated if its row
                 is of the other law; for anything else that is not the row's kind the row turns.
        """
        if len(rows) == 0:
            return
        self._settled.clear()
        self._reset.clear()
        if not (kinds == self.kind[rows]).all():
            fitting = self._follow_kinds(rows, headers, chosen, octets, kinds)
            rows, chosen, kinds = rows[fitting], chosen[fitting], kinds[fitting]
        self._follow_streams(rows, headers, chosen, octets)
        present = headers.ssrc[chosen] == self._ssrc[rows]
        if not present.all():
            np.add.at(self.late, rows[~present], 1)
            rows, chosen, kinds = rows[present], chosen[present], kinds[present]
        ahead, rest, length = self._positions(rows, headers, chosen)
        if self._gaps and self._end_pauses(rows, headers, chosen, ahead):
            ahead, rest, length = self._positions(rows, headers, chosen)
        self._count(rows, headers.sequence[chosen])
        inside = (ahead >= 0) & (ahead < FUTURE)
        plain = (
            inside & (rest == 0) & (length == FRAME) & (headers.start[chosen] == HEADER) & (kinds == self.kind[rows])
        )
        if self._stored:
            plain &= kinds <= G722
        self._place_plain(rows[plain], ahead[plain], octets, chosen[plain])
        regular = np.zeros(0, np.intp) if plain.all() else rows[inside]
        for k in np.flatnonzero(~plain):
            self._place_one(
                int(rows[k]), headers, int(chosen[k]), octets, kind=int(kinds[k]), others_fit=rows[k] in regular
            )

    def pass_over(self, rows: NDArray[np.intp], headers: Headers, chosen: NDArray[np.intp]) -> None:
        """Packets of these rows' streams that hold no sound: keys. They were not lost, and no sound beside them was.

        rows: (k,) and `chosen` (k,) as for `place`.
        """
        ours = self._anchored[rows] & (headers.ssrc[chosen] == self._ssrc[rows])
        self._count(rows[ours], headers.sequence[chosen[ours]])
        for k in np.flatnonzero(ours):
            self._pause(int(rows[k]), int(headers.timestamp[chosen[k]]))

    def _pause(self, row: int, timestamp: int) -> None:
        """From there on nothing is missed until sound is played again. A time that cannot be meant is now."""
        distance, units = _signed(timestamp - int(self._playing[row])), int(self._step[row])
        if not (self._anchored[row] and -PAST * units <= distance <= FUTURE * units):
            timestamp = int(self._playing[row])
        self._paused[row] = self._some_paused = True
        self._pause_from[row] = timestamp

    def _hear_noise(
        self, rows: NDArray[np.intp], headers: Headers, chosen: NDArray[np.intp], octets: NDArray[np.uint8]
    ) -> None:
        """Comfort noise of the told level from here on (RFC 3389 §3). Opus has its own."""
        self.pass_over(rows, headers, chosen)
        for k in np.flatnonzero((headers.start[chosen] < headers.end[chosen]) & (self.kind[rows] != OPUS)):
            row, one = int(rows[k]), int(chosen[k])
            if not self._anchored[row]:
                self._pause(row, 0)
            if headers.ssrc[one] == self._ssrc[row] or not self._anchored[row]:
                self._noise[row] = octets[one, headers.start[one]] & 0x7F

    def _end_pauses(
        self, rows: NDArray[np.intp], headers: Headers, chosen: NDArray[np.intp], ahead: NDArray[np.int64]
    ) -> bool:
        """Sound after a gap in which no sequence number is missing: the sender was silent, and nothing was lost.

        True: a row's clock was moved.
        """
        moved = False
        after_gap = np.flatnonzero(self._missing[rows])
        goes_on = headers.sequence[chosen[after_gap]] == ((self._highest[rows[after_gap]] + 1) & 0xFFFF)
        for k in after_gap[goes_on]:
            row = int(rows[k])
            if self._paused[row] or not 0 <= ahead[k] < FUTURE or row in self._settled or self._waiting(row):
                continue
            quiet = int(self._missing[row])
            self.concealed[row] -= min(quiet, LASTS)
            self._pause(row, int(self._playing[row]))
            spare = min(int(ahead[k]), int(self._least[row]), int(self._lately[row]))
            if quiet > LASTS and spare > 0 and self._watched[row] > 0:
                self._playing[row] = (int(self._playing[row]) + spare * int(self._step[row])) & 0xFFFFFFFF
                self._pause_from[row] = self._playing[row]
                self._watch_anew(row)
                moved = True
        return moved

    def _follow_kinds(
        self,
        rows: NDArray[np.intp],
        headers: Headers,
        chosen: NDArray[np.intp],
        octets: NDArray[np.uint8],
        kinds: NDArray[np.int8],
    ) -> NDArray[np.bool_]:
        """Rows turn to the codec of a packet that is newer than all before. Answers which packets fit their row."""
        noise = kinds == NOISE
        if noise.any():
            self._hear_noise(rows[noise], headers, chosen[noise], octets)
        other = self._of_another_codec(rows, kinds)
        for k in np.flatnonzero(other):
            row, one = int(rows[k]), int(chosen[k])
            kind = int(kinds[k]) if kinds[k] > PCMU else int(self._law[row])
            former = self._former.get(row)
            ssrc, sequence = int(headers.ssrc[one]), int(headers.sequence[one])
            straggles = ssrc == self._ssrc[row] and not 0 < (sequence - int(self._highest[row])) & 0xFFFF < 0x8000
            straggles &= self._missing[row] < STRAGGLING  # who was silent may count anew
            if self._anchored[row] and (straggles or (former is not None and former[0] == ssrc)):
                continue
            if kind != self.kind[row]:
                self._turn(row, kind)
        other = self._of_another_codec(rows, kinds)
        np.add.at(self.late, rows[other], 1)
        fitting: NDArray[np.bool_] = ~(other | noise)
        return fitting

    def _of_another_codec(self, rows: NDArray[np.intp], kinds: NDArray[np.int8]) -> NDArray[np.bool_]:
        """The two laws are one codec here, and comfort noise is none."""
        differ = (kinds != self.kind[rows]) & (kinds != NOISE)
        other: NDArray[np.bool_] = differ & ((kinds > PCMU) | (self.kind[rows] > PCMU))
        return other

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
        np.minimum.at(self._lately, rows, ahead.astype(np.int16))

    def _positions(
        self, rows: NDArray[np.intp], headers: Headers, chosen: NDArray[np.intp]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """(slots ahead of the cursor, units into that slot, octets of payload); a wrapped clock counts on."""
        distance = (headers.timestamp[chosen] - self._playing[rows]).view(np.int32).astype(np.int64)
        units = self._step[rows].astype(np.int64) if self._stored else FRAME
        return distance // units, distance % units, headers.end[chosen] - headers.start[chosen]

    def _follow_streams(
        self, rows: NDArray[np.intp], headers: Headers, chosen: NDArray[np.intp], octets: NDArray[np.uint8]
    ) -> None:
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
                self._renew(row, int(self.kind[row]))
                self._former[row] = (before, STRAGGLING)
            if not self._anchored[row] or _signed(int(headers.timestamp[one]) - int(self._playing[row])) > 0:
                self._anchor(row, headers, one, octets)

    def _anchor(self, row: int, headers: Headers, one: int, octets: NDArray[np.uint8]) -> None:
        """Play this packet in this tick; of one that is shorter than a tick, what belongs before it too."""
        length = units_in(int(self.kind[row]), octets[one, headers.start[one] : headers.end[one]])
        shorter = max(0, int(self._step[row]) - length)
        self._anchored[row] = True
        self._ssrc[row] = headers.ssrc[one]
        self._playing[row] = (int(headers.timestamp[one]) - shorter) & 0xFFFFFFFF
        self._suspect[row] = -1
        if self._paused[row]:
            self._pause_from[row] = self._playing[row]
        self._watch_anew(row)
        self._settled.add(row)

    def _watch_anew(self, row: int) -> None:
        """The row's clock was set or moved: what was seen of it means nothing any more."""
        self._lately[row] = self._before[row] = self._least[row] = FUTURE
        self._watched[row] = -1
        self._eager.pop(row, None)

    def _place_one(
        self, row: int, headers: Headers, one: int, octets: NDArray[np.uint8], *, kind: int, others_fit: bool
    ) -> None:
        """A packet that is not plain: stored, another size, another law, from another time, or late."""
        payload = octets[one, headers.start[one] : headers.end[one]]
        if kind <= PCMU and kind != self.kind[row]:
            payload = g711.translate(payload, kind)
        units, length = int(self._step[row]), units_in(kind, payload)
        if row in self._stored and (length == 0 or len(payload) > MOST_OCTETS):
            self.late[row] += 1
            return
        distance = self._distance(row, headers, one)
        if distance + length > FUTURE * units or distance < -PAST * units:
            if not self._from_another_time(row, headers, one, octets, others_fit=others_fit):
                return
        elif distance > 0 and row in self._reset:
            self._anchor(row, headers, one, octets)  # the newest of a burst counts
        elif distance < 0 and not self._make_room(row, distance, length, newer=self._is_newest(row, headers, one)):
            return
        if row in self._stored:
            self._store(row, self._distance(row, headers, one), int(headers.timestamp[one]), payload, length)
        else:
            self._write(row, self._distance(row, headers, one), payload[: FUTURE * FRAME])

    def _distance(self, row: int, headers: Headers, one: int) -> int:
        """Units from what the next tick plays to where the packet begins."""
        return _signed(int(headers.timestamp[one]) - int(self._playing[row]))

    def _is_newest(self, row: int, headers: Headers, one: int) -> bool:
        """Whether no packet of a higher sequence number has come: it begins something, and does not straggle."""
        return (int(headers.sequence[one]) - int(self._highest[row])) & 0xFFFF == 0

    def _waiting(self, row: int) -> int:
        """Slots from the cursor to the last one that is filled."""
        filled = np.flatnonzero(self._filled[self._order()[0], row])
        return int(filled[-1]) + 1 if len(filled) else 0

    def _make_room(self, row: int, distance: int, length: int, *, newer: bool) -> bool:
        """A packet begins before what plays next: move the row back if that helps. Both numbers are units.

        newer: than all that came. False: nothing of the packet can be used any more.
        """
        units = int(self._step[row])
        behind = -(distance // units)
        a_part = distance % units != 0 or length < units  # a slot that has another part of itself is no duplicate
        if self._filled[(self._cursor - behind) % SLOTS, row] and not (a_part and behind == 1):
            self.duplicates[row] += 1
            return False
        useful = distance + length > 0
        if row not in self._settled and self._waiting(row) < MOST_WAITING:
            if newer and self._missing[row] > LASTS:  # in silence all of it costs nothing
                for _ in range(behind - 1):
                    self._move_back(row)
                behind = 1
            self._move_back(row)
            useful = useful or behind == 1
        self.late[row] += not useful
        return useful

    def _store(self, row: int, distance: int, timestamp: int, payload: NDArray[np.uint8], length: int) -> None:
        """Keep a payload by its timestamp, and mark the slots that its sound reaches into."""
        stored, units = self._stored[row], int(self._step[row])
        if timestamp in stored:
            self.duplicates[row] += 1
            return
        if len(stored) >= MOST_STORED:
            self.late[row] += 1
            return
        stored[timestamp] = payload.tobytes()
        first = max(0, distance // units)
        self._lately[row] = min(int(self._lately[row]), first)
        for slot in range(first, min(FUTURE, -(-(distance + length) // units))):
            self._filled[(self._cursor + slot) % SLOTS, row] = True
        if begins_a_pause(int(self.kind[row]), payload):
            self._pause(row, (timestamp + length) & 0xFFFFFFFF)

    def _write(self, row: int, distance: int, payload: NDArray[np.uint8]) -> None:
        """Octet by octet to where they belong; what lies before the cursor is cut off."""
        if distance < 0:
            payload, distance = payload[-distance:], 0
        if len(payload) == 0:
            return
        self._lately[row] = min(int(self._lately[row]), distance // FRAME)
        slot, offset = distance // FRAME, distance % FRAME
        if self._filled[(self._cursor + slot) % SLOTS, row] and offset == 0 and len(payload) >= FRAME:
            self.duplicates[row] += 1
        filler = G722_FILLER if self.kind[row] == G722 else g711.SILENCE[self._law[row]]
        while len(payload):
            index = (self._cursor + slot) % SLOTS
            part = payload[: FRAME - offset]
            if not self._filled[index, row]:
                self._slots[index, row] = filler
                self._filled[index, row] = True
                self._note_part(row, slot, offset, offset + len(part))
            elif row in self._parts:
                self._note_part(row, slot, offset, offset + len(part))
            self._slots[index, row, offset : offset + len(part)] = part
            payload, slot, offset = payload[len(part) :], slot + 1, 0

    def _note_part(self, row: int, slot: int, start: int, end: int) -> None:
        """Remember what of a slot came, until all of it did: by its timestamp, which a move of the row leaves true."""
        timestamp = (int(self._playing[row]) + slot * FRAME) & 0xFFFFFFFF
        parts = self._parts.get(row, {})
        if timestamp in parts:
            start, end = min(start, parts[timestamp][0]), max(end, parts[timestamp][1])
        elif (start, end) != (0, FRAME) and self.kind[row] <= PCMU and len(parts) < SLOTS:
            parts = self._parts.setdefault(row, parts)
        else:
            return
        parts[timestamp] = start, end
        if (start, end) == (0, FRAME):
            del parts[timestamp]
            if not parts:
                del self._parts[row]

    def _from_another_time(
        self, row: int, headers: Headers, one: int, octets: NDArray[np.uint8], *, others_fit: bool
    ) -> bool:
        """Far too early or too late: two in a row that agree set the clock anew, a single one is dropped.

        RFC 3550 appendix A.1. After a silence, or with the marker bit of a talk spurt (RFC 3551 §4.1), one that is
        newer than all before is enough: some senders' clocks stand still in a pause. True: the clock was set.
        """
        sequence = int(headers.sequence[one])
        begins = bool(headers.marker[one]) or bool(self._missing[row] > LASTS)
        begins = begins and self._is_newest(row, headers, one) and self._waiting(row) == 0
        if not others_fit and (begins or sequence == int(self._suspect[row])):
            self._filled[:, row] = False
            self._stream[row] += 1
            self._parts.pop(row, None)
            if row in self._stored:
                self._stored[row].clear()
            self._anchor(row, headers, one, octets)
            if not begins:
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
        self._playing[row] = (int(self._playing[row]) - int(self._step[row])) & 0xFFFFFFFF
        self._settled.add(row)
        self._patience[row] = min(2 * self._patience[row], MOST_PATIENCE)
        self._watch_anew(row)

    def _move_forward(self, row: int) -> None:
        """What would be played next is left out; everything after it comes a tick earlier."""
        slots, marks = self._order()
        self._slots[slots[:-1], row] = self._slots[slots[1:], row]
        self._filled[marks[:-1], row] = self._filled[marks[1:], row]
        self._filled[marks[-1], row] = False
        self._playing[row] = (int(self._playing[row]) + int(self._step[row])) & 0xFFFFFFFF

    def _order(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Indices in the order of time: of the slots to come, and of those that are remembered before them too."""
        return (self._cursor + np.arange(FUTURE)) % SLOTS, (self._cursor + np.arange(-PAST, FUTURE)) % SLOTS

    # ---- a tick's sound --------------------------------------------------------------------------------------

    def take(self, rows: int) -> NDArray[np.uint8]:
        """What each of the first `rows` rows plays in this tick, (rows, 160).

        Codes in the row's law; in `octet_rows`, where sound `came`, G.722 octets; in `stored_rows`, where sound
        `came`, nothing that means anything until it is `put`. The answer is a view that stays true until the next
        `place`; what is written into it is what later losses are concealed with.
        """
        if self._ticks % TURNS == 0:
            self._look_at_delay(rows)
        if self._eager:
            self._draw_in()
        filled = self._filled[self._cursor, :rows]
        codes = self._slots[self._cursor, :rows]
        if self._some_paused:
            self._follow_pauses(rows, filled)
        if len(self._seams):
            self._seams = np.zeros(0, np.intp)
        if len(self._substituted) or len(self._cut):
            self._blend(codes, filled)
        if self._parts:
            self._fill_parts(codes)
        empty = np.flatnonzero(~filled)
        self._gaps = len(empty) > 0
        if self._gaps:
            self._fill(codes, empty)
        self._missing[:rows] += 1
        self._missing[:rows][filled] = 0
        self._playing[:rows] += self._step[:rows]
        self._cursor = (self._cursor + 1) % SLOTS
        self._filled[(self._cursor + FUTURE) % SLOTS] = False
        self._ticks += 1
        if self._former:
            self._forget_former()
        return codes

    def pausing(self, rows: int) -> NDArray[np.bool_]:
        """(rows,) whose sender told that it sends nothing for a while (DTX)."""
        return self._in_pause(np.arange(rows))

    def _follow_pauses(self, rows: int, filled: NDArray[np.bool_]) -> None:
        """Pauses end where sound is played that is later than their begin."""
        paused = np.flatnonzero(self._paused[:rows])
        over = paused[filled[paused] & self._in_pause(paused)]
        self._paused[over] = False
        self._noise[over] = NO_NOISE
        self._some_paused = len(over) < len(paused) or bool(self._paused[rows:].any())

    def _in_pause(self, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        """(k,) whether what is played now is in the pause that each row was told of."""
        begun: NDArray[np.bool_] = (self._playing[rows] - self._pause_from[rows]).view(np.int32) >= 0
        return self._paused[rows] & begun

    def _fill(self, codes: NDArray[np.uint8], empty: NDArray[np.intp]) -> None:
        """Nothing came for these rows: what stands in for it is written into their codes."""
        missed = self._missing[empty] < LASTS
        if self._some_paused:
            missed &= ~self._in_pause(empty)
        lost, quiet = empty[missed], empty[~missed]
        codes[quiet] = g711.SILENCE[self._law[quiet]][:, None]
        if self._some_paused:
            noisy = quiet[self._noise[quiet] < NO_NOISE]
            codes[noisy] = self._comfort.codes(noisy, self._noise[noisy], self._law[noisy], self._ticks)
        self.concealed[lost] += 1
        if self._stored:  # Opus knows better than we do; until it is put there is silence
            codes[lost[self.kind[lost] == OPUS]] = g711.SILENCE[PCMA]
            lost = lost[self.kind[lost] != OPUS]
        if len(lost):
            ticks = self._missing[lost]
            begin = lost[ticks == 0]
            if len(begin):
                self._substitutes.begin(begin, self._past(begin))
            codes[lost] = g711.encode_rows(self._substitutes.sound(lost, ticks), self._law[lost])
        self._substituted = lost

    def _blend(self, codes: NDArray[np.uint8], filled: NDArray[np.bool_]) -> None:
        """Sound that returns, or goes on after something was left out, begins as what we would have gone on with."""
        back, cut = (rows[rows < len(filled)] for rows in (self._substituted, self._cut))
        back, cut = back[filled[back]], cut[filled[cut]]
        self._substituted = self._cut = np.zeros(0, np.intp)
        cut = np.setdiff1d(cut, back) if len(cut) else cut
        ticks = self._missing[back]
        if len(cut):
            self._substitutes.begin(cut, self._past(cut))
            back = np.concatenate([back, cut])
            ticks = np.concatenate([ticks, np.zeros(len(cut), np.int64)])  # however long nothing came before
        decoded = self.kind[back] <= PCMU
        self._seams, self._seam_ticks = back[~decoded], ticks[~decoded]
        back, ticks = back[decoded], ticks[decoded]
        if len(back):
            sound = g711.decode_rows(codes[back, :RETURN], self._law[back])
            sound = self._substitutes.back(back, ticks, sound)
            codes[back, :RETURN] = g711.encode_rows(sound, self._law[back])

    def _fill_parts(self, codes: NDArray[np.uint8]) -> None:
        """Rows whose packets are no whole ticks lost one, and half of what they play now is missing."""
        for row, parts in list(self._parts.items()):
            if row >= len(codes):
                continue
            part = parts.pop(int(self._playing[row]), None)
            for timestamp in [one for one in parts if _signed(one - int(self._playing[row])) < 0]:
                del parts[timestamp]
            if not parts:
                del self._parts[row]
            if part is not None and self._filled[self._cursor, row]:
                self._fill_part(row, codes[row], *part)

    def _fill_part(self, row: int, codes: NDArray[np.uint8], start: int, end: int) -> None:
        """Only from `start` to `end` of the tick there is sound."""
        rows, ticks = np.array([row]), np.minimum(self._missing[row : row + 1], LASTS)
        law = self._law[rows]
        sound, past = g711.decode_rows(codes[None], law), self._past(rows)
        if start:
            if ticks[0] == 0:
                self._substitutes.begin(rows, past)
            sound = self._substitutes.within(rows, ticks, sound, start)
        if end < FRAME:
            self._substitutes.begin(rows, np.concatenate([past, sound[:, :end]], axis=1)[:, -HISTORY:])
            sound[:, end:] = self._substitutes.sound(rows, np.zeros(1, np.int64))[:, : FRAME - end]
            self._cut = np.append(self._cut, row)
        codes[:] = g711.encode_rows(sound, law)[0]
        self.concealed[row] += 1

    def _past(self, rows: NDArray[np.intp]) -> NDArray[np.int16]:
        """(k, HISTORY) samples that these rows played last."""
        slots = (self._cursor + np.arange(-HISTORY // FRAME, 0)) % SLOTS
        past = self._slots[slots[:, None], rows].transpose(1, 0, 2).reshape(len(rows), HISTORY)
        return g711.decode_rows(past, self._law[rows])

    def came(self, rows: int) -> NDArray[np.bool_]:
        """(rows,) whether the tick just taken plays what came, and not silence or concealment. A view, not to keep."""
        return self._filled[(self._cursor - 1) % SLOTS, :rows]

    def frame(self, row: int) -> Frame:
        """The packets of a stored row that begin in the tick just taken. To be asked for once after each `take`."""
        stored, units = self._stored[row], int(self._step[row])
        scale = units // FRAME
        begin = (int(self._playing[row]) - units) & 0xFFFFFFFF
        packets: list[tuple[int, bytes]] = []
        following = b""
        for timestamp in list(stored):
            offset = _signed(timestamp - begin) // scale
            if offset < FRAME:
                payload = stored.pop(timestamp)
                if offset >= -PAST * FRAME:  # what the engine slept through is gone
                    packets.append((offset, payload))
            elif offset == FRAME:
                following = stored[timestamp]
        packets.sort(key=lambda packet: packet[0])
        missing = int(self._missing[row])
        rest: Literal["missing", "pause", "quiet"] = "missing" if missing <= LASTS else "quiet"
        if missing and self._paused[row] and _signed(begin - int(self._pause_from[row])) >= 0:
            rest = "pause" if missing <= MOST_PAUSE else "quiet"
        return Frame(int(self.kind[row]), int(self._stream[row]), begin, packets, rest, following)

    def put(self, rows: NDArray[np.intp], sound: NDArray[np.int16]) -> None:
        """The decoded sound of rows that are not G.711 becomes codes, in each row's law, in the answer of `take`.

        rows: (k,) without doubles. sound: (k, 160).
        """
        if len(self._seams):
            sound = self._blended(rows, sound)
        self._slots[(self._cursor - 1) % SLOTS, rows] = g711.encode_rows(sound, self._law[rows])

    def _blended(self, rows: NDArray[np.intp], sound: NDArray[np.int16]) -> NDArray[np.int16]:
        """The same where `take` found a seam in a row whose sound it could not see."""
        where = {int(row): k for k, row in enumerate(rows)}
        here = np.array([row in where for row in self._seams.tolist()], np.bool_)
        back, ticks = self._seams[here], self._seam_ticks[here]
        at = np.array([where[row] for row in back.tolist()], np.intp)
        self._seams, self._seam_ticks = self._seams[~here], self._seam_ticks[~here]
        sound = sound.copy()
        sound[at, :RETURN] = self._substitutes.back(back, ticks, sound[at])
        return sound

    def skip(self, rows: int, ticks: int) -> None:
        """The engine slept through `ticks`: what would have been played then is gone."""
        for _ in range(min(ticks, SLOTS)):
            self.take(rows)
        rest = np.uint32(max(0, ticks - SLOTS) & 0xFFFFFFFF)
        self._playing[:rows] += self._step[:rows] * rest

    def _look_at_delay(self, rows: int) -> None:
        """A WINDOW of these rows is over: which of them wait longer than they need to?"""
        mine = slice(self._ticks % WINDOW // TURNS, rows, WINDOW // TURNS)
        lately = self._lately[mine]
        self._watched[mine] += 1
        whole = self._watched[mine] > 0
        least = self._least[mine]
        np.minimum(least, lately, out=least, where=whole)
        plenty = whole & (lately >= 2) & (lately < FUTURE) & (self._before[mine] >= 2) & (self._before[mine] < FUTURE)
        ripe = self._watched[mine] >= self._patience[mine]
        some = ripe & (least >= 1) & (least < FUTURE)
        for k in np.flatnonzero(plenty | some):
            row = mine.start + int(k) * mine.step
            spare = min(int(lately[k]), int(self._before[row])) - 1 if plenty[k] else max(1, int(least[k]) - 1)
            if plenty[k]:
                self._patience[row] = PATIENCE
            if row not in self._eager:
                self._eager[row], self._until[row] = spare, self._ticks + HASTE
        waiting = self._filled[self._order()[0][1:], mine].sum(axis=0)
        self._delay[mine] += (waiting - self._delay[mine]) / AVERAGED
        self._before[mine] = np.where(whole, lately, FUTURE)
        self._watched[mine][ripe] = 0
        least[ripe] = FUTURE
        lately[:] = FUTURE

    def _draw_in(self) -> None:
        """Rows that are to move forward do so in silence, or when they waited for it long enough."""
        rows = np.fromiter(self._eager, np.intp, len(self._eager))
        ready = ~self._filled[self._cursor, rows] | (self._until[rows] <= self._ticks)
        ready[~ready] = self._are_silent(rows[~ready])
        self._cut = rows[ready][:MOST_MOVED]
        for row in self._cut.tolist():
            self._move_forward(row)
            if self._eager[row] > 1:
                self._eager[row] -= 1
                self._until[row] = self._ticks + HASTE
            else:
                self._watch_anew(row)

    def _are_silent(self, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Whose tick just played has nobody who speaks, nor, where that can be seen, the next one."""
        before, next_one = (_loudness(self._slots[(self._cursor + n) % SLOTS, rows], self._law[rows]) for n in (-1, 0))
        silent: NDArray[np.bool_] = (before <= SILENT) & ((next_one <= SILENT) | (self.kind[rows] > PCMU))
        return silent

    def _forget_former(self) -> None:
        for row, (ssrc, ticks) in list(self._former.items()):
            if ticks > 1:
                self._former[row] = (ssrc, ticks - 1)
            else:
                del self._former[row]


def _loudness(codes: NDArray[np.uint8], laws: NDArray[np.int8]) -> NDArray[np.float32]:
    """(k, n) codes → (k,) how large their samples are on average; one in four is looked at."""
    sizes: NDArray[np.float32] = _SIZE.take(codes[:, ::4] + 256 * laws.astype(np.intp)[:, None]).mean(axis=1)
    return sizes


def _signed(difference: int) -> int:
    """A difference of 32-bit timestamps as a signed number: half the circle ahead, half behind."""
    return ((difference + 0x80000000) & 0xFFFFFFFF) - 0x80000000
