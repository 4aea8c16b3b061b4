"""From when on the wall warns."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.model.ids import QueueName
from callcenterd.model.thresholds import SHIPPED, Limit, Thresholds, ThresholdsAreOthers
from callcenterd.store.engine import Database
from callcenterd.store.tables.thresholds import thresholds


class ThresholdsKept:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Thresholds]:
        """The office's first, as it ships if nobody has changed it; then those of queues, by name."""
        rows = await self._database.rows(sa.select(thresholds).order_by(thresholds.c.queue))
        found = [_thresholds(row) for row in rows]
        return found if found and found[0].queue is None else [SHIPPED, *found]

    async def put(self, new: Thresholds, by: str, at: datetime) -> Thresholds:
        """Durable. new.version: the one that was read, 0 where there were none. Raises ThresholdsAreOthers."""

        async def work(connection: AsyncConnection) -> Thresholds:
            this = thresholds.c.queue == (new.queue or "")
            row = (await connection.execute(sa.select(thresholds).where(this))).first()
            shipped = SHIPPED if new.queue is None else Thresholds(queue=new.queue)
            known = shipped if row is None else _thresholds(row)
            if known.version != new.version:
                raise ThresholdsAreOthers(known)
            after = replace(new, version=new.version + 1, changed_at=at, changed_by=by)
            values: dict[str, Any] = asdict(after) | {"queue": new.queue or ""}
            if row is None:
                await connection.execute(thresholds.insert().values(values))
            else:
                await connection.execute(thresholds.update().where(this).values(values))
            return after

        return await self._database.write(work)


def _thresholds(row: sa.Row[Any]) -> Thresholds:
    return Thresholds(
        queue=QueueName(row.queue) if row.queue else None,
        limits={name: None if limit is None else Limit(**limit) for name, limit in row.limits.items()},
        version=row.version,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
    )
