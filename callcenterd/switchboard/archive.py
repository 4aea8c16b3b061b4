"""What becomes of recordings when their calls are over: repaired, made small, watched over, given to who plays them.

One recording at a time, the oldest first, in a worker's process of its own that has the least right to the CPU; what
is not done today is done tonight, and what is left at the end of the server goes on at its next start. The order
(new file whole and named; store knows it, surely; old file removed) makes every moment one in which it plays.

Two things can go wrong for all recordings at once: the disk, and the keys. Each is an alarm that is raised once, is a
reason of /healthz and a number of /metrics for as long as it lasts, and ends by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import structlog
from numpy.typing import NDArray

from callcenterd import sealed
from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.errors import CallcenterdError, LocalError, NotFound
from callcenterd.media import recording as files
from callcenterd.model import events
from callcenterd.model.calls import RecordingFormat, RecordingRecord
from callcenterd.model.ids import CallId, RecordingId
from callcenterd.sealed import Keys, NoKey
from callcenterd.store.database import Store
from callcenterd.switchboard.custody import Custody
from callcenterd.worker import finishing
from callcenterd.worker.finishing import CannotFinish
from callcenterd.worker.pool import JobFailed, JobLost, Worker

_log = structlog.get_logger(__name__)

AlarmKind = Literal["failed", "space", "key", "worker"]

EVERY = 30.0
"""Seconds between two looks at what is left to do, when nothing tells of it."""
LOOK_EVERY = 10.0
"""Seconds between two looks at the room on the disk."""
PLAYED_SECONDS = 600.0
"""An old file that somebody plays stays for so long after the last part of it was asked for."""
TRIES = 3
"""For a job whose process dies or that takes too long; then it is taken to be the recording's fault."""
_OF_THE_SOUND = frozenset({CannotFinish.__name__, FileNotFoundError.__name__})
_OF_THE_DISK = frozenset({OSError.__name__, PermissionError.__name__, TimeoutError.__name__, BlockingIOError.__name__})
_SETTLE = 1.0
"""Seconds after a recording is closed: until the store has it."""
_JOB_SECONDS = 120.0
_SECONDS_OF_AN_HOUR = 300.0
_PEAKS_SECONDS = 60.0
VOICE_SECONDS = 20.0
"""Who waits for it is on the line."""
PART_SECONDS = 120.0
"""Of a recording that a phone hears: 2 MB."""
_READERS = 4
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Rules:
    """format: what recordings become. key_file: seals them; None: they are plain. keep_free_mb: room that is to be left
    on their disk."""

    format: RecordingFormat = "opus"
    key_file: Path | None = None
    keep_free_mb: int = 1000


@dataclass(frozen=True, slots=True)
class Alarm:
    at: datetime
    kind: AlarmKind
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """A recording's file to be played. octets: of what it holds. sealed: `read` gives its octets, nothing else does."""

    path: Path
    octets: int
    format: RecordingFormat
    sealed: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """values: (n, 2), how loud each side was from begin to end, in equal shares. silences: of the whole recording, all
    in seconds of it."""

    seconds: float
    begin: float
    end: float
    values: NDArray[np.uint8]
    silences: Sequence[tuple[float, float]]


