"""Merges and the recycle bin: nothing is lost on the way there or back, whatever hangs on a customer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.attachments import NewAttachment
from callcenterd.model.cards import NewCard, NewPosting
from callcenterd.model.customers import Customer, CustomerCard
from callcenterd.model.duties import DutyFilter, NewDuty
from callcenterd.model.ids import CallId, CustomerId
from callcenterd.model.site import Secret
from callcenterd.model.timeline import TimelineQuery
from callcenterd.store.customers import CustomerChanged, OtherVersion
from callcenterd.store.database import Store
from callcenterd.store.moving import all_hanging
from tests.kit.virtual import START
from tests.store.rows import begin, call

DAY = date(2026, 8, 3)


def both(kept: Customer, gone: Customer) -> CustomerCard:
    """As a person may choose: the numbers of both, and the level of the one that goes."""
    known = {name: getattr(kept, name) for name in CustomerCard.__dataclass_fields__}
    return CustomerCard(**known | {"phones": (*kept.phones, *gone.phones), "level": gone.level})


async def customer(store: Store, name: str, *numbers: str, level: str = "") -> Customer:
    made = await store.customers.create(CustomerCard(name=name, phones=numbers, level=level), "1001")
    owner = made.id
    await begin(store, call(f"call-{name}", customer_id=owner, note=f"问{name}"))
    due = START + timedelta(hours=1)
    duty = NewDuty(kind="task", title=f"寄{name}", customer=owner, owner="1001", due=due, warn_at=due, warn_minutes=0)
    await store.duties.add(duty, "1001", START)
    card = await store.cards.add(owner, NewCard(number=f"8800{owner}"), Secret("hash"), START, "boss")
    await store.cards.post(card, NewPosting(ledger="money", kind="recharge", amount=500), START, "boss", DAY)
    file = NewAttachment(kind="customer", record=str(owner), name=f"{name}.pdf", octets=1, type="x/y", sha256="a" * 64)
    await store.attachments.add(file, "1001", START)
    return made


async def hangs_on(store: Store, one: CustomerId) -> dict[str, int]:
    page, _ = await store.timeline.page([one], TimelineQuery(), 500)
    kinds: dict[str, int] = {}
    for entry in page:
        kinds[entry.kind] = kinds.get(entry.kind, 0) + 1
    return kinds


async def test_everything_of_the_one_is_the_others_and_the_old_number_leads_there(store: Store) -> None:
    kept, gone = await customer(store, "甲", "13800138000"), await customer(store, "乙", "02088886666", level="gold")
    await store.merging.merge((kept.id, 1), (gone.id, 1), both, "boss", START)
    now = await store.customers.get(kept.id)
    assert (now.phones, now.level, now.version) == (("13800138000", "02088886666"), "gold", 2)
    assert await store.customers.get(gone.id) == now, "the old number answers who it is now"
    assert await hangs_on(store, kept.id) == {"call": 2, "duty": 2, "posting": 2, "file": 2}
    assert await hangs_on(store, gone.id) == {}
    assert len(await store.cards.of_customer(kept.id)) == 2
    assert [one.id for one in await store.customers.by_phone("020-8888 6666")] == [kept.id]
    assert (await store.customers.search("乙"))[1] == 0
    assert (await store.calls.get(CallId("call-乙"))).customer_id == kept.id
    assert await store.merging.merged_into(kept.id) == [gone.id]


async def test_an_undone_merge_leaves_both_as_they_were(store: Store) -> None:
    kept, gone = await customer(store, "甲", "13800138000"), await customer(store, "乙", "02088886666", level="gold")
    merge = await store.merging.merge((kept.id, 1), (gone.id, 1), both, "boss", START)
    await begin(store, call("later", customer_id=kept.id))
    await store.merging.undo(merge.id, "boss", START)
    for was in (kept, gone):
        now = await store.customers.get(was.id)
        assert replace(now, version=1, changed_at=was.changed_at) == was
    assert await hangs_on(store, kept.id) == {"call": 2, "duty": 1, "posting": 1, "file": 1}
    assert await hangs_on(store, gone.id) == {"call": 1, "duty": 1, "posting": 1, "file": 1}
    with pytest.raises(NotNow):
        await store.merging.undo(merge.id, "boss", START)


async def test_what_was_changed_since_a_merge_stays_when_it_is_undone(store: Store) -> None:
    kept, gone = await customer(store, "甲"), await customer(store, "乙", level="gold")
    merge = await store.merging.merge((kept.id, 1), (gone.id, 1), both, "boss", START)
    await store.customers.change(kept.id, CustomerCard(name="甲", note="后来写的"), "1002", 2)
    await store.merging.undo(merge.id, "boss", START)
    assert (await store.customers.get(kept.id)).note == "后来写的"
    assert (await store.customers.get(gone.id)).level == "gold"


async def test_who_edits_either_at_the_same_time_is_told_and_nothing_is_lost(store: Store) -> None:
    kept, gone = await customer(store, "甲"), await customer(store, "乙")
    other = await customer(store, "丙")
    outcomes = await asyncio.gather(
        store.merging.merge((kept.id, 1), (gone.id, 1), both, "boss", START),
        store.customers.change(gone.id, CustomerCard(name="乙", note="同时"), "1001", 1),
        store.customers.change(kept.id, CustomerCard(name="甲", note="同时"), "1002", 1),
        store.merging.merge((other.id, 1), (gone.id, 1), both, "root", START),
        return_exceptions=True,
    )
    assert [type(one) for one in outcomes[1:3]] == [CustomerChanged, CustomerChanged]
    assert isinstance(outcomes[3], NotFound)
    fault = outcomes[1]
    assert isinstance(fault, CustomerChanged)
    assert fault.now.id == kept.id, "who edits the one that went is shown who it is now"
    assert (await hangs_on(store, kept.id))["call"] == 2


async def test_a_chain_of_merges_leads_to_its_end_and_back(store: Store) -> None:
    a, b, c = await customer(store, "甲"), await customer(store, "乙"), await customer(store, "丙")
    first = await store.merging.merge((b.id, 1), (a.id, 1), both, "boss", START)
    second = await store.merging.merge((c.id, 1), (b.id, 2), both, "boss", START)
    assert {(await store.customers.get(one.id)).id for one in (a, b, c)} == {c.id}
    assert (await hangs_on(store, c.id))["call"] == 3
    with pytest.raises(NotNow):
        await store.merging.undo(first.id, "boss", START)
    await store.merging.undo(second.id, "boss", START)
    assert (await store.customers.get(a.id)).id == b.id
    assert ((await hangs_on(store, b.id))["call"], (await hangs_on(store, c.id))["call"]) == (2, 1)
    await store.merging.undo(first.id, "boss", START)
    assert (await store.customers.get(a.id)).id == a.id


async def test_what_comes_to_one_who_has_gone_goes_over_too(store: Store) -> None:
    kept, gone = await customer(store, "甲"), await customer(store, "乙")
    merge = await store.merging.merge((kept.id, 1), (gone.id, 1), both, "boss", START)
    await begin(store, call("was-up", customer_id=gone.id))
    assert await store.merging.settle() == 1
    assert await store.merging.settle() == 0
    assert (await store.calls.get(CallId("was-up"))).customer_id == kept.id
    await store.merging.undo(merge.id, "boss", START)
    assert (await store.calls.get(CallId("was-up"))).customer_id == gone.id


def test_whatever_names_a_customer_by_a_key_goes_over() -> None:
    names = {hanging.name for hanging in all_hanging()}
    assert names >= {"calls.customer_id", "duties.customer_id", "cards.customer_id", "campaign_entries.customer_id"}
    assert names >= {"consultations.customer_id", "customers.merged_into", "attachments.record", "custom_values.ref"}
    for hanging in all_hanging():
        unique = [set(index.columns.keys()) for index in hanging.table.indexes if index.unique]
        assert not any(hanging.column.name in columns for columns in unique), f"{hanging.name} could be there twice"


# ---- the recycle bin ----------------------------------------------------------------------------------------


async def test_who_is_in_the_bin_is_found_by_nobody_and_comes_back_whole(store: Store) -> None:
    one = await customer(store, "甲", "13800138000")
    with pytest.raises(OtherVersion):
        await store.bin.remove(one.id, 7, "boss", "重复")
    await store.bin.remove(one.id, 1, "boss", "不再联系")
    with pytest.raises(NotFound):
        await store.customers.get(one.id)
    assert await store.customers.by_phone("13800138000") == []
    assert await store.customers.by_card(f"8800{one.id}") == []
    assert (await store.customers.search("甲"))[1] == 0
    assert (await store.customers.search("138001"))[1] == 0
    with pytest.raises(NotFound):
        await store.customers.change(one.id, CustomerCard(name="x"), "1001", 2)
    [binned], total = await store.bin.page(50, 0, 30)
    assert (binned.id, binned.reason, binned.removed_by, binned.phones, total) == (
        one.id, "不再联系", "boss", ("13800138000",), 1,
    )  # fmt: skip
    assert binned.until == binned.removed_at + timedelta(days=30)
    await store.bin.restore(one.id)
    now = await store.customers.get(one.id)
    assert replace(now, version=1, changed_at=one.changed_at) == one
    with pytest.raises(NotFound):
        await store.bin.restore(one.id)


async def test_of_an_erased_customer_nothing_personal_is_left_but_the_books_are(store: Store) -> None:
    one = await customer(store, "赵钱孙", "13800138000")
    changed = {"name": ["赵", "赵钱孙"]}
    await store.audit.append(START, "1001", "customer.changed", f"customer/{one.id}", {}, changed)
    duty = (await store.duties.page(DutyFilter(customers=(one.id,))))[0][0]
    await store.duties.close(duty.id, None, "done", "done", "1001", START)
    with pytest.raises(NotFound):
        await store.bin.erase(one.id, "root")
    await store.bin.remove(one.id, 1, "boss", "赵钱孙要求删除")
    await store.bin.erase(one.id, "root")
    assert await store.bin.page(50, 0, 30) == ([], 0)
    with pytest.raises(NotFound):
        await store.customers.get(one.id)
    with pytest.raises(NotFound):
        await store.bin.restore(one.id)
    entries, _ = await store.audit.search(target=f"customer/{one.id}")
    assert [entry.what for entry in entries] == ["customer.values_erased", "customer.changed"]
    assert not any("赵" in str(entry) for entry in entries)
    kept = await store.calls.get(CallId("call-赵钱孙"))
    assert (kept.note, kept.customer_id, kept.caller) == ("", None, "13800138000")
    assert (await store.duties.get(duty.id)).title == ""
    assert await store.attachments.of("customer", str(one.id)) == []
    [card] = await store.cards.of_customer(one.id)
    assert card.money == 500


async def test_who_was_merged_leads_on_though_they_are_erased(store: Store) -> None:
    kept, gone = await customer(store, "甲"), await customer(store, "乙")
    merge = await store.merging.merge((kept.id, 1), (gone.id, 1), both, "boss", START)
    await store.bin.erase(gone.id, "root")
    assert (await store.customers.get(gone.id)).id == kept.id
    with pytest.raises(NotNow):
        await store.merging.undo(merge.id, "boss", START)


# ---- doubles ------------------------------------------------------------------------------------------------


async def test_who_may_be_one_and_the_same_is_found_by_what_they_share(store: Store) -> None:
    make = store.customers.create
    a = await make(CustomerCard(name="张三", phones=("138 0013 8000",), company="宏达", email="z@example.com"), "1001")
    b = await make(CustomerCard(name="张三", phones=("+8613800138000",), company="宏达"), "1001")
    c = await make(CustomerCard(name="张叁", email="z@example.com", card="77"), "1001")
    d = await make(CustomerCard(name="李四", card="77"), "1001")
    await make(CustomerCard(name="李四", phones=("02011112222",)), "1001")
    found = [([one.id for one in group.customers], set(group.reasons)) for group in await store.doubles.all("admin")]
    assert found == [
        ([a.id, b.id], {"phone", "name_and_company"}),
        ([a.id, c.id], {"email"}),
        ([c.id, d.id], {"card"}),
    ]
    assert [[one.id for one in group.customers] for group in await store.doubles.of(d.id, "admin")] == [[c.id, d.id]]
    await store.bin.remove(b.id, 1, "boss", "")
    assert [set(group.reasons) for group in await store.doubles.all("admin")] == [{"email"}, {"card"}]
