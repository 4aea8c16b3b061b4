"""Rules draw customers in virtual time, on both databases: whom, when, to whom, each once, whatever happens between."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from callcenterd.bus import Bus
from callcenterd.errors import NotNow, Refused
from callcenterd.model.calendar import WEEKDAYS, Calendar
from callcenterd.model.consultations import ConsultationFields
from callcenterd.model.customers import CustomerCard
from callcenterd.model.do_not_call import DoNotCall
from callcenterd.model.fields import NewField
from callcenterd.model.follow_up_rules import Drawing, FollowUpRule, RuleTerms
from callcenterd.model.follow_ups import FollowUp, FollowUpFilter
from callcenterd.model.ids import AgentId, CallId, CustomerId, TeamName
from callcenterd.model.query import Condition, Query, Span
from callcenterd.model.site import Site, Team, UserAccount
from callcenterd.store.database import CannotStore, Store
from callcenterd.store.query.kinds import QuerySight
from callcenterd.tickets.consultations import Consultations
from callcenterd.tickets.follow_up_drawing import FollowUpDrawing
from callcenterd.tickets.follow_up_rules import Asking, FollowUpRules
from callcenterd.tickets.follow_ups import FollowUps, Result
from callcenterd.tickets.ledger import Ledger
from tests.kit.virtual import START, VirtualClock
from tests.store.rows import call
from tests.store.test_complaints import made, state

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 8, 3)
"""A Monday; it is nine in the morning."""
DAY = 24 * 3600.0
MEMBERS = tuple(AgentId(login) for login in ("1001", "1002", "1003"))
SITE = Site(
    users=tuple(UserAccount(login=login, name=login, role="agent") for login in (*MEMBERS, "1009")),
    teams=(Team(name=TeamName("care"), members=MEMBERS), Team(name=TeamName("empty"))),
    calendars=(Calendar(name="office", hours=dict.fromkeys(WEEKDAYS[:5], ("09:00-12:00", "13:00-18:00"))),),
)
ROOT = Asking(sight=QuerySight(login="root", role="admin"), teams=())


class Office:
    """All that draws. `opens` is also what a new start is after kill -9: only the database is what it was."""

    def __init__(self, address: str | Path, clock: VirtualClock) -> None:
        self.address, self.clock, self.site = address, clock, SITE
        self.number = 0

    async def opens(self) -> None:
        self.store = store = await Store.open(self.address, clock=self.clock)
        bus = Bus()
        ledger = Ledger(store, bus, self.clock, lambda: self.site, ZONE)
        self.follow_ups = FollowUps(store, bus, self.clock, lambda: self.site, ledger, ZONE)
        self.drawing = FollowUpDrawing(store, self.clock, lambda: self.site, self.follow_ups, ledger.calendars, ZONE)
        self.rules = FollowUpRules(store, self.clock, lambda: self.site, self.drawing, ZONE)
        self.consultations = Consultations(store, bus, self.clock, lambda: self.site, ZONE)

    async def restarts(self) -> None:
        await self.store.close()
        await self.opens()

    async def field(self) -> None:
        """A day that customers have of the office's own."""
        await self.store.fields.add(NewField(kind="customer", name="used", type="date", chinese="使用", english="Used"))

    async def customer(self, name: str, used: date | None = None, **card: Any) -> CustomerId:
        fields = {} if used is None else {"used": used.isoformat()}
        self.number += 1
        known = {"phones": (f"139{self.number:08}",)} | card
        made = await self.store.customers.create(CustomerCard(name=name, fields=fields, **known), "root", "admin")
        return made.id

    async def rule(self, **terms: Any) -> FollowUpRule:
        return await self.rules.add(rule_of(**terms), ROOT)

    async def drawn(self, **chosen: Any) -> list[FollowUp]:
        found, _ = await self.store.follow_ups.page(FollowUpFilter(**chosen), 500)
        return sorted(found, key=lambda one: one.id)

    async def names(self) -> list[str]:
        return [one.name for one in await self.drawn()]

    async def last(self, rule: FollowUpRule) -> Drawing:
        return (await self.store.follow_up_rules.last())[rule.id]


def rule_of(**terms: Any) -> RuleTerms:
    known: dict[str, Any] = {"chinese": "使用后", "english": "After use", "category": "after_use", "team": "care"}
    return RuleTerms(**known | {"active": True, "date_field": "x_used", "days": 7, "hour": 10} | terms)


