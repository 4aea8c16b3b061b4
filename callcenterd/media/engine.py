"""The tick as a list of steps: what happens to the sound of all legs every 20 ms. Read `Engine.tick` first.

Rows are legs; nothing here knows what a call is. Sans-thread and sans-clock: orders, then `tick(now)`, then the
facts that it answers. `thread.Media` gives it the pace. All seconds are of one monotonic clock.
"""

from __future__ import annotations

import dataclasses
import heapq
import os
import random
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from callcenterd.errors import NotFound
from callcenterd.media import kinds, rtp, sdes
from callcenterd.media.addresses import address_of, key_of
from callcenterd.media.codecs import g711
from callcenterd.media.decoding import Decoding
from callcenterd.media.dtmf import KeysIn, Once, Way
from callcenterd.media.facts import (
    KeyHeard,
    LegEnded,
    LegJudged,
    LegOneWay,
    LegSilent,
    LegStatistics,
    MediaFact,
    PlayEnded,
    PlayId,
    SourceChosen,
)
from callcenterd.media.figures import Figures
from callcenterd.media.inband import Inband
from callcenterd.media.jitter import Jitter
from callcenterd.media.latch import Latch
from callcenterd.media.machine import Machines, Rule, Verdict
from callcenterd.media.mix import Hearing, smooth
from callcenterd.media.one_way import OneWay
from callcenterd.media.packing import Passed
from callcenterd.media.play import Plays
from callcenterd.media.recorder import NOBODY, Recorder
from callcenterd.media.reportports import KernelPorts, ReportPorts
from callcenterd.media.reports import Reception, Reports, Seal
from callcenterd.media.rtp import FRAME, HEADER, Headers, Stamps
from callcenterd.media.sdp import AudioFormat
from callcenterd.media.sending import Sending
from callcenterd.media.sockets import Arrived, Sockets
from callcenterd.media.srtp import Seals
from callcenterd.media.voice import Voice
from callcenterd.model.ids import LegId, RecordingId

TICK = 0.02
"""Seconds."""
SILENCE_TOLD = (10.0, 30.0)
"""Seconds of nothing after which LegSilent is told; then at each further 30."""
_LOOK_ROUND = 10
"""Ticks between two looks at who is silent."""
_MOST_SKIPPED = 3000
"""Ticks: of a sleep longer than a minute a recording keeps a minute."""


class Keeper(Protocol):
    """Where recorded sound goes. Nothing here waits."""

    def begin(self, recording: RecordingId, path: Path) -> None: ...
    def append(self, recording: RecordingId, sound: bytes) -> None: ...
    def end(self, recording: RecordingId) -> None: ...


