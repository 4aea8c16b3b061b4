"""Numbers that the office must not call [勿扰名单]: whole numbers, however they are written."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound
from callcenterd.model import numbers
from callcenterd.model.do_not_call import DoNotCall
from callcenterd.store.engine import Database
from callcenterd.store.hidden import has_part
from callcenterd.store.schema import do_not_call

_COLUMNS = (do_not_call.c.number, do_not_call.c.why, do_not_call.c.by, do_not_call.c.at)


class DoNotCallList:
    def __init__(self, database: Database, region: str) -> None:
        self._database = database
        self._region = region

    async def add(self, entry: DoNotCall) -> DoNotCall:
        """Durable: somebody was promised it. Who is on the list already stays there as before; answers what holds."""
        line = self._line(entry.number)
        row = {"line": line, "number": entry.number, "why": entry.why, "by": entry.by, "at": entry.at}

        async def work(connection: AsyncConnection) -> DoNotCall:
            known = (await connection.execute(sa.select(*_COLUMNS).where(do_not_call.c.line == line))).first()
            if known is not None:
                return DoNotCall(**known._mapping)
            await connection.execute(do_not_call.insert(), [row])
            return entry

        return await self._database.write(work)

    async def remove(self, number: str) -> None:
        """Raises NotFound."""

        async def work(connection: AsyncConnection) -> None:
            gone = await connection.execute(do_not_call.delete().where(do_not_call.c.line == self._line(number)))
            if gone.rowcount == 0:
                raise NotFound("number on the do-not-call list", number)

        await self._database.write(work)

    async def find(self, number: str) -> DoNotCall | None:
        """Is it on the list, in whatever way it is written?"""
        row = await self._database.row(sa.select(*_COLUMNS).where(do_not_call.c.line == self._line(number)))
        return None if row is None else DoNotCall(**row._mapping)

    async def list(self, text: str = "", limit: int = 50, offset: int = 0) -> tuple[list[DoNotCall], int]:
        """One page, newest first, at most 500; and how many there are in all. text: a part of the number."""
        query = sa.select(*_COLUMNS)
        if digits := numbers.tidy(text):
            part = has_part(do_not_call.c.line, digits) | has_part(do_not_call.c.number, digits)
            query = query.where(part | (do_not_call.c.line == self._line(digits)))
        order = (do_not_call.c.at.desc(), do_not_call.c.line)
        rows, total = await self._database.page(query, order, limit, offset)
        return [DoNotCall(**row._mapping) for row in rows], total

    def _line(self, number: str) -> str:
        return numbers.normalise(number, self._region) or numbers.tidy(number)
