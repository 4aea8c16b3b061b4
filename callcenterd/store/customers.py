"""Customers' cards, found by who calls or by whatever is known of them: a part of the name, number, card, company.

Numbers are kept as people wrote them, and normalised beside it: a caller is who has exactly that line, never a guess.
Names are found by their pinyin too, in full or by initials: 张三 by "zhangsan", "zhang" or "zs".
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

import pypinyin
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.clock import Clock
from callcenterd.errors import NotFound, NotNow
from callcenterd.model import numbers
from callcenterd.model.customers import Customer, CustomerCard, CustomerQuery
from callcenterd.model.fields import FieldWanted
from callcenterd.model.ids import CustomerId
from callcenterd.model.people import Role
from callcenterd.model.records import RecordSight
from callcenterd.store.columns import Number, Plain, Utc
from callcenterd.store.customer_messages import withdraw_refused
from callcenterd.store.engine import MOST_ROWS, Database, bounded
from callcenterd.store.fields import CustomFields
from callcenterd.store.having import having
from callcenterd.store.pages import MOST_TOLD, narrowed, page, skipped, told
from callcenterd.store.schema import calls, cards, customer_choices, customers, phones
from callcenterd.store.search import of_customers
from callcenterd.store.seen import records_seen
from callcenterd.store.words import every_word, folded, words_of

MOST_CALLERS = 20
MOST_READINGS = 16
_LOCAL_DIGITS = (6, 8)
"""Of numbers that may be without their area code."""
_LISTS = {"channels": "channel", "tags": "tag"}
"""Fields of a card that hold several values, and the dictionaries that these are from."""
_BESIDE = ("phones", "fields", *_LISTS)
_NO_MESSAGES = ("no_sms", "no_email")
"""Marks of a card: with a time and a login beside each."""
_MARKS = tuple(f"{name}{part}" for name in _NO_MESSAGES for part in ("", "_at", "_by"))
_CARD = (
    "id",
    *(field.name for field in fields(CustomerCard) if field.name not in (*_BESIDE, *_NO_MESSAGES)),
    *_MARKS,
    "created_at",
    "created_by",
    "changed_at",
    "version",
)
_COLUMNS = tuple(customers.c[name] for name in _CARD)
_NEWEST = (customers.c.id.desc(),)
HERE = customers.c.removed_at.is_(None)
"""Not in the recycle bin, and not merged into another: who is in a list, a search, a query, a call."""
# Asked in every call: building the question would cost more than its answer.
_CHOSEN = (customer_choices.c.dictionary, customer_choices.c.code)
_MAY_CALL = (
    sa.select(*_COLUMNS, phones.c.written, phones.c.position, *_CHOSEN)
    .join(phones, phones.c.customer_id == customers.c.id)
    .outerjoin(customer_choices, customer_choices.c.customer_id == customers.c.id)
    .where(
        customers.c.id.in_(
            sa.select(phones.c.customer_id)
            .join(customers, customers.c.id == phones.c.customer_id)
            .where(phones.c.number == sa.bindparam("line"), HERE)
            .distinct()
            .order_by(phones.c.customer_id.desc())
            .limit(MOST_CALLERS)
        )
    )
    .order_by(customers.c.id.desc(), phones.c.position, customer_choices.c.position)
)


class CustomerChanged(NotNow):
    """Somebody else has changed the card since it was read. now: as it is; nothing was written over it."""

    def __init__(self, now: Customer) -> None:
        super().__init__(f"customer {now.id} was changed meanwhile")
        self.now = now


class CustomerCards:
    """role: of who asks or writes; so much they see of the custom fields, and may change. None: nothing of them.
    sight: which customers they may see, who may not see all."""

    def __init__(self, database: Database, clock: Clock, region: str, fields: CustomFields) -> None:
        self._database = database
        self._clock = clock
        self._region = region
        self._fields = fields

    async def by_phone(self, number: str, role: Role | None = None) -> list[Customer]:
        """Who may be calling: the same line however it is written, newest customer first, at most 20."""
        line = numbers.normalise(number, self._region)
        if not line:
            return []
        found = itertools.groupby(await self._database.rows(_MAY_CALL, {"line": line}), key=lambda row: row.id)
        return await self._with_fields([_of_all(list(rows)) for _, rows in found], role)

    async def by_card(self, card: str, role: Role | None = None) -> list[Customer]:
        """Who has exactly that card number, on the card or as a prepaid card, newest customer first, at most 20."""
        if not card:
            return []
        prepaid = sa.select(cards.c.customer_id).where(cards.c.number == card)
        has_it = (customers.c.card == card) | customers.c.id.in_(prepaid)
        query = sa.select(*_COLUMNS).where(has_it, HERE).order_by(customers.c.id.desc()).limit(MOST_CALLERS)
        return await self._with_fields(await self._with_phones(await self._database.rows(query)), role)

    async def get(self, customer: CustomerId, role: Role | None = None, sight: RecordSight | None = None) -> Customer:
        """Whoever they were merged into, if they were. Raises NotFound, also for one in the recycle bin, and one that
        may not be seen."""
        gone = customers.alias("gone")
        stays = sa.select(gone.c.merged_into).where(gone.c.id == customer).scalar_subquery()
        query = (
            sa.select(*_COLUMNS, phones.c.written)
            .outerjoin(phones, phones.c.customer_id == customers.c.id)
            .where(customers.c.id == sa.func.coalesce(stays, sa.literal(customer, Number)), HERE, *_seen(sight))
            .order_by(phones.c.position)
        )
        rows = await self._database.rows(query)
        if not rows:
            raise NotFound("customer", customer)
        [found] = await self._with_fields([_from_joined(rows, await self._chosen([rows[0].id]))], role)
        return found

    async def of_ids(self, ids: Sequence[int], role: Role | None = None) -> list[Customer]:
        """Those of them who are there, at most 500, in the order of their numbers."""
        query = sa.select(*_COLUMNS).where(customers.c.id.in_(ids[:500]), HERE).order_by(customers.c.id)
        return await self._with_fields(await self._with_phones(await self._database.rows(query)), role)

    async def create(self, card: CustomerCard, by: str, role: Role | None = None) -> Customer:
        """A new card; durable. Several customers may share a line. Raises Refused for custom fields."""
        now = self._clock.utc()

        async def work(connection: AsyncConnection) -> Customer:
            return await self.create_in(connection, card, by, now, role)

        return await self._database.write(work)

    async def create_in(
        self, connection: AsyncConnection, card: CustomerCard, by: str, now: datetime, role: Role | None = None
    ) -> Customer:
        """As `create`, in another's transaction."""
        row = {**_row(card), "created_at": now, "created_by": by, "changed_at": now, "changed_by": by}
        columns = (customers.c[name] for name in ("id", *_MARKS))
        added = (
            await connection.execute(customers.insert().values(row | _marks(card, by, now)).returning(*columns))
        ).one()
        number = CustomerId(added.id)
        await self._put_beside(connection, number, card)
        await self._fields.put(connection, "customer", number, card.fields, role, new=True)
        kept = await self._kept_fields(connection, card, number, role)
        return Customer(**{**kept, **added._mapping}, created_at=now, created_by=by, changed_at=now)

    async def change(
        self,
        customer: CustomerId,
        card: CustomerCard,
        by: str,
        version: int | None = None,
        role: Role | None = None,
    ) -> Customer:
        """The whole card anew, and those custom fields that are named; durable. version: the one that was read; None:
        whatever it is now.

        Raises NotFound, Refused for custom fields, and CustomerChanged if it has another version by now.
        """
        now = self._clock.utc()

        async def work(connection: AsyncConnection) -> Customer:
            return await self.change_in(connection, customer, card, by, now, version, role)

        try:
            return await self._database.write(work)
        except OtherVersion:
            raise CustomerChanged(await self.get(customer, role)) from None

    async def change_in(
        self,
        connection: AsyncConnection,
        customer: CustomerId,
        card: CustomerCard,
        by: str,
        now: datetime,
        version: int | None = None,
        role: Role | None = None,
    ) -> Customer:
        """As `change`, in another's transaction. Raises OtherVersion, and Refused for custom fields."""
        row = {**_row(card), **_marks_anew(card, by, now), "changed_at": now, "changed_by": by}
        change = customers.update().where(customers.c.id == customer, HERE)
        if version is not None:
            change = change.where(customers.c.version == version)
        change = change.values({**row, "version": customers.c.version + 1})
        answered = await connection.execute(
            change.returning(*(customers.c[name] for name in ("created_at", "created_by", "version", *_MARKS)))
        )
        changed = answered.first()
        if changed is None:
            raise OtherVersion
        for beside in (phones, customer_choices):
            await connection.execute(beside.delete().where(beside.c.customer_id == customer))
        await self._put_beside(connection, customer, card)
        await self._fields.put(connection, "customer", customer, card.fields, role)
        await withdraw_refused(connection, customer)
        kept = await self._kept_fields(connection, card, customer, role)
        return Customer(**{**kept, **changed._mapping}, id=customer, changed_at=now)

    async def _kept_fields(
        self, connection: AsyncConnection, card: CustomerCard, customer: CustomerId, role: Role | None
    ) -> dict[str, Any]:
        """The card as it is now, with the custom fields that the role sees."""
        values = await self._fields.within(connection, "customer", [customer], role)
        return {**_card_fields(card), "fields": values.get(customer, {})}

    async def relocate(self) -> int:
        """Numbers that were written without an area code, normalised anew: the office's own may be another than when
        they were kept. Answers how many have changed."""
        if "+" not in self._region:
            return 0
        bare = sa.func.replace(sa.func.replace(phones.c.written, "-", ""), " ", "")
        short = sa.func.length(bare).between(*_LOCAL_DIGITS)
        after, changed = (0, -1), 0
        while True:
            beyond = sa.tuple_(phones.c.customer_id, phones.c.position) > sa.tuple_(*map(sa.literal, after))
            query = sa.select(phones).where(short, beyond).order_by(phones.c.customer_id, phones.c.position)
            rows = await self._database.rows(query.limit(MOST_ROWS))
            others = [row for row in rows if numbers.normalise(row.written, self._region) != row.number]

            async def work(connection: AsyncConnection, others: Sequence[sa.Row[Any]] = others) -> None:
                for row in others:
                    this = (phones.c.customer_id == row.customer_id) & (phones.c.position == row.position)
                    same = phones.c.written == row.written
                    await connection.execute(phones.update().where(this, same).values(self._line(row.written)))

            if others:
                await self._database.write(work)
                changed += len(others)
            if len(rows) < MOST_ROWS:
                return changed
            after = (rows[-1].customer_id, rows[-1].position)

    def _line(self, written: str) -> dict[str, str]:
        line = numbers.normalise(written, self._region)
        return {"number": line, "digits": words_of(_digits(written), _digits(line))}

    async def search(
        self,
        q: str = "",
        limit: int = 50,
        offset: int = 0,
        role: Role | None = None,
        sight: RecordSight | None = None,
        fields: tuple[FieldWanted, ...] = (),
    ) -> tuple[list[Customer], int]:
        """One page, at most 500, and how many there are in all (`pages.told`): whose name is q first, then whose
        name begins so, then newest first.

        Every word of q must be in the name, its pinyin, the card number, the company or the e-mail address; or be
        three or more digits of a number, or of a prepaid card's.
        """
        words = of_customers(every_word(q), self._region, sqlite=self._database.is_sqlite)
        query = sa.select(*_COLUMNS).where(HERE, *_seen(sight), *having(customers.c.id, fields))
        if wanted := q.strip():
            async with self._database.listing() as connection:
                conditions, few = await narrowed(connection, customers.c.id, words)
                best = _best if few else _best_of_many
                rows, total = await best(connection, query.where(*conditions), wanted, limit, offset)
        else:
            rows, total = await self._database.page(query, _NEWEST, limit, offset, customers.c.id)
        return await self._with_fields(await self._with_phones(rows), role), total

    async def chosen(
        self,
        query: CustomerQuery,
        after: int = 0,
        limit: int = 500,
        sight: RecordSight | None = None,
        among: Collection[int] | None = None,
    ) -> list[Customer]:
        """Those who are meant, are seen and have a number, in the order in which they were made. after: the last one's
        id. among: only of these; at most 500."""
        named = [] if among is None else [customers.c.id.in_(among)]
        rows = await self._database.rows(
            sa.select(*_COLUMNS)
            .where(customers.c.id > after, HERE, *_seen(sight), *self._meant(query), *named)
            .where(customers.c.id.in_(sa.select(phones.c.customer_id)))
            .order_by(customers.c.id)
            .limit(bounded(limit))
        )
        return await self._with_phones(rows)

    def _meant(self, query: CustomerQuery) -> list[sa.ColumnElement[bool]]:
        """The conditions of a query: what knows more of customers one day has its conditions here."""
        words = of_customers(every_word(query.text), self._region, sqlite=self._database.is_sqlite)
        found = [one.met for one in words]
        if query.levels:
            found.append(customers.c.level.in_(query.levels))
        if query.not_called_since is not None:
            for line in (calls.c.caller_line, calls.c.called_line):
                spoken = sa.select(calls.c.id).join(phones, phones.c.number == line)
                since = calls.c.started_at >= query.not_called_since
                found.append(~spoken.where(phones.c.customer_id == customers.c.id, since).exists())
        return found

    async def _with_fields(self, found: list[Customer], role: Role | None) -> list[Customer]:
        values = await self._fields.of_records("customer", [one.id for one in found], role) if role else {}
        return [replace(one, fields=values[one.id]) if one.id in values else one for one in found]

    async def known(
        self,
        connection: AsyncConnection,
        lines: Collection[str] = (),
        cards_: Collection[str] = (),
        emails: Collection[str] = (),
    ) -> dict[tuple[str, str], set[int]]:
        """Who is there already: ("phones", normalised number), ("card", …) and ("email", …) with whose they are."""
        found: dict[tuple[str, str], set[int]] = {}
        asked = (
            ("phones", phones.c.number, phones.c.customer_id, lines),
            ("card", customers.c.card, customers.c.id, cards_),
            ("email", customers.c.email, customers.c.id, emails),
        )
        for kind, column, whose, values in asked:
            if values:
                query = sa.select(column.label("value"), whose.label("customer")).where(column.in_(values))
                query = query.where(whose.in_(sa.select(customers.c.id).where(HERE)))
                for row in await connection.execute(query):
                    found.setdefault((kind, row.value), set()).add(row.customer)
        return found

    async def in_connection(self, connection: AsyncConnection, ids: Collection[int]) -> dict[int, Customer]:
        """As an administrator gets them, of several, within a transaction; without those in the bin."""
        if not ids:
            return {}
        rows = (await connection.execute(sa.select(*_COLUMNS).where(customers.c.id.in_(ids), HERE))).all()
        numbers_of: dict[int, list[str]] = {}
        written = sa.select(phones.c.customer_id, phones.c.written).where(phones.c.customer_id.in_(ids))
        for line in await connection.execute(written.order_by(phones.c.customer_id, phones.c.position)):
            numbers_of.setdefault(line.customer_id, []).append(line.written)
        choices: dict[int, dict[str, list[str]]] = {}
        kept = customer_choices.c
        chosen = sa.select(kept.customer_id, kept.dictionary, kept.code).where(kept.customer_id.in_(ids))
        for choice in await connection.execute(chosen.order_by(kept.position)):
            choices.setdefault(choice.customer_id, {}).setdefault(choice.dictionary, []).append(choice.code)
        values = await self._fields.within(connection, "customer", ids, "admin")
        return {
            row.id: Customer(
                **row._mapping,
                phones=tuple(numbers_of.get(row.id, ())),
                **_lists(choices.get(row.id, {})),
                fields=values.get(row.id, {}),
            )
            for row in rows
        }

    async def _with_phones(self, rows: Sequence[sa.Row[Any]]) -> list[Customer]:
        ids = [row.id for row in rows]
        query = sa.select(phones.c.customer_id, phones.c.written).where(phones.c.customer_id.in_(ids))
        of: dict[int, list[str]] = {}
        if ids:
            for row in await self._database.rows(query.order_by(phones.c.customer_id, phones.c.position)):
                of.setdefault(row.customer_id, []).append(row.written)
        chosen = await self._chosen(ids)
        return [
            Customer(**row._mapping, phones=tuple(of.get(row.id, ())), **_lists(chosen.get(row.id, {}))) for row in rows
        ]

    async def _chosen(self, ids: Sequence[int]) -> Mapping[int, Mapping[str, list[str]]]:
        """Of each customer: dictionary → the codes chosen from it, in their order."""
        found: dict[int, dict[str, list[str]]] = {}
        if ids:
            kept = customer_choices.c
            query = sa.select(kept.customer_id, kept.dictionary, kept.code).where(kept.customer_id.in_(ids))
            for row in await self._database.rows(query.order_by(kept.position)):
                found.setdefault(row.customer_id, {}).setdefault(row.dictionary, []).append(row.code)
        return found

    async def _put_beside(self, connection: AsyncConnection, customer: CustomerId, card: CustomerCard) -> None:
        """The phones, and what is chosen from lists."""
        choices = [
            {"customer_id": customer, "dictionary": dictionary, "code": code, "position": position}
            for field, dictionary in _LISTS.items()
            for position, code in enumerate(getattr(card, field))
        ]
        if choices:
            await connection.execute(customer_choices.insert(), choices)
        rows = [
            {
                "customer_id": customer,
                "position": position,
                "written": number,
                **self._line(number),
            }
            for position, number in enumerate(card.phones)
        ]
        if rows:
            await connection.execute(phones.insert(), rows)


