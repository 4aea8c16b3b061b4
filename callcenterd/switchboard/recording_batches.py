"""Downloads of many recordings at once: made in the worker's process piece by piece, there for a day, then gone.

One at a time, so that prints of others come in between two pieces. At most 2,000 recordings or 10 GB, and never so much
that the disk has less room than recordings are to be left. A server that stops ends them; whoever wants it asks again.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import Any

import structlog

from callcenterd.clock import Clock
from callcenterd.errors import CallcenterdError, NotFound, NotNow
from callcenterd.model.calls import RecordingFormat, RecordingRecord
from callcenterd.model.recordings import (
    MOST_IN_BATCH,
    MOST_OCTETS_IN_BATCH,
    Batch,
    RecordingFound,
)
from callcenterd.store.database import Store
from callcenterd.switchboard.archive import MB, Archive
from callcenterd.worker import packing
from callcenterd.worker.pool import Worker
from callcenterd.worker.sheets import Column, Table

_log = structlog.get_logger(__name__)

KEPT = timedelta(hours=24)
LOOK_EVERY = 600.0
PIECE_FILES = 50
PIECE_OCTETS = 200 * MB
PIECE_SECONDS = 300.0
MOST_AT_ONCE = 2
"""Of one person, waiting or on their way."""
_UNSAFE = re.compile(r"[^0-9A-Za-z+_-]")


@dataclass(slots=True)
class _Wanted:
    batch: int
    by: str
    found: Sequence[RecordingFound]
    titles: Mapping[str, str]


COLUMNS = (
    "file", "started_at", "seconds", "direction", "caller", "called", "customer", "agent", "queue", "outcome",
    "disposition", "tags", "note", "id", "call_id",
)  # fmt: skip
"""Of the list in the ZIP."""


class RecordingBatches:
    """folder: for the ZIPs, and nothing else."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        archive: Archive,
        worker: Worker,
        folder: Path,
        zone: tzinfo,
        free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self._store = store
        self._clock = clock
        self._archive = archive
        self._worker = worker
        self._folder = folder
        self._zone = zone
        self._free = free
        self._waiting: asyncio.Queue[_Wanted] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """What the last run left is said to have failed, and its files go."""
        await asyncio.to_thread(self._folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        await self._store.recordings.batches.cut_off()
        await self.tidy()
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._tidy_again())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def ask(self, found: Sequence[RecordingFound], titles: Mapping[str, str], by: str) -> Batch:
        """Raises NotNow: too many, too large, no room on the disk, or two of theirs are on their way."""
        octets = sum(one.octets for one in found)
        if not found:
            raise NotNow("there is nothing to download")
        if len(found) > MOST_IN_BATCH or octets > MOST_OCTETS_IN_BATCH:
            raise NotNow(f"at most {MOST_IN_BATCH} recordings or {MOST_OCTETS_IN_BATCH // 10**9} GB at once")
        if not await self._has_room(octets):
            raise NotNow("there is too little room on the disk")
        mine = await self._store.recordings.batches.of(by)
        if sum(one.state in ("waiting", "running") for one in mine) >= MOST_AT_ONCE:
            raise NotNow("two downloads are on their way already")
        batch = await self._store.recordings.batches.add(by, self._clock.utc(), len(found))
        self._waiting.put_nowait(_Wanted(batch.id, by, found, titles))
        return batch

    async def file(self, batch: int, by: str) -> Path:
        """Raises NotFound: it is not theirs, not done yet, or gone."""
        known = await self._store.recordings.batches.get(batch, by)
        path = self._place(batch)
        expired = known.expires_at is None or known.expires_at <= self._clock.utc()
        if known.state != "done" or expired or not await asyncio.to_thread(path.is_file):
            raise NotFound("download", batch)
        return path

    async def remove(self, batch: int, by: str) -> None:
        """Its file goes; one that is on its way ends at its next piece. Raises NotFound."""
        known = await self._store.recordings.batches.get(batch, by)
        if known.state in ("waiting", "running", "done"):
            await self._store.recordings.batches.change(batch, state="expired")
        if known.state == "done":
            await asyncio.to_thread(self._place(batch).unlink, missing_ok=True)

    async def tidy(self) -> None:
        """What has expired goes, and whatever else lies there that nobody waits for."""
        await self._store.recordings.batches.expired(self._clock.utc())
        kept = {self._place(batch) for batch in await self._store.recordings.batches.with_files()}
        for path in await asyncio.to_thread(lambda: list(self._folder.glob("*"))):
            if path not in kept and path.suffix != ".part":
                await asyncio.to_thread(path.unlink, missing_ok=True)
        if not self._tasks:
            for path in await asyncio.to_thread(lambda: list(self._folder.glob("*.part"))):
                await asyncio.to_thread(path.unlink, missing_ok=True)

    # ---- within ---------------------------------------------------------------------------------------------

    def _place(self, batch: int) -> Path:
        return self._folder / f"{batch}.zip"

    async def _has_room(self, octets: int) -> bool:
        try:
            free = await asyncio.to_thread(self._free, self._folder)
        except OSError:
            return False
        return free - octets > self._archive.keep_free

    async def _tidy_again(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self.tidy()
            except (CallcenterdError, OSError) as fault:
                _log.warning("old downloads go later", why=str(fault))

    async def _run(self) -> None:
        while True:
            wanted = await self._waiting.get()
            part = self._place(wanted.batch).with_suffix(".part")
            try:
                await self._make(wanted, part)
            except (CallcenterdError, OSError) as fault:
                why = "room" if isinstance(fault, _NoRoom) else "failed"
                _log.error("a download of recordings failed", batch=wanted.batch, why=str(fault))
                await self._fail(wanted.batch, why)
            except Exception:  # noqa: BLE001  # what is at fault with one must not end the work for all
                _log.exception("a download of recordings failed", batch=wanted.batch)
                await self._fail(wanted.batch, "failed")
            finally:
                part.unlink(missing_ok=True)

    async def _fail(self, batch: int, why: str) -> None:
        try:
            await self._store.recordings.batches.change(batch, state="failed", why=why)
        except CallcenterdError as fault:  # the next start says it
            _log.warning("a download's end is not kept", batch=batch, why=str(fault))

    async def _make(self, wanted: _Wanted, part: Path) -> None:
        batches, done, missing = self._store.recordings.batches, 0, 0
        if (await batches.get(wanted.batch, wanted.by)).state != "waiting":
            return  # taken back meanwhile
        await batches.change(wanted.batch, state="running")
        rows: list[list[Any]] = []
        for piece in pieces(wanted.found):
            if (await batches.get(wanted.batch, wanted.by)).state != "running":
                return
            if not await self._has_room(sum(one.octets for one in piece)):
                raise _NoRoom("the disk has too little room left")
            records = [await self._record(one) for one in piece]
            formats = [record.format if record else one.format for one, record in zip(piece, records, strict=True)]
            names = [self.name_of(one, kind) for one, kind in zip(piece, formats, strict=True)]
            files = [("" if record is None else record.path, name) for record, name in zip(records, names, strict=True)]
            there, octets = await self._worker.run(
                packing.pack, part, self._archive.folder, files, self._archive.key_file, timeout=PIECE_SECONDS
            )
            rows += [self._row(one, name) for one, name, is_in in zip(piece, names, there, strict=True) if is_in]
            done, missing = done + sum(there), missing + there.count(False)
            await batches.change(wanted.batch, done=done, missing=missing, octets=octets)
        titles = [Column(wanted.titles.get(name, name)) for name in COLUMNS]
        octets = await self._worker.run(
            packing.close, part, Table("index", titles, rows), self._zone, timeout=PIECE_SECONDS
        )
        if (await batches.get(wanted.batch, wanted.by)).state != "running":
            return
        await asyncio.to_thread(part.replace, self._place(wanted.batch))
        until = self._clock.utc() + KEPT
        await batches.change(wanted.batch, state="done", octets=octets, expires_at=until)

    async def _record(self, one: RecordingFound) -> RecordingRecord | None:
        """As it lies now: it may have been finished, or removed, since it was asked for."""
        try:
            record = await self._store.recordings.get(one.id)
        except NotFound:
            return None
        return None if record.removed_at is not None else record

    def name_of(self, one: RecordingFound, kind: RecordingFormat) -> str:
        """20261127-142233_13800138000_CALL-1.opus: by the office's time and the other party's number."""
        at = one.started_at.astimezone(self._zone).strftime("%Y%m%d-%H%M%S")
        number = one.called if one.direction == "outbound" else one.caller
        parts = (at, _UNSAFE.sub("", number)[:32] or "unknown", _UNSAFE.sub("", one.id)[:64])
        return f"{'_'.join(parts)}.{kind}"

    def _row(self, one: RecordingFound, name: str) -> list[Any]:
        at = one.started_at.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")
        known = {
            "file": name,
            "started_at": at,
            "seconds": f"{one.seconds:.1f}",
            "tags": ", ".join(one.tags),
        }
        return [known[column] if column in known else (getattr(one, column) or "") for column in COLUMNS]


class _NoRoom(NotNow):
    """The disk has filled meanwhile."""


def pieces(found: Sequence[RecordingFound]) -> list[list[RecordingFound]]:
    """At most 50 files or 200 MB each; one that is larger is alone."""
    made: list[list[RecordingFound]] = []
    room = 0
    for one in found:
        if not made or len(made[-1]) >= PIECE_FILES or room + one.octets > PIECE_OCTETS:
            made.append([])
            room = 0
        made[-1].append(one)
        room += one.octets
    return made
