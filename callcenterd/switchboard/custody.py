"""Has every recording's file an owner, and every owner the file? Looked at after the start, and each night.

One day's folder at a time, its names read on a thread and its rows by one question; between two days there is a pause,
so that nobody waits for it. What is young is left out: its row may be on the way. Nothing is removed here: whoever
looks after the server is told what lies there, by the log, the figures and /healthz.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from pathlib import Path

import structlog

from callcenterd.clock import Clock
from callcenterd.errors import CallcenterdError
from callcenterd.media import recording as files
from callcenterd.store.database import Store
from callcenterd.worker import finishing

_log = structlog.get_logger(__name__)

FIRST = 120.0
"""Seconds after the start: calls come first."""
EVERY = 24 * 3600.0
BETWEEN = 0.2
"""Seconds between two days' folders."""
YOUNG = 3600.0
NAMED = 20
"""Files that are named in the log, of each kind and look."""


class Custody:
    """folder: of all recordings; within it year/month/day."""

    def __init__(self, store: Store, clock: Clock, folder: Path) -> None:
        self._store = store
        self._clock = clock
        self._folder = folder
        self.orphans: tuple[str, ...] = ()
        """Files that no recording owns, relative to the folder."""
        self.missing: tuple[str, ...] = ()
        """Files that a recording owns and that are not there."""

    def counters(self) -> Mapping[str, float]:
        return {"recordings_orphans": len(self.orphans), "recordings_missing": len(self.missing)}

    def alarms(self) -> list[str]:
        found = [(self.orphans, "files belong to no call"), (self.missing, "files are not there")]
        return [f"{len(files)} {what}" for files, what in found if files]

    async def run(self) -> None:
        await asyncio.sleep(FIRST)
        while True:
            try:
                await self.look()
            except (CallcenterdError, OSError) as fault:
                _log.error("recordings' files cannot be looked through", why=str(fault))
            await asyncio.sleep(EVERY)

    async def look(self, between: float = BETWEEN) -> None:
        """Raises OSError, CannotStore; what was found before stands then."""
        orphans: list[str] = []
        missing: list[str] = []
        days = set(await asyncio.to_thread(self._days)) | set(await self._store.recordings.days())
        for day in sorted(days):
            owned = await self._store.recordings.files_of(day)
            there = await asyncio.to_thread(self._files, day)
            lost = [path for path, whole in sorted(owned.items()) if whole and path not in there]
            old = [path for path, young in sorted(there.items()) if not young]
            strange = set(old) - _all_names(owned)
            if lost or strange:  # what was finished meanwhile has another name now, in both places
                owned = await self._store.recordings.files_of(day)
                missing += await asyncio.to_thread(self._gone, [path for path in lost if path in owned])
                orphans += sorted(strange - _all_names(owned))
            await asyncio.sleep(between)
        self._tell(orphans, missing)

    def _tell(self, orphans: list[str], missing: list[str]) -> None:
        for path in [path for path in orphans if path not in self.orphans][:NAMED]:
            _log.warning("a recording's file belongs to no call", path=path)
        for path in [path for path in missing if path not in self.missing][:NAMED]:
            _log.error("a recording's file is not there", path=path)
        self.orphans, self.missing = tuple(orphans), tuple(missing)

    def _days(self) -> list[str]:
        return [str(day.relative_to(self._folder)) for day in self._folder.glob("[0-9]*/[0-9]*/[0-9]*") if day.is_dir()]

    def _files(self, day: str) -> dict[str, bool]:
        """Of that day: their names, and whether they are young."""
        found = {}
        now = self._clock.utc().timestamp()
        for path in (self._folder / day).glob("*"):
            try:
                changed = path.stat().st_mtime
            except FileNotFoundError:  # finished in this moment
                continue
            if path.is_file():
                found[str(path.relative_to(self._folder))] = now - changed < YOUNG
        return found

    def _gone(self, paths: Collection[str]) -> list[str]:
        return [path for path in paths if not (self._folder / path).exists()]


def _all_names(owned: Collection[str]) -> set[str]:
    """With what lies beside a recording: the unfinished file, and what is drawn of it."""
    beside = (name(Path(path)) for path in owned for name in (files.part_of, finishing.peaks_of))
    return {*owned, *map(str, beside)}
