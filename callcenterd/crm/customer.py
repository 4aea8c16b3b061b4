"""A customer's card (CRM-01, as far as it is built): what may stand on it, who wrote it, and that all hear of it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.errors import Refused
from callcenterd.model import numbers
from callcenterd.model.customers import Customer, CustomerCard, Sex
from callcenterd.model.events import CustomerSaved
from callcenterd.model.ids import CustomerId
from callcenterd.store.database import Store

Level = Literal["", "normal", "silver", "gold", "vip"]
MOST_PHONES = 10
_DIALLED = re.compile(r"\+?[\d\s().*#-]{2,40}")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
# Line breaks belong in a note; other control characters come from copying and break lists, exports and databases.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CONTROL_IN_NOTE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _one_line(text: str) -> str:
    if _CONTROL.search(text):
        raise PydanticCustomError("control", "line breaks and control characters cannot stand here")
    return text


def _lines(text: str) -> str:
    if _CONTROL_IN_NOTE.search(text):
        raise PydanticCustomError("control", "control characters cannot stand here")
    return text


def _phone(text: str) -> str:
    """What a page lets pass: digits with the marks that people put between them."""
    if text and (not _DIALLED.fullmatch(text) or not any(sign.isdigit() for sign in text)):
        raise PydanticCustomError("phone", "{number} is no telephone number", {"number": text[:40]})
    return text


def _email(text: str) -> str:
    if text and not _EMAIL.fullmatch(text):
        raise PydanticCustomError("email", "an e-mail address has a name, an @ and a domain")
    return text


def _once(phones: tuple[str, ...]) -> tuple[str, ...]:
    """Empty lines of a form are no phones; the same number twice is one."""
    found: dict[str, str] = {}
    for phone in filter(None, phones):
        found.setdefault(numbers.tidy(phone), phone)
    return tuple(found.values())


Line = Annotated[str, AfterValidator(_one_line)]
Phone = Annotated[str, AfterValidator(_one_line), AfterValidator(_phone)]


class CardFields(BaseModel):
    """A card as someone fills it in. A name or a phone must be there; spaces around a text do not count."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    name: Line = Field("", max_length=100, description="姓名")
    phones: Annotated[tuple[Phone, ...], AfterValidator(_once)] = Field(
        (), max_length=MOST_PHONES, description="Telephone numbers as people write them, the main one first"
    )
    card: Line = Field("", max_length=40, description="卡号")
    sex: Sex = ""
    company: Line = Field("", max_length=200)
    address: Line = Field("", max_length=300)
    email: Annotated[Line, AfterValidator(_email)] = Field("", max_length=200)
    level: Level = Field("", description="客户级别")
    note: Annotated[str, AfterValidator(_lines)] = Field("", max_length=4000)

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.name and not self.phones:
            raise PydanticCustomError("nobody", "a card needs a name or a telephone number")
        return self

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Raises Refused with a reason for each field."""
        try:
            return cls.model_validate(dict(given))
        except ValidationError as fault:
            fields: dict[str, str] = {}
            for error in fault.errors(include_url=False, include_context=False, include_input=False):
                # What is wrong with the card as a whole is shown where one begins to fill it in.
                fields.setdefault(str(error["loc"][0]) if error["loc"] else "name", error["msg"])
            raise Refused("the card cannot be kept as it is", fields) from None

    def card_of(self) -> CustomerCard:
        return CustomerCard(**{name: getattr(self, name) for name in type(self).model_fields})


class Customers:
    """Every way to a customer's card that is not SQL: rules, audit trail and news are here once."""

    def __init__(self, store: Store, bus: Bus, clock: Clock) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock

    async def get(self, customer: CustomerId) -> Customer:
        """Raises NotFound."""
        return await self._store.customers.get(customer)

    async def search(self, q: str = "", limit: int = 50, offset: int = 0) -> tuple[list[Customer], int]:
        """One page, at most 500, and how many there are; what is found how: `store.customers`."""
        return await self._store.customers.search(q[:200], limit, offset)

    async def by_phone(self, number: str) -> list[Customer]:
        """Who may be calling, newest first, at most 20."""
        return await self._store.customers.by_phone(number)

    async def create(self, fields: CardFields | CustomerCard | Mapping[str, Any], by: str) -> Customer:
        """A new card. by: who wrote it. Raises Refused with its fields."""
        customer = await self._store.customers.create(_read(fields), by)
        await self._saved(customer, "customer.created", by, sorted(_written(customer)))
        return customer

    async def change(
        self, customer: CustomerId, fields: CardFields | CustomerCard | Mapping[str, Any], by: str
    ) -> Customer:
        """The whole card anew: what is left out is empty now. Raises Refused with its fields, or NotFound."""
        card = _read(fields)
        before = await self._store.customers.get(customer)
        after = await self._store.customers.change(customer, card, by)
        was, is_now = _written(before), _written(after)
        await self._saved(after, "customer.changed", by, sorted(n for n in was | is_now if was.get(n) != is_now.get(n)))
        return after

    async def _saved(self, customer: Customer, what: str, by: str, fields: list[str]) -> None:
        """The trail says which fields, not what stands in them: it outlives a card that must be erased."""
        now = self._clock.utc()
        await self._store.audit.append(now, by, what, f"customer/{customer.id}", {"fields": fields})
        self._bus.publish(CustomerSaved(at=now, customer=customer.id, by=by))


def _read(fields: CardFields | CustomerCard | Mapping[str, Any]) -> CustomerCard:
    match fields:
        case CardFields():
            return fields.card_of()
        case CustomerCard():
            known = dataclasses.asdict(fields)
            return CardFields.read({name: known[name] for name in CardFields.model_fields}).card_of()
        case _:
            return CardFields.read(fields).card_of()


def _written(card: CustomerCard) -> dict[str, object]:
    """The fields of a card that are filled in."""
    return {name: value for name in CardFields.model_fields if (value := getattr(card, name))}
