"""Pages of long lists are the same as those of short ones, however deep, and are counted so far only."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from callcenterd.model.calls import CallFilter
from callcenterd.model.customers import CustomerCard
from callcenterd.model.do_not_call import DoNotCall
from callcenterd.store import engine, pages
from callcenterd.store.database import Store
from callcenterd.store.engine import TooLong
from tests.kit.virtual import START, VirtualClock
from tests.store.rows import begin, call


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_TOLD", 20)


async def test_a_deep_page_is_a_piece_of_the_whole(store: Store) -> None:
    await begin(store, *(call(f"c{n:02}", agent="1001" if n % 3 else "1002") for n in range(30)))
    for filters in (CallFilter(), CallFilter(agent="1001"), CallFilter(text="138001")):  # type: ignore[arg-type]  # a login
        whole, total = await store.calls.search(filters, 500)
        assert total == min(len(whole), 21), "so far, and one more for what is beyond"
        for offset in range(0, len(whole), 3):
            page, _ = await store.calls.search(filters, 4, offset)
            assert page == whole[offset : offset + 4]
        assert await store.calls.search(filters, 4, 1000) == ([], total)


async def test_a_deep_page_of_a_search_keeps_who_is_meant_in_front(store: Store) -> None:
    for name in ("张三丰", "张三", "李张三", "张三"):
        await store.customers.create(CustomerCard(name=name), by="1001")
    for n in range(26):
        await store.customers.create(CustomerCard(name=f"大张三{n}"), by="1001")
    whole, total = await store.customers.search("张三", 500)
    assert [one.name for one in whole[:4]] == ["张三", "张三", "张三丰", "大张三25"]
    assert total == 21
    for offset in range(0, 30, 4):
        page, told = await store.customers.search("张三", 4, offset)
        assert (page, told) == (whole[offset : offset + 4], 21)


async def test_a_list_that_is_short_by_its_kind_is_counted_in_full(store: Store) -> None:
    for n in range(25):
        await store.do_not_call.add(DoNotCall(number=f"1380013{8000 + n}", why="asked", by="1001", at=START))
    _, total = await store.do_not_call.list("", 10, 0)
    assert total == 25


async def test_few_pages_are_read_at_a_time_and_none_waits_for_long(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that calls always have a reader."""
    database = store._database
    async with contextlib.AsyncExitStack() as busy:
        for _ in range(engine.MOST_LISTS):
            await busy.enter_async_context(database.listing())
        monkeypatch.setattr(engine, "LIST_SECONDS", 0.05)
        with pytest.raises(TooLong):
            await store.calls.search(CallFilter())
        assert await store.customers.by_phone("13800138000") == []
    monkeypatch.undo()
    assert (await store.calls.search(CallFilter()))[1] == 0


async def test_a_large_file_of_sqlite_knows_how_much_there_is_of_what(
    address: str | Path, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By which it chooses its ways: at a start, and every day."""
    monkeypatch.setattr(engine, "LEAST_LOOKED_OVER", 0)
    store = await Store.open(address, clock=clock)
    for n in range(40):
        await store.customers.create(CustomerCard(name=f"客户{n}", level="gold"), by="1001")
    await store.look_over()
    assert (await store.customers.search("客户7"))[1] == 1, "readers go on"
    await store.close()
    if "://" in str(address):
        return  # PostgreSQL does that by itself
    known = sqlite3.connect(address).execute("SELECT stat FROM sqlite_stat1 WHERE idx = 'ix_customers_level'")
    assert known.fetchone() == ("40 40 40",)
