"""Sampling plans draw in virtual time, on both databases: whose calls, how many, to whom, whatever comes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from callcenterd.bus import Bus
from callcenterd.errors import NotNow, Refused
from callcenterd.model.appraisal_plans import Plan, PlanTerms
from callcenterd.model.appraisals import Appraisal, AppraisalFilter, AppraisalSight
from callcenterd.model.ids import AgentId, TeamName
from callcenterd.model.site import Site, Team, UserAccount
from callcenterd.quality.appraisals import Appraisals
from callcenterd.quality.drawing import PlanDrawings
from callcenterd.quality.plans import Plans
from callcenterd.quality.templates import Templates
from callcenterd.store.database import Store
from callcenterd.store.faults import CannotStore
from callcenterd.tickets.appraisal_duties import AppraisalDuties
from callcenterd.tickets.ledger import Ledger
from tests.kit.virtual import START, VirtualClock
from tests.store.rows import call, recording

ZONE = ZoneInfo("Asia/Shanghai")
DAY = 24 * 3600.0
AGENTS = tuple(AgentId(login) for login in ("1001", "1002"))
SITE = Site(
    users=(
        *(UserAccount(login=login, name=login, role="agent") for login in AGENTS),
        UserAccount(login=AgentId("lead"), name="lead", role="supervisor"),
        UserAccount(login=AgentId("chief"), name="chief", role="manager"),
    ),
    teams=(Team(name=TeamName("one"), members=(AgentId("1001"),), leaders=(AgentId("lead"),)),),
)
EVERYTHING = AppraisalFilter(sight=AppraisalSight(login="root", agents=None))


class Office:
    """All that draws. `opens` is also what a new start is after kill -9: only the database is what it was."""

    def __init__(self, address: str | Path, clock: VirtualClock) -> None:
        self.address, self.clock = address, clock

    async def opens(self) -> None:
        self.store = store = await Store.open(self.address, clock=self.clock)
        bus = Bus()
        owes = AppraisalDuties(Ledger(store, bus, self.clock, lambda: SITE, ZONE), self.clock, ZONE)
        self.appraisals = Appraisals(store, bus, self.clock, lambda: SITE, owes, ZONE)
        self.drawings = PlanDrawings(
            store=store,
            clock=self.clock,
            site=lambda: SITE,
            appraisals=self.appraisals,
            chance=random.Random(3),
            zone=ZONE,
        )
        self.plans = Plans(store, self.clock, lambda: SITE, self.drawings, ZONE)
        await Templates(store, self.clock).ship()

    async def calls(self, agent: str, day: int, count: int, **known: Any) -> None:
        """Recorded conversations of two minutes, on the n-th day from START."""
        for n in range(count):
            name, at = f"{agent}-{day}-{n}", START + timedelta(days=day, minutes=n)
            filled: dict[str, Any] = {"agent": agent, "queue": "sales", "outcome": "answered", "talk_seconds": 120.0}
            filled |= {"answered_at": at, "ended_at": at + timedelta(minutes=2), "recording_id": f"{name}-1"}
            await self.store.calls.begin(call(name, started_at=at, **(filled | known)))
            await self.store.recordings.begin(recording(f"{name}-1", name, started_at=at))
            ended: dict[str, Any] = {"seconds": 120.0, "octets": 100, "sha256": "", "complete": True}
            await self.store.recordings.finish(recording(f"{name}-1", name).id, finished_at=at, **ended)

    async def plan(self, **known: Any) -> Plan:
        (card, *_) = await self.store.quality.templates.all()
        filled: dict[str, Any] = {"chinese": "抽检", "english": "Sample", "active": True, "template": card.id}
        filled |= {"per": "week", "count": 7, "appraisers": ("lead", "chief")}
        return await self.plans.add(PlanTerms(**(filled | known)), "chief")

    async def drawn(self) -> list[Appraisal]:
        found, _ = await self.store.quality.appraisals.page(EVERYTHING, 500)
        return found


@pytest.fixture
async def office(address: str | Path, clock: VirtualClock) -> AsyncIterator[Office]:
    opened = Office(address, clock)
    await opened.opens()
    yield opened
    await opened.store.close()


async def test_each_day_draws_as_many_as_are_wanted_by_then_and_deals_them_out(office: Office) -> None:
    plan = await office.plan(count=14)
    for day in range(2):
        await office.calls("1001", day, 10)
        await office.calls("1002", day, 3)
    assert await office.drawings.look() == 0, "the calls of today are not over"
    office.clock.move(DAY)
    assert await office.drawings.look() == 1
    of = Counter(one.agent for one in await office.drawn())
    assert of == {"1001": 2, "1002": 2}
    assert await office.drawings.look() == 0, "once a day"
    with pytest.raises(NotNow, match="drawn already"):
        await office.plans.draw(plan.id, "chief")
    office.clock.move(DAY)
    assert await office.drawings.look() == 1
    drawn = await office.drawn()
    assert Counter(one.agent for one in drawn) == {"1001": 4, "1002": 4}
    assert all(one.call_at < office.clock.utc() - timedelta(hours=20) for one in drawn)
    assert {one.appraiser for one in drawn if one.agent == "1002"} == {"chief"}, "lead oversees 1001 only"
    assert Counter(one.appraiser for one in drawn) == {"lead": 4, "chief": 4}
    assert {(one.team, one.recording is not None, one.state) for one in drawn} == {
        ("one", True, "open"),
        ("", True, "open"),
    }
    for one in drawn:
        assert one.duty is not None
        duty = await office.store.duties.get(one.duty)
        assert (duty.kind, duty.owner, duty.about, duty.due) == (
            "appraisal",
            one.appraiser,
            f"appraisal/{one.id}",
            one.due,
        )
    last = (await office.plans.all())[0][1]
    assert last is not None
    assert (last.found, last.drawn, last.left_out, last.fault) == (22, 4, {}, "")


async def test_the_seed_says_which_calls(office: Office) -> None:
    await office.plan()
    await office.calls("1001", 0, 20)
    office.clock.move(DAY)
    await office.drawings.look()
    (one,) = await office.drawn()
    again = random.Random(3).sample([f"1001-0-{n}" for n in range(20)], 1)
    assert one.call == again[0]


@pytest.mark.parametrize(
    ("terms", "known"),
    [
        pytest.param({"least_seconds": 121}, {}, id="too short"),
        pytest.param({"most_seconds": 119}, {}, id="too long"),
        pytest.param({"direction": "outbound"}, {}, id="another direction"),
        pytest.param({"outcome": "voicemail"}, {}, id="another outcome"),
        pytest.param({}, {"recording_id": None}, id="no recording"),
        pytest.param({"agents": ("1002",)}, {}, id="another agent"),
        pytest.param({"levels": ("vip",)}, {}, id="nobody's customer"),
    ],
)
async def test_what_does_not_meet_the_conditions_is_not_drawn(
    office: Office, terms: dict[str, Any], known: dict[str, Any]
) -> None:
    await office.plan(**terms)
    await office.calls("1001", 0, 3, **known)
    office.clock.move(DAY)
    assert await office.drawings.look() == 1
    assert await office.drawn() == []


async def test_days_that_nobody_was_there_for_are_made_up_for(office: Office) -> None:
    await office.plan(count=7)
    for day in range(5):
        await office.calls("1001", day, 2)
    office.clock.move(4 * DAY)
    assert await office.drawings.look() == 4
    assert len(await office.drawn()) == 4


async def test_a_drawing_that_was_killed_goes_on_and_nothing_is_drawn_twice(office: Office) -> None:
    plan = await office.plan(count=35)
    await office.calls("1001", 0, 30)
    office.clock.move(DAY)
    store, kept = office.store.quality.plans, 0
    draw = store.draw

    class Killed(Exception):
        """The process is gone here."""

    class Dying:
        """The store's plans until the third call is drawn."""

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        async def draw(self, *given: Any) -> Any:
            nonlocal kept
            if kept == 2:
                raise Killed
            kept += 1
            return await draw(*given)

    office.store.quality.plans = Dying()  # type: ignore[assignment]
    with pytest.raises(Killed):
        await office.drawings.look()
    await office.store.close()
    await office.opens()
    assert len(await office.drawn()) == 2
    assert await office.drawings.look() == 1
    drawn = await office.drawn()
    assert len(drawn) == 5
    assert len({one.call for one in drawn}) == 5
    assert len(await office.store.audit.search(what="appraisal_plan.drawn")) == 2
    last = (await office.plans.all())[0][1]
    assert last is not None
    assert (last.plan, last.drawn) == (plan.id, 5)


