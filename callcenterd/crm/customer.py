"""A customer's card (CRM-01): what may stand on it, who wrote it, and that all hear of it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.errors import Refused
from callcenterd.model import numbers
from callcenterd.model.changes import audit_change
from callcenterd.model.customers import Customer, CustomerCard
from callcenterd.model.events import CustomerSaved
from callcenterd.model.fields import FieldsGiven, FieldWanted
from callcenterd.model.ids import CustomerId
from callcenterd.model.people import Role
from callcenterd.model.records import RecordSight
from callcenterd.store.customers import CustomerChanged
from callcenterd.store.database import Store

MOST_PHONES = 10
MOST_CHOICES = 50
FROM_DICTIONARIES = {"level": "level", "sex": "sex", "identity": "identity", "channels": "channel", "tags": "tag"}
"""Fields of a card, and the dictionaries that their values are from."""
NO_MESSAGES = ("no_sms", "no_email")
_DIALLED = re.compile(r"\+?[\d\s().*#-]{2,40}")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
# Line breaks belong in a note; other control characters come from copying and break lists, exports and databases.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CONTROL_IN_NOTE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def one_line(text: str) -> str:
    """For pydantic: a text as it was given, if it is of one line."""
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


def _each_once(codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, codes)))


Line = Annotated[str, AfterValidator(one_line)]
Phone = Annotated[str, AfterValidator(one_line), AfterValidator(_phone)]
Code = Annotated[str, Field(max_length=40), AfterValidator(one_line)]
Codes = Annotated[tuple[Code, ...], AfterValidator(_each_once)]


class CardFields(BaseModel):
    """A card as someone fills it in. A name or a phone must be there; spaces around a text do not count."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    name: Line = Field("", max_length=100, description="姓名")
    phones: Annotated[tuple[Phone, ...], AfterValidator(_once)] = Field(
        (), max_length=MOST_PHONES, description="Telephone numbers as people write them, the main one first"
    )
    card: Line = Field("", max_length=40, description="卡号")
    sex: Code = Field("", description="性别: a value of the dictionary sex")
    company: Line = Field("", max_length=200)
    address: Line = Field("", max_length=300)
    email: Annotated[Line, AfterValidator(_email)] = Field("", max_length=200)
    level: Code = Field("", description="客户级别: a value of the dictionary level")
    note: Annotated[str, AfterValidator(_lines)] = Field("", max_length=4000)
    identity: Code = Field("", description="身份: a value of the dictionary identity")
    background: Annotated[str, AfterValidator(_lines)] = Field("", max_length=4000, description="背景")
    channels: Codes = Field((), max_length=MOST_CHOICES, description="渠道: values of the dictionary channel")
    tags: Codes = Field((), max_length=MOST_CHOICES, description="标签: values of the dictionary tag")
    gifts_by_mail: bool | None = Field(None, description="是否愿意接收邮寄的礼物; null: not asked yet")
    no_sms: bool | None = Field(None, description="不接收短信; left out, or null: stays as it is")
    no_email: bool | None = Field(None, description="不接收邮件; left out, or null: stays as it is")
    owner: Line = Field("", max_length=64, description="负责人: a user's login")
    team: Line = Field("", max_length=64, description="部门: a team's name")
    fields: FieldsGiven = Field(
        {}, description="自定义字段, by name: one that is left out stays as it is, null empties it"
    )

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
        return CustomerCard(**{name: getattr(self, name) for name in CardFields.model_fields})


class CardChange(CardFields):
    """A card that was read and is written again."""

    version: int | None = Field(
        None, ge=1, description="The version that was read; another by now is not written over. null: whatever it is"
    )


