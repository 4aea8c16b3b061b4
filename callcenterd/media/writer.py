"""The threads that write recordings, so that the tick never waits for a disk.

One appends: nothing there waits for the disk itself, only for the kernel to take the octets. The other makes
things last: fdatasync of each recording every SYNCED seconds, and at the end header, fsync, rename, checksum.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from callcenterd.clock import Clock
from callcenterd.media.facts import MediaFact, RecordingClosed, RecordingFailed
from callcenterd.media.recording import DiskFile, OpenFile, Recording, measure, part_of
from callcenterd.model.ids import RecordingId

_log = structlog.get_logger(__name__)

SYNCED = 5.0
MOST_WAITING = 64 << 20
"""Octets that may wait for a disk that stands still; what comes on top is lost, and the recording says so."""


@dataclass(slots=True)
class _Open:
    """recording None: the file could not even be made."""

    path: Path
    recording: Recording | None
    told: bool
    synced: float
    syncing: bool = False


class Writer:
    """begin, append and end return at once and are meant for the media thread; `tell` is called on threads of ours."""

    def __init__(
        self,
        clock: Clock,
        tell: Callable[[MediaFact], None],
        open_file: OpenFile = DiskFile,
        *,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._clock = clock
        self._tell = tell
        self._open_file = open_file
        self._most_waiting = most_waiting
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._slow: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._open: dict[RecordingId, _Open] = {}
        self._waiting = 0
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, args=(self._work,), name="recordings", daemon=True),
            threading.Thread(target=self._run, args=(self._slow,), name="recordings-sync", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Everything asked for so far is done. What was not ended stays a part."""
        self._work.put(None)
        self._threads[0].join()
        self._slow.put(None)
        self._threads[1].join()

    # ---- on the media thread ---------------------------------------------------------------------------------

    def begin(self, recording: RecordingId, path: Path) -> None:
        self._work.put(lambda: self._begin(recording, path))

    def append(self, recording: RecordingId, sound: bytes) -> None:
        with self._lock:
            fits = self._waiting + len(sound) <= self._most_waiting
            self._waiting += len(sound) if fits else 0
        if fits:
            self._work.put(lambda: self._append(recording, sound))
        else:
            self._work.put(lambda: self._fail(recording, OSError("the disk is too slow")))

    def end(self, recording: RecordingId) -> None:
        self._work.put(lambda: self._end(recording))

    # ---- on the threads --------------------------------------------------------------------------------------

    def _run(self, work: queue.SimpleQueue[Callable[[], None] | None]) -> None:
        while (job := work.get()) is not None:
            try:
                job()
            except Exception:  # noqa: BLE001  # one recording's fault must not stop the others
                _log.exception("recording job failed")

    def _begin(self, name: RecordingId, path: Path) -> None:
        open_one = self._open[name] = _Open(path, None, told=False, synced=self._clock.monotonic())
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            open_one.recording = Recording(path, self._open_file)
        except OSError as fault:
            self._fail(name, fault)

    def _append(self, name: RecordingId, sound: bytes) -> None:
        with self._lock:
            self._waiting -= len(sound)
        open_one = self._open.get(name)
        if open_one is None or open_one.recording is None:
            return
        try:
            open_one.recording.append(sound)
        except OSError as fault:
            self._fail(name, fault)
            return
        now = self._clock.monotonic()
        if now - open_one.synced >= SYNCED and not open_one.syncing:
            open_one.synced, open_one.syncing = now, True
            self._slow.put(lambda: self._sync(name, open_one))

    def _sync(self, name: RecordingId, open_one: _Open) -> None:
        try:
            if open_one.recording is not None:
                open_one.recording.sync()
        except OSError as fault:
            self._fail(name, fault)
        finally:
            open_one.syncing = False

    def _fail(self, name: RecordingId, fault: OSError) -> None:
        """Told once for a recording; nothing more is written to it."""
        open_one = self._open.get(name)
        if open_one is None:
            return
        if open_one.recording is not None:
            open_one.recording.failed = open_one.recording.failed or fault
        if not open_one.told:
            open_one.told = True
            self._tell(RecordingFailed(name, fault.strerror or str(fault)))

    def _end(self, name: RecordingId) -> None:
        open_one = self._open.pop(name, None)
        if open_one is not None:
            self._slow.put(lambda: self._close(name, open_one))

    def _close(self, name: RecordingId, open_one: _Open) -> None:
        """recording.closed is told in any case: somebody waits for it."""
        path, recording = open_one.path, open_one.recording
        closed = RecordingClosed(name, path, 0.0, 0, "", complete=False)
        try:
            if recording is not None:
                recording.close()
                found = measure(path)
                complete = recording.failed is None
                closed = RecordingClosed(name, path, found.seconds, found.octets, found.sha256, complete)
        except OSError as fault:
            _log.error("recording left as a part", recording=name, part=str(part_of(path)), why=str(fault))
        self._tell(closed)
