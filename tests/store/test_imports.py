"""Imports of customers in both databases: doubles, pieces, undo, and who was changed meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from callcenterd.errors import NotNow
from callcenterd.model.customers import CustomerCard
from callcenterd.model.fields import NewField
from callcenterd.model.imports import Duplicates, Import, ImportTerms, Key, ReadRow
from callcenterd.store.database import Store

NOW = datetime(2026, 11, 27, 1, 0, tzinfo=UTC)


async def started(store: Store, duplicates: Duplicates = "update", keys: tuple[Key, ...] = ("phones",)) -> Import:
    job = await store.imports.add("list.csv", ("姓名", "电话"), 9, "boss", NOW)
    terms = ImportTerms(columns={0: "name", 1: "phones"}, keys=keys, duplicates=duplicates)
    return await store.imports.start(job.id, terms, NOW)


def row(number: int, name: str, *phones: str, **more: str) -> ReadRow:
    card = CustomerCard(name=name, phones=phones, **more)  # type: ignore[arg-type]
    given = tuple(field for field in ("name", "phones", *more) if getattr(card, field))
    return ReadRow(number=number, card=card, given=given)


async def there(store: Store) -> list[tuple[str, tuple[str, ...], int]]:
    found, _ = await store.customers.search("", 500)
    return sorted((one.name, one.phones, one.version) for one in found)


async def back(store: Store, job: Import, limit: int = 1) -> Import:
    job = await store.imports.undo(job.id, NOW)
    more = True
    while more:
        job, more = await store.imports.take_back(job, limit, NOW)
    return await store.imports.end(job.id, "undone", NOW)


def counts(job: Import) -> tuple[int, int, int, int]:
    return job.created, job.updated, job.skipped, job.faulty


async def test_known_numbers_are_skipped_updated_or_new_as_is_wished(store: Store) -> None:
    await store.customers.create(CustomerCard(name="张三", phones=("13800138000",), note="old"), "1001")
    rows = [row(2, "张三丰", "+86 138 0013 8000"), row(3, "李四", "13900139000"), row(4, "李四四", "139-0013-9000")]
    job = await started(store, "skip")
    job = await store.imports.apply(job, rows, {}, 10, NOW)
    assert counts(job) == (1, 0, 2, 0)
    assert await there(store) == [("张三", ("13800138000",), 1), ("李四", ("13900139000",), 1)]
    job = await started(store, "update")
    job = await store.imports.apply(job, rows, {}, 10, NOW)
    assert counts(job) == (0, 2, 1, 0)  # the one of row 3 was so already
    assert [name for name, _, _ in await there(store)] == ["张三丰", "李四四"]
    job = await started(store, "new")
    assert counts(await store.imports.apply(job, rows, {}, 10, NOW)) == (3, 0, 0, 0)


async def test_an_update_adds_numbers_and_leaves_what_the_file_does_not_say(store: Store) -> None:
    made = await store.customers.create(
        CustomerCard(name="张三", phones=("13800138000",), card="88", note="vip", tags=()), "1001"
    )
    job = await started(store, "update", ("card", "phones"))
    await store.imports.apply(job, [row(2, "", "13900139000", card="88")], {}, 10, NOW)
    now = await store.customers.get(made.id)
    assert (now.name, now.phones, now.note) == ("张三", ("13800138000", "13900139000"), "vip")


async def test_two_who_are_meant_are_nobody_and_faulty_rows_are_kept_with_their_cells(store: Store) -> None:
    for name in ("甲", "乙"):
        await store.customers.create(CustomerCard(name=name, phones=("01062960000",)), "1001")
    job = await started(store)
    bad = ReadRow(number=3, faults={"phones": "is none"}, cells=("x", "y"))
    job = await store.imports.apply(job, [row(2, "丙", "010-6296 0000"), bad], {3: "phones: is none"}, 10, NOW)
    assert counts(job) == (0, 0, 0, 2)
    first, second = await store.imports.faulty(job.id)
    assert "are all meant" in first.reason
    assert (second.number, second.reason, second.cells) == (3, "phones: is none", ("x", "y"))
    assert await store.imports.faulty(job.id, after=3) == []


async def test_a_piece_is_whole_or_not_at_all(store: Store) -> None:
    job = await started(store)
    job = await store.imports.apply(job, [row(2, "张三", "1380013800")], {}, 10, NOW)
    with pytest.raises(Exception):  # noqa: B017, PT011  # row 2 again: whatever the database calls it
        await store.imports.apply(job, [row(3, "李四", "1390013900"), row(2, "王五", "1370013700")], {}, 20, NOW)
    assert [name for name, _, _ in await there(store)] == ["张三"]
    assert await store.imports.place(job.id) == 10
    await store.imports.end(job.id, "stopped", NOW)
    with pytest.raises(NotNow):
        await store.imports.apply(job, [row(4, "赵六", "1360013600")], {}, 30, NOW)


@pytest.mark.parametrize("limit", [1, 100])
async def test_an_undo_takes_back_what_nobody_has_changed_since(store: Store, limit: int) -> None:
    before = await store.customers.create(CustomerCard(name="张三", phones=("13800138000",), note="old"), "1001")
    edited = await store.customers.create(CustomerCard(name="李四", phones=("13900139000",)), "1001")
    job = await started(store)
    rows = [
        row(2, "张三丰", "13800138000"),
        row(3, "李四四", "13900139000"),
        row(4, "新来", "13700137000"),
        row(5, "又来", "13600136000"),
        row(6, "张三疯", "13800138000", note="again"),  # the same once more
        row(7, "新来的", "13700137000"),
    ]
    job = await store.imports.apply(job, rows[:4], {}, 10, NOW)
    job = await store.imports.apply(job, rows[4:], {}, 20, NOW)
    job = await store.imports.end(job.id, "done", NOW)
    assert counts(job) == (2, 4, 0, 0)
    now = await store.customers.get(edited.id)
    await store.customers.change(edited.id, CustomerCard(name="李四改", phones=now.phones), "1002")
    (kept,) = await store.customers.by_phone("13600136000")
    await store.customers.change(kept.id, CustomerCard(name="有人改过", phones=kept.phones), "1002")
    job = await back(store, job, limit)
    assert (job.state, job.reverted, job.left) == ("undone", 4, 2)
    assert sorted(name for name, _, _ in await there(store)) == ["张三", "有人改过", "李四改"]
    again = await store.customers.get(before.id)
    assert (again.note, again.name) == ("old", "张三")
    with pytest.raises(NotNow):
        await store.imports.undo(job.id, NOW)


async def test_custom_fields_are_filled_and_taken_back(store: Store) -> None:
    terms = {"chinese": "合同", "english": "Contract", "readers": ("supervisor",), "writers": ("supervisor",)}
    await store.fields.add(NewField(kind="customer", name="since", type="date", **terms))  # type: ignore[arg-type]
    await store.fields.add(NewField(kind="customer", name="size", type="number", **terms))  # type: ignore[arg-type]
    known = await store.customers.create(
        CustomerCard(name="张三", phones=("13800138000",), fields={"since": date(2020, 1, 2)}), "admin", "admin"
    )
    job = await started(store)
    rows = [row(2, "张三", "13800138000"), row(3, "李四", "13900139000")]
    rows = [replace(one, card=replace(one.card, fields={"since": date(2026, 1, 2), "size": 3})) for one in rows]
    job = await store.imports.apply(job, rows, {}, 10, NOW)
    assert counts(job) == (1, 1, 0, 0)
    found, _ = await store.customers.search("", role="supervisor")
    assert [one.fields for one in found] == [{"since": date(2026, 1, 2), "size": 3}] * 2
    job = await store.imports.end(job.id, "done", NOW)
    await back(store, job)
    found, total = await store.customers.search("", role="supervisor")
    assert (total, found[0].fields) == (1, {"since": date(2020, 1, 2)})
    assert known.id == found[0].id


async def test_columns_are_remembered_by_their_titles_and_a_list_goes(store: Store) -> None:
    job = await started(store)
    assert await store.imports.remembered(("姓名", "电话")) == {0: "name", 1: "phones"}
    assert await store.imports.remembered(("姓名",)) == {}
    assert [one.id for one in await store.imports.unfinished()] == [job.id]
    with pytest.raises(NotNow):
        await store.imports.remove(job.id)
    await store.imports.end(job.id, "failed", NOW, "disk")
    assert (await store.imports.get(job.id)).why == "disk"
    await store.imports.remove(job.id)
    assert await store.imports.list() == ([], 0)