class Archive:
    """live: calls on the line now, whose recordings are nobody's business but the media room's."""

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        worker: Worker,
        folder: Path,
        rules: Rules,
        live: Callable[[], Collection[CallId]],
        free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        """worker: of its own, started by who builds this. free: octets of room on the disk of a folder; may raise
        OSError."""
        self._store = store
        self._bus = bus
        self._clock = clock
        self._worker = worker
        self._folder = folder
        self._rules = rules
        self._live = live
        self._free = free
        self._wanted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._tries: dict[RecordingId, int] = {}
        self._played: dict[RecordingId, tuple[Found, float]] = {}
        self._swap = asyncio.Lock()
        self._readers = asyncio.Semaphore(_READERS)
        self._making: dict[RecordingId, asyncio.Task[None]] = {}
        self._alarms: dict[AlarmKind, Alarm] = {}
        self._failed_at: datetime | None = None
        self._begun: dict[RecordingId, datetime] = {}
        self._backlog = self.finished = self.unfinishable = 0
        self._room = 0
        self.custody = Custody(store, clock, folder)
        self.keys: Keys | None = None
        """None: recordings are plain, or the keys cannot be had (then there is an alarm)."""
        self._keys_suffice = True
        self._read_keys()
        bus.listen(events.RecordingStarted, self._started)
        bus.listen(events.RecordingFinished, self._closed)
        bus.listen(events.RecordingFailed, self._failed)

    def open_new(self, path: Path) -> files.File:
        """For the media room, on its threads: sealed if that is the rule, and then not at all if it cannot be.

        Raises OSError.
        """
        keys = self.keys
        if self._rules.key_file is None:
            return files.DiskFile(path)
        if keys is None:
            raise OSError("there is no key to seal it with")
        return files.sealing(keys)(path)

    @property
    def folder(self) -> Path:
        """Of all recordings."""
        return self._folder

    @property
    def key_file(self) -> Path | None:
        """With which a worker opens sealed ones. None: they are plain."""
        return self._rules.key_file

    @property
    def keep_free(self) -> int:
        """Octets of room that are to be left on their disk."""
        return self._rules.keep_free_mb * MB

    @property
    def ending(self) -> str:
        """Of the names of new recordings."""
        return ".wav" if self._rules.key_file is None else f".wav{finishing.SEALED}"

    def start(self) -> None:
        self._tasks = [asyncio.create_task(work) for work in (self._run(), self._watch(), self.custody.run())]

    async def stop(self) -> None:
        """What is half done is done anew at the next start."""
        tasks = [*self._tasks, *self._making.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ---- the alarms -------------------------------------------------------------------------------------

    def alarms(self) -> list[Alarm]:
        """What is wrong now, the newest first."""
        return sorted(self._alarms.values(), key=lambda alarm: alarm.at, reverse=True)

    def counters(self) -> Mapping[str, float]:
        """For /metrics."""
        return {
            "recordings_unfinished": self._backlog,
            "recordings_finished_total": self.finished,
            "recordings_unfinishable_total": self.unfinishable,
            "recordings_free_bytes": self._room,
            "recordings_alarms": len(self._alarms),
            **self.custody.counters(),
        }

    def _raise(self, kind: AlarmKind, why: str) -> None:
        """Told once for as long as it lasts, however many recordings it is true of."""
        if kind in self._alarms:
            return
        at = self._clock.utc()
        self._alarms[kind] = Alarm(at, kind, why)
        _log.error("recordings are in danger", kind=kind, why=why)
        self._bus.publish(events.RecordingAlarm(at=at, kind=kind, why=why, raised=True))

    def _lower(self, kind: AlarmKind) -> None:
        alarm = self._alarms.pop(kind, None)
        if alarm is not None:
            _log.warning("recordings are well again", kind=kind)
            self._bus.publish(events.RecordingAlarm(at=self._clock.utc(), kind=kind, why=alarm.why, raised=False))

    def _read_keys(self) -> None:
        """A key that was added, or has come back, counts from now on."""
        if self._rules.key_file is None:
            return
        try:
            self.keys = sealed.read_keys(self._rules.key_file)
        except NoKey as fault:
            self.keys = None
            self._raise("key", str(fault))

    def _started(self, fact: events.RecordingStarted) -> None:
        self._begun[fact.recording] = fact.at

    def _failed(self, fact: events.RecordingFailed) -> None:
        self._failed_at = fact.at
        self._raise("failed", fact.why)

    def _closed(self, fact: events.RecordingFinished) -> None:
        """One that began after the last failure and is whole says that the disk is well again."""
        begun = self._begun.pop(fact.recording, None)
        if fact.complete and begun is not None and (self._failed_at is None or begun > self._failed_at):
            self._lower("failed")
        self._wanted.set()

    async def _watch(self) -> None:
        while True:
            try:
                await self.measure()
            except OSError as fault:
                _log.error("the room on the disk of recordings is not known", why=str(fault))
            await asyncio.sleep(LOOK_EVERY)

    async def measure(self) -> None:
        """How much room is left. Raises OSError."""
        self._room = await asyncio.to_thread(self._free, self._folder)
        wanted = self._rules.keep_free_mb * MB
        if self._room < wanted:
            self._raise("space", f"{self._room // MB} MB are free, {self._rules.keep_free_mb} MB are to be")
        elif self._room > wanted * 1.1:  # not told and taken back with every call at the edge
            self._lower("space")

    # ---- the work ---------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._wanted.clear()
            try:
                await self.look()
            except CallcenterdError as fault:  # the database, first of all: it is tried again
                _log.warning("recordings are finished later", why=str(fault))
            except Exception:  # noqa: BLE001  # what is at fault with one must not end the work for all
                _log.exception("recordings are finished later")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._wanted.wait()
            await asyncio.sleep(_SETTLE)

    async def look(self) -> None:
        """Everything that can be done now. Its own task does it again and again."""
        self._read_keys()
        self._keys_suffice = self._rules.key_file is None or self.keys is not None
        await self._repair()
        await self._unlink_old()
        passed: set[RecordingId] = set()
        while True:
            self._backlog = await self._store.recordings.count_unfinished()
            waiting = [one for one in await self._store.recordings.unfinished() if one.id not in passed]
            if not waiting:
                break
            for record in waiting:
                passed.add(record.id)
                if not await self._one(record):
                    return
        if self._keys_suffice:
            self._lower("key")

    async def _one(self, record: RecordingRecord) -> bool:
        """Is there a point in going on with the next one."""
        if record.finishing == "kept":
            await self._remove_old(record)
            return True
        try:
            made = await self._worker.run(
                finishing.finish,
                self._folder / record.path,
                self._rules.format,
                self._rules.key_file,
                timeout=_JOB_SECONDS + (record.seconds or 0.0) / 3600 * _SECONDS_OF_AN_HOUR,
            )
        except JobFailed as fault:
            return await self._not_finished(record, fault)
        self._tries.pop(record.id, None)
        self._lower("worker")
        self.finished += 1
        if made.name == Path(record.path).name:
            await self._store.recordings.settle(record.id, "done")
            return True
        path = str(Path(record.path).with_name(made.name))
        await self._store.recordings.replace(
            record, path=path, kind=made.format, octets=made.octets, sha256=made.sha256
        )
        await self._remove_old(replace(record, original_path=record.path, path=path))
        return True

    async def _not_finished(self, record: RecordingRecord, fault: JobFailed) -> bool:
        """What is wrong with the sound stays wrong; a disk, a key or a process may be well again at the next look.

        Answers as `_one`.
        """
        tries = self._tries.get(record.id, 0)
        if fault.raised == NoKey.__name__:
            self._keys_suffice = False
            self._raise("key", fault.why)
            return True
        if fault.raised in _OF_THE_DISK or not (fault.raised or isinstance(fault, JobLost)):
            self._raise("worker", fault.why)
            return False
        if fault.raised not in _OF_THE_SOUND and tries + 1 < TRIES:
            self._tries[record.id] = tries + 1
            return True
        _log.error("recording stays as it was written", recording=record.id, why=fault.why)
        self.unfinishable += 1
        self._tries.pop(record.id, None)
        await self._store.recordings.settle(record.id, "failed")
        return True

    async def _remove_old(self, record: RecordingRecord) -> None:
        """The new file is known; the old one goes when nobody plays it any more."""
        async with self._swap:
            found, until = self._played.get(record.id, (None, 0.0))
            old = self._folder / (record.original_path or "")
            if found is not None and found.path == old and self._clock.monotonic() < until:
                return
            if record.original_path:
                await asyncio.to_thread(old.unlink, missing_ok=True)
        await self._store.recordings.settle(record.id, "done")

    async def _repair(self) -> None:
        """What was being written when the last run was cut off, or could not be closed, becomes whole."""
        for kept in await self._store.recordings.open_ones():
            if kept.call_id in self._live() or kept.finished_at is None:
                continue
            try:
                found = await asyncio.to_thread(files.repair, self._folder / kept.path, self.keys)
            except NoKey as fault:
                self._keys_suffice = False
                self._raise("key", str(fault))
                continue
            except OSError as fault:  # the disk is still full, or still sick
                _log.warning("recording is repaired later", recording=kept.id, why=str(fault))
                continue
            except LocalError as fault:
                _log.error("recording cannot be repaired", recording=kept.id, why=str(fault))
                found = files.RepairedRecording(0.0, 0, "")
            await self._store.recordings.finish(
                kept.id,
                finished_at=kept.finished_at,
                seconds=found.seconds,
                octets=found.octets,
                sha256=found.sha256,
                complete=False,
            )

    # ---- removing ---------------------------------------------------------------------------------------

    async def remove(self, recording: RecordingId, by: str, why: str) -> RecordingRecord:
        """Nobody hears it any more, from now on; its files go at once, or at the next look if the disk does not let
        them. What it was. Raises NotFound, NotNow."""
        removed = await self._store.recordings.remove(recording, by, why, self._clock.utc())
        self._played.pop(recording, None)
        self._bus.publish(
            events.RecordingRemoved(at=self._clock.utc(), recording=recording, call=removed.call_id, by=by, why=why)
        )
        await self._unlink(removed)
        return removed

    async def _unlink(self, removed: RecordingRecord) -> None:
        path = self._folder / removed.path
        names = [
            path,
            finishing.peaks_of(path),
            *([self._folder / removed.original_path] if removed.original_path else []),
        ]
        try:
            for name in names:
                if name.resolve().is_relative_to(self._folder.resolve()):
                    await asyncio.to_thread(name.unlink, missing_ok=True)
        except OSError as fault:
            _log.error("a removed recording's file stays for now", recording=removed.id, why=str(fault))
            return
        await self._store.recordings.unlinked(removed.id)

    async def _unlink_old(self) -> None:
        """What a crash, or the disk, has kept."""
        for removed in await self._store.recordings.to_unlink():
            await self._unlink(removed)

    # ---- playing ----------------------------------------------------------------------------------------

    async def find(self, recording: RecordingId) -> Found:
        """The file to play. Who began to play the old one of two goes on with it, though the new one is there.

        Raises NotFound, also for a file that is gone or a path that leads out of the folder.
        """
        async with self._swap:
            now = self._clock.monotonic()
            self._played = {name: entry for name, entry in self._played.items() if entry[1] > now}
            found, _ = self._played.get(recording, (None, 0.0))
            if found is None:
                record = await self._store.recordings.get(recording)
                if record.removed_at is not None:
                    raise NotFound("recording", recording)
                found = await asyncio.to_thread(_look_at, self._folder, record)
            self._played[recording] = found, now + PLAYED_SECONDS
            return found

    async def prove(self, found: Found) -> None:
        """A sealed recording can be opened, and is whole. Raises NoKey, BrokenSeal, NotFound."""
        try:
            (await asyncio.to_thread(self._open, found)).close()
        except OSError as fault:
            raise NotFound("recording", found.path.name) from fault

    async def read(self, found: Found, start: int, end: int, take: Callable[[bytes], Any]) -> None:
        """Give the octets from start to before end of a sealed recording to `take`, piece by piece, and wait for it.

        Raises NoKey, BrokenSeal, OSError.
        """
        async with self._readers:
            opened = await asyncio.to_thread(self._open, found)
            try:
                opened.seek(start)
                while start < end and (octets := await asyncio.to_thread(opened.read, min(1 << 16, end - start))):
                    start += len(octets)
                    await take(octets)
            finally:
                opened.close()

    def _open(self, found: Found) -> sealed.Opened:
        if self.keys is None:
            raise NoKey("there are no keys")
        return sealed.Opened(found.path, self.keys)

    async def peaks(self, record: RecordingRecord, points: int | None = None) -> tuple[float, NDArray[np.uint8]]:
        """Seconds, and (n, 2) how loud each side was in equal shares of them, 0 to 255; n is at most `points`, if that
        is said.

        They are made now if they are not there yet. Raises NotFound, CannotFinish, NoKey, JobFailed.
        """
        path = finishing.peaks_of(self._folder / record.path)
        try:
            octets = await asyncio.to_thread(self._whole, path)
        except FileNotFoundError:
            await self._make_peaks(record)
            octets = await asyncio.to_thread(self._whole, path)
        seconds, values = finishing.read_peaks(octets)
        return seconds, values if points is None else _fewer(values, points)

    async def picture(
        self, record: RecordingRecord, points: int, begin: float = 0.0, end: float | None = None
    ) -> Picture:
        """For the eye: at most so many points of that part (seconds), and where nobody speaks. Raises as `peaks`."""
        seconds, values = await self.peaks(record)
        first = min(int(begin * finishing.PEAKS_A_SECOND), max(0, len(values) - 1))
        last = (
            len(values) if end is None else max(first + 1, int(np.ceil(min(end, seconds) * finishing.PEAKS_A_SECOND)))
        )
        until = min(seconds, last / finishing.PEAKS_A_SECOND)
        silences = [(since, min(seconds, to)) for since, to in finishing.silences(values)]
        return Picture(seconds, first / finishing.PEAKS_A_SECOND, until, _fewer(values[first:last], points), silences)

    async def voice_of(self, path: Path) -> NDArray[np.int16]:
        """The left side of a whole recording as it was written: who called. Raises JobFailed."""
        return await self._worker.run(finishing.voice_of, path, self._rules.key_file, timeout=VOICE_SECONDS)

    async def part_of(self, recording: RecordingId, begin: float) -> NDArray[np.int16]:
        """Both sides together, for a phone: from second `begin` on, PART_SECONDS of it at most; nothing behind its end.

        Raises NotFound, JobFailed.
        """
        found = await self.find(recording)
        return await self._worker.run(
            finishing.part_of, found.path, self._rules.key_file, begin, PART_SECONDS, timeout=VOICE_SECONDS
        )

    def _whole(self, path: Path) -> bytes:
        """Raises OSError, NoKey, BrokenSeal."""
        octets = path.read_bytes()
        if not octets.startswith(sealed.MAGIC):
            return octets
        if self.keys is None:
            raise NoKey(f"{path.name} is sealed, and there are no keys")
        with sealed.Opened(path, self.keys) as opened:
            return io.BufferedReader(opened).read()

    async def _make_peaks(self, record: RecordingRecord) -> None:
        """However many ask for them, they are made once."""
        task = self._making.get(record.id)
        if task is None:
            task = self._making[record.id] = asyncio.create_task(self._ask_for_peaks(record.id))
            task.add_done_callback(lambda _: self._making.pop(record.id, None))
        await asyncio.shield(task)

    async def _ask_for_peaks(self, recording: RecordingId) -> None:
        found = await self.find(recording)
        await self._worker.run(finishing.make_peaks, found.path, self._rules.key_file, timeout=_PEAKS_SECONDS)


def _look_at(folder: Path, record: RecordingRecord) -> Found:
    """Raises NotFound."""
    path = (folder / record.path).resolve()
    try:
        if not path.is_relative_to(folder.resolve()) or not path.is_file():
            raise NotFound("recording", record.id)
        is_sealed = sealed.is_sealed(path)
        octets = sealed.held(path) if is_sealed else path.stat().st_size
    except OSError:
        raise NotFound("recording", record.id) from None
    return Found(path, octets, record.format, is_sealed)


def _fewer(values: NDArray[np.uint8], points: int) -> NDArray[np.uint8]:
    """(n, 2) with n at most points: the highest of each share."""
    if len(values) <= points:
        return values
    starts = np.arange(points) * len(values) // points
    highest: NDArray[np.uint8] = np.maximum.reduceat(values, starts, axis=0)
    return highest
