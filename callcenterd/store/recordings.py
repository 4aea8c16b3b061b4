"""Recordings: whose they are, where they lie, and whether they were finished in good order."""

from __future__ import annotations

from dataclasses import fields as fields_of
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from callcenterd.errors import NotFound
from callcenterd.model.calls import RecordingRecord
from callcenterd.model.ids import CallId, RecordingId
from callcenterd.store.engine import Database
from callcenterd.store.schema import recordings
from callcenterd.store.writer import Change, Insert

_FIELDS = tuple(field.name for field in fields_of(RecordingRecord))
_COLUMNS = tuple(recordings.c[name] for name in _FIELDS)


class Recordings:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, record: RecordingRecord) -> None:
        """Raises CannotStore if there is no such call."""
        await self._database.keep(Insert(recordings, {name: getattr(record, name) for name in _FIELDS}))

    async def finish(
        self,
        recording: RecordingId,
        *,
        finished_at: datetime,
        seconds: float,
        octets: int,
        sha256: str,
        complete: bool,
    ) -> None:
        """What the file turned out to be; after a crash, what the repair found. An unknown one is left alone."""
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