def readings(name: str) -> list[str]:
    """How a name may be typed in pinyin: 单雄 → "danxiong", "dx", "shanxiong", "sx" …; at most 16 readings.

    The first character's readings come first, since a surname is often read otherwise than the word. A name
    without Chinese has none: it is found as it is.
    """
    sounds = pypinyin.pinyin(name, style=pypinyin.Style.NORMAL, heteronym=True, errors="ignore")
    ways = itertools.islice(itertools.product(*reversed(sounds)), MOST_READINGS) if sounds else ()
    found: dict[str, None] = {}
    for way in ways:
        read = way[::-1]
        found["".join(read)] = None
        found["".join(sound[0] for sound in read)] = None
    return list(found)


def _row(card: CustomerCard) -> dict[str, Any]:
    row = {name: value for name, value in _card_fields(card).items() if name not in (*_BESIDE, *_NO_MESSAGES)}
    row["words"] = words_of(card.name, *readings(card.name), card.card, card.company, card.email)
    return row


def _marks(card: CustomerCard, by: str, now: datetime) -> dict[str, Any]:
    """That they want no messages, of a new card."""
    set_ = [name for name in _NO_MESSAGES if getattr(card, name)]
    return {column: value for name in set_ for column, value in _marked(name, at=now, by=by).items()}


