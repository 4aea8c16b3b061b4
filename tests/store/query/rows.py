"""A small office to ask for, and the same as plain data."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from callcenterd.model import numbers
from callcenterd.model.calls import DIRECTIONS, OUTCOMES, CallRecord
from callcenterd.model.customers import CustomerCard
from callcenterd.model.fields import FieldChoice, NewField
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.store.customers import readings
from callcenterd.store.database import Store
from callcenterd.store.words import folded
from tests.kit.virtual import START

NAMES = ("张三", "张小明", "王雄", "Ann Lee", "ann", "100%", "a_b", "李\\雷", "O'Brien", "")
COMPANIES = ("北方公司", "ACME", "acme 100%", "")
LEVELS = ("normal", "gold", "vip", "")
TAGS = ("new", "late", "kind")
LINES = ("13800138000", "13800138001", "02088886666", "+4930123456", "1005")
AGENTS = ("1005", "1006")
NOTES = ("", "拒付 50%", "call_back", "Call Back", "x\ny")


@dataclass
class Record:
    """values: of each field, those that are there; empty ones are not."""

    kind: str
    key: Any
    values: dict[str, list[Any]]
    related: dict[str, list[Record]] = field(default_factory=dict)
    words: str = ""
    digits: dict[str, list[str]] = field(default_factory=dict)
    """Of phones: what a part of a number is looked for in."""


def _there(**values: Any) -> dict[str, list[Any]]:
    return {
        name: [one for one in (value if isinstance(value, list) else [value]) if one is not None and one != ""]
        for name, value in values.items()
    }


async def small_office(store: Store, chance: random.Random) -> dict[str, list[Record]]:
    """A dozen customers with fields of their own, and some calls."""
    each: dict[str, Any] = {"kind": "customer", "readers": ("agent", "supervisor", "manager"), "writers": ("agent",)}
    plan = FieldChoice(code="a", chinese="甲", english="A"), FieldChoice(code="b", chinese="乙", english="B")
    for name, type_, more in (
        ("hobby", "text", {}),
        ("story", "long_text", {}),
        ("score", "number", {"places": 1}),
        ("birthday", "date", {}),
        ("plan", "choice", {"choices": plan}),
        ("wishes", "multi_choice", {"choices": plan}),
        ("member", "yes_no", {}),
    ):
        await store.fields.add(NewField(name=name, type=type_, chinese=name, english=name, **each, **more))  # type: ignore[arg-type]  # the types are those of a field
    customers = [await _customer(store, chance) for _ in range(12)]
    calls = [await _call(store, chance, n, customers) for n in range(25)]
    for call in calls:
        lines = set(call.values["caller"] + call.values["called"])
        for customer in customers:
            if lines & set(customer.values["phones"]) or call.values["customer"] == [customer.key]:
                customer.related["call"].append(call)
                call.related["customer"].append(customer)
    return {"customer": customers, "call": calls}


def line(number: str) -> str:
    return numbers.normalise(number, "CN")


def digits(number: str) -> str:
    return "".join(sign for sign in number if sign.isdigit())


async def _customer(store: Store, chance: random.Random) -> Record:
    own: dict[str, Any] = {
        "hobby": chance.choice(("Tea", "tea party", "茶", None)),
        "story": chance.choice(("Long\nTALE of 茶", "short", None)),
        "score": chance.choice((1, 2.5, 10, None)),
        "birthday": chance.choice((date(2026, 8, 3), date(2026, 8, 31), date(1990, 1, 1), None)),
        "plan": chance.choice(("a", "b", None)),
        "wishes": chance.choice((("a",), ("a", "b"), ("b",), None)),
        "member": chance.choice((True, False, None)),
    }
    card = CustomerCard(
        name=chance.choice(NAMES),
        phones=tuple(chance.sample(LINES[:4], chance.choice((0, 1, 2)))),
        card=chance.choice(("C001", "c002", "")),
        company=chance.choice(COMPANIES),
        level=chance.choice(LEVELS),
        tags=tuple(chance.sample(TAGS, chance.choice((0, 1, 2)))),
        gifts_by_mail=chance.choice((None, True, False)),
        owner=chance.choice(("", *AGENTS)),
        note=chance.choice(NOTES),
        fields={name: value for name, value in own.items() if value is not None},
    )
    made = await store.customers.create(card, "1005", "admin")
    words = "\n".join(folded(text) for text in (card.name, *readings(card.name), card.card, card.company) if text)
    return Record(
        "customer",
        made.id,
        _there(
            name=card.name,
            phones=[line(one) for one in card.phones],
            card=card.card,
            company=card.company,
            level=card.level,
            tags=list(card.tags),
            gifts_by_mail=card.gifts_by_mail,
            owner=card.owner,
            note=card.note,
            number=made.id,
            created_at=made.created_at,
            **{f"x_{name}": list(value) if isinstance(value, tuple) else value for name, value in own.items()},
        ),
        {"call": []},
        words,
        {"phones": [f"{digits(one)}\n{digits(line(one))}" for one in card.phones]},
    )


async def _call(store: Store, chance: random.Random, n: int, customers: list[Record]) -> Record:
    started: datetime = START + timedelta(hours=chance.choice((-24 * 400, -24 * 40, -24 * 20, -30, -9, -1, 5)))
    record = CallRecord(
        id=CallId(f"call-{n}"),
        direction=chance.choice(DIRECTIONS),
        caller=chance.choice(LINES),
        called=chance.choice(LINES),
        started_at=started,
        queue=chance.choice((None, QueueName("sales"), QueueName("help"))),
        agent=chance.choice((None, *map(AgentId, AGENTS))),
        outcome=chance.choice((None, *OUTCOMES[:3])),
        talk_seconds=chance.choice((None, 0.0, 12.5, 300.0)),
    )
    await store.calls.begin(record)
    note = chance.choice(NOTES)
    whose = chance.choice((None, chance.choice(customers)))
    await store.calls.note(record.id, note, None if whose is None else whose.key)
    words = [record.id, record.caller, line(record.caller), record.called, line(record.called), note]
    return Record(
        "call",
        record.id,
        _there(
            direction=record.direction,
            caller=line(record.caller),
            called=line(record.called),
            started_at=started,
            queue=record.queue,
            agent=record.agent,
            outcome=record.outcome,
            talk_seconds=record.talk_seconds,
            note=note,
            customer=None if whose is None else whose.key,
        ),
        {"customer": [], "customer.": [] if whose is None else [whose]},
        "\n".join(folded(one) for one in words),
        {"caller": [digits(line(record.caller))], "called": [digits(line(record.called))]},
    )
