"""Second factors [双重验证]: keys of devices, recovery codes as hashes, and of which roles one is asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound
from callcenterd.model.second_factor import SecondFactor
from callcenterd.model.site import Secret
from callcenterd.store.engine import Database
from callcenterd.store.schema import users
from callcenterd.store.tables.second_factors import recovery_codes, second_factor_roles, second_factors

if TYPE_CHECKING:
    from callcenterd.store.database import Store

_IN_FORCE = second_factors.c.since.is_not(None)


class SecondFactors:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, login: str) -> SecondFactor:
        """Of who has none, one that is not in force."""
        rows = await self._database.rows(sa.select(second_factors).where(second_factors.c.login == login))
        if not rows:
            return SecondFactor(login=login)
        left = sa.select(sa.func.count()).where(recovery_codes.c.login == login)
        count = (await self._database.rows(left))[0][0]
        row = rows[0]
        return SecondFactor(
            login=login, key=Secret(row.key), next_key=Secret(row.next_key), since=row.since, recovery=count
        )

    async def logins(self) -> frozenset[str]:
        """Of whom it is asked at every sign-in."""
        return frozenset(
            row.login for row in await self._database.rows(sa.select(second_factors.c.login).where(_IN_FORCE))
        )

    async def begin(self, login: str, key: Secret) -> None:
        """This key was shown; what was in force stays so until it is proven. Raises NotFound for no user."""

        async def work(connection: AsyncConnection) -> None:
            if (await connection.execute(sa.select(users.c.login).where(users.c.login == login))).first() is None:
                raise NotFound("user", login)
            mine, values = second_factors.c.login == login, {"next_key": key.reveal()}
            if (await connection.execute(second_factors.update().where(mine).values(values))).rowcount == 0:
                await connection.execute(second_factors.insert().values(login=login, **values))

        await self._database.write(work)

    async def prove(self, login: str, key: Secret, step: int, codes: Iterable[str], at: datetime) -> bool:
        """The key that was shown is in force from now on, with these recovery codes (hashes) alone; durable.

        step: of the code by which it was proven. False: another key has been shown meanwhile.
        """

        async def work(connection: AsyncConnection) -> bool:
            shown = (second_factors.c.login == login) & (second_factors.c.next_key == key.reveal())
            values = {"key": key.reveal(), "next_key": "", "since": at, "last_step": step}
            if (await connection.execute(second_factors.update().where(shown).values(values))).rowcount == 0:
                return False
            await connection.execute(recovery_codes.delete().where(recovery_codes.c.login == login))
            await connection.execute(recovery_codes.insert(), [{"login": login, "hash": code} for code in codes])
            return True

        return await self._database.write(work)

    async def use(self, login: str, step: int) -> bool:
        """The code of this step, or of an earlier one, is good no more; durable. False: it was not good any more."""

        async def work(connection: AsyncConnection) -> bool:
            fresh = (second_factors.c.login == login) & _IN_FORCE & (second_factors.c.last_step < step)
            return (await connection.execute(second_factors.update().where(fresh).values(last_step=step))).rowcount == 1

        return await self._database.write(work)

    async def use_recovery(self, login: str, code: str) -> bool:
        """The recovery code with this hash is gone; durable. False: it is none."""

        async def work(connection: AsyncConnection) -> bool:
            it = (recovery_codes.c.login == login) & (recovery_codes.c.hash == code)
            return (await connection.execute(recovery_codes.delete().where(it))).rowcount == 1

        return await self._database.write(work)

    async def remove(self, login: str) -> bool:
        """With its recovery codes; durable. False: there was none in force."""

        async def work(connection: AsyncConnection) -> bool:
            await connection.execute(recovery_codes.delete().where(recovery_codes.c.login == login))
            mine = second_factors.c.login == login
            found = (await connection.execute(sa.select(second_factors.c.login).where(mine & _IN_FORCE))).first()
            await connection.execute(second_factors.delete().where(mine))
            return found is not None

        return await self._database.write(work)

    async def roles(self) -> frozenset[str]:
        """Of which a second factor is asked."""
        return frozenset(row.role for row in await self._database.rows(sa.select(second_factor_roles.c.role)))

    async def set_roles(self, roles: Collection[str]) -> None:
        """Of these, and of no others; durable."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(second_factor_roles.delete())
            if roles:
                await connection.execute(second_factor_roles.insert(), [{"role": role} for role in sorted(roles)])

        await self._database.write(work)


async def forget_factor(store: Store, login: str, at: datetime) -> bool:
    """As who runs this machine wants it: the second factor goes, and every session of that login ends. False: there
    was none."""
    if not await store.second_factors.remove(login):
        return False
    await store.sessions.revoke_all(login)
    await store.audit.append(at, "", "second_factor.removed", f"user/{login}")
    return True
