"""How each row's stream arrives, and the reports about it that both sides send (RFC 3550 §6, appendix A).

`Reception` counts every packet that a row's source sends, in arrays: sequence numbers with their wraps and losses
(A.1, A.3), interarrival jitter (A.8). `Reports` tells it to the other side every five seconds or so, each row at its
own times so that a tick sends a handful, and takes what they tell of us.

Reports are believed as far as they must be. They come from the address that was agreed or that the sound comes from;
what they say of our stream must name its SSRC, and a round trip must answer a report that we sent. Nothing in a
report, a goodbye neither, changes anything about a call but these figures: a call ends by SIP.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from callcenterd.media import rtcp
from callcenterd.media.addresses import address_of, key_of, same_host
from callcenterd.media.latch import Latch
from callcenterd.media.reportports import ReportPorts
from callcenterd.media.rtcp import Block, Compound, MalformedRtcp, Report, Sending
from callcenterd.media.rtp import HEADER, Stamps
from callcenterd.media.sdp import AudioFormat
from callcenterd.media.sockets import Arrived, Sockets, age_of

INTERVAL = 5.0
"""Seconds between two reports, times 0.5 to 1.5 by chance (§6.2, §6.3.1); half of it to the first."""
MOST_SENT = 32
"""In one tick; who is left over sends in the next."""
MOST_LOST, MOST_MISORDERED = 3000, 100
"""Greater steps of sequence numbers are another count, once two packets agree on it (A.1)."""
BREAK = 1.0
"""Seconds by which a packet may be out of time; beyond, its sender's clock began anew."""
LONGEST_ROUND_TRIP = 10.0
TICK_LATE = 0.02
"""Seconds by which a tick's `now` may be behind the moment in which a datagram is read: so much less than 0 is 0."""
RTCP_TYPES = (64, 95)
"""The second octet of RTCP on a shared port, without its first bit (RFC 5761 §4)."""

_CLOCKS: Mapping[str, int] = {"opus": 48000}
_REMEMBERED = 8  # reports of ours that may still be answered
_NEVER = np.inf


def clock_of(codec: str) -> int:
    """Units a second of its timestamps: G.722's too says 8000 (RFC 3551 §4.5.2)."""
    return _CLOCKS.get(codec, 8000)


# ---- what arrives ------------------------------------------------------------------------------------------


