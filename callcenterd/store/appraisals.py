"""Appraisals: drafts, scores that stay, and every step of what was said about them (SUP-03).

An appraisal that is to be made is a duty of its appraiser; both are made and closed in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.appraisals import (
    SCORED,
    Answers,
    Appraisal,
    AppraisalCounts,
    AppraisalFilter,
    AppraisalIsAnother,
    AppraisalSight,
    AppraisalState,
    AppraisalStep,
    Given,
    NewAppraisal,
    Score,
    Scored,
    ScoreKind,
    StepKind,
)
from callcenterd.model.duties import Duty, NewDuty
from callcenterd.store.duties import end_duty, put_duty, step_duty
from callcenterd.store.engine import Database, bounded
from callcenterd.store.tables.appraisals import appraisal_scores, appraisal_steps, appraisals

KIND = "appraisal"
MOST_RESULTS = 50_000
_A = appraisals.c
_ANSWERS: TypeAdapter[dict[str, Given]] = TypeAdapter(dict[str, Given])
_NAMES = {
    "call": "call_id",
    "recording": "recording_id",
    "template": "template_id",
    "plan": "plan_id",
    "calibration": "calibration_id",
    "duty": "duty_id",
}


@dataclass(frozen=True, slots=True)
class Moved:
    """An appraisal as it is now, and its duty, where that is another by it."""

    one: Appraisal
    duty: Duty | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What is done with one. version: that was read. into: its state then; None: as before. of: states in which it may
    be done. new: columns that are others by it."""

    version: int
    of: Sequence[AppraisalState]
    into: AppraisalState | None = None
    kind: StepKind | None = None
    text: str = ""
    details: Mapping[str, str] | None = None
    new: Mapping[str, Any] | None = None


