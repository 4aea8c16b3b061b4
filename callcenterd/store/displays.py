"""Televisions [电视大屏]: their links, kept only as the SHA-256 of what stands in them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.displays import Display
from callcenterd.model.ids import QueueName
from callcenterd.store.engine import Database
from callcenterd.store.faults import CannotStore
from callcenterd.store.tables.displays import displays

_log = structlog.get_logger(__name__)

MOST = 200
TOUCH = timedelta(minutes=1)
"""How exactly it is kept when one was last there: it asks every few seconds."""
_TOKEN_OCTETS = 32
_C = displays.c
_KEPT = [column for column in _C if column is not _C.token]


class Displays:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Display]:
        """The newest first."""
        rows = await self._database.rows(sa.select(*_KEPT).order_by(_C.id.desc()))
        return [_display(row) for row in rows]

    async def create(
        self, name: str, queues: Sequence[QueueName], by: str, at: datetime, life: timedelta
    ) -> tuple[Display, str]:
        """A new one and its token of 256 bits, said only now; durable. Raises NotNow: there are `MOST` already."""
        token = secrets.token_urlsafe(_TOKEN_OCTETS)
        row = {"name": name, "queues": list(queues), "created_by": by, "created_at": at, "expires_at": at + life}

        async def work(connection: AsyncConnection) -> Display:
            counted = sa.select(sa.func.count()).select_from(displays)
            if (await connection.execute(counted)).scalar_one() >= MOST:
                raise NotNow(f"there are {MOST} displays already")
            added = displays.insert().values(token=_hash(token), **row).returning(*_KEPT)
            return _display((await connection.execute(added)).one())

        return await self._database.write(work), token

    async def find(self, token: str, now: datetime) -> Display | None:
        """Whose token it is, or None if it is nobody's, too old, or revoked. Counts as a use."""
        row = await self._database.row(sa.select(*_KEPT).where(_C.token == _hash(token), _C.expires_at > now))
        if row is None:
            return None
        found = _display(row)
        if found.seen_at is None or now - found.seen_at >= TOUCH:
            await self._touch(found.id, now)
        return found

    async def _touch(self, number: int, now: datetime) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(displays.update().where(_C.id == number).values(seen_at=now))

        try:
            await self._database.write(work, durable=False)
        except CannotStore as fault:  # with a full disk the wall still shows its figures
            _log.warning("use of a display not kept", why=str(fault))

    async def revoke(self, number: int) -> Display:
        """From now on its link shows nothing; durable. Raises NotFound."""

        async def work(connection: AsyncConnection) -> Display:
            gone = displays.delete().where(_C.id == number).returning(*_KEPT)
            row = (await connection.execute(gone)).first()
            if row is None:
                raise NotFound("display", number)
            return _display(row)

        return await self._database.write(work)


def _display(row: sa.Row[Any]) -> Display:
    return Display(
        id=row.id,
        name=row.name,
        queues=tuple(QueueName(name) for name in row.queues),
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        seen_at=row.seen_at,
    )


def _hash(token: str) -> str:
    """A plain hash will do: there is nothing to guess in 256 bits of chance."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