class Reception:
    """Counts and clocks of every row's stream. jitter, and its greatest: seconds."""

    def __init__(self, rows: int) -> None:
        self._clock = np.full(rows, 8000.0)
        self._begun = np.zeros(rows, np.bool_)
        self.ssrc = np.zeros(rows, np.uint32)
        self._first = np.zeros(rows, np.int64)
        self._highest = np.zeros(rows, np.int64)
        self._came = np.zeros(rows, np.int64)
        self._wild = np.full(rows, -1, np.int32)
        self._expected_before = np.zeros(rows, np.int64)
        self._came_before = np.zeros(rows, np.int64)
        self._runs = np.zeros(rows, np.int64)
        self._last_at = np.full(rows, -np.inf)
        self._last_stamp = np.zeros(rows, np.uint32)
        self.jitter = np.zeros(rows)
        self.most_jitter = np.zeros(rows)
        self._jitters = np.zeros(rows)
        self._timed = np.zeros(rows, np.int64)

    def begin(self, row: int) -> None:
        """Another leg: nothing has come yet."""
        self._begun[row] = False
        self._wild[row] = -1
        self._last_at[row] = -np.inf
        for count in (
            self.ssrc, self._first, self._highest, self._came, self._expected_before, self._came_before, self._runs,
            self.jitter, self.most_jitter, self._jitters, self._timed,
        ):  # fmt: skip
            count[row] = 0

    def set_clock(self, row: int, clock: int) -> None:
        """Of the timestamps, in units a second."""
        if self._clock[row] != clock:
            self._clock[row] = clock
            self._last_at[row] = -np.inf

    # ---- a tick's packets ----

    def note(
        self,
        rows: NDArray[np.intp],
        ssrc: NDArray[np.uint32],
        sequence: NDArray[np.uint16],
        stamps: NDArray[np.uint32],
        at: NDArray[np.float64],
        timed: NDArray[np.bool_],
    ) -> None:
        """Packets from the rows' own sources, each row's in the order in which they came; all arguments are (k,).

        stamps: timestamps. at: seconds of any clock. timed: jitter is measured with this one: it is known when it
        came, and its timestamp is that of its sending (a key's event has its start's).
        """
        if len(rows) == 0:
            return
        if (rows[1:] > rows[:-1]).all():
            self._note(rows, ssrc, sequence, stamps, at, timed)
            return
        for some in _one_each(rows):
            self._note(rows[some], ssrc[some], sequence[some], stamps[some], at[some], timed[some])

    def _note(
        self,
        rows: NDArray[np.intp],
        ssrc: NDArray[np.uint32],
        sequence: NDArray[np.uint16],
        stamps: NDArray[np.uint32],
        at: NDArray[np.float64],
        timed: NDArray[np.bool_],
    ) -> None:
        """One packet a row."""
        strange = (self.ssrc[rows] != ssrc) | ~self._begun[rows]
        if strange.any():
            self._begin_count(rows[strange], sequence[strange])
            self.ssrc[rows[strange]] = ssrc[strange]
            self._last_at[rows[strange]] = -np.inf
        highest = self._highest[rows]
        step = (sequence - highest.astype(np.uint16)).view(np.int16)
        if (step == 1).all():
            self._highest[rows] = highest + 1
            self._came[rows] += 1
        else:
            self._count_uneven(rows, step.astype(np.int64), sequence)
        if not timed.all():
            rows, stamps, at = rows[timed], stamps[timed], at[timed]
        self._measure(rows, stamps, at)

    def _measure(self, rows: NDArray[np.intp], stamps: NDArray[np.uint32], at: NDArray[np.float64]) -> None:
        """A.8: how unevenly packets come, compared with how they were sent; a sixteenth of each one's difference."""
        spoken = (stamps - self._last_stamp[rows]).view(np.int32) / self._clock[rows]
        off = np.abs(at - self._last_at[rows] - spoken)
        self._last_at[rows], self._last_stamp[rows] = at, stamps
        jitter = self.jitter[rows]
        jitter += np.where(off < BREAK, (off - jitter) * 0.0625, 0.0)
        self.jitter[rows] = jitter
        self._jitters[rows] += jitter
        self._timed[rows] += 1
        self.most_jitter[rows] = np.maximum(self.most_jitter[rows], jitter)

    def _begin_count(self, rows: NDArray[np.intp], sequence: NDArray[np.uint16]) -> None:
        """Sequence numbers begin here (A.1); what was counted before is kept."""
        old = rows[self._begun[rows]]
        self._expected_before[old] += self._highest[old] - self._first[old] + 1
        self._came_before[old] += self._came[old]
        self._came[rows] = 0
        self._first[rows] = sequence
        self._highest[rows] = self._first[rows] - 1
        self._begun[rows] = True
        self._wild[rows] = -1

    def _count_uneven(self, rows: NDArray[np.intp], step: NDArray[np.int64], sequence: NDArray[np.uint16]) -> None:
        """Some of them are not the next of their row."""
        wild = (step >= MOST_LOST) | (step <= -MOST_MISORDERED)
        known = ~wild
        self._came[rows[known]] += 1
        ahead = np.where(known, np.maximum(step, 0), 0)
        self._highest[rows] += ahead
        self._runs[rows] += ahead > 1
        # A packet that was overtaken closes the gap that it seemed to leave.
        self._runs[rows] = np.maximum(0, self._runs[rows] - (known & (step < 0)))
        for k in np.flatnonzero(wild):
            if sequence[k] == self._wild[rows[k]]:
                self._begin_count(rows[k : k + 1], sequence[k : k + 1])
                self._highest[rows[k]] += 1
                self._came[rows[k]] = 1
            else:
                self._wild[rows[k]] = (int(sequence[k]) + 1) & 0xFFFF

    # ---- what is asked ----

    def begun(self, row: int) -> bool:
        return bool(self._begun[row])

    def received(self, row: int) -> int:
        """Packets of all its streams, duplicates too."""
        return int(self._came_before[row] + self._came[row])

    def expected(self, row: int) -> int:
        return int(self._expected_before[row]) + self.expected_now(row)

    def expected_now(self, row: int) -> int:
        """Of the present SSRC (A.3)."""
        return int(self._highest[row] - self._first[row] + 1) if self._begun[row] else 0

    def came_now(self, row: int) -> int:
        return int(self._came[row])

    def highest(self, row: int) -> int:
        """The highest sequence number, with its wraps above it: 32 bits."""
        return int(self._highest[row]) & 0xFFFFFFFF

    def runs(self, row: int) -> int:
        """Gaps in the sequence, however long each is."""
        return int(self._runs[row])

    def mean_jitter(self, row: int) -> float:
        """Seconds."""
        return float(self._jitters[row] / self._timed[row]) if self._timed[row] else 0.0

    def jitter_units(self, row: int) -> int:
        """As a report tells it: in units of the row's clock."""
        return int(self.jitter[row] * self._clock[row])

    def clock(self, row: int) -> float:
        return float(self._clock[row])


