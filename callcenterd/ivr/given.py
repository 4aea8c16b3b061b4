"""What a pretended office is like: in tests of flows, and for the simulator on the command line and on the page.

The same names everywhere: `caller`, `agents`, `customers`, `answers: {node: …}`, `results: {node: …}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from callcenterd import yamltext
from callcenterd.errors import Fault, FaultyFile
from callcenterd.ivr import simulate
from callcenterd.ivr.directory import Person
from callcenterd.ivr.node import HoursNow
from callcenterd.ivr.pretended import PretendedAppointment
from callcenterd.model.appointments_by_call import AppointmentTold
from callcenterd.model.cards import PLACES, Account, CardState, Currency
from callcenterd.model.customers import Customer
from callcenterd.model.ids import CustomerId
from callcenterd.model.numbers import card_number
from callcenterd.model.site import Secret
from callcenterd.said import Said

Text = Annotated[str, Field(max_length=500)]
AT = "2026-01-05T10:00"


class KnownCustomer(BaseModel):
    """A customer whom the pretended office knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Text = ""
    phones: tuple[Text, ...] = ()
    card: Text = ""
    level: Text = ""
    company: Text = ""
    fields: dict[Text, bool | int | float | Text | tuple[Text, ...]] = Field(default_factory=dict, max_length=100)

    def card_of(self, number: int) -> Customer:
        stamp = datetime(2026, 1, 1, tzinfo=UTC)
        return Customer(id=CustomerId(number), created_at=stamp, changed_at=stamp, **self.model_dump())


class KnownCard(BaseModel):
    """A prepaid card that the pretended office has. card: its number. balance: as people write it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    card: Text
    pin: Text
    name: Text = ""
    level: Text = ""
    balance: Annotated[Decimal, Field(max_digits=12, decimal_places=2)] = Decimal(0)
    currency: Currency = "CNY"
    points: int = 0
    state: CardState = "active"
    valid_until: date | None = None

    def account_of(self, number: int) -> tuple[Account, Secret]:
        holder = KnownCustomer(name=self.name, level=self.level, card=self.card).card_of(number)
        account = Account(
            card=card_number(self.card),
            customer=holder,
            state=self.state,
            money=int(self.balance.scaleb(PLACES[self.currency])),
            points=self.points,
            currency=self.currency,
            valid_until=self.valid_until,
        )
        return account, Secret(self.pin)


class KnownPerson(BaseModel):
    """Somebody of the pretended office whom callers may ask for by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100)]
    extension: Annotated[str, Field(min_length=1, max_length=32)]


class KnownAppointment(BaseModel):
    """What is booked at the pretended office. title: of the service, as it is said. phone: "": the caller's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Annotated[str, Field(min_length=1, max_length=20)]
    service: Text
    at: datetime
    title: Text = ""
    number: Text = "YY-1"
    phone: Text = ""

    def pretended(self) -> PretendedAppointment:
        title = self.title or self.service
        told = AppointmentTold(number=self.number, service=self.service, chinese=title, english=title, begin=self.at)
        return PretendedAppointment(told, self.code, self.phone)


class GivenOffice(BaseModel):
    """Who calls, when, and what the office is like. answers, results: by nodes, as of `simulate.Given`. places: when
    services can be booked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    caller: Text = "13800138000"
    called: Text = "02088886666"
    at: datetime = datetime.fromisoformat(AT)
    agents: simulate.Agents = "free"
    hours: HoursNow = "open"
    customers: tuple[KnownCustomer, ...] = ()
    people: tuple[KnownPerson, ...] = ()
    cards: tuple[KnownCard, ...] = ()
    places: Annotated[dict[str, tuple[datetime, ...]], Field(max_length=50)] = Field(default_factory=dict)
    appointments: Annotated[tuple[KnownAppointment, ...], Field(max_length=50)] = ()
    answers: dict[str, Any] = Field(default_factory=dict)
    results: dict[str, simulate.Result] = Field(default_factory=dict)

    def office(self) -> simulate.Given:
        people = tuple(Person(one.name, one.extension) for one in self.people)
        known = tuple(one.card_of(n) for n, one in enumerate(self.customers, start=1))
        cards = tuple(one.account_of(n) for n, one in enumerate(self.cards, start=len(known) + 1))
        booked = tuple(one.pretended() for one in self.appointments)
        return simulate.Given(known, self.answers, cards, people, self.results, self.places, booked)


NAMED = re.compile(r"(?P<name>[a-z]+(?:\.[\w-]{1,64})?)=(?P<value>.*)", re.DOTALL)
GROUPS = ("answers", "results")


def read(texts: Iterable[str], file: str = "--given", *, files: bool = False) -> GivenOffice:
    """Of `agents=busy`, `answers.balance=timeout`, YAML such as `{answers: {balance: {money: 5}}}` and, if files may be
    read, names of such files: each adds to those before it. file: what faults call it. Raises FaultyFile.
    """
    merged: dict[str, Any] = {}
    for text in texts:
        for name, value in _said(text.strip(), file, files=files).items():
            inner = merged.get(name)
            merged[name] = {**inner, **value} if isinstance(inner, dict) and isinstance(value, dict) else value
    try:
        return GivenOffice.model_validate(merged)
    except ValidationError as error:
        whole = yamltext.parse("", file)
        faults = whole.faults_of(error, model=GivenOffice)
        raise FaultyFile([Fault(file, 1, fault.reason, 0, fault.path) for fault in faults]) from None


def _said(text: str, file: str, *, files: bool) -> dict[str, Any]:
    if not text:
        return {}
    if (found := NAMED.fullmatch(text)) is not None:
        name, _, inner = found["name"].partition(".")
        value = _value(found["value"], file) if inner or found["value"][:1] in ("{", "[") else found["value"]
        return {name: {inner: value}} if inner else {name: value}
    document = yamltext.load(Path(text)) if files and text[0] not in "{[" else yamltext.parse(text, file)
    if isinstance(document.data, dict):
        return document.data
    raise FaultyFile([document.fault((), Said("given_wanted"))])


def _value(text: str, file: str) -> Any:
    """YAML; what is none is the text that it looks like."""
    if text[:1] in ("{", "["):
        return yamltext.parse(text, file).data
    try:
        return yamltext.parse(text, file).data
    except FaultyFile:
        return text
