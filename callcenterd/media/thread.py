"""The media room's door: commands in from any thread, the tick every 20 ms on its own, facts out to the loop.

Commands return at once and take effect in the next tick, in the order in which they were given. The tick is paced
by the monotonic clock; how late it begins is this room's measure of health.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from callcenterd.clock import Clock
from callcenterd.media.engine import TICK, Engine
from callcenterd.media.facts import LegStatistics, MediaFact, PlayId
from callcenterd.media.machine import Rule
from callcenterd.media.recording import DiskFile, OpenFile
from callcenterd.media.sdp import AudioFormat
from callcenterd.media.sockets import NoPorts, Ports, Sockets, open_sockets
from callcenterd.media.writer import Writer
from callcenterd.model.ids import LegId, RecordingId

_log = structlog.get_logger(__name__)

MOST_LEGS = 8192
SWITCH_INTERVAL = 0.0005
"""Seconds. At Python's 5 ms a busy loop keeps the tick waiting for longer than the tick may take."""
GIVE_UP = 0.2
"""Seconds behind: no catching up any more, that time is left out."""
BUCKETS_MS = (0.5, 1.0, 2.0, 4.0, 10.0, 20.0, 40.0, 100.0)
_REMEMBERED = 512  # ticks, ten seconds
_LOGGED_EVERY = 500
_ORDERS_MAY_TAKE = 0.004
"""Seconds of one tick; what is left is done in the next. A thousand orders at once are not heard as a gap."""


@dataclass(frozen=True, slots=True)
class TickFigures:
    """late: how long after its time a tick began; work: how long it took. Percentiles are of the last ten seconds.

    late_buckets: since the start, ticks that began at most so many ms late, as Prometheus counts them; math.inf last.
    skipped:      ticks that were left out because the thread was GIVE_UP behind.
    """

    ticks: int
    skipped: int
    faults: int
    late_ms_p50: float
    late_ms_p95: float
    late_ms_p99: float
    late_ms_max: float
    late_ms_sum: float
    late_buckets: Mapping[float, int]
    work_ms_p50: float
    work_ms_p99: float
    cpu_seconds: float
    legs: int
    recordings: int


