"""A caller's card and PIN on a real store: five tries and no more, the same for every number, and nothing told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from callcenterd.model import events
from callcenterd.model.cards import WRONG_PINS, CardId, NewCard, NewPosting
from callcenterd.model.customers import CustomerCard
from callcenterd.model.ids import CallId
from callcenterd.model.site import Secret
from callcenterd.store.cards import LOCKED
from callcenterd.store.database import Store
from tests.kit.database import with_tables
from tests.kit.office import Office, office
from tests.kit.virtual import START, VirtualClock

NUMBER, PIN = "88001234", "2468"
CALL = CallId("c")


class Proof:
    """Knows one hash. asked: every hash that was looked at."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def verify(self, hashed: str, text: str) -> bool:
        self.asked.append(hashed)
        await asyncio.sleep(0)
        return bool(hashed) and text == PIN


class Bank:
    def __init__(self, desk: Office, store: Store, clock: VirtualClock, proof: Proof) -> None:
        self.desk, self.store, self.clock, self.proof = desk, store, clock, proof
        self.card = CardId(0)

    async def open(self) -> Bank:
        customer = await self.store.customers.create(CustomerCard(name="张三", level="gold"), "root")
        card = NewCard(number=NUMBER)
        self.card = await self.store.cards.add(customer.id, card, Secret("the hash"), START, "root")
        posting = NewPosting(ledger="money", kind="recharge", amount=120205)
        await self.store.cards.post(self.card, posting, START, "root", START.date())
        return self

    async def tries(self, number: str, pin: str, times: int = 1) -> list[str]:
        return [(await self.desk.board.cards.check(CALL, number, pin)).answer for _ in range(times)]


@pytest.fixture
async def bank(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bank]:
    clock, proof = VirtualClock(), Proof()
    store = await Store.open(with_tables(tmp_path_factory.mktemp("bank") / "db"), clock=clock)
    try:
        async with office(store=store, clock=clock, proof=proof) as desk:
            yield await Bank(desk, store, clock, proof).open()
    finally:
        await store.close()


async def test_the_right_pin_says_whose_card_it_is_and_what_stands_on_it(bank: Bank) -> None:
    checked = await bank.desk.board.cards.check(CALL, "8800-1234", PIN)
    assert checked.answer == "found"
    assert checked.account is not None
    assert (checked.account.customer.name, checked.account.money) == ("张三", 120205)


async def test_five_wrong_pins_in_a_row_lock_the_card_for_a_while(bank: Bank) -> None:
    assert await bank.tries(NUMBER, "0000", WRONG_PINS) == ["wrong"] * (WRONG_PINS - 1) + ["locked"]
    assert await bank.tries(NUMBER, PIN) == ["locked"], "also with the right one"
    bank.clock.move(LOCKED.total_seconds())
    assert await bank.tries(NUMBER, PIN) == ["found"]
    [entry], _ = await bank.store.audit.search(what="card.locked")
    assert (entry.who, entry.target) == ("system", f"card/{bank.card}")
    assert bank.desk.told(events.CustomerSaved)


async def test_the_right_pin_in_between_begins_a_new_count(bank: Bank) -> None:
    for _ in range(3):
        assert await bank.tries(NUMBER, "0000", WRONG_PINS - 1) == ["wrong"] * (WRONG_PINS - 1)
        assert await bank.tries(NUMBER, PIN) == ["found"]


async def test_many_calls_at_once_look_at_no_more_pins_than_one(bank: Bank) -> None:
    pins = [f"{n:04}" for n in range(200)]
    answers = await asyncio.gather(*(bank.desk.board.cards.check(CALL, NUMBER, pin) for pin in pins))
    assert bank.proof.asked.count("the hash") == WRONG_PINS
    assert [one.answer for one in answers].count("wrong") == WRONG_PINS - 1
    assert {one.answer for one in answers} == {"wrong", "locked"}


async def test_a_caller_who_hangs_up_while_the_pin_is_looked_at_has_tried_it(bank: Bank) -> None:
    for _ in range(WRONG_PINS):
        trying = asyncio.ensure_future(bank.desk.board.cards.check(CALL, NUMBER, "0000"))
        while not bank.proof.asked:
            await asyncio.sleep(0)
        bank.proof.asked.clear()
        trying.cancel()
        await asyncio.gather(trying, return_exceptions=True)
    assert await bank.tries(NUMBER, PIN) == ["locked"]


async def test_a_number_that_is_no_card_costs_and_locks_the_same(bank: Bank) -> None:
    costs = []
    for number in (NUMBER, "99999999"):
        bank.proof.asked.clear()
        answers = await bank.tries(number, "0000", WRONG_PINS + 2)
        costs.append((len(bank.proof.asked), [one.replace("unknown", "wrong") for one in answers]))
    assert costs[0] == costs[1] == (WRONG_PINS + 2, ["wrong"] * (WRONG_PINS - 1) + ["locked"] * 3)


async def test_a_card_without_a_pin_opens_with_none(bank: Bank) -> None:
    await bank.store.cards.change(bank.card, pin_hash=Secret(""))
    assert await bank.tries(NUMBER, "") == ["wrong"]


async def test_that_a_card_is_blocked_or_expired_hears_only_who_has_its_pin(bank: Bank) -> None:
    await bank.store.cards.change(bank.card, blocked=True)
    assert await bank.tries(NUMBER, "0000") == ["wrong"]
    assert await bank.tries(NUMBER, PIN) == ["blocked"]
    yesterday = (START - timedelta(days=2)).date()
    await bank.store.cards.change(bank.card, blocked=False, valid_until=yesterday)
    checked = await bank.desk.board.cards.check(CALL, NUMBER, PIN)
    assert checked.answer == "blocked"
    assert checked.account is not None
    assert checked.account.state == "expired"


async def test_neither_number_nor_pin_is_logged(bank: Bank) -> None:
    with capture_logs() as told:
        await bank.tries(NUMBER, PIN)
        await bank.tries(NUMBER, "1357", WRONG_PINS)
    assert told
    assert not any(secret in str(told) for secret in (NUMBER, PIN, "1357", "the hash"))
