"""What the indexes of the searches find is what reading every row finds, on both databases, whatever was changed."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from callcenterd.model.calls import CallFilter
from callcenterd.model.customers import CustomerCard
from callcenterd.store import engine, pages
from callcenterd.store.database import Store
from callcenterd.store.engine import address_of
from callcenterd.store.words import every_word
from tests.kit.virtual import VirtualClock
from tests.store.rows import begin, call

SURNAMES, GIVEN = "王李张曾欧阳", "小明伟芳国藩静秀"
COMPANIES = ("", "广州电信", "Müller & Söhne", "50%_off\\", 'a"b', "Straße", "ＡＢＣ公司")
NOTES = ("", "只在上午回电", "call AGAIN", "100%", "it's OR NOT", "ab", "b", "\U0001f600 笑")
NUMBERS = ("13800138000", "010-6296 0000", "+4930901820", "02088886666", "110", "13800138001", "0757 8328 1234")
WORDS = (
    *SURNAMES, *GIVEN, "小明", "明", "zhang", "zhangw", "wxm", "xm", "z", "电信", "广州电信", "müll", "ss", "50%", "_",
    "%", "\\", '"', 'a"b', "abc", "ab", "b", "again", "or", "not", "it's", "上午回", "138", "0013", "8000", "6296",
    "+86", "+861380", "10", "110", "83281234", "\U0001f600", "c0", "王 电信", "zhang 138", "nothing of that", "00",
)  # fmt: skip
ROUNDS = 60


async def _all(address: str | Path, question: str) -> Sequence[Any]:
    foreign = create_async_engine(address_of(address))
    try:
        async with foreign.connect() as connection:
            return (await connection.execute(sa.text(question))).all()
    finally:
        await foreign.dispose()


def _card(chance: random.Random) -> CustomerCard:
    name = chance.choice(SURNAMES) + "".join(chance.choices(GIVEN, k=chance.randrange(3)))
    numbers = tuple(chance.sample(NUMBERS, k=chance.randrange(3)))
    return CustomerCard(
        name=name, phones=numbers, company=chance.choice(COMPANIES), card=chance.choice(("", "88001234", "C0", "金卡1"))
    )


async def _office(store: Store, chance: random.Random) -> None:
    """Customers and calls that came, were changed, and went."""
    cards = [await store.customers.create(_card(chance), by="1001") for _ in range(30)]
    for one in chance.sample(cards, 12):
        await store.customers.change(one.id, _card(chance), by="1002")
    for n, one in enumerate(chance.sample(cards, 6)):
        await store.bin.remove(one.id, (await store.customers.get(one.id)).version, "1002", "test")
        if n % 2:
            await store.bin.erase(one.id, "1002")
    calls = [
        call(
            f"c{n:02}",
            caller=chance.choice((*NUMBERS, "anonymous", "王的电话")),
            called=chance.choice(NUMBERS),
            caller_name=chance.choice(("", "", "", "Straße", "王")),
            customer_id=chance.choice((None, chance.choice(cards).id)),
        )
        for n in range(40)
    ]
    await begin(store, *calls)
    for noted in chance.sample(calls, 15):
        await store.calls.note(noted.id, chance.choice(NOTES), noted.customer_id)
    for other in chance.sample(calls, 5):
        await store.calls.note(other.id, chance.choice(NOTES), None)


def _customers_with(rows: Sequence[Any]) -> Callable[[str], set[int]]:
    """rows: id, words, and a number's digits, each row."""

    def has(word: str) -> set[int]:
        digits = word.removeprefix("+")
        number = len(digits) >= 3 and digits.isascii() and digits.isdigit()
        return {row.id for row in rows if word in row.words or (number and row.digits and digits in row.digits)}

    return has


@pytest.mark.parametrize(("seed", "few"), [(0, 20_000), (1, 20_000), (2, 5)])
async def test_indexes_find_what_reading_all_finds(
    store: Store, address: str | Path, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch, seed: int, few: int
) -> None:
    """few: what is in more rows than that is not looked up in the index."""
    monkeypatch.setattr(pages.narrowed, "__defaults__", (few,))
    monkeypatch.setattr(engine, "LIST_SECONDS", 60.0)  # what is found is asked here, not how soon on a busy machine
    chance = random.Random(seed)
    await _office(store, chance)
    here = await _all(
        address,
        "SELECT customers.id, words, digits FROM customers LEFT JOIN phones ON customer_id = customers.id"
        " WHERE removed_at IS NULL",
    )
    told = await _all(address, "SELECT id, words, customer_id FROM calls")
    customers = _customers_with(here)
    names = {row.id: row.words for row in here}
    found = 0
    for text in (*WORDS, *(chance.choice(WORDS) + " " + chance.choice(WORDS) for _ in range(ROUNDS))):
        words = every_word(text)
        wanted = set.intersection(*(customers(word) for word in words))
        items, total = await store.customers.search(text, 500)
        assert {one.id for one in items} == wanted, f"{text!r}, seed {seed}"
        assert total == len(wanted)
        of_calls = {
            row.id
            for row in told
            if all(
                word in row.words.split("\n", 1)[1] or row.id.startswith(word) or word in names.get(row.customer_id, "")
                for word in words
            )
        }
        calls, total = await store.calls.search(CallFilter(text=text), 500)
        assert {one.id for one in calls} == of_calls, f"calls with {text!r}, seed {seed}"
        assert total == len(of_calls)
        found += bool(wanted) + bool(of_calls)
    assert found > 40, "a test that looks for nothing shows nothing"
