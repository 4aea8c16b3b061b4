"""Recordings: whose they are, where they lie, and whether they were finished in good order."""

from __future__ import annotations

from dataclasses import fields as fields_of
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.calls import FinishingState, RecordingFormat, RecordingRecord
from callcenterd.model.ids import CallId, RecordingId
from callcenterd.store.calls import Calls
from callcenterd.store.engine import Database, bounded
from callcenterd.store.recording_batches import RecordingBatches
from callcenterd.store.recording_links import RecordingLinks
from callcenterd.store.recording_marks import RecordingMarks
from callcenterd.store.recording_search import RecordingSearch
from callcenterd.store.schema import calls, recordings
from callcenterd.store.tables.complaints import complaints
from callcenterd.store.tables.recording_marks import recording_links, recording_notes, recording_tags
from callcenterd.store.writer import Change, Insert

_FIELDS = tuple(field.name for field in fields_of(RecordingRecord))
_COLUMNS = tuple(recordings.c[name] for name in _FIELDS)
_UNFINISHED = recordings.c.finishing.in_(("waiting", "kept")) & (recordings.c.octets > 0)
_REMOVED = recordings.c.removed_at.is_not(None) & (recordings.c.path != "")

_DAY = len("2026/11/26")


class Recordings:
    """marks, links, batches: what people say of them, and the ways to take them out of the house."""

    def __init__(self, database: Database, of_calls: Calls) -> None:
        self._database = database
        self.search = RecordingSearch(database, of_calls)
        self.marks = RecordingMarks(database)
        self.links = RecordingLinks(database)
        self.batches = RecordingBatches(database)

    async def begin(self, record: RecordingRecord) -> None:
        """Raises CannotStore if there is no such call."""
        await self._database.keep(Insert(recordings, {name: getattr(record, name) for name in _FIELDS}))

    async def finish(
        self,
        recording: RecordingId,
        *,
        finished_at: datetime,
        seconds: float,
        octets: int | None,
        sha256: str | None,
        complete: bool,
    ) -> None:
        """What the file turned out to be; after a crash, what the repair found. An unknown one is left alone.

        octets None: it could not be closed, and is to be repaired. 0: there is none.
        """
        found = {
            "finished_at": finished_at,
            "seconds": seconds,
            "octets": octets,
            "sha256": sha256,
            "complete": complete,
        }
        await self._database.keep(Change(recordings, recording, found))

    async def get(self, recording: RecordingId) -> RecordingRecord:
        """Raises NotFound."""
        row = await self._database.row(sa.select(*_COLUMNS).where(recordings.c.id == recording))
        if row is None:
            raise NotFound("recording", recording)
        return _record(row)

    async def open_ones(self) -> list[RecordingRecord]:
        """Never measured: still being written, or, at a start, left by a crash and to be repaired. Oldest first.

        All of them: there are no more than calls were up at once.
        """
        query = sa.select(*_COLUMNS).where(recordings.c.octets.is_(None)).order_by(recordings.c.started_at)
        return [_record(row) for row in await self._database.rows(query)]

    async def unfinished(self, limit: int = 100) -> list[RecordingRecord]:
        """Whole ones that wait to be finished, or whose old file is still there. Oldest first."""
        query = sa.select(*_COLUMNS).where(_UNFINISHED).order_by(recordings.c.started_at).limit(bounded(limit))
        return [_record(row) for row in await self._database.rows(query)]

    async def count_unfinished(self) -> int:
        row = await self._database.row(sa.select(sa.func.count()).select_from(recordings).where(_UNFINISHED))
        return int(row[0]) if row is not None else 0

    async def replace(
        self, old: RecordingRecord, *, path: str, kind: RecordingFormat, octets: int, sha256: str
    ) -> None:
        """Another file has taken the place of the one that was written. Durable: that one may be removed now."""
        new = {
            "path": path,
            "format": kind,
            "octets": octets,
            "sha256": sha256,
            "finishing": "kept",
            "original_path": old.path,
            "original_octets": old.octets,
            "original_sha256": old.sha256,
        }

        async def write(connection: AsyncConnection) -> None:
            await connection.execute(recordings.update().where(recordings.c.id == old.id).values(new))

        await self._database.write(write)

    async def settle(self, recording: RecordingId, finishing: FinishingState) -> None:
        """done or failed: nothing is to be done with it any more."""
        await self._database.keep(Change(recordings, recording, {"finishing": finishing}))

    async def remove(self, recording: RecordingId, by: str, why: str, at: datetime) -> RecordingRecord:
        """It can be heard no more; what it was. Tags and notes go with it, its links end; its file is to be removed
        now (`to_unlink`). The row stays, as the chain of evidence has it. Durable.

        Raises NotFound, and NotNow while it is recorded or finished, or a complaint about its call is open.
        """

        async def work(connection: AsyncConnection) -> RecordingRecord:
            row = (await connection.execute(sa.select(*_COLUMNS).where(recordings.c.id == recording))).first()
            if row is None or row.removed_at is not None:
                raise NotFound("recording", recording)
            if row.octets is None or row.finishing in ("waiting", "kept"):
                raise NotNow("the recording is still being finished")
            complained = sa.select(complaints.c.number).where(
                complaints.c.call_id == row.call_id, complaints.c.due.is_not(None)
            )
            if (found := (await connection.execute(complained.limit(1))).first()) is not None:
                raise NotNow(f"complaint {found.number} about this call is open")
            removed = {"removed_at": at, "removed_by": by, "removed_why": why}
            await connection.execute(recordings.update().where(recordings.c.id == recording).values(removed))
            shown = calls.update().where(calls.c.id == row.call_id, calls.c.recording_id == recording)
            await connection.execute(shown.values(recording_id=None))
            for table in (recording_tags, recording_notes):
                await connection.execute(table.delete().where(table.c.recording_id == recording))
            link = recording_links.c
            open_ones = recording_links.update().where(link.recording_id == recording, link.revoked_at.is_(None))
            await connection.execute(open_ones.values(revoked_at=at, revoked_by=by))
            return _record(row)

        return await self._database.write(work)

    async def to_unlink(self, limit: int = 100) -> list[RecordingRecord]:
        """Removed ones whose files may still be there."""
        query = sa.select(*_COLUMNS).where(_REMOVED).order_by(recordings.c.id).limit(bounded(limit))
        return [_record(row) for row in await self._database.rows(query)]

    async def unlinked(self, recording: RecordingId) -> None:
        """Nothing of its files is left."""
        await self._database.keep(Change(recordings, recording, {"path": ""}))

    async def days(self) -> list[str]:
        """The folders, year/month/day, in which there are recordings by what is kept."""
        day = sa.func.substr(recordings.c.path, 1, _DAY)
        there = (recordings.c.octets > 0, recordings.c.path != "")
        rows = await self._database.rows(sa.select(day).where(*there).distinct())
        return sorted(row[0] for row in rows)

    async def files_of(self, day: str) -> dict[str, bool]:
        """The files of recordings in that folder: those that must be there (True), and those that may: of a recording
        that is not closed, or is being replaced by another file."""
        names = ("path", "original_path", "finishing", "octets", "removed_at")
        paths = [recordings.c[name] for name in names]
        query = sa.select(*paths).where(recordings.c.path.startswith(f"{day}/", autoescape=True))
        found = {}
        for row in await self._database.rows(query):
            if row.octets != 0:
                found[row.path] = row.octets is not None and row.removed_at is None
            if row.finishing == "kept" and row.original_path:
                found.setdefault(row.original_path, False)
        return found

    async def of_call(self, call: CallId) -> list[RecordingRecord]:
        """In the order in which they were made; a call that was answered twice has two."""
        query = (
            sa.select(*_COLUMNS)
            .where(recordings.c.call_id == call)
            .order_by(recordings.c.started_at, recordings.c.id)
            .limit(100)
        )
        return [_record(row) for row in await self._database.rows(query)]


def _record(row: sa.Row[Any]) -> RecordingRecord:
    return RecordingRecord(**row._mapping)