def _one_each(rows: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Indices in groups that have each row once: all firsts, all seconds … in ascending rows."""
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    begins = np.r_[True, ordered[1:] != ordered[:-1]]
    start = np.maximum.accumulate(np.where(begins, np.arange(len(rows)), 0))
    nth = np.arange(len(rows)) - start
    return [order[nth == n] for n in range(int(nth.max()) + 1)]


# ---- what is told ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seal:
    """How a row's compounds are sealed (SRTCP, RFC 3711 §3.4). open: None, if it is not by the other side."""

    seal: Callable[[bytes], bytes]
    open: Callable[[bytes], bytes | None]


@dataclass(frozen=True, slots=True)
class Theirs:
    """What the other side told of our stream. lost: packets, None if it told nothing. jitter, round_trip: seconds."""

    lost: int | None = None
    jitter: float | None = None
    round_trip: float | None = None
    reports: int = 0
    refused: int = 0
    strangers: int = 0


@dataclass(slots=True)
class _Line:
    """One row whose reports are agreed.

    target:  where ours go (a key); 0 with a shared port.
    asked:   the middle words of our reports' times, of those that may still be answered.
    last, last_at: the middle word of their last report's time, and when it came; None: none came.
    """

    target: int
    shared: bool
    cname: str
    clock: int
    seal: Seal | None = None
    asked: deque[int] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    last: int = 0
    last_at: float | None = None
    expected: int = 0
    came: int = 0
    told: int = 0
    sent: int = 0
    lost: int | None = None
    jitter: float | None = None
    trips: float = 0.0
    answered: int = 0
    reports: int = 0
    refused: int = 0
    strangers: int = 0


class Reports:
    """Everybody's reports, out and in. sent, octets: of every row's RTP, for its sender reports."""

    def __init__(
        self,
        rows: int,
        chance: random.Random,
        *,
        reception: Reception,
        stamps: Stamps,
        latch: Latch,
        sockets: Sockets,
        ports: ReportPorts,
    ) -> None:
        self._chance = chance
        self._reception = reception
        self._stamps = stamps
        self._latch = latch
        self._sockets = sockets
        self._ports = ports
        self._lines: dict[int, _Line] = {}
        self._due = np.full(rows, _NEVER)
        self._since = chance.uniform(0.0, 1e6)  # how long we have been running is nobody's business
        self.sent = np.zeros(rows, np.int64)
        self.octets = np.zeros(rows, np.int64)
        self.loss_told: Callable[[int, int], None] = lambda _row, _percent: None
        """Told of each report about a row's stream: so many of our packets got lost of late."""

    # ---- legs ----

    def begin(self, row: int) -> None:
        """Another leg; nothing is agreed yet."""
        self.sent[row] = self.octets[row] = 0
        self._reception.begin(row)

    def agree(self, row: int, audio: AudioFormat, fd: int | None, now: float) -> None:
        """What was agreed, at first or anew. fd: the bound odd port, ours from now on; None: it has one, or shares."""
        clock = clock_of(audio.codec)
        self._reception.set_clock(row, clock)
        if fd is not None:
            self._ports.remove(row)
            self._ports.add(row, fd)
        line = self._lines.get(row)
        if audio.reports is None:
            self._due[row] = _NEVER
            if line is not None:
                line.target, line.shared = 0, False
            return
        target = 0 if audio.reports_shared else key_of(*audio.reports)
        if line is None:
            cname = f"{self._chance.getrandbits(96):024x}"  # RFC 7022 §4.2: of one conversation, and guessed by nobody
            line = self._lines[row] = _Line(target, audio.reports_shared, cname, clock)
        line.target, line.shared, line.clock = target, audio.reports_shared, clock
        if np.isinf(self._due[row]):
            self._due[row] = now + INTERVAL / 2 * self._chance.uniform(0.5, 1.5)

    def seal(self, row: int, seal: Seal | None) -> None:
        """From now on the row's reports are sealed. Only for a row that has agreed on reports; others have none."""
        if row in self._lines:
            self._lines[row].seal = seal

    def end(self, row: int, now: float) -> None:
        """Goodbye, if anything was ever said; the row is free."""
        self._due[row] = _NEVER
        line = self._lines.pop(row, None)
        if line is not None and line.told:
            self._send(row, line, now, leaving=True)
        self._ports.remove(row)

    def close(self) -> None:
        self._ports.close()

    def sent_out(self, rows: NDArray[np.intp], lengths: NDArray[np.int64]) -> None:
        """These rows sent a packet each, of so many octets with its header."""
        self.sent[rows] += 1
        self.octets[rows] += lengths - HEADER

    # ---- a tick ----

    def advance(self, rows: int, now: float) -> None:
        """Take what has come on the odd ports, and send what is due; at a tick's start, when `now` is most true."""
        if not self._lines:
            return
        for heard in self._ports.drain():
            self._heard(heard.row, heard.octets, heard.source, now - heard.age)
        for row in np.flatnonzero(self._due[:rows] <= now)[:MOST_SENT].tolist():
            self._due[row] = now + INTERVAL * self._chance.uniform(0.5, 1.5)
            self._send(row, self._lines[row], now)

    def take_shared(self, arrived: Arrived, invalid: NDArray[np.bool_], now: float) -> NDArray[np.bool_]:
        """Which of the datagrams that are no RTP are reports of rows that share their port; they are taken here.

        Only from where the row's sound comes. invalid: (n,), and so is the answer.
        """
        taken = np.zeros(len(invalid), np.bool_)
        if not self._lines:
            return taken
        kind = arrived.octets[:, 1] & 0x7F
        fits = invalid & (arrived.lengths >= 8) & (arrived.lengths <= arrived.octets.shape[1])
        fits &= (kind >= RTCP_TYPES[0]) & (kind <= RTCP_TYPES[1]) & (arrived.octets[:, 0] & 0xC0 == 0x80)
        for k in np.flatnonzero(fits).tolist():
            row, source = int(arrived.rows[k]), int(arrived.sources[k])
            line = self._lines.get(row)
            if line is not None and line.shared and source == self._latch.source[row]:
                age = 0.0 if arrived.stamps is None else age_of(float(arrived.stamps[k]))
                self._heard(row, arrived.octets[k, : arrived.lengths[k]].tobytes(), source, now - age)
                taken[k] = True
        return taken

    # ---- from them ----

    def _heard(self, row: int, octets: bytes, source: int, at: float) -> None:
        line = self._lines.get(row)
        if line is None:
            return
        if not self._from_there(row, line, source):
            line.strangers += 1
            return
        opened = octets if line.seal is None else line.seal.open(octets)
        try:
            compound = rtcp.parse(opened or b"")
        except MalformedRtcp:
            line.refused += 1
            return
        if self._believe(row, line, compound, at):
            line.reports += 1
        else:
            line.refused += 1

    def _from_there(self, row: int, line: _Line, source: int) -> bool:
        """On an odd port: from the host that was agreed, or the one that the sound comes from."""
        if line.shared:
            return source == int(self._latch.source[row])
        spoken = int(self._latch.source[row])
        return same_host(source, line.target) or (spoken != 0 and same_host(source, spoken))

    def _believe(self, row: int, line: _Line, compound: Compound, at: float) -> bool:
        """False: it is neither by who sends the row's stream nor about ours."""
        useful = False
        for report in compound.reports:
            if report.sending is not None and self._reception.begun(row) and report.ssrc == self._reception.ssrc[row]:
                line.last, line.last_at = rtcp.middle(report.sending.ntp), at
                useful = True
        block = rtcp.block_about(compound.reports, int(self._stamps.ssrc[row]))
        if block is None:
            return useful or self._reception.ssrc[row] in compound.leaving
        if block.lost > self.sent[row] or block.jitter > LONGEST_ROUND_TRIP * line.clock:
            return False
        line.lost, line.jitter = max(0, block.lost), block.jitter / line.clock
        self.loss_told(row, round(block.fraction * 100 / 256))
        if block.last in line.asked:
            trip = rtcp.round_trip(at + self._since, block.last, block.since)
            if -TICK_LATE <= trip <= LONGEST_ROUND_TRIP:
                line.trips += max(0.0, trip)
                line.answered += 1
        return True

    # ---- to them ----

    def _send(self, row: int, line: _Line, now: float, *, leaving: bool = False) -> None:
        target = self._target(row, line)
        if not line.shared and target == 0:
            return
        octets = rtcp.write(self._report(row, line, now), line.cname, leaving=leaving)
        if line.seal is not None:
            octets = line.seal.seal(octets)
        if line.shared:
            self._sockets.say(row, octets)
        else:
            self._ports.send(row, octets, target)
        line.told += 1

    def _target(self, row: int, line: _Line) -> int:
        """Where the other side sits behind NAT, the port above the one that its sound comes from."""
        spoken = int(self._latch.source[row])
        if line.target == 0 or spoken == 0 or same_host(spoken, line.target):
            return line.target
        host, port = address_of(spoken)
        return key_of(host, min(65535, port + 1))

    def _report(self, row: int, line: _Line, now: float) -> Report:
        """A sender report if we have sent since the last one (§6.4), else a receiver report."""
        blocks = (self._block(row, line, now),) if self._reception.begun(row) else ()
        ssrc, sent = int(self._stamps.ssrc[row]), int(self.sent[row])
        if sent == line.sent:
            return Report(ssrc, blocks)
        line.sent = sent
        ntp = rtcp.ntp_of(now + self._since)
        line.asked.append(rtcp.middle(ntp))
        octets = int(self.octets[row]) & 0xFFFFFFFF
        return Report(ssrc, blocks, Sending(ntp, int(self._stamps.timestamp[row]), sent & 0xFFFFFFFF, octets))

    def _block(self, row: int, line: _Line, now: float) -> Block:
        """A.3: lost in all, and the share of it since the last report."""
        reception = self._reception
        expected, came = reception.expected_now(row), reception.came_now(row)
        new, lost_now = expected - line.expected, (expected - line.expected) - (came - line.came)
        if new < 0:  # another SSRC, counted from its beginning
            new, lost_now = expected, expected - came
        line.expected, line.came = expected, came
        return Block(
            ssrc=int(reception.ssrc[row]),
            fraction=min(255, lost_now * 256 // new) if new > 0 and lost_now > 0 else 0,
            lost=expected - came,
            highest=reception.highest(row),
            jitter=reception.jitter_units(row),
            last=line.last,
            since=0 if line.last_at is None else rtcp.delay_of(now - line.last_at),
        )

    # ---- what is asked ----

    def theirs(self, row: int) -> Theirs:
        line = self._lines.get(row)
        if line is None:
            return Theirs()
        trip = line.trips / line.answered if line.answered else None
        return Theirs(line.lost, line.jitter, trip, line.reports, line.refused, line.strangers)