class Customers:
    """Every way to a customer's card that is not SQL: rules, audit trail and news are here once.

    role: of who asks or writes, for the custom fields. None: nothing is seen or written of them. sight: which customers
    they may see, who may not see all.
    """

    def __init__(self, store: Store, bus: Bus, clock: Clock) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock

    async def get(self, customer: CustomerId, role: Role | None = None, sight: RecordSight | None = None) -> Customer:
        """Raises NotFound, alike for one that there is not and one that may not be seen."""
        return await self._store.customers.get(customer, role, sight)

    async def search(
        self,
        q: str = "",
        limit: int = 50,
        offset: int = 0,
        role: Role | None = None,
        sight: RecordSight | None = None,
        fields: tuple[FieldWanted, ...] = (),
    ) -> tuple[list[Customer], int]:
        """One page, at most 500, and how many there are; what is found how: `store.customers`."""
        return await self._store.customers.search(q[:200], limit, offset, role, sight, fields)

    async def by_phone(self, number: str, role: Role | None = None) -> list[Customer]:
        """Who may be calling, newest first, at most 20."""
        return await self._store.customers.by_phone(number, role)

    async def create(
        self, fields: CardFields | CustomerCard | Mapping[str, Any], by: str, role: Role | None = None
    ) -> Customer:
        """A new card. by: who wrote it. Raises Refused with its fields."""
        card = _read(fields)
        await self._check(card, CustomerCard())
        customer = await self._store.customers.create(card, by, role)
        await self._saved(customer, "customer.created", by, _written(CustomerCard()), _written(customer))
        return customer

    async def change(
        self,
        customer: CustomerId,
        fields: CardFields | CustomerCard | Mapping[str, Any],
        by: str,
        version: int | None = None,
        role: Role | None = None,
        sight: RecordSight | None = None,
    ) -> Customer:
        """The whole card anew: what is left out is empty now, but for custom fields. version: the one that was read;
        None: any.

        Raises Refused with its fields, NotFound, or `CustomerChanged` with the card as it is now.
        """
        card = _read(fields)
        before = await self._store.customers.get(customer, role, sight)
        if version is not None and version != before.version:
            raise CustomerChanged(before)
        await self._check(card, before)
        after = await self._store.customers.change(customer, card, by, version, role)
        await self._saved(after, "customer.changed", by, _written(before), _written(after))
        return after

    async def _check(self, card: CustomerCard, before: CustomerCard) -> None:
        """Only what is offered now can be chosen; what stood on the card before may stay. Raises Refused."""
        fields: dict[str, str] = {}
        chosen = {name: _codes(card, name) - _codes(before, name) for name in FROM_DICTIONARIES}
        if any(chosen.values()):
            offered = {
                dictionary.name: {value.code for value in dictionary.values if not value.retired}
                for dictionary in await self._store.dictionaries.all()
            }
            for name, codes in chosen.items():
                if unknown := sorted(codes - offered[FROM_DICTIONARIES[name]]):
                    fields[name] = f"{unknown[0]} cannot be chosen here"
        owner, team = card.owner != before.owner and card.owner, card.team != before.team and card.team
        if owner or team:
            site = await self._store.site.load()
            if owner and all(user.login != owner for user in site.users):
                fields["owner"] = f"there is no user {owner}"
            if team and all(known.name != team for known in site.teams):
                fields["team"] = f"there is no team {team}"
        if fields:
            raise Refused("the card cannot be kept as it is", fields)

    async def _saved(
        self, customer: Customer, what: str, by: str, was: Mapping[str, object], is_now: Mapping[str, object]
    ) -> None:
        """The trail says which fields; what stood in them lies beside it, since the trail outlives a card that must be
        erased."""
        now, changes = self._clock.utc(), audit_change(was, is_now)
        await self._store.audit.append(now, by, what, f"customer/{customer.id}", {"fields": sorted(changes)}, changes)
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


def _codes(card: CustomerCard, name: str) -> set[str]:
    value = getattr(card, name)
    return {value} - {""} if isinstance(value, str) else set(value)


def _written(card: CustomerCard) -> dict[str, object]:
    """The fields of a card that are filled in; custom ones as "fields.NAME"."""
    own = {name: getattr(card, name) for name in CardFields.model_fields if name != "fields"}
    empty = {name for name, value in own.items() if value in ("", (), None) or (name in NO_MESSAGES and not value)}
    filled = {name: value for name, value in own.items() if name not in empty}
    return filled | {f"fields.{name}": value for name, value in card.fields.items()}
