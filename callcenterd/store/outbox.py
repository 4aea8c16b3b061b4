"""Letters that are to go out by e-mail: kept with what they tell of, until a mail server has taken them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.duties import DutySight
from callcenterd.model.mail import Letter, LetterState
from callcenterd.model.records import RecordSight
from callcenterd.model.voicemail import MessageSight
from callcenterd.store.customer_messages import of_letter
from callcenterd.store.engine import Database, bounded
from callcenterd.store.schema import outbox, voicemail
from callcenterd.store.seen import duties_seen, messages_seen, records_seen
from callcenterd.store.tables.customer_messages import customer_messages
from callcenterd.store.tables.duties import duties as duties_table

_Letters: TypeAlias = list[Letter]
"""Inside the class `list` is its method."""


class Outbox:
    """Whoever writes of these is durable: what was taken by the mail server is not sent again after a power cut."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, now: datetime, limit: int = 20, *, without: Sequence[str] = ()) -> _Letters:
        """Those that are to be sent now, who waits longest first. without: kinds of records of which none is sent
        now."""
        query = (
            sa.select(outbox)
            .where(outbox.c.state == "waiting", outbox.c.next_at <= now, *_not_of(without))
            .order_by(outbox.c.next_at, outbox.c.id)
            .limit(bounded(limit))
        )
        return [_letter(row) for row in await self._database.rows(query)]

    async def list(
        self,
        state: LetterState | None = None,
        limit: int = 50,
        offset: int = 0,
        *,
        sight: MessageSight | None = None,
        duties: DutySight | None = None,
        records: RecordSight | None = None,
    ) -> tuple[_Letters, int]:
        """One page, newest first, at most 500; and how many there are in all. sight, duties, records: only those with
        messages, about duties, and to customers, that may be seen; sight None: all."""
        query = sa.select(outbox)
        if state is not None:
            query = query.where(outbox.c.state == state)
        if sight is not None:
            seen: sa.ColumnElement[bool] = outbox.c.voicemail_id.in_(
                sa.select(voicemail.c.id).where(messages_seen(sight))
            )
            if duties is not None:
                seen |= outbox.c.duty_id.in_(sa.select(duties_table.c.id).where(duties_seen(duties)))
            if records is not None:
                of_customers = sa.select(customer_messages.c.id).where(records_seen(records, customer_messages))
                seen |= outbox.c.message_id.in_(of_customers)
            query = query.where(seen)
        rows, total = await self._database.page(query, (outbox.c.id.desc(),), limit, offset)
        return [_letter(row) for row in rows], total

    async def get(self, letter: int) -> Letter:
        """Raises NotFound."""
        row = await self._database.row(sa.select(outbox).where(outbox.c.id == letter))
        if row is None:
            raise NotFound("letter", letter)
        return _letter(row)

    async def count(self) -> dict[LetterState, int]:
        query = sa.select(outbox.c.state, sa.func.count().label("n")).group_by(outbox.c.state)
        return {row.state: row.n for row in await self._database.rows(query)}

    async def sent(self, letter: Letter, at: datetime, why: str) -> None:
        """The mail server has taken it. why: what it said."""
        await self._tried(letter, {"state": "sent", "why": why}, {"sent_at": at}, {"sent_at": at, "next_at": None})

    async def later(self, letter: Letter, at: datetime, why: str, *, tried: bool = True) -> None:
        """It is to be tried again then. tried: it was given to the mail server."""
        await self._tried(letter, {"next_at": at, "why": why}, tried=tried)

    async def failed(self, letter: Letter, why: str) -> None:
        """It is not tried again by itself."""
        await self._tried(letter, {"state": "failed", "why": why}, {}, {"next_at": None})

    async def again(self, letter: int, now: datetime) -> Letter:
        """One that failed is tried anew, for as long as a new one. Raises NotFound, and NotNow if it has not failed."""

        async def work(connection: AsyncConnection) -> Letter:
            row = (await connection.execute(sa.select(outbox).where(outbox.c.id == letter))).first()
            if row is None:
                raise NotFound("letter", letter)
            if row.state != "failed":
                raise NotNow(f"letter {letter} has not failed")
            new = {"state": "waiting", "created_at": now, "next_at": now, "why": ""}
            change = outbox.update().where(outbox.c.id == letter).values(new).returning(outbox)
            if row.message_id is not None:
                waits = {"state": "waiting", "next_at": now, "until": None, "why": ""}
                await of_letter(connection, row.message_id, waits, anyhow=True)
            return _letter((await connection.execute(change)).one())

        return await self._database.write(work)

    async def remove(self, letter: int, by: str = "") -> None:
        """A customer's e-mail that waits is cancelled. Raises NotFound."""

        async def work(connection: AsyncConnection) -> None:
            gone = (await connection.execute(outbox.delete().where(outbox.c.id == letter).returning(outbox))).first()
            if gone is None:
                raise NotFound("letter", letter)
            if gone.message_id is not None and gone.state == "waiting":
                new = {"state": "cancelled", "cancelled_by": by, "next_at": None}
                await of_letter(connection, gone.message_id, new)

        await self._database.write(work)

    async def forget_sent(self, before: datetime) -> None:
        """Those that were sent before that moment."""

        async def work(connection: AsyncConnection) -> None:
            old = (outbox.c.state == "sent") & (outbox.c.sent_at < before)
            await connection.execute(outbox.delete().where(old))

        await self._database.write(work, durable=False)

    async def _tried(
        self,
        letter: Letter,
        both: dict[str, Any],
        own: dict[str, Any] | None = None,
        customers: dict[str, Any] | None = None,
        *,
        tried: bool = True,
    ) -> None:
        """both: of the letter, and of the message to a customer that it is."""

        async def work(connection: AsyncConnection) -> None:
            new = both | (own or {}) | {"tries": outbox.c.tries + int(tried)}
            await connection.execute(outbox.update().where(outbox.c.id == letter.id).values(new))
            if letter.message is not None:
                new = both | (customers or {}) | {"tries": customer_messages.c.tries + int(tried)}
                await of_letter(connection, letter.message, new, anyhow=both.get("state") == "sent")

        await self._database.write(work)


def _not_of(kinds: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if "voicemail" in kinds:
        found.append(outbox.c.voicemail_id.is_(None))
    if "message" in kinds:
        found.append(outbox.c.message_id.is_(None))
    elif kinds:
        rest = sa.select(customer_messages.c.id).where(customer_messages.c.kind.in_(kinds))
        found.append(sa.or_(outbox.c.message_id.is_(None), outbox.c.message_id.not_in(rest)))
    return found


async def put_in(connection: AsyncConnection, voicemail: int, addresses: Iterable[str], at: datetime) -> None:
    """Letters that bring a message, in the transaction that keeps it: whoever was told that it is kept gets them."""
    for address in addresses:
        row = {"address": address, "voicemail_id": voicemail, "key": secrets.token_hex(16)}
        await connection.execute(outbox.insert().values(row | {"created_at": at, "next_at": at, "state": "waiting"}))


def _letter(row: sa.Row[Any]) -> Letter:
    known = dict(row._mapping)
    known["voicemail"], known["duty"] = known.pop("voicemail_id"), known.pop("duty_id")
    known["message"] = known.pop("message_id")
    return Letter(**known)
