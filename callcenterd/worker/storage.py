"""What lies in folders: how many files, how large, how much of it is new. A job of the worker: an office's recordings
are hundreds of thousands of files, and to ask the disk for each of them takes seconds.

Links are not followed, but for the folders themselves: recordings often lie on a disk of their own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from callcenterd.clock import SystemClock

MOST_FILES = 5_000_000
LOOK_AT_THE_TIME_EVERY = 1000
"""Files."""
_CLOCK = SystemClock()
"""Of the worker's process: nobody can hand it one."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one name: files, and their octets. new_octets: of files written since the moment that was asked for. oldest:
    when the oldest file was written, in seconds of the epoch; None: there is none. disk: which of the disks it lies on;
    None: there is no such folder. whole: nothing was left out.
    """

    files: int = 0
    octets: int = 0
    new_octets: int = 0
    oldest: float | None = None
    disk: int | None = None
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Disk:
    """total, free: octets; free: what we may write."""

    total: int
    free: int


@dataclass(frozen=True, slots=True)
class Measure:
    """disks: by what `Measured.disk` says."""

    of: Mapping[str, Measured]
    disks: Mapping[int, Disk]


def measure(
    folders: Mapping[str, Sequence[Path]], apart: Collection[Path], since: float, seconds: float, most: int = MOST_FILES
) -> Measure:
    """folders: by name; of a folder within another one of them it is counted under its own name alone, and so are the
    files that stand apart: not at all. since: seconds of the epoch. What is not seen after so many seconds, or so many
    files, is left out.
    """
    until = _CLOCK.monotonic() + seconds
    roots = {folder.resolve() for each in folders.values() for folder in each}
    left_out = roots | {path.resolve() for path in apart}
    found: dict[str, Measured] = {}
    disks: dict[int, Disk] = {}
    for name, places in folders.items():
        tally = _Tally(since, until, most)
        disk = None
        for folder in places:
            try:
                device = folder.stat().st_dev
                usage = shutil.disk_usage(folder)
            except OSError:  # a folder that is made when something is first put into it
                continue
            if disk is None:
                disk = device
                disks[device] = Disk(usage.total, usage.free)
            tally.walk(folder.resolve(), left_out)
        most -= tally.files
        found[name] = Measured(tally.files, tally.octets, tally.new_octets, tally.oldest, disk, tally.whole)
    return Measure(found, disks)


class _Tally:
    def __init__(self, since: float, until: float, most: int) -> None:
        self._since, self._until, self._most = since, until, most
        self.files = self.octets = self.new_octets = 0
        self.oldest: float | None = None
        self.whole = True

    def walk(self, root: Path, left_out: Collection[Path]) -> None:
        for entry in self._entries(root, {str(path) for path in left_out} - {str(root)}):
            if self.files >= self._most or self._is_late():
                self.whole = False
                return
            try:
                stat = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # finished and renamed in this moment
                continue
            self.files += 1
            self.octets += stat.st_size
            if stat.st_mtime >= self._since:
                self.new_octets += stat.st_size
            if self.oldest is None or stat.st_mtime < self.oldest:
                self.oldest = stat.st_mtime

    def _is_late(self) -> bool:
        if self.files % LOOK_AT_THE_TIME_EVERY:
            return False
        return _CLOCK.monotonic() > self._until

    def _entries(self, root: Path, left_out: Collection[str]) -> Iterator[os.DirEntry[str]]:
        """All files, without those left out and what lies in folders left out."""
        waiting = [str(root)]
        while waiting:
            try:
                listed = os.scandir(waiting.pop())
            except OSError:  # gone, or not ours to read: what is in it is not known
                self.whole = False
                continue
            with listed:
                for entry in listed:
                    if entry.path in left_out:
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        yield entry
