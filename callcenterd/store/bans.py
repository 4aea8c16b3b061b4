"""Addresses that SIP does not hear [封禁]: kept so that a restart forgives nobody."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.model.bans import Ban
from callcenterd.store.engine import Database
from callcenterd.store.schema import bans

REMEMBERED = timedelta(hours=1)
"""After its end a ban still makes the next one longer."""


class Bans:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, ban: Ban) -> None:
        """In place of an earlier one of that address. What is long over is forgotten here."""

        async def work(connection: AsyncConnection) -> None:
            old = (bans.c.until <= ban.since - REMEMBERED) | (bans.c.address == ban.address)
            await connection.execute(bans.delete().where(old))
            row = {
                "address": ban.address,
                "since": ban.since,
                "until": ban.until,
                "times": ban.times,
                "why": ban.why,
            }
            await connection.execute(bans.insert(), [row])

        await self._database.write(work)

    async def remove(self, address: str) -> None:
        """One that there is not is removed already."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(bans.delete().where(bans.c.address == address))

        await self._database.write(work)

    async def remembered(self, now: datetime) -> list[Ban]:
        """Those in force, and those that make the next one longer; the oldest first."""
        query = sa.select(bans).where(bans.c.until > now - REMEMBERED).order_by(bans.c.since)
        rows = await self._database.rows(query)
        return [Ban(**row._mapping) for row in rows]
