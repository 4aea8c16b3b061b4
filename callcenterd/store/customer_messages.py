"""Messages to customers: put once, sent at most as often as asked, cancelled while they wait.

An e-mail goes out as a letter of the mail room (`outbox`), whose tries and state stand here as well; an SMS waits here
for its gateway.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound
from callcenterd.model.attachments import RecordKind
from callcenterd.model.customer_messages import (
    CustomerMessage,
    CustomerMessageFilter,
    MessageChannel,
    MessageNotWaiting,
    NewCustomerMessage,
)
from callcenterd.model.ids import CustomerId
from callcenterd.model.message_templates import MessageTemplate, Purpose, TemplateIsAnother, language_of
from callcenterd.model.message_texts import SHIPPED
from callcenterd.model.sms import size_of
from callcenterd.store.engine import Database, bounded
from callcenterd.store.schema import outbox
from callcenterd.store.seen import records_seen
from callcenterd.store.tables.customer_messages import customer_messages, message_templates

_IDS = {"customer": "customer_id", "call": "call_id"}
_COLUMNS = tuple(
    customer_messages.c[_IDS.get(field.name, field.name)].label(field.name) for field in fields(CustomerMessage)
)
_TEMPLATE = tuple(message_templates.c[field.name] for field in fields(MessageTemplate))
KEEP_WAITING = timedelta(days=3)
"""So long an SMS waits that says no time of its own: what comes later is of no use to anybody."""
_Messages: TypeAlias = list[CustomerMessage]
"""Inside the class `list` is its method."""


class CustomerMessages:
    """Whoever writes of these is durable: what was taken is not sent again after a power cut."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, new: NewCustomerMessage, now: datetime) -> CustomerMessage:
        """As `put_in`, by itself."""

        async def work(connection: AsyncConnection) -> CustomerMessage:
            return await put_in(connection, new, now)

        return await self._database.write(work)

    async def get(self, message: int) -> CustomerMessage:
        """Raises NotFound."""
        row = await self._database.row(sa.select(*_COLUMNS).where(customer_messages.c.id == message))
        if row is None:
            raise NotFound("customer message", message)
        return CustomerMessage(**row._mapping)

    async def list(self, chosen: CustomerMessageFilter, limit: int = 50, offset: int = 0) -> tuple[_Messages, int]:
        """One page, newest first, at most 500; and how many there are in all."""
        query = sa.select(*_COLUMNS).where(*_conditions(chosen))
        rows, total = await self._database.page(query, (customer_messages.c.id.desc(),), limit, offset)
        return [CustomerMessage(**row._mapping) for row in rows], total

    async def due_sms(self, now: datetime, limit: int = 50) -> _Messages:
        """Those that are to be sent now, who waits longest first."""
        table = customer_messages.c
        query = (
            sa.select(*_COLUMNS)
            .where(table.state == "waiting", table.channel == "sms", table.next_at <= now)
            .order_by(table.next_at, table.id)
            .limit(bounded(limit))
        )
        return [CustomerMessage(**row._mapping) for row in await self._database.rows(query)]

    async def waiting_sms(self, now: datetime) -> int:
        """How many are due."""
        table = customer_messages.c
        due = (table.state == "waiting", table.channel == "sms", table.next_at <= now)
        row = await self._database.row(sa.select(sa.func.count().label("n")).where(*due))
        return 0 if row is None else int(row.n)

    async def expire(self, now: datetime, why: str) -> int:
        """Those whose time is over have failed, with their letters; answers how many they were."""

        async def work(connection: AsyncConnection) -> int:
            table = customer_messages.c
            over = (table.state == "waiting") & (table.until <= now)
            change = customer_messages.update().where(over).values(state="failed", why=why, next_at=None)
            gone = [row.id for row in await connection.execute(change.returning(table.id))]
            if gone:
                waiting = outbox.c.message_id.in_(gone) & (outbox.c.state == "waiting")
                await connection.execute(outbox.delete().where(waiting))
            return len(gone)

        return await self._database.write(work)

    # ---- an SMS and its gateway ---------------------------------------------------------------------------

    async def sent(self, message: int, at: datetime, why: str) -> None:
        """The gateway has taken it. why: what it said."""
        await self._change(message, {"state": "sent", "sent_at": at, "next_at": None}, why)

    async def later(self, message: int, at: datetime, why: str) -> None:
        await self._change(message, {"next_at": at}, why)

    async def failed(self, message: int, why: str) -> None:
        await self._change(message, {"state": "failed", "next_at": None}, why)

    async def _change(self, message: int, new: dict[str, Any], why: str) -> None:
        async def work(connection: AsyncConnection) -> None:
            row = new | {"why": why, "tries": customer_messages.c.tries + 1}
            await connection.execute(customer_messages.update().where(customer_messages.c.id == message).values(row))

        await self._database.write(work)

    # ---- people -------------------------------------------------------------------------------------------

    async def cancel(self, message: int, by: str) -> CustomerMessage:
        """Raises NotFound, MessageNotWaiting."""

        async def work(connection: AsyncConnection) -> CustomerMessage:
            known = await _locked(connection, message)
            if known.state != "waiting":
                raise MessageNotWaiting(message, known.state)
            await _cancel(connection, customer_messages.c.id == message, by)
            return await _locked(connection, message)

        return await self._database.write(work)

    async def again(self, message: int, now: datetime) -> CustomerMessage:
        """One that failed is tried anew, for as long as a new one. Raises NotFound, MessageNotWaiting."""

        async def work(connection: AsyncConnection) -> CustomerMessage:
            known = await _locked(connection, message)
            if known.state != "failed" or (known.channel == "email" and not await _letter(connection, message, now)):
                raise MessageNotWaiting(message, known.state)
            until = now + KEEP_WAITING if known.channel == "sms" else None
            new = {"state": "waiting", "next_at": now, "until": until, "why": ""}
            await connection.execute(customer_messages.update().where(customer_messages.c.id == message).values(new))
            return await _locked(connection, message)

        return await self._database.write(work)


