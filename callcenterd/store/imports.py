"""Imports of customers (CRM-02): a piece of a file is one transaction, with what came of each row and how far it is.

So a crash repeats no row and loses none: what is not counted was not done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow
from callcenterd.model import numbers
from callcenterd.model.customers import Customer, CustomerCard
from callcenterd.model.ids import CustomerId
from callcenterd.model.imports import Import, ImportedRow, ImportState, ImportTerms, ReadRow
from callcenterd.store.customers import CustomerCards
from callcenterd.store.engine import Database, bounded
from callcenterd.store.fields import CustomFields
from callcenterd.store.schema import calls, cards, customers
from callcenterd.store.tables.appointments import appointments
from callcenterd.store.tables.complaints import complaints
from callcenterd.store.tables.consultations import consultations
from callcenterd.store.tables.customer_messages import customer_messages
from callcenterd.store.tables.duties import duties
from callcenterd.store.tables.follow_ups import follow_ups
from callcenterd.store.tables.imports import import_rows, imports

MOST_PHONES = 10
_LISTS = ("channels", "tags")
_CARD = tuple(one.name for one in fields(CustomerCard) if one.name != "fields")
_HANGS_ON = tuple(
    table.c.customer_id
    for table in (calls, cards, duties, consultations, complaints, follow_ups, appointments, customer_messages)
)
"""Who has one of these is not taken out again by an undo: something has happened with them since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A row with its reason, for the file of faulty rows."""

    number: int
    reason: str
    cells: tuple[str, ...]


class Imports:
    def __init__(self, database: Database, known: CustomerCards, fields_: CustomFields, region: str) -> None:
        self._database = database
        self._known = known
        self._fields = fields_
        self._region = region

    # ---- whole ones -------------------------------------------------------------------------------------

    async def add(self, name: str, titles: Sequence[str], rows: int, by: str, at: datetime) -> Import:
        row = {
            "name": name,
            "titles": list(titles),
            "rows": rows,
            "state": "uploaded",
            **_terms(ImportTerms()),
            "by": by,
            "at": at,
        }

        async def work(connection: AsyncConnection) -> Import:
            return _import((await connection.execute(imports.insert().values(row).returning(imports))).one())

        return await self._database.write(work)

    async def get(self, number: int) -> Import:
        """Raises NotFound."""
        row = await self._database.row(sa.select(imports).where(imports.c.id == number))
        if row is None:
            raise NotFound("import", number)
        return _import(row)

    async def list(self, limit: int = 50, offset: int = 0) -> tuple[list[Import], int]:
        """One page, newest first, at most 500; and how many there are."""
        rows, total = await self._database.page(sa.select(imports), (imports.c.id.desc(),), limit, offset)
        return [_import(row) for row in rows], total

    async def unfinished(self) -> Sequence[Import]:
        """Those that a stop of the server has left in the middle."""
        query = sa.select(imports).where(imports.c.state.in_(("running", "undoing"))).order_by(imports.c.id)
        return [_import(row) for row in await self._database.rows(query)]

    async def remembered(self, titles: Sequence[str]) -> Mapping[int, str]:
        """What the columns with these titles were the last time; {}: there was none."""
        query = (
            sa.select(imports.c.columns, imports.c.titles)
            .where(imports.c.state != "uploaded")
            .order_by(imports.c.id.desc())
            .limit(100)
        )
        for row in await self._database.rows(query):
            if list(row.titles) == list(titles):
                return {int(column): field for column, field in row.columns.items()}
        return {}

    async def start(self, number: int, terms: ImportTerms, at: datetime) -> Import:
        """Raises NotFound, and NotNow unless it was only uploaded."""
        return await self._state(number, ("uploaded",), "running", started_at=at, **_terms(terms))

    async def end(self, number: int, state: ImportState, at: datetime, why: str = "") -> Import:
        return await self._state(number, ("running", "undoing"), state, ended_at=at, why=why)

    async def undo(self, number: int, at: datetime) -> Import:
        """Raises NotFound, and NotNow unless it is over."""
        return await self._state(number, ("done", "stopped", "failed"), "undoing", ended_at=at)

    async def remove(self, number: int) -> None:
        """With its rows; the customers stay. Raises NotFound, and NotNow while it runs."""

        async def work(connection: AsyncConnection) -> None:
            state = (await connection.execute(sa.select(imports.c.state).where(imports.c.id == number))).scalar()
            if state is None:
                raise NotFound("import", number)
            if state in ("running", "undoing"):
                raise NotNow(f"import {number} is running")
            await connection.execute(import_rows.delete().where(import_rows.c.import_id == number))
            await connection.execute(imports.delete().where(imports.c.id == number))

        await self._database.write(work)

    async def _state(self, number: int, before: Sequence[str], state: ImportState, **new: object) -> Import:
        async def work(connection: AsyncConnection) -> Import:
            change = imports.update().where(imports.c.id == number, imports.c.state.in_(before))
            changed = (await connection.execute(change.values(state=state, **new).returning(imports))).first()
            if changed is not None:
                return _import(changed)
            if (await connection.execute(sa.select(imports.c.id).where(imports.c.id == number))).first() is None:
                raise NotFound("import", number)
            raise NotNow(f"import {number} is not {' or '.join(before)}")

        return await self._database.write(work)

    async def place(self, number: int) -> int:
        """The octet of the file of lines at which the next piece begins."""
        row = await self._database.row(sa.select(imports.c.place).where(imports.c.id == number))
        return int(row.place) if row is not None else 0

    # ---- rows -------------------------------------------------------------------------------------------

    async def apply(
        self, job: Import, rows: Sequence[ReadRow], reasons: Mapping[int, str], place: int, now: datetime
    ) -> Import:
        """What the rows say, and that they were done up to that place. reasons: of the faulty ones.

        Raises NotNow if it was stopped meanwhile: then none of them was taken.
        """
        lines = {number: self._lines(row.card) for row in rows for number in (row.number,)}

        async def work(connection: AsyncConnection) -> Import:
            state = (await connection.execute(sa.select(imports.c.state).where(imports.c.id == job.id))).scalar()
            if state != "running":
                raise NotNow(f"import {job.id} is not running")
            there = await self._there(connection, job.terms, rows, lines)
            found = {customer for ids in there.values() for customer in ids}
            updating = job.terms.duplicates == "update"
            known = await self._known.in_connection(connection, found) if updating else {}
            first = await _first_rows(connection, job.id, found) if updating else {}
            done: list[ImportedRow] = []
            for row in rows:
                if row.faults:
                    done.append(_faulty(row, reasons.get(row.number, "")))
                    continue
                marks = _marks(job.terms, row.card, lines[row.number])
                same = {customer for mark in marks for customer in there.get(mark, ())}
                done.append(await self._one(connection, job, row, same, known, now))
                _joined(done, first)
                if (customer := done[-1].customer) is not None and done[-1].outcome != "skipped":
                    for mark in marks:
                        there.setdefault(mark, set()).add(customer)
            await _keep_rows(connection, job.id, done)
            await _touched_again(connection, job.id, known, first)
            counts = {
                name: imports.c[name] + sum(one.outcome == name for one in done)
                for name in ("created", "updated", "skipped", "faulty")
            }
            change = imports.update().where(imports.c.id == job.id)
            new = {**counts, "done": imports.c.done + len(done), "place": place}
            return _import((await connection.execute(change.values(new).returning(imports))).one())

        return await self._database.write(work)

    async def _there(
        self, connection: AsyncConnection, terms: ImportTerms, rows: Sequence[ReadRow], lines: Mapping[int, set[str]]
    ) -> dict[tuple[str, str], set[int]]:
        if terms.duplicates == "new":
            return {}
        cards_ = [row.card for row in rows if not row.faults]
        return await self._known.known(
            connection,
            {line for row in rows for line in lines[row.number]} if "phones" in terms.keys else (),
            {card.card for card in cards_ if card.card} if "card" in terms.keys else (),
            {card.email for card in cards_ if card.email} if "email" in terms.keys else (),
        )

    async def _one(
        self,
        connection: AsyncConnection,
        job: Import,
        row: ReadRow,
        same: set[int],
        known: dict[int, Customer],
        now: datetime,
    ) -> ImportedRow:
        if not same:
            # Which custom fields may be filled was asked when the import began; none of the rest is wanted here.
            made = await self._known.create_in(connection, replace(row.card, fields={}), job.by, now)
            await self._fields.put(connection, "customer", made.id, row.card.fields, "admin")
            made = replace(made, fields=row.card.fields)
            known[made.id] = made
            return ImportedRow(number=row.number, outcome="created", customer=made.id, version=made.version)
        customer = min(same)
        if job.terms.duplicates == "skip":
            return ImportedRow(number=row.number, outcome="skipped", customer=customer)
        if len(same) > 1:
            several = ", ".join(str(one) for one in sorted(same)[:5])
            return _faulty(row, f"customers {several} are all meant")
        before = known[customer]
        card = self._merged(before, row)
        custom = {name: value for name, value in row.card.fields.items() if value != before.fields.get(name)}
        if card == _card_of(before) and not custom:
            return ImportedRow(number=row.number, outcome="skipped", customer=customer)
        after = await self._known.change_in(connection, CustomerId(customer), card, job.by, now)
        await self._fields.put(connection, "customer", customer, custom, "admin")
        known[customer] = replace(after, fields={**before.fields, **custom})
        return ImportedRow(
            number=row.number, outcome="updated", customer=customer, version=after.version, before=_kept(before)
        )

    def _merged(self, before: Customer, row: ReadRow) -> CustomerCard:
        """What the row fills in takes the place of what was there; numbers and lists are added to."""
        new: dict[str, Any] = {name: getattr(row.card, name) for name in row.given}
        if "phones" in new:
            there = self._lines(before)
            added = [one for one in row.card.phones if numbers.normalise(one, self._region) not in there]
            new["phones"] = (*before.phones, *added)[:MOST_PHONES]
        for name in _LISTS:
            if name in new:
                new[name] = tuple(dict.fromkeys((*getattr(before, name), *new[name])))
        return replace(_card_of(before), **new)

    def _lines(self, card: CustomerCard) -> set[str]:
        return {line for phone in card.phones if (line := numbers.normalise(phone, self._region))}

    async def faulty(self, number: int, after: int = 0, limit: int = 500) -> Sequence[Reason]:
        """Rows that could not be kept, in their order. after: the last one's number."""
        query = (
            sa.select(import_rows.c.number, import_rows.c.reason, import_rows.c.cells)
            .where(import_rows.c.import_id == number, import_rows.c.outcome == "faulty", import_rows.c.number > after)
            .order_by(import_rows.c.number)
            .limit(bounded(limit))
        )
        rows = await self._database.rows(query)
        return [Reason(number=row.number, reason=row.reason, cells=tuple(row.cells)) for row in rows]

    # ---- back again -------------------------------------------------------------------------------------

    async def take_back(self, job: Import, limit: int, now: datetime) -> tuple[Import, bool]:
        """Some of the rows, the last first: who came is taken out, who was changed gets the card of before.

        Whom somebody has changed or spoken with since stays as they are; a custom field that must not be empty keeps
        what the file said. Answers whether there may be more.
        """
        free = {one.name: one.required for one in await self._fields.all("customer") if not one.retired}

        async def work(connection: AsyncConnection) -> tuple[Import, bool]:
            mine = (import_rows.c.import_id == job.id) & import_rows.c.outcome.in_(("created", "updated"))
            query = sa.select(import_rows).where(mine).order_by(import_rows.c.number.desc()).limit(limit)
            rows = (await connection.execute(query)).all()
            ids = {row.customer_id for row in rows}
            known = await self._known.in_connection(connection, ids)
            busy = await _spoken_with(connection, ids)
            back = 0
            for row in rows:
                card = known.get(row.customer_id)
                if row.version == 0:  # the first row of this customer takes back what this one did as well
                    back += 1
                    continue
                if card is None or card.version != row.version or (row.outcome == "created" and card.id in busy):
                    continue
                back += 1
                if row.outcome == "created":
                    await self._fields.forget(connection, "customer", [card.id])
                    await connection.execute(customers.delete().where(customers.c.id == card.id))
                else:
                    await self._known.change_in(connection, card.id, _read_back(row.before), job.by, now)
                    was = row.before.get("fields", {})
                    now_there = {name: was.get(name) for name in {*card.fields, *was} if name in free}
                    now_there = {n: value for n, value in now_there.items() if value is not None or not free[n]}
                    await self._fields.put(connection, "customer", card.id, now_there, "admin")
            for row in rows:
                done = (import_rows.c.import_id == job.id) & (import_rows.c.number == row.number)
                await connection.execute(import_rows.update().where(done).values(outcome="skipped", before=None))
            new = {"reverted": imports.c.reverted + back, "left": imports.c.left + len(rows) - back}
            change = imports.update().where(imports.c.id == job.id).values(new).returning(imports)
            return _import((await connection.execute(change)).one()), len(rows) == limit

        return await self._database.write(work)


