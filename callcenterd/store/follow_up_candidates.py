"""Whose day it is by a rule of follow-ups, and why somebody of them is not drawn: one question to the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

import sqlalchemy as sa

from callcenterd.model.fields import FieldId
from callcenterd.model.follow_up_rules import Candidate, FollowUpRule
from callcenterd.model.follow_ups import WAITING
from callcenterd.model.ids import CustomerId
from callcenterd.model.records import RecordSight
from callcenterd.store.engine import Database
from callcenterd.store.query.customers import BY_CALLS
from callcenterd.store.query.kinds import QuerySight
from callcenterd.store.query.run import Queries
from callcenterd.store.schema import calls, customers, do_not_call, phones
from callcenterd.store.seen import records_seen
from callcenterd.store.tables.complaints import complaints
from callcenterd.store.tables.consultations import consultations
from callcenterd.store.tables.fields import custom_values
from callcenterd.store.tables.follow_up_rules import follow_up_draws
from callcenterd.store.tables.follow_ups import follow_ups

SECONDS = 60.0
"""For all questions of one drawing."""
_NOW = "now"
"""Why: drawn by this very drawing, before the server was ended."""
_EACH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Whom a rule looks for on a day of the office. where: the rule's conditions, or its saved query's. first: the
    oldest day of the drawing that it makes up for; the day itself where nothing was missed. field: of a custom date.
    drawing: that it is for, if it has begun. rule.id 0: one that is not kept yet."""

    rule: FollowUpRule
    where: Any
    day: date
    first: date
    field: FieldId | None = None
    drawing: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """days: who can be drawn, and for which day of theirs; whose day is oldest first. left_out: how many others there
    are, by reason. before: how many this drawing has drawn already. full: how many more could be drawn than `days` has.
    """

    days: Sequence[tuple[CustomerId, date]]
    left_out: dict[str, int]
    before: int
    full: int

    @property
    def all(self) -> int:
        return len(self.days) + self.full + self.before + sum(self.left_out.values())


class FollowUpCandidates:
    """zone: the office's, whose days are counted."""

    def __init__(self, database: Database, queries: Queries) -> None:
        self._database = database
        self._queries = queries

    async def find(self, sought: Sought, sight: QuerySight, zone: tzinfo) -> Found:
        """As many as the rule draws in a day. Raises Refused for its query, also for one that takes too long."""
        met = await self._queries.matching("customer", sought.where, sight, zone)
        found = _found(sought, met, zone).subquery("found")
        counted = sa.select(found.c.why, sa.func.count().label("records")).group_by(found.c.why)
        can = sa.select(found.c.customer_id, found.c.day).where(found.c.why == "")
        async with self._database.timed(SECONDS) as connection:
            counts = {row.why: int(row.records) for row in await connection.execute(counted)}
            before, able = counts.pop(_NOW, 0), counts.pop("", 0)
            room = max(sought.rule.most - before, 0)
            rows = []
            if able and room:
                chosen = can.order_by(found.c.day, found.c.customer_id).limit(room)
                rows = list((await connection.execute(chosen)).all())
        days = [(CustomerId(row.customer_id), row.day) for row in rows]
        return Found(days=days, left_out=counts, before=before, full=able - len(days))

    async def told(self, days: Sequence[tuple[CustomerId, date]], seen: RecordSight | None) -> list[Candidate]:
        """Who they are, in their order; only those whom somebody sees."""
        known: dict[int, sa.Row[Any]] = {}
        for n in range(0, len(days), _EACH):
            known |= await self._cards([customer for customer, _ in days[n : n + _EACH]], seen)
        return [
            Candidate(customer=one, day=day, name=row.name, phone=row.phone or "", owner=row.owner)
            for one, day in days
            if (row := known.get(one)) is not None
        ]

    async def _cards(self, of: Collection[int], seen: RecordSight | None) -> dict[int, sa.Row[Any]]:
        first = sa.select(phones.c.written).where(phones.c.customer_id == customers.c.id)
        phone = first.order_by(phones.c.position).limit(1).correlate(customers).scalar_subquery()
        query = sa.select(customers.c.id, customers.c.name, customers.c.owner, phone.label("phone"))
        query = query.where(customers.c.id.in_(of))
        if seen is not None:
            query = query.where(records_seen(seen, customers))
        return {row.id: row for row in await self._database.rows(query)}


