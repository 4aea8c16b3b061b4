"""Recordings: stereo A-law WAV, written while people talk, so that a crash leaves all but the last second.

Left is the caller, right the other side. The file is `PATH.part` until it is whole: header first, with the sizes
that mean "to the end of the file"; sound once a second; at the end the true header, fsync, rename, fsync of the
folder (RFC 2361 for A-law in WAV; the format is WAVEFORMATEX with cbSize 0 and a fact chunk).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import av
import numpy as np
from numpy.typing import NDArray

from callcenterd.errors import LocalError, RemoteError

RATE = 8000
CHANNELS = 2
HEADER = 58
"""Octets before the sound."""
_UNKNOWN = 0xFFFFFFFF
_MOST = _UNKNOWN - HEADER
_CHUNK = 1 << 20


class UnreadableSound(RemoteError):
    """A file that is no sound, or not one that we can read."""


class File(Protocol):
    """What a recording needs of its file; every method may raise OSError. `write` writes all of it or raises."""

    def write(self, octets: bytes) -> None: ...
    def write_at(self, octets: bytes, offset: int) -> None: ...
    def cut(self, octets: int) -> None: ...
    def sync(self) -> None: ...
    def publish(self, path: Path) -> None:
        """The file gets its final name, and both the name and the octets survive a power cut."""

    def close(self) -> None: ...


OpenFile = Callable[[Path], File]


class DiskFile:
    """A file of the operating system, without buffers of ours: what was written is with the kernel."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)

    def write(self, octets: bytes) -> None:
        rest = memoryview(octets)
        while rest:
            rest = rest[os.write(self._fd, rest) :]

    def write_at(self, octets: bytes, offset: int) -> None:
        while octets:
            written = os.pwrite(self._fd, octets, offset)
            octets, offset = octets[written:], offset + written

    def cut(self, octets: int) -> None:
        os.ftruncate(self._fd, octets)

    def sync(self) -> None:
        os.fdatasync(self._fd)

    def publish(self, path: Path) -> None:
        os.fsync(self._fd)
        _publish(self._path, path)

    def close(self) -> None:
        os.close(self._fd)


def part_of(path: Path) -> Path:
    """Where a recording lies while it is not whole."""
    return path.with_name(path.name + ".part")


def header(octets: int) -> bytes:
    """The 58 octets before `octets` of sound; of unknown length for octets < 0."""
    data = _UNKNOWN if octets < 0 else octets
    riff = _UNKNOWN if octets < 0 else octets + HEADER - 8
    frames = 0 if octets < 0 else octets // CHANNELS
    return struct.pack(
        "<4sI4s 4sIHHIIHHH 4sII 4sI",
        b"RIFF", riff, b"WAVE",
        b"fmt ", 18, 6, CHANNELS, RATE, RATE * CHANNELS, CHANNELS, 8, 0,
        b"fact", 4, frames,
        b"data", data,
    )  # fmt: skip


class Recording:
    """One file being written. The first fault of the disk ends the writing, not the call.

    Every method but `close` raises OSError once; from then on `failed` says why and nothing more is written.
    """

    def __init__(self, path: Path, open_file: OpenFile = DiskFile) -> None:
        self.path = path
        self.octets = 0
        self.failed: OSError | None = None
        self._file: File | None = None
        try:
            self._file = open_file(part_of(path))
            self._file.write(header(-1))
        except OSError as fault:
            self.failed = fault
            with contextlib.suppress(OSError):
                self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def append(self, sound: bytes) -> None:
        """sound: whole frames of two octets, left and right."""
        if self.failed is not None or self._file is None:
            return
        if self.octets + len(sound) > _MOST:
            self.failed = OSError("a WAV file holds no more than 4 GiB")
            raise self.failed
        try:
            self._file.write(sound)
        except OSError as fault:
            self.failed = fault
            raise
        self.octets += len(sound)

    def sync(self) -> None:
        """All that was appended survives a power cut."""
        if self.failed is not None or self._file is None:
            return
        try:
            self._file.sync()
        except OSError as fault:
            self.failed = fault
            raise

    def close(self) -> None:
        """Make the file whole; twice changes nothing. Raises OSError if that fails; `repair` can take up the part."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.cut(HEADER + self.octets)  # a write that failed in its middle may have left something
            file.write_at(header(self.octets), 0)
            file.publish(self.path)
        except OSError as fault:
            self.failed = self.failed or fault
            raise
        finally:
            file.close()


# ---- afterwards ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RepairedRecording:
    """What is there. octets and sha256 of the whole file."""

    seconds: float
    octets: int
    sha256: str


def repair(path: Path) -> RepairedRecording:
    """Make what a crash left whole, under its final name. A recording that is whole already only gets measured.

    Raises LocalError if there is nothing there, or not a recording of ours. Blocks: not for the event loop.
    """
    part = part_of(path)
    try:
        if not path.exists():
            _mend(part)
            _publish(part, path)
        return measure(path)
    except FileNotFoundError:
        raise LocalError(f"there is no recording at {path}") from None


def _mend(part: Path) -> None:
    with part.open("r+b", buffering=0) as file:
        octets = max(0, os.fstat(file.fileno()).st_size - HEADER) // CHANNELS * CHANNELS
        start = file.read(HEADER)
        if not header(-1).startswith(start[:4]) or (len(start) == HEADER and start[8:36] != header(-1)[8:36]):
            raise LocalError(f"{part} is not a recording of ours")
        file.truncate(HEADER + octets)
        os.pwrite(file.fileno(), header(min(octets, _MOST)), 0)
        os.fsync(file.fileno())


def _publish(part: Path, path: Path) -> None:
    part.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def measure(path: Path) -> RepairedRecording:
    """Length and checksum of a whole recording. Raises OSError."""
    with path.open("rb") as file:
        sum_of_all = hashlib.file_digest(file, "sha256").hexdigest()
        octets = file.tell()
    return RepairedRecording(max(0, octets - HEADER) / (RATE * CHANNELS), octets, sum_of_all)


def read_sound(path: Path) -> NDArray[np.int16]:
    """Any audio file → one channel at 8 kHz. Raises UnreadableSound. Blocks: not for the loop nor the tick."""
    try:
        with av.open(str(path)) as container:
            resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
            frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
            frames += resampler.resample(None)
    except (av.FFmpegError, OSError, IndexError, ValueError) as fault:
        raise UnreadableSound(f"{path} cannot be read as sound: {fault}") from None
    if not frames:
        raise UnreadableSound(f"{path} holds no sound")
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(np.int16)
