"""When a service can be had: its places, from its hours and the office's calendar (CON-03). Pure.

Places follow each other from when it opens: one lasts `minutes`, then `buffer` minutes are kept free. They are counted
in time that passes, so that an hour that comes twice has its own places and one that is left out has none. What is open
for more than a day and a night begins anew at each midnight.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from callcenterd.acd.hours import Hours
from callcenterd.model.appointments import AppointmentService, Place, Taken, room
from callcenterd.model.calendar import Calendar
from callcenterd.model.site import Site

DAY = timedelta(days=1)
_BACK = 2 * DAY
"""Whatever is open for a day at most, and reaches into a time, has opened later than this before it."""


class Stretch(NamedTuple):
    begin: datetime
    end: datetime


class Opening:
    """Of one service. zone: the office's, where its calendar names none."""

    def __init__(self, service: AppointmentService, site: Site, zone: tzinfo) -> None:
        calendar = next((one for one in site.calendars if one.name == service.calendar), None)
        self._hours = [] if calendar is None else [Hours(calendar, zone)]
        self._known = calendar is not None or not service.calendar
        if service.hours:
            own = Calendar(
                name="",
                zone="" if calendar is None else calendar.zone,
                hours=service.hours,
                make_up=() if calendar is None else calendar.make_up,
            )
            self._hours.append(Hours(own, zone))
        self.zone = self._hours[0].zone if self._hours else zone

    def stretches(self, since: datetime, until: datetime) -> Iterator[Stretch]:
        """What is open without a break and touches that time; cut at midnight if it is longer than a day. A service
        whose calendar is gone is never open."""
        if not self._known:
            return
        for begin, end in self._merged(_midnight(since - _BACK, self.zone), until + _BACK):
            if end - begin <= DAY:
                yield Stretch(begin, end)
                continue
            at = begin
            while at < end:
                midnight = _midnight(at.astimezone(self.zone) + DAY, self.zone)
                yield Stretch(at, min(midnight, end))
                at = midnight

    def _merged(self, since: datetime, until: datetime) -> Iterator[Stretch]:
        at, open_since = since.astimezone(UTC), None
        while at < until:
            held = [hours.at(at) for hours in self._hours]
            is_open = all(one.open for one in held)
            if is_open and open_since is None:
                open_since = at
            if not is_open and open_since is not None:
                yield Stretch(open_since, at)
                open_since = None
            at = min((one.until for one in held if one.until is not None), default=until)
        if open_since is not None:
            yield Stretch(open_since, max(at, until))


def grid(service: AppointmentService, opening: Opening, since: datetime, until: datetime) -> Iterator[Stretch]:
    """The places that begin in that time, until not included; UTC."""
    lasts, step = timedelta(minutes=service.minutes), timedelta(minutes=service.minutes + service.buffer)
    for begin, end in opening.stretches(since, until):
        at = begin
        if at < since:
            at += -((begin - since) // step) * step
        while at < until and at + lasts <= end:
            yield Stretch(at, at + lasts)
            at += step


def places(
    service: AppointmentService,
    opening: Opening,
    persons: Sequence[str],
    taken: Iterable[Taken],
    since: datetime,
    until: datetime,
    now: datetime,
) -> list[Place]:
    """persons: those of the service's who work here. taken: all that reaches into that time."""
    earliest, latest = bounds(service, now)
    capacity = min(service.capacity, len(persons)) if service.persons else service.capacity
    buffer, known, found = timedelta(minutes=service.buffer), sorted(taken, key=lambda one: one.begin), []
    for begin, end in grid(service, opening, since, until):
        left, free = room(service, persons, known, begin, end + buffer)
        bookable = service.active and left > 0 and earliest <= begin <= latest
        found.append(Place(begin=begin, end=end, capacity=capacity, left=left, persons=free, bookable=bookable))
    return found


def bounds(service: AppointmentService, now: datetime) -> tuple[datetime, datetime]:
    """Between which moments it can be booked now, both included."""
    return now + timedelta(minutes=service.notice), now + timedelta(days=service.ahead)


def _midnight(moment: datetime, zone: tzinfo) -> datetime:
    """The beginning of its day in that zone, UTC."""
    day = moment.astimezone(zone).date()
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
