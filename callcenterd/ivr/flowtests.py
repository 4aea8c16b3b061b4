"""Tests of flows, written by the office beside them: `main.test.yaml` says what callers of `main.yaml` must hear."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from callcenterd import yamltext
from callcenterd.errors import Fault, FaultyFile, Refused
from callcenterd.ivr import simulate
from callcenterd.ivr.directory import Person
from callcenterd.ivr.flow import Flow
from callcenterd.ivr.node import HoursNow
from callcenterd.ivr.shelf import ENDINGS, TESTS
from callcenterd.model.cards import PLACES, Account, CardState, Currency
from callcenterd.model.customers import Customer
from callcenterd.model.ids import CustomerId
from callcenterd.model.numbers import card_number
from callcenterd.model.site import Secret
from callcenterd.yamltext import Document

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


class GivenOffice(BaseModel):
    """Who calls, when, and what the office is like."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    caller: Text = "13800138000"
    called: Text = "02088886666"
    at: datetime = datetime.fromisoformat(AT)
    agents: simulate.Agents = "free"
    hours: HoursNow = "open"
    customers: tuple[KnownCustomer, ...] = ()
    people: tuple[KnownPerson, ...] = ()
    cards: tuple[KnownCard, ...] = ()
    answers: dict[str, Any] = Field(default_factory=dict)


class FlowTest(BaseModel):
    """keys: as of `simulate`. expect: parts of what is told, in their order. never: parts that must not be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100)]
    given: GivenOffice = GivenOffice()
    keys: Text = ""
    expect: Annotated[tuple[Text, ...], Field(min_length=1, max_length=100)]
    never: Annotated[tuple[Text, ...], Field(max_length=100)] = ()


class FlowTests(BaseModel):
    """A file of tests."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tests: Annotated[tuple[FlowTest, ...], Field(min_length=1, max_length=500)]


def run_all(flows: Sequence[Flow], folder: Path, language: str) -> list[Fault]:
    """Every test of a folder that does not come out as it should, and every file of tests without a flow."""
    faults: list[Fault] = []
    of_file = {Path(flow.file).stem: flow for flow in flows}
    paths = sorted(path for ending in ENDINGS for path in folder.glob(f"*{TESTS}{ending}"))
    for path in paths:
        flow = of_file.get(path.stem.removesuffix(TESTS))
        if flow is None:
            faults.append(Fault(str(path), 1, "there is no flow beside it, or it has faults"))
            continue
        try:
            faults += run(flow, yamltext.load(path), language, flows)
        except FaultyFile as fault:
            faults += fault.faults
    return faults


def run(flow: Flow, document: Document, language: str, flows: Sequence[Flow] = ()) -> list[Fault]:
    """Raises FaultyFile if they cannot be read."""
    try:
        read = FlowTests.model_validate(document.data)
    except ValidationError as error:
        raise FaultyFile(document.faults_of(error, model=FlowTests)) from None
    return [
        document.fault(("tests", n), f"{test.name}: {why}")
        for n, test in enumerate(read.tests)
        for why in _run(flow, test, language, flows)
    ]


def _run(flow: Flow, test: FlowTest, language: str, flows: Sequence[Flow]) -> Iterator[str]:
    given = test.given
    people = tuple(Person(one.name, one.extension) for one in given.people)
    known = tuple(one.card_of(n) for n, one in enumerate(given.customers, start=1))
    cards = tuple(one.account_of(n) for n, one in enumerate(given.cards, start=len(known) + 1))
    try:
        walk = simulate.simulate(
            flow,
            simulate.keys_of(test.keys),
            at=given.at,
            language=flow.language or language,
            caller=given.caller,
            called=given.called,
            agents=given.agents,
            hours=given.hours,
            flows={one.name: one for one in flows},
            given=simulate.Given(known, given.answers, cards, people),
        )
    except Refused as why:
        yield str(why)
        return
    lines = asyncio.run(walk)
    at = 0
    for part in test.expect:
        place = next((n for n in range(at, len(lines)) if part in lines[n]), None)
        if place is None:
            after = f"after {lines[at - 1]!r} " if at else ""
            yield f"{after}nothing is told with {part!r}, but: {' · '.join(lines[at:])[:600]}"
            return
        at = place + 1
    for part in test.never:
        if found := next((line for line in lines if part in line), None):
            yield f"{part!r} must not be told: {found}"
