"""The ledger of duties as it is kept, in both databases: what it refuses, whatever asks."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.customers import CustomerCard
from callcenterd.model.duties import (
    Duty,
    DutyFilter,
    DutyIsAnother,
    DutyLetter,
    DutySight,
    Escalation,
    NewDuty,
)
from callcenterd.model.ids import AgentId, CallId, QueueName, TeamName
from callcenterd.store.database import Store
from callcenterd.store.engine import address_of
from tests.kit.database import with_tables
from tests.kit.virtual import START, VirtualClock
from tests.store.rows import begin, call

HOUR = timedelta(hours=1)


def new(**known: Any) -> NewDuty:
    due: datetime = known.pop("due", START + HOUR)
    filled: dict[str, Any] = {"kind": "task", "title": "回电", "owner": "1001", "due": due}
    filled |= {"warn_at": due - timedelta(minutes=10), "warn_minutes": 10}
    return NewDuty(**filled | known)


async def kinds(store: Store, duty: int) -> list[str]:
    return [step.kind for step in await store.duties.steps(duty)]


async def test_what_is_kept_comes_back(store: Store) -> None:
    customer = await store.customers.create(CustomerCard(name="张三"), "1001")
    wanted = new(
        note="请带发票",
        customer=customer.id,
        call=CallId("c"),
        number="138 0013 8000",
        team="one",
        queue="sales",
        priority=1,
        escalations=(Escalation(30, "leaders"), Escalation(120, "person:2001")),
    )
    duty = await store.duties.add(wanted, "1002", START)
    assert {name: getattr(duty, name) for name in NewDuty.__slots__} == {
        name: getattr(wanted, name) for name in NewDuty.__slots__
    }
    assert (duty.created_by, duty.created_at, duty.first_due, duty.next_at) == ("1002", START, duty.due, duty.warn_at)
    assert await store.duties.get(duty.id) == duty
    assert await kinds(store, duty.id) == ["created"]


async def test_a_customer_who_is_erased_leaves_the_duty(store: Store, address: str | Path) -> None:
    customer = await store.customers.create(CustomerCard(name="张三"), "1001")
    duty = await store.duties.add(new(customer=customer.id), "1001", START)
    assert await tried(address, f"DELETE FROM customers WHERE id = {customer.id}") == ""
    assert (await store.duties.get(duty.id)).customer is None


# ---- what nobody can change -----------------------------------------------------------------------------------

TAMPERING = [
    "UPDATE duty_steps SET \"by\" = 'nobody'",
    "UPDATE duty_steps SET at = created_at FROM duties WHERE duties.id = duty_id",
    "UPDATE duty_steps SET text = text || ' more' WHERE id = 1",
    "DELETE FROM duty_steps",
    "DELETE FROM duty_steps WHERE id = 1",
    "DELETE FROM duties",
    "UPDATE duties SET created_at = due",
    "UPDATE duties SET first_due = created_at",
    "UPDATE duties SET kind = 'other'",
    "UPDATE duties SET created_by = 'nobody'",
]
ONLY_SQLITE = [
    "UPDATE OR REPLACE duty_steps SET id = 2 WHERE id = 1",
    'REPLACE INTO duty_steps (id, duty_id, at, "by", kind, details)'
    " SELECT id, duty_id, at, 'nobody', kind, details FROM duty_steps",
    "REPLACE INTO duties SELECT * FROM duties WHERE id = 1",
]
ONLY_POSTGRESQL = [
    "INSERT INTO duty_steps SELECT * FROM duty_steps ON CONFLICT (id) DO UPDATE SET \"by\" = 'nobody'",
]


async def tried(address: str | Path, statement: str) -> str:
    """As somebody with a shell would: what the database says; "": it did it."""
    engine = create_async_engine(address_of(address))
    try:
        async with engine.begin() as connection:
            if "sqlite" in str(engine.url):
                await connection.exec_driver_sql("PRAGMA foreign_keys=ON")
            await connection.exec_driver_sql(statement)
    except sa.exc.DBAPIError as refusal:
        return str(refusal.orig)
    finally:
        await engine.dispose()
    return ""


async def everything(store: Store) -> tuple[list[Any], list[Any]]:
    found, _ = await store.duties.page(DutyFilter())
    return found, [await store.duties.steps(one.id) for one in found]


async def test_nobody_changes_or_removes_a_step_or_the_beginning(store: Store, address: str | Path) -> None:
    for n in range(2):
        duty = await store.duties.add(new(title=f"{n}"), "1001", START)
        await store.duties.change(duty.id, 1, {}, "noted", "1001", START + HOUR, text="x")
    before = await everything(store)
    for statement in TAMPERING + (ONLY_SQLITE if isinstance(address, Path) else ONLY_POSTGRESQL):
        said = await tried(address, statement)
        assert said, statement
        assert await everything(store) == before, statement
    assert await tried(address, "UPDATE duties SET note = 'x'") == "", "the shell works"


def test_a_plain_connection_of_sqlite_is_refused_too(tmp_path: Path) -> None:
    """The triggers stand in the file: a program that knows nothing of foreign keys meets them."""
    import asyncio

    path = tmp_path / "callcenter.db"

    async def fill() -> None:
        store = await Store.open(path, clock=VirtualClock())
        await store.duties.add(new(), "1001", START)
        await store.close()

    asyncio.run(fill())
    with sqlite3.connect(path) as connection:
        for statement in ("UPDATE duty_steps SET text = 'x'", "DELETE FROM duty_steps"):
            with pytest.raises(sqlite3.IntegrityError, match="steps of a duty are never"):
                connection.execute(statement)
    connection.close()


# ---- two at once ------------------------------------------------------------------------------------------------


async def test_the_second_of_two_who_edit_is_told_what_is_now(store: Store) -> None:
    duty = await store.duties.add(new(), "1001", START)
    first = await store.duties.change(duty.id, 1, {"title": "先"}, "changed", "1001", START)
    assert first.version == 2
    with pytest.raises(DutyIsAnother) as told:
        await store.duties.change(duty.id, 1, {"title": "后"}, "changed", "1002", START)
    assert told.value.now == first
    assert (await store.duties.get(duty.id)).title == "先"
    assert await kinds(store, duty.id) == ["created", "changed"], "what was refused left no step"


async def test_what_is_closed_stays_closed(store: Store) -> None:
    duty = await store.duties.add(new(), "1001", START)
    closed = await store.duties.close(duty.id, 1, "done", "done", "1001", START + HOUR, text="好了")
    assert (closed.state, closed.outcome, closed.closed_at, closed.closed_by) == ("done", "done", START + HOUR, "1001")
    assert closed.next_at is None
    with pytest.raises(NotNow, match="this duty is closed"):
        await store.duties.close(duty.id, closed.version, "cancelled", "", "1001", START + HOUR)
    with pytest.raises(NotFound):
        await store.duties.close(99, None, "done", "", "1001", START)


# ---- lists ------------------------------------------------------------------------------------------------------


async def test_lists_are_by_due_and_by_what_is_wanted(store: Store) -> None:
    made: list[Duty] = []
    for n, known in enumerate(
        (
            {"owner": "1001", "due": START + 3 * HOUR, "title": "合同 A"},
            {"owner": "1001", "due": START + HOUR, "kind": "promise", "number": "13800138000"},
            {"owner": "", "queue": "sales", "due": START + 2 * HOUR},
            {"owner": "1002", "team": "one", "due": START - HOUR},
        )
    ):
        made.append(await store.duties.add(new(**known), "boss", START + n * timedelta(seconds=1)))
    a, promise, lost, late = (one.id for one in made)

    async def found(**wanted: Any) -> list[int]:
        items, total = await store.duties.page(DutyFilter(**wanted))
        assert total == len(items)
        return [one.id for one in items]

    assert await found(state="open") == [late, promise, lost, a]
    assert await found(state="open", owner="1001") == [promise, a]
    assert await found(state="open", owner="") == [lost]
    assert await found(overdue=START) == [late]
    assert await found(text="合同") == [a]
    assert await found(text="138-0013 8000") == [promise]
    assert await found(number="+8613800138000") == [promise]
    assert await found(number="110") == []
    assert await found(sight=DutySight(agents=(AgentId("1001"),))) == [promise, a]
    assert await found(sight=DutySight(agents=(), queues=(QueueName("sales"),), teams=(TeamName("one"),))) == [
        late,
        lost,
    ]
    await store.duties.close(a, None, "done", "done", "1001", START)
    assert await found(state="done") == [a]
    counts = await store.duties.counts("1001", START + HOUR, DutySight(agents=(AgentId("1001"),)))
    assert (counts.mine, counts.due, counts.unowned, counts.overdue) == (1, 1, 0, 1)


SIGHTS = [
    DutySight(agents=(AgentId("1001"),)),
    DutySight(agents=(AgentId("1002"), AgentId("1003")), queues=(QueueName("sales"),)),
    DutySight(agents=(), teams=(TeamName("one"),)),
    DutySight(agents=()),
]


async def test_a_calendar_has_what_is_due_in_its_days_done_or_not(store: Store) -> None:
    day = timedelta(days=1)
    at = [START - day, START, START + HOUR, START + 7 * day - timedelta(seconds=1), START + 7 * day]
    made = [await store.duties.add(new(due=due, number="138", note="x" * 40), "1001", START - 2 * day) for due in at]
    await store.duties.close(made[2].id, 1, "done", "done", "1001", START)
    gone = await store.duties.add(new(due=START + HOUR), "1001", START)
    await store.duties.close(gone.id, 1, "cancelled", "", "1001", START, text="x")
    week = DutyFilter(since=START, until=START + 7 * day, not_cancelled=True)
    found, total = await store.duties.on_days(week, 10)
    assert ([(one.id, one.due, one.state) for one in found], total) == (
        [(duty.id, duty.due, state) for duty, state in zip(made[1:4], ("open", "done", "open"), strict=True)],
        3,
    )
    assert (found[0].title, found[0].number, found[0].owner, found[0].about) == ("回电", "138", "1001", "")
    first, total = await store.duties.on_days(week, 2)
    assert (first, total) == (found[:2], 3)
    assert [one.id for one in (await store.duties.on_days(replace(week, state="done"), 9))[0]] == [made[2].id]
    sight = DutySight(agents=(AgentId("1002"),))
    assert await store.duties.on_days(replace(week, sight=sight), 9) == ([], 0)


async def test_a_list_and_a_single_look_say_the_same(store: Store) -> None:
    for known in (
        {"owner": "1001"},
        {"owner": "", "queue": "sales"},
        {"owner": "1003", "queue": "other", "team": "one"},
        {"owner": "9"},
    ):
        duty = await store.duties.add(new(**known), "1002" if known["owner"] == "9" else "boss", START)
    await store.duties.told(duty, 1, None, "escalated", START, details={}, escalated_to="person:1001")
    everyone, _ = await store.duties.page(DutyFilter())
    for sight in SIGHTS:
        listed, _ = await store.duties.page(DutyFilter(sight=sight))
        single = [one for one in everyone if sight.sees(one)]
        assert listed == single


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("owner = '1001' AND state = 'open' ORDER BY due, id", "ix_duties_owner_due"),
        ("team = 'one' AND state = 'open' AND due <= '2026' ORDER BY due", "ix_duties_team_due"),
        ("state = 'open' AND next_at <= '2026' ORDER BY next_at", "ix_duties_next_at"),
        ("line = '+86' AND kind IN ('promise') AND state = 'open'", "ix_duties_line_kind"),
    ],
)
async def test_lists_are_read_by_their_indexes(tmp_path: Path, clock: VirtualClock, query: str, index: str) -> None:
    await (await Store.open(with_tables(tmp_path / "callcenter.db"), clock=clock)).close()
    with sqlite3.connect(tmp_path / "callcenter.db") as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN SELECT * FROM duties WHERE {query}").fetchall()
    connection.close()
    assert index in str(plan)


# ---- the clock --------------------------------------------------------------------------------------------------


async def test_a_time_is_told_once_with_its_letters_or_not_at_all(store: Store) -> None:
    duty = await store.duties.add(new(), "1001", START)
    assert await store.duties.next_at() == duty.warn_at
    assert await store.duties.to_be_told(duty.warn_at - timedelta(seconds=1)) == []
    assert await store.duties.to_be_told(duty.warn_at) == [duty]
    letter = DutyLetter(address="a@example.com", subject="待办", text="…")
    told = await store.duties.told(duty, 1, duty.due, "warned", duty.warn_at, details={}, letters=[letter])
    assert told is not None
    assert told.stage == 1
    assert await store.duties.told(duty, 1, duty.due, "warned", duty.warn_at, details={}, letters=[letter]) is None
    assert await kinds(store, duty.id) == ["created", "warned"]
    letters, _ = await store.outbox.list()
    assert [(one.address, one.duty, one.voicemail, one.subject) for one in letters] == [
        ("a@example.com", duty.id, None, "待办")
    ]


# ---- lost callers -----------------------------------------------------------------------------------------------


async def test_one_line_is_owed_one_call(store: Store) -> None:
    lost = new(kind="lost_caller", owner="", queue="sales", number="138-0013-8000", call=CallId("a"))
    first = await store.duties.add(lost, "system", START, one_a_line=True)
    again = await store.duties.add(
        replace(lost, number="+8613800138000", call=CallId("b"), priority=1), "system", START + HOUR, one_a_line=True
    )
    assert again.id == first.id
    assert (again.call, again.priority, again.due) == ("b", 1, first.due)
    assert await kinds(store, first.id) == ["created", "again"]
    assert [one.id for one in await store.duties.open_for("13800138000", ["lost_caller"])] == [first.id]
    await store.duties.close(first.id, None, "done", "reached", "1001", START)
    assert (await store.duties.add(lost, "system", START, one_a_line=True)).id != first.id


async def test_what_a_crash_kept_from_the_ledger_is_found(store: Store) -> None:
    def lost(name: str, caller: str, minute: int, **known: Any) -> Any:
        at = START + timedelta(minutes=minute)
        known = {"outcome": "abandoned", "ended_at": at} | known
        return call(name, caller=caller, started_at=at, **known)

    await begin(
        store,
        lost("owed", "13800138001", 1),
        lost("spoken", "13800138002", 1),
        lost("later", "+8613800138002", 2, outcome="answered"),
        lost("rung", "13800138003", 1),
        lost("back", "801", 2, direction="outbound", called="138 0013 8003", outcome="answered"),
        lost("in ledger", "13800138004", 1),
        lost("hidden", "", 1),
        lost("voicemail", "13800138005", 1, outcome="voicemail"),
        lost("long ago", "13800138006", -600),
    )
    await store.duties.add(
        new(kind="lost_caller", number="13800138004"), "system", START + timedelta(minutes=2), one_a_line=True
    )
    found = await store.duties.lost_calls(START, "lost_caller", ["abandoned", "no_answer"])
    assert [record.id for record in found] == ["owed"]


# ---- promises ---------------------------------------------------------------------------------------------------


async def test_promises_kept_are_counted_by_the_time_first_promised(store: Store) -> None:
    async def promise(owner: str, due: int, closed: int | None, state: Any = "done") -> None:
        made = await store.duties.add(new(kind="promise", owner=owner, due=START + due * HOUR), owner, START)
        await store.duties.change(made.id, None, {"due": START + 9 * HOUR}, "postponed", owner, START, text="改期")
        if closed is not None:
            await store.duties.close(made.id, None, state, "kept", owner, START + closed * HOUR)

    await promise("1001", 2, 1)
    await promise("1001", 2, 2)
    await promise("1001", 2, 3)
    await promise("1001", 2, None)
    await promise("1001", 2, 1, "cancelled")
    await promise("1001", 5, None)
    await promise("1002", 5, 1)
    await promise("1002", 50, 1)
    await store.duties.add(new(kind="task"), "1001", START)
    found = await store.duties.promises_kept(START, START + 24 * HOUR, START + 4 * HOUR)
    assert [(one.owner, one.promised, one.kept, one.late, one.open) for one in found] == [
        ("1001", 4, 2, 1, 1),
        ("1002", 1, 1, 0, 0),
    ]
