"""Custom fields (自定义字段) that an administrator defines: what may be said of one, and who changed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from callcenterd.clock import Clock
from callcenterd.crm.dictionaries import Name, ValueFields
from callcenterd.errors import Refused
from callcenterd.model.dictionaries import DICTIONARIES
from callcenterd.model.fields import (
    MOST_FIELDS,
    MOST_PLACES,
    CustomField,
    FieldAsked,
    FieldChoice,
    FieldId,
    FieldKind,
    FieldTarget,
    FieldTerms,
    FieldType,
    FieldWanted,
    NewField,
    WrongValue,
    field_wanted,
)
from callcenterd.model.people import Role
from callcenterd.store.database import Store

MOST_CHOICES = 200
SomeRole = Literal["agent", "supervisor", "manager"]
EVERYBODY: tuple[SomeRole, ...] = ("agent", "supervisor", "manager")
CHOSEN = ("choice", "multi_choice")


def _each_once(roles: tuple[SomeRole, ...]) -> tuple[SomeRole, ...]:
    return tuple(role for role in EVERYBODY if role in roles)


Roles = Annotated[tuple[SomeRole, ...], Field(max_length=10), AfterValidator(_each_once)]


class TermsFields(BaseModel):
    """What of a field may be changed, as an administrator fills it in."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    chinese: Name
    english: Name
    required: bool = Field(False, description="A form cannot be saved without it, by who may write it")
    readers: Roles = Field(EVERYBODY, description="Roles that see it; administrators always do")
    writers: Roles = Field(EVERYBODY, description="Roles that fill it in, of those that see it")
    choices: tuple[ValueFields, ...] = Field((), max_length=MOST_CHOICES, description="Its own list of choices")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        codes = [choice.code for choice in self.choices]
        if len(set(codes)) < len(codes):
            raise PydanticCustomError("code_twice", "a code stands in the list twice")
        if set(self.writers) - set(self.readers):
            raise PydanticCustomError("writers_see", "who fills a field in must see it")
        return self

    def choices_of(self) -> tuple[FieldChoice, ...]:
        return tuple(FieldChoice(**choice.model_dump()) for choice in self.choices)


class NewFieldFields(TermsFields):
    """A field as an administrator defines it. What it is called in programs and what it holds do not change later."""

    kind: FieldKind
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="Its code: in the API, flows and exports")
    type: FieldType
    dictionary: str = Field("", max_length=40, description="Of choices: the dictionary that they are from; empty: own")
    target: FieldTarget | Literal[""] = Field("", description="Of a reference: what it is to")
    places: int = Field(0, ge=0, le=MOST_PLACES, description="Of a number: digits after the point")

    def field_of(self) -> NewField:
        """Raises Refused for what does not belong together."""
        faults: dict[str, str] = {}
        if self.dictionary and (self.type not in CHOSEN or self.dictionary not in DICTIONARIES):
            faults["dictionary"] = f"{self.dictionary} cannot be chosen here"
        if self.type == "reference" and not self.target:
            faults["target"] = "is missing"
        if self.type != "reference" and self.target:
            faults["target"] = f"{self.target} cannot be chosen here"
        if self.type != "number" and self.places:
            faults["places"] = "only of a number"
        faults |= _faults(self.type, self.dictionary, self)
        if faults:
            raise Refused("the field cannot be kept as it is", faults)
        own = ("kind", "name", "type", "dictionary", "target", "places")
        return NewField(**_terms(self), **{name: getattr(self, name) for name in own})


class FieldChange(TermsFields):
    """A field that was read and is written again."""

    retired: bool = Field(False, description="Stands on old records, and is not filled in any more")
    version: int | None = Field(
        None, ge=1, description="The version that was read; another by now is not written over. null: whatever it is"
    )


class FieldOrder(BaseModel):
    """The fields of a kind of record in their order; those that are not named come after them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FieldKind
    fields: tuple[int, ...] = Field(max_length=MOST_FIELDS)


class CustomFields:
    """Every way to the definitions that is not SQL. What records have in them, their own stores keep."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def seen(self, role: Role, kind: FieldKind | None = None) -> Sequence[CustomField]:
        """In the office's order, also retired ones; only those that the role sees."""
        return [field for field in await self._store.fields.all(kind) if field.seen_by(role)]

    async def wanted(self, role: Role, kind: FieldKind, asked: Mapping[str, FieldAsked]) -> tuple[FieldWanted, ...]:
        """What a list is narrowed to, by the fields' names. Raises Refused with `fields.NAME`; of a field that the role
        does not see it is said, as of any that there is not, that there is none."""
        known = {field.name: field for field in (await self.seen(role, kind) if asked else ())}
        found: list[FieldWanted] = []
        faults: dict[str, str] = {}
        for name, value in asked.items():
            if name not in known:
                faults[f"fields.{name[:40]}"] = "is no field of this record"
                continue
            try:
                found.append(field_wanted(known[name], value))
            except WrongValue as fault:
                faults[f"fields.{name}"] = str(fault)
        if faults:
            raise Refused("the list cannot be asked for so", faults)
        return tuple(found)

    async def add(self, asked: NewFieldFields, by: str) -> CustomField:
        """As the last one of its kind. Raises Refused, NotNow: there are too many."""
        field = await self._store.fields.add(asked.field_of())
        await self._audit(by, "field.created", field.id, {"after": asdict(field)})
        return field

    async def change(self, field: FieldId, asked: FieldChange, by: str) -> CustomField:
        """A choice that is left out is gone, or retired if used. Raises NotFound, Refused, FieldIsAnother."""
        before = await self._store.fields.get(field)
        if faults := _faults(before.type, before.dictionary, asked):
            raise Refused("the field cannot be kept as it is", faults)
        terms = FieldTerms(**_terms(asked), retired=asked.retired)
        after = await self._store.fields.change(field, terms, asked.version)
        await self._audit(by, "field.changed", field, {"before": asdict(before), "after": asdict(after)})
        return after

    async def order(self, asked: FieldOrder, by: str) -> Sequence[CustomField]:
        fields = await self._store.fields.order(asked.kind, [FieldId(number) for number in asked.fields])
        details = {"fields": [field.name for field in fields]}
        await self._store.audit.append(self._clock.utc(), by, "field.ordered", f"fields/{asked.kind}", details)
        return fields

    async def remove(self, field: FieldId, by: str) -> CustomField | None:
        """None: it is gone; else records have values in it, and it is retired. Raises NotFound."""
        before = await self._store.fields.get(field)
        kept = await self._store.fields.remove(field)
        what = "field.removed" if kept is None else "field.retired"
        await self._audit(by, what, field, {"before": asdict(before)})
        return kept

    async def _audit(self, by: str, what: str, field: FieldId, details: dict[str, object]) -> None:
        await self._store.audit.append(self._clock.utc(), by, what, f"field/{field}", details)


def _terms(asked: TermsFields) -> dict[str, Any]:
    names = ("chinese", "english", "required", "readers", "writers")
    return {**{name: getattr(asked, name) for name in names}, "choices": asked.choices_of()}


def _faults(type_: FieldType, dictionary: str, asked: TermsFields) -> dict[str, str]:
    if asked.choices and (type_ not in CHOSEN or dictionary):
        return {"choices": "only of a choice that has its own list"}
    if type_ in CHOSEN and not dictionary and not asked.choices:
        return {"choices": "is missing"}
    if type_ == "file" and asked.readers != EVERYBODY:
        return {"readers": "who sees a record sees its files"}
    return {}
