"""Custom fields, and what records have in them.

Whoever keeps records with such fields calls `put` in the transaction that writes the record, and `of_records` (or
`within`, in a transaction) where it reads them; business records get them by `onto` and `onto_one`. What somebody's
role may not see is never read for them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow, Refused
from callcenterd.model.complaints import Complaint
from callcenterd.model.consultations import Consultation
from callcenterd.model.fields import (
    MOST_FIELDS,
    CustomField,
    FieldChoice,
    FieldId,
    FieldIsAnother,
    FieldKind,
    FieldTarget,
    FieldTerms,
    FieldValue,
    NewField,
    Values,
    WrongValue,
    field_value,
    plain_number,
)
from callcenterd.model.follow_ups import FollowUp
from callcenterd.model.people import Role
from callcenterd.store.engine import Database
from callcenterd.store.references import called, there_is
from callcenterd.store.schema import dictionary_values
from callcenterd.store.tables.attachments import attachments
from callcenterd.store.tables.fields import custom_fields, custom_values
from callcenterd.store.words import folded
from callcenterd.store.writer import T, Work

R = TypeVar("R", Consultation, Complaint, FollowUp)
MOST_KEY = 400
"""Characters of a text by which it is found: an index of PostgreSQL takes 2,700 octets."""
_KEPT = custom_values.c
_ALL = sa.select(custom_fields).order_by(custom_fields.c.kind, custom_fields.c.position, custom_fields.c.id)
_VALUES = sa.select(
    _KEPT.record_id, _KEPT.field_id, _KEPT.key, _KEPT.text, _KEPT.number, _KEPT.day, _KEPT.ref
).order_by(_KEPT.record_id, _KEPT.field_id, _KEPT.position)


class CustomFields:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: Sequence[CustomField] | None = None
        """As they are; every change goes through here, and forgets them."""
        self._changes = 0

    # ---- definitions ------------------------------------------------------------------------------------------

    async def all(self, kind: FieldKind | None = None) -> list[CustomField]:
        """Also retired ones, in the office's order."""
        known = self._known
        if known is None:
            changes = self._changes
            known = [_field(row) for row in await self._database.rows(_ALL)]
            if changes == self._changes:  # else a change was committed since they were read
                self._known = known
        return [field for field in known if kind in (None, field.kind)]

    async def get(self, field: FieldId) -> CustomField:
        """Raises NotFound."""
        for known in await self.all():
            if known.id == field:
                return known
        raise NotFound("field", field)

    async def add(self, field: NewField) -> CustomField:
        """As the last one of its kind; durable. Raises Refused: its name is another's; NotNow: there are too many."""

        async def work(connection: AsyncConnection) -> CustomField:
            known = await _fields_of(connection, field.kind)
            if any(one.name == field.name for one in known):
                raise Refused("the field cannot be kept as it is", {"name": "there is one of that name already"})
            if len(known) >= MOST_FIELDS:
                raise NotNow(f"a kind of record has at most {MOST_FIELDS} fields of its own")
            position = max((one.position for one in known), default=-1) + 1
            row = {**_written(field), "kind": field.kind, "name": field.name, "type": field.type}
            row |= {"dictionary": field.dictionary, "target": field.target, "places": field.places}
            added = await connection.execute(
                custom_fields.insert().values(**row, position=position).returning(custom_fields)
            )
            return _field(added.one())

        return await self._changed(work)

    async def change(self, field: FieldId, terms: FieldTerms, version: int | None) -> CustomField:
        """Durable. A choice that is left out is gone, or retired at the end if a record has it. Raises NotFound,
        FieldIsAnother."""

        async def work(connection: AsyncConnection) -> CustomField:
            known = await _field_of(connection, field)
            if version is not None and version != known.version:
                raise FieldIsAnother(known)
            codes = {choice.code for choice in terms.choices}
            left_out = [choice for choice in known.choices if choice.code not in codes]
            used = [replace(one, retired=True) for one in left_out if await _has_values(connection, field, one.code)]
            kept = replace(terms, choices=(*terms.choices, *used))
            change = custom_fields.update().where(custom_fields.c.id == field)
            change = change.values(**_written(kept), version=known.version + 1)
            return _field((await connection.execute(change.returning(custom_fields))).one())

        return await self._changed(work)

    async def order(self, kind: FieldKind, fields: Sequence[FieldId]) -> list[CustomField]:
        """These first, in this order; those that are not named after them, as they were. Durable."""

        async def work(connection: AsyncConnection) -> None:
            known = [one.id for one in await _fields_of(connection, kind)]
            named = [one for one in dict.fromkeys(fields) if one in known]
            for position, one in enumerate([*named, *(one for one in known if one not in named)]):
                await connection.execute(
                    custom_fields.update().where(custom_fields.c.id == one).values(position=position)
                )

        await self._changed(work)
        return await self.all(kind)

    async def remove(self, field: FieldId) -> CustomField | None:
        """None: it is gone. If records have values in it, it is retired, and they stay. Durable. Raises NotFound."""

        async def work(connection: AsyncConnection) -> CustomField | None:
            known = await _field_of(connection, field)
            if not await _has_values(connection, field):
                await connection.execute(custom_fields.delete().where(custom_fields.c.id == field))
                return None
            change = custom_fields.update().where(custom_fields.c.id == field)
            change = change.values(retired=True, version=known.version + 1)
            return _field((await connection.execute(change.returning(custom_fields))).one())

        return await self._changed(work)

    async def _changed(self, work: Work[T]) -> T:
        try:
            return await self._database.write(work)
        finally:
            self._changes += 1
            self._known = None

    # ---- values -----------------------------------------------------------------------------------------------

    async def of_records(self, kind: FieldKind, records: Collection[int], role: Role | None) -> Mapping[int, Values]:
        """What each record has, by the fields' names in their order. role: who asks; None: nobody, who sees nothing.

        A record without any is not in it. records: at most 500.
        """
        seen = [field for field in await self.all(kind) if field.seen_by(role)] if records else []
        return _of_rows(await self._database.rows(_of(kind, records, seen)), seen) if seen else {}

    async def within(
        self, connection: AsyncConnection, kind: FieldKind, records: Collection[int], role: Role | None
    ) -> Mapping[int, Values]:
        """As `of_records`, in a transaction of the caller's."""
        seen = [field for field in await _fields_of(connection, kind) if field.seen_by(role)]
        return _of_rows((await connection.execute(_of(kind, records, seen))).all(), seen) if seen and records else {}

    async def called(self, target: FieldTarget, values: Collection[FieldValue]) -> Mapping[FieldValue, str]:
        """How people call those of them that are there; at most 500."""
        return await called(self._database, target, values)

    async def onto(self, kind: FieldKind, found: Sequence[R], role: Role | None) -> list[R]:
        """The records with what they have of them; at most 500. role: as `of_records`."""
        values = await self.of_records(kind, [one.id for one in found], role) if role else {}
        return [replace(one, fields=values[one.id]) if one.id in values else one for one in found]

    async def onto_one(self, connection: AsyncConnection, kind: FieldKind, one: R, role: Role | None) -> R:
        """The record with what it has of them, in a transaction of the caller's."""
        values = await self.within(connection, kind, [one.id], role)
        return replace(one, fields=values.get(one.id, {}))

    async def put(
        self,
        connection: AsyncConnection,
        kind: FieldKind,
        record: int,
        given: Mapping[str, Any],
        role: Role | None,
        *,
        new: bool = False,
    ) -> list[str]:
        """Write what is given in the caller's transaction; the names of those fields that are others now.

        A field that is not named stays as it is; null empties it. role: who writes; None: the system, which writes
        only records of its own making, without fields. new: the record is just made, and what is required is there, but
        for files: none hangs on it yet.
        Raises Refused with `fields.NAME` for each that cannot be kept; the caller's transaction then must not go on.
        """
        fields = await _fields_of(connection, kind) if given or (new and role is not None) else []
        if not fields and not given:
            return []
        by_name = {field.name: field for field in fields if field.seen_by(role)}
        before: Values = {}
        if not new:
            rows = await connection.execute(_of(kind, [record], list(by_name.values())))
            before = _of_rows(rows.all(), list(by_name.values())).get(record, {})
        if len(given) > MOST_FIELDS:
            raise Refused("the record cannot be kept as it is", {"fields": f"at most {MOST_FIELDS} fields are kept"})
        faults: dict[str, str] = {}
        changed: dict[str, FieldValue | None] = {}
        for name, wanted in given.items():
            try:
                if (field := by_name.get(name)) is None:
                    raise WrongValue("is no field of this record")
                value = await _checked(connection, field, wanted, before.get(name), record)
                if field.required and value is None and field.written_by(role):
                    raise WrongValue("is missing")  # also where nothing stood before: a form names what it shows
                if value == before.get(name):
                    continue
                if not field.written_by(role):
                    raise WrongValue("you may not change this field")
                changed[name] = value
            except WrongValue as fault:
                faults[f"fields.{name[:40]}"] = str(fault)
        if new and role is not None:
            missing = (one for one in by_name.values() if one.required and one.written_by(role) and one.type != "file")
            faults |= {f"fields.{one.name}": "is missing" for one in missing if changed.get(one.name) is None
                       and f"fields.{one.name}" not in faults}  # fmt: skip
        if faults:
            raise Refused("the record cannot be kept as it is", faults)
        await _write(connection, kind, record, {by_name[name]: value for name, value in changed.items()}, new=new)
        return sorted(changed)

    async def forget(self, connection: AsyncConnection, kind: FieldKind, records: Collection[int]) -> None:
        """Records that are gone for good have no values any more; in the caller's transaction."""
        await connection.execute(custom_values.delete().where(_KEPT.kind == kind, _KEPT.record_id.in_(records)))


