"""Calls of agents for help, each with its steps, which are only ever added to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.help import UP, HelpIsAnother, HelpRequest, HelpStep, HelpStepKind
from callcenterd.model.ids import AgentId, CallId
from callcenterd.store.engine import Database, bounded
from callcenterd.store.tables.help_requests import help_requests, help_steps

MOST_STEPS = 200
_H = help_requests.c


class HelpRequests:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(
        self, agent: AgentId, call: CallId | None, text: str, at: datetime, *, by_phone: bool
    ) -> tuple[HelpRequest, bool]:
        """Durable. Who has asked already and got no end of it yet asks again: the same one, with the call of now, and
        False."""

        async def work(connection: AsyncConnection) -> tuple[HelpRequest, bool]:
            up = sa.select(help_requests).where(_H.agent == agent, _up())
            known = (await connection.execute(up)).first()
            if known is not None:
                new: dict[str, Any] = {"call_id": call or known.call_id, "text": text or known.text}
                return await _changed(connection, known.id, new, "again", agent, at, text), False
            row = {"agent": agent, "asked_at": at, "call_id": call, "text": text, "by_phone": by_phone}
            added = (await connection.execute(help_requests.insert().values(row).returning(help_requests))).one()
            await _step(connection, added.id, "asked", agent, at, text)
            return _request(added), True

        return await self._database.write(work)

    async def change(
        self,
        number: int,
        version: int | None,
        new: Mapping[str, Any],
        kind: HelpStepKind,
        by: str,
        at: datetime,
        *,
        text: str = "",
    ) -> HelpRequest:
        """One change of one that is up, with its step; durable. version: the one that was seen; None: it does not
        matter. Raises NotFound, HelpIsAnother, and NotNow for one that has ended."""

        async def work(connection: AsyncConnection) -> HelpRequest:
            found = (await connection.execute(sa.select(help_requests).where(_H.id == number))).first()
            if found is None:
                raise NotFound("help", number)
            known = _request(found)
            if version is not None and version != known.version:
                raise HelpIsAnother(known)
            if known.state not in UP:
                raise NotNow("this call for help is over")
            return await _changed(connection, number, new, kind, by, at, text)

        return await self._database.write(work)

    async def get(self, number: int) -> HelpRequest:
        """Raises NotFound."""
        row = await self._database.row(sa.select(help_requests).where(_H.id == number))
        if row is None:
            raise NotFound("help", number)
        return _request(row)

    async def up(self) -> list[HelpRequest]:
        """All that wait for somebody, or are being seen to; the oldest first."""
        rows = await self._database.rows(sa.select(help_requests).where(_up()).order_by(_H.asked_at))
        return [_request(row) for row in rows]

    async def page(
        self, agents: Collection[str] | None, *, up: bool, limit: int = 50, offset: int = 0
    ) -> tuple[list[HelpRequest], int]:
        """Of these agents, None: of all; the newest first, and how many there are in all."""
        query = sa.select(help_requests)
        if agents is not None:
            query = query.where(_H.agent.in_(sorted(agents)))
        if up:
            query = query.where(_up())
        rows, total = await self._database.page(query, (_H.id.desc(),), bounded(limit), offset)
        return [_request(row) for row in rows], total

    async def steps(self, number: int) -> list[HelpStep]:
        """In their order; at most 200."""
        query = sa.select(help_steps).where(help_steps.c.request_id == number).order_by(help_steps.c.id)
        rows = await self._database.rows(query.limit(MOST_STEPS))
        return [HelpStep(id=row.id, at=row.at, by=row.by, kind=row.kind, text=row.text) for row in rows]


def _up() -> sa.ColumnElement[bool]:
    """As literal text, so that the index of these is used."""
    return sa.literal_column("state IN ('open', 'taken')", sa.Boolean())


async def _changed(
    connection: AsyncConnection,
    number: int,
    new: Mapping[str, Any],
    kind: HelpStepKind,
    by: str,
    at: datetime,
    text: str,
) -> HelpRequest:
    change = help_requests.update().where(_H.id == number).values(**new, version=_H.version + 1)
    row = (await connection.execute(change.returning(help_requests))).one()
    await _step(connection, number, kind, by, at, text)
    return _request(row)


async def _step(connection: AsyncConnection, number: int, kind: HelpStepKind, by: str, at: datetime, text: str) -> None:
    row = {"request_id": number, "at": at, "by": by, "kind": kind, "text": text}
    await connection.execute(help_steps.insert(), [row])


def _request(row: sa.Row[Any]) -> HelpRequest:
    known = dict(row._mapping)
    call = known.pop("call_id")
    return HelpRequest(call=None if call is None else CallId(call), **known)
