"""The ledger of duties: each as it stands, and its steps, which are only ever added to (docs/decisions/0030).

Every change is one transaction with its step, and with the letters that it sends: what was told was kept, and what was
kept is told once. Steps are guarded in the database itself: triggers refuse to change or remove one.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow
from callcenterd.model import numbers
from callcenterd.model.calls import CallRecord, Direction, Outcome
from callcenterd.model.duties import (
    Duty,
    DutyCounts,
    DutyFilter,
    DutyIsAnother,
    DutyLetter,
    DutyOnDay,
    DutySight,
    DutyState,
    DutyStep,
    DutyStepKind,
    Escalation,
    NewDuty,
    PromisesKept,
)
from callcenterd.model.ids import CallId, CustomerId
from callcenterd.store.engine import Database, bounded
from callcenterd.store.hidden import has_word, sought
from callcenterd.store.schema import calls, outbox
from callcenterd.store.search import by_index
from callcenterd.store.seen import duties_seen
from callcenterd.store.tables.duties import duties, duty_steps
from callcenterd.store.words import every_word, words_of

MOST_STEPS = 500
MOST_OF_A_LINE = 50
_BESIDE = {"stage", "next_at", "escalated_to", "call_id"}
"""What the clock and calls change: not a version that somebody has to have seen."""
_COLUMNS = tuple(column for column in duties.c if column.name not in ("line", "words"))

_ON_DAY = tuple(
    duties.c[{"customer": "customer_id"}.get(field.name, field.name)].label(field.name) for field in fields(DutyOnDay)
)


class Duties:
    def __init__(self, database: Database, region: str) -> None:
        self._database = database
        self._region = region

    def line(self, number: str) -> str:
        """One text for one line, however it is written."""
        return numbers.normalise(number, self._region)

    # ---- reading ----------------------------------------------------------------------------------------

    async def get(self, duty: int) -> Duty:
        """Raises NotFound."""
        row = await self._database.row(sa.select(*_COLUMNS).where(duties.c.id == duty))
        if row is None:
            raise NotFound("duty", duty)
        return _duty(row)

    async def steps(self, duty: int) -> list[DutyStep]:
        """The last 500 of one duty, in their order; [] also for one that there is not."""
        query = sa.select(duty_steps).where(duty_steps.c.duty_id == duty).order_by(duty_steps.c.id.desc())
        rows = await self._database.rows(query.limit(MOST_STEPS))
        return [
            DutyStep(id=row.id, at=row.at, by=row.by, kind=row.kind, text=row.text, details=row.details)
            for row in reversed(rows)
        ]

    async def page(self, chosen: DutyFilter, limit: int = 50, offset: int = 0) -> tuple[list[Duty], int]:
        """One page, at most 500, and how many there are in all. Open ones: what is due first; else what was closed or
        made last."""
        query = sa.select(*_COLUMNS).where(*self._conditions(chosen))
        order = (duties.c.due, duties.c.id) if chosen.state == "open" else (duties.c.id.desc(),)
        words = by_index(duties, every_word(chosen.text), sqlite=self._database.is_sqlite)
        rows, total = await self._database.page(query, order, limit, offset, duties.c.id, words)
        return [_duty(row) for row in rows], total

    async def on_days(self, chosen: DutyFilter, most: int) -> tuple[list[DutyOnDay], int]:
        """For a calendar: the first so many by their time, and how many there are in all."""
        which = self._conditions(chosen)
        query = sa.select(*_ON_DAY).where(*which).order_by(duties.c.due, duties.c.id).limit(most)
        found = [DutyOnDay(**row._mapping) for row in await self._database.rows(query)]
        if len(found) < most:
            return found, len(found)
        row = await self._database.row(sa.select(sa.func.count().label("n")).select_from(duties).where(*which))
        return found, len(found) if row is None else int(row.n)

    def _conditions(self, chosen: DutyFilter) -> list[sa.ColumnElement[bool]]:
        given = {name: getattr(chosen, name) for name in ("owner", "kind", "team", "queue")}
        found = [duties.c[name] == value for name, value in given.items() if value is not None]
        if chosen.state is not None:
            found.append(_is(chosen.state))
        if chosen.overdue is not None:
            found += [_is("open"), duties.c.due <= chosen.overdue]
        if chosen.not_cancelled:
            found.append(duties.c.state != "cancelled")
        if chosen.since is not None:
            found.append(duties.c.due >= chosen.since)
        if chosen.until is not None:
            found.append(duties.c.due < chosen.until)
        found += [has_word(duties.c.words, word) for word in every_word(chosen.text)]
        whose = []
        if line := self.line(chosen.number) if chosen.number else "":
            sought(chosen.number)
            whose.append(duties.c.line == line)
        if chosen.customers:
            whose.append(duties.c.customer_id.in_(chosen.customers))
        if chosen.number or chosen.customers:
            found.append(sa.or_(*whose) if whose else sa.false())
        if chosen.sight is not None:
            found.append(duties_seen(chosen.sight))
        return [*found, *_not_of(chosen.without)]

    async def counts(
        self, login: str, now: datetime, sight: DutySight | None, *, without: Sequence[str] = ()
    ) -> DutyCounts:
        """Of open ones. without: kinds that nobody sees."""
        mine, seen = duties.c.owner == login, sa.true() if sight is None else duties_seen(sight)

        def number(*of: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
            return sa.func.coalesce(sa.func.sum(sa.case((sa.and_(*of), 1), else_=0)), 0)

        row = await self._database.row(
            sa.select(
                number(mine).label("mine"),
                number(mine, (duties.c.stage > 0) | (duties.c.due <= now)).label("due"),
                number(seen, duties.c.owner == "").label("unowned"),
                number(seen, duties.c.due <= now).label("overdue"),
            ).where(_is("open"), *_not_of(without))
        )
        assert row is not None, "sums of nothing are one row"
        return DutyCounts(**{name: int(value) for name, value in row._mapping.items()})

    async def promises_kept(self, since: datetime, until: datetime, now: datetime) -> list[PromisesKept]:
        """Each person's, of those first promised for a time in the period that is over by now; by login."""
        kept = (duties.c.state == "done") & (duties.c.closed_at <= duties.c.first_due)
        query = (
            sa.select(
                duties.c.owner,
                sa.func.count().label("promised"),
                sa.func.sum(sa.case((kept, 1), else_=0)).label("kept"),
                sa.func.sum(sa.case((duties.c.state == "open", 1), else_=0)).label("open"),
            )
            .where(
                duties.c.kind == "promise",
                duties.c.state != "cancelled",
                duties.c.first_due >= since,
                duties.c.first_due < until,
                (duties.c.first_due <= now) | (duties.c.state == "done"),
            )
            .group_by(duties.c.owner)
            .order_by(duties.c.owner)
        )
        found = []
        for row in await self._database.rows(query):
            promised, on_time, still_open = int(row.promised), int(row.kept), int(row.open)
            found.append(
                PromisesKept(
                    owner=row.owner,
                    promised=promised,
                    kept=on_time,
                    late=promised - on_time - still_open,
                    open=still_open,
                )
            )
        return found

    # ---- writing ----------------------------------------------------------------------------------------

    async def add(self, new: NewDuty, by: str, at: datetime, *, one_a_line: bool = False) -> Duty:
        """Durable, with its first step. one_a_line: where that line is owed one of this kind already, that one gets the
        step "again" instead. Raises CannotStore if there is no such customer."""
        line = self.line(new.number) if new.number else ""

        async def work(connection: AsyncConnection) -> Duty:
            if one_a_line:
                same = (duties.c.line == line, duties.c.kind == new.kind, _is("open"))
                known = (await connection.execute(sa.select(*_COLUMNS).where(*same).order_by(duties.c.id))).first()
                if known is not None:
                    again = {"call_id": new.call, "priority": max(known.priority, new.priority)}
                    details: dict[str, str] = {} if new.call is None else {"call": new.call}
                    return await _changed(connection, known.id, again, _step("again", by, at, "", details))
            return await put_duty(connection, new, line, by, at)

        return await self._database.write(work)

    async def change(
        self,
        duty: int,
        version: int | None,
        new: Mapping[str, Any],
        kind: DutyStepKind,
        by: str,
        at: datetime,
        *,
        text: str = "",
        details: Mapping[str, str] | None = None,
    ) -> Duty:
        """One change of an open duty, with its step; durable. version: the one that who changes it has seen; None: it
        does not matter. new: fields as `Duty` names them.

        Raises NotFound, DutyIsAnother, and NotNow for one that is closed.
        """
        row = {{"customer": "customer_id", "call": "call_id"}.get(name, name): value for name, value in new.items()}

        async def work(connection: AsyncConnection) -> Duty:
            found = (await connection.execute(sa.select(*_COLUMNS).where(duties.c.id == duty))).first()
            if found is None:
                raise NotFound("duty", duty)
            known = _duty(found)
            if version is not None and version != known.version:
                raise DutyIsAnother(known)
            if known.state != "open":
                raise NotNow("this duty is closed")
            if row.keys() & {"title", "note", "number"}:
                texts = {name: row.get(name, getattr(known, name)) for name in ("title", "note", "number")}
                row["words"] = words_of(texts["title"], texts["note"], numbers.tidy(texts["number"]))
                row["line"] = self.line(texts["number"]) if texts["number"] else ""
            return await _changed(connection, duty, row, _step(kind, by, at, text, details or {}))

        return await self._database.write(work)

    async def close(
        self,
        duty: int,
        version: int | None,
        state: DutyState,
        outcome: str,
        by: str,
        at: datetime,
        *,
        text: str = "",
        call: CallId | None = None,
    ) -> Duty:
        """ "done" or "cancelled"; durable. call: which has closed it. Raises as `change`."""
        new = {"state": state, "outcome": outcome, "closed_at": at, "closed_by": by, "next_at": None}
        kind: DutyStepKind = "done" if state == "done" else "cancelled"
        details = {"outcome": outcome} | ({} if call is None else {"call": call})
        return await self.change(duty, version, new, kind, by, at, text=text, details=details)

    async def open_for(self, number: str, kinds: Sequence[str]) -> list[Duty]:
        """Owed to that line, oldest first, at most 50."""
        line = self.line(number)
        if not line:
            return []
        query = sa.select(*_COLUMNS).where(duties.c.line == line, duties.c.kind.in_(kinds), _is("open"))
        rows = await self._database.rows(query.order_by(duties.c.due, duties.c.id).limit(MOST_OF_A_LINE))
        return [_duty(row) for row in rows]

    # ---- the clock --------------------------------------------------------------------------------------

    async def next_at(self, *, without: Sequence[str] = ()) -> datetime | None:
        """When the next one has something to be told. without: kinds that rest."""
        query = sa.select(duties.c.next_at).where(_is("open"), duties.c.next_at.is_not(None), *_not_of(without))
        row = await self._database.row(query.order_by(duties.c.next_at).limit(1))
        return None if row is None else row.next_at

    async def to_be_told(self, now: datetime, limit: int = 100, *, without: Sequence[str] = ()) -> list[Duty]:
        """Those of which a time is over, what has waited longest first. without: kinds that rest."""
        query = sa.select(*_COLUMNS).where(_is("open"), duties.c.next_at <= now, *_not_of(without))
        rows = await self._database.rows(query.order_by(duties.c.next_at, duties.c.id).limit(bounded(limit)))
        return [_duty(row) for row in rows]

    async def told(
        self,
        duty: Duty,
        stage: int,
        next_at: datetime | None,
        kind: DutyStepKind,
        at: datetime,
        *,
        details: Mapping[str, str],
        escalated_to: str | None = None,
        letters: Sequence[DutyLetter] = (),
    ) -> Duty | None:
        """A time of it is over: that it is told, its step and its letters are kept together; durable. None: somebody
        has closed it, moved it or told it meanwhile."""
        new: dict[str, Any] = {"stage": stage, "next_at": next_at}
        new |= {} if escalated_to is None else {"escalated_to": escalated_to}

        async def work(connection: AsyncConnection) -> Duty | None:
            same = (duties.c.id == duty.id, duties.c.version == duty.version, duties.c.stage == duty.stage, _is("open"))
            if (await connection.execute(sa.select(duties.c.id).where(*same))).first() is None:
                return None
            changed = await _changed(connection, duty.id, new, _step(kind, "system", at, "", details))
            for letter in letters:
                row = {"duty_id": duty.id, "key": secrets.token_hex(16), "state": "waiting", **asdict(letter)}
                await connection.execute(outbox.insert().values(row | {"created_at": at, "next_at": at}))
            return changed

        return await self._database.write(work)

    # ---- lost callers -----------------------------------------------------------------------------------

    async def lost_calls(
        self, since: datetime, kind: str, outcomes: Sequence[Outcome], limit: int = 500
    ) -> list[CallRecord]:
        """Calls since then whose caller was lost, is owed no duty of that kind for it, and was not spoken with later:
        what a crash kept from the ledger. Oldest first; only what `owed_for` needs is filled in."""
        later, owed = calls.alias("later"), duties.alias("owed")
        spoken = sa.select(later.c.id).where(
            later.c.started_at >= calls.c.started_at,
            later.c.outcome == "answered",
            sa.case((later.c.direction == "inbound", later.c.caller_line), else_=later.c.called_line)
            == calls.c.caller_line,
        )
        known = sa.select(owed.c.id).where(
            owed.c.line == calls.c.caller_line, owed.c.kind == kind, owed.c.changed_at >= calls.c.ended_at
        )
        inbound: Direction = "inbound"
        query = (
            sa.select(calls.c.id, calls.c.caller, calls.c.called, calls.c.started_at, calls.c.queue)
            .add_columns(calls.c.customer_id, calls.c.outcome, calls.c.ended_at)
            .where(
                calls.c.started_at >= since,
                calls.c.direction == inbound,
                calls.c.outcome.in_(outcomes),
                calls.c.caller_line != "",
                calls.c.ended_at.is_not(None),
                ~spoken.exists(),
                ~known.exists(),
            )
            .order_by(calls.c.started_at)
            .limit(bounded(limit))
        )
        return [CallRecord(direction=inbound, **row._mapping) for row in await self._database.rows(query)]


