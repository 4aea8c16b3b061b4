"""Complaints as they are kept, in both databases: what a move keeps together, and what nobody can change."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from callcenterd.model.complaints import Complaint, ComplaintFields, ComplaintFilter
from callcenterd.model.customer_messages import CustomerMessage, CustomerMessageFilter, NewCustomerMessage
from callcenterd.model.customers import CustomerCard
from callcenterd.model.duties import DutyFilter, DutySight, NewDuty
from callcenterd.model.ids import AgentId, QueueName, TeamName
from callcenterd.model.records import RecordIsAnother
from callcenterd.store import complaints as kept
from callcenterd.store.complaints import NewState
from callcenterd.store.database import Store
from callcenterd.store.workflows import WorkflowIsAnother
from callcenterd.tickets.workflow import DEFAULT
from tests.kit.virtual import START
from tests.store.test_duties import tried

HOUR = timedelta(hours=1)
DAY = date(2026, 11, 27)
DETAILS: dict[str, str] = {}


def duty(at: datetime = START, **known: Any) -> NewDuty:
    filled: dict[str, Any] = {"kind": "complaint_step", "title": "核定", "owner": "1001", "due": at + HOUR}
    return NewDuty(**filled | {"warn_at": at + HOUR / 2, "warn_minutes": 30} | known)


def state(kind: Any, code: str, at: datetime = START, **known: Any) -> NewState:
    return NewState(**{"at": at, "by": "1001", "kind": kind, "state": code, "details": DETAILS} | known)


async def workflow(store: Store) -> int:
    known = await store.workflows.current()
    if known:
        return known[0].id
    made = await store.workflows.put("", DEFAULT, 0, "system", START)
    assert made is not None
    return made.id


async def made(store: Store, queue: str = "", **known: Any) -> Complaint:
    fields = ComplaintFields(**{"type": "product", "reason": "漏水"} | known)
    moved = await store.complaints.add(
        fields,
        at=START,
        queue=queue,
        workflow=await workflow(store),
        state=state("created", "registered"),
        duty=duty(),
        day=DAY,
    )
    return moved.complaint


async def dispatched(store: Store, one: Complaint, **known: Any) -> Complaint:
    later = START + HOUR
    moved = await store.complaints.move(
        one,
        state("moved", "review", later, move="dispatch"),
        {"team": "one", "owner": "lead"} | known,
        outcome="moved",
        duty=duty(later, owner="lead", team="one"),
    )
    return moved.complaint


async def test_what_is_kept_comes_back_with_its_state_and_its_duty(store: Store) -> None:
    customer = await store.customers.create(CustomerCard(name="张三", phones=("13800138000",)), "1001")
    one = await made(
        store,
        customer=customer.id,
        phone="138 0013 8000",
        name="张三",
        kind="suggestion",
        aspects=("price", "effect"),
        department_number="D-3",
        answer_by="email",
        email="z@example.com",
    )
    assert await store.complaints.get(one.id) == one
    assert (one.number, one.state, one.state_at, one.owner) == ("TS20261127-0001", "registered", START, "1001")
    assert (one.aspects, one.department_number, one.due) == (("price", "effect"), "D-3", START + HOUR)
    (begun,) = await store.complaints.states(one.id)
    assert (begun.kind, begun.state, begun.at, begun.by) == ("created", "registered", START, "1001")
    assert one.duty is not None
    step = await store.duties.get(one.duty)
    assert (step.title, step.about, step.state) == ("TS20261127-0001 核定", f"complaint/{one.id}", "open")
    assert await store.complaints.of_duty(step.id) == one


async def test_a_move_is_kept_whole(store: Store) -> None:
    one = await made(store)
    after = await dispatched(store, one)
    assert (after.state, after.state_at, after.team, after.owner, after.version) == (
        "review",
        START + HOUR,
        "one",
        "lead",
        2,
    )
    assert one.duty is not None
    assert after.duty is not None
    closed, opened = await store.duties.get(one.duty), await store.duties.get(after.duty)
    assert (closed.state, closed.outcome, closed.closed_by, opened.state) == ("done", "moved", "1001", "open")
    assert [(s.kind, s.state, s.move) for s in await store.complaints.states(one.id)] == [
        ("created", "registered", ""),
        ("moved", "review", "dispatch"),
    ]


async def everything(store: Store) -> list[Any]:
    found, _ = await store.complaints.page(ComplaintFilter())
    owed, _ = await store.duties.page(DutyFilter())
    letters, _ = await store.outbox.list()
    states = [await store.complaints.states(one.id) for one in found]
    told = await messages(store)
    return [found, states, owed, [await store.duties.steps(one.id) for one in owed], letters, told]


async def messages(store: Store) -> list[CustomerMessage]:
    return (await store.customer_messages.list(CustomerMessageFilter()))[0]


def answer(one: Complaint) -> NewCustomerMessage:
    mail: dict[str, Any] = {"channel": "email", "address": "z@example.com", "subject": "答复", "text": "好"}
    about: dict[str, Any] = {"kind": "complaint", "record": str(one.id), "purpose": "complaint_answer"}
    return NewCustomerMessage(**mail, **about, key="", created_by="1001", not_before=START)


async def test_a_fault_in_the_middle_of_a_move_leaves_all_as_it_was(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Record, row of state, both duties and the message are one transaction: after each of its statements."""
    one = await made(store)
    before = await everything(store)
    for part in ("end_duty", "_keep", "put_duty", "put_in"):
        real = getattr(kept, part)

        async def broken(*given: Any, real: Any = real, **named: Any) -> Any:
            await real(*given, **named)
            raise RuntimeError("the power is gone")

        monkeypatch.setattr(kept, part, broken)
        with pytest.raises(RuntimeError, match="power"):
            await store.complaints.move(
                one,
                state("moved", "handled", move="does_not_stand"),
                {"result": "无"},
                outcome="moved",
                duty=duty(),
                message=answer(one),
            )
        monkeypatch.setattr(kept, part, real)
        assert await everything(store) == before, part


