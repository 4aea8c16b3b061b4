"""Messages that callers left for a queue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound
from callcenterd.model.calls import Voicemail
from callcenterd.model.ids import CallId, QueueName, RecordingId
from callcenterd.store.engine import Database
from callcenterd.store.schema import voicemail

Page = tuple[list[Voicemail], int]


class VoicemailBox:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, call: CallId, queue: QueueName | None, recording_id: RecordingId, caller: str, at: datetime
    ) -> Voicemail:
        """Durable: the caller was told that it is kept. Raises CannotStore if call or recording are not there."""
        row = {"call_id": call, "queue": queue, "recording_id": recording_id, "caller": caller, "at": at}

        async def work(connection: AsyncConnection) -> Voicemail:
            added = await connection.execute(voicemail.insert().values(row).returning(voicemail))
            return _message(added.one())

        return await self._database.write(work)

    async def get(self, message: int) -> Voicemail:
        """Raises NotFound."""
        row = await self._database.row(sa.select(voicemail).where(voicemail.c.id == message))
        if row is None:
            raise NotFound("voicemail", message)
        return _message(row)

    async def list(
        self,
        queue: QueueName | None = None,
        done: bool | None = None,
        limit: int = 50,
        offset: int = 0,
        *,
        queues: tuple[QueueName, ...] | None = None,
    ) -> Page:
        """One page, newest first, at most 500; and how many there are in all. queues: only those of these queues."""
        query = sa.select(voicemail)
        if queue is not None:
            query = query.where(voicemail.c.queue == queue)
        if queues is not None:
            query = query.where(voicemail.c.queue.in_(queues))
        if done is not None:
            query = query.where(voicemail.c.done == done)
        rows, total = await self._database.page(query, (voicemail.c.at.desc(), voicemail.c.id.desc()), limit, offset)
        return [_message(row) for row in rows], total

    async def counts(self) -> dict[QueueName, tuple[int, int]]:
        """Of each queue with messages: those that nobody has seen to, and those that somebody has."""
        query = sa.select(
            voicemail.c.queue,
            sa.func.count().label("total"),
            sa.func.sum(sa.case((voicemail.c.done, 1), else_=0)).label("seen"),
        ).group_by(voicemail.c.queue)
        rows = await self._database.rows(query)
        return {QueueName(row.queue): (row.total - row.seen, row.seen) for row in rows if row.queue is not None}

    async def mark(self, message: int, done: bool, by: str, at: datetime) -> Voicemail:
        """Someone dealt with it, or it is to be done again; durable. Raises NotFound."""
        new = {"done": done, "done_by": by if done else "", "done_at": at if done else None}

        async def work(connection: AsyncConnection) -> Voicemail:
            change = voicemail.update().where(voicemail.c.id == message).values(new).returning(voicemail)
            row = (await connection.execute(change)).first()
            if row is None:
                raise NotFound("voicemail", message)
            return _message(row)

        return await self._database.write(work)


def _message(row: sa.Row[Any]) -> Voicemail:
    known = dict(row._mapping)
    known["call"] = known.pop("call_id")
    return Voicemail(**known)