def _of(kind: FieldKind, records: Collection[int], fields: Sequence[CustomField]) -> sa.Select[Any]:
    return _VALUES.where(
        _KEPT.kind == kind, _KEPT.record_id.in_(records), _KEPT.field_id.in_([field.id for field in fields])
    )


async def _fields_of(connection: AsyncConnection, kind: FieldKind) -> list[CustomField]:
    return [_field(row) for row in await connection.execute(_ALL.where(custom_fields.c.kind == kind))]


async def _field_of(connection: AsyncConnection, field: FieldId) -> CustomField:
    row = (await connection.execute(_ALL.where(custom_fields.c.id == field))).first()
    if row is None:
        raise NotFound("field", field)
    return _field(row)


async def _has_values(connection: AsyncConnection, field: FieldId, code: str | None = None) -> bool:
    query = sa.select(sa.literal(1)).where(_KEPT.field_id == field).limit(1)
    if code is not None:
        query = query.where(_KEPT.key == code)
    return (await connection.execute(query)).first() is not None


async def _checked(
    connection: AsyncConnection, field: CustomField, given: object, before: FieldValue | None, record: int
) -> FieldValue | None:
    """What stood there before may stand there, also a choice that is retired by now. Raises WrongValue."""
    codes = _each_code(before)
    if field.type in ("choice", "multi_choice"):
        codes |= await _offered(connection, field)
    value = field_value(field, given, codes)
    if field.type not in ("reference", "file") or value is None or value == before:
        return value
    if field.type == "file":
        hangs = sa.select(attachments.c.id).where(
            attachments.c.id == value, attachments.c.kind == field.kind, attachments.c.record == str(record)
        )
        if (await connection.execute(hangs)).first() is None:
            raise WrongValue(f"no file {value} hangs on this record")
        return value
    if not await there_is(connection, field.target or "customer", value):
        raise WrongValue(f"there is no {field.target} {value}")
    return value


