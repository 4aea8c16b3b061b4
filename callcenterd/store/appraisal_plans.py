"""Sampling plans, the log of their drawings, and which call each drew for whom (SUP-03).

A call is drawn in one transaction with its appraisal and the duty: what was drawn before the server was killed is
there, and the drawing goes on after it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.appraisal_plans import MOST_PLANS, Plan, PlanDrawing, PlanFault, PlanIsAnother, PlanTerms
from callcenterd.model.appraisals import NewAppraisal
from callcenterd.model.duties import NewDuty
from callcenterd.model.ids import AgentId, CallId, RecordingId
from callcenterd.store.appraisals import Moved, put_appraisal
from callcenterd.store.engine import Database, bounded
from callcenterd.store.schema import calls, customers, recordings
from callcenterd.store.tables.appraisals import appraisal_drawings, appraisal_draws, appraisal_plans, appraisals

KIND = "sampling plan"
SECONDS = 60.0
"""For the question of one drawing."""
MOST_CANDIDATES = 200_000
_TERMS = TypeAdapter(PlanTerms)
_NAMES = tuple(field.name for field in fields(PlanTerms))
_P, _D, _DREW = appraisal_plans.c, appraisal_drawings.c, appraisal_draws.c


@dataclass(frozen=True, slots=True)
class Candidate:
    """A call that a plan may draw. seconds: of talk."""

    call: CallId
    agent: AgentId
    queue: str
    at: datetime
    seconds: float | None
    recording: RecordingId | None


class AppraisalPlans:
    def __init__(self, database: Database) -> None:
        self._database = database

    # ---- plans ----------------------------------------------------------------------------------------------

    async def all(self) -> list[Plan]:
        """In the order in which they were made."""
        rows = await self._database.rows(sa.select(appraisal_plans).order_by(_P.id).limit(MOST_PLANS))
        return [_plan(row) for row in rows]

    async def get(self, plan: int) -> Plan:
        """Raises NotFound."""
        row = await self._database.row(sa.select(appraisal_plans).where(_P.id == plan))
        if row is None:
            raise NotFound(KIND, plan)
        return _plan(row)

    async def add(self, terms: PlanTerms, since: date | None, by: str, now: datetime) -> Plan:
        """Durable. Raises NotNow: there are too many."""
        row: dict[str, Any] = {"terms": asdict(terms), "since": since}
        row |= {"created_at": now, "created_by": by, "changed_at": now, "changed_by": by}

        async def work(connection: AsyncConnection) -> Plan:
            counted = sa.select(sa.func.count()).select_from(appraisal_plans)
            if (await connection.execute(counted)).scalar_one() >= MOST_PLANS:
                raise NotNow(f"there are at most {MOST_PLANS} plans")
            added = appraisal_plans.insert().values(row).returning(appraisal_plans)
            return _plan((await connection.execute(added)).one())

        return await self._database.write(work)

    async def change(
        self, plan: int, version: int, terms: PlanTerms, since: date | None, by: str, now: datetime
    ) -> Plan:
        """Durable. version: the one that was read. Raises NotFound, PlanIsAnother."""
        new = {"terms": asdict(terms), "since": since, "changed_at": now, "changed_by": by, "version": version + 1}

        async def work(connection: AsyncConnection) -> Plan:
            row = (await connection.execute(sa.select(appraisal_plans).where(_P.id == plan))).first()
            if row is None:
                raise NotFound(KIND, plan)
            if row.version != version:
                raise PlanIsAnother(_plan(row))
            change = appraisal_plans.update().where(_P.id == plan).values(new).returning(appraisal_plans)
            return _plan((await connection.execute(change)).one())

        return await self._database.write(work)

    # ---- drawings -------------------------------------------------------------------------------------------

    async def drawings(self, plan: int, limit: int = 50, offset: int = 0) -> tuple[list[PlanDrawing], int]:
        """One page of a plan's, the newest first, and how many there are in all."""
        query = sa.select(appraisal_drawings).where(_D.plan_id == plan)
        rows, total = await self._database.page(query, (_D.day.desc(), _D.id.desc()), limit, offset)
        return [_drawing(row) for row in rows], total

    async def last(self) -> dict[int, PlanDrawing]:
        """Of each plan that has ever drawn, its newest."""
        newest = sa.select(_D.plan_id, sa.func.max(_D.day).label("day")).group_by(_D.plan_id).subquery()
        same = (_D.plan_id == newest.c.plan_id) & (_D.day == newest.c.day)
        rows = await self._database.rows(sa.select(appraisal_drawings).join(newest, same))
        return {row.plan_id: _drawing(row) for row in rows}

    async def finished(self, since: date) -> set[tuple[int, date]]:
        """Plans and days, from that one on, that are drawn for."""
        query = sa.select(_D.plan_id, _D.day).where(_D.day >= since, _D.finished_at.is_not(None), _D.fault == "")
        return {(row.plan_id, row.day) for row in await self._database.rows(query)}

    async def begin(self, plan: int, day: date, by: str, now: datetime) -> PlanDrawing:
        """That day's; durable. One that was not finished goes on, and one that came to nothing begins anew. Raises
        NotNow: it is finished."""

        async def work(connection: AsyncConnection) -> PlanDrawing:
            this = (_D.plan_id == plan) & (_D.day == day)
            known = (await connection.execute(sa.select(appraisal_drawings).where(this))).first()
            if known is None:
                row = {"plan_id": plan, "day": day, "by": by, "started_at": now, "left_out": {}}
                added = appraisal_drawings.insert().values(row).returning(appraisal_drawings)
                return _drawing((await connection.execute(added)).one())
            if known.finished_at is not None and not known.fault:
                raise NotNow("this plan has drawn already for that day")
            again = {"finished_at": None, "fault": ""}
            change = appraisal_drawings.update().where(this).values(again).returning(appraisal_drawings)
            return _drawing((await connection.execute(change)).one())

        return await self._database.write(work)

    async def finish(
        self, drawing: int, found: int, left_out: Mapping[str, int], now: datetime, fault: PlanFault = ""
    ) -> PlanDrawing:
        """It is over; durable."""

        async def work(connection: AsyncConnection) -> PlanDrawing:
            drew = sa.select(sa.func.count()).select_from(appraisal_draws).where(_DREW.drawing_id == drawing)
            new = {"finished_at": now, "found": found, "left_out": dict(left_out), "fault": fault}
            new |= {"drawn": (await connection.execute(drew)).scalar_one()}
            change = appraisal_drawings.update().where(_D.id == drawing).values(new).returning(appraisal_drawings)
            return _drawing((await connection.execute(change)).one())

        return await self._database.write(work)

    # ---- whom and what --------------------------------------------------------------------------------------

    async def candidates(
        self, plan: Plan, agents: Collection[str] | None, since: datetime, until: datetime
    ) -> list[Candidate]:
        """Calls of that time that meet the plan's conditions, that it has not drawn and nobody appraises; in their
        order. agents None: of anybody. Raises TooLong."""
        c, r = calls.c, recordings.c
        drawn = sa.select(_DREW.id).where(_DREW.plan_id == plan.id, _DREW.call_id == c.id)
        known = appraisals.c
        appraised = sa.select(known.id).where(
            known.call_id == c.id, known.state != "cancelled", known.calibration_id.is_(None)
        )
        query = (
            sa.select(c.id, c.agent, c.queue, c.started_at, c.talk_seconds, r.id.label("recording"))
            .outerjoin(recordings, (r.id == c.recording_id) & r.finished_at.is_not(None) & (r.octets > 0))
            .where(c.started_at >= since, c.started_at < until, c.ended_at.is_not(None), c.agent.is_not(None))
            .where(sa.func.coalesce(c.talk_seconds, 0.0) >= plan.least_seconds, ~drawn.exists(), ~appraised.exists())
        )
        if agents is not None:
            query = query.where(c.agent.in_(agents))
        if plan.most_seconds is not None:
            query = query.where(c.talk_seconds <= plan.most_seconds)
        if plan.recorded:
            query = query.where(r.id.is_not(None))
        for column, value in ((c.direction, plan.direction), (c.outcome, plan.outcome)):
            if value is not None:
                query = query.where(column == value)
        for column, values in ((c.queue, plan.queues), (c.disposition, plan.dispositions)):
            if values:
                query = query.where(column.in_(values))
        if plan.levels:
            theirs = sa.select(customers.c.id).where(customers.c.level.in_(plan.levels))
            query = query.where(c.customer_id.in_(theirs))
        async with self._database.timed(SECONDS) as connection:
            rows = (await connection.execute(query.order_by(c.started_at, c.id).limit(MOST_CANDIDATES))).all()
        return [
            Candidate(row.id, AgentId(row.agent), row.queue or "", row.started_at, row.talk_seconds, row.recording)
            for row in rows
        ]

    async def drawn(self, plan: int, period: date) -> tuple[dict[str, int], dict[str, int]]:
        """How many calls of each agent, and how many for each appraiser, in the period that begins so."""
        query = sa.select(_DREW.agent, _DREW.appraiser).where(_DREW.plan_id == plan, _DREW.period == period)
        of: dict[str, int] = defaultdict(int)
        to: dict[str, int] = defaultdict(int)
        for row in await self._database.rows(query.limit(bounded(MOST_CANDIDATES))):
            of[row.agent] += 1
            to[row.appraiser] += 1
        return of, to

    async def draw(
        self, drawing: PlanDrawing, period: date, wanted: int, new: NewAppraisal, duty: NewDuty, now: datetime
    ) -> Moved | None:
        """A call, with its appraisal and the duty; durable. None: it is drawn already, or its agent has as many in that
        period as are wanted."""

        async def work(connection: AsyncConnection) -> Moved | None:
            same = sa.select(_DREW.id).where(_DREW.plan_id == drawing.plan, _DREW.call_id == new.call)
            of = (_DREW.plan_id == drawing.plan, _DREW.period == period, _DREW.agent == new.agent)
            has = sa.select(sa.func.count()).select_from(appraisal_draws).where(*of)
            if (await connection.execute(same)).first() is not None:
                return None
            if (await connection.execute(has)).scalar_one() >= wanted:
                return None
            made = await put_appraisal(connection, new, duty, "system", now)
            row = {"plan_id": drawing.plan, "call_id": new.call, "period": period, "agent": new.agent}
            row |= {"appraiser": new.appraiser, "drawing_id": drawing.id, "appraisal_id": made.one.id}
            await connection.execute(appraisal_draws.insert(), [row])
            return made

        return await self._database.write(work)


def _plan(row: sa.Row[Any]) -> Plan:
    known = dict(row._mapping)
    terms = _TERMS.validate_python(known.pop("terms"))
    return Plan(**{name: getattr(terms, name) for name in _NAMES}, **known)


def _drawing(row: sa.Row[Any]) -> PlanDrawing:
    known = dict(row._mapping)
    return PlanDrawing(plan=known.pop("plan_id"), **known)
