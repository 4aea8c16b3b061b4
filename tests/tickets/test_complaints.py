"""Complaints in virtual time, on a real database: four people, a weekend, two at once, answers, and a crash."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from callcenterd.errors import NotNow, Refused
from callcenterd.model import events
from callcenterd.model.calendar import WEEKDAYS, Calendar
from callcenterd.model.complaints import Complaint, ComplaintFields
from callcenterd.model.duties import Duty
from callcenterd.model.ids import AgentId, TeamName
from callcenterd.model.records import RecordIsAnother
from callcenterd.model.site import Team
from callcenterd.model.workflows import Given
from callcenterd.tickets.answers import AnswersHeard
from callcenterd.tickets.complaints import Complaints
from callcenterd.tickets.workflow import DEFAULT, NotTheirs
from callcenterd.tickets.workflows import Workflows
from tests.kit.database import with_tables
from tests.kit.virtual import START, VirtualClock
from tests.tickets.test_ledger import CALLER, SITE, ZONE, Office

MINUTE = timedelta(minutes=1)
MAKER, HEAD, PERSON, CHIEF = "1002", "lead", "1001", "chief"
WEEK = Calendar(name="office", hours=dict.fromkeys(WEEKDAYS[:5], ("09:00-18:00",)))


class Desk(Office):
    async def open(self) -> None:
        await super().open()
        self.workflows = Workflows(self.store, self.clock)
        self.complaints = Complaints(
            store=self.store,
            bus=self.bus,
            clock=self.clock,
            site=lambda: self.site,
            ledger=self.ledger,
            workflows=self.workflows,
            zone=ZONE,
            language="zh-CN",
            region="CN",
        )
        self.heard = AnswersHeard(self.store, self.bus, self.complaints)
        self.heard.start()
        self.news: list[str] = []
        self.bus.listen(events.RecordSaved, lambda fact: self.news.append(f"{fact.number} {fact.by}"))

    async def close(self) -> None:
        await self.heard.stop()
        await super().close()

    async def made(self, **known: Any) -> Complaint:
        fields = ComplaintFields(**{"type": "product", "reason": "漏水", "phone": CALLER, "name": "张三"} | known)
        return await self.complaints.create(fields, MAKER, "agent")

    async def moves(self, one: Complaint, code: str, by: str, **given: Any) -> Complaint:
        return await self.complaints.move(one, one.version, code, Given(**given), by, None)

    async def to(self, state: str, **known: Any) -> Complaint:
        one = await self.made(**known)
        for code, by, given in (
            ("dispatch", MAKER, {"team": "one"}),
            ("stands", HEAD, {"person": PERSON}),
            ("handled", PERSON, {"result": "已换货"}),
        ):
            if one.state == state:
                break
            one = await self.moves(one, code, by, **given)
        assert one.state == state
        return one

    async def step(self, one: Complaint) -> Duty:
        assert one.duty is not None
        return await self.store.duties.get(one.duty)

    async def now(self, one: Complaint) -> Complaint:
        return await self.store.complaints.get(one.id)

    async def history(self, one: Complaint) -> list[tuple[str, str, str]]:
        return [(s.state, s.by, s.move or s.kind) for s in await self.store.complaints.states(one.id)]

    async def rings(self, number: str = CALLER, agent: str | None = MAKER) -> None:
        """Somebody of the office calls, and is answered."""
        made = self.begins("out", number, "outbound")
        whose = None if agent is None else AgentId(agent)
        self.bus.publish(events.CallAnswered(at=self.clock.utc(), call=made, agent=whose, number="802"))
        await self.ends(made, "answered")
        await self.heard.settled()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    opened = Desk(with_tables(tmp_path / "callcenter.db"), VirtualClock())
    await opened.open()
    yield opened
    await opened.close()


async def test_the_whole_way_by_four_people_with_every_state_and_time(desk: Desk) -> None:
    one = await desk.made(aspects=("service",))
    assert (await desk.step(one)).owner == MAKER
    desk.clock.now = 60
    one = await desk.moves(one, "dispatch", MAKER, team="one")
    head = await desk.step(one)
    assert (head.owner, head.team, head.kind, head.due) == (HEAD, "one", "complaint_step", START + 241 * MINUTE)
    desk.clock.now = 120
    one = await desk.moves(one, "stands", HEAD, person=PERSON, minutes=90)
    person = await desk.step(one)
    assert (person.owner, person.due, one.responsible, one.stands) == (PERSON, START + 92 * MINUTE, PERSON, True)
    desk.clock.now = 180
    one = await desk.moves(one, "handled", PERSON, result="已换货并致歉")
    call = await desk.step(one)
    assert (call.kind, call.number, call.owner, call.note) == ("complaint_answer", CALLER, MAKER, "已换货并致歉")
    desk.clock.now = 240
    await desk.rings()
    one = await desk.now(one)
    assert (one.state, one.owner) == ("answered", MAKER)
    assert (await desk.store.duties.get(call.id)).outcome == "answered"
    desk.clock.now = 300
    one = await desk.moves(one, "close", CHIEF, satisfaction="satisfied")
    assert (one.state, one.due, one.satisfaction) == ("closed", None, "satisfied")
    states = await desk.store.complaints.states(one.id)
    assert [(s.state, (s.at - START) / MINUTE, s.by) for s in states] == [
        ("registered", 0, MAKER),
        ("review", 1, MAKER),
        ("in_progress", 2, HEAD),
        ("handled", 3, PERSON),
        ("answered", 4, MAKER),
        ("closed", 5, CHIEF),
    ]
    assert await desk.owed(state="open") == []
    assert len(desk.news) == 6
    trail, _ = await desk.store.audit.search(what="complaint.moved")
    assert len(trail) == 5
    assert "换货" not in str([one.details for one in trail]), "texts stand in what was changed, which can be erased"
    (handled,) = [one for one in trail if one.details["move"] == "handled"]
    assert handled.changes["result"] == (None, "已换货并致歉")


async def test_what_does_not_stand_is_answered_with_the_reason_and_may_come_again(desk: Desk) -> None:
    one = await desk.to("review")
    one = await desk.moves(one, "does_not_stand", HEAD, reason="已过保修期")
    assert (one.state, one.stands, (await desk.step(one)).note) == ("handled", False, "已过保修期")
    await desk.rings()
    one = await desk.moves(await desk.now(one), "reopen", MAKER, reason="有发票")
    assert (one.state, one.reopened, one.stands, one.owner) == ("review", 1, None, HEAD)
    one = await desk.moves(one, "stands", HEAD, person=PERSON)
    assert (await desk.history(one))[-2:] == [("review", MAKER, "reopen"), ("in_progress", HEAD, "stands")]


async def test_only_whose_step_it_is_moves_it(desk: Desk) -> None:
    one = await desk.to("review")
    for login in (MAKER, PERSON):
        with pytest.raises(NotTheirs):
            await desk.moves(one, "stands", login, person=PERSON)
        assert (await desk.complaints.now(one, login)).moves == ()
    assert (await desk.complaints.now(one, HEAD)).moves == ("stands", "does_not_stand", "dispatch")
    assert (await desk.complaints.now(one, CHIEF)).correctable, "a manager stands in"
    with pytest.raises(NotNow):
        await desk.moves(one, "close", CHIEF, satisfaction="satisfied")
    assert desk.complaints.steps.parts(one, "boss") == {"maker"}, "one who leads no team is not this one's head"
    desk.site = replace(SITE, teams=(Team(name=TeamName("one"), members=(AgentId(PERSON),)),))
    assert desk.complaints.steps.parts(one, "boss") == {"maker", "head", "team"}, "but where it has none"
    for known, field in (
        ({"person": "nobody"}, "person"),
        ({"person": PERSON, "due": START}, "due"),
        ({"person": PERSON, "minutes": 0}, "minutes"),
        ({}, "person"),
    ):
        with pytest.raises(Refused) as told:
            await desk.moves(one, "stands", CHIEF, **known)
        assert field in told.value.fields


async def test_its_duty_is_not_closed_handed_over_or_put_off_by_hand(desk: Desk) -> None:
    one = await desk.to("in_progress")
    duty = await desk.step(one)
    for attempt in (
        desk.ledger.done(duty, None, PERSON),
        desk.ledger.cancel(duty.id, duty.version, PERSON, "x"),
        desk.ledger.postpone(duty, duty.version, PERSON, START + timedelta(days=3), "x"),
        desk.ledger.take(duty.id, duty.version, PERSON),
        desk.ledger.assign(duty.id, duty.version, PERSON, owner="1002"),
        desk.ledger.edit(duty, duty.version, PERSON, title="x"),
    ):
        with pytest.raises(NotNow, match="a step of a record"):
            await attempt
    assert await desk.step(one) == duty


async def test_the_limit_is_counted_in_working_time_over_a_weekend_and_then_it_is_handed_up(desk: Desk) -> None:
    """Friday 17:00 and two working hours: Monday 10:00."""
    desk.site = replace(SITE, calendars=(WEEK,))
    friday = datetime(2026, 11, 27, 17, 0, tzinfo=ZONE)
    monday = datetime(2026, 11, 30, 10, 0, tzinfo=ZONE)

    def minutes(at: datetime) -> float:
        return (at - START) / MINUTE

    desk.clock.now = minutes(friday) * 60
    one = await desk.to("review")
    one = await desk.moves(one, "stands", HEAD, person=PERSON, minutes=120)
    assert one.due == monday
    assert await desk.at(minutes(friday) + 59) == []
    assert await desk.at(minutes(friday) + 60) == ["warning 1001"], "at half of its time"
    assert await desk.at(minutes(friday) + 26 * 60) == [], "on Saturday"
    assert await desk.at(minutes(monday) - 0.1) == []
    assert await desk.at(minutes(monday)) == ["limit 1001", "escalation lead"]
    assert await desk.at(minutes(monday + timedelta(hours=7, minutes=59))) == []
    assert await desk.at(minutes(monday + timedelta(hours=8))) == ["escalation chief"]
    letters, _ = await desk.store.outbox.list()
    assert {letter.address for letter in letters} == {"zhang@example.com", "lead@example.com"}
    assert one.number in letters[0].subject
    one = await desk.moves(one, "handled", PERSON, result="好")
    assert one.due == datetime(2026, 12, 1, 13, 0, tzinfo=ZONE), "a new step has its own time"


async def test_two_who_act_on_the_same_step_at_once(desk: Desk) -> None:
    one = await desk.to("review")
    first, second = (
        desk.moves(one, "stands", HEAD, person=PERSON),
        desk.moves(one, "does_not_stand", CHIEF, reason="无"),
    )
    found = await asyncio.gather(first, second, return_exceptions=True)
    (done,) = [each for each in found if isinstance(each, Complaint)]
    (late,) = [each for each in found if isinstance(each, RecordIsAnother)]
    assert late.now == done == await desk.now(one)
    assert len(await desk.store.complaints.states(one.id)) == 3
    (only,) = await desk.owed(state="open")
    assert only.id == done.duty


# ---- writing down, correcting, workflows ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "field"),
    [
        ({"type": ""}, "type"),
        ({"type": "nothing"}, "type"),
        ({"aspects": ("price", "nothing")}, "aspects"),
        ({"reason": " "}, "reason"),
        ({"customer": 99}, "customer"),
        ({"call": "none"}, "call"),
    ],
)
async def test_what_cannot_be_kept_is_refused_with_its_field(desk: Desk, known: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as told:
        await desk.made(**known)
    assert list(told.value.fields) == [field]


async def test_it_is_corrected_where_it_is_reviewed_and_nowhere_else(desk: Desk) -> None:
    one = await desk.to("review")
    new = ComplaintFields(type="person", reason="态度", person_number="W-7", phone=CALLER, name="张三")
    with pytest.raises(NotTheirs):
        await desk.complaints.correct(one, new, one.version, MAKER, None)
    one = await desk.complaints.correct(one, new, one.version, HEAD, None)
    assert (one.type, one.person_number, one.state) == ("person", "W-7", "review")
    one = await desk.moves(one, "stands", HEAD, person=PERSON)
    with pytest.raises(NotNow, match="cannot be corrected"):
        await desk.complaints.correct(one, new, one.version, CHIEF, None)


async def test_a_complaint_ends_by_the_workflow_with_which_it_began(desk: Desk) -> None:
    before = await desk.made(type="medicine")
    short = replace(DEFAULT, steps=tuple(replace(s, limit=s.limit and 500) for s in DEFAULT.steps))
    own = await desk.workflows.put("medicine", short, 0, "root")
    after, other = await desk.made(type="medicine"), await desk.made()
    assert (after.workflow, after.due) == (own.id, START + 500 * MINUTE)
    assert before.workflow == other.workflow != own.id
    before = await desk.moves(before, "dispatch", MAKER, team="one")
    assert before.due == START + 240 * MINUTE, "as it began"
    await desk.workflows.remove("medicine", own.version, "root")
    assert (await desk.made(type="medicine")).workflow == before.workflow
    after = await desk.moves(after, "dispatch", MAKER, team="one")
    assert after.due == START + 500 * MINUTE
    with pytest.raises(Refused):
        await desk.workflows.put("medicine", replace(DEFAULT, steps=DEFAULT.steps[:2]), 0, "root")