def _each_code(value: FieldValue | None) -> set[str]:
    match value:
        case str():
            return {value}
        case tuple():
            return set(value)
        case _:
            return set()


async def _offered(connection: AsyncConnection, field: CustomField) -> set[str]:
    if not field.dictionary:
        return {choice.code for choice in field.choices if not choice.retired}
    kept = dictionary_values.c
    query = sa.select(kept.code).where(kept.dictionary == field.dictionary, kept.retired.is_(False))
    return set((await connection.execute(query)).scalars())


async def _write(
    connection: AsyncConnection,
    kind: FieldKind,
    record: int,
    values: Mapping[CustomField, FieldValue | None],
    *,
    new: bool,
) -> None:
    if not values:
        return
    if not new:
        gone = custom_values.delete().where(
            _KEPT.kind == kind, _KEPT.record_id == record, _KEPT.field_id.in_([field.id for field in values])
        )
        await connection.execute(gone)
    rows = [
        {"kind": kind, "record_id": record, "field_id": field.id, "position": position, **columns}
        for field, value in values.items()
        for position, columns in enumerate(_columns(field, value))
    ]
    if rows:
        await connection.execute(custom_values.insert(), rows)


_EMPTY: Mapping[str, Any] = dict.fromkeys(("key", "text", "words", "number", "day", "ref"))