async def test_the_second_of_two_is_told_what_is_now_and_nothing_is_lost(store: Store) -> None:
    one = await made(store)
    after = await dispatched(store, one)
    before = await everything(store)
    with pytest.raises(RecordIsAnother) as told:
        await dispatched(store, one, team="two")
    assert told.value.now == after
    with pytest.raises(RecordIsAnother):
        await store.complaints.correct(one.id, 1, ComplaintFields(type="other"), "1002", START)
    assert await everything(store) == before


async def test_what_was_corrected_stays_in_the_history(store: Store) -> None:
    one = await made(store, aspects=("price",), note="先")
    new = ComplaintFields(type="person", reason="漏水", aspects=("service",), note="后")
    after, changed = await store.complaints.correct(one.id, 1, new, "lead", START + HOUR)
    assert (after.type, after.aspects, after.state_at, sorted(changed)) == (
        "person",
        ("service",),
        START,
        ["aspects", "note", "type"],
    )
    assert (await store.complaints.states(one.id))[-1].details == {"type": "product", "aspects": "price", "note": "先"}


async def test_a_letter_that_waits_goes_with_the_answer_that_was_chosen_instead(store: Store) -> None:
    one = await made(store)
    first = await store.complaints.move(
        one, state("moved", "handled"), {"means": "email"}, outcome="moved", duty=duty(), message=answer(one)
    )
    (waiting,), _ = await store.outbox.list()
    (message,) = await messages(store)
    assert (waiting.address, waiting.message) == ("z@example.com", message.id)
    assert (message.key, message.state) == (f"complaint_answer/{first.complaint.duty}", "waiting")
    called = duty(kind="complaint_answer", number="13800138000")
    await store.complaints.move(
        first.complaint, state("answering", "handled"), {"means": "call"}, outcome="other_means", duty=called
    )
    assert (await store.outbox.list())[0] == []
    assert [one.state for one in await messages(store)] == ["cancelled"]
    assert len(await store.duties.open_for("+8613800138000", ["complaint_answer"])) == 1


# ---- what nobody can change -----------------------------------------------------------------------------------

TAMPERING = [
    "UPDATE complaint_states SET at = (SELECT created_at FROM complaints LIMIT 1) WHERE id = 2",
    "UPDATE complaint_states SET \"by\" = 'nobody'",
    "UPDATE complaint_states SET state = 'closed' WHERE id = 2",
    "DELETE FROM complaint_states",
    "DELETE FROM complaint_states WHERE id = 2",
    "DELETE FROM complaints",
    "UPDATE complaints SET created_at = changed_at",
    "UPDATE complaints SET created_by = 'nobody'",
    "UPDATE complaints SET number = 'TS20261127-0009' WHERE id = 1",
    "UPDATE complaints SET state = 'closed'",
    "UPDATE complaints SET state_at = created_at",
    "UPDATE complaint_workflows SET created_by = 'nobody'",
    "DELETE FROM complaint_workflows",
]
ONLY_SQLITE = [
    "UPDATE OR REPLACE complaint_states SET id = 2 WHERE id = 1",
    "REPLACE INTO complaint_states SELECT id, complaint_id, at, 'nobody', kind, state, move, text, details"
    " FROM complaint_states WHERE id = 1",
    "REPLACE INTO complaints SELECT * FROM complaints WHERE id = 1",
    "REPLACE INTO complaint_workflows SELECT * FROM complaint_workflows",
]
ONLY_POSTGRESQL = [
    "INSERT INTO complaint_states SELECT * FROM complaint_states ON CONFLICT (id) DO UPDATE SET state = 'closed'",
]