@pytest.fixture
async def office(address: str | Path, clock: VirtualClock) -> AsyncIterator[Office]:
    made = Office(address, clock)
    await made.opens()
    await made.field()
    yield made
    await made.store.close()


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


async def test_it_draws_once_a_day_at_its_hour_whose_day_it_is(office: Office) -> None:
    await office.customer("昨天", ago(6))
    whom = await office.customer("张三", ago(7), card="6688", sex="male", channels=("web",), gifts_by_mail=True)
    await office.customer("前天", ago(8))
    await office.customer("没用过")
    rule = await office.rule(content="用得好吗", most_tries=5, again_minutes=60)
    assert await office.drawing.look() == 0, "it is nine, and the rule draws at ten"
    office.clock.move(3600)
    assert await office.drawing.look() == 1
    [one] = await office.drawn()
    assert (one.customer, one.name, one.card, one.sex, one.channel, one.gifts_by_mail) == (
        whom,
        "张三",
        "6688",
        "male",
        "web",
        True,
    )
    assert (one.category, one.content, one.owner, one.team, one.rule) == (
        "after_use",
        "用得好吗",
        "1001",
        "care",
        rule.id,
    )
    assert (one.most_tries, one.again_minutes, one.created_by, one.state) == (5, 60, "system", "open")
    assert one.due == datetime(2026, 8, 4, 18, tzinfo=ZONE), "by the end of the second working day"
    assert one.duty is not None
    duty = await office.store.duties.get(one.duty)
    assert (duty.kind, duty.owner, duty.due, duty.title) == ("follow_up", "1001", one.due, f"{one.number} 张三")
    assert await office.drawing.look() == 0, "once a day"
    office.clock.move(DAY)
    assert await office.drawing.look() == 1
    assert await office.names() == ["张三", "昨天"]
    last = await office.last(rule)
    assert (last.day, last.found, last.drawn, last.by) == (TODAY + timedelta(days=1), 2, 1, "system")
    assert last.left_out == {"drawn": 1}, "who was drawn the day before is looked at again, and left out"
    entries, _ = await office.store.audit.search(what="follow_up_rule.drawn")
    assert [(entry.who, entry.target, entry.details["drawn"]) for entry in entries] == [
        ("system", f"follow_up_rule/{rule.id}", 1)
    ] * 2


async def test_an_interval_before_a_day_looks_ahead(office: Office) -> None:
    await office.customer("三天后", ago(-3))
    await office.customer("四天后", ago(-4))
    await office.rule(category="before_use", days=-3)
    office.clock.move(3600)
    await office.drawing.look()
    assert await office.names() == ["三天后"]
    office.clock.move(DAY)
    await office.drawing.look()
    assert await office.names() == ["三天后", "四天后"]


async def test_each_who_is_left_out_has_a_reason_and_it_is_logged(office: Office) -> None:
    await office.customer("无号", ago(7), phones=())
    await office.customer("勿扰", ago(7), phones=("13800000001", "010-62960000"))
    await office.store.do_not_call.add(DoNotCall(number="+86 10 6296 0000", why="", by="root", at=START))
    await office.customer("甲", ago(7))
    await office.customer("乙", ago(7))
    await office.customer("丙", ago(7))
    binned = await office.customer("删除", ago(7))
    await office.store.bin.remove(binned, 1, "root", "")
    rule = await office.rule(most=2)
    office.clock.move(3600)
    await office.drawing.look()
    assert await office.names() == ["甲", "乙"]
    last = await office.last(rule)
    assert (last.found, last.drawn) == (5, 2)
    assert last.left_out == {"no_number": 1, "do_not_call": 1, "full": 1}
    office.clock.move(DAY)
    await office.drawing.look()
    assert await office.names() == ["甲", "乙", "丙"], "what was full is made up for"


