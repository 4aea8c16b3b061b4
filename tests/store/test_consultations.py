"""Consultations as they are kept, in both databases: numbers, lists, counts, and two who write at once."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from callcenterd.errors import NotFound, Refused
from callcenterd.model.consultations import Consultation, ConsultationFields, ConsultationFilter
from callcenterd.model.customers import CustomerCard
from callcenterd.model.dictionaries import DictionaryValue
from callcenterd.model.fields import NewField
from callcenterd.model.ids import AgentId, CallId, CustomerId, TeamName
from callcenterd.model.records import RecordIsAnother, RecordSight
from callcenterd.store.database import CannotStore, Store
from tests.kit.database import with_tables
from tests.kit.virtual import START, VirtualClock

HOUR = timedelta(hours=1)
DAY = date(2026, 11, 27)


async def kept(store: Store, *, at: Any = START, by: str = "1001", **known: Any) -> Consultation:
    place: dict[str, Any] = {name: known.pop(name) for name in ("owner", "team", "day", "role") if name in known}
    given: dict[str, Any] = {"owner": by, "team": "", "day": DAY, **place}
    return await store.consultations.add(ConsultationFields(**known), at=at, by=by, now=START, **given)


async def test_what_is_kept_comes_back_with_its_number(store: Store) -> None:
    customer = await store.customers.create(CustomerCard(name="张三"), "1001")
    wanted: dict[str, Any] = {
        "customer": customer.id,
        "call": CallId("c"),
        "phone": "138 0013 8000",
        "card": "6688",
        "name": "张三",
        "sex": "male",
        "category": "use",
        "project_type": "养生",
        "project_number": "P-7",
        "product_number": "A100",
        "channel": "web",
        "note": "怎么用\n第二行",
    }
    one = await kept(store, **wanted, team="one", owner="1002")
    assert {name: getattr(one, name) for name in wanted} == wanted
    assert (one.number, one.owner, one.team, one.created_by, one.version) == (
        "ZX20261127-0001",
        "1002",
        "one",
        "1001",
        1,
    )
    assert await store.consultations.get(one.id) == one
    with pytest.raises(NotFound):
        await store.consultations.get(one.id + 1)
    with pytest.raises(CannotStore):
        await kept(store, customer=CustomerId(99))


async def test_numbers_are_by_day_and_no_two_are_the_same(store: Store) -> None:
    first = await asyncio.gather(*(kept(store) for _ in range(12)))
    assert sorted(one.number for one in first) == [f"ZX20261127-{n:04}" for n in range(1, 13)]
    assert (await kept(store, day=date(2026, 11, 28))).number == "ZX20261128-0001"
    assert (await kept(store)).number == "ZX20261127-0013"
    with pytest.raises(CannotStore):
        await kept(store, customer=CustomerId(99))
    assert (await kept(store)).number == "ZX20261127-0014", "what was not kept took no number"


async def test_the_second_of_two_is_told_what_is_now(store: Store) -> None:
    one = await kept(store, note="先", category="use")
    known: dict[str, Any] = {"by": "1002", "now": START + HOUR}
    after, changed = await store.consultations.change(one.id, ConsultationFields(note="改"), version=1, **known)
    assert (after.version, after.note, after.category, after.changed_by, changed) == (
        2,
        "改",
        "",
        "1002",
        ["category", "note"],
    )
    with pytest.raises(RecordIsAnother) as told:
        await store.consultations.change(one.id, ConsultationFields(note="后"), version=1, **known)
    assert told.value.now == after
    assert await store.consultations.get(one.id) == after
    with pytest.raises(NotFound):
        await store.consultations.change(99, ConsultationFields(), version=1, **known)


async def test_lists_and_counts_are_of_what_is_wanted(store: Store) -> None:
    customer = await store.customers.create(CustomerCard(name="李四"), "1001")
    a = await kept(store, category="use", channel="web", name="单雄", phone="0208888-6666", note="价格 100%")
    b = await kept(store, at=START + HOUR, category="use", channel="web", by="1002", team="one", customer=customer.id)
    c = await kept(store, at=START + 2 * HOUR, category="address", by="1003", product_number="A100")

    async def found(**wanted: Any) -> list[int]:
        items, total = await store.consultations.page(ConsultationFilter(**wanted))
        assert total == len(items)
        assert sum(one.count for one in await store.consultations.counts(ConsultationFilter(**wanted))) == total
        assert {one.id for one in await store.consultations.following(ConsultationFilter(**wanted), None)} == {
            one.id for one in items
        }
        return [one.id for one in items]

    assert await found() == [c.id, b.id, a.id]
    assert await found(since=START + HOUR) == [c.id, b.id]
    assert await found(until=START + HOUR) == [a.id]
    assert await found(category="use") == [b.id, a.id]
    assert await found(channel="") == [c.id]
    assert await found(owner="1002") == [b.id]
    assert await found(customer=customer.id) == [b.id]
    assert await found(text="danxiong") == [a.id]
    assert await found(text="020 8888 6666") == [a.id]
    assert await found(text="100%") == [a.id]
    assert await found(text="%") == [a.id]
    assert await found(text="a100") == [c.id]
    assert await found(text="zx20261127-0002") == [b.id]
    assert await found(sight=RecordSight(agents=(AgentId("1001"),))) == [a.id]
    assert await found(sight=RecordSight(agents=(), teams=(TeamName("one"),))) == [b.id]
    assert await found(sight=RecordSight(agents=())) == []
    everybody, _ = await store.consultations.page(ConsultationFilter())
    for sight in (
        RecordSight(agents=(AgentId("1001"), AgentId("1003"))),
        RecordSight(agents=(AgentId("9"),), teams=(TeamName("one"),)),
    ):
        assert await found(sight=sight) == [one.id for one in everybody if sight.sees(one)]
    counts = await store.consultations.counts(ConsultationFilter())
    assert [(one.category, one.channel, one.count) for one in counts] == [("address", "", 1), ("use", "web", 2)]


async def test_all_are_read_one_after_the_other_though_times_are_the_same(store: Store) -> None:
    made = [(await kept(store, at=START + (n // 400) * HOUR)).id for n in range(1201)]
    found: list[int] = []
    after = None
    while page := await store.consultations.following(ConsultationFilter(), after):
        found += [one.id for one in page]
        after = page[-1]
    assert found == made


async def test_custom_fields_are_kept_with_it_and_read_by_role(store: Store) -> None:
    await store.fields.add(
        NewField(
            kind="consultation",
            name="shop",
            type="text",
            chinese="门店",
            english="Shop",
            readers=("agent",),
            writers=("agent",),
            required=True,
        )
    )
    with pytest.raises(Refused) as told:
        await kept(store, role="agent")
    assert told.value.fields == {"fields.shop": "is missing"}
    one = await kept(store, role="agent", fields={"shop": "一店"})
    assert one.fields == {"shop": "一店"}
    assert one.number.endswith("0001")
    assert (await store.consultations.get(one.id, "agent")).fields == {"shop": "一店"}
    assert (await store.consultations.get(one.id, "manager")).fields == {}
    after, changed = await store.consultations.change(
        one.id, ConsultationFields(fields={"shop": "二店"}), version=1, by="1001", now=START, role="agent"
    )
    assert (after.fields, changed) == ({"shop": "二店"}, ["shop"])
    with pytest.raises(Refused):
        await store.consultations.change(
            one.id, ConsultationFields(note="x", fields={"no": "x"}), version=2, by="1001", now=START, role="agent"
        )
    assert (await store.consultations.get(one.id, "agent")) == after, "nothing of a refused change is kept"


async def test_a_category_that_is_used_is_retired_and_another_is_gone(store: Store) -> None:
    [before] = [one for one in await store.dictionaries.all() if one.name == "consultation_category"]
    assert [(one.code, one.chinese) for one in before.values] == [
        ("use", "产品使用咨询"),
        ("address", "地址咨询"),
        ("business", "联系业务"),
        ("wrong_number", "打错电话"),
        ("value_added", "增值服务"),
        ("other", "其他"),
    ]
    await kept(store, category="use", channel="web", sex="male")
    after = await store.dictionaries.put(
        "consultation_category", [DictionaryValue(code="new", chinese="新", english="New")]
    )
    assert [(one.code, one.retired) for one in after.values] == [("new", False), ("use", True)]
    after = await store.dictionaries.put("channel", [])
    assert [one.code for one in after.values] == ["web"]


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("at >= '2026' AND at < '2027' ORDER BY at, id", "ix_consultations_at"),
        ("owner = '1001' AND at >= '2026' ORDER BY at DESC, id DESC", "ix_consultations_owner_at"),
        ("customer_id = 1 ORDER BY at DESC", "ix_consultations_customer_id_at"),
    ],
)
async def test_lists_are_read_by_their_indexes(tmp_path: Path, clock: VirtualClock, query: str, index: str) -> None:
    await (await Store.open(with_tables(tmp_path / "callcenter.db"), clock=clock)).close()
    with sqlite3.connect(tmp_path / "callcenter.db") as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN SELECT * FROM consultations WHERE {query}").fetchall()
    connection.close()
    assert index in str(plan)