class Appraisals:
    def __init__(self, database: Database) -> None:
        self._database = database

    # ---- what is asked --------------------------------------------------------------------------------------

    async def get(self, appraisal: int) -> Appraisal:
        """Raises NotFound."""
        row = await self._database.row(sa.select(appraisals).where(_A.id == appraisal))
        if row is None:
            raise NotFound(KIND, appraisal)
        return _appraisal(row)

    async def page(self, chosen: AppraisalFilter, limit: int = 50, offset: int = 0) -> tuple[list[Appraisal], int]:
        """One page, those that are to be made first, then the newest; and how many there are in all."""
        to_do = sa.case((_A.state == "open", 0), else_=1)
        order = (to_do, sa.func.coalesce(_A.scored_at, _A.created_at).desc(), _A.id.desc())
        query = sa.select(appraisals).where(*_conditions(chosen))
        rows, total = await self._database.page(query, order, limit, offset)
        return [_appraisal(row) for row in rows], total

    async def scored(self, chosen: AppraisalFilter) -> list[Appraisal]:
        """All with a score, the oldest first; at most 50,000. Those of calibrations are nobody's result. Raises
        TooLong."""
        query = sa.select(appraisals).where(*_conditions(chosen), _A.state.in_(SCORED), _A.calibration_id.is_(None))
        async with self._database.timed(30.0) as connection:
            rows = (await connection.execute(query.order_by(_A.scored_at, _A.id).limit(MOST_RESULTS))).all()
        return [_appraisal(row) for row in rows]

    async def of_calibration(self, calibration: int) -> list[Appraisal]:
        query = sa.select(appraisals).where(_A.calibration_id == calibration).order_by(_A.id).limit(bounded(100))
        return [_appraisal(row) for row in await self._database.rows(query)]

    async def of_call(self, call: str, appraiser: str) -> Appraisal | None:
        """One that somebody makes or has made of a call, by itself."""
        query = sa.select(appraisals).where(
            _A.call_id == call, _A.appraiser == appraiser, _A.state != "cancelled", _A.calibration_id.is_(None)
        )
        row = await self._database.row(query.order_by(_A.id.desc()).limit(1))
        return None if row is None else _appraisal(row)

    async def counts(self, login: str, sight: AppraisalSight, *, reviews: bool) -> AppraisalCounts:
        """reviews: looks again at those of others too."""
        told = _A.calibration_id.is_(None)
        own = _A.appraiser == login
        whose = own if not reviews else own | (_seen(sight) & (_A.agent != login))
        parts = {
            "to_do": own & (_A.state == "open"),
            "disputed": whose & (_A.state == "disputed"),
            "news": told & (_A.agent == login) & (_A.state == "submitted"),
        }
        columns = [sa.func.sum(sa.case((part, 1), else_=0)).label(name) for name, part in parts.items()]
        row = await self._database.row(sa.select(*columns).where(_A.state.in_(("open", "disputed", "submitted"))))
        assert row is not None, "a sum is one row"
        return AppraisalCounts(**{name: int(getattr(row, name) or 0) for name in parts})

    async def steps(self, appraisal: int) -> list[AppraisalStep]:
        c = appraisal_steps.c
        query = sa.select(appraisal_steps).where(c.appraisal_id == appraisal).order_by(c.id).limit(bounded(500))
        rows = await self._database.rows(query)
        return [AppraisalStep(**{k: v for k, v in row._mapping.items() if k != "appraisal_id"}) for row in rows]

    async def scores(self, appraisal: int) -> list[Score]:
        """In the order in which they were given; the last one holds."""
        c = appraisal_scores.c
        query = sa.select(appraisal_scores).where(c.appraisal_id == appraisal).order_by(c.id).limit(bounded(100))
        found = []
        for row in await self._database.rows(query):
            known = {name: value for name, value in row._mapping.items() if name != "appraisal_id"}
            known |= {"answers": _ANSWERS.validate_python(known["answers"]), "fatal": tuple(known["fatal"])}
            found.append(Score(**known))
        return found

    # ---- what is done ---------------------------------------------------------------------------------------

    async def add(self, new: NewAppraisal, duty: NewDuty | None, by: str, now: datetime) -> Moved:
        """Durable. Raises NotNow: that appraiser has one of that call already."""

        async def work(connection: AsyncConnection) -> Moved:
            same = (_A.call_id == new.call, _A.appraiser == new.appraiser, _A.state != "cancelled")
            if new.calibration is None:
                query = sa.select(_A.id).where(*same, _A.calibration_id.is_(None))
                if (await connection.execute(query.limit(1))).first() is not None:
                    raise NotNow("you appraise this call already")
            return await put_appraisal(connection, new, duty, by, now)

        return await self._database.write(work)

    async def move(self, appraisal: int, what: Move, by: str, now: datetime) -> Moved:
        """One step; durable. Raises NotFound, AppraisalIsAnother, and NotNow: not in this state."""

        async def work(connection: AsyncConnection) -> Moved:
            before = await _before(connection, appraisal, what)
            return await _moved(connection, before, what, by, now)

        return await self._database.write(work)

    async def score(
        self,
        appraisal: int,
        what: Move,
        given: Answers,
        summary: str,
        scored: Scored,
        passing: int,
        by: str,
        now: datetime,
    ) -> Moved:
        """Submitted, or corrected: the score is kept beside those before it; durable. Raises as `move`."""
        answers, kind = packed(given), what.kind
        assert kind in ("submitted", "corrected"), "a score comes of nothing else"
        values: dict[str, Any] = {"answers": answers, "summary": summary, "score": scored.score}
        values |= {"fatal": bool(scored.fatal), "passed": scored.score >= passing}

        async def work(connection: AsyncConnection) -> Moved:
            before = await _before(connection, appraisal, what)
            values["scored_at"] = before.scored_at or now  # a correction counts for the time of the first
            score_kind: ScoreKind = "submitted" if kind == "submitted" else "corrected"
            row: dict[str, Any] = {
                "appraisal_id": appraisal,
                "kind": score_kind,
                "at": now,
                "by": by,
                "score": scored.score,
            }
            row |= {"fatal": list(scored.fatal), "answers": answers, "summary": summary}
            await connection.execute(appraisal_scores.insert(), [row])
            details = {"score": f"{scored.score:.2f}"}
            if before.score is not None:
                details["before"] = f"{before.score:.2f}"
            return await _moved(connection, before, what, by, now, values, details)

        return await self._database.write(work)


