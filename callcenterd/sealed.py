"""Sealed files: what lies on the disk can be read with the office's key only, and every change and cut is seen.

AES-256-GCM in chunks (NIST SP 800-38D), as STREAM does it (Hoang et al. 2015): the number of a chunk is in its nonce
and whether it is the last one in what it vouches for, so that chunks cannot be moved, left out, or taken from another
file. Each file has a key of its own, wrapped by one of the office's. A file grows by whole chunks; a crash leaves all
that were written readable, and that the last one is missing.

    head    "CCSEAL" 0 1 · key id (8) · nonce (12) · the file's key, wrapped (32 + 16); it vouches for the first 16
    chunk   length of what is in it, u32 little-endian, bit 31: the last one · chance (8) · sealed (length + 16)

A chunk's nonce is its number, u32 big-endian, and its chance: a chunk that is written anew (a header, when the length
is known) is never sealed with a nonce that was used. The last chunk may be empty.
"""

from __future__ import annotations

import bisect
import contextlib
import hashlib
import io
import os
import re
import stat
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from callcenterd.errors import LocalError, RemoteError

KEY = 32
TAG = 16
MAGIC = b"CCSEAL\x00\x01"
_KEY_ID = 8
_NONCE = 12
HEAD = len(MAGIC) + _KEY_ID + _NONCE + KEY + TAG
_CHUNK_HEAD = struct.Struct("<I8s")
_LAST = 1 << 31
LARGEST = 1 << 20
"""Octets in one chunk. Who seals more than that uses several."""
_LINE = re.compile(r"[0-9a-f]{64}")


class NoKey(LocalError):
    """A key is missing, or the file of keys cannot be used. Never says anything of a key but its id."""


class BrokenSeal(RemoteError):
    """A sealed file was changed, or its end is missing."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The office's keys by their ids. current: the id of the one that new files get; older ones still open theirs."""

    by_id: Mapping[bytes, bytes] = field(repr=False)
    current: bytes

    def open(self, key_id: bytes) -> AESGCM:
        """Raises NoKey."""
        key = self.by_id.get(key_id)
        if key is None:
            raise NoKey(f"the key {key_id.hex()} is not in the file of keys")
        return AESGCM(key)


def id_of(key: bytes) -> bytes:
    """What names a key and tells nothing of it."""
    return hashlib.sha256(b"callcenterd key" + key).digest()[:_KEY_ID]