def _found(sought: Sought, met: sa.Select[Any], zone: tzinfo) -> sa.Select[Any]:
    """Each whose day it is and who meets the conditions, with why they are not drawn; "": they are."""
    rule, dated = sought.rule, _dated(sought, zone).subquery("dated")
    who, day = dated.c.customer_id, dated.c.day
    drew, phone = follow_up_draws.c, phones.c
    same = sa.select(drew.id).where(drew.rule_id == rule.id, drew.customer_id == who, drew.day == day)
    theirs = sa.select(follow_ups.c.id).where(follow_ups.c.customer_id == who, follow_ups.c.rule_id == rule.id)
    again_from = _start(sought.day - timedelta(days=rule.again_days - 1), zone)
    has_number = sa.select(phone.customer_id).where(phone.customer_id == who)
    listed = has_number.join(do_not_call, do_not_call.c.line == phone.number)
    why = sa.case(
        *([] if sought.drawing is None else [(same.where(drew.drawing_id == sought.drawing).exists(), _NOW)]),
        (same.exists(), "drawn"),
        (theirs.where(follow_ups.c.state.in_(WAITING)).exists(), "owed"),
        (theirs.where(follow_ups.c.created_at >= again_from).exists(), "recent"),
        (sa.not_(has_number.exists()), "no_number"),
        (listed.exists(), "do_not_call"),
        else_="",
    )
    return sa.select(who, day, why.label("why")).where(who.in_(met.correlate(None)))


def _dated(sought: Sought, zone: tzinfo) -> sa.Select[Any]:
    """customer_id, day: whose day it is, by the rule's date field."""
    rule, name = sought.rule, sought.rule.date_field
    if not name:
        return sa.select(customers.c.id.label("customer_id"), sa.literal(sought.day, sa.Date()).label("day"))
    ago = timedelta(days=rule.days)
    first, last = sought.first - ago, sought.day - ago
    if sought.field is not None:
        value = custom_values.c
        query = sa.select(value.record_id.label("customer_id"), value.day)
        return query.where(
            value.kind == "customer", value.field_id == sought.field, value.day >= first, value.day <= last
        )
    match name:
        case "created_at" | "changed_at":
            return _by_moment(customers.c.id, customers.c[name], customers, first, last, zone)
        case "last_call":
            since = _start(first, zone)
            pairs = [
                sa.select(way.owner.label("owner"), calls.c.started_at.label("at"))
                .select_from(way.source)
                .where(way.owner.is_not(None), calls.c.outcome == "answered", calls.c.started_at >= since)
                for way in BY_CALLS
            ]
            return _last(sa.union_all(*pairs), first, last, zone)
        case "last_consultation":
            return _last(_moments(consultations, consultations.c.at, first, zone), first, last, zone)
        case _:
            closed = _moments(complaints, complaints.c.state_at, first, zone).where(complaints.c.due.is_(None))
            return _last(closed, first, last, zone)


def _moments(table: sa.Table, at: sa.ColumnElement[datetime], first: date, zone: tzinfo) -> sa.Select[Any]:
    theirs = sa.select(table.c.customer_id.label("owner"), at.label("at"))
    return theirs.where(table.c.customer_id.is_not(None), at >= _start(first, zone))


def _last(pairs: sa.Select[Any] | sa.CompoundSelect[Any], first: date, last: date, zone: tzinfo) -> sa.Select[Any]:
    """Of each customer the last moment, if it is in these days: what was before them cannot be the last."""
    each = pairs.subquery("each")
    newest = sa.select(each.c.owner, sa.func.max(each.c.at).label("at")).group_by(each.c.owner).subquery("newest")
    return _by_moment(newest.c.owner, newest.c.at, newest, first, last, zone)


def _by_moment(
    who: sa.ColumnElement[int],
    at: sa.ColumnElement[datetime],
    source: sa.FromClause,
    first: date,
    last: date,
    zone: tzinfo,
) -> sa.Select[Any]:
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    day = sa.case(*((at < _start(one + timedelta(days=1), zone), sa.literal(one, sa.Date())) for one in days))
    query = sa.select(who.label("customer_id"), day.label("day")).select_from(source)
    return query.where(at >= _start(first, zone), at < _start(last + timedelta(days=1), zone))


def _start(day: date, zone: tzinfo) -> datetime:
    """The first moment of a day of the office."""
    return datetime.combine(day, time(), zone)
