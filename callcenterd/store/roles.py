"""What an administrator has made of the roles, and the office's own ones."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.roles import RoleInUse, RoleIsAnother, RoleSettings
from callcenterd.store.engine import Database
from callcenterd.store.schema import users
from callcenterd.store.tables.roles import roles

MOST_ROLES = 100
"""Of the office's own."""
NAMED = 5
"""Of the users who have one that is to go."""


async def kept_roles(connection: AsyncConnection) -> tuple[RoleSettings, ...]:
    """Those that are not as shipped, by name."""
    rows = (await connection.execute(sa.select(roles).order_by(roles.c.role))).all()
    return tuple(_settings(row) for row in rows)


class Roles:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, wanted: RoleSettings) -> RoleSettings:
        """These are the settings of the role now, with the next version; durable. wanted.version: the one that was
        read. Raises RoleIsAnother, and NotFound for one of the office's own that is gone."""

        async def work(connection: AsyncConnection) -> RoleSettings:
            row = (await connection.execute(sa.select(roles).where(roles.c.role == wanted.role))).first()
            if row is None and wanted.base:
                raise NotFound("role", wanted.role)
            now = RoleSettings(role=wanted.role) if row is None else _settings(row)
            if now.version != wanted.version:
                raise RoleIsAnother(now)
            values = _row(wanted) | {"version": now.version + 1}
            if row is None:
                await connection.execute(roles.insert().values(values))
            else:
                await connection.execute(roles.update().where(roles.c.role == wanted.role).values(values))
            return await _now(connection, wanted.role)

        return await self._database.write(work)

    async def add(self, new: RoleSettings) -> RoleSettings:
        """One of the office's own; durable. Raises NotNow: there is one of that code, or there are too many."""

        async def work(connection: AsyncConnection) -> RoleSettings:
            known = (await connection.execute(sa.select(roles.c.role, roles.c.base))).all()
            if any(row.role == new.role for row in known):
                raise NotNow("there is a role of that code")
            if sum(bool(row.base) for row in known) >= MOST_ROLES:
                raise NotNow(f"there are {MOST_ROLES} roles of the office's own")
            await connection.execute(roles.insert().values(_row(new) | {"version": 1}))
            return await _now(connection, new.role)

        return await self._database.write(work)

    async def remove(self, role: str, version: int) -> None:
        """One of the office's own that nobody has; durable. Raises NotFound, RoleInUse, RoleIsAnother."""

        async def work(connection: AsyncConnection) -> None:
            row = (await connection.execute(sa.select(roles).where(roles.c.role == role, roles.c.base != ""))).first()
            if row is None:
                raise NotFound("role", role)
            if row.version != version:
                raise RoleIsAnother(_settings(row))
            having = sa.select(users.c.login).where(users.c.own_role == role).order_by(users.c.login).limit(NAMED)
            if found := (await connection.execute(having)).scalars().all():
                raise RoleInUse(list(found))
            await connection.execute(roles.delete().where(roles.c.role == role))

        await self._database.write(work)


async def _now(connection: AsyncConnection, role: str) -> RoleSettings:
    return _settings((await connection.execute(sa.select(roles).where(roles.c.role == role))).one())


def _row(of: RoleSettings) -> dict[str, Any]:
    own = {name: getattr(of, name) for name in ("role", "base", "chinese", "english")}
    return {**own, "rights": dict(of.rights), "scopes": dict(of.scopes), "hidden": list(of.hidden)}


def _settings(row: sa.Row[Any]) -> RoleSettings:
    return RoleSettings(**{**row._mapping, "hidden": tuple(row.hidden)})