def _columns(field: CustomField, value: FieldValue | None) -> Iterable[Mapping[str, Any]]:
    """The rows of one value; see the table."""
    if value is None:
        return
    for one in value if isinstance(value, tuple) else (value,):
        match field.type:
            case "text":
                yield {**_EMPTY, "text": one, "key": folded(str(one))[:MOST_KEY]}
            case "long_text":
                yield {**_EMPTY, "text": one, "words": folded(str(one))}
            case "choice" | "multi_choice":
                yield {**_EMPTY, "key": one}
            case "number" | "yes_no":
                yield {**_EMPTY, "number": one}
            case "date":
                yield {**_EMPTY, "day": one}
            case "reference" | "file":
                yield {**_EMPTY, "key" if field.target == "user" else "ref": one}


def _value(field: CustomField, row: Any) -> FieldValue:
    found: Any
    match field.type:
        case "text" | "long_text":
            found = row.text
        case "choice" | "multi_choice":
            found = row.key
        case "number":
            found = plain_number(round(row.number, field.places))
        case "yes_no":
            found = bool(row.number)
        case "date":
            found = row.day
        case "reference" | "file":
            found = row.key if field.target == "user" else row.ref
    value: FieldValue = found
    return value


def _of_rows(rows: Iterable[Any], fields: Sequence[CustomField]) -> dict[int, dict[str, FieldValue]]:
    by_id = {field.id: field for field in fields}
    kept: dict[int, dict[str, list[FieldValue]]] = {}
    for row in rows:
        field = by_id[row.field_id]
        kept.setdefault(row.record_id, {}).setdefault(field.name, []).append(_value(field, row))
    several = {field.name for field in fields if field.type == "multi_choice"}
    return {
        record: {
            field.name: tuple(map(str, values[field.name])) if field.name in several else values[field.name][0]
            for field in fields
            if field.name in values
        }
        for record, values in kept.items()
    }


def _written(terms: FieldTerms) -> dict[str, Any]:
    return {
        "chinese": terms.chinese,
        "english": terms.english,
        "required": terms.required,
        "readers": list(terms.readers),
        "writers": list(terms.writers),
        "choices": [asdict(choice) for choice in terms.choices],
        "retired": terms.retired,
    }


def _field(row: Any) -> CustomField:
    known = dict(row._mapping)
    known["choices"] = tuple(FieldChoice(**choice) for choice in known["choices"])
    known["readers"], known["writers"] = tuple(known["readers"]), tuple(known["writers"])
    return CustomField(**known)
