"""What an administrator has made of the roles."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.model.roles import RoleIsAnother, RoleSettings
from callcenterd.store.engine import Database
from callcenterd.store.tables.roles import roles


async def kept_roles(connection: AsyncConnection) -> tuple[RoleSettings, ...]:
    """Those that are not as shipped, by name."""
    rows = (await connection.execute(sa.select(roles).order_by(roles.c.role))).all()
    return tuple(_settings(row) for row in rows)


class Roles:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, wanted: RoleSettings) -> RoleSettings:
        """These are the settings of the role now, with the next version; durable. wanted.version: the one that was
        read. Raises RoleIsAnother."""

        async def work(connection: AsyncConnection) -> RoleSettings:
            row = (await connection.execute(sa.select(roles).where(roles.c.role == wanted.role))).first()
            now = RoleSettings(role=wanted.role) if row is None else _settings(row)
            if now.version != wanted.version:
                raise RoleIsAnother(now)
            values: dict[str, Any] = {
                "rights": dict(wanted.rights),
                "scopes": dict(wanted.scopes),
                "hidden": list(wanted.hidden),
                "version": now.version + 1,
            }
            if row is None:
                await connection.execute(roles.insert().values(role=wanted.role, **values))
            else:
                await connection.execute(roles.update().where(roles.c.role == wanted.role).values(values))
            return RoleSettings(
                role=wanted.role,
                rights=wanted.rights,
                scopes=wanted.scopes,
                hidden=wanted.hidden,
                version=now.version + 1,
            )

        return await self._database.write(work)


def _settings(row: sa.Row[Any]) -> RoleSettings:
    return RoleSettings(
        role=row.role, rights=row.rights, scopes=row.scopes, hidden=tuple(row.hidden), version=row.version
    )