async def _first_rows(connection: AsyncConnection, number: int, ids: set[int]) -> dict[int, int]:
    """Of customers whom this import has touched before: the number of the first row that did."""
    query = sa.select(import_rows.c.customer_id, import_rows.c.number).where(
        import_rows.c.import_id == number, import_rows.c.version > 0, import_rows.c.customer_id.in_(ids)
    )
    return {row.customer_id: row.number for row in await connection.execute(query)} if ids else {}


def _joined(done: list[ImportedRow], first: dict[int, int]) -> None:
    """A customer's second row keeps no card of before and no version: to undo is the affair of the first."""
    last = done[-1]
    if last.outcome not in ("created", "updated") or last.customer is None:
        return
    if first.setdefault(last.customer, last.number) != last.number:
        done[-1] = replace(last, before=None, version=0)


async def _touched_again(
    connection: AsyncConnection, number: int, known: Mapping[int, Customer], first: Mapping[int, int]
) -> None:
    """First rows know the version that the import left, so that an undo sees whether somebody has changed it since."""
    for customer, row in first.items():
        if customer in known:
            mine = (import_rows.c.import_id == number) & (import_rows.c.number == row)
            await connection.execute(import_rows.update().where(mine).values(version=known[customer].version))


async def _spoken_with(connection: AsyncConnection, ids: set[int]) -> set[int]:
    found: set[int] = set()
    for column in _HANGS_ON:
        rows = await connection.execute(sa.select(column).where(column.in_(ids)).distinct())
        found |= {row[0] for row in rows}
    return found


