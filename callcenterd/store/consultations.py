"""Consultations: kept with their number, found by period, kind, person and words, and counted."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound
from callcenterd.model import numbers
from callcenterd.model.consultations import Consultation, ConsultationCount, ConsultationFields, ConsultationFilter
from callcenterd.model.people import Role
from callcenterd.model.records import RecordIsAnother
from callcenterd.store.customers import readings
from callcenterd.store.engine import MOST_ROWS, Database
from callcenterd.store.fields import CustomFields
from callcenterd.store.having import having
from callcenterd.store.hidden import has_word
from callcenterd.store.numbering import next_number
from callcenterd.store.search import by_index
from callcenterd.store.seen import records_seen
from callcenterd.store.tables.consultations import consultations
from callcenterd.store.words import every_word, words_of

PREFIX = "ZX"
_IDS = {"customer": "customer_id", "call": "call_id"}
"""Fields whose columns have other names."""
_WRITTEN = tuple(field.name for field in fields(ConsultationFields) if field.name != "fields")
_COLUMNS = tuple(
    consultations.c[_IDS.get(field.name, field.name)].label(field.name)
    for field in fields(Consultation)
    if field.name != "fields"
)
_NEWEST = (consultations.c.at.desc(), consultations.c.id.desc())


class Consultations:
    """role: of who asks or writes; so much they see of the custom fields, and may change. None: nothing of them."""

    def __init__(self, database: Database, custom: CustomFields) -> None:
        self._database = database
        self._custom = custom

    async def get(self, consultation: int, role: Role | None = None) -> Consultation:
        """Raises NotFound."""
        row = await self._database.row(sa.select(*_COLUMNS).where(consultations.c.id == consultation))
        if row is None:
            raise NotFound("consultation", consultation)
        [found] = await self._custom.onto("consultation", [Consultation(**row._mapping)], role)
        return found

    async def page(
        self, chosen: ConsultationFilter, limit: int = 50, offset: int = 0, role: Role | None = None
    ) -> tuple[list[Consultation], int]:
        """One page, the newest first, at most 500, and how many there are in all."""
        query = sa.select(*_COLUMNS).where(*_conditions(chosen))
        words = by_index(consultations, every_word(chosen.text), sqlite=self._database.is_sqlite)
        rows, total = await self._database.page(query, _NEWEST, limit, offset, consultations.c.id, words)
        return await self._custom.onto("consultation", [Consultation(**row._mapping) for row in rows], role), total

    async def following(self, chosen: ConsultationFilter, after: Consultation | None) -> list[Consultation]:
        """In the order in which they were, the next 500 after that one; without custom fields."""
        query = sa.select(*_COLUMNS).where(*_conditions(chosen)).order_by(consultations.c.at, consultations.c.id)
        if after is not None:
            at = consultations.c.at
            query = query.where((at > after.at) | ((at == after.at) & (consultations.c.id > after.id)))
        return [Consultation(**row._mapping) for row in await self._database.rows(query.limit(MOST_ROWS))]

    async def counts(self, chosen: ConsultationFilter) -> list[ConsultationCount]:
        """By category and channel, where there are any."""
        kinds = (consultations.c.category, consultations.c.channel)
        query = sa.select(*kinds, sa.func.count().label("count")).where(*_conditions(chosen)).group_by(*kinds)
        return [ConsultationCount(**row._mapping) for row in await self._database.rows(query.order_by(*kinds))]

    async def add(
        self,
        new: ConsultationFields,
        *,
        at: datetime,
        owner: str,
        team: str,
        by: str,
        now: datetime,
        day: date,
        role: Role | None = None,
    ) -> Consultation:
        """Durable, with the next number of that day. Raises Refused for custom fields, CannotStore if there is no such
        customer."""
        row = {**_row(new), "at": at, "owner": owner, "team": team}
        row |= {"created_at": now, "created_by": by, "changed_at": now, "changed_by": by}

        async def work(connection: AsyncConnection) -> Consultation:
            number = await next_number(connection, PREFIX, day)
            insert = consultations.insert().values(**row, number=number, words=_words(new, number))
            added = Consultation(**(await connection.execute(insert.returning(*_COLUMNS))).one()._mapping)
            await self._custom.put(connection, "consultation", added.id, new.fields, role, new=True)
            return await self._custom.onto_one(connection, "consultation", added, role)

        return await self._database.write(work)

    async def change(
        self,
        consultation: int,
        new: ConsultationFields,
        *,
        version: int,
        by: str,
        now: datetime,
        role: Role | None = None,
    ) -> tuple[Consultation, list[str]]:
        """The whole of it anew, and those custom fields that are named; durable. version: the one that was read.

        Answers it, and the names of what is another now. Raises NotFound, RecordIsAnother, and Refused for custom
        fields.
        """

        async def work(connection: AsyncConnection) -> tuple[Consultation, list[str]]:
            this = consultations.c.id == consultation
            known = (await connection.execute(sa.select(*_COLUMNS).where(this))).first()
            if known is None:
                raise NotFound("consultation", consultation)
            before = Consultation(**known._mapping)
            if before.version != version:
                raise RecordIsAnother(
                    "consultation", await self._custom.onto_one(connection, "consultation", before, role)
                )
            changed = [name for name in _WRITTEN if getattr(before, name) != getattr(new, name)]
            row = {**_row(new), "words": _words(new, before.number), "changed_at": now, "changed_by": by}
            update = consultations.update().where(this).values(**row, version=version + 1).returning(*_COLUMNS)
            after = Consultation(**(await connection.execute(update)).one()._mapping)
            changed += await self._custom.put(connection, "consultation", consultation, new.fields, role)
            return await self._custom.onto_one(connection, "consultation", after, role), changed

        return await self._database.write(work)


def _row(new: ConsultationFields) -> dict[str, Any]:
    return {_IDS.get(name, name): getattr(new, name) for name in _WRITTEN}


def _words(new: ConsultationFields, number: str) -> str:
    projects = (new.project_type, new.project_number, new.product_number)
    return words_of(number, new.name, *readings(new.name), numbers.tidy(new.phone), new.card, *projects, new.note)


def _conditions(chosen: ConsultationFilter) -> list[sa.ColumnElement[bool]]:
    table = consultations.c
    given = {name: getattr(chosen, name) for name in ("category", "channel", "owner")}
    found: list[sa.ColumnElement[bool]] = [table[name] == value for name, value in given.items() if value is not None]
    if chosen.since is not None:
        found.append(table.at >= chosen.since)
    if chosen.until is not None:
        found.append(table.at < chosen.until)
    if chosen.customer is not None:
        found.append(table.customer_id == chosen.customer)
    found += [has_word(table.words, word, but=[("card", table.card)]) for word in every_word(chosen.text)]
    found += having(table.id, chosen.fields)
    if chosen.sight is not None:
        found.append(records_seen(chosen.sight, consultations))
    return found