async def put_duty(connection: AsyncConnection, new: NewDuty, line: str, by: str, at: datetime) -> Duty:
    """A new one with its first step, in the caller's transaction. line: as `Duties.line` says of its number."""
    same = ("kind", "title", "note", "number", "owner", "team", "queue", "priority", "due", "warn_at", "warn_minutes")
    row = {name: getattr(new, name) for name in (*same, "about")}
    row |= {"customer_id": new.customer, "call_id": new.call, "line": line}
    row |= {"escalations": [asdict(one) for one in new.escalations], "first_due": new.due}
    row |= {"created_at": at, "created_by": by, "changed_at": at, "next_at": min(new.warn_at, new.due)}
    row |= {"words": words_of(new.title, new.note, numbers.tidy(new.number))}
    added = _duty((await connection.execute(duties.insert().values(row).returning(*_COLUMNS))).one())
    details = {"due": added.due.isoformat()}
    details |= {name: value for name in ("owner", "team", "queue") if (value := getattr(added, name))}
    await _keep(connection, added.id, _step("created", by, at, "", details))
    return added


async def end_duty(
    connection: AsyncConnection,
    duty: int,
    outcome: str,
    by: str,
    at: datetime,
    *,
    state: DutyState = "done",
    text: str = "",
) -> Duty | None:
    """It is closed with what it was a step of, in the caller's transaction. None: it was closed before."""
    this = (duties.c.id == duty, _is("open"))
    if (await connection.execute(sa.select(duties.c.id).where(*this))).first() is None:
        return None
    new = {"state": state, "outcome": outcome, "closed_at": at, "closed_by": by, "next_at": None}
    kind: DutyStepKind = "done" if state == "done" else "cancelled"
    return await _changed(connection, duty, new, _step(kind, by, at, text, {"outcome": outcome}))


