"""A disk that is really full: a small file system of our own, mounted in a namespace (no privilege is needed for it).

What was written stays, each recording is told once, and when there is room again new ones are whole.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from callcenterd.clock import SystemClock
from callcenterd.media.facts import MediaFact, RecordingClosed, RecordingFailed
from callcenterd.media.recording import DiskFile, repair, sealing
from callcenterd.media.writer import Writer
from callcenterd.model.ids import RecordingId
from callcenterd.sealed import Keys, id_of

KEY = bytes(range(32))
KEYS = Keys({id_of(KEY): KEY}, id_of(KEY))
SECOND = b"\xd5" * 16000
ROOM = 400
"""KiB: two recordings of twelve seconds, not of thirteen."""


class Recorded:
    """Recordings of one writer, and what was told of them."""

    def __init__(self, folder: Path, *, seal: bool) -> None:
        self._folder = folder
        self._told: list[MediaFact] = []
        self._closed = threading.Semaphore(0)
        self._writer = Writer(SystemClock(), self._hear, sealing(KEYS) if seal else DiskFile)
        self._writer.start()

    def _hear(self, fact: MediaFact) -> None:
        self._told.append(fact)
        if isinstance(fact, RecordingClosed):
            self._closed.release()

    def record(self, names: list[str], seconds: int) -> dict[str, Any]:
        """All of them at once; what was told of each, and what is left of it."""
        for name in names:
            self._writer.begin(RecordingId(name), self._folder / f"{name}.wav")
        for _ in range(seconds):
            for name in names:
                self._writer.append(RecordingId(name), SECOND)
        for name in names:
            self._writer.end(RecordingId(name))
        for _ in names:
            assert self._closed.acquire(timeout=20)
        failed = [fact for fact in self._told if isinstance(fact, RecordingFailed)]
        closed = [fact for fact in self._told if isinstance(fact, RecordingClosed)]
        self._told.clear()
        return {
            "failed": sorted(fact.recording for fact in failed),
            "why": sorted({fact.why for fact in failed}),
            "complete": [fact.complete for fact in closed],
            "seconds": [repair(self._folder / f"{name}.wav", KEYS).seconds for name in names],
        }

    def stop(self) -> None:
        self._writer.stop()


def story(folder: Path, *, seal: bool) -> None:
    """In the namespace: until the disk is full, on the full disk, and when there is room again."""
    recorded = Recorded(folder, seal=seal)
    full = recorded.record(["a", "b"], seconds=16)
    for path in folder.iterdir():
        path.unlink()
    again = recorded.record(["c", "d"], seconds=4)
    recorded.stop()
    sys.stdout.write(json.dumps({"full": full, "again": again}) + "\n")


@pytest.mark.parametrize("seal", [False, True], ids=["plain", "sealed"])
def test_a_full_disk_costs_what_comes_after_and_nothing_else(tmp_path: Path, *, seal: bool) -> None:
    program = f"from pathlib import Path; from {__name__} import story; story(Path({str(tmp_path)!r}), seal={seal})"
    mounted = f'mount -t tmpfs -o size={ROOM}k none "{tmp_path}" && exec "$0" -c "$1"'
    paths = os.pathsep.join(path or os.curdir for path in sys.path)
    ended = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mounted, sys.executable, program],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout.splitlines()[-1])
    full, again = said["full"], said["again"]
    assert (full["failed"], full["why"]) == (["a", "b"], ["No space left on device"])
    assert full["complete"] == [False, False]
    assert all(11 <= seconds <= 13 for seconds in full["seconds"]), full
    assert again == {"failed": [], "why": [], "complete": [True, True], "seconds": [4.0, 4.0]}
    assert list(tmp_path.iterdir()) == [], "all of it was on the small disk"
