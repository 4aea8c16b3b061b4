"""Octets on the disk by their SHA-256: two levels of folders, no name from outside in any path.

A file is written in `incoming/` under a name of chance, synced, and renamed to its place; then the folders are synced.
So under a hash there is the whole file or none, whatever ends the process. All of this waits for the disk: call it on
a thread.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

_HASH = re.compile(r"[0-9a-f]{64}")
_OWN = 0o700
HEAD = 8192
"""Octets from which it is told what a file is."""


class Incoming:
    """A file that is being written. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.octets = 0
        self.head = b""
        self._hash = hashlib.sha256()
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb")

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def write(self, piece: bytes) -> None:
        if len(self.head) < HEAD:
            self.head += piece[: HEAD - len(self.head)]
        self.octets += len(piece)
        self._hash.update(piece)
        self._file.write(piece)

    def finish(self) -> None:
        """What was written is on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def drop(self) -> None:
        """It is not wanted, or it has been kept already."""
        self._file.close()
        self.path.unlink(missing_ok=True)


class Blobs:
    """folder: of nothing else; made when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"

    def make(self) -> None:
        """The folders, if they are not there yet. Raises OSError."""
        self._incoming.mkdir(mode=_OWN, parents=True, exist_ok=True)
        self._folder.chmod(_OWN)

    def begin(self) -> Incoming:
        """Raises OSError."""
        self.make()
        return Incoming(self._incoming / secrets.token_hex(16))

    def keep(self, incoming: Incoming) -> None:
        """A finished one, to its place; equal octets that are there become as young as these. Raises OSError."""
        place = self.path(incoming.sha256)
        made = [folder for folder in (place.parent.parent, place.parent) if not folder.is_dir()]
        for folder in made:
            folder.mkdir(mode=_OWN, exist_ok=True)
        incoming.path.replace(place)
        for folder in (place.parent, *(folder.parent for folder in reversed(made))):
            _sync(folder)

    def path(self, sha256: str) -> Path:
        """Raises ValueError for what is no hash."""
        if not _HASH.fullmatch(sha256):
            raise ValueError("no SHA-256 in hex")
        return self._folder / sha256[:2] / sha256[2:4] / sha256

    def remove(self, sha256: str, before: float) -> bool:
        """If it was kept before that time (seconds since 1970). Raises OSError."""
        path = self.path(sha256)
        try:
            if path.stat().st_mtime >= before:
                return False
            path.unlink()
        except FileNotFoundError:
            return False
        return True

    def old(self, before: float) -> Iterator[list[str]]:
        """Hashes of what was kept before that time, a folder's at once."""
        for first in sorted(self._folder.glob("[0-9a-f][0-9a-f]")):
            found = [
                path.name
                for path in first.glob("[0-9a-f][0-9a-f]/*")
                if _HASH.fullmatch(path.name) and path.stat().st_mtime < before
            ]
            for start in range(0, len(found), 500):
                yield found[start : start + 500]

    def drop_unfinished(self, before: float) -> int:
        """What was begun before that time and never kept. Answers how many there were."""
        found = [path for path in self._incoming.glob("*") if path.stat().st_mtime < before]
        for path in found:
            path.unlink(missing_ok=True)
        return len(found)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
