"""Callers who asked to be called back (预约回拨)."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound
from callcenterd.model import numbers
from callcenterd.model.calls import Callback, CallbackCount, CallbackState, CallbackTry
from callcenterd.model.ids import CallId, QueueName
from callcenterd.store.engine import Database
from callcenterd.store.schema import callback_tries, callbacks

OPEN: tuple[CallbackState, ...] = ("waiting", "dialling")
"""States in which somebody is still to be called."""
UNDONE: tuple[CallbackState, ...] = (*OPEN, "failed")
"""States that somebody has to see to: the system calls those that are open, people those that failed."""
Page = tuple[list[Callback], int]
_Tries = list[CallbackTry]
_Counts = list[CallbackCount]


class Callbacks:
    def __init__(self, database: Database, region: str) -> None:
        self._database = database
        self._region = region

    async def add(
        self, call: CallId, queue: QueueName | None, number: str, at: datetime, place_at: datetime | None = None
    ) -> Callback:
        """Durable: the caller was promised it. Who waits already to be called at that number by that queue keeps the
        place: it is one wish. Raises CannotStore if there is no such call."""
        line = numbers.normalise(number, self._region)
        row = {
            "call_id": call, "queue": queue, "number": number, "at": at, "state": "waiting", "place_at": place_at,
            "line": line,
        }  # fmt: skip
        same = (callbacks.c.line == line, callbacks.c.queue == queue, callbacks.c.state.in_(OPEN))

        async def work(connection: AsyncConnection) -> Callback:
            known = (await connection.execute(sa.select(callbacks).where(*same))).first() if line else None
            if known is not None:
                return _wish(known)
            added = await connection.execute(callbacks.insert().values(row).returning(callbacks))
            return _wish(added.one())

        return await self._database.write(work)

    async def open_ones(self, queue: QueueName | None = None, number: str | None = None) -> list[Callback]:
        """Those that are still to be called, oldest first, at most 5,000. number: only those of this number."""
        query = sa.select(callbacks).where(callbacks.c.state.in_(OPEN))
        if queue is not None:
            query = query.where(callbacks.c.queue == queue)
        if number is not None:
            query = query.where(callbacks.c.line == numbers.normalise(number, self._region))
        rows = await self._database.rows(query.order_by(callbacks.c.at, callbacks.c.id).limit(5000))
        return [_wish(row) for row in rows]

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
        mine: tuple[str, ...] = (),
        undone: bool = False,
        assigned: str | None = None,
        call: CallId | None = None,
    ) -> Page:
        """One page, newest first, at most 500; and how many there are in all. queues: only those of these queues, and
        those of one of `mine`. undone: only those that somebody still has to see to. assigned: to whom, ""
        is nobody. call: only the one that this call was made for."""
        query = sa.select(callbacks)
        if assigned is not None:
            query = query.where(callbacks.c.assigned_to == assigned)
        if call is not None:
            of_call = sa.select(callback_tries.c.callback_id).where(callback_tries.c.call_id == call)
            query = query.where(callbacks.c.id.in_(of_call))
        if undone:
            query = query.where(callbacks.c.state.in_(UNDONE))
        if queue is not None:
            query = query.where(callbacks.c.queue == queue)
        if queues is not None:
            query = query.where(callbacks.c.queue.in_(queues) | callbacks.c.assigned_to.in_(mine))
        if state is not None:
            query = query.where(callbacks.c.state == state)
        rows, total = await self._database.page(query, (callbacks.c.at.desc(), callbacks.c.id.desc()), limit, offset)
        return [_wish(row) for row in rows], total

    async def mark(
        self,
        callback: int,
        state: CallbackState,
        by: str,
        at: datetime,
        *,
        tries: int | None = None,
        next_at: datetime | None = None,
        result: str | None = None,
        tried: CallbackTry | None = None,
    ) -> Callback:
        """Who gave it that state; durable. tries, result: None leaves them. tried: is kept with it, or neither is.
        Raises NotFound."""
        new: dict[str, Any] = {"state": state, "done_by": by, "changed_at": at, "next_at": next_at}
        new |= {} if tries is None else {"tries": tries}
        new |= {} if result is None else {"result": result}

        async def work(connection: AsyncConnection) -> Callback:
            change = callbacks.update().where(callbacks.c.id == callback).values(new).returning(callbacks)
            row = (await connection.execute(change)).first()
            if row is None:
                raise NotFound("callback", callback)
            if tried is not None:
                await connection.execute(callback_tries.insert(), [_row(tried)])
            return _wish(row)

        return await self._database.write(work)

    async def change(
        self, callback: int, by: str, at: datetime, *, assigned_to: str | None = None, note: str | None = None
    ) -> Callback:
        """None leaves it as it is; assigned_to "" is nobody. Durable. Raises NotFound."""

        async def work(connection: AsyncConnection) -> Callback:
            row = (await connection.execute(sa.select(callbacks).where(callbacks.c.id == callback))).first()
            if row is None:
                raise NotFound("callback", callback)
            new: dict[str, Any] = {}
            if assigned_to is not None and assigned_to != row.assigned_to:
                new = {"assigned_to": assigned_to, "assigned_by": by, "assigned_at": at}
            if note is not None and note != row.note:
                new |= {"note": note}
            if not new:
                return _wish(row)
            change = callbacks.update().where(callbacks.c.id == callback).values(new).returning(callbacks)
            return _wish((await connection.execute(change)).one())

        return await self._database.write(work)

    # ---- its tries ------------------------------------------------------------------------------------------

    async def tries(self, callback: int) -> _Tries:
        """All of one callback, oldest first, at most 500; [] also for one that there is not."""
        query = sa.select(callback_tries).where(callback_tries.c.callback_id == callback)
        return [_try(row) for row in await self._database.rows(query.order_by(callback_tries.c.id).limit(500))]

    async def counts(self, queues: tuple[QueueName, ...] | None = None) -> _Counts:
        """Of each queue that has any which somebody still has to see to."""
        failed = callbacks.c.state == "failed"
        query = (
            sa.select(
                callbacks.c.queue,
                sa.func.sum(sa.case((failed, 0), else_=1)).label("waiting"),
                sa.func.sum(sa.case((failed, 1), else_=0)).label("failed"),
                sa.func.sum(sa.case((failed & (callbacks.c.assigned_to == ""), 1), else_=0)).label("unowned"),
            )
            .where(callbacks.c.state.in_(UNDONE))
            .group_by(callbacks.c.queue)
            .order_by(callbacks.c.queue)
        )
        if queues is not None:
            query = query.where(callbacks.c.queue.in_(queues))
        return [
            CallbackCount(row.queue, int(row.waiting), int(row.failed), int(row.unowned))
            for row in await self._database.rows(query)
        ]


def _row(tried: CallbackTry) -> dict[str, Any]:
    known = {each.name: getattr(tried, each.name) for each in fields(CallbackTry) if each.name != "id"}
    known["callback_id"], known["call_id"] = known.pop("callback"), known.pop("call")
    return known


def _try(row: sa.Row[Any]) -> CallbackTry:
    known = dict(row._mapping)
    known["callback"], known["call"] = known.pop("callback_id"), known.pop("call_id")
    return CallbackTry(**known)


def _wish(row: sa.Row[Any]) -> Callback:
    known = dict(row._mapping)
    known["call"] = known.pop("call_id")
    del known["line"]
    return Callback(**known)
