"""A caller's card and PIN: where the flow goes, what it then knows, and what is shown to nobody."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from callcenterd.errors import FaultyFile
from callcenterd.ivr import flowtests, simulate
from callcenterd.ivr import given as given_office
from callcenterd.model.cards import Account, CardAnswer, CardCheck, Currency, amount_of
from callcenterd.model.customers import Customer
from callcenterd.model.ids import CustomerId
from callcenterd.yamltext import parse
from tests.ivr.calls import ScriptedCall, flow_of, walk

NODES = """
a: {collect: number, ask: card, next: b}
b: {collect: pin, ask: pin, secret: true, next: c}
c: {card: "{{ number }}", pin: "{{ pin }}", next: t, on_wrong: w%s}
t: {say: [{money: "{{ account.balance }}"}, "{{ account.points }} {{ customer.name }} {{ customer.level }}"]}
w: {say: wrong}
u: {say: unknown}
l: {say: locked}
s: {say: "{{ account.state }}"}
"""
ALL = ", on_unknown: u, on_locked: l, on_blocked: s"
"""Each told apart; without it on_wrong is said to all."""


def account(**known: Any) -> Account:
    stamp = datetime(2026, 1, 1, tzinfo=UTC)
    customer = Customer(id=CustomerId(7), name="张三", level="gold", created_at=stamp, changed_at=stamp)
    filled = {"card": "8800", "customer": customer, "state": "active", "money": 120205, "points": 300}
    return Account(**{**filled, **known})


async def checked(answer: CardAnswer, exits: str = "", **known: Any) -> ScriptedCall:
    call = ScriptedCall("8800#2468#")
    call.cards.append(CardCheck(answer, account(**known) if answer in ("found", "blocked") else None))
    nodes = NODES % exits
    if not exits:
        nodes = "\n".join(line for line in nodes.splitlines() if line[:1] not in ("u", "l", "s"))
    return await walk(nodes, call)


async def test_who_proves_the_card_hears_what_stands_on_it_and_is_the_customer() -> None:
    call = await checked("found")
    assert call.story[2] == "checks card 8800 with 2468"
    assert call.story[3] == "plays 一千 + 二百 + 零 + 二 + 元 + 零 + 五 + 分 + 300 张三 gold until a key"
    assert call.told == {"number": "8800", "customer": "张三"}


@pytest.mark.parametrize(
    ("answer", "apart", "alike"),
    [
        ("wrong", "wrong", "wrong"),
        ("unknown", "unknown", "wrong"),
        ("locked", "locked", "wrong"),
        ("blocked", "expired", "wrong"),
    ],
)
async def test_the_rest_is_told_apart_only_where_the_flow_says_so(answer: CardAnswer, apart: str, alike: str) -> None:
    assert (await checked(answer, ALL, state="expired")).story[-1] == f"plays {apart} until a key"
    assert (await checked(answer, state="expired")).story[-1] == f"plays {alike} until a key"


async def test_the_pin_is_asked_for_in_secret_and_told_to_nobody() -> None:
    call = await checked("wrong")
    assert call.secrets == len("2468#")
    assert "2468" not in str(call.told)
    assert call.noted == ""


def test_a_pin_that_would_be_shown_is_a_fault() -> None:
    with pytest.raises(FaultyFile, match="b: pin is a PIN and would be shown; add secret: true"):
        flow_of((NODES % ALL).replace(", secret: true", ""))


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (120205, "CNY", "1202.05"),
        (100, "CNY", "1"),
        (-150, "CNY", "-1.5"),
        (5, "USD", "0.05"),
        (7, "JPY", "7"),
        (0, "CNY", "0"),
    ],
)
def test_an_amount_is_written_as_people_write_it(minor: int, currency: Currency, written: str) -> None:
    assert str(amount_of(minor, currency)) == written


def test_a_pretended_office_has_cards_that_lock_too() -> None:
    tests = """
tests:
  - name: locks
    given: {cards: [{card: "8800", pin: "2468", balance: 3.5, valid_until: 2026-01-04}]}
    keys: "8800#,1111#,8800#,1111#,8800#,1111#,8800#,1111#,8800#,1111#,8800#,2468#"
    expect: [密码不对, 密码不对, 密码不对, 密码不对, 锁定, 锁定]
    never: [核对无误, 按键 1, 按键 2]
"""
    flow = flow_of("""
a: {collect: number, ask: card, next: b}
b: {collect: pin, ask: pin, secret: true, next: c}
c: {card: "{{ number }}", pin: "{{ pin }}", on_wrong: d}
d: {branch: [{when: "n | default(0) < 5", next: e}], otherwise: f}
e: {set: {n: "{{ n | default(0) + 1 }}"}, next: a}
f: {hangup: normal}
""")
    assert flowtests.run(flow, parse(tests, "t.yaml"), "zh-CN") == []


def test_no_pin_is_in_what_a_simulation_prints() -> None:
    given = given_office.KnownCard(card="8800", pin="2468")
    known, pin = given.account_of(1)
    assert "2468" not in repr(simulate.Given(cards=((known, pin),)))
