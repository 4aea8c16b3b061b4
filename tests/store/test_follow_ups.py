"""Follow-ups as they are kept, in both databases: numbers, lists, counts, and one transaction with their duties."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from callcenterd.errors import NotFound
from callcenterd.model.customers import CustomerCard
from callcenterd.model.dictionaries import DictionaryValue
from callcenterd.model.duties import DutyFilter, NewDuty
from callcenterd.model.follow_ups import FollowUp, FollowUpFields, FollowUpFilter, FollowUpPlan
from callcenterd.model.ids import AgentId, CustomerId, TeamName
from callcenterd.model.records import RecordIsAnother, RecordSight
from callcenterd.model.timeline import TimelineQuery
from callcenterd.store.database import CannotStore, Store
from callcenterd.store.follow_ups import DutyStepped, FollowedUp, NewFollowUp
from tests.kit.virtual import START

HOUR = timedelta(hours=1)
DAY = date(2026, 8, 3)


def owed(of: FollowUpFields, owner: str = "1001", due: Any = None) -> NewDuty:
    due = due or START + 8 * HOUR
    return NewDuty(
        kind="follow_up",
        title=of.name,
        number=of.phone,
        owner=owner,
        due=due,
        warn_at=due - HOUR,
        warn_minutes=60,
        customer=of.customer,
    )


async def kept(
    store: Store,
    *,
    at: Any = START,
    owner: str = "1001",
    team: str = "",
    result: str = "",
    due: Any = None,
    **known: Any,
) -> FollowedUp:
    written = FollowUpFields(**{"category": "after_use"} | known)
    duty = None if result else owed(written, owner, due)
    new = NewFollowUp(written=written, plan=FollowUpPlan(), at=at, owner=owner, team=team, duty=duty, result=result)
    return await store.follow_ups.add(new, by=owner or "1001", now=START, day=DAY)


def step(**known: Any) -> DutyStepped:
    return DutyStepped(**{"kind": "noted", "details": {}, "new": {}} | known)


async def test_one_that_is_owed_comes_back_with_its_number_and_its_duty(store: Store) -> None:
    customer = await store.customers.create(CustomerCard(name="张三"), "1001")
    wanted: dict[str, Any] = {
        "customer": customer.id,
        "phone": "138 0013 8000",
        "card": "6688",
        "name": "张三",
        "sex": "male",
        "category": "before_use",
        "channel": "web",
        "gifts_by_mail": False,
        "content": "问收到没有",
    }
    made = await kept(store, **wanted, team="one")
    one = made.one
    assert {name: getattr(one, name) for name in wanted} == wanted
    assert (one.number, one.state, one.due, one.version) == ("HF20260803-0001", "open", START + 8 * HOUR, 1)
    assert await store.follow_ups.get(one.id) == one
    assert made.duty is not None
    assert one.duty == made.duty.id
    duty = await store.duties.get(made.duty.id)
    assert (duty.about, duty.title, duty.number) == (f"follow_up/{one.id}", "HF20260803-0001 张三", "138 0013 8000")
    assert await store.follow_ups.of_duty(duty.id) == one
    entries, _ = await store.timeline.page([customer.id], TimelineQuery(kinds=("follow_up",)))
    assert [(entry.id, entry.text, entry.details["state"]) for entry in entries] == [
        (str(one.id), "问收到没有", "open")
    ]
    with pytest.raises(NotFound):
        await store.follow_ups.get(99)


async def test_nothing_is_kept_of_one_that_cannot_be(store: Store) -> None:
    with pytest.raises(CannotStore):
        await kept(store, customer=CustomerId(99))
    assert (await store.duties.page(DutyFilter()))[1] == 0
    assert (await kept(store)).one.number.endswith("-0001")


async def test_one_that_is_done_already_owes_nothing(store: Store) -> None:
    one = (await kept(store, at=START - HOUR, result="satisfied")).one
    assert (one.state, one.result, one.done_at, one.done_by, one.duty, one.due) == (
        "done",
        "satisfied",
        START - HOUR,
        "1001",
        None,
        None,
    )


async def test_both_are_over_together_or_neither(store: Store) -> None:
    one = (await kept(store)).one
    assert one.duty is not None
    new = {"state": "done", "result": "fair", "done_at": START + HOUR, "done_by": "1001"}
    closes = step(kind="done", closes="followed_up", text="好")
    broken = NewFollowUp(
        written=FollowUpFields(customer=CustomerId(99)), plan=FollowUpPlan(), at=START, owner="1001", team="", duty=None
    )
    with pytest.raises(CannotStore):
        await store.follow_ups.move(one, new, closes, by="1001", now=START + HOUR, after=broken, day=DAY)
    assert await store.follow_ups.get(one.id) == one
    assert (await store.duties.get(one.duty)).state == "open"
    moved = await store.follow_ups.move(one, new, closes, by="1001", now=START + HOUR)
    assert (moved.one.state, moved.one.version) == ("done", 2)
    duty = await store.duties.get(one.duty)
    assert (duty.state, duty.outcome, duty.closed_by) == ("done", "followed_up", "1001")
    steps = [(known.kind, known.text) for known in await store.duties.steps(one.duty)]
    assert steps == [("created", ""), ("done", "好")]
    with pytest.raises(RecordIsAnother) as told:
        await store.follow_ups.move(one, new, closes, by="1002", now=START + HOUR)
    assert told.value.now == moved.one


async def test_a_call_for_it_is_no_other_version_unless_it_was_nobodys(store: Store) -> None:
    mine, nobodys = (await kept(store)).one, (await kept(store, owner="", team="one")).one
    called = await store.follow_ups.called(mine.id, "c1", "1001", "1001", START + HOUR)
    assert (called.one.call, called.one.version) == ("c1", 1)
    taken = await store.follow_ups.called(nobodys.id, "c2", "1002", "1002", START + HOUR)
    assert (taken.one.call, taken.one.owner, taken.one.version) == ("c2", "1002", 2)
    assert taken.duty is not None
    assert taken.duty.owner == "1002"


async def test_a_change_says_what_is_another_now_and_keeps_the_call(store: Store) -> None:
    one = (await kept(store, name="张三", phone="13800138000")).one
    await store.follow_ups.called(one.id, "c1", "1001", "1001", START)
    new = replace(FollowUpFields(category="after_use"), phone="13900139000", content="新")
    after, changed = await store.follow_ups.change(one.id, new, version=1, by="1002", now=START + HOUR)
    assert sorted(changed) == ["content", "name", "phone"]
    assert (after.one.call, after.one.version, after.one.changed_by) == ("c1", 2, "1002")
    assert after.duty is not None
    assert after.duty.number == "13900139000", "whom the duty would ring"


async def test_lists_and_tallies_are_of_what_is_wanted(store: Store) -> None:
    customer = await store.customers.create(CustomerCard(name="李四"), "1001")
    a = (await kept(store, channel="web", name="单雄", content="价格 100%", due=START + HOUR)).one
    b = (await kept(store, owner="1002", team="one", customer=customer.id, category="before_use", due=START)).one
    c = (await kept(store, at=START + HOUR, result="fair", channel="web")).one
    d = (await kept(store, owner="", team="two", due=START + 9 * HOUR)).one
    await store.follow_ups.move(d, {"state": "not_reached"}, step(), by="1001", now=START)

    async def found(**wanted: Any) -> list[int]:
        items, total = await store.follow_ups.page(FollowUpFilter(**wanted))
        assert total == len(items)
        assert {one.id for one in await store.follow_ups.following(FollowUpFilter(**wanted), None)} == {
            one.id for one in items
        }
        for by in ("category", "channel", "result", "owner"):
            assert sum((await store.follow_ups.tally(FollowUpFilter(**wanted), by)).values()) == total
        return [one.id for one in items]

    assert await found() == [c.id, d.id, b.id, a.id]
    assert await found(waiting=True) == [b.id, a.id, d.id], "what is due first"
    assert await found(waiting=False) == [c.id]
    assert await found(due_before=START + 2 * HOUR) == [b.id, a.id]
    assert await found(state="not_reached") == [d.id]
    assert await found(category="before_use") == [b.id]
    assert await found(channel="web", result="fair") == [c.id]
    assert await found(owner="") == [d.id]
    assert await found(team="one") == [b.id]
    assert await found(customer=customer.id) == [b.id]
    assert await found(since=START + HOUR) == [c.id]
    assert await found(until=START + HOUR, owner="1001") == [a.id]
    assert await found(text="danxiong 100%") == [a.id]
    assert await found(text="hf20260803-0003") == [c.id]
    assert await found(sight=RecordSight(agents=(AgentId("1002"),))) == [b.id]
    assert await found(sight=RecordSight(agents=(), teams=(TeamName("two"),))) == [d.id]
    every = FollowUpFilter()
    assert await store.follow_ups.tally(every, "category", "channel") == {
        ("after_use", ""): 1,
        ("after_use", "web"): 2,
        ("before_use", ""): 1,
    }
    assert await store.follow_ups.tally(every, "result") == {("fair",): 1, ("not_reached",): 1, ("open",): 2}


async def test_who_did_how_many_and_who_still_owes_how_many(store: Store) -> None:
    async def done(one: FollowUp, hours: int, by: str, result: str) -> None:
        at = START + hours * HOUR
        new = {"state": "done", "result": result, "done_at": at, "done_by": by}
        await store.follow_ups.move(one, new, step(kind="done", closes="followed_up"), by=by, now=at)

    for hours, by, result in ((1, "1001", "fair"), (8, "1001", "fair"), (9, "1001", "fair"), (9, "1002", "declined")):
        await done((await kept(store, owner=by)).one, hours, by, result)
    await kept(store, owner="1002", result="satisfied", at=START + 30 * HOUR)
    for due in (START, START + HOUR):
        await kept(store, due=due)
    seen = await store.follow_ups.done(START, START + 24 * HOUR, None)
    assert [(one.person, one.category, one.result, one.on_time, one.late) for one in seen] == [
        ("1001", "after_use", "fair", 2, 1),
        ("1002", "after_use", "declined", 0, 1),
    ]
    sight = RecordSight(agents=(AgentId("1002"),))
    later = await store.follow_ups.done(START, START + 48 * HOUR, sight)
    assert [(one.result, one.on_time, one.late) for one in later] == [("declined", 0, 1), ("satisfied", 1, 0)]
    [owing] = await store.follow_ups.owed(START, None)
    assert (owing.person, owing.open, owing.overdue, owing.not_reached) == ("1001", 2, 1, 0)
    assert await store.follow_ups.owed(START, sight) == []


async def test_lists_that_are_used_are_retired(store: Store) -> None:
    lists = {one.name: [value.code for value in one.values] for one in await store.dictionaries.all()}
    assert lists["follow_up_category"] == ["after_use", "before_use", "not_reached"]
    await kept(store, result="fair", channel="web")
    for name, code in (("follow_up_category", "after_use"), ("follow_up_result", "fair"), ("channel", "web")):
        after = await store.dictionaries.put(name, [DictionaryValue(code="new", chinese="新", english="New")])
        assert [(one.code, one.retired) for one in after.values] == [("new", False), (code, True)]