class Media:
    """All sound. tell is called on the loop's thread, once a fact."""

    def __init__(
        self,
        *,
        clock: Clock,
        ports: range,
        tell: Callable[[MediaFact], None],
        recordings: Path,
        chance: random.Random | None = None,
        sockets: Callable[[int], Sockets] = open_sockets,
        open_file: OpenFile = DiskFile,
        paused_tone: bool = False,
    ) -> None:
        """recordings: the folder that a relative path given to `record` is in. chance: of SSRCs; None: the system's.

        paused_tone: where a recording is paused it holds a soft tone, not silence.
        """
        self._clock = clock
        self._tell = tell
        self._recordings = recordings
        self._ports = Ports(ports)
        self._rows = max(1, min(len(self._ports), MOST_LEGS))
        self._writer = Writer(clock, lambda fact: self._out([fact]), open_file)
        self._engine = Engine(
            rows=self._rows,
            chance=chance or random.SystemRandom(),
            sockets=sockets(self._rows),
            keeper=self._writer,
            paused_tone=paused_tone,
        )
        self._orders: deque[Callable[[], None]] = deque()
        self._legs = itertools.count(1)
        self._plays = itertools.count(1)
        self._open: set[LegId] = set()
        self._without_reports: dict[LegId, tuple[str, int]] = {}  # leg → host and port of its sound
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="media", daemon=True)
        self._stopping = False
        self._ticks = self._skipped = self._faults = 0
        self._late_sum = self._cpu = 0.0
        self._late = np.zeros(_REMEMBERED)
        self._work = np.zeros(_REMEMBERED)
        self._buckets = np.zeros(len(BUCKETS_MS) + 1, np.int64)

    # ---- from the loop's thread ------------------------------------------------------------------------------

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """loop: where facts are told."""
        self._loop = loop
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._writer.start()
        self._thread.start()

    def stop(self) -> None:
        """Close every leg and recording. The last facts are told to the loop after this returns."""
        self._stopping = True
        if self._thread.is_alive():
            self._thread.join()
        self._obey(float("inf"))
        self._out(self._engine.shut())
        if self._loop is not None:
            self._writer.stop()

    def open_leg(self, local_host: str) -> tuple[LegId, int]:
        """A leg and the port that it listens on. Raises NoPorts."""
        with self._lock:
            if len(self._open) >= self._rows:
                raise NoPorts(f"all {self._rows} legs are in use")
            leg = LegId(next(self._legs))
            self._open.add(leg)
        try:
            bound = self._ports.open(local_host)
        except NoPorts:
            self._open.discard(leg)
            raise
        port = int(bound.getsockname()[1])
        self._without_reports[leg] = local_host, port
        fd = bound.detach()
        self._orders.append(lambda: self._engine.open(leg, fd))
        return leg, port

    def connect(self, leg: LegId, remote: tuple[str, int], audio: AudioFormat) -> None:
        """Where the leg's sound goes, and how it sounds; again when that changes. remote: an IPv4 address."""
        fd = self._reports_fd(leg, audio)
        self._orders.append(lambda: self._engine.connect(leg, remote, audio, self._clock.monotonic(), fd))

    def _reports_fd(self, leg: LegId, audio: AudioFormat) -> int | None:
        """The odd port above the leg's own, bound when reports are first agreed to come there; later it has it."""
        if audio.reports is None or audio.reports_shared or (place := self._without_reports.pop(leg, None)) is None:
            return None
        bound = self._ports.open_beside(*place)
        return None if bound is None else bound.detach()

    def close_leg(self, leg: LegId) -> None:
        self._without_reports.pop(leg, None)
        self._orders.append(lambda: self._close(leg))

    def bridge(self, a: LegId, b: LegId) -> None:
        """Both hear each other, bit for bit where they have one codec, and nobody else."""
        self._orders.append(lambda: self._engine.bridge(a, b))

    def unbridge(self, a: LegId) -> None:
        self._orders.append(lambda: self._engine.unbridge(a))

    def hear(self, leg: LegId, others: Collection[LegId]) -> None:
        """The leg hears the sum of all `others`: conference, listening in. They do not hear it by this."""
        heard = tuple(others)
        self._orders.append(lambda: self._engine.hear(leg, heard))

    def play(self, leg: LegId, sounds: Sequence[NDArray[np.int16]], *, repeat: bool = False) -> PlayId:
        """One after the other, instead of what played and of the bridge. PlayEnded tells when it is over."""
        play, all_sounds = PlayId(next(self._plays)), tuple(sounds)
        self._orders.append(lambda: self._engine.play(leg, play, all_sounds, repeat=repeat))
        return play

    def stop_play(self, leg: LegId) -> None:
        self._orders.append(lambda: self._engine.stop_play(leg))

    def announce(self, leg: LegId, sounds: Sequence[NDArray[np.int16]]) -> PlayId:
        """Over what the leg hears, and for nobody else. PlayEnded tells when it is over."""
        play, all_sounds = PlayId(next(self._plays)), tuple(sounds)
        self._orders.append(lambda: self._engine.announce(leg, play, all_sounds))
        return play

    def stop_announcement(self, leg: LegId) -> None:
        self._orders.append(lambda: self._engine.stop_announcement(leg))

    def record(self, recording: RecordingId, path: Path, caller: LegId, other: LegId | None) -> None:
        """Stereo A-law WAV: left what comes from `caller`, right from `other` (None: nothing). path must not exist."""
        full = self._recordings / path
        self._orders.append(lambda: self._engine.record(recording, full, caller, other))

    def record_other(self, recording: RecordingId, other: LegId) -> None:
        """The right side is another leg from now on (a transfer)."""
        self._orders.append(lambda: self._engine.record_other(recording, other))

    def record_others(self, recording: RecordingId, others: Collection[LegId]) -> None:
        """The right side is the sum of all these from now on (a conference); None of them: silence."""
        heard = tuple(others)
        self._orders.append(lambda: self._engine.record_others(recording, heard))

    def pause_recording(self, recording: RecordingId) -> None:
        """Nothing that is said is kept until `resume_recording`; the file holds silence of the same length."""
        self._orders.append(lambda: self._engine.pause_recording(recording))

    def resume_recording(self, recording: RecordingId) -> None:
        self._orders.append(lambda: self._engine.resume_recording(recording))

    def record_caller(self, recording: RecordingId, caller: LegId) -> None:
        """The left side is another leg from now on: who called has handed the call on."""
        self._orders.append(lambda: self._engine.record_caller(recording, caller))

    def stop_recording(self, recording: RecordingId) -> None:
        """RecordingClosed follows when the file is whole."""
        self._orders.append(lambda: self._engine.stop_recording(recording))

    def send_keys(self, leg: LegId, keys: str) -> None:
        """As telephone-events, or as tones to a leg that knows none."""
        self._orders.append(lambda: self._engine.send_keys(leg, keys))

    def relay_keys(self, leg: LegId, *, wanted: bool) -> None:
        """Is the leg sent the keys that who is joined with it presses?"""
        self._orders.append(lambda: self._engine.relay_keys(leg, wanted=wanted))

    def press(self, leg: LegId, key: str) -> None:
        """A key that came by signalling: told by KeyHeard and passed on as one in the sound, and once with it."""
        self._orders.append(lambda: self._engine.press(leg, key))

    def judge(self, leg: LegId, rule: Rule) -> None:
        """Has a person or a machine picked up? Asked in the moment of the answer; LegJudged tells it."""
        self._orders.append(lambda: self._engine.judge(leg, rule))

    def statistics(self, leg: LegId) -> LegStatistics:
        """Raises NotFound, also for a leg that was opened since the last tick."""
        return self._engine.statistics(leg)

    def lateness(self, ticks: int = _REMEMBERED) -> TickFigures:
        """ticks: of how many the percentiles are, the last ones."""
        some = min(self._ticks, _REMEMBERED, ticks) or 1
        last = (self._ticks - 1 - np.arange(some)) % _REMEMBERED
        late, work = self._late[last] * 1000, self._work[last] * 1000
        counts = np.cumsum(self._buckets).tolist()
        return TickFigures(
            ticks=self._ticks,
            skipped=self._skipped,
            faults=self._faults,
            late_ms_p50=float(np.percentile(late, 50)),
            late_ms_p95=float(np.percentile(late, 95)),
            late_ms_p99=float(np.percentile(late, 99)),
            late_ms_max=float(late.max()),
            late_ms_sum=self._late_sum * 1000,
            late_buckets=dict(zip((*BUCKETS_MS, float("inf")), counts, strict=True)),
            work_ms_p50=float(np.percentile(work, 50)),
            work_ms_p99=float(np.percentile(work, 99)),
            cpu_seconds=self._cpu,
            legs=self._engine.legs,
            recordings=self._engine.recordings,
        )

    # ---- on the media thread ---------------------------------------------------------------------------------

    def _run(self) -> None:
        due = self._clock.monotonic()
        while not self._stopping:
            early = due - self._clock.monotonic()
            if early > 0:
                time.sleep(early)
            begun = self._clock.monotonic()
            self._one_tick(begun)
            ended = self._clock.monotonic()
            self._remember(max(0.0, begun - due), ended - begun)
            due += TICK
            if ended - due > GIVE_UP:
                left_out = int((ended - due) / TICK)
                self._skip(left_out)
                self._skipped += left_out
                due += left_out * TICK

    def _one_tick(self, now: float) -> None:
        self._obey(now + _ORDERS_MAY_TAKE)
        try:
            self._out(self._engine.tick(now))
        except Exception:  # noqa: BLE001  # a fault in one tick must not end everybody's sound
            self._fault("tick failed")

    def _skip(self, ticks: int) -> None:
        try:
            self._engine.skip(ticks)
        except Exception:  # noqa: BLE001  # as above
            self._fault("skipping failed")

    def _obey(self, until: float) -> None:
        for _ in range(len(self._orders)):
            order = self._orders.popleft()
            try:
                order()
            except Exception:  # noqa: BLE001  # one order's fault must not keep the others from being done
                self._fault("order failed")
            if self._clock.monotonic() >= until:
                break

    def _fault(self, what: str) -> None:
        """Fifty lines a second would be a fault of their own."""
        self._faults += 1
        if self._faults % _LOGGED_EVERY == 1:
            _log.exception(what, faults=self._faults)

    def _close(self, leg: LegId) -> None:
        self._engine.close(leg)
        with self._lock:
            self._open.discard(leg)

    def _remember(self, late: float, work: float) -> None:
        n = self._ticks % _REMEMBERED
        self._late[n], self._work[n] = late, work
        self._buckets[np.searchsorted(BUCKETS_MS, late * 1000)] += 1
        self._late_sum += late
        self._cpu = time.thread_time()
        self._ticks += 1

    def _out(self, facts: Sequence[MediaFact]) -> None:
        """To the loop, together. After the loop's end nobody wants to know."""
        if not facts or self._loop is None:
            return
        try:
            self._loop.call_soon_threadsafe(self._deliver, facts)
        except RuntimeError:
            _log.debug("the loop is closed", facts=len(facts))

    def _deliver(self, facts: Sequence[MediaFact]) -> None:
        for fact in facts:
            try:
                self._tell(fact)
            except Exception:  # noqa: BLE001  # who hears one fact badly must still hear the next
                _log.exception("media fact", fact=type(fact).__name__)
