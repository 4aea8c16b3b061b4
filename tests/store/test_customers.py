"""Customers' cards: who may be calling, and finding one by whatever is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.errors import NotFound
from callcenterd.model.calls import CallFilter
from callcenterd.model.customers import CustomerCard
from callcenterd.model.ids import CallId, CustomerId
from callcenterd.store.customers import MOST_CALLERS, MOST_READINGS, readings
from callcenterd.store.database import Store
from tests.kit.virtual import START, VirtualClock
from tests.store.rows import begin, call

FULL = CustomerCard(
    name="张三",
    phones=("010-6296 0000", "138 0013 8000"),
    card="88001234",
    sex="male",
    company="广州电信",
    address="天河路 1 号",
    email="San.Zhang@example.com",
    level="gold",
    note="只在上午回电",
)


async def test_a_card_comes_back_as_it_was_written(store: Store, clock: VirtualClock) -> None:
    created = await store.customers.create(FULL, by="1001")
    assert (created.name, created.phones, created.created_at, created.changed_at) == ("张三", FULL.phones, START, START)
    assert await store.customers.get(created.id) == created
    assert (await store.customers.search("张三"))[0] == [created]


async def test_a_changed_card_is_the_new_one_and_only_that(store: Store, clock: VirtualClock) -> None:
    created = await store.customers.create(FULL, by="1001")
    clock.move(60)
    changed = await store.customers.change(created.id, CustomerCard(name="李四", phones=("110",)), by="1002")
    assert (changed.name, changed.phones, changed.card) == ("李四", ("110",), "")
    assert (changed.created_at, changed.changed_at) == (START, clock.utc())
    assert await store.customers.get(created.id) == changed
    assert await store.customers.by_phone("13800138000") == []
    assert (await store.customers.search("张三"))[1] == 0


@pytest.mark.parametrize("number", [4711, 0, -1, 10**30])
async def test_an_unknown_customer_is_not_found(store: Store, number: int) -> None:
    with pytest.raises(NotFound, match="customer"):
        await store.customers.get(CustomerId(number))
    with pytest.raises(NotFound, match="customer"):
        await store.customers.change(CustomerId(number), FULL, by="1001")


@pytest.mark.parametrize(
    "number",
    ["01062960000", "+861062960000", "010-6296-0000", "0086 10 6296 0000", "13800138000", "+86 138-0013-8000"],
)
async def test_a_caller_is_known_however_the_number_is_written(store: Store, number: str) -> None:
    known = await store.customers.create(FULL, by="1001")
    assert await store.customers.by_phone(number) == [known]


@pytest.mark.parametrize("number", ["", " ", "62960000", "1380013800", "138001380000", "anonymous", "张三", "%", "+"])
async def test_a_caller_is_never_guessed(store: Store, number: str) -> None:
    await store.customers.create(FULL, by="1001")
    assert await store.customers.by_phone(number) == []


async def test_the_region_says_what_a_national_number_means(address: str | Path, clock: VirtualClock) -> None:
    store = await Store.open(address, clock=clock, region="DE")
    known = await store.customers.create(CustomerCard(name="Müller", phones=("030 901820",)), by="1001")
    assert await store.customers.by_phone("+49 30 901820") == [known]
    await store.close()


async def test_a_shared_line_names_the_newest_customer_first_and_no_more_than_twenty(store: Store) -> None:
    made = [
        await store.customers.create(CustomerCard(name=f"客户{n}", phones=("020 8888 6666",)), by="1001")
        for n in range(MOST_CALLERS + 2)
    ]
    assert await store.customers.by_phone("02088886666") == made[:1:-1]


async def test_who_wrote_the_same_line_twice_is_named_once(store: Store) -> None:
    known = await store.customers.create(CustomerCard(name="张三", phones=("13800138000", "+8613800138000")), by="x")
    assert await store.customers.by_phone("13800138000") == [known]


FOUND: list[Any] = [
    pytest.param("", "王小明 曾国藩 张三", id="nothing asked: all, newest first"),
    pytest.param("张", "张三", id="one character of the name"),
    pytest.param("小明", "王小明", id="a part of the name"),
    pytest.param("zhangsan", "张三", id="pinyin in full"),
    pytest.param("ZhangS", "张三", id="the beginning of the pinyin"),
    pytest.param("zhang san", "张三", id="pinyin in two words"),
    pytest.param("wxm", "王小明", id="initials"),
    pytest.param("zengguofan", "曾国藩", id="a surname read as a surname"),
    pytest.param("cgf", "曾国藩", id="and as the word"),
    pytest.param("6296", "张三", id="a part of a number"),
    pytest.param("010 6296-0000", "张三", id="a number with its marks"),
    pytest.param("+8613800138000", "张三", id="a number in full that was written short"),
    pytest.param("96", "", id="two digits are no part of a number"),
    pytest.param("8001234", "张三", id="a part of the card"),
    pytest.param("广州", "王小明 张三", id="a company"),
    pytest.param("广州 张", "张三", id="both words"),
    pytest.param("广州 zs 138", "张三", id="three kinds of words"),
    pytest.param("san.zhang@", "张三", id="the e-mail address"),
    pytest.param("上午", "", id="a note is no place to be found by"),
    pytest.param("%", "", id="a sign of LIKE is a sign"),
    pytest.param("' OR 1=1 --", "", id="no SQL"),
    pytest.param("\0", "王小明 曾国藩 张三", id="nothing that is a word"),
    pytest.param("９", "", id="a full-width digit is a digit"),
]


@pytest.mark.parametrize(("q", "names"), FOUND)
async def test_customers_are_found_by(store: Store, q: str, names: str) -> None:
    await store.customers.create(FULL, by="1001")
    await store.customers.create(CustomerCard(name="曾国藩", phones=("13900139000",)), by="1001")
    await store.customers.create(CustomerCard(name="王小明", company="广州移动"), by="1001")
    items, total = await store.customers.search(q)
    assert [customer.name for customer in items] == names.split()
    assert total == len(items)


async def test_whose_name_it_is_comes_before_whose_name_it_is_a_part_of(store: Store) -> None:
    for name in ("张三", "张三丰", "小张三", "李四"):
        await store.customers.create(CustomerCard(name=name), by="1001")
    items, _ = await store.customers.search("张三")
    assert [customer.name for customer in items] == ["张三", "张三丰", "小张三"]


async def test_a_page_of_customers_brings_each_ones_own_numbers(store: Store) -> None:
    for n in range(5):
        await store.customers.create(CustomerCard(name=f"客户{n}", phones=(f"1380013800{n}", f"0208888666{n}")), by="x")
    items, total = await store.customers.search("客户", limit=2, offset=1)
    assert [customer.phones for customer in items] == [
        ("13800138003", "02088886663"),
        ("13800138002", "02088886662"),
    ]
    assert total == 5


async def test_calls_are_found_by_the_name_that_the_customer_has_now(store: Store) -> None:
    customer = await store.customers.create(CustomerCard(name="张三"), by="1001")
    await begin(store, call("a"))
    await store.calls.note(CallId("a"), "", customer.id)
    await store.customers.change(customer.id, CustomerCard(name="李四"), by="1001")
    assert (await store.calls.search(CallFilter(text="张三")))[1] == 0
    assert (await store.calls.search(CallFilter(text="lisi")))[1] == 1


@given(st.text(st.sampled_from("曾单长重乐解仇查行朝abc 1·"), max_size=40))
def test_readings_are_few_and_plain_whatever_the_name(name: str) -> None:
    found = readings(name)
    assert len(found) <= 2 * MOST_READINGS
    assert all(reading.isascii() and reading.isalpha() for reading in found)


async def test_an_office_tells_its_area_code_later_and_finds_who_was_kept_without(address: str | Path) -> None:
    clock = VirtualClock()
    before = await Store.open(address, clock=clock)
    kept = await before.customers.create(CustomerCard(name="张三", phones=("6296-0000", "13800138000")), "1001")
    assert await before.customers.by_phone("02062960000") == []
    await before.close()
    after = await Store.open(address, clock=clock, region="CN+020")
    assert await after.customers.relocate() == 1
    assert await after.customers.relocate() == 0
    for number in ("02062960000", "62960000", "+862062960000"):
        assert [one.id for one in await after.customers.by_phone(number)] == [kept.id]
    found, _ = await after.customers.search("2062960")
    assert [(one.id, one.phones) for one in found] == [(kept.id, ("6296-0000", "13800138000"))]
    await after.close()
