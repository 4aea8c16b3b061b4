"""Callers who asked to be called back (预约回拨)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound
from callcenterd.model.calls import Callback, CallbackState
from callcenterd.model.ids import CallId, QueueName
from callcenterd.store.engine import Database
from callcenterd.store.schema import callbacks

Page = tuple[list[Callback], int]


class Callbacks:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, call: CallId, queue: QueueName | None, number: str, at: datetime) -> Callback:
        """Durable: the caller was promised it. Raises CannotStore if there is no such call."""
        row = {"call_id": call, "queue": queue, "number": number, "at": at, "state": "waiting"}

        async def work(connection: AsyncConnection) -> Callback:
            added = await connection.execute(callbacks.insert().values(row).returning(callbacks))
            return _wish(added.one())

        return await self._database.write(work)

    async def get(self, callback: int) -> Callback:
        """Raises NotFound."""
        row = await self._database.row(sa.select(callbacks).where(callbacks.c.id == callback))
        if row is None:
            raise NotFound("callback", callback)
        return _wish(row)

    async def list(
        self,
        queue: QueueName | None = None,
        state: CallbackState | None = None,
        limit: int = 50,
        offset: int = 0,
        *,
        queues: tuple[QueueName, ...] | None = None,
    ) -> Page:
        """One page, newest first, at most 500; and how many there are in all. queues: only those of these queues."""
        query = sa.select(callbacks)
        if queue is not None:
            query = query.where(callbacks.c.queue == queue)
        if queues is not None:
            query = query.where(callbacks.c.queue.in_(queues))
        if state is not None:
            query = query.where(callbacks.c.state == state)
        rows, total = await self._database.page(query, (callbacks.c.at.desc(), callbacks.c.id.desc()), limit, offset)
        return [_wish(row) for row in rows], total

    async def mark(self, callback: int, state: CallbackState, by: str, at: datetime) -> Callback:
        """Who gave it that state; durable. Raises NotFound."""
        new = {"state": state, "done_by": by, "changed_at": at}

        async def work(connection: AsyncConnection) -> Callback:
            change = callbacks.update().where(callbacks.c.id == callback).values(new).returning(callbacks)
            row = (await connection.execute(change)).first()
            if row is None:
                raise NotFound("callback", callback)
            return _wish(row)

        return await self._database.write(work)


def _wish(row: sa.Row[Any]) -> Callback:
    known = dict(row._mapping)
    known["call"] = known.pop("call_id")
    return Callback(**known)
