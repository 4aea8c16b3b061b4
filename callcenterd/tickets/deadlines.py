"""When something is due: a number of working minutes after a moment, by a calendar (CMP-03). Pure.

What is a working minute is `acd.hours`'s to say: hours of the day, holidays, make-up days, zones and changes of the
clock. Without a calendar every minute is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, tzinfo

from callcenterd.acd.hours import Hours
from callcenterd.errors import LocalError

MOST_MINUTES = 366 * 24 * 60
"""A limit is at most a year of them."""


MOST_DAYS = 732
"""So far ahead working days are looked for."""


class NeverOpen(LocalError):
    """A calendar in which there is too little working time ahead: nothing is open for more than a year."""


def after(hours: Hours | None, start: datetime, minutes: float) -> datetime:
    """When so many working minutes have passed since the start, UTC. None of them: the first working moment.

    start: with its offset. minutes: 0 to MOST_MINUTES. An end that falls on closing time is closing time, and not the
    next opening. Raises ValueError for other minutes, and NeverOpen.
    """
    if not 0 <= minutes <= MOST_MINUTES:
        raise ValueError(f"0 to {MOST_MINUTES} working minutes are wanted")
    left, at = timedelta(minutes=minutes), start.astimezone(UTC)
    if hours is None:
        return at + left
    for begin, end in _worked(hours, at):
        if end is None or end - begin >= left:
            return begin + left
        left -= end - begin
    raise NeverOpen(f"calendar {hours.calendar.name} has no {minutes:g} working minutes ahead")


def end_of_day(hours: Hours | None, start: datetime, days: int, zone: tzinfo) -> datetime:
    """The last working moment of the so manyth working day, UTC; the first is the day of the start, if there is still
    time to work in it. zone: whose days they are. Raises NeverOpen where there are too few in two years."""
    day, at, left = start.astimezone(zone).date(), start.astimezone(UTC), days
    for _ in range(MOST_DAYS):
        midnight = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
        end = _last_worked(hours, at, midnight)
        left -= end is not None
        if end is not None and not left:
            return end
        day, at = day + timedelta(days=1), midnight
    raise NeverOpen(f"there are less than {days} working days ahead")


def _last_worked(hours: Hours | None, at: datetime, until: datetime) -> datetime | None:
    """When work ends for the last time between two moments; None: nobody works then."""
    if hours is None:
        return until
    last = None
    for begin, over in _worked(hours, at):
        if begin >= until:
            break
        last = until if over is None else min(over, until)
        if last >= until:
            break
    return last


def between(hours: Hours | None, start: datetime, end: datetime) -> timedelta:
    """How much working time lies between two moments; none if the end is not after the start."""
    at, until = start.astimezone(UTC), end.astimezone(UTC)
    if until <= at:
        return timedelta()
    if hours is None:
        return until - at
    worked = timedelta()
    for begin, over in _worked(hours, at):
        if begin >= until:
            break
        worked += (until if over is None else min(over, until)) - begin
        if over is None or over >= until:
            break
    return worked


def warning(hours: Hours | None, start: datetime, due: datetime, minutes: float) -> datetime:
    """When somebody is to be warned of what is due: so many working minutes before, but not before half of the time is
    over. Where nobody works until then, time is counted as it passes: a promise by night is warned of by night."""
    worked = between(hours, start, due)
    ahead = timedelta(minutes=minutes)
    if hours is None or not worked:
        length = due - start
        return (due - min(ahead, length / 2)).astimezone(UTC)
    return after(hours, start, (worked - min(ahead, worked / 2)) / timedelta(minutes=1))


def _worked(hours: Hours, at: datetime) -> Iterator[tuple[datetime, datetime | None]]:
    """Stretches of working time from a moment on, in their order. end None: it does not end."""
    while True:
        held = hours.at(at)
        if held.open:
            yield at, held.until
        if held.until is None:
            return
        at = held.until
