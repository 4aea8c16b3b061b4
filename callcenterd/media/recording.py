"""Recordings: stereo A-law WAV, written while people talk, so that a crash leaves all but the last second.

Left is the caller, right the other side. The file is `PATH.part` until it is whole: header first, with the sizes
that mean "to the end of the file"; sound once a second; at the end the true header, fsync, rename, fsync of the
folder (RFC 2361 for A-law in WAV; the format is WAVEFORMATEX with cbSize 0 and a fact chunk). By choice the file is
sealed (`callcenterd.sealed`) while it is written: each second is a chunk that a crash leaves readable.
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

from callcenterd import sealed
from callcenterd.errors import LocalError, RemoteError
from callcenterd.sealed import Keys, NoKey

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


class SealedFile:
    """A file that is sealed while it is written; what is written at once is a chunk. Its own octets are hidden: a
    recording writes and cuts as if it were plain."""

    def __init__(self, file: File, keys: Keys) -> None:
        """Raises NoKey, OSError."""
        self._file = file
        self._sealing = sealed.Sealing(keys)
        self._first = 0
        self._chunks = self._held = 0
        self._end = sealed.HEAD
        file.write(self._sealing.head)

    def write(self, octets: bytes) -> None:
        chunk = self._sealing.chunk(self._chunks, octets)
        self._file.write(chunk)
        self._first = self._first or len(octets)
        self._chunks += 1
        self._held += len(octets)
        self._end += len(chunk)

    def write_at(self, octets: bytes, offset: int) -> None:
        """The first chunk anew, at its old length: the header."""
        if offset != 0 or len(octets) != self._first:
            raise OSError("only the header of a sealed recording can be written anew")
        self._file.write_at(self._sealing.chunk(0, octets), sealed.HEAD)

    def cut(self, octets: int) -> None:
        if octets != self._held:
            raise OSError("a sealed recording can be cut only behind what was written")
        self._file.cut(self._end)

    def sync(self) -> None:
        self._file.sync()

    def publish(self, path: Path) -> None:
        self._file.write_at(self._sealing.chunk(self._chunks, b"", last=True), self._end)
        self._file.publish(path)

    def close(self) -> None:
        self._file.close()


def sealing(keys: Keys, open_disk: OpenFile = DiskFile) -> OpenFile:
    """What opens sealed files. A key that is missing fails each recording, never a call."""

    def opened(path: Path) -> File:
        file = open_disk(path)
        try:
            return SealedFile(file, keys)
        except NoKey as fault:
            file.close()
            raise OSError(str(fault)) from None
        except BaseException:
            file.close()
            raise

    return opened


def refusing(why: str) -> OpenFile:
    """What opens nothing: an office that wants its recordings sealed gets none rather than plain ones."""

    def refused(path: Path) -> File:  # noqa: ARG001
        raise OSError(why)

    return refused


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


def repair(path: Path, keys: Keys | None = None) -> RepairedRecording:
    """Make what a crash left whole, under its final name. A recording that is whole already only gets measured.

    keys: of sealed ones. Raises NoKey if one is needed and not there (nothing is changed), and LocalError if there is
    nothing there, or not a recording of ours. Blocks: not for the event loop.
    """
    part = part_of(path)
    try:
        if not path.exists():
            if sealed.is_sealed(part):
                _mend_sealed(part, keys)
            else:
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


def _mend_sealed(part: Path, keys: Keys | None) -> None:
    """As `_mend`; the chunks that are true are kept."""
    if keys is None:
        raise NoKey(f"{part.name} is sealed, and there are no keys")
    if part.stat().st_size < sealed.HEAD:  # cut off in its head: there is nothing in it
        part.write_bytes(b"".join(sealed.sealed(keys, header(0))))
        return
    try:
        with sealed.Mending(part, keys) as mending:
            octets = max(0, mending.octets - HEADER)
            mending.close_with(header(octets))
    except sealed.BrokenSeal as fault:
        raise LocalError(f"{part} is not a recording of ours: {fault}") from None


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
    held = sealed.held(path) if sealed.is_sealed(path) else octets
    return RepairedRecording(max(0, held - HEADER) / (RATE * CHANNELS), octets, sum_of_all)


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