def _marks_anew(card: CustomerCard, by: str, now: datetime) -> dict[str, Any]:
    """Of one that is changed: since when, and by whom, it was the first who said so; lifted, it is nobody any more."""
    found: dict[str, Any] = {}
    for name in _NO_MESSAGES:
        stands, at, who = (customers.c[f"{name}{part}"] for part in ("", "_at", "_by"))
        if getattr(card, name):
            kept = {"at": sa.case((stands, at), else_=sa.literal(now, Utc)), "by": sa.case((stands, who), else_=by)}
            found |= _marked(name, **kept)
        elif getattr(card, name) is not None:
            found |= {name: False, f"{name}_at": None, f"{name}_by": ""}
    return found


def _marked(name: str, *, at: Any, by: Any) -> dict[str, Any]:
    return {name: True, f"{name}_at": at, f"{name}_by": by}


def _card_fields(card: CustomerCard) -> dict[str, Any]:
    known = asdict(card)
    for added in ("id", "created_at", "created_by", "changed_at", "version", *(set(_MARKS) - set(_NO_MESSAGES))):
        known.pop(added, None)  # a Customer is a card too
    return known


def _seen(sight: RecordSight | None) -> list[sa.ColumnElement[bool]]:
    return [] if sight is None else [records_seen(sight, customers)]


