"""Draws calls by sampling plans, once a day each, and deals them out as appraisals (SUP-03).

A day's drawing looks through the calls of its week or month up to that day, and takes as many of each agent's as are
still wanted by then. What was drawn is in the store, call by call: a drawing that was cut off goes on, days that nobody
was there for are made up for, and nothing is drawn twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, tzinfo

import structlog

from callcenterd.clock import Clock
from callcenterd.errors import CallcenterdError, NotFound, NotNow
from callcenterd.model.appraisal_plans import MOST_CATCH_UP, Plan, PlanDrawing, PlanFault
from callcenterd.model.appraisals import NewAppraisal, Template
from callcenterd.model.ids import TeamName
from callcenterd.model.site import Site
from callcenterd.quality.appraisals import Appraisals
from callcenterd.quality.sampling import Even, choose, period_of, wanted_by
from callcenterd.store.appraisal_plans import Candidate
from callcenterd.store.database import Store
from callcenterd.store.engine import TooLong

_log = structlog.get_logger(__name__)

LONGEST = 30.0
"""Seconds between two looks at what is to be drawn: the machine's date may be set right."""


class PlanDrawings:
    """site: as it is now. chance: takes the calls. zone: the office's, whose days and hours count."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        site: Callable[[], Site],
        appraisals: Appraisals,
        chance: random.Random,
        zone: tzinfo,
    ) -> None:
        self._store = store
        self._clock = clock
        self._site = site
        self._appraisals = appraisals
        self._chance = chance
        self._zone = zone
        self._one_at_a_time = asyncio.Lock()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    # ---- the clock ------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="sampling of calls")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def wake(self) -> None:
        """A plan is another now."""
        self._changed.set()

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            try:
                await self.look()
            except CallcenterdError as fault:  # the database, first of all: it is tried again
                _log.warning("calls are sampled later", why=str(fault))
            except Exception:  # noqa: BLE001  # tomorrow's drawings are drawn all the same
                _log.exception("calls are sampled later")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LONGEST):
                    await self._changed.wait()

    async def look(self) -> int:
        """Draw what is to be drawn now; answers how many drawings that were. What is at fault with one plan keeps no
        other from drawing; it is raised after them."""
        plans = [plan for plan in await self._store.quality.plans.all() if plan.active and plan.since is not None]
        if not plans:
            return 0
        local = self._clock.utc().astimezone(self._zone)
        last = {plan.id: local.date() - timedelta(days=1 if local.hour >= plan.hour else 2) for plan in plans}
        oldest = local.date() - timedelta(days=MOST_CATCH_UP + 1)
        done = await self._store.quality.plans.finished(oldest)
        failed = {one.plan: one.day for one in (await self._store.quality.plans.last()).values() if one.fault}
        drew, faults = 0, []
        for plan in plans:
            assert plan.since is not None, "they are chosen so"
            for day in _days(max(plan.since, oldest), last[plan.id]):
                if (plan.id, day) in done or failed.get(plan.id) == day:
                    continue
                try:
                    await self._draw(plan, day, "system")
                    drew += 1
                except Exception as fault:  # noqa: BLE001  # the first is raised below
                    faults.append(fault)
        if faults:
            raise faults[0]
        return drew

    # ---- drawing --------------------------------------------------------------------------------------------

    async def draw_now(self, plan: Plan, by: str) -> PlanDrawing:
        """Of the calls up to yesterday, before its hour or after it came to nothing. Raises NotNow: it is drawn, or the
        plan is off."""
        if not plan.active:
            raise NotNow("this plan is switched off")
        return await self._draw(plan, self._clock.utc().astimezone(self._zone).date() - timedelta(days=1), by)

    async def _draw(self, plan: Plan, day: date, by: str) -> PlanDrawing:
        async with self._one_at_a_time:
            drawing = await self._store.quality.plans.begin(plan.id, day, by, self._clock.utc())
            try:
                template = await self._store.quality.templates.get(plan.template)
            except NotFound:
                return await self._end(plan, drawing, 0, Counter(), by, "template_gone")
            if not template.active:
                return await self._end(plan, drawing, 0, Counter(), by, "template_gone")
            if not self._appraisers(plan):
                return await self._end(plan, drawing, 0, Counter(), by, "nobody")
            first, _ = period_of(day, plan.per)
            try:
                found = await self._store.quality.plans.candidates(
                    plan, self._agents(plan), self._start(first), self._start(day + timedelta(days=1))
                )
            except TooLong:
                return await self._end(plan, drawing, 0, Counter(), by, "too_long")
            left = await self._deal(plan, drawing, template, day, found)
            return await self._end(plan, drawing, len(found), left, by)

    async def _deal(
        self, plan: Plan, drawing: PlanDrawing, template: Template, day: date, found: list[Candidate]
    ) -> Counter[str]:
        """Answers what was left out, by reason."""
        first, _ = period_of(day, plan.per)
        wanted = wanted_by(day, plan.per, plan.count)
        has, dealt = await self._store.quality.plans.drawn(plan.id, first)
        calls: dict[str, list[Candidate]] = defaultdict(list)
        for one in found:
            calls[one.agent].append(one)
        even, left = Even(self._appraisers(plan), dealt, self._may), Counter[str]()
        for agent, theirs in calls.items():
            left["too_few"] += max(wanted - has.get(agent, 0) - len(theirs), 0)
        for agent, call in choose(calls, has, wanted, self._chance):
            appraiser = even.next(agent)
            if not appraiser:
                left["no_appraiser"] += 1
                continue
            new, duty = self._appraisals.owed(self._new(plan, template, call, appraiser), plan.due_days)
            made = await self._store.quality.plans.draw(drawing, first, wanted, new, duty, self._clock.utc())
            if made is not None:
                await self._appraisals.told(made, "appraisal.drawn", "system", {"plan": plan.id, "call": call.call})
        return left

    def _new(self, plan: Plan, template: Template, call: Candidate, appraiser: str) -> NewAppraisal:
        return NewAppraisal(
            call=call.call,
            call_at=call.at,
            seconds=call.seconds,
            agent=call.agent,
            team=TeamName(self._site().team_of(call.agent)),
            queue=call.queue,
            recording=call.recording,
            template=template.id,
            template_version=template.version,
            appraiser=appraiser,
            plan=plan.id,
        )

    async def _end(
        self, plan: Plan, drawing: PlanDrawing, found: int, left: Counter[str], by: str, fault: PlanFault = ""
    ) -> PlanDrawing:
        now, left_out = self._clock.utc(), {why: count for why, count in left.items() if count}
        ended = await self._store.quality.plans.finish(drawing.id, found, left_out, now, fault)
        details = {"day": ended.day.isoformat(), "found": found, "drawn": ended.drawn, "left_out": left_out}
        details |= {"fault": fault} if fault else {}
        await self._store.audit.append(now, by, "appraisal_plan.drawn", f"appraisal_plan/{plan.id}", details)
        _log.info("calls sampled", plan=plan.id, found=found, drawn=ended.drawn, fault=fault)
        return ended

    # ---- of whom, and by whom -------------------------------------------------------------------------------

    def _agents(self, plan: Plan) -> set[str] | None:
        """None: of anybody."""
        if not plan.agents and not plan.teams:
            return None
        members = {member for team in self._site().teams if team.name in plan.teams for member in team.members}
        return {*plan.agents, *members}

    def _appraisers(self, plan: Plan) -> list[str]:
        """Those who are still users."""
        users = {user.login for user in self._site().users}
        return [one for one in plan.appraisers if one in users]

    def _may(self, appraiser: str, agent: str) -> bool:
        overseen = self._site().overseen_by(appraiser)
        return overseen is None or agent in overseen

    def _start(self, day: date) -> datetime:
        """The first moment of a day of the office."""
        return datetime.combine(day, time(), self._zone)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
