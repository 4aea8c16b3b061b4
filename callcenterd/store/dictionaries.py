"""Lists of values that an office keeps by itself. What a record still uses is retired, never taken away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.model.dictionaries import DICTIONARIES, Dictionary, DictionaryValue
from callcenterd.store.engine import Database
from callcenterd.store.schema import customer_choices, customers, dictionary_values
from callcenterd.store.tables.appointments import appointments
from callcenterd.store.tables.complaints import complaints
from callcenterd.store.tables.consultations import consultations
from callcenterd.store.tables.fields import custom_fields, custom_values
from callcenterd.store.tables.follow_ups import follow_ups
from callcenterd.store.tables.recording_marks import recording_tags

_KEPT = (
    dictionary_values.c.code,
    dictionary_values.c.chinese,
    dictionary_values.c.english,
    dictionary_values.c.retired,
)
_COLUMNS: tuple[tuple[str, sa.Column[str]], ...] = (
    ("level", customers.c.level),
    ("sex", customers.c.sex),
    ("identity", customers.c.identity),
    ("consultation_category", consultations.c.category),
    ("channel", consultations.c.channel),
    ("sex", consultations.c.sex),
    ("complaint_type", complaints.c.type),
    ("complaint_satisfaction", complaints.c.satisfaction),
    ("sex", complaints.c.sex),
    ("follow_up_category", follow_ups.c.category),
    ("follow_up_result", follow_ups.c.result),
    ("channel", follow_ups.c.channel),
    ("sex", follow_ups.c.sex),
    ("sex", appointments.c.sex),
    ("recording_tag", recording_tags.c.tag),
)
"""Where a record has at most one value of a dictionary; several of a customer are in `customer_choices`."""


class Dictionaries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Dictionary]:
        """In the order of `DICTIONARIES`; their values in the office's order."""
        query = sa.select(dictionary_values.c.dictionary, *_KEPT).order_by(dictionary_values.c.position)
        of: dict[str, list[DictionaryValue]] = {name: [] for name in DICTIONARIES}
        for row in await self._database.rows(query):
            if row.dictionary in of:
                of[row.dictionary].append(_value(row))
        return [Dictionary(name=name, values=tuple(values)) for name, values in of.items()]

    async def put(self, name: str, values: Sequence[DictionaryValue]) -> Dictionary:
        """The whole list anew; durable. What is left out is gone, or retired at the end if a record uses it."""

        async def work(connection: AsyncConnection) -> Dictionary:
            named = dictionary_values.c.dictionary == name
            before = await connection.execute(sa.select(*_KEPT).where(named).order_by(dictionary_values.c.position))
            codes = {value.code for value in values}
            left_out = [value for row in before if (value := _value(row)).code not in codes]
            used = [replace(value, retired=True) for value in left_out if await _is_used(connection, name, value.code)]
            kept = [*values, *used]
            await connection.execute(dictionary_values.delete().where(named))
            rows = [{"dictionary": name, "position": n, **asdict(value)} for n, value in enumerate(kept)]
            if rows:
                await connection.execute(dictionary_values.insert(), rows)
            return Dictionary(name=name, values=tuple(kept))

        return await self._database.write(work)


async def _is_used(connection: AsyncConnection, name: str, code: str) -> bool:
    used = [column == code for of, column in _COLUMNS if of == name]
    if name == "complaint_aspect":
        used.append(complaints.c.aspects.contains(f",{code},", autoescape=True))
    used.append((customer_choices.c.dictionary == name) & (customer_choices.c.code == code))
    for chosen in used:
        if (await connection.execute(sa.select(sa.literal(1)).where(chosen).limit(1))).first() is not None:
            return True
    its_fields = sa.select(custom_fields.c.id).where(custom_fields.c.dictionary == name)
    kept = custom_values.c
    in_fields = sa.select(sa.literal(1)).where(kept.field_id.in_(its_fields), kept.key == code).limit(1)
    return (await connection.execute(in_fields)).first() is not None


def _value(row: Any) -> DictionaryValue:
    return DictionaryValue(code=row.code, chinese=row.chinese, english=row.english, retired=row.retired)