def _digits(number: str) -> str:
    return "".join(sign for sign in folded(number) if sign.isascii() and sign.isdigit())


def _of_all(rows: Sequence[sa.Row[Any]]) -> Customer:
    """One customer, from a row for each pair of a phone and what is chosen from lists: all of it in one question."""
    known = {name: rows[0]._mapping[name] for name in _CARD}
    written = {row.position: row.written for row in rows}
    chosen: dict[str, list[str]] = {}
    for row in rows:
        if row.position == rows[0].position and row.dictionary is not None:
            chosen.setdefault(row.dictionary, []).append(row.code)
    return Customer(**known, phones=tuple(written.values()), **_lists(chosen))


def _from_joined(rows: Sequence[sa.Row[Any]], chosen: Mapping[int, Mapping[str, list[str]]]) -> Customer:
    """One customer, from a row for each of the phones."""
    known = dict(rows[0]._mapping)
    del known["written"]
    written = tuple(row.written for row in rows if row.written is not None)
    return Customer(**known, phones=written, **_lists(chosen.get(rows[0].id, {})))


def _lists(chosen: Mapping[str, list[str]]) -> dict[str, Any]:
    return {field: tuple(chosen.get(dictionary, ())) for field, dictionary in _LISTS.items()}


async def _best(
    connection: AsyncConnection, query: sa.Select[Any], wanted: str, limit: int, offset: int
) -> tuple[Sequence[sa.Row[Any]], int]:
    """One page of few: whose name is what is wanted, then whose name begins so, then the newest."""
    begins = _begins(wanted, connection.dialect.name)
    exact = sa.case((customers.c.name == wanted, 0), (begins, 1), else_=2)
    return await page(connection, query, (exact, *_NEWEST), limit, offset, customers.c.id)