async def step_duty(
    connection: AsyncConnection,
    duty: int,
    new: Mapping[str, Any],
    kind: DutyStepKind,
    by: str,
    at: datetime,
    *,
    text: str = "",
    details: Mapping[str, str] | None = None,
) -> Duty | None:
    """A step of what it belongs to, in the caller's transaction. new: columns that are others by it. None: it was
    closed before."""
    this = (duties.c.id == duty, _is("open"))
    if (await connection.execute(sa.select(duties.c.id).where(*this))).first() is None:
        return None
    return await _changed(connection, duty, new, _step(kind, by, at, text, details or {}))


def _is(state: DutyState) -> sa.ColumnElement[bool]:
    """As literal text, so that the indexes of open ones are used."""
    return duties.c.state == sa.literal_column(f"'{state}'")


def _not_of(kinds: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    return [duties.c.kind.not_in(kinds)] if kinds else []


def _step(kind: DutyStepKind, by: str, at: datetime, text: str, details: Mapping[str, str]) -> dict[str, Any]:
    return {"at": at, "by": by, "kind": kind, "text": text, "details": dict(details)}


async def _keep(connection: AsyncConnection, duty: int, step: Mapping[str, Any]) -> None:
    await connection.execute(duty_steps.insert(), [{"duty_id": duty, **step}])


async def _changed(connection: AsyncConnection, duty: int, new: Mapping[str, Any], step: Mapping[str, Any]) -> Duty:
    """A step without new fields is nothing that who edits at the same time would have to know."""
    grown = {"version": duties.c.version + 1} if new.keys() - _BESIDE else {}
    change = duties.update().where(duties.c.id == duty).values({**new, **grown, "changed_at": step["at"]})
    changed = _duty((await connection.execute(change.returning(*_COLUMNS))).one())
    await _keep(connection, duty, step)
    return changed


def _duty(row: sa.Row[Any]) -> Duty:
    known = dict(row._mapping)
    customer, call = known.pop("customer_id"), known.pop("call_id")
    known["escalations"] = tuple(Escalation(**one) for one in known["escalations"])
    return Duty(
        customer=None if customer is None else CustomerId(customer),
        call=None if call is None else CallId(call),
        **known,
    )
