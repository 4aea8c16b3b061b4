"""Days, weeks and months of the office, as moments: whole days of its own zone, a week from Monday to Sunday."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal, get_args

PeriodKind = Literal["day", "week", "month", "other"]
PERIOD_KINDS: tuple[PeriodKind, ...] = get_args(PeriodKind)
MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Period:
    """first, last: both whole days of it. since: included; until: not."""

    kind: PeriodKind
    first: date
    last: date
    since: datetime
    until: datetime


def period(kind: PeriodKind, day: date, zone: tzinfo, last: date | None = None) -> Period:
    """The day, week or month in which that day is; "other": from that day to the last, MOST_DAYS at most.

    Where the clock is put forward at midnight the day begins when the new time does; where it is put back over
    midnight, the day that has the hour twice has both. Raises ValueError for what is none.
    """
    match kind:
        case "day":
            first, end = day, day
        case "week":
            first = day - timedelta(days=day.weekday())
            end = first + timedelta(days=6)
        case "month":
            first = day.replace(day=1)
            end = day.replace(day=calendar.monthrange(day.year, day.month)[1])
        case "other":
            first, end = day, day if last is None else last
            if not 0 <= (end - first).days < MOST_DAYS:
                raise ValueError(f"1 to {MOST_DAYS} days are wanted")
    return Period(kind, first, end, _begin(first, zone), _begin(end + timedelta(days=1), zone))


def _begin(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)
