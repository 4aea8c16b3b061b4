"""What the office has said of itself on the set-up page."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.store.engine import Database
from callcenterd.store.tables.office import office_words

_ZONE = office_words.c.name == "timezone"


class OfficeKept:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def timezone(self) -> str | None:
        """The name of its time zone; None: nobody has said."""
        rows = await self._database.rows(sa.select(office_words.c.value).where(_ZONE))
        return str(rows[0].value) if rows else None

    async def put_timezone(self, name: str, by: str, at: datetime) -> None:
        """Durable."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(office_words.delete().where(_ZONE))
            values = {"name": "timezone", "value": name, "changed_at": at, "changed_by": by}
            await connection.execute(office_words.insert().values(values))

        await self._database.write(work)