async def test_a_plan_that_cannot_be_kept_is_refused_by_field(office: Office) -> None:
    wrong = {"queues": ("none",), "appraisers": ("nobody",), "template": 999, "least_seconds": 9, "most_seconds": 3}
    with pytest.raises(Refused) as refused:
        await office.plan(**wrong)
    assert set(refused.value.fields) == {"queues", "appraisers", "template", "most_seconds"}


async def test_versions_scores_and_steps_are_never_changed_whoever_asks(office: Office) -> None:
    await office.plan()
    await office.calls("1001", 0, 1)
    office.clock.move(DAY)
    await office.drawings.look()
    database = office.store._database  # as somebody would who goes round our code
    for statement in (
        "UPDATE appraisal_template_versions SET by = 'x'",
        "DELETE FROM appraisal_template_versions",
        "UPDATE appraisal_steps SET at = '2020-01-01 00:00:00+00'",
        "DELETE FROM appraisal_steps",
        "UPDATE appraisals SET created_at = '2020-01-01 00:00:00+00'",
        "UPDATE appraisals SET agent = 'x'",
    ):

        async def work(connection: Any, text: str = statement) -> None:
            await connection.execute(sa.text(text))

        with pytest.raises(CannotStore):
            await database.write(work)
    steps = await office.store.quality.appraisals.steps((await office.drawn())[0].id)
    assert [(step.kind, step.by) for step in steps] == [("drawn", "system")]