async def _best_of_many(
    connection: AsyncConnection, query: sa.Select[Any], wanted: str, limit: int, offset: int
) -> tuple[Sequence[sa.Row[Any]], int]:
    """The same page of very many, who are not all put in order: those with the name are found by its index."""
    limit, offset = bounded(limit), skipped(offset)
    begins = _begins(wanted, connection.dialect.name)
    exact = sa.case((customers.c.name == wanted, 0), else_=1)
    first, there = await page(connection, query.where(begins), (exact, *_NEWEST), limit, offset, customers.c.id)
    if len(first) == limit or there > MOST_TOLD:
        return first, await told(connection, query)
    others = query.where(sa.not_(begins))
    rows, more = await page(connection, others, _NEWEST, limit - len(first), max(offset - there, 0), customers.c.id)
    return [*first, *rows], min(there + more, MOST_TOLD + 1)


def _begins(wanted: str, dialect: str) -> sa.ColumnElement[bool]:
    """Compared sign by sign, as no language sorts: an index that is sorted so finds them."""
    name = customers.c.name if dialect == "sqlite" else sa.collate(customers.c.name, "C")
    return name.between(sa.literal(wanted, Plain), sa.literal(wanted + "\U0010ffff", Plain))


class OtherVersion(Exception):
    """There is no such customer, or one that was changed meanwhile."""