async def test_nobody_changes_or_removes_a_state_or_its_time(store: Store, address: str | Path) -> None:
    await dispatched(store, await made(store))
    before = await everything(store)
    for statement in TAMPERING + (ONLY_SQLITE if isinstance(address, Path) else ONLY_POSTGRESQL):
        said = await tried(address, statement)
        assert said, statement
        assert await everything(store) == before, statement
    assert await tried(address, "UPDATE complaints SET note = 'x'") == "", "the shell works"


async def test_a_plain_connection_of_sqlite_is_refused_too(store: Store, address: str | Path) -> None:
    """The triggers stand in the file: a program that knows nothing of foreign keys meets them."""
    if not isinstance(address, Path):
        pytest.skip("of SQLite")
    await dispatched(store, await made(store))
    connection = sqlite3.connect(address)
    for statement in (*TAMPERING[:5], *TAMPERING[9:11]):
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(statement)
    connection.close()


# ---- lists --------------------------------------------------------------------------------------------------------


async def test_lists_and_counts_are_by_what_is_wanted(store: Store) -> None:
    first = await made(store, name="张三", reason="太贵", aspects=("price",))
    second = await dispatched(store, await made(store, kind="suggestion", type="service"), responsible="1002")
    third = await made(store, queue="sales", person_number="W-12")

    async def found(**wanted: Any) -> list[int]:
        items, total = await store.complaints.page(ComplaintFilter(**wanted))
        counts = await store.complaints.counts(ComplaintFilter(**wanted), START + HOUR)
        assert total == len(items) == sum(one.count for one in counts)
        return [one.id for one in items]

    assert await found() == [third.id, second.id, first.id]
    assert await found(open=True) == [first.id, third.id, second.id], "by their time"
    assert await found(state="review") == await found(team="one") == [second.id]
    assert await found(owner="1001") == [third.id, first.id]
    assert await found(responsible="1002") == await found(kind="suggestion") == await found(type="service") == [2]
    assert await found(overdue=START + HOUR) == [first.id, third.id]
    assert await found(text="zhangsan 太贵") == [first.id]
    assert await found(text="W-12") == [third.id]
    assert await found(text="0002") == [second.id]
    assert await found(since=START + HOUR) == await found(until=START) == await found(open=False) == []
    counts = await store.complaints.counts(ComplaintFilter(), START + HOUR)
    assert [(one.state, one.count, one.overdue) for one in counts] == [("registered", 2, 2), ("review", 1, 0)]

    def sight(*agents: str, queues: tuple[str, ...] = (), teams: tuple[str, ...] = ()) -> DutySight:
        return DutySight(
            agents=tuple(map(AgentId, agents)),
            queues=tuple(map(QueueName, queues)),
            teams=tuple(map(TeamName, teams)),
        )

    assert await found(sight=sight("1001")) == [third.id, second.id, first.id]
    assert await found(sight=sight("lead")) == await found(sight=sight("1002")) == [second.id]
    assert await found(sight=sight("x", teams=("one",))) == [second.id]
    assert await found(sight=sight("x", queues=("sales",))) == [third.id]
    assert await found(sight=sight("x")) == []
    assert await store.complaints.seen(second.id, sight("lead"))
    assert not await store.complaints.seen(first.id, sight("lead"))
    assert not await store.complaints.seen(99, None)


async def test_a_workflow_has_versions_and_an_old_one_stays(store: Store) -> None:
    first = await store.workflows.put("", DEFAULT, 0, "system", START)
    own = await store.workflows.put("medicine", DEFAULT, 0, "root", START)
    assert first is not None
    assert own is not None
    with pytest.raises(WorkflowIsAnother) as told:
        await store.workflows.put("medicine", DEFAULT, 0, "root", START)
    assert told.value.now == own
    assert [one.type for one in await store.workflows.current()] == ["", "medicine"]
    assert await store.workflows.put("medicine", None, 1, "root", START) is None
    assert [one.type for one in await store.workflows.current()] == [""]
    assert (await store.workflows.get(own.id)).workflow == DEFAULT
    again = await store.workflows.put("medicine", DEFAULT, 0, "root", START)
    assert again is not None
    assert again.version == 3
    assert [name[0] for name in await store.workflows.step_names()] == [step.code for step in DEFAULT.steps]


async def test_a_value_that_a_complaint_has_is_retired_and_not_taken_away(store: Store) -> None:
    await made(store, aspects=("effect",))
    for name, used in (("complaint_type", "product"), ("complaint_aspect", "effect")):
        kept_list = await store.dictionaries.put(name, [])
        assert [(value.code, value.retired) for value in kept_list.values] == [(used, True)]
