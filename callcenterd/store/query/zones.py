"""Local days, weeks and months of moments, as expressions. SQLite knows no zones: it is told the zone's changes."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from callcenterd.model.query import GroupStep

_FIRST_YEAR, _LAST_YEAR = 2000, 2060
"""Before and after them a zone is taken to be as it is then."""
_SQLITE: dict[GroupStep, str] = {"day": "%Y-%m-%d", "week": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}
_POSTGRESQL: dict[GroupStep, str] = {
    "day": "YYYY-MM-DD",
    "week": "YYYY-MM-DD",
    "month": "YYYY-MM",
    "quarter": 'YYYY-"Q"Q',
    "year": "YYYY",
}


def step_of(column: sa.ColumnElement[Any], step: GroupStep, zone: tzinfo, *, sqlite: bool) -> sa.ColumnElement[str]:
    """A text for each: 2026-11-27, the week's Monday, 2026-11, 2026-Q4, 2026. column: moments, or days."""
    is_day = isinstance(column.type, sa.Date)
    if sqlite:
        moved = () if is_day else (_offset(column, zone),)
        # A text for strftime: a column of days would be taken for a day of Python's.
        text = sa.type_coerce(column, sa.String())
        if step == "week":
            moved = (*moved, "weekday 0", "-6 days")
        if step == "quarter":
            year, month = (sa.func.strftime(form, text, *moved, type_=sa.String()) for form in ("%Y", "%m"))
            return year + "-Q" + sa.cast((sa.cast(month, sa.Integer) + 2) // 3, sa.String())
        return sa.func.strftime(_SQLITE[step], text, *moved, type_=sa.String())
    local = column if is_day else sa.func.timezone(_name(zone), column)
    if step == "week":
        local = sa.func.date_trunc("week", local)
    return sa.func.to_char(local, _POSTGRESQL[step], type_=sa.String())


def _name(zone: tzinfo) -> str:
    key: str = getattr(zone, "key", "UTC")
    return key


def _offset(column: sa.ColumnElement[Any], zone: tzinfo) -> Any:
    """The zone's offset at each moment, as SQLite's modifier: "+28800 seconds"."""
    first, changes = _changes(zone)
    if not changes:
        return f"{first:+d} seconds"
    earlier = [(column < changes[0][0], f"{first:+d} seconds")]
    for (_, offset), (until, _) in itertools.pairwise(changes):
        earlier.append((column < until, f"{offset:+d} seconds"))
    return sa.case(*earlier, else_=f"{changes[-1][1]:+d} seconds")


@lru_cache(maxsize=8)
def _changes(zone: tzinfo) -> tuple[int, tuple[tuple[datetime, int], ...]]:
    """The offset at first, in seconds; and each moment from which another one holds."""

    def offset(at: datetime) -> int:
        found = at.astimezone(zone).utcoffset()
        return 0 if found is None else int(found.total_seconds())

    at, end = datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(_LAST_YEAR, 1, 1, tzinfo=UTC)
    first = known = offset(at)
    found = []
    while at < end:
        later = at + timedelta(days=7)
        if (then := offset(later)) != known:
            low, high = at, later
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) / 2
                low, high = (middle, high) if offset(middle) == known else (low, middle)
            moment = high.replace(second=0, microsecond=0)
            found.append((moment, then))
            known = then
        at = later
    return first, tuple(found)
