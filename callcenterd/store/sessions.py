"""Who is signed in on a page or by the API: opaque tokens, kept only as their SHA-256, ended at once when revoked.

A session ends when it was idle for 12 hours, and at the end of its life (7 days) in any case (ASVS 5, 7.3).
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound
from callcenterd.store.engine import Database
from callcenterd.store.faults import CannotStore
from callcenterd.store.schema import sessions, users
from callcenterd.store.writer import Change

_log = structlog.get_logger(__name__)

LIFE = timedelta(days=7)
IDLE = timedelta(hours=12)
TOUCH = timedelta(minutes=1)
"""How exactly it is kept when a session was last used: not every request is worth a write."""
_TOKEN_OCTETS = 32


class Sessions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self, login: str, at: datetime, life: timedelta = LIFE, kind: str = "page", agent: str = ""
    ) -> str:
        """A new token of 256 bits, said only now. agent: the browser's or program's name, to tell sessions apart.

        Raises NotFound if there is no such user. Sessions that are over are forgotten here.
        """
        token = secrets.token_urlsafe(_TOKEN_OCTETS)
        row = {
            "id": _hash(token),
            "login": login,
            "kind": kind,
            "agent": agent[:200],
            "created_at": at,
            "seen_at": at,
            "expires_at": at + life,
        }

        async def work(connection: AsyncConnection) -> None:
            over = (sessions.c.expires_at <= at) | (sessions.c.seen_at <= at - IDLE)
            await connection.execute(sessions.delete().where(over))
            if (await connection.execute(sa.select(users.c.login).where(users.c.login == login))).first() is None:
                raise NotFound("user", login)
            await connection.execute(sessions.insert(), [row])

        await self._database.write(work, durable=False)
        return token

    async def find(self, token: str, now: datetime) -> str | None:
        """Whose token it is, or None if it is nobody's, idle too long, too old or revoked. Counts as a use."""
        row = await self._database.row(
            sa.select(sessions.c.login, sessions.c.seen_at).where(
                sessions.c.id == _hash(token), sessions.c.expires_at > now, sessions.c.seen_at > now - IDLE
            )
        )
        if row is None:
            return None
        if now - row.seen_at >= TOUCH:
            await self._touch(token, now)
        return str(row.login)

    async def _touch(self, token: str, now: datetime) -> None:
        try:
            await self._database.keep(Change(sessions, _hash(token), {"seen_at": now}))
        except CannotStore as fault:  # with a full disk people can still look
            _log.warning("use of a session not kept", why=str(fault))

    async def revoke(self, token: str) -> None:
        """From now on it is nobody's. One that is unknown is so already."""
        await self._end(sessions.c.id == _hash(token))

    async def revoke_all(self, login: str, *, but: str | None = None) -> None:
        """All of a person's sessions, as after a change of password. but: the token that may stay."""
        kept = sa.true() if but is None else sessions.c.id != _hash(but)
        await self._end((sessions.c.login == login) & kept)

    async def _end(self, which: sa.ColumnElement[bool]) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(sessions.delete().where(which))

        await self._database.write(work)


def _hash(token: str) -> str:
    """A plain hash will do: there is nothing to guess in 256 bits of chance."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
