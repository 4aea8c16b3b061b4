"""The audit trail (系统日志): who did what to what. Only ever appended to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.model.people import AuditEntry
from callcenterd.store.engine import Database
from callcenterd.store.schema import audit


class Audit:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(
        self, at: datetime, who: str, what: str, target: str, details: Mapping[str, Any] | None = None
    ) -> None:
        """who: a login, or "system". what: "customer.created". target: "customer/17". details: JSON data; durable."""
        row = {"at": at, "who": who, "what": what, "target": target, "details": dict(details or {})}

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(audit.insert(), [row])

        await self._database.write(work)

    async def search(
        self,
        *,
        who: str | None = None,
        what: str | None = None,
        target: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[list[AuditEntry], int]:
        """One page, newest first, at most 500; and how many there are in all.

        what: one word of the trail, or what it begins with: "customer" takes "customer.created" and its like.
        """
        query = sa.select(audit)
        if who is not None:
            query = query.where(audit.c.who == who)
        if what is not None:
            query = query.where((audit.c.what == what) | audit.c.what.startswith(f"{what}.", autoescape=True))
        if target is not None:
            query = query.where(audit.c.target == target)
        if since is not None:
            query = query.where(audit.c.at >= since)
        if until is not None:
            query = query.where(audit.c.at < until)
        rows, total = await self._database.page(query, (audit.c.at.desc(), audit.c.id.desc()), limit, offset)
        return [AuditEntry(**row._mapping) for row in rows], total
