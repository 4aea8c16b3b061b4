"""Many recordings become one ZIP, piece by piece, in the worker's process: opened where they are sealed.

What is sound is small already, so it is stored as it is. A piece adds its files to those that are there.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Sequence
from datetime import UTC, tzinfo
from pathlib import Path
from typing import IO, Any

from callcenterd import sealed
from callcenterd.worker import sheets

_PIECE = 1 << 20
_LAST_OF_ALL = 19
INDEX = "index.csv"


def pack(place: Path, folder: Path, files: Sequence[tuple[str, str]], key_file: Path | None) -> tuple[list[bool], int]:
    """Which of these files (path within the folder, name in the ZIP) are in it now, and how large it is.

    One that is not there, or cannot be opened, is left out whole. Raises OSError where the ZIP cannot be written.
    """
    os.setpriority(os.PRIO_PROCESS, 0, _LAST_OF_ALL)
    return pack_in(place, folder, files, None if key_file is None else sealed.read_keys(key_file))


def pack_in(
    place: Path, folder: Path, files: Sequence[tuple[str, str]], keys: sealed.Keys | None
) -> tuple[list[bool], int]:
    there = []
    with zipfile.ZipFile(place, "a", zipfile.ZIP_STORED) as archive:
        place.chmod(0o600)
        there = [_packed(archive, folder, path, name, keys) for path, name in files]
    return there, place.stat().st_size


def _packed(archive: zipfile.ZipFile, folder: Path, path: str, name: str, keys: sealed.Keys | None) -> bool:
    source = (folder / path).resolve()
    if not path or not source.is_relative_to(folder.resolve()) or not source.is_file():
        return False
    try:
        if sealed.is_sealed(source):
            if keys is None:
                return False
            with sealed.Opened(source, keys) as whole:  # a seal that is broken is seen before anything is written
                while whole.read(_PIECE):
                    pass
            with sealed.Opened(source, keys) as opened:
                _copy(archive, name, opened)
        else:
            with source.open("rb") as plain:
                _copy(archive, name, plain)
    except (sealed.NoKey, sealed.BrokenSeal, FileNotFoundError):
        return False
    return True


def _copy(archive: zipfile.ZipFile, name: str, source: IO[bytes] | Any) -> None:
    with archive.open(name, "w", force_zip64=True) as written:
        shutil.copyfileobj(source, written, _PIECE)


def close(place: Path, index: sheets.Table, zone: tzinfo = UTC) -> int:
    """The list of what is in it comes last; it is as large as is answered. Raises OSError."""
    with zipfile.ZipFile(place, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr(INDEX, sheets.csv(index, "utf-8-sig", zone), zipfile.ZIP_DEFLATED)
    return place.stat().st_size
