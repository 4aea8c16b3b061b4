"""The tick as a list of steps: what happens to the sound of all legs every 20 ms. Read `Engine.tick` first.

Rows are legs; nothing here knows what a call is. Sans-thread and sans-clock: orders, then `tick(now)`, then the
facts that it answers. `thread.Media` gives it the pace. All seconds are of one monotonic clock.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from callcenterd.errors import NotFound
from callcenterd.media import rtp
from callcenterd.media.addresses import address_of, key_of
from callcenterd.media.codecs import g711
from callcenterd.media.dtmf import KeysIn, KeysOut
from callcenterd.media.facts import KeyHeard, LegSilent, MediaFact, PlayEnded, PlayId, SourceChosen
from callcenterd.media.jitter import Jitter
from callcenterd.media.latch import Latch
from callcenterd.media.mix import Hearing
from callcenterd.media.play import Plays
from callcenterd.media.recorder import NOBODY, Recorder
from callcenterd.media.rtp import FRAME, HEADER, Headers, Stamps
from callcenterd.media.sdp import AudioFormat
from callcenterd.media.sockets import Arrived, Sockets
from callcenterd.model.ids import LegId, RecordingId

TICK = 0.02
"""Seconds."""
SILENCE_TOLD = (10.0, 30.0)
"""Seconds of nothing after which LegSilent is told; then at each further 30."""
_LOOK_ROUND = 10
"""Ticks between two looks at who is silent."""
_NO_EVENTS = -1
_MOST_SKIPPED = 3000
"""Ticks: of a sleep longer than a minute a recording keeps a minute."""


class Keeper(Protocol):
    """Where recorded sound goes. Nothing here waits."""

    def begin(self, recording: RecordingId, path: Path) -> None: ...
    def append(self, recording: RecordingId, sound: bytes) -> None: ...
    def end(self, recording: RecordingId) -> None: ...


@dataclass(frozen=True, slots=True)
class LegStatistics:
    """Counts of packets since the leg was opened.

    source:    where its sound comes from and ours goes to; None while that is not known.
    lost:      promised by sequence numbers, never came. late: came, too late or from no time of this stream.
    concealed: frames of ours that had to stand in for missing ones.
    strangers: datagrams of other addresses, dropped. sent: by us. junk: no RTP, or of no agreed payload type.
    """

    source: tuple[str, int] | None
    received: int
    lost: int
    late: int
    duplicates: int
    concealed: int
    strangers: int
    junk: int
    sent: int


class Engine:
    """All legs. rows: the most there can be at a time."""

    def __init__(self, *, rows: int, chance: random.Random, sockets: Sockets, keeper: Keeper) -> None:
        self._sockets = sockets
        self._keeper = keeper
        self._row: dict[LegId, int] = {}
        self._leg: dict[int, LegId] = {}
        self._free = list(range(rows))
        self._live = np.zeros(0, np.intp)
        self._high = 0  # rows below this are all that a tick looks at
        self._ticks = 0
        self._facts: list[MediaFact] = []

        self._laws = np.zeros(rows, np.int8)
        self._payload_type = np.zeros(rows, np.uint8)
        self._events = np.full(rows, _NO_EVENTS, np.int16)
        self._connected = np.zeros(rows, np.bool_)
        self._sends = np.zeros(rows, np.bool_)
        self._exclusive = np.zeros(rows, np.bool_)  # the kernel lets only the chosen source through
        self._expected_since = np.full(rows, np.inf)
        self._silence_told = np.zeros(rows)
        self._junk = np.zeros(rows, np.int64)
        self._sent = np.zeros(rows, np.int64)

        self._latch = Latch(rows)
        self._jitter = Jitter(rows)
        self._keys_in, self._keys_out = KeysIn(), KeysOut()
        self._hearing = Hearing(rows)
        self._plays = Plays()
        self._recorder = Recorder(rows)
        self._stamps = Stamps(rows, chance)

    # ---- the tick --------------------------------------------------------------------------------------------

    def tick(self, now: float) -> list[MediaFact]:
        """Move all sound on by 20 ms. Answers what happened since the last tick, orders included."""
        arrived = self._sockets.drain(self._live)
        headers = rtp.parse_headers(arrived.octets, arrived.lengths)
        counts = self._choose_sources(arrived, headers, now)
        self._place(arrived, headers, counts)

        heard = self._jitter.take(self._high)
        laws = self._laws[: self._high]
        out = self._sockets.outgoing[: self._high, HEADER : HEADER + FRAME]
        self._hearing.mix(heard, laws, out)
        for row, play in self._plays.write(self._connected, laws, out):
            self._facts.append(PlayEnded(self._leg[row], play, finished=True))
        for gathered in self._recorder.append(heard, laws):
            self._keeper.append(gathered.recording, gathered.sound)

        self._send()
        self._stamps.advance(self._high)
        self._ticks += 1
        if self._ticks % _LOOK_ROUND == 0:
            self._look_round(now)
        facts, self._facts = self._facts, []
        return facts

    def skip(self, ticks: int) -> None:
        """So many ticks did not take place; time went on without them, for recordings too."""
        for _ in range(min(ticks, _MOST_SKIPPED)):
            heard = self._jitter.take(self._high)
            for gathered in self._recorder.append(heard, self._laws[: self._high]):
                self._keeper.append(gathered.recording, gathered.sound)
        self._stamps.advance(self._high, ticks)

    def _choose_sources(self, arrived: Arrived, headers: Headers, now: float) -> NDArray[np.bool_]:
        """Which datagrams are from where their row listens. The kernel is told to keep the others away."""
        counts, chosen = self._latch.sort_out(arrived.rows, arrived.sources, headers, now)
        for row in chosen:
            source, announced = address_of(int(self._latch.source[row])), address_of(int(self._latch.announced[row]))
            self._facts.append(SourceChosen(self._leg[row], source, announced))
        for row in np.unique(arrived.rows[counts & ~self._exclusive[arrived.rows]]).tolist():
            self._sockets.aim(row, int(self._latch.source[row]), only=True)
            self._exclusive[row] = True
        invalid = ~headers.valid
        if invalid.any():
            np.add.at(self._junk, arrived.rows[invalid], 1)
        return counts

    def _place(self, arrived: Arrived, headers: Headers, counts: NDArray[np.bool_]) -> None:
        """Keys are told, sound goes to its slots, every other payload type is counted and dropped."""
        rows, kind = arrived.rows, headers.payload_type
        agreed = kind == self._payload_type[rows]
        alaw, ulaw = kind == g711.PAYLOAD_TYPE[g711.PCMA], kind == g711.PAYLOAD_TYPE[g711.PCMU]
        events = counts & (kind == self._events[rows])
        sound = counts & (agreed | alaw | ulaw) & ~events
        if events.any():
            chosen = np.flatnonzero(events)
            for row, key in self._keys_in.take_out(rows[chosen], headers, chosen, arrived.octets):
                self._facts.append(KeyHeard(self._leg[row], key))
        if not (sound | events)[counts].all():
            np.add.at(self._junk, rows[counts & ~sound & ~events], 1)
        chosen = np.flatnonzero(sound)
        laws = np.where(agreed, self._laws[rows], np.where(ulaw, g711.PCMU, g711.PCMA)).astype(np.int8)
        self._jitter.place(rows[chosen], headers, chosen, arrived.octets, laws[chosen])

    def _send(self) -> None:
        """A packet from every row that may send, silence too: it keeps NAT and the other side's watchdogs at peace."""
        rows = np.flatnonzero(self._sends[: self._high])
        if len(rows) == 0:
            return
        packets = self._sockets.outgoing
        self._stamps.stamp(packets, rows, self._payload_type[rows])
        lengths = np.full(len(rows), HEADER + FRAME, np.int64)
        for row in self._keys_out.rows():
            if self._sends[row]:
                events = int(self._events[row])
                octets = self._keys_out.write(row, packets[row], events, int(self._laws[row]), self._stamps)
                if octets:
                    lengths[np.searchsorted(rows, row)] = octets
        self._sent[rows] += 1
        self._sockets.send(rows, lengths)

    def _look_round(self, now: float) -> None:
        """Who is silent: others may take the place of a source that is gone, and long silence is told."""
        for row in self._latch.quiet(self._high, now).tolist():
            if self._exclusive[row]:
                self._sockets.aim(row, int(self._latch.source[row]), only=False)
                self._exclusive[row] = False
        silent = now - np.maximum(self._latch.heard[: self._high], self._expected_since[: self._high])
        self._silence_told[: self._high][silent < SILENCE_TOLD[0]] = 0.0
        for row in np.flatnonzero(silent >= _next_told(self._silence_told[: self._high])).tolist():
            self._silence_told[row] = _next_told(self._silence_told[row : row + 1])[0]
            self._facts.append(LegSilent(self._leg[row], float(self._silence_told[row])))

    # ---- orders: legs ----------------------------------------------------------------------------------------
    # A leg that is not there (any more) is no fault here: orders and hang-ups cross.

    @property
    def legs(self) -> int:
        return len(self._row)

    @property
    def recordings(self) -> int:
        return len(self._recorder)

    def open(self, leg: LegId, fd: int) -> None:
        """A leg with its bound socket, which is ours from now on. It hears and says nothing before `connect`."""
        row = heapq.heappop(self._free)
        self._row[leg], self._leg[row] = row, leg
        self._sockets.add(row, fd)
        self._laws[row] = g711.PCMA
        self._jitter.begin(row, g711.PCMA)
        self._stamps.begin(row)
        self._junk[row] = self._sent[row] = 0
        self._count_rows()

    def connect(self, leg: LegId, remote: tuple[str, int], audio: AudioFormat, now: float) -> None:
        """What was agreed, at first or anew. Our stream goes on without a break; theirs only if nothing changed."""
        row = self._row.get(leg)
        if row is None:
            return
        law = g711.LAW_OF[audio.codec]
        reachable = remote[0] != "0.0.0.0" and remote[1] != 0  # noqa: S104  # compared, not bound to
        if reachable and self._latch.expect(row, key_of(*remote), now):
            self._exclusive[row] = False
            self._sockets.aim(row, key_of(*remote), only=False)
            self._jitter.restart(row, law)
        if self._laws[row] != law:
            self._jitter.restart(row, law)
        self._laws[row] = law
        self._payload_type[row] = audio.payload_type
        self._events[row] = _NO_EVENTS if audio.event_payload_type is None else audio.event_payload_type
        self._connected[row] = True
        self._sends[row] = reachable and self._latch.announced[row] != 0 and audio.direction in ("sendrecv", "sendonly")
        self._stamps.paused[row] |= not self._sends[row]
        if not reachable or audio.direction != "sendrecv":
            self._expected_since[row] = np.inf
        elif np.isinf(self._expected_since[row]):
            self._expected_since[row] = now

    def close(self, leg: LegId) -> None:
        """The leg is gone: nobody hears it, its recordings go on with silence in its place."""
        row = self._row.get(leg)
        if row is None:
            return
        self.stop_play(leg)
        del self._row[leg], self._leg[row]
        self._sockets.remove(row)
        self._hearing.remove(row)
        self._recorder.remove_row(row)
        self._latch.forget(row)
        self._keys_in.forget(row)
        self._keys_out.forget(row)
        self._jitter.restart(row, g711.PCMA)
        for flags in (self._connected, self._sends, self._exclusive):
            flags[row] = False
        self._events[row] = _NO_EVENTS
        self._expected_since[row] = np.inf
        self._silence_told[row] = 0.0
        heapq.heappush(self._free, row)
        self._count_rows()

    def _count_rows(self) -> None:
        self._live = np.array(sorted(self._leg), np.intp)
        self._high = int(self._live[-1]) + 1 if len(self._live) else 0

    # ---- orders: who hears what ------------------------------------------------------------------------------

    def bridge(self, a: LegId, b: LegId) -> None:
        """Both hear each other and nobody else; whom they heard before, in a bridge, hears them no more."""
        self.unbridge(a)
        self.unbridge(b)
        self.hear(a, [b])
        self.hear(b, [a])

    def unbridge(self, a: LegId) -> None:
        """The leg hears nobody, and whoever it heard does not hear it."""
        row = self._row.get(a)
        if row is None:
            return
        for other in self._hearing.heard_by(row):
            self._hearing.hear(other, [third for third in self._hearing.heard_by(other) if third != row])
        self._hearing.hear(row, ())

    def hear(self, leg: LegId, others: Collection[LegId]) -> None:
        """The leg hears the sum of these: a conference, or a supervisor who listens."""
        if leg in self._row:
            self._hearing.hear(self._row[leg], [self._row[other] for other in others if other in self._row])

    def play(self, leg: LegId, play: PlayId, sounds: Sequence[NDArray[np.int16]], *, repeat: bool) -> None:
        """Replaces what plays; heard instead of the bridge. A leg that is not connected yet hears it when it is."""
        self.stop_play(leg)
        row = self._row.get(leg)
        if row is None:
            self._facts.append(PlayEnded(leg, play, finished=False))
        elif not self._plays.begin(row, play, sounds, repeat=repeat):
            self._facts.append(PlayEnded(leg, play, finished=True))

    def stop_play(self, leg: LegId) -> None:
        if leg in self._row and (stopped := self._plays.stop(self._row[leg])) is not None:
            self._facts.append(PlayEnded(leg, stopped, finished=False))

    def send_keys(self, leg: LegId, keys: Sequence[str]) -> None:
        if leg in self._row:
            self._keys_out.send(self._row[leg], keys)

    # ---- orders: recordings ----------------------------------------------------------------------------------

    def record(self, recording: RecordingId, path: Path, caller: LegId, other: LegId | None) -> None:
        """From the next tick on: left what comes from `caller`, right what comes from `other` (None: nothing)."""
        right = NOBODY if other is None else self._row.get(other, NOBODY)
        self._recorder.begin(recording, self._row.get(caller, NOBODY), right)
        self._keeper.begin(recording, path)

    def record_other(self, recording: RecordingId, other: LegId) -> None:
        self._recorder.turn_right(recording, self._row.get(other, NOBODY))

    def record_caller(self, recording: RecordingId, caller: LegId) -> None:
        self._recorder.turn_left(recording, self._row.get(caller, NOBODY))

    def stop_recording(self, recording: RecordingId) -> None:
        rest = self._recorder.end(recording)
        if rest is not None:
            self._keeper.append(recording, rest.sound)
            self._keeper.end(recording)

    # ---- the end ---------------------------------------------------------------------------------------------

    def shut(self) -> list[MediaFact]:
        """Close every recording and every leg. Answers the last facts."""
        for recording in self._recorder.names():
            self.stop_recording(recording)
        for leg in list(self._row):
            self.close(leg)
        self._sockets.close()
        facts, self._facts = self._facts, []
        return facts

    def statistics(self, leg: LegId) -> LegStatistics:
        """Raises NotFound. May be read from another thread: each number is true, they need not be of one tick."""
        row = self._row.get(leg)
        if row is None:
            raise NotFound("leg", leg)
        source = int(self._latch.source[row])
        return LegStatistics(
            source=address_of(source) if source else None,
            received=int(self._jitter.received[row]),
            lost=self._jitter.lost(row),
            late=int(self._jitter.late[row]),
            duplicates=int(self._jitter.duplicates[row]),
            concealed=int(self._jitter.concealed[row]),
            strangers=int(self._latch.strangers[row]),
            junk=int(self._junk[row]),
            sent=int(self._sent[row]),
        )


def _next_told(told: NDArray[np.float64]) -> NDArray[np.float64]:
    """The next length of silence worth telling, after the last that was told."""
    first, then = SILENCE_TOLD
    return np.where(told < first, first, (told // then + 1) * then)