async def test_nobody_is_drawn_twice_for_a_day_or_within_so_many_days_or_while_one_is_owed(office: Office) -> None:
    whom = await office.customer("张三", ago(7))
    rule = await office.rule(again_days=30)
    office.clock.move(3600)
    await office.drawing.look()
    [first] = await office.drawn()

    async def used(day: date) -> Drawing:
        known = await office.store.customers.get(whom, "admin")
        card = CustomerCard(name="张三", phones=known.phones, fields={"used": day.isoformat()})
        await office.store.customers.change(whom, card, version=known.version, by="root", role="admin")
        office.clock.move(DAY)
        await office.drawing.look()
        return await office.last(rule)

    assert (await used(ago(6))).left_out == {"owed": 1}
    done = Result(result="satisfied")
    await office.follow_ups.done(first, first.version, done, "1001", "agent")
    assert (await used(ago(5))).left_out == {"recent": 1}
    office.clock.move(27 * DAY)
    assert (await used(ago(-23))).drawn == 1, "thirty days after the first"
    second = (await office.drawn())[-1]
    await office.follow_ups.done(second, second.version, done, "1001", "agent")
    change = rule_of(again_days=0)
    rule = await office.rules.change(rule.id, rule.version, change, ROOT)
    assert (await used(ago(-23))).left_out == {"drawn": 1}, "for that day they are drawn"
    assert len(await office.drawn()) == 2


async def test_days_on_which_nobody_was_there_are_made_up_for_once(office: Office) -> None:
    for n in range(8):
        await office.customer(f"客{n}", ago(7 - n))
    rule = await office.rule(catch_up=3)
    await office.rule(chinese="不补", english="None", catch_up=0, team="empty")
    office.clock.move(3600)
    await office.drawing.look()
    assert await office.names() == ["客0", "客0"]
    office.clock.move(5 * DAY)
    await office.restarts()
    await office.drawing.look()
    await office.drawing.look()
    by = [one.name for one in await office.drawn(rule=rule.id)]
    assert by == ["客0", "客2", "客3", "客4", "客5"], "of five days missed, three, the oldest first"
    assert [one.name for one in await office.drawn(owner="")] == ["客0", "客5"]
    assert (await office.last(rule)).day == TODAY + timedelta(days=5)


async def test_what_was_before_the_rule_was_switched_on_is_not_made_up_for(office: Office) -> None:
    await office.customer("昨天的", ago(8))
    await office.customer("今天的", ago(7))
    rule = await office.rule(hour=9, catch_up=31)
    assert rule.since == TODAY + timedelta(days=1), "nine has come already: it begins tomorrow"
    office.clock.move(3600)
    assert await office.drawing.look() == 0
    drawing = await office.rules.draw(rule.id, "root")
    assert (drawing.drawn, drawing.by) == (1, "root"), "unless somebody wants today's at once"
    assert await office.names() == ["今天的"]
    with pytest.raises(NotNow):
        await office.rules.draw(rule.id, "root")
    off = await office.rules.change(rule.id, rule.version, rule_of(active=False), ROOT)
    office.clock.move(DAY)
    assert await office.drawing.look() == 0
    with pytest.raises(NotNow):
        await office.rules.draw(off.id, "root")


