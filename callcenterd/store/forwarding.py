"""Do-not-disturb and forwarding of extensions."""

from __future__ import annotations

import dataclasses

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.model.forwarding import Forwarding
from callcenterd.store.engine import Database
from callcenterd.store.schema import forwarding


class ForwardingRules:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, rule: Forwarding) -> None:
        """In place of the extension's earlier one; durable."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(forwarding.delete().where(forwarding.c.extension == rule.extension))
            if not rule.idle:
                await connection.execute(forwarding.insert(), [dataclasses.asdict(rule)])

        await self._database.write(work)

    async def all(self) -> list[Forwarding]:
        """Of every extension whose calls are not just calls."""
        rows = await self._database.rows(sa.select(forwarding).order_by(forwarding.c.extension))
        return [Forwarding(**row._mapping) for row in rows]