class Engine:
    """All legs. rows: the most there can be at a time."""

    def __init__(
        self,
        *,
        rows: int,
        chance: random.Random,
        sockets: Sockets,
        keeper: Keeper,
        paused_tone: bool = False,
        ports: ReportPorts | None = None,
    ) -> None:
        """paused_tone: where a recording is paused it holds a soft tone, not silence. ports: None, the system's own."""
        self._sockets = sockets
        self._keeper = keeper
        self._row: dict[LegId, int] = {}
        self._leg: dict[int, LegId] = {}
        self._free = list(range(rows))
        self._live = np.zeros(0, np.intp)
        self._high = 0  # rows below this are all that a tick looks at
        self._ticks = 0
        self._now = 0.0
        self._facts: list[MediaFact] = []

        self._laws = np.zeros(rows, np.int8)
        self._kinds = np.full((rows, 128), kinds.UNKNOWN, np.int8)  # what each payload type of a row holds
        self._agreed = np.full(rows, kinds.PCMA, np.int8)
        self._connected = np.zeros(rows, np.bool_)
        self._exclusive = np.zeros(rows, np.bool_)  # the kernel lets only the chosen source through
        self._expected_since = np.full(rows, np.inf)
        self._silence_told = np.zeros(rows)
        self._junk = np.zeros(rows, np.int64)
        self._codec = ["PCMA"] * rows

        self._seals = Seals(rows)
        self._latch = Latch(rows)
        self._jitter = Jitter(rows)
        self._keys_in, self._inband, self._once = KeysIn(), Inband(rows), Once()
        self._knows_events = np.zeros(rows, np.bool_)
        self._relays = np.zeros(rows, np.bool_)  # to whom keys are passed on
        self._hushed: list[int] = []  # who does not hear a tone that goes there as an event
        self._decoding = Decoding()
        self._hearing = Hearing(rows)
        self._voice = Voice(rows)
        self._one_way = OneWay(rows, self._voice)
        self._machines = Machines()
        self._plays, self._announcements = Plays(), Plays(over=True)
        self._recorder = Recorder(rows, paused_tone)
        stamps = Stamps(rows, chance)
        self._reception = Reception(rows)
        self._reports = Reports(
            rows,
            chance,
            reception=self._reception,
            stamps=stamps,
            latch=self._latch,
            sockets=sockets,
            ports=ports or KernelPorts(),
        )
        self._sending = Sending(rows, sockets, stamps, self._reports.sent_out)
        self._reports.loss_told = self._sending.expect_loss
        self._figures = Figures(self._reception, self._jitter, self._latch, self._reports, self._voice)

    # ---- the tick --------------------------------------------------------------------------------------------

    def tick(self, now: float) -> list[MediaFact]:
        """Move all sound on by 20 ms. Answers what happened since the last tick, orders included."""
        self._now = now
        self._reports.advance(self._high, now)
        arrived = self._sockets.drain(self._live)
        if len(self._seals):
            self._seals.unseal(arrived.rows, arrived.octets, arrived.lengths)
        headers = rtp.parse_headers(arrived.octets, arrived.lengths)
        counts = self._choose_sources(arrived, headers, now)
        self._place(arrived, headers, counts, now)

        heard = self._jitter.take(self._high)
        laws = self._laws[: self._high]
        passed = self._decoding.decode(self._jitter, heard) if self._jitter.coded else {}
        self._listen(heard, laws)
        self._mix(heard, laws)
        for gathered in self._recorder.append(heard, laws):
            self._keeper.append(gathered.recording, gathered.sound)

        self._sending.send(self._high, laws, self._passed_on(passed) if passed else {})
        self._sending.advance(self._high)
        self._ticks += 1
        if self._ticks % _LOOK_ROUND == 0:
            self._look_round(now)
        facts, self._facts = self._facts, []
        return facts

    def _listen(self, heard: NDArray[np.uint8], laws: NDArray[np.int8]) -> None:
        """Who presses keys, who has picked up, who talks; only who is in a conversation, and is not played to, talks
        with somebody."""
        if len(self._inband):
            for row, key in self._inband.hear(heard, laws):
                self._key(row, key, "tone")
        if len(self._machines):
            for row, verdict in self._machines.hear(heard, laws):
                self._facts.append(LegJudged(self._leg[row], verdict))
        apart = np.isinf(self._expected_since[: self._high])
        if len(self._plays):
            apart[self._plays.rows()] = True
        only = self._hearing.only(self._high)
        self._voice.look(self._ticks, heard, laws, only, self._hearing.crowd, apart)

    def _mix(self, heard: NDArray[np.uint8], laws: NDArray[np.int8]) -> None:
        """What each row hears: whom it is joined to, what is played instead, what is played over it."""
        out = self._sockets.outgoing[: self._high, HEADER : HEADER + FRAME]
        turned = self._turned()
        last = self._sending.heard_last(turned)
        self._hearing.mix(heard, laws, out)
        self._hushed = [other for row in self._inband.pressed() if self._gets_events(other := self._partner(row))]
        for row in self._hushed:
            out[row] = g711.SILENCE[laws[row]]
        ended = self._plays.write(self._connected, laws, out)
        self._hearing.turned.update(row for row, _ in ended)  # the next tick goes on with something else
        if len(self._announcements):
            ended += self._announcements.write(self._connected, laws, out)
        for row, play in ended:
            self._facts.append(PlayEnded(self._leg[row], play, finished=True))
        if len(turned):
            smooth(turned, last, laws, out)

    def _key(self, row: int, key: str, way: Way) -> None:
        """A key is told, and passed on to who is joined with the leg and wants that. A tone is in the sound already,
        and stays there for who knows no events; else it is taken out while the key is heard (`_mix`)."""
        if not self._once.is_new(row, key, way, self._now):
            return
        self._facts.append(KeyHeard(self._leg[row], key))
        other = self._partner(row)
        if other != NOBODY and self._relays[other] and (way != "tone" or self._gets_events(other)):
            self._sending.keys(other, key)

    def _partner(self, row: int) -> int:
        """The row with which this one is joined: each hears the other and nobody else. NOBODY if there is none."""
        only = self._hearing.only(len(self._laws))
        other = int(only[row])
        return other if other >= 0 and only[other] == row else NOBODY

    def _gets_events(self, row: int) -> bool:
        return row != NOBODY and bool(self._relays[row] and self._knows_events[row])

    def _turned(self) -> NDArray[np.intp]:
        """Rows that begin to hear something else in this tick, if they heard anything before."""
        rows = [row for row in self._hearing.turned if self._sending.speaking(row)]
        self._hearing.turned.clear()
        return np.array(rows, np.intp)

    def _passed_on(self, passed: Mapping[int, Passed]) -> dict[int, Passed]:
        """What goes on as it came, by the row to which it goes: one that hears only that other, in the same codec."""
        only, packing, on = self._hearing.only(self._high), self._sending.packing, {}
        for row in packing.rows():
            came = passed.get(int(only[row])) if row < self._high else None
            if came is not None and came.codec == packing.codec(row) and not self._played_to(row):
                on[row] = came
        return on

    def _played_to(self, row: int) -> bool:
        return row in self._plays or row in self._announcements or row in self._hushed

    def skip(self, ticks: int) -> None:
        """So many ticks did not take place; time went on without them, for recordings too."""
        for _ in range(min(ticks, _MOST_SKIPPED)):
            heard = self._jitter.take(self._high)
            if self._jitter.coded:
                self._decoding.decode(self._jitter, heard)
            for gathered in self._recorder.append(heard, self._laws[: self._high]):
                self._keeper.append(gathered.recording, gathered.sound)
        self._sending.advance(self._high, ticks)

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
            invalid &= ~self._reports.take_shared(arrived, invalid, now)
            np.add.at(self._junk, arrived.rows[invalid], 1)
        return counts

    def _place(self, arrived: Arrived, headers: Headers, counts: NDArray[np.bool_], now: float) -> None:
        """Keys are told, sound goes to its slots, every other payload type is counted and dropped."""
        rows = arrived.rows
        held = self._kinds[rows, headers.payload_type]
        known = counts & (held >= 0)
        plain = held <= kinds.NOISE
        chosen = np.flatnonzero(known & plain)
        self._jitter.place(rows[chosen], headers, chosen, arrived.octets, held[chosen])
        if not plain.all():
            events = np.flatnonzero(known & ~plain)
            for row, key in self._keys_in.take_out(rows[events], headers, events, arrived.octets):
                self._key(row, key, "event")
            self._jitter.pass_over(rows[events], headers, events)
        if not known[counts].all():
            np.add.at(self._junk, rows[counts & ~known], 1)
        self._count(arrived, headers, counts, counts & plain, now)

    def _count(
        self, arrived: Arrived, headers: Headers, counts: NDArray[np.bool_], sound: NDArray[np.bool_], now: float
    ) -> None:
        """Everything from a row's source has a place in its sequence, sound or not."""
        at = arrived.stamps
        if at is None:
            at = np.full(len(counts), now)
        else:
            sound = sound & ~np.isnan(at)
        counted = (arrived.rows, headers.ssrc, headers.sequence, headers.timestamp, at, sound)
        if counts.all():
            self._reception.note(*counted)
        else:
            rows, ssrc, sequence, stamps, at, timed = counted
            self._reception.note(
                rows[counts], ssrc[counts], sequence[counts], stamps[counts], at[counts], timed[counts]
            )

    def _look_round(self, now: float) -> None:
        """Who is silent: others may take the place of a source that is gone, and long silence is told."""
        for row in self._latch.quiet(self._high, now).tolist():
            if self._exclusive[row]:
                self._sockets.aim(row, int(self._latch.source[row]), only=False)
                self._exclusive[row] = False
        expected = self._expected_since[: self._high]
        last = np.maximum(self._latch.heard[: self._high], expected)
        heard = np.isfinite(expected) & ~self._jitter.pausing(self._high)
        for row, why in self._one_way.look(now, self._hearing.only(self._high), last, heard):
            self._facts.append(LegOneWay(self._leg[row], why))
        silent = now - last
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
        self._laws[row] = self._agreed[row] = kinds.PCMA
        self._kinds[row] = kinds.UNKNOWN
        self._jitter.begin(row, g711.PCMA)
        self._sending.begin(row)
        self._voice.begin(row)
        self._reports.begin(row)
        self._junk[row] = 0
        self._count_rows()

    def connect(
        self,
        leg: LegId,
        remote: tuple[str, int],
        audio: AudioFormat,
        now: float,
        reports_fd: int | None = None,
    ) -> None:
        """What was agreed, at first or anew. Our stream goes on without a break; theirs only if nothing changed.

        reports_fd: the leg's bound odd port, ours from now on; None: it has it already, or needs none.
        """
        row = self._row.get(leg)
        if row is None:
            if reports_fd is not None:
                os.close(reports_fd)
            return
        self._codec[row] = audio.codec
        self._reports.agree(row, audio, reports_fd, now)
        self._seal(row, audio.seal)
        kind = kinds.KIND_OF[audio.codec]
        reachable = remote[0] != "0.0.0.0" and remote[1] != 0  # noqa: S104  # compared, not bound to
        if reachable and self._latch.expect(row, key_of(*remote), now):
            self._exclusive[row] = False
            self._sockets.aim(row, key_of(*remote), only=False)
            self._jitter.restart(row, kind)
        if self._agreed[row] != kind:
            self._jitter.restart(row, kind)
        self._latch.authentic[row] = audio.seal is not None
        self._agreed[row] = kind
        self._laws[row] = g711.PCMU if kind == kinds.PCMU else g711.PCMA
        self._name_payloads(row, audio)
        self._knows_events[row] = audio.event_payload_type is not None
        if self._knows_events[row]:  # who sends events may send the tone in the sound as well: it counts once
            self._inband.forget(row)
        else:
            self._inband.listen(row)
        self._connected[row] = True
        may = reachable and self._latch.announced[row] != 0 and audio.direction in ("sendrecv", "sendonly")
        self._sending.agree(row, audio, may=may)
        if not reachable or audio.direction != "sendrecv":
            self._expected_since[row] = np.inf
        elif np.isinf(self._expected_since[row]):
            self._expected_since[row] = now

    def _name_payloads(self, row: int, audio: AudioFormat) -> None:
        """The static numbers of G.711 and comfort noise always hold what they are for (RFC 3551 §6, RFC 3389 §4)."""
        named = self._kinds[row]
        named[:] = kinds.UNKNOWN
        named[g711.PAYLOAD_TYPE] = kinds.PCMA, kinds.PCMU
        named[kinds.NOISE_PAYLOAD_TYPE] = kinds.NOISE
        for number, codec in audio.also.items():
            named[number] = kinds.KIND_OF[codec]
        if audio.noise_payload_type is not None:
            named[audio.noise_payload_type] = kinds.NOISE
        named[audio.payload_type] = kinds.KIND_OF[audio.codec]
        if audio.event_payload_type is not None:
            named[audio.event_payload_type] = kinds.EVENTS

    def _seal(self, row: int, seal: sdes.Seal | None) -> None:
        """What the row's packets are sealed with from now on; None: they are plain."""
        if self._seals.agree(row, seal):
            self._sending.begin(row)
        self._reports.seal(row, self._seals.reports(row))
        self._sending.seal = self._seals.sealed_for_sending if len(self._seals) else None

    def seal_reports(self, leg: LegId, seal: Seal | None) -> None:
        """How the leg's reports are sealed from now on. Only for a leg that is connected."""
        if leg in self._row:
            self._reports.seal(self._row[leg], seal)

    def close(self, leg: LegId) -> None:
        """The leg is gone: nobody hears it, its recordings go on with silence in its place."""
        row = self._row.get(leg)
        if row is None:
            return
        self.stop_play(leg)
        self.stop_announcement(leg)
        self._facts.append(LegEnded(leg, self.statistics(leg)))
        self._reports.end(row, self._now)
        del self._row[leg], self._leg[row]
        self._sockets.remove(row)
        self._hearing.remove(row)
        self._recorder.remove_row(row)
        self._latch.forget(row)
        self._latch.authentic[row] = False
        self._seal(row, None)
        self._one_way.forget(row)
        self._judge_no_more(leg, row)
        self._keys_in.forget(row)
        self._inband.forget(row)
        self._once.forget(row)
        self._sending.forget(row)
        self._decoding.forget(row)
        self._jitter.restart(row, g711.PCMA)
        for flags in (self._connected, self._exclusive, self._relays):
            flags[row] = False
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
        else:
            self._hearing.turned.add(row)

    def stop_play(self, leg: LegId) -> None:
        if leg in self._row and (stopped := self._plays.stop(self._row[leg])) is not None:
            self._hearing.turned.add(self._row[leg])
            self._facts.append(PlayEnded(leg, stopped, finished=False))

    def announce(self, leg: LegId, play: PlayId, sounds: Sequence[NDArray[np.int16]]) -> None:
        """Heard by that leg only, over what it hears. Replaces the announcement before; no sounds: only ends that."""
        self.stop_announcement(leg)
        row = self._row.get(leg)
        if row is None or not self._announcements.begin(row, play, sounds, repeat=False):
            self._facts.append(PlayEnded(leg, play, finished=row is not None))

    def stop_announcement(self, leg: LegId) -> None:
        if leg in self._row and (stopped := self._announcements.stop(self._row[leg])) is not None:
            self._hearing.turned.add(self._row[leg])
            self._facts.append(PlayEnded(leg, stopped, finished=False))

    def send_keys(self, leg: LegId, keys: Sequence[str]) -> None:
        if leg in self._row:
            self._sending.keys(self._row[leg], keys)

    def relay_keys(self, leg: LegId, *, wanted: bool) -> None:
        """Is this leg sent the keys of who is joined with it? As events, or as tones if it knows none."""
        if leg in self._row:
            self._relays[self._row[leg]] = wanted

    def press(self, leg: LegId, key: str) -> None:
        """The leg's phone says by SIP INFO that a key was pressed: as if it had been heard."""
        if leg in self._row:
            self._key(self._row[leg], key, "info")

    def judge(self, leg: LegId, rule: Rule) -> None:
        """A person or a machine? The leg has been answered in this moment; LegJudged tells what it is."""
        row = self._row.get(leg)
        if row is None:
            self._facts.append(LegJudged(leg, Verdict("unsure", "gone", 0.0)))
        else:
            self._machines.listen(row, rule)

    def _judge_no_more(self, leg: LegId, row: int) -> None:
        if self._machines.forget(row):
            self._facts.append(LegJudged(leg, Verdict("unsure", "gone", 0.0)))

    # ---- orders: recordings ----------------------------------------------------------------------------------

    def record(self, recording: RecordingId, path: Path, caller: LegId, other: LegId | None) -> None:
        """From the next tick on: left what comes from `caller`, right what comes from `other` (None: nothing)."""
        right = NOBODY if other is None else self._row.get(other, NOBODY)
        self._recorder.begin(recording, self._row.get(caller, NOBODY), right)
        self._keeper.begin(recording, path)

    def record_other(self, recording: RecordingId, other: LegId) -> None:
        self._recorder.turn_right(recording, self._row.get(other, NOBODY))

    def record_others(self, recording: RecordingId, others: Collection[LegId]) -> None:
        """The right side is the sum of all these from now on: the others of a conference."""
        self._recorder.turn_right(recording, *(self._row[leg] for leg in others if leg in self._row))

    def record_caller(self, recording: RecordingId, caller: LegId) -> None:
        self._recorder.turn_left(recording, self._row.get(caller, NOBODY))

    def pause_recording(self, recording: RecordingId) -> None:
        """What is said is not kept; its time is, so that both sides and the marks of the story stay in place."""
        self._recorder.pause(recording)

    def resume_recording(self, recording: RecordingId) -> None:
        self._recorder.resume(recording)

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
        self._reports.close()
        facts, self._facts = self._facts, []
        return facts

    def statistics(self, leg: LegId) -> LegStatistics:
        """Raises NotFound. May be read from another thread: each number is true, they need not be of one tick."""
        row = self._row.get(leg)
        if row is None:
            raise NotFound("leg", leg)
        figures = self._figures.of(row, self._codec[row], int(self._junk[row]))
        forged, replayed = int(self._seals.forged[row]), int(self._seals.replayed[row])
        return dataclasses.replace(figures, forged=forged, replayed=replayed)


def _next_told(told: NDArray[np.float64]) -> NDArray[np.float64]:
    """The next length of silence worth telling, after the last that was told."""
    first, then = SILENCE_TOLD
    return np.where(told < first, first, (told // then + 1) * then)
