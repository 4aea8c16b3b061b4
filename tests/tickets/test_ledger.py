"""The ledger in virtual time, on a real database: what is warned of, handed up and closed, each once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from callcenterd.bus import Bus
from callcenterd.errors import Refused
from callcenterd.model import events
from callcenterd.model.calendar import WEEKDAYS, Calendar
from callcenterd.model.customers import CustomerCard
from callcenterd.model.duties import Duty, DutyFilter, Escalation
from callcenterd.model.ids import AgentId, CallId, QueueName, TeamName
from callcenterd.model.site import Mailbox, QueueSettings, Site, Team, UserAccount
from callcenterd.store.database import Store
from callcenterd.tickets.calls import CallsAndDuties
from callcenterd.tickets.kindterms import Kinds
from callcenterd.tickets.ledger import Ledger, Wanted
from callcenterd.tickets.warnings import Warnings
from tests.kit.database import with_tables
from tests.kit.virtual import START, VirtualClock
from tests.store.rows import begin, call

ZONE = ZoneInfo("Asia/Shanghai")
MINUTE = timedelta(minutes=1)
CALLER = "13800138000"


def user(login: str, role: Any) -> UserAccount:
    return UserAccount(login=login, name=f"名{login}", role=role)


SITE = Site(
    users=(
        user("1001", "agent"),
        user("1002", "agent"),
        user("lead", "supervisor"),
        user("boss", "supervisor"),
        user("chief", "manager"),
    ),
    queues=(QueueSettings(name=QueueName("sales"), members=(AgentId("1001"),)),),
    teams=(Team(name=TeamName("one"), members=(AgentId("1001"),), leaders=(AgentId("lead"),)),),
    mailboxes=(
        Mailbox(box="agent:1001", mail=("zhang@example.com",)),
        Mailbox(box="agent:lead", mail=("lead@example.com", "zhang@example.com")),
    ),
)


class Office:
    """A ledger with all its parts; `restarts` is what a kill -9 and a new start are: only the database stays."""

    def __init__(self, path: Path, clock: VirtualClock) -> None:
        self.path, self.clock, self.site = path, clock, SITE
        self.warned: list[str] = []
        self.changed: list[str] = []

    async def open(self) -> None:
        self.store = await Store.open(self.path, clock=self.clock)
        self.bus = Bus()
        self.kinds = Kinds(self.store, self.clock, lambda: self.site)
        await self.kinds.load()
        self.ledger = Ledger(self.store, self.bus, self.clock, lambda: self.site, ZONE, self.kinds)
        self.warnings = Warnings(
            store=self.store,
            bus=self.bus,
            clock=self.clock,
            site=lambda: self.site,
            calendars=self.ledger.calendars,
            language="zh-CN",
            zone=ZONE,
            kinds=self.kinds,
        )
        self.calls = CallsAndDuties(self.store, self.bus, self.clock, self.ledger)
        self.calls.start()
        self.bus.listen(events.DutyWarned, lambda fact: self.warned.append(f"{fact.stage} {','.join(fact.to)}"))
        self.bus.listen(events.DutyChanged, lambda fact: self.changed.append(f"{fact.state} {fact.by}"))

    async def close(self) -> None:
        await self.calls.stop()
        await self.store.close()

    async def restarts(self) -> None:
        await self.close()
        await self.open()

    async def at(self, minutes: float) -> list[str]:
        """Minutes after the start: what is told then."""
        self.clock.now = minutes * 60
        before = len(self.warned)
        await self.warnings.look()
        return self.warned[before:]

    async def owed(self, **chosen: Any) -> list[Duty]:
        found, _ = await self.store.duties.page(DutyFilter(**chosen))
        return found

    async def steps(self, duty: Duty) -> list[str]:
        return [step.kind for step in await self.store.duties.steps(duty.id)]

    # ---- calls --------------------------------------------------------------------------------------------

    def begins(self, name: str, number: str = CALLER, direction: Any = "inbound") -> CallId:
        inbound = direction == "inbound"
        self.bus.publish(
            events.CallStarted(
                at=self.clock.utc(),
                call=CallId(name),
                direction=direction,
                caller=number if inbound else "801",
                caller_name="",
                called="02088886666" if inbound else number,
            )
        )
        return CallId(name)

    async def speaks(self, name: str, number: str = CALLER, direction: Any = "inbound") -> None:
        made = self.begins(name, number, direction)
        self.bus.publish(events.CallAnswered(at=self.clock.utc(), call=made, agent=AgentId("1002"), number="802"))
        await self.ends(made, "answered")

    async def ends(self, made: CallId, outcome: Any, queue: str | None = "sales") -> None:
        self.bus.publish(
            events.CallEnded(
                at=self.clock.utc(),
                call=made,
                outcome=outcome,
                ended_by="caller",
                cause="",
                queue=None if queue is None else QueueName(queue),
            )
        )
        await self.calls.settled()

    async def is_lost(self, name: str, number: str = CALLER, outcome: Any = "abandoned") -> None:
        await self.ends(self.begins(name, number), outcome)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    opened = Office(with_tables(tmp_path / "callcenter.db"), VirtualClock())
    await opened.open()
    yield opened
    await opened.close()


def in_minutes(minutes: float) -> datetime:
    return START + minutes * MINUTE


# ---- warnings ---------------------------------------------------------------------------------------------------


async def test_a_promise_is_warned_of_told_and_handed_up_each_once(office: Office) -> None:
    promise = await office.ledger.create(Wanted(kind="promise", number=CALLER, due=in_minutes(60)), "1001")
    assert await office.at(49.9) == []
    assert await office.at(50) == ["warning 1001"]
    assert await office.at(50) == []
    assert await office.at(60) == ["limit 1001"]
    assert await office.at(74.9) == []
    assert await office.at(75) == ["escalation lead"]
    assert await office.at(10_000) == []
    assert await office.steps(promise) == ["created", "warned", "overdue", "escalated"]
    (now,) = await office.owed()
    assert (now.stage, now.next_at, now.escalated_to, now.version) == (3, None, "leaders", promise.version)


@pytest.mark.parametrize("told_before", [0, 1, 2, 3])
async def test_a_restart_between_any_two_times_tells_nothing_twice(office: Office, told_before: int) -> None:
    promise = await office.ledger.create(Wanted(kind="promise", number=CALLER, due=in_minutes(60)), "1001")
    for n, minute in enumerate((50, 60, 75, 90)):
        if n == told_before:
            await office.restarts()
        await office.at(minute)
        await office.restarts()
        await office.at(minute)
    assert office.warned == ["warning 1001", "limit 1001", "escalation lead"]
    assert await office.steps(promise) == ["created", "warned", "overdue", "escalated"]
    letters, _ = await office.store.outbox.list()
    assert sorted(letter.address for letter in letters) == ["lead@example.com", *["zhang@example.com"] * 3]


async def test_what_passed_while_the_server_was_down_is_told_late_without_the_warning(office: Office) -> None:
    promise = await office.ledger.create(Wanted(kind="promise", number=CALLER, due=in_minutes(60)), "1001")
    await office.restarts()
    assert await office.at(300) == ["limit 1001", "escalation lead"]
    assert await office.steps(promise) == ["created", "overdue", "escalated"]


async def test_a_letter_says_what_is_owed_to_whom(office: Office) -> None:
    wanted = Wanted(kind="promise", title="发票", note="带合同", number=CALLER, due=in_minutes(60))
    await office.ledger.create(wanted, "1001")
    await office.at(50)
    ((letter,), _) = await office.store.outbox.list()
    assert letter.address == "zhang@example.com"
    assert letter.subject == "即将到期：承诺回电：发票"
    assert letter.text.splitlines() == [
        "承诺回电：发票",
        "到期：2026-08-03 10:00",
        "号码：13800138000",
        "责任人：名1001 1001",
        "备注：带合同",
        "",
        "请在系统页面“待办”中处理。",
    ]


@pytest.mark.parametrize(
    ("to", "owner", "told"),
    [
        pytest.param("leaders", "1001", "lead", id="leaders of who owes it"),
        pytest.param("leaders", "1002", "lead,boss", id="who is in no team: supervisors"),
        pytest.param("supervisor", "1001", "lead,boss", id="supervisors"),
        pytest.param("manager", "1001", "chief", id="managers"),
        pytest.param("person:1002", "1001", "1002", id="a person"),
    ],
)
async def test_to_whom_it_is_handed_up(office: Office, to: str, owner: str, told: str) -> None:
    wanted = Wanted(kind="task", title="x", owner=owner, minutes=10, warn=0, escalate=(Escalation(5, to),))
    await office.ledger.create(wanted, "boss")
    assert await office.at(15) == [f"limit {owner}", f"escalation {told}"]


async def test_what_nobody_has_taken_by_its_time_is_the_leaders_affair(office: Office) -> None:
    await office.is_lost("a")
    assert await office.at(45) == ["warning "]
    assert await office.at(60) == ["limit lead"]
    assert await office.at(120) == ["escalation lead"]


async def test_what_is_put_off_is_warned_of_anew(office: Office) -> None:
    promise = await office.ledger.create(Wanted(kind="promise", number=CALLER, due=in_minutes(60)), "1001")
    await office.at(61)
    later = await office.ledger.postpone(promise, promise.version, "1001", in_minutes(121), "客户开会")
    assert await office.at(110) == []
    assert await office.at(111) == ["warning 1001"]
    assert await office.at(121) == ["limit 1001"]
    assert later.first_due == in_minutes(60), "what was promised stays"
    assert await office.steps(promise) == ["created", "overdue", "postponed", "warned", "overdue"]


async def test_what_is_done_is_not_told(office: Office) -> None:
    task = await office.ledger.create(Wanted(kind="task", title="x", minutes=60), "1001")
    await office.ledger.done(task, task.version, "1001")
    assert await office.at(1000) == []


async def test_limits_are_working_minutes_of_the_offices_calendar(office: Office) -> None:
    """START is a Monday at nine in Shanghai."""
    hours = dict.fromkeys(WEEKDAYS[:5], ("09:00-12:00", "13:00-18:00"))
    office.site = replace(SITE, calendars=(Calendar(name="office", hours=hours),))
    task = await office.ledger.create(Wanted(kind="task", title="x"), "1001")
    assert task.due == START + timedelta(hours=9), "eight hours of work, and the noon"
    office.clock.now = 8.5 * 3600
    task = await office.ledger.create(Wanted(kind="task", title="x", minutes=60), "1001")
    assert task.due == START + timedelta(hours=24.5)


async def test_a_thousand_duties_need_one_timer(office: Office) -> None:
    for n in range(300):
        await office.ledger.create(Wanted(kind="reminder", title=f"{n}", due=in_minutes(10 + n % 3)), "1001")
    assert len(await office.at(10)) == 100
    assert len(await office.at(12)) == 200
    assert 0 < await office.warnings.look() <= 30


# ---- lost callers -----------------------------------------------------------------------------------------------


async def test_who_was_lost_is_owed_a_call_until_somebody_reaches_them(office: Office) -> None:
    customer = await office.store.customers.create(CustomerCard(name="张三", phones=(CALLER,), level="gold"), "1001")
    await office.is_lost("a")
    (lost,) = await office.owed(state="open")
    assert (lost.kind, lost.queue, lost.owner, lost.call, lost.customer, lost.priority) == (
        "lost_caller", "sales", "", "a", customer.id, 1,
    )  # fmt: skip
    await office.is_lost("b", "+86 138 0013 8000")
    (again,) = await office.owed(state="open")
    assert (again.id, again.call) == (lost.id, "b")
    await office.ends(office.begins("c", direction="outbound"), "no_answer")
    assert len(await office.owed(state="open")) == 1, "who was not reached is owed it still"
    await office.speaks("d", direction="outbound")
    (reached,) = await office.owed()
    assert (reached.state, reached.outcome, reached.closed_by) == ("done", "reached", "1002")
    assert await office.steps(lost) == ["created", "again", "done"]


async def test_who_rings_again_and_is_answered_is_owed_nothing(office: Office) -> None:
    await office.is_lost("a")
    await office.speaks("b", "0086 138-0013-8000")
    (lost,) = await office.owed()
    assert (lost.state, lost.outcome) == ("done", "called_again")


@pytest.mark.parametrize("outcome", ["answered", "voicemail", "callback", "flow", "failed", "interrupted", "busy"])
async def test_others_are_not_lost(office: Office, outcome: Any) -> None:
    await office.is_lost("a", outcome=outcome)
    await office.is_lost("b", number="")
    await office.ends(office.begins("c", direction="outbound"), "no_answer")
    await office.ends(office.begins("d", "1002", direction="internal"), "no_answer")
    assert await office.owed() == []


async def test_who_waits_to_be_called_back_is_not_lost(office: Office) -> None:
    await begin(office.store, call("earlier"))
    await office.store.callbacks.add(CallId("earlier"), QueueName("sales"), CALLER, START)
    await office.is_lost("a")
    assert await office.owed() == []


async def test_what_a_crash_took_is_owed_after_the_next_start(office: Office) -> None:
    await begin(office.store, call("a", caller=CALLER, outcome="abandoned", ended_at=START, queue=QueueName("sales")))
    office.clock.now = 60
    for _ in range(2):
        await office.restarts()
        await office.calls.settled()
        assert [(one.call, one.queue) for one in await office.owed()] == [("a", "sales")]


# ---- promises ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minute", "outcome"), [(59, "kept"), (60, "kept"), (61, "kept_late")])
async def test_a_promise_is_kept_by_whoever_reaches_them(office: Office, minute: int, outcome: str) -> None:
    promise = await office.ledger.create(Wanted(kind="promise", number=CALLER, due=in_minutes(60)), "1001")
    office.clock.now = minute * 60
    await office.speaks("a", direction="outbound")
    (now,) = await office.owed()
    assert (now.id, now.state, now.outcome, now.closed_by) == (promise.id, "done", outcome, "1002")


async def test_who_rings_first_is_known_to_be_owed_a_call_still(office: Office) -> None:
    promise = await office.ledger.create(Wanted(kind="promise", number=CALLER, due=in_minutes(60)), "1001")
    await office.speaks("a")
    (now,) = await office.owed()
    assert (now.state, now.version) == ("open", promise.version)
    assert await office.steps(promise) == ["created", "called_in"]


# ---- what is refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        pytest.param(Wanted(kind="lost_caller", number="1"), "kind", id="nobody makes lost callers"),
        pytest.param(Wanted(kind="x"), "kind", id="a kind that there is not"),
        pytest.param(Wanted(kind="task"), "title", id="no title"),
        pytest.param(Wanted(kind="promise", number=" "), "number", id="no number"),
        pytest.param(Wanted(kind="task", title="x", owner="nobody"), "owner", id="nobody of that login"),
        pytest.param(Wanted(kind="task", title="x", team="two"), "team", id="no such team"),
        pytest.param(Wanted(kind="task", title="x", queue="two"), "queue", id="no such queue"),
        pytest.param(Wanted(kind="task", title="x", due=START), "due", id="a time that is past"),
        pytest.param(Wanted(kind="task", title="x", due=START + 2000 * timedelta(days=1)), "due", id="too far"),
        pytest.param(Wanted(kind="task", title="x", priority=9), "priority", id="no such priority"),
        pytest.param(Wanted(kind="task", title="x", escalate=(Escalation(1, "x"),)), "escalate", id="handed up to x"),
    ],
)
async def test_what_cannot_be_owed_is_refused_with_its_field(office: Office, wanted: Wanted, field: str) -> None:
    with pytest.raises(Refused) as refused:
        await office.ledger.create(wanted, "1001")
    assert list(refused.value.fields) == [field]
    assert await office.owed() == []


async def test_every_change_is_told_and_in_the_trail(office: Office) -> None:
    task = await office.ledger.create(Wanted(kind="task", title="x", queue="sales"), "boss")
    task = await office.ledger.take(task.id, task.version, "1001")
    task = await office.ledger.assign(task.id, task.version, "1001", owner="1002", text="请你处理")
    task = await office.ledger.edit(task, task.version, "1002", title="y", priority=1)
    await office.ledger.note(task.id, "1002", "等回复")
    with pytest.raises(Refused):
        await office.ledger.done(task, task.version, "1002", "kept")
    with pytest.raises(Refused):
        await office.ledger.cancel(task.id, task.version, "1002", " ")
    await office.ledger.cancel(task.id, task.version, "1002", "不需要了")
    assert office.changed == ["open boss", "open 1001", "open 1001", "open 1002", "open 1002", "cancelled 1002"]
    assert await office.steps(task) == ["created", "assigned", "assigned", "changed", "noted", "cancelled"]
    trail, _ = await office.store.audit.search(what="duty")
    assert [f"{entry.what} {entry.who}" for entry in reversed(trail)] == [
        "duty.created boss",
        "duty.assigned 1001",
        "duty.assigned 1001",
        "duty.changed 1002",
        "duty.noted 1002",
        "duty.cancelled 1002",
    ]