def read_keys(path: Path) -> Keys:
    """The keys in a file: one a line, 64 hexadecimal digits; `#` begins a remark; the last one is for new files.

    Raises NoKey, also if others than its owner may read it.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(LARGEST).decode("ascii", errors="replace")
    except OSError as fault:
        raise NoKey(f"the file of keys {path} cannot be read: {fault.strerror}") from None
    if not stat.S_ISREG(mode) or stat.S_IMODE(mode) & 0o077:
        raise NoKey(f"the file of keys {path} may be read by others than its owner (chmod 600 it)")
    keys: list[bytes] = []
    for number, line in enumerate(text.splitlines(), start=1):
        written = line.partition("#")[0].strip()
        if written and not _LINE.fullmatch(written):
            raise NoKey(f"{path}:{number}: a key of 64 hexadecimal digits is wanted")
        if written:
            keys.append(bytes.fromhex(written))
    if not keys:
        raise NoKey(f"there is no key in {path}")
    return Keys({id_of(key): key for key in keys}, id_of(keys[-1]))


def add_key(path: Path) -> str:
    """A new key, which new files get from now on, at the end of the file; the file is made if there is none.

    Answers the key's id. Raises NoKey if what is there cannot be used, and OSError.
    """
    before = ""
    if path.exists():
        read_keys(path)
        before = path.read_text("ascii")
    key = os.urandom(KEY)
    beside = path.with_name(f".{path.name}.new")
    with contextlib.suppress(FileNotFoundError):
        beside.unlink()
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(fd, "w", encoding="ascii") as file:  # noqa: PTH123  # opened so that only its owner can read it
            file.write(f"{before}{'' if before.endswith(chr(10)) or not before else chr(10)}{key.hex()}\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return id_of(key).hex()


# ---- sealing ----------------------------------------------------------------------------------------------------


class Sealing:
    """One new file: its head and its chunks as octets. Who writes them sees to their order."""

    def __init__(self, keys: Keys) -> None:
        """Raises NoKey."""
        key, nonce = os.urandom(KEY), os.urandom(_NONCE)
        named = MAGIC + keys.current
        self.head = named + nonce + keys.open(keys.current).encrypt(nonce, key, named)
        self._key = AESGCM(key)

    def chunk(self, number: int, octets: bytes, *, last: bool = False) -> bytes:
        return _seal(self._key, number, octets, last=last)


def _seal(key: AESGCM, number: int, octets: bytes, *, last: bool) -> bytes:
    if len(octets) > LARGEST:
        raise LocalError(f"{len(octets)} octets are too many for one chunk")
    head = _CHUNK_HEAD.pack(len(octets) | (_LAST if last else 0), os.urandom(8))
    return head + key.encrypt(_nonce(number, head), octets, head[:4])


def _nonce(number: int, head: bytes) -> bytes:
    return struct.pack(">I", number) + head[4:]


def sealed(keys: Keys, octets: bytes, chunk: int = 1 << 16) -> Iterator[bytes]:
    """A whole file, piece by piece: what it will hold on the disk. Raises NoKey."""
    sealing = Sealing(keys)
    yield sealing.head
    number = 0
    for start in range(0, len(octets), chunk):
        yield sealing.chunk(number, octets[start : start + chunk])
        number += 1
    yield sealing.chunk(number, b"", last=True)


# ---- opening ----------------------------------------------------------------------------------------------------


def is_sealed(path: Path) -> bool:
    """Also one that was cut off in its first octets. Raises OSError."""
    with path.open("rb") as file:
        begin = file.read(len(MAGIC))
    return begin != b"" and MAGIC.startswith(begin)


@dataclass(frozen=True, slots=True)
class Chunk:
    """start: of its octets in what the file holds; place: of its head in the file."""

    number: int
    start: int
    place: int
    length: int
    last: bool

    @property
    def end(self) -> int:
        """Where the next one's head is in the file."""
        return self.place + _CHUNK_HEAD.size + self.length + TAG


def chunks(fd: int) -> Iterator[Chunk]:
    """The chunks that are whole by their lengths, in their order, up to the last one or a cut. Nothing is opened."""
    size, place, start, number = os.fstat(fd).st_size, HEAD, 0, 0
    while len(head := os.pread(fd, _CHUNK_HEAD.size, place)) == _CHUNK_HEAD.size:
        word: int = _CHUNK_HEAD.unpack(head)[0]
        chunk = Chunk(number, start, place, word & ~_LAST, bool(word & _LAST))
        if chunk.length > LARGEST or chunk.end > size:
            return
        yield chunk
        if chunk.last:
            return
        place, start, number = chunk.end, start + chunk.length, number + 1


class Opened(io.RawIOBase):
    """What a sealed file holds, to read and to seek in; each chunk is opened when it is wanted. Blocks.

    octets: how many it holds. whole: its last chunk is there and true.
    """

    def __init__(self, path: Path, keys: Keys, *, cut: bool = False) -> None:
        """cut: a file whose end is missing is opened too. Raises NoKey, BrokenSeal, OSError."""
        super().__init__()
        self._file = path.open("rb", buffering=0)
        try:
            self._key = file_key(self._file.fileno(), keys)
            self.chunks = list(chunks(self._file.fileno()))
            self._starts = [chunk.start for chunk in self.chunks]
            self._known = (-1, b"")
            end = self.chunks[-1] if self.chunks else None
            self.whole = end is not None and end.last and end.end == os.fstat(self._file.fileno()).st_size
            if self.whole and end is not None:
                self.open_chunk(end)
            elif not cut:
                raise BrokenSeal(f"the end of {path.name} is missing")
        except BaseException:
            self._file.close()
            raise
        self.octets = end.start + end.length if end is not None else 0
        self._at = 0

    def open_chunk(self, chunk: Chunk) -> bytes:
        """Raises BrokenSeal."""
        if self._known[0] != chunk.number:
            self._known = (chunk.number, _open(self._key, self._file.fileno(), chunk))
        return self._known[1]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.octets}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, room: memoryview) -> int:  # type: ignore[override]  # the library's own type is wider
        if self._at >= self.octets or not len(room):
            return 0
        chunk = self.chunks[bisect.bisect_right(self._starts, self._at) - 1]
        within = self._at - chunk.start
        octets = self.open_chunk(chunk)[within : within + len(room)]
        room[: len(octets)] = octets
        self._at += len(octets)
        return len(octets)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    def __enter__(self) -> Self:
        return self


