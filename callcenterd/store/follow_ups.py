"""Follow-ups as they stand (FUP-01). What somebody still owes has its duty in the ledger, and both are one: every
change is one transaction with the step of the duty, so that neither is ever over without the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, tzinfo
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound
from callcenterd.model import numbers
from callcenterd.model.duties import Duty, DutyStepKind, NewDuty
from callcenterd.model.follow_ups import (
    WAITING,
    FollowUp,
    FollowUpCount,
    FollowUpFields,
    FollowUpFilter,
    FollowUpKey,
    FollowUpPlan,
    FollowUpsDone,
    FollowUpsOwed,
    FollowUpTally,
)
from callcenterd.model.people import Role
from callcenterd.model.records import RecordIsAnother, RecordSight
from callcenterd.store.columns import Plain
from callcenterd.store.customers import readings
from callcenterd.store.duties import Duties, end_duty, put_duty, step_duty
from callcenterd.store.engine import MOST_ROWS, Database
from callcenterd.store.fields import CustomFields
from callcenterd.store.having import having
from callcenterd.store.hidden import has_word
from callcenterd.store.numbering import next_number
from callcenterd.store.query.zones import step_of
from callcenterd.store.search import by_index
from callcenterd.store.seen import records_seen
from callcenterd.store.tables.follow_ups import follow_ups
from callcenterd.store.words import every_word, words_of

PREFIX = "HF"
MOST_COUNTS = 20_000
"""Of one statistic."""
_IDS = {"customer": "customer_id", "call": "call_id", "duty": "duty_id", "rule": "rule_id"}
"""Fields whose columns have other names."""
_WRITTEN = tuple(field.name for field in fields(FollowUpFields) if field.name != "fields")
_COLUMNS = tuple(
    follow_ups.c[_IDS.get(field.name, field.name)].label(field.name)
    for field in fields(FollowUp)
    if field.name != "fields"
)
_NEWEST = (follow_ups.c.at.desc(), follow_ups.c.id.desc())
_DUE = (follow_ups.c.due, follow_ups.c.id)
_IS_OWED = follow_ups.c.state.in_([sa.literal_column(f"'{state}'") for state in WAITING])
"""As literal text, so that the indexes of what is owed are used."""
_TALLIES: Mapping[FollowUpTally, sa.ColumnElement[str]] = {
    "category": follow_ups.c.category,
    "channel": follow_ups.c.channel,
    "result": sa.case((follow_ups.c.state == "done", follow_ups.c.result), else_=follow_ups.c.state),
    "owner": follow_ups.c.owner,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFollowUp:
    """One to be kept. duty: what is owed for it; its title gets the number in front. None: it is done already, with
    that result. rule: that draws it."""

    written: FollowUpFields
    plan: FollowUpPlan
    at: datetime
    owner: str
    team: str
    duty: NewDuty | None = None
    result: str = ""
    rule: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyStepped:
    """What becomes of the duty. closes: its outcome, where it is over by that. new: its fields that are others now."""

    kind: DutyStepKind
    text: str = ""
    details: Mapping[str, str]
    new: Mapping[str, Any]
    closes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedUp:
    """duty: as it is now, where something has become of it. after: the next one, that the customer was promised."""

    one: FollowUp
    duty: Duty | None = None
    after: FollowedUp | None = None


class FollowUps:
    """role: of who asks or writes; so much they see of the custom fields, and may change. None: nothing of them."""

    def __init__(self, database: Database, duties: Duties, custom: CustomFields) -> None:
        self._database = database
        self._duties = duties
        self._custom = custom

    # ---- reading ----------------------------------------------------------------------------------------

    async def get(self, follow_up: int, role: Role | None = None) -> FollowUp:
        """Raises NotFound."""
        row = await self._database.row(sa.select(*_COLUMNS).where(follow_ups.c.id == follow_up))
        if row is None:
            raise NotFound("follow-up", follow_up)
        [found] = await self._custom.onto("follow_up", [FollowUp(**row._mapping)], role)
        return found

    async def of_duty(self, duty: int) -> FollowUp | None:
        row = await self._database.row(sa.select(*_COLUMNS).where(follow_ups.c.duty_id == duty))
        return None if row is None else FollowUp(**row._mapping)

    async def page(
        self, chosen: FollowUpFilter, limit: int = 50, offset: int = 0, role: Role | None = None
    ) -> tuple[list[FollowUp], int]:
        """One page, at most 500, and how many there are in all. What is owed: what is due first; else the newest."""
        query = sa.select(*_COLUMNS).where(*conditions_of(chosen))
        order = _DUE if chosen.waiting or chosen.due_before is not None else _NEWEST
        words = by_index(follow_ups, every_word(chosen.text), sqlite=self._database.is_sqlite)
        rows, total = await self._database.page(query, order, limit, offset, follow_ups.c.id, words)
        return await self._custom.onto("follow_up", [FollowUp(**row._mapping) for row in rows], role), total

    async def following(self, chosen: FollowUpFilter, after: FollowUp | None) -> list[FollowUp]:
        """In the order in which they were, the next 500 after that one; without custom fields."""
        query = sa.select(*_COLUMNS).where(*conditions_of(chosen)).order_by(follow_ups.c.at, follow_ups.c.id)
        if after is not None:
            at = follow_ups.c.at
            query = query.where((at > after.at) | ((at == after.at) & (follow_ups.c.id > after.id)))
        return [FollowUp(**row._mapping) for row in await self._database.rows(query.limit(MOST_ROWS))]

    async def tally(self, chosen: FollowUpFilter, *by: FollowUpTally) -> dict[tuple[str, ...], int]:
        """How many of each, where there are any; with several: of each pair."""
        keys = [_TALLIES[one].label(f"k{n}") for n, one in enumerate(by)]
        inner = sa.select(*keys).where(*conditions_of(chosen)).subquery()
        query = sa.select(*inner.c, sa.func.count().label("count")).group_by(*inner.c).order_by(*inner.c)
        return {tuple(row)[:-1]: int(row.count) for row in await self._database.rows(query)}  # type: ignore[call-overload]

    async def done(self, since: datetime, until: datetime, sight: RecordSight | None) -> list[FollowUpsDone]:
        """Who did how many in a period (since: included; until: not), by class and result."""
        c = follow_ups.c
        late = sa.func.sum(sa.case((c.done_at > c.due, 1), else_=0)).label("late")
        kinds = (c.done_by, c.category, c.result)
        query = sa.select(*kinds, sa.func.count().label("all"), late)
        query = query.where(c.state == "done", c.done_at >= since, c.done_at < until)
        if sight is not None:
            query = query.where(records_seen(sight, follow_ups))
        rows = await self._database.rows(query.group_by(*kinds).order_by(*kinds))
        return [
            FollowUpsDone(
                person=row.done_by,
                category=row.category,
                result=row.result,
                on_time=int(row.all) - int(row.late),
                late=int(row.late),
            )
            for row in rows
        ]

    async def statistics(
        self,
        chosen: FollowUpFilter,
        since: datetime,
        until: datetime,
        by: FollowUpKey,
        across: FollowUpKey | None,
        zone: tzinfo,
    ) -> list[FollowUpCount]:
        """Of those done in a period (since: included; until: not), in the order of their keys. chosen.owner: who did
        them. zone: the office's."""
        c = follow_ups.c
        keys = [self._key(by, zone), sa.literal("", Plain()) if across is None else self._key(across, zone)]
        inner = sa.select(
            keys[0].label("key"),
            keys[1].label("across"),
            sa.case((c.done_at > c.due, 1), else_=0).label("late"),
            c.tries.label("tries"),
        ).where(c.state == "done", c.done_at >= since, c.done_at < until)
        inner = inner.where(*conditions_of(replace(chosen, owner=None)))
        if chosen.owner is not None:
            inner = inner.where(c.done_by == chosen.owner)
        each = inner.subquery("each")
        sums = (sa.func.sum(each.c.late).label("late"), sa.func.sum(each.c.tries).label("tries"))
        query = sa.select(each.c.key, each.c.across, sa.func.count().label("done"), *sums)
        rows = await self._database.rows(
            query.group_by(each.c.key, each.c.across).order_by(each.c.key, each.c.across).limit(MOST_COUNTS)
        )
        return [
            FollowUpCount(
                key=str(row.key), across=str(row.across), done=int(row.done), late=int(row.late), tries=int(row.tries)
            )
            for row in rows
        ]

    def _key(self, of: FollowUpKey, zone: tzinfo) -> sa.ColumnElement[str]:
        c = follow_ups.c
        match of:
            case "person":
                return c.done_by
            case "rule":
                return sa.func.coalesce(sa.cast(c.rule_id, sa.String()), "")
            case "day" | "week" | "month":
                return step_of(c.done_at, of, zone, sqlite=self._database.is_sqlite)
            case _:
                return c[of]

    async def owed(self, now: datetime, sight: RecordSight | None) -> list[FollowUpsOwed]:
        """By who owes them; "": nobody yet."""
        c = follow_ups.c

        def number(of: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
            return sa.func.sum(sa.case((of, 1), else_=0))

        query = sa.select(
            c.owner,
            sa.func.count().label("open"),
            number(c.due <= now).label("overdue"),
            number(c.state == "not_reached").label("not_reached"),
        ).where(_IS_OWED)
        if sight is not None:
            query = query.where(records_seen(sight, follow_ups))
        rows = await self._database.rows(query.group_by(c.owner).order_by(c.owner))
        return [
            FollowUpsOwed(
                person=row.owner, open=int(row.open), overdue=int(row.overdue), not_reached=int(row.not_reached)
            )
            for row in rows
        ]

    # ---- writing ----------------------------------------------------------------------------------------

    async def add(self, new: NewFollowUp, *, by: str, now: datetime, day: date, role: Role | None = None) -> FollowedUp:
        """Durable, with the next number of that day, and its duty. Raises Refused for custom fields, CannotStore if
        there is no such customer."""

        async def work(connection: AsyncConnection) -> FollowedUp:
            added = await self.put(connection, new, by, now, day)
            await self._custom.put(connection, "follow_up", added.one.id, new.written.fields, role, new=True)
            return replace(added, one=await self._custom.onto_one(connection, "follow_up", added.one, role))

        return await self._database.write(work)

    async def put(self, connection: AsyncConnection, new: NewFollowUp, by: str, now: datetime, day: date) -> FollowedUp:
        """As `add`, in the caller's transaction."""
        number = await next_number(connection, PREFIX, day)
        row = {**_row(new.written), "at": new.at, "owner": new.owner, "team": new.team, "number": number}
        row |= {_IDS.get(field.name, field.name): getattr(new.plan, field.name) for field in fields(FollowUpPlan)}
        row |= {"created_at": now, "created_by": by, "changed_at": now, "changed_by": by}
        row |= {"words": _words(new.written, number), "rule_id": new.rule}
        if new.duty is None:
            row |= {"state": "done", "result": new.result, "done_at": new.at, "done_by": new.owner}
        else:
            row |= {"state": "open", "due": new.duty.due}
        added = (await connection.execute(follow_ups.insert().values(row).returning(follow_ups.c.id))).scalar_one()
        duty = None
        if new.duty is not None:
            title = f"{number} {new.duty.title}"[:200]
            about = replace(new.duty, title=title, about=f"follow_up/{added}")
            duty = await put_duty(connection, about, self._duties.line(about.number), by, now)
        update = follow_ups.update().where(follow_ups.c.id == added).values(duty_id=None if duty is None else duty.id)
        kept = FollowUp(**(await connection.execute(update.returning(*_COLUMNS))).one()._mapping)
        return FollowedUp(one=kept, duty=duty)

    async def change(
        self,
        follow_up: int,
        new: FollowUpFields,
        *,
        version: int,
        by: str,
        now: datetime,
        role: Role | None = None,
    ) -> tuple[FollowedUp, list[str]]:
        """The whole of it anew but its call, and those custom fields that are named; durable. version: the one that was
        read. Answers it, and the names of what is another now. Raises NotFound, RecordIsAnother, and Refused for custom
        fields."""

        async def work(connection: AsyncConnection) -> tuple[FollowedUp, list[str]]:
            before = await self._seen(connection, follow_up, version, role)
            written = replace(new, call=before.call)
            changed = [name for name in _WRITTEN if getattr(before, name) != getattr(written, name)]
            row = {**_row(written), "words": _words(written, before.number)}
            after = await self._change(connection, before, row, by, now)
            duty = None
            if before.state in WAITING and before.duty is not None and {"phone", "customer"} & set(changed):
                whom: dict[str, Any] = {"number": written.phone, "line": self._duties.line(written.phone)}
                whom |= {"customer_id": written.customer}
                duty = await step_duty(connection, before.duty, whom, "changed", by, now)
            changed += await self._custom.put(connection, "follow_up", follow_up, new.fields, role)
            return FollowedUp(one=await self._custom.onto_one(connection, "follow_up", after, role), duty=duty), changed

        return await self._database.write(work)

    async def move(
        self,
        before: FollowUp,
        new: Mapping[str, Any],
        step: DutyStepped,
        *,
        by: str,
        now: datetime,
        after: NewFollowUp | None = None,
        day: date | None = None,
        fields: Mapping[str, Any] | None = None,
        role: Role | None = None,
    ) -> FollowedUp:
        """Another state, time or owner, with the duty's step; or nothing of it. before: as it was seen. new: fields as
        `FollowUp` names them. after: the next one, with the number of that day. fields: custom ones. Raises NotFound,
        RecordIsAnother, Refused for custom fields."""

        async def work(connection: AsyncConnection) -> FollowedUp:
            known = await self._seen(connection, before.id, before.version, role)
            row = {_IDS.get(name, name): value for name, value in new.items()}
            if "content" in row:
                row["words"] = _words(replace(known, content=row["content"]), known.number)
            kept = await self._change(connection, known, row, by, now)
            duty = None
            if known.duty is not None and step.closes is not None:
                state: Any = "cancelled" if new["state"] == "cancelled" else "done"
                if step.new:
                    await step_duty(connection, known.duty, step.new, "assigned", by, now)
                duty = await end_duty(connection, known.duty, step.closes, by, now, state=state, text=step.text)
            elif known.duty is not None:
                duty = await step_duty(
                    connection, known.duty, step.new, step.kind, by, now, text=step.text, details=step.details
                )
            await self._custom.put(connection, "follow_up", known.id, fields or {}, role)
            later = None
            if after is not None:
                assert day is not None, "a new one has a number"
                later = await self.put(connection, after, by, now, day)
            return FollowedUp(
                one=await self._custom.onto_one(connection, "follow_up", kept, role), duty=duty, after=later
            )

        return await self._database.write(work)

    async def called(self, follow_up: int, call: str, owner: str, by: str, now: datetime) -> FollowedUp:
        """A call is made for it; durable. Nothing that who edits it at the same time would have to know, unless it was
        nobody's before: then it is the owner's. Raises NotFound."""

        async def work(connection: AsyncConnection) -> FollowedUp:
            this = follow_ups.c.id == follow_up
            row = (await connection.execute(sa.select(*_COLUMNS).where(this))).first()
            if row is None:
                raise NotFound("follow-up", follow_up)
            known = FollowUp(**row._mapping)
            taken = {} if known.owner else {"owner": owner, "version": known.version + 1}
            update = follow_ups.update().where(this).values(call_id=call, **taken)
            kept = FollowUp(**(await connection.execute(update.returning(*_COLUMNS))).one()._mapping)
            duty = None
            if known.duty is not None:
                whose = {} if known.owner else {"owner": owner}
                kind: DutyStepKind = "noted" if known.owner else "assigned"
                details = {"call": call, **whose}
                duty = await step_duty(connection, known.duty, whose, kind, by, now, details=details)
            return FollowedUp(one=kept, duty=duty)

        return await self._database.write(work)

    # ---- in a transaction ---------------------------------------------------------------------------------

    async def _seen(self, connection: AsyncConnection, follow_up: int, version: int, role: Role | None) -> FollowUp:
        row = (await connection.execute(sa.select(*_COLUMNS).where(follow_ups.c.id == follow_up))).first()
        if row is None:
            raise NotFound("follow-up", follow_up)
        known = FollowUp(**row._mapping)
        if known.version != version:
            raise RecordIsAnother("follow_up", await self._custom.onto_one(connection, "follow_up", known, role))
        return known

    async def _change(
        self, connection: AsyncConnection, before: FollowUp, row: Mapping[str, Any], by: str, now: datetime
    ) -> FollowUp:
        values = {**row, "changed_at": now, "changed_by": by, "version": before.version + 1}
        update = follow_ups.update().where(follow_ups.c.id == before.id).values(values).returning(*_COLUMNS)
        return FollowUp(**(await connection.execute(update)).one()._mapping)


def _row(new: FollowUpFields) -> dict[str, Any]:
    return {_IDS.get(name, name): getattr(new, name) for name in _WRITTEN}


def _words(new: FollowUpFields, number: str) -> str:
    whose = (new.name, *readings(new.name), numbers.tidy(new.phone), new.card)
    return words_of(number, *whose, new.content)


def conditions_of(chosen: FollowUpFilter) -> list[sa.ColumnElement[bool]]:
    table = follow_ups.c
    names = ("state", "category", "channel", "result", "owner", "team")
    given = {name: getattr(chosen, name) for name in names}
    found: list[sa.ColumnElement[bool]] = [table[name] == value for name, value in given.items() if value is not None]
    if chosen.waiting is not None:
        found.append(_IS_OWED if chosen.waiting else sa.not_(_IS_OWED))
    if chosen.due_before is not None:
        found += [_IS_OWED, table.due < chosen.due_before]
    if chosen.since is not None:
        found.append(table.at >= chosen.since)
    if chosen.until is not None:
        found.append(table.at < chosen.until)
    if chosen.customer is not None:
        found.append(table.customer_id == chosen.customer)
    if chosen.rule is not None:
        found.append(table.rule_id == chosen.rule)
    found += [has_word(table.words, word, but=[("card", table.card)]) for word in every_word(chosen.text)]
    found += having(table.id, chosen.fields)
    if chosen.sight is not None:
        found.append(records_seen(chosen.sight, follow_ups))
    return found
