"""Downloads of many recordings: who asked, how far each is, and until when its file is there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound
from callcenterd.model.recordings import Batch
from callcenterd.store.engine import Database
from callcenterd.store.tables.recording_marks import recording_batches

_B = recording_batches.c
MOST_LISTED = 50


class RecordingBatches:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, by: str, at: datetime, total: int) -> Batch:
        async def work(connection: AsyncConnection) -> Batch:
            row = {"by": by, "at": at, "state": "waiting", "total": total}
            return _batch(
                (await connection.execute(recording_batches.insert().values(row).returning(recording_batches))).one()
            )

        return await self._database.write(work)

    async def get(self, batch: int, by: str) -> Batch:
        """Raises NotFound, also for somebody else's."""
        row = await self._database.row(sa.select(recording_batches).where(_B.id == batch, _B.by == by))
        if row is None:
            raise NotFound("download", batch)
        return _batch(row)

    async def of(self, by: str) -> list[Batch]:
        """Theirs, the newest first, at most 50."""
        query = sa.select(recording_batches).where(_B.by == by).order_by(_B.id.desc()).limit(MOST_LISTED)
        return [_batch(row) for row in await self._database.rows(query)]

    async def change(self, batch: int, **fields: object) -> None:
        """fields: columns of `Batch`."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(recording_batches.update().where(_B.id == batch).values(fields))

        await self._database.write(work)

    async def cut_off(self) -> None:
        """At a start: what was on its way never comes."""

        async def work(connection: AsyncConnection) -> None:
            on_its_way = recording_batches.update().where(_B.state.in_(("waiting", "running")))
            await connection.execute(on_its_way.values(state="failed", why="stopped"))

        await self._database.write(work)

    async def expired(self, now: datetime) -> list[int]:
        """Those whose time is over are said to be; which they are. Their files may go."""

        async def work(connection: AsyncConnection) -> list[int]:
            over = recording_batches.update().where(_B.state == "done", _B.expires_at <= now)
            return [row.id for row in await connection.execute(over.values(state="expired").returning(_B.id))]

        return await self._database.write(work)

    async def with_files(self) -> frozenset[int]:
        """Whose file is to be there."""
        rows = await self._database.rows(sa.select(_B.id).where(_B.state == "done"))
        return frozenset(row.id for row in rows)


def _batch(row: sa.Row[Any]) -> Batch:
    return Batch(**row._mapping)
