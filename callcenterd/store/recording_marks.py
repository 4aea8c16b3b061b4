"""Tags on recordings, and notes at a moment of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.ids import RecordingId
from callcenterd.model.recordings import MOST_NOTES, MOST_TAGS, RecordingNote
from callcenterd.store.engine import Database
from callcenterd.store.schema import recordings
from callcenterd.store.tables.recording_marks import recording_notes, recording_tags
from callcenterd.store.words import words_of

_N = recording_notes.c
_NOTE = (_N.id, _N.recording_id, _N.second, _N.text, _N.at, _N.by)
_STANDS = _N.removed_at.is_(None)


class RecordingMarks:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def tags(self, recording: RecordingId) -> list[str]:
        """In their order; [] for an unknown recording."""
        query = sa.select(recording_tags.c.tag).where(recording_tags.c.recording_id == recording)
        return [row.tag for row in await self._database.rows(query.order_by(recording_tags.c.tag).limit(MOST_TAGS))]

    async def put_tags(self, recording: RecordingId, wanted: Collection[str], by: str, at: datetime) -> list[str]:
        """These are its tags from now on; answers those that it had before. Durable. Raises NotFound, and NotNow if
        they are more than 20."""
        if len(set(wanted)) > MOST_TAGS:
            raise NotNow(f"a recording has at most {MOST_TAGS} tags")

        async def work(connection: AsyncConnection) -> list[str]:
            await _there(connection, recording)
            of_it = recording_tags.c.recording_id == recording
            before = [row.tag for row in await connection.execute(sa.select(recording_tags.c.tag).where(of_it))]
            gone = set(before) - set(wanted)
            if gone:
                await connection.execute(recording_tags.delete().where(of_it, recording_tags.c.tag.in_(gone)))
            new = [
                {"recording_id": recording, "tag": tag, "at": at, "by": by} for tag in sorted(set(wanted) - set(before))
            ]
            if new:
                await connection.execute(recording_tags.insert(), new)
            return sorted(before)

        return await self._database.write(work)

    async def known_tags(self, limit: int = 200) -> list[str]:
        """That any recording has, those that most have first."""
        number = sa.func.count().label("number")
        query = sa.select(recording_tags.c.tag, number).group_by(recording_tags.c.tag)
        rows = await self._database.rows(query.order_by(number.desc(), recording_tags.c.tag).limit(limit))
        return [row.tag for row in rows]

    async def notes(self, recording: RecordingId) -> list[RecordingNote]:
        """In the order of their moments, at most 500."""
        query = sa.select(*_NOTE).where(_N.recording_id == recording, _STANDS).order_by(_N.second, _N.id)
        return [_note(row) for row in await self._database.rows(query.limit(MOST_NOTES))]

    async def note(self, recording: RecordingId, note: int) -> RecordingNote:
        """Raises NotFound, also for one of another recording."""
        row = await self._database.row(sa.select(*_NOTE).where(_N.id == note, _N.recording_id == recording, _STANDS))
        if row is None:
            raise NotFound("note", note)
        return _note(row)

    async def add_note(self, recording: RecordingId, second: float, text: str, by: str, at: datetime) -> RecordingNote:
        """Durable. Raises NotFound, and NotNow if it has 500 already."""

        async def work(connection: AsyncConnection) -> RecordingNote:
            await _there(connection, recording)
            number = sa.select(sa.func.count()).where(_N.recording_id == recording, _STANDS)
            if (await connection.execute(number)).scalar_one() >= MOST_NOTES:
                raise NotNow(f"a recording has at most {MOST_NOTES} notes")
            row = {
                "recording_id": recording,
                "second": second,
                "text": text,
                "words": words_of(text),
                "at": at,
                "by": by,
            }
            added = await connection.execute(recording_notes.insert().values(row).returning(*_NOTE))
            return _note(added.one())

        return await self._database.write(work)

    async def remove_note(self, recording: RecordingId, note: int, by: str, at: datetime) -> None:
        """It is shown no more, and stays in the database. Durable. Raises NotFound."""

        async def work(connection: AsyncConnection) -> None:
            gone = recording_notes.update().where(_N.id == note, _N.recording_id == recording, _STANDS)
            if (await connection.execute(gone.values(removed_at=at, removed_by=by))).rowcount == 0:
                raise NotFound("note", note)

        await self._database.write(work)


async def _there(connection: AsyncConnection, recording: RecordingId) -> None:
    there = recordings.c.id == recording, recordings.c.removed_at.is_(None)
    if (await connection.execute(sa.select(recordings.c.id).where(*there))).first() is None:
        raise NotFound("recording", recording)


def _note(row: sa.Row[Any]) -> RecordingNote:
    return RecordingNote(
        id=row.id, recording=RecordingId(row.recording_id), second=row.second, text=row.text, at=row.at, by=row.by
    )
