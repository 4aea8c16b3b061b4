"""Complaints as they stand, and their states, which are only ever added to (CMP-02).

Every move is one transaction: the complaint, the row of its new state, the duty of the step that is over, the duty of
the one that begins, and the message to the customer. The triggers of migration 0037 refuse any state but the
newest row's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound
from callcenterd.model import numbers
from callcenterd.model.complaints import (
    AnswerSettled,
    Complaint,
    ComplaintCount,
    ComplaintFields,
    ComplaintFilter,
    ComplaintState,
    StateKind,
)
from callcenterd.model.customer_messages import MESSAGE_CHANNELS, NewCustomerMessage
from callcenterd.model.duties import Duty, DutySight, NewDuty
from callcenterd.model.people import Role
from callcenterd.model.records import RecordIsAnother
from callcenterd.store.customer_messages import cancel_key, put_in
from callcenterd.store.customers import readings
from callcenterd.store.duties import Duties, end_duty, put_duty
from callcenterd.store.engine import Database
from callcenterd.store.fields import CustomFields
from callcenterd.store.having import having
from callcenterd.store.hidden import has_word
from callcenterd.store.numbering import next_number
from callcenterd.store.search import by_index
from callcenterd.store.seen import complaints_seen
from callcenterd.store.tables.complaints import complaint_states, complaints
from callcenterd.store.tables.customer_messages import customer_messages
from callcenterd.store.tables.duties import duties
from callcenterd.store.words import every_word, words_of

PREFIX = "TS"
MOST_STATES = 500
_IDS = {"customer": "customer_id", "call": "call_id", "workflow": "workflow_id", "duty": "duty_id"}
"""Fields whose columns have other names."""
_WRITTEN = tuple(field.name for field in fields(ComplaintFields) if field.name != "fields")
_STEP = duties.alias("step")
_WARNED = sa.select(_STEP.c.warn_at).where(_STEP.c.id == complaints.c.duty_id).correlate(complaints).scalar_subquery()
"""When its step is warned of: as the duty has it."""
COLUMNS = tuple(
    (_WARNED if field.name == "warn_at" else complaints.c[_IDS.get(field.name, field.name)]).label(field.name)
    for field in fields(Complaint)
    if field.name != "fields"
)
_ANSWER = "complaint_answer/"
"""Before the number of the duty, the key of the message that answers: of one duty there is one."""
_SETTLED = tuple(field.name for field in fields(AnswerSettled))
_NEWEST = (complaints.c.at.desc(), complaints.c.id.desc())
_DUE = (complaints.c.due, complaints.c.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewState:
    """A row of the history. state: that it has from now on."""

    at: datetime
    by: str
    kind: StateKind
    state: str
    move: str = ""
    text: str = ""
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """closed, opened: the duty of the step that was, and of the one that is."""

    complaint: Complaint
    closed: Duty | None = None
    opened: Duty | None = None


class Complaints:
    """role: of who asks or writes; so much they see of the custom fields, and may change. None: nothing of them."""

    def __init__(self, database: Database, duties: Duties, custom: CustomFields) -> None:
        self._database = database
        self._duties = duties
        self._custom = custom

    # ---- reading ----------------------------------------------------------------------------------------

    async def get(self, complaint: int, role: Role | None = None) -> Complaint:
        """Raises NotFound."""
        row = await self._database.row(sa.select(*COLUMNS).where(complaints.c.id == complaint))
        if row is None:
            raise NotFound("complaint", complaint)
        [found] = await self._custom.onto("complaint", [complaint_of(row)], role)
        return found

    async def seen(self, complaint: int, sight: DutySight | None) -> bool:
        """Is there such a complaint, and may it be seen? sight None: whichever there is."""
        seen = sa.true() if sight is None else complaints_seen(sight)
        return (
            await self._database.row(sa.select(complaints.c.id).where(complaints.c.id == complaint, seen)) is not None
        )

    async def of_duty(self, duty: int) -> Complaint | None:
        """Whose present step that duty is."""
        row = await self._database.row(sa.select(*COLUMNS).where(complaints.c.duty_id == duty))
        return None if row is None else complaint_of(row)

    async def page(
        self, chosen: ComplaintFilter, limit: int = 50, offset: int = 0, role: Role | None = None
    ) -> tuple[list[Complaint], int]:
        """One page, at most 500, and how many there are in all. Open ones: what is due first; else the newest
        first."""
        query = sa.select(*COLUMNS).where(*conditions_of(chosen))
        order = _DUE if chosen.open or chosen.overdue is not None else _NEWEST
        words = by_index(complaints, every_word(chosen.text), sqlite=self._database.is_sqlite)
        rows, total = await self._database.page(query, order, limit, offset, complaints.c.id, words)
        return await self._custom.onto("complaint", [complaint_of(row) for row in rows], role), total

    async def counts(self, chosen: ComplaintFilter, now: datetime) -> list[ComplaintCount]:
        """By state, where there are any."""
        late = sa.func.sum(sa.case((complaints.c.due <= now, 1), else_=0))
        query = (
            sa.select(complaints.c.state, sa.func.count().label("number"), late.label("late"))
            .where(*conditions_of(chosen))
            .group_by(complaints.c.state)
            .order_by(complaints.c.state)
        )
        rows = await self._database.rows(query)
        return [ComplaintCount(state=row.state, count=row.number, overdue=int(row.late)) for row in rows]

    async def states(self, complaint: int) -> list[ComplaintState]:
        """The last 500 of one, in their order."""
        table = complaint_states
        query = sa.select(table).where(table.c.complaint_id == complaint).order_by(table.c.id.desc())
        found = []
        for row in reversed(await self._database.rows(query.limit(MOST_STATES))):
            known = dict(row._mapping)
            del known["complaint_id"]
            found.append(ComplaintState(**known))
        return found

    async def settled_meanwhile(self, kind: str, limit: int = 500) -> list[tuple[Complaint, Duty]]:
        """Complaints whose step was a duty of that kind, which a call has closed, but the complaint has not moved: what
        a crash kept from it."""
        query = (
            sa.select(*COLUMNS)
            .join(duties, duties.c.id == complaints.c.duty_id)
            .where(duties.c.kind == kind, duties.c.state == "done", complaints.c.due.is_not(None))
            .limit(limit)
        )
        found = [complaint_of(row) for row in await self._database.rows(query)]
        return [(one, await self._duties.get(one.duty)) for one in found if one.duty is not None]

    async def messages_settled(self, limit: int = 500) -> list[tuple[Complaint, AnswerSettled]]:
        """Complaints whose answer has gone out to the customer, or never will, but which have not moved."""
        table = customer_messages.c
        key = sa.literal(_ANSWER) + sa.cast(complaints.c.duty_id, sa.Text)
        query = (
            sa.select(*COLUMNS, *(table[name].label(f"message_{name}") for name in _SETTLED))
            .join(customer_messages, table.key == key)
            .where(complaints.c.due.is_not(None), complaints.c.means.in_(MESSAGE_CHANNELS), table.state != "waiting")
            .limit(limit)
        )
        found = []
        for row in await self._database.rows(query):
            known = dict(row._mapping)
            settled = AnswerSettled(**{name: known.pop(f"message_{name}") for name in _SETTLED})
            found.append((complaint_of(known), settled))
        return found

    # ---- writing ----------------------------------------------------------------------------------------

    async def add(
        self,
        new: ComplaintFields,
        *,
        at: datetime,
        queue: str,
        workflow: int,
        state: NewState,
        duty: NewDuty,
        day: date,
        role: Role | None = None,
    ) -> Moved:
        """Durable, with the next number of that day, its first state and the duty of its first step. The duty's title
        gets the number in front. Raises Refused for custom fields, CannotStore if there is no such customer."""
        by, now = state.by, state.at
        row = {**_row(new), "at": at, "owner": duty.owner, "team": duty.team, "queue": queue, "workflow_id": workflow}
        row |= {"state": state.state, "state_at": now, "due": duty.due}
        row |= {"created_at": now, "created_by": by, "changed_at": now, "changed_by": by}

        async def work(connection: AsyncConnection) -> Moved:
            number = await next_number(connection, PREFIX, day)
            insert = complaints.insert().values(**row, number=number, words=_words(new, number, ""))
            added = (await connection.execute(insert.returning(complaints.c.id))).scalar_one()
            await _keep(connection, added, state)
            opened = await self._opened(connection, duty, added, number, by, now)
            await self._custom.put(connection, "complaint", added, new.fields, role, new=True)
            update = complaints.update().where(complaints.c.id == added).values(duty_id=opened.id)
            kept = complaint_of((await connection.execute(update.returning(*COLUMNS))).one())
            return Moved(complaint=await self._custom.onto_one(connection, "complaint", kept, role), opened=opened)

        return await self._database.write(work)

    async def correct(
        self, complaint: int, version: int, new: ComplaintFields, by: str, at: datetime, role: Role | None = None
    ) -> tuple[Complaint, list[str]]:
        """The whole of it anew, and those custom fields that are named; durable, with what stood there before in its
        history. Answers the names of what is another now. Raises NotFound, RecordIsAnother, Refused."""

        async def work(connection: AsyncConnection) -> tuple[Complaint, list[str]]:
            before = await self._seen(connection, complaint, version, role)
            changed = [name for name in _WRITTEN if getattr(before, name) != getattr(new, name)]
            details = {name: _text_of(getattr(before, name)) for name in changed}
            own = await self._custom.put(connection, "complaint", complaint, new.fields, role)
            details |= dict.fromkeys(own, "")
            state = NewState(at=at, by=by, kind="corrected", state=before.state, details=details)
            await _keep(connection, complaint, state)
            row = {**_row(new), "words": _words(new, before.number, before.result)}
            after = await self._change(connection, before, row, by, at)
            return await self._custom.onto_one(connection, "complaint", after, role), [*changed, *own]

        return await self._database.write(work)

    async def note(self, complaint: int, state: NewState) -> None:
        """A line in its history: nothing changes for who edits it at the same time."""

        async def work(connection: AsyncConnection) -> None:
            await _keep(connection, complaint, state)

        await self._database.write(work)

    async def move(
        self,
        before: Complaint,
        state: NewState,
        new: Mapping[str, Any],
        *,
        outcome: str,
        duty: NewDuty | None = None,
        message: NewCustomerMessage | None = None,
        role: Role | None = None,
    ) -> Moved:
        """All that a move does, or nothing of it; durable. before: the complaint as it was seen. outcome: of the duty
        that is over. message: is the answer that the
        new duty is about, which gives it its key. Raises NotFound, RecordIsAnother."""
        by, now = state.by, state.at

        async def work(connection: AsyncConnection) -> Moved:
            known = await self._seen(connection, before.id, before.version, role)
            closed = opened = None
            if known.duty is not None:
                closed = await end_duty(connection, known.duty, outcome, by, now)
                await cancel_key(connection, f"{_ANSWER}{known.duty}", by)  # another answer takes its place
            await _keep(connection, known.id, state)
            if duty is not None:
                opened = await self._opened(connection, duty, known.id, known.number, by, now)
            row = {_IDS.get(name, name): value for name, value in new.items()}
            row |= {"due": None if duty is None else duty.due}
            row |= {} if opened is None else {"duty_id": opened.id}
            if state.kind == "moved":
                row |= {"state": state.state, "state_at": now}
            row["words"] = _words(known, known.number, str(new.get("result", known.result)))
            if message is not None and opened is not None:
                await put_in(connection, replace(message, key=f"{_ANSWER}{opened.id}"), now)
            after = await self._change(connection, known, row, by, now)
            return Moved(
                complaint=await self._custom.onto_one(connection, "complaint", after, role),
                closed=closed,
                opened=opened,
            )

        return await self._database.write(work)

    # ---- in a transaction ---------------------------------------------------------------------------------

    async def _seen(self, connection: AsyncConnection, complaint: int, version: int, role: Role | None) -> Complaint:
        row = (await connection.execute(sa.select(*COLUMNS).where(complaints.c.id == complaint))).first()
        if row is None:
            raise NotFound("complaint", complaint)
        known = complaint_of(row)
        if known.version != version:
            raise RecordIsAnother("complaint", await self._custom.onto_one(connection, "complaint", known, role))
        return known

    async def _change(
        self, connection: AsyncConnection, before: Complaint, row: Mapping[str, Any], by: str, at: datetime
    ) -> Complaint:
        values = {**row, "changed_at": at, "changed_by": by, "version": before.version + 1}
        update = complaints.update().where(complaints.c.id == before.id).values(values).returning(*COLUMNS)
        return complaint_of((await connection.execute(update)).one())

    async def _opened(
        self, connection: AsyncConnection, duty: NewDuty, complaint: int, number: str, by: str, at: datetime
    ) -> Duty:
        title = f"{number} {duty.title}"[:200]
        line = self._duties.line(duty.number) if duty.number else ""
        about = f"complaint/{complaint}"
        return await put_duty(connection, replace(duty, title=title, about=about), line, by, at)


def complaint_of(row: sa.Row[Any] | Mapping[str, Any]) -> Complaint:
    known = dict(row._mapping if isinstance(row, sa.Row) else row)
    known["aspects"] = tuple(filter(None, known["aspects"].split(",")))
    return Complaint(**known)


def _row(new: ComplaintFields) -> dict[str, Any]:
    row = {_IDS.get(name, name): getattr(new, name) for name in _WRITTEN}
    return row | {"aspects": f",{','.join(new.aspects)}," if new.aspects else ""}


def _text_of(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)[:500]


def _words(new: ComplaintFields, number: str, result: str) -> str:
    about = (new.project_number, new.department_number, new.person_number)
    whose = (new.name, *readings(new.name), numbers.tidy(new.phone), new.card)
    return words_of(number, *whose, *about, new.reason, new.note, result)


async def _keep(connection: AsyncConnection, complaint: int, state: NewState) -> None:
    names = ("at", "by", "kind", "state", "move", "text")
    row = {name: getattr(state, name) for name in names} | {"details": dict(state.details)}
    await connection.execute(complaint_states.insert(), [{"complaint_id": complaint, **row}])


def conditions_of(chosen: ComplaintFilter) -> list[sa.ColumnElement[bool]]:
    table = complaints.c
    names = ("kind", "type", "state", "owner", "responsible", "team")
    given = {name: getattr(chosen, name) for name in names}
    found: list[sa.ColumnElement[bool]] = [table[name] == value for name, value in given.items() if value is not None]
    if chosen.open is not None:
        found.append(table.due.is_not(None) if chosen.open else table.due.is_(None))
    if chosen.overdue is not None:
        found.append(table.due <= chosen.overdue)
    if chosen.since is not None:
        found.append(table.at >= chosen.since)
    if chosen.until is not None:
        found.append(table.at < chosen.until)
    if chosen.customer is not None:
        found.append(table.customer_id == chosen.customer)
    found += [has_word(table.words, word, but=[("card", complaints.c.card)]) for word in every_word(chosen.text)]
    found += having(table.id, chosen.fields)
    if chosen.sight is not None:
        found.append(complaints_seen(chosen.sight))
    return found