class MessageTemplates:
    """Texts as they ship, or as the office has changed them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[MessageTemplate]:
        """In the order of `SHIPPED`."""
        changed = {}
        for row in await self._database.rows(sa.select(*_TEMPLATE)):
            changed[row.purpose, row.channel, row.language] = MessageTemplate(**row._mapping)
        return [changed.get(place, shipped) for place, shipped in SHIPPED.items()]

    async def get(self, purpose: Purpose, channel: MessageChannel, language: str) -> MessageTemplate:
        """language: of whoever gets it."""
        place = (purpose, channel, language_of(language))
        row = await self._database.row(sa.select(*_TEMPLATE).where(_this(*place)))
        return SHIPPED[place] if row is None else MessageTemplate(**row._mapping)

    async def put(self, new: MessageTemplate, now: datetime, by: str) -> MessageTemplate:
        """new.version: the one that was read. Raises TemplateIsAnother."""
        place = (new.purpose, new.channel, new.language)

        async def work(connection: AsyncConnection) -> MessageTemplate:
            row = (await connection.execute(sa.select(*_TEMPLATE).where(_this(*place)))).first()
            known = SHIPPED[place] if row is None else MessageTemplate(**row._mapping)
            if known.version != new.version:
                raise TemplateIsAnother(known)
            after = replace(new, version=new.version + 1, changed_at=now, changed_by=by)
            if row is None:
                await connection.execute(message_templates.insert().values(asdict(after)))
            else:
                await connection.execute(message_templates.update().where(_this(*place)).values(asdict(after)))
            return after

        return await self._database.write(work)


async def put_in(connection: AsyncConnection, new: NewCustomerMessage, now: datetime) -> CustomerMessage:
    """In the transaction of what it tells of: both are kept, or none. Answers the one that is there already, if there
    is one of that key."""
    known = (await connection.execute(sa.select(*_COLUMNS).where(customer_messages.c.key == new.key))).first()
    if known is not None:
        return CustomerMessage(**known._mapping)
    row = {_IDS.get(name, name): value for name, value in asdict(new).items()}
    due = max(now, new.not_before)
    row |= {"created_at": now, "next_at": due}
    if new.channel == "sms":
        size = size_of(new.text)
        row |= {"units": size.units, "segments": size.segments}
        row |= {"until": new.until or due + KEEP_WAITING}
    added = await connection.execute(customer_messages.insert().values(row).returning(*_COLUMNS))
    message = CustomerMessage(**added.one()._mapping)
    if new.channel == "email":
        letter: dict[str, Any] = {
            "address": new.address,
            "key": secrets.token_hex(16),
            "subject": new.subject,
            "text": new.text,
        }
        # For a day from then on the mail room tries it: from when it may go out, not from when it was written.
        letter |= {"message_id": message.id, "created_at": due, "next_at": due, "state": "waiting"}
        await connection.execute(outbox.insert().values(letter))
    return message


async def cancel_about(connection: AsyncConnection, kind: RecordKind, record: str, by: str) -> None:
    """All that waits about a record is not sent, in the transaction that changes the record."""
    table = customer_messages.c
    await _cancel(connection, (table.kind == kind) & (table.record == record), by)


async def forget(connection: AsyncConnection, customer: CustomerId) -> None:
    """Of somebody who is erased it stays that messages went out, not where to and what they said."""
    own = customer_messages.c.customer_id == customer
    await _cancel(connection, own, "system")
    ids = sa.select(customer_messages.c.id).where(own)
    await connection.execute(outbox.delete().where(outbox.c.message_id.in_(ids)))
    texts = {"address": "", "subject": "", "text": "", "why": ""}
    await connection.execute(customer_messages.update().where(own).values(texts))


async def of_letter(connection: AsyncConnection, message: int, new: dict[str, Any], *, anyhow: bool = False) -> None:
    """What the mail room has come to with the letter of an e-mail. anyhow: also if it does not wait any more: one that
    was cancelled while the mail server took it has been sent."""
    which = customer_messages.c.id == message
    if not anyhow:
        which &= customer_messages.c.state == "waiting"
    await connection.execute(customer_messages.update().where(which).values(new))


async def _cancel(connection: AsyncConnection, which: sa.ColumnElement[bool], by: str) -> None:
    table = customer_messages.c
    change = customer_messages.update().where(which, table.state == "waiting")
    values = {"state": "cancelled", "cancelled_by": by, "next_at": None}
    ids = [row.id for row in await connection.execute(change.values(values).returning(table.id))]
    if ids:
        waiting = outbox.c.message_id.in_(ids) & (outbox.c.state == "waiting")
        await connection.execute(outbox.delete().where(waiting))


async def _locked(connection: AsyncConnection, message: int) -> CustomerMessage:
    """Raises NotFound."""
    query = sa.select(*_COLUMNS).where(customer_messages.c.id == message).with_for_update()
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("customer message", message)
    return CustomerMessage(**row._mapping)


async def _letter(connection: AsyncConnection, message: int, now: datetime) -> bool:
    """The letter of an e-mail is tried anew, if it is still there."""
    new = {"state": "waiting", "created_at": now, "next_at": now, "why": ""}
    which = (outbox.c.message_id == message) & (outbox.c.state == "failed")
    return (await connection.execute(outbox.update().where(which).values(new))).rowcount > 0


def _this(purpose: str, channel: str, language: str) -> sa.ColumnElement[bool]:
    table = message_templates.c
    return (table.purpose == purpose) & (table.channel == channel) & (table.language == language)


def _conditions(chosen: CustomerMessageFilter) -> list[sa.ColumnElement[bool]]:
    table = customer_messages.c
    given = {name: getattr(chosen, name) for name in ("state", "channel", "kind", "record")}
    found: list[sa.ColumnElement[bool]] = [table[name] == value for name, value in given.items() if value is not None]
    if chosen.customer is not None:
        found.append(table.customer_id == chosen.customer)
    if chosen.sight is not None:
        found.append(records_seen(chosen.sight, customer_messages))
    return found
