"""Requests that are done once, however often they are sent (`Idempotency-Key`).

That one was done is written in the transaction of the first durable thing that it writes: both are kept, or neither,
also over a power cut. Its answer follows when it is known. Between the two lies the one window there is: a server that
stops in it knows that the request was done, and does not do it again, but can only say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.store.engine import Beside, Database
from callcenterd.store.tables.once import once_keys

LIFE = timedelta(days=1)
MOST_OF_ONE = 1000
"""Keys of one login; the oldest are forgotten first."""
MOST_ANSWER = 1 << 18
"""Octets; a longer answer is not kept."""
_KEPT = (once_keys.c.fingerprint, once_keys.c.status, once_keys.c.answer)


@dataclass(frozen=True, slots=True)
class Request:
    """route: method and address. fingerprint: of what was sent, so that something else is not taken for it."""

    login: str
    route: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Done:
    """A request that was done before. status, answer: None: it is not known what was answered."""

    fingerprint: str
    status: int | None
    answer: str | None


class OnceKeys:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, request: Request, now: datetime) -> Done | None:
        """None: it was not done yet, or longer ago than a day."""
        row = await self._database.row(sa.select(*_KEPT).where(_this(request), once_keys.c.at > now - LIFE))
        return None if row is None else Done(**row._mapping)

    def beside(self, request: Request, now: datetime) -> Beside:
        """That it was done, for `engine.Beside`."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(once_keys.delete().where(once_keys.c.at <= now - LIFE))
            own = once_keys.c.login == request.login
            newest = sa.select(once_keys.c.id).where(own).order_by(once_keys.c.id.desc())
            last = newest.offset(MOST_OF_ONE - 1).limit(1).scalar_subquery()
            await connection.execute(once_keys.delete().where(own, once_keys.c.id <= last))
            row = {"login": request.login, "route": request.route, "key": request.key, "at": now}
            await connection.execute(once_keys.insert().values(row | {"fingerprint": request.fingerprint}))

        return Beside(work)

    async def answered(self, request: Request, status: int, answer: str) -> None:
        """What is answered again. One that is too long is not kept."""
        if len(answer.encode()) > MOST_ANSWER:
            return

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(once_keys.update().where(_this(request)).values(status=status, answer=answer))

        await self._database.write(work, durable=False)


async def forget_answers(connection: AsyncConnection) -> None:
    """In the transaction that erases somebody: what was answered may name them. It stays that requests were done."""
    await connection.execute(once_keys.update().values(status=None, answer=None))


def _this(request: Request) -> sa.ColumnElement[bool]:
    table = once_keys.c
    return (table.login == request.login) & (table.route == request.route) & (table.key == request.key)