async def put_appraisal(
    connection: AsyncConnection, new: NewAppraisal, duty: NewDuty | None, by: str, now: datetime
) -> Moved:
    """A new one with its duty and its first step, in the caller's transaction."""
    row = {_NAMES.get(name, name): value for name, value in asdict(new).items()}
    row |= {"answers": {}, "created_at": now, "created_by": by, "changed_at": now, "changed_by": by}
    added = _appraisal((await connection.execute(appraisals.insert().values(row).returning(appraisals))).one())
    kind: StepKind = "created" if new.plan is None else "drawn"
    await _step(connection, added.id, kind, by, now, "", {"appraiser": new.appraiser})
    if duty is None:
        return Moved(added)
    about = f"{KIND}/{added.id}"
    owed = await put_duty(connection, NewDuty(**{**_plain(duty), "about": about}), "", by, now)
    named = appraisals.update().where(_A.id == added.id).values({"duty_id": owed.id}).returning(appraisals)
    return Moved(_appraisal((await connection.execute(named)).one()), owed)


async def _before(connection: AsyncConnection, appraisal: int, what: Move) -> Appraisal:
    row = (await connection.execute(sa.select(appraisals).where(_A.id == appraisal))).first()
    if row is None:
        raise NotFound(KIND, appraisal)
    before = _appraisal(row)
    if before.version != what.version:
        raise AppraisalIsAnother(before)
    if before.state not in what.of:
        raise NotNow(f"this appraisal is {before.state}")
    return before


async def _moved(
    connection: AsyncConnection,
    before: Appraisal,
    what: Move,
    by: str,
    now: datetime,
    values: Mapping[str, Any] | None = None,
    details: Mapping[str, str] | None = None,
) -> Moved:
    new: dict[str, Any] = {**(what.new or {}), **(values or {})}
    new |= {"changed_at": now, "changed_by": by, "version": before.version + 1}
    if what.into is not None:
        new["state"] = what.into
    change = appraisals.update().where(_A.id == before.id).values(new).returning(appraisals)
    after = _appraisal((await connection.execute(change)).one())
    if what.kind is not None:
        await _step(connection, after.id, what.kind, by, now, what.text, {**(what.details or {}), **(details or {})})
    if before.duty is None or before.state != "open":
        return Moved(after)
    if after.state == "cancelled":
        return Moved(after, await end_duty(connection, before.duty, "", by, now, state="cancelled", text=what.text))
    if after.state != "open":
        return Moved(after, await end_duty(connection, before.duty, "appraised", by, now))
    if after.appraiser != before.appraiser:
        to = {"owner": after.appraiser}
        return Moved(
            after, await step_duty(connection, before.duty, to, "assigned", by, now, text=what.text, details=to)
        )
    return Moved(after)


async def _step(
    connection: AsyncConnection,
    appraisal: int,
    kind: StepKind,
    by: str,
    at: datetime,
    text: str,
    details: Mapping[str, str],
) -> None:
    row = {"appraisal_id": appraisal, "at": at, "by": by, "kind": kind, "text": text, "details": dict(details)}
    await connection.execute(appraisal_steps.insert(), [row])


def _conditions(chosen: AppraisalFilter) -> list[sa.ColumnElement[bool]]:
    same = ("agent", "appraiser", "team", "queue", "template", "plan", "call", "passed")
    found: list[sa.ColumnElement[bool]] = [
        _A[_NAMES.get(name, name)] == value for name in same if (value := getattr(chosen, name)) is not None
    ]
    if chosen.states:
        found.append(_A.state.in_(chosen.states))
    at = sa.func.coalesce(_A.scored_at, _A.created_at)
    if chosen.since is not None:
        found.append(at >= chosen.since)
    if chosen.until is not None:
        found.append(at < chosen.until)
    return [*found, _seen(chosen.sight)]


def _seen(sight: AppraisalSight) -> sa.ColumnElement[bool]:
    """As `AppraisalSight.sees`."""
    found = _A.calibration_id.is_(None) & ((_A.agent != sight.login) | _A.state.in_(SCORED))
    if sight.agents is not None:
        found &= _A.agent.in_(sight.agents) | _A.team.in_(sight.teams)
    return found | (_A.appraiser == sight.login)


def packed(given: Answers) -> dict[str, Any]:
    return {name: asdict(one) for name, one in given.items()}


def _plain(duty: NewDuty) -> dict[str, Any]:
    return {name: getattr(duty, name) for name in NewDuty.__dataclass_fields__}


def _appraisal(row: sa.Row[Any]) -> Appraisal:
    known = dict(row._mapping)
    known |= {name: known.pop(column) for name, column in _NAMES.items()}
    known["answers"] = _ANSWERS.validate_python(known["answers"])
    return Appraisal(**known)
