"""What a span of a query means now: from when, until when."""

from __future__ import annotations

import calendar
from datetime import date, datetime, time, timedelta, tzinfo

from callcenterd.model.query import Period, Span, Unit

_LENGTHS: dict[Unit, timedelta] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}


def moments(span: Span, now: datetime, zone: tzinfo) -> tuple[datetime | None, datetime | None]:
    """The first moment in it and the first after it; None: no bound on that side. now: aware; zone: the office's."""
    if span.last is not None:
        return _moved(now, -span.last, span.unit, zone), now
    if span.next is not None:
        return now, _moved(now, span.next, span.unit, zone)
    if span.period is not None:
        first, after = _days(span.period, now.astimezone(zone).date())
        return datetime.combine(first, time(), zone), datetime.combine(after, time(), zone)
    return span.since, span.until


def days(span: Span, now: datetime, zone: tzinfo) -> tuple[date | None, date | None]:
    """The first day of it and the last: days that begin in it, and the one in which it begins."""
    since, until = moments(span, now, zone)
    last = None if until is None else (until.astimezone(zone) - timedelta(microseconds=1)).date()
    return None if since is None else since.astimezone(zone).date(), last


def _moved(now: datetime, number: int, unit: Unit, zone: tzinfo) -> datetime:
    if unit != "month":
        return now + number * _LENGTHS[unit]
    local = now.astimezone(zone)
    years, month = divmod(local.month - 1 + number, 12)
    year, month = local.year + years, month + 1
    return local.replace(year=year, month=month, day=min(local.day, calendar.monthrange(year, month)[1]))


def _days(period: Period, today: date) -> tuple[date, date]:
    """The first day, and the first after it."""
    which, _, unit = period.partition("_")
    match period:
        case "today":
            return today, today + timedelta(days=1)
        case "yesterday":
            return today - timedelta(days=1), today
    if unit == "week":
        first = today - timedelta(days=today.weekday())
        week = timedelta(weeks=1)
        return (first - week, first) if which == "last" else (first, first + week)
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    first = date(today.year, (today.month - 1) // months * months + 1, 1)
    return (_later(first, -months), first) if which == "last" else (first, _later(first, months))


def _later(first: date, months: int) -> date:
    """The first day of the month so many later."""
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)
