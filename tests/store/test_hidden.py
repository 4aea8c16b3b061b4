"""Searches by somebody from whom values are hidden, in both databases alike."""

from __future__ import annotations

from collections import Counter

import pytest

from callcenterd.model.asking import Asker, asked_by
from callcenterd.model.calls import CallFilter
from callcenterd.model.customers import CustomerCard
from callcenterd.model.roles import HIDDEN_KINDS, HiddenKind
from callcenterd.store.database import Store

ONE = CustomerCard(
    name="陈静 GZ18",
    phones=("139 1234 8000",),
    card="VIP88642",
    email="zhangsan@example.com",
    company="家里020－6296－7788，晚上打 13912348000",
)
FOUND = {
    "陈静": 1,
    "gz18": 1,
    "晚上打": 1,
    "13912348000": 1,
    "zhangsan@example.com": 1,
    "1391234": 0,
    "2348000": 0,
    "zhangsan": 0,
    "example.com": 0,
    "6296": 0,
    "88642": 0,
    "vip88642": 1,
    "vip": 0,
}


@pytest.mark.parametrize("word", FOUND)
async def test_what_finds_a_customer_whose_values_are_hidden(store: Store, word: str) -> None:
    await store.customers.create(ONE, by="1001")
    assert (await store.customers.search(word))[1] == 1, "of the house nothing is hidden"
    with asked_by(Asker(login="1001", hidden=frozenset(HIDDEN_KINDS))):
        assert (await store.customers.search(word))[1] == FOUND[word]


@pytest.mark.parametrize("broken", ["\ud800", "x\0y", "vip\udfff", "\ud800@example.com"])
async def test_what_no_database_can_keep_is_no_fault_of_a_search(store: Store, broken: str) -> None:
    await store.customers.create(ONE, by="1001")
    with asked_by(Asker(login="1001", hidden=frozenset(HIDDEN_KINDS))):
        assert (await store.customers.search(broken))[1] == 0
        assert (await store.calls.search(CallFilter(text=broken)))[1] == 0


@pytest.mark.parametrize(
    ("hidden", "found"),
    [("phone", {"zhangsan", "88642", "vip"}), ("email", {"1391234", "2348000", "88642", "vip"})],
)
async def test_each_kind_is_kept_by_itself(store: Store, hidden: HiddenKind, found: set[str]) -> None:
    await store.customers.create(ONE, by="1001")
    with asked_by(Asker(login="1001", hidden=frozenset({hidden}))):
        assert {word for word in FOUND if (await store.customers.search(word))[1]} >= found


async def test_only_whole_numbers_are_counted(store: Store) -> None:
    sought: Counter[str] = Counter()
    hidden: frozenset[HiddenKind] = frozenset({"phone"})
    with asked_by(Asker(login="1001", hidden=hidden, sought=lambda number: sought.update([number]))):
        for words in ("陈静", "139", "zhangsan@example.com", "+8613912348000 陈静"):
            await store.customers.search(words)
    assert set(sought) == {"+8613912348000"}