async def _keep_rows(connection: AsyncConnection, number: int, rows: Iterable[ImportedRow]) -> None:
    written = [
        {
            "import_id": number,
            "number": row.number,
            "outcome": row.outcome,
            "customer_id": row.customer,
            "reason": row.reason,
            "cells": list(row.cells),
            "version": row.version,
            "before": None if row.before is None else dict(row.before),
        }
        for row in rows
    ]
    if written:
        await connection.execute(import_rows.insert(), written)


def _faulty(row: ReadRow, reason: str) -> ImportedRow:
    return ImportedRow(number=row.number, outcome="faulty", reason=reason, cells=row.cells)


def _marks(terms: ImportTerms, card: CustomerCard, lines: set[str]) -> list[tuple[str, str]]:
    """By what else in the file or the store is the same customer."""
    if terms.duplicates == "new":
        return []
    marks = [("phones", line) for line in sorted(lines)] if "phones" in terms.keys else []
    return marks + [(key, getattr(card, key)) for key in ("card", "email") if key in terms.keys and getattr(card, key)]


def _card_of(customer: CustomerCard) -> CustomerCard:
    return CustomerCard(**{name: getattr(customer, name) for name in _CARD})


def _kept(customer: Customer) -> dict[str, Any]:
    """As JSON data; a day of a custom field is a text, which is what it is written from."""
    kept = {**asdict(_card_of(customer)), "fields": dict(customer.fields)}
    return {name: _plain(value) for name, value in kept.items()}


def _plain(value: object) -> object:
    match value:
        case tuple():
            return list(value)
        case date():
            return value.isoformat()
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case _:
            return value


def _read_back(kept: Mapping[str, Any]) -> CustomerCard:
    """A card of before; of an older callcenterd it may lack fields."""
    read: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()}
    return CustomerCard(**{name: value for name, value in read.items() if name in _CARD})


def _terms(terms: ImportTerms) -> dict[str, Any]:
    columns = {str(column): field for column, field in terms.columns.items()}
    return {"columns": columns, "keys": list(terms.keys), "duplicates": terms.duplicates}


def _import(row: sa.Row[Any]) -> Import:
    known = dict(row._mapping)
    del known["place"]
    columns = {int(column): field for column, field in known.pop("columns").items()}
    terms = ImportTerms(columns=columns, keys=tuple(known.pop("keys")), duplicates=known.pop("duplicates"))
    return Import(**known | {"titles": tuple(known["titles"])}, terms=terms)
