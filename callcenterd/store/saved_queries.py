"""Queries that somebody keeps: who may see them is a part of each question."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.query import Query
from callcenterd.model.saved_queries import SavedQuery, SavedQueryIsAnother, Shared
from callcenterd.store.engine import Database
from callcenterd.store.tables.saved_queries import saved_queries

MOST_OF_ONE = 100
"""That one person keeps."""
_C = saved_queries.c


class SavedQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def seen(self, login: str, teams: Collection[str]) -> list[SavedQuery]:
        """One's own, by name, then those of others that are shared with all or with one of these teams; at most 500."""
        query = sa.select(saved_queries).where(_seen(login, teams)).order_by(_C.owner != login, _C.name, _C.id)
        return [_saved(row) for row in await self._database.rows(query.limit(500))]

    async def get(self, number: int, login: str, teams: Collection[str]) -> SavedQuery:
        """Raises NotFound, also for one that is not shared with whoever asks."""
        row = await self._database.row(sa.select(saved_queries).where(_C.id == number, _seen(login, teams)))
        if row is None:
            raise NotFound("query", number)
        return _saved(row)

    async def kept(self, number: int) -> SavedQuery:
        """Whoever keeps it: for what runs by it. Raises NotFound."""
        row = await self._database.row(sa.select(saved_queries).where(_C.id == number))
        if row is None:
            raise NotFound("query", number)
        return _saved(row)

    async def add(self, name: str, query: Query, owner: str, shared: Shared, team: str, at: datetime) -> SavedQuery:
        """Durable. Raises NotNow: one person keeps only so many."""
        row = {"name": name, "query": _written(query), "owner": owner, "shared": shared, "team": team}

        async def work(connection: AsyncConnection) -> SavedQuery:
            counted = sa.select(sa.func.count()).select_from(saved_queries).where(_C.owner == owner)
            if (await connection.execute(counted)).scalar_one() >= MOST_OF_ONE:
                raise NotNow(f"one person keeps at most {MOST_OF_ONE} queries")
            added = saved_queries.insert().values(**row, changed_at=at).returning(saved_queries)
            return _saved((await connection.execute(added)).one())

        return await self._database.write(work)

    async def change(
        self, number: int, version: int, name: str, query: Query, shared: Shared, team: str, at: datetime
    ) -> SavedQuery:
        """Durable. version: the one that was read. Raises NotFound, SavedQueryIsAnother."""

        async def work(connection: AsyncConnection) -> SavedQuery:
            found = (await connection.execute(sa.select(saved_queries).where(_C.id == number))).first()
            if found is None:
                raise NotFound("query", number)
            if found.version != version:
                raise SavedQueryIsAnother(_saved(found))
            new = {"name": name, "query": _written(query), "shared": shared, "team": team, "changed_at": at}
            change = saved_queries.update().where(_C.id == number).values(**new, version=version + 1)
            return _saved((await connection.execute(change.returning(saved_queries))).one())

        return await self._database.write(work)

    async def remove(self, number: int) -> None:
        """Durable. Raises NotFound."""

        async def work(connection: AsyncConnection) -> None:
            if (await connection.execute(saved_queries.delete().where(_C.id == number))).rowcount == 0:
                raise NotFound("query", number)

        await self._database.write(work)


def _seen(login: str, teams: Collection[str]) -> sa.ColumnElement[bool]:
    with_team = (_C.shared == "team") & _C.team.in_(list(teams))
    return (_C.owner == login) | (_C.shared == "all") | with_team


def _written(query: Query) -> dict[str, Any]:
    return query.model_dump(mode="json", exclude_defaults=True)


def _saved(row: Any) -> SavedQuery:
    known = dict(row._mapping)
    known["query"] = Query.model_validate_json(json.dumps(known["query"]))
    return SavedQuery(**known)