def file_key(fd: int, keys: Keys) -> AESGCM:
    """The key of one file. Raises NoKey, and BrokenSeal for what is no sealed file or was changed."""
    head = os.pread(fd, HEAD, 0)
    if len(head) < HEAD or not head.startswith(MAGIC):
        raise BrokenSeal("it is no sealed file")
    named, nonce, wrapped = head[: len(MAGIC) + _KEY_ID], head[-_NONCE - KEY - TAG : -KEY - TAG], head[-KEY - TAG :]
    try:
        return AESGCM(keys.open(named[len(MAGIC) :]).decrypt(nonce, wrapped, named))
    except InvalidTag:
        raise BrokenSeal("the head of a sealed file was changed") from None


def _open(key: AESGCM, fd: int, chunk: Chunk) -> bytes:
    octets = os.pread(fd, chunk.end - chunk.place, chunk.place)
    head = octets[: _CHUNK_HEAD.size]
    try:
        return key.decrypt(_nonce(chunk.number, head), octets[_CHUNK_HEAD.size :], head[:4])
    except InvalidTag:
        raise BrokenSeal(f"part {chunk.number} of a sealed file was changed") from None


def held(path: Path) -> int:
    """Octets that a sealed file holds, by its lengths alone: no key is needed, nothing is proved. Raises OSError."""
    with path.open("rb") as file:
        return sum(chunk.length for chunk in chunks(file.fileno()))


# ---- after a crash ----------------------------------------------------------------------------------------------


class Mending:
    """A sealed file whose end is missing, open to be made whole. Every method may raise OSError.

    octets: what its true chunks hold; what comes after the first that is not true is cut off. The first chunk is not
    looked at: it is a header that is written anew.
    """

    def __init__(self, path: Path, keys: Keys) -> None:
        """Raises NoKey, BrokenSeal."""
        self._file = path.open("r+b", buffering=0)
        try:
            self._key = file_key(self._file.fileno(), keys)
            self._good = self._true_chunks()
        except BaseException:
            self._file.close()
            raise
        self.octets = sum(chunk.length for chunk in self._good)

    def _true_chunks(self) -> list[Chunk]:
        good: list[Chunk] = []
        for chunk in chunks(self._file.fileno()):
            if chunk.last:
                break
            if chunk.number > 0:
                try:
                    _open(self._key, self._file.fileno(), chunk)
                except BrokenSeal:
                    break
            good.append(chunk)
        return good

    def close_with(self, header: bytes) -> None:
        """Cut, write the header in the place of the first chunk, which is of its length, seal the end, and sync."""
        fd = self._file.fileno()
        end = self._good[-1].end if self._good else HEAD
        first = _seal(self._key, 0, header, last=False)
        if not self._good:
            self.octets, end = len(header), HEAD + len(first)
        os.ftruncate(fd, end)
        _write_at(fd, first, HEAD)
        _write_at(fd, _seal(self._key, max(1, len(self._good)), b"", last=True), end)
        os.fsync(fd)

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _write_at(fd: int, octets: bytes, offset: int) -> None:
    while octets:
        written = os.pwrite(fd, octets, offset)
        octets, offset = octets[written:], offset + written
