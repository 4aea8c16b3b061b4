"""Complaints as a journal has them [反馈志表]: in their order, each with whether its limits were kept, and counted
(CMP-05)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from callcenterd.model.complaints import Complaint, ComplaintFilter, ComplaintListed, ComplaintTally, Lateness
from callcenterd.store.complaints import COLUMNS, complaint_of, conditions_of
from callcenterd.store.engine import MOST_ROWS, Database
from callcenterd.store.tables.complaints import complaints
from callcenterd.store.tables.duties import duties


class ComplaintTallies:
    """now: an open step whose limit is over by then is late."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lateness(self, complaint: int, now: datetime) -> Lateness:
        """Of one that there is."""
        row = await self._database.row(sa.select(_lateness(now).label("late")).where(complaints.c.id == complaint))
        assert row is not None, "it was read before"
        found: Lateness = row.late
        return found

    async def following(self, chosen: ComplaintFilter, after: Complaint | None, now: datetime) -> list[ComplaintListed]:
        """In the order in which they were, the next 500 after that one; without custom fields."""
        late = _lateness(now).label("lateness")
        query = sa.select(*COLUMNS, late).where(*conditions_of(chosen)).order_by(complaints.c.at, complaints.c.id)
        if after is not None:
            at = complaints.c.at
            query = query.where((at > after.at) | ((at == after.at) & (complaints.c.id > after.id)))
        found = []
        for row in await self._database.rows(query.limit(MOST_ROWS)):
            known = dict(row._mapping)
            lateness = known.pop("lateness")
            found.append(ComplaintListed(complaint=complaint_of(known), lateness=lateness))
        return found

    async def tally(self, chosen: ComplaintFilter, by: ComplaintTally, now: datetime) -> dict[str, int]:
        """How many of each code, where there are any; of aspects, one with two counts for both."""
        what = _of(by, now).label("code")
        query = (
            sa.select(what, sa.func.count().label("number"))
            .where(*conditions_of(chosen))
            .group_by(sa.literal_column("code"))
        )
        found: Counter[str] = Counter()
        for row in await self._database.rows(query):
            codes = [code for code in row.code.split(",") if code] or [""] if by == "aspects" else [row.code]
            for code in codes:
                found[code] += row.number
        return dict(found)


def _of(by: ComplaintTally, now: datetime) -> sa.ColumnElement[Any]:
    match by:
        case "stands":
            stands = complaints.c.stands
            return sa.case((stands.is_(None), ""), (stands.is_(True), "yes"), else_="no")
        case "lateness":
            return _lateness(now)
        case _:
            return complaints.c[by]


def _lateness(now: datetime) -> sa.ColumnElement[str]:
    """By the limits that its steps began with, postponed or not: nobody makes it punctual afterwards."""
    about = sa.literal("complaint/").concat(sa.cast(complaints.c.id, sa.Text))
    over = (duties.c.closed_at > duties.c.first_due) | ((duties.c.state == "open") & (duties.c.first_due <= now))
    late = sa.select(duties.c.id).where(duties.c.about == about, duties.c.about != "", over).exists()
    return sa.case((late, "late"), (complaints.c.due.is_(None), "on_time"), else_="open")
