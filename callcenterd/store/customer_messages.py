"""Messages to customers: put once, sent at most as often as asked, cancelled while they wait.

An e-mail goes out as a letter of the mail room (`outbox`), whose tries and state stand here as well; an SMS waits here
for its gateway.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound
from callcenterd.model import numbers
from callcenterd.model.attachments import RecordKind
from callcenterd.model.customer_messages import (
    REFUSED,
    CustomerMessage,
    CustomerMessageFilter,
    MessageChannel,
    MessageNotWaiting,
    MessageRefused,
    NewCustomerMessage,
)
from callcenterd.model.ids import CustomerId
from callcenterd.model.message_templates import MessageTemplate, Purpose, TemplateIsAnother, language_of
from callcenterd.model.message_texts import SHIPPED
from callcenterd.model.sms import size_of
from callcenterd.store.engine import Database, bounded
from callcenterd.store.hidden import has_part
from callcenterd.store.schema import customers, outbox, phones
from callcenterd.store.seen import records_seen
from callcenterd.store.tables.customer_messages import customer_messages, message_templates

_IDS = {"customer": "customer_id", "call": "call_id"}
_MARKS: dict[MessageChannel, sa.ColumnElement[bool]] = {"email": customers.c.no_email, "sms": customers.c.no_sms}
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

    def __init__(self, database: Database, region: str) -> None:
        self._database = database
        self._region = region

    async def put(self, new: NewCustomerMessage, now: datetime) -> CustomerMessage:
        """As `put_in`, by itself; and where nobody has said whose the address is, whoever has it on their card."""

        async def work(connection: AsyncConnection) -> CustomerMessage:
            line = numbers.normalise(new.address, self._region) if new.channel == "sms" else ""
            return await put_in(connection, new, now, line=line)

        return await self._database.write(work)

    async def get(self, message: int) -> CustomerMessage:
        """Raises NotFound."""
        row = await self._database.row(sa.select(*_COLUMNS).where(customer_messages.c.id == message))
        if row is None:
            raise NotFound("customer message", message)
        return CustomerMessage(**row._mapping)

    async def refused(self, channel: MessageChannel, address: str, customer: CustomerId | None) -> bool:
        """Does that customer, or whoever has that address, want nothing in this channel?"""
        line = numbers.normalise(address, self._region) if channel == "sms" else ""
        return await self._database.row(_refusing(channel, customer, address, line)) is not None

    async def withdraw_refused(self, now: datetime) -> int:
        """What is to be sent now to customers who want no messages by now is cancelled; answers how many those were."""
        table, found = customer_messages.c, 0
        for channel in _MARKS:
            which = (table.state == "waiting") & (table.next_at <= now) & _unwanted(channel)
            if await self._database.row(sa.select(table.id).where(which).limit(1)) is None:
                continue  # asked every few seconds: nothing is written for nothing

            async def work(connection: AsyncConnection, which: Any = which, why: str = REFUSED[channel]) -> int:
                return await _cancel(connection, which, "system", why)

            found += await self._database.write(work)
        return found

    async def list(self, chosen: CustomerMessageFilter, limit: int = 50, offset: int = 0) -> tuple[_Messages, int]:
        """One page, newest first, at most 500; and how many there are in all."""
        query = sa.select(*_COLUMNS).where(*_conditions(chosen))
        rows, total = await self._database.page(query, (customer_messages.c.id.desc(),), limit, offset)
        return [CustomerMessage(**row._mapping) for row in rows], total

    async def due_sms(self, now: datetime, limit: int = 50, *, without: Sequence[str] = ()) -> _Messages:
        """Those that are to be sent now, who waits longest first. without: kinds of records that it is not about."""
        table = customer_messages.c
        query = (
            sa.select(*_COLUMNS)
            .where(table.state == "waiting", table.channel == "sms", table.next_at <= now, *not_about(without))
            .order_by(table.next_at, table.id)
            .limit(bounded(limit))
        )
        return [CustomerMessage(**row._mapping) for row in await self._database.rows(query)]

    async def waiting_sms(self, now: datetime, *, without: Sequence[str] = ()) -> int:
        """How many are due. without: as of `due_sms`."""
        table = customer_messages.c
        due = (table.state == "waiting", table.channel == "sms", table.next_at <= now, *not_about(without))
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
        """One that failed is tried anew, for as long as a new one.

        Raises NotFound, MessageNotWaiting, MessageRefused."""

        async def work(connection: AsyncConnection) -> CustomerMessage:
            known = await _locked(connection, message)
            if not known.necessary:
                refusing = await connection.execute(_refusing(known.channel, known.customer, known.address, ""))
                if refusing.first() is not None:
                    raise MessageRefused(known.channel)
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


def not_about(kinds: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    """Messages about records of other kinds, and about none."""
    about = customer_messages.c.kind
    return [about.not_in(kinds)] if kinds else []


async def put_in(
    connection: AsyncConnection, new: NewCustomerMessage, now: datetime, *, line: str = ""
) -> CustomerMessage:
    """In the transaction of what it tells of: both are kept, or none. Answers the one that is there already, if there
    is one of that key. One that the customer does not want is kept as cancelled, with the reason. line: the address of
    an SMS, normalised; "": only whoever is named as the customer is asked."""
    known = (await connection.execute(sa.select(*_COLUMNS).where(customer_messages.c.key == new.key))).first()
    if known is not None:
        return CustomerMessage(**known._mapping)
    row = {_IDS.get(name, name): value for name, value in asdict(new).items()}
    due = max(now, new.not_before)
    row |= {"created_at": now, "next_at": due}
    refusing = _refusing(new.channel, new.customer, new.address, line)
    refused = not new.necessary and (await connection.execute(refusing)).first() is not None
    if refused:
        row |= {"state": "cancelled", "cancelled_by": "system", "why": REFUSED[new.channel], "next_at": None}
    if new.channel == "sms":
        size = size_of(new.text)
        row |= {"units": size.units, "segments": size.segments}
        row |= {"until": new.until or due + KEEP_WAITING}
    added = await connection.execute(customer_messages.insert().values(row).returning(*_COLUMNS))
    message = CustomerMessage(**added.one()._mapping)
    if new.channel == "email" and not refused:
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


async def withdraw_refused(connection: AsyncConnection, customer: CustomerId) -> None:
    """What waits for a customer who wants none by now is cancelled, in the transaction that changes the card."""
    for channel in _MARKS:
        which = _unwanted(channel) & (customer_messages.c.customer_id == customer)
        await _cancel(connection, which, "system", REFUSED[channel])


def _unwanted(channel: MessageChannel) -> sa.ColumnElement[bool]:
    """Messages whose customers want none in this channel by now, nor have asked for this one."""
    table = customer_messages.c
    # Each message's own customer is looked up: those who want none may be many, those who wait are few.
    refuses = sa.exists().where(customers.c.id == table.customer_id, _MARKS[channel])
    return (table.channel == channel) & ~table.necessary & refuses


def _refusing(channel: MessageChannel, customer: CustomerId | None, address: str, line: str) -> sa.Select[tuple[int]]:
    """One who wants nothing in this channel, and is that customer; or, where none is named, has that address."""
    query = sa.select(customers.c.id).where(_MARKS[channel], customers.c.removed_at.is_(None)).limit(1)
    if customer is not None:
        return query.where(customers.c.id == customer)
    if channel == "email":
        return query.where(sa.func.lower(customers.c.email) == address.lower())
    has_line = sa.select(phones.c.customer_id).where(phones.c.number == line)
    return query.where(customers.c.id.in_(has_line) if line else sa.false())


async def cancel_about(connection: AsyncConnection, kind: RecordKind, record: str, by: str) -> None:
    """All that waits about a record is not sent, in the transaction that changes the record."""
    table = customer_messages.c
    await _cancel(connection, (table.kind == kind) & (table.record == record), by)


async def cancel_key(connection: AsyncConnection, key: str, by: str) -> None:
    """The one of that key is not sent, if it waits; in the transaction of what takes its place."""
    await _cancel(connection, customer_messages.c.key == key, by)


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


async def _cancel(connection: AsyncConnection, which: sa.ColumnElement[bool], by: str, why: str = "") -> int:
    table = customer_messages.c
    change = customer_messages.update().where(which, table.state == "waiting")
    values = {"state": "cancelled", "cancelled_by": by, "next_at": None} | ({"why": why} if why else {})
    ids = [row.id for row in await connection.execute(change.values(values).returning(table.id))]
    if ids:
        waiting = outbox.c.message_id.in_(ids) & (outbox.c.state == "waiting")
        await connection.execute(outbox.delete().where(waiting))
    return len(ids)


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
    given = {name: getattr(chosen, name) for name in ("state", "channel", "kind", "record", "purpose")}
    found: list[sa.ColumnElement[bool]] = [table[name] == value for name, value in given.items() if value is not None]
    if chosen.customer is not None:
        found.append(table.customer_id == chosen.customer)
    if chosen.owner is not None:
        found.append((table.owner == chosen.owner) | (table.created_by == chosen.owner))
    if chosen.since is not None:
        found.append(table.created_at >= chosen.since)
    if chosen.until is not None:
        found.append(table.created_at < chosen.until)
    if chosen.text.strip():
        wanted = chosen.text.strip()
        found.append(sa.or_(*(has_part(table[name], wanted) for name in ("address", "subject", "text"))))
    if chosen.sight is not None:
        found.append(records_seen(chosen.sight, customer_messages))
    return found
