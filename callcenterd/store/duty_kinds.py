"""What an administrator has made of the kinds of duties."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.model.duties import Escalation
from callcenterd.model.duty_kinds import DutyKindIsAnother, DutyKindTerms
from callcenterd.store.engine import Database
from callcenterd.store.tables.duty_kinds import duty_kinds


class DutyKinds:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def changed(self) -> list[DutyKindTerms]:
        """Those that are not as shipped, by name."""
        rows = await self._database.rows(sa.select(duty_kinds).order_by(duty_kinds.c.name))
        return [_terms(row) for row in rows]

    async def put(self, new: DutyKindTerms, shipped: DutyKindTerms, by: str, at: datetime) -> DutyKindTerms:
        """Durable. new.version: the one that was read. shipped: what it is where nobody has changed it yet. Raises
        DutyKindIsAnother."""

        async def work(connection: AsyncConnection) -> DutyKindTerms:
            this = duty_kinds.c.name == new.name
            row = (await connection.execute(sa.select(duty_kinds).where(this))).first()
            known = shipped if row is None else _terms(row)
            if known.version != new.version:
                raise DutyKindIsAnother(known)
            after = replace(new, version=new.version + 1, changed_at=at, changed_by=by)
            values: dict[str, Any] = asdict(after) | {"closes": after.closes or ""}
            if row is None:
                await connection.execute(duty_kinds.insert().values(values))
            else:
                await connection.execute(duty_kinds.update().where(this).values(values))
            return after

        return await self._database.write(work)


def _terms(row: sa.Row[Any]) -> DutyKindTerms:
    known = dict(row._mapping)
    known["escalations"] = tuple(Escalation(**one) for one in known["escalations"])
    known["closes"] = known["closes"] or None
    return DutyKindTerms(**known)