async def test_a_drawing_that_was_cut_off_goes_on_where_it_was(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(9):
        await office.customer(f"客{n}", ago(7))
    rule = await office.rule(most=7)
    office.clock.move(3600)
    draw = office.store.follow_up_rules.draw

    async def breaks(*arguments: Any) -> Any:
        if len(await office.drawn()) == 4:
            raise CannotStore("the disk is full")
        return await draw(*arguments)

    monkeypatch.setattr(office.store.follow_up_rules, "draw", breaks)
    with pytest.raises(CannotStore):
        await office.drawing.look()
    assert (await office.last(rule)).finished_at is None
    office.clock.move(DAY)
    await office.restarts()
    await office.drawing.look()
    found = await office.drawn()
    assert [one.name for one in found] == [f"客{n}" for n in range(9)]
    assert [one.owner for one in found] == ["1001", "1002", "1003"] * 3, "in turn, over the cut and the next day"
    days, _ = await office.store.follow_up_rules.drawings(rule.id)
    assert [(one.day, one.found, one.drawn, one.left_out) for one in days] == [
        (TODAY + timedelta(days=1), 9, 2, {"drawn": 7}),
        (TODAY, 9, 7, {"full": 2}),
    ]


async def test_a_fault_with_one_rule_keeps_no_other_from_drawing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.customer("甲", ago(7))
    broken, sound = await office.rule(), await office.rule(team="empty")
    office.clock.move(3600)
    find = office.store.follow_up_candidates.find

    async def breaks(sought: Any, *more: Any) -> Any:
        if sought.rule.id == broken.id:
            raise ValueError("nobody has foreseen this")
        return await find(sought, *more)

    monkeypatch.setattr(office.store.follow_up_candidates, "find", breaks)
    with pytest.raises(ValueError, match="foreseen"):
        await office.drawing.look()
    assert (await office.last(sound)).drawn == 1
    monkeypatch.undo()
    assert await office.drawing.look() == 1, "and it goes on with it"
    assert (await office.last(broken)).drawn == 1


DRAWER = """
import asyncio, sys
from datetime import date
from pathlib import Path
from tests.kit.virtual import VirtualClock
from tests.tickets.test_follow_up_drawing import Office

async def main(address):
    clock = VirtualClock()
    clock.move(3600)
    office = Office(address if "://" in address else Path(address), clock)
    await office.opens()
    draw = office.store.follow_up_rules.draw

    async def told(*arguments):
        made = await draw(*arguments)
        print(made.one.number, flush=True)
        return made

    office.store.follow_up_rules.draw = told
    await office.drawing.look()

asyncio.run(main(sys.argv[1]))
"""


async def test_kill_in_the_middle_of_a_drawing(office: Office) -> None:
    for n in range(60):
        await office.customer(f"客{n:02}", ago(7))
    rule = await office.rule(most=60)
    await office.store.close()
    killed = 0
    for _ in range(2):
        with subprocess.Popen(
            [sys.executable, "-c", DRAWER, str(office.address)], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            told = [child.stdout.readline() for _ in range(15)]
            child.send_signal(signal.SIGKILL)
            told += child.stdout.readlines()
        assert child.returncode == -signal.SIGKILL, "it ended by itself"
        killed += len(told)
    assert killed < 60, "it was in the middle of it"
    office.clock.move(3600)
    await office.opens()
    assert len(await office.drawn()) >= killed
    assert await office.drawing.look() == 1
    found = await office.drawn()
    assert sorted(one.name for one in found) == [f"客{n:02}" for n in range(60)], "everybody, and nobody twice"
    assert len({one.duty for one in found}) == len({one.number for one in found}) == 60
    assert [one.owner for one in found].count("1002") == 20
    last = await office.last(rule)
    assert (last.found, last.drawn, last.left_out) == (60, 60, {})
    assert await office.drawing.look() == 0


async def test_they_are_dealt_by_load_by_owner_or_to_the_team(office: Office) -> None:
    for n, owner in enumerate(("1002", "1009", "1002", "")):
        await office.customer(f"客{n}", ago(7), owner=owner)

    async def drawn_by(**terms: Any) -> list[str]:
        rule = await office.rule(**terms)
        await office.rules.draw(rule.id, "root")
        return [one.owner for one in await office.drawn(rule=rule.id)]

    assert await drawn_by(deal="owner") == ["1002", "1001", "1002", "1002"], "who is not of the team does not count"
    assert await drawn_by(deal="load") == ["1003", "1001", "1003", "1001"]
    assert await drawn_by(deal="team") == [""] * 4
    assert await drawn_by(team="empty") == [""] * 4


@pytest.mark.parametrize("field", ["created_at", "last_call", "last_consultation", "complaint_closed"])
async def test_days_that_customers_have_by_what_happened(office: Office, field: str) -> None:
    """Late in the evening of the day before, by UTC, is that day in the office's zone."""
    office.clock.move(15 * 3600 - 1)  # a second before midnight in Shanghai
    whom = await office.customer("张三", phones=("13800138000",))
    other = await office.customer("李四", phones=("13800138001",))
    store, at = office.store, office.clock.utc()

    async def happens(customer: CustomerId, number: str) -> None:
        match field:
            case "last_call":
                name = CallId(f"{number}-{office.clock.now}")
                record = call(name, caller=number, started_at=office.clock.utc(), outcome="answered")
                await store.calls.begin(record)
            case "last_consultation":
                written = ConsultationFields(customer=customer, category="use")
                await office.consultations.create(written, "1001", "agent")
            case "complaint_closed":
                await closed_complaint(office, customer)

    await happens(whom, "13800138000")
    await happens(other, "13800138001")
    rule = await office.rule(date_field=field, days=2, hour=0, catch_up=0)
    assert rule.since == TODAY + timedelta(days=1)
    office.clock.move(DAY)
    if field != "created_at":
        await happens(other, "13800138001")  # theirs is a later day now
    assert await office.drawing.look() == 1
    assert await office.names() == []
    office.clock.move(DAY)
    await office.drawing.look()
    assert await office.names() == (["张三", "李四"] if field == "created_at" else ["张三"])
    assert at.astimezone(ZONE).date() == TODAY


async def closed_complaint(office: Office, customer: CustomerId) -> None:
    store, now = office.store, office.clock.utc()
    one = await made(store, customer=customer)
    await store.complaints.move(one, state("moved", "closed", now, move="close"), {}, outcome="moved", duty=None)


async def test_conditions_and_queries_say_whom(office: Office) -> None:
    await office.customer("金", ago(7), level="gold")
    await office.customer("银", ago(7), level="silver")
    gold = Condition(field="level", op="is", values=("gold",))
    first = await office.rule(where=gold, active=False)
    saved = await office.store.saved_queries.add("金", Query(kind="customer", where=gold), "root", "nobody", "", START)
    second = await office.rule(query=saved.id)
    shown = await office.rules.preview(rule_of(query=saved.id), ROOT, second.id)
    assert [one.name for one, _ in shown.shown] == ["金"]
    assert (await office.rules.get(first.id)).where == gold
    await office.store.saved_queries.remove(saved.id)
    office.clock.move(3600)
    await office.drawing.look()
    last = await office.last(second)
    assert (last.fault, last.found, last.finished_at is not None) == ("query_gone", 0, True)


async def test_without_a_date_whom_the_query_finds_is_drawn_again_after_its_days(office: Office) -> None:
    await office.customer("金", level="gold")
    rule = await office.rule(date_field="", where=Condition(field="level", op="is", values=("gold",)), again_days=3)
    counts = []
    office.clock.move(3600)
    for _ in range(5):
        office.clock.move(DAY)
        await office.drawing.look()
        for one in await office.drawn(waiting=True):
            await office.follow_ups.done(one, one.version, Result(result="fair"), one.owner, "agent")
        counts.append((await office.last(rule)).drawn)
    assert counts == [1, 0, 0, 1, 0]


async def test_whom_it_would_draw_is_told_and_nothing_is_drawn(office: Office) -> None:
    await office.customer("甲", ago(7), owner="1003")
    await office.customer("乙", ago(7), phones=())
    terms = rule_of(deal="owner")
    shown = await office.rules.preview(terms, ROOT, None)
    assert (shown.day, shown.found, shown.drawn, shown.left_out) == (TODAY, 2, 1, {"no_number": 1})
    assert [(one.name, one.day, owner) for one, owner in shown.shown] == [("甲", ago(7), "1003")]
    assert await office.drawn() == []
    rule = await office.rules.add(terms, ROOT)
    await office.rules.draw(rule.id, "root")
    shown = await office.rules.preview(terms, ROOT, rule.id)
    assert (shown.drawn, shown.left_out) == (0, {"no_number": 1})


async def test_a_team_or_a_date_that_is_gone_is_logged_and_drawn_when_it_is_back(office: Office) -> None:
    await office.customer("甲", ago(7))
    rule = await office.rule()
    site, office.site = office.site, replace(office.site, teams=())
    office.clock.move(3600)
    await office.drawing.look()
    assert (await office.last(rule)).fault == "team_gone"
    assert await office.drawing.look() == 0, "not again by itself today"
    office.site = site
    assert (await office.rules.draw(rule.id, "root")).drawn == 1
    assert (await office.last(rule)).fault == ""


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"category": "nothing"}, "category"),
        ({"channel": "nothing"}, "channel"),
        ({"team": "nobody"}, "team"),
        ({"date_field": "x_nothing"}, "date_field"),
        ({"date_field": "birthday"}, "date_field"),
        ({"date_field": ""}, "date_field"),
        ({"date_field": "last_call", "days": -1}, "days"),
        ({"query": 99}, "query"),
        ({"where": Condition(field="nothing", op="filled")}, "where.field"),
        ({"where": Condition(field="level", op="filled"), "query": 1}, "query"),
        ({"date_field": "", "where": Condition(field="level", op="filled"), "again_days": 0}, "again_days"),
    ],
)
async def test_what_no_rule_can_be_is_refused(office: Office, terms: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        await office.rule(**terms)
    assert field in refused.value.fields
    assert await office.rules.all() == []


async def test_a_span_in_conditions_is_of_the_day_of_the_drawing(office: Office) -> None:
    await office.customer("新", level="gold")
    new = Condition(field="created_at", op="within", span=Span(period="today"))
    rule = await office.rule(date_field="", where=new, again_days=1)
    office.clock.move(3600)
    await office.drawing.look()
    assert (await office.last(rule)).found == 1
    office.clock.move(DAY)
    await office.drawing.look()
    assert (await office.last(rule)).found == 0
