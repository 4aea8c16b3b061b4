"""Business hours and holidays: what holds at a moment, and a year's public holidays as a file (ACD-05).

To make, change and take away a calendar is `administration`, as with all that an office has.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd import site as site_file
from callcenterd.acd import holidays
from callcenterd.acd.hours import Hours, Why
from callcenterd.errors import NotFound
from callcenterd.model.calendar import Calendar
from callcenterd.model.site import Site
from callcenterd.web.administration import change_site, editor_of
from callcenterd.web.answers import Conditions, NotCsv, answer, conditions, read_octets
from callcenterd.web.calls import Moment
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import right

routes = web.RouteTableDef()

CSV_TYPES = frozenset({"text/csv", "application/csv", "application/vnd.ms-excel"})
"""The last is what browsers call a CSV where a spreadsheet is installed."""


class AtAsked(Conditions):
    """time: the moment that is asked about; without it, now."""

    time: Moment | None = Field(None, description="With its offset; without it, now.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarAt:
    """What holds at a moment; time and until are in the calendar's zone.

    why: by which rule: the week's hours (regular), a holiday, or a make-up day, which then has a name.
    until: the next opening or closing; null: not within 400 days. queues: those that keep this calendar.
    """

    time: datetime
    zone: str
    open: bool
    why: Why
    name: str
    until: datetime | None
    queues: tuple[str, ...]


CALENDAR_AT = TypeAdapter(CalendarAt)
CALENDAR = TypeAdapter(Calendar)


def _calendar(site: Site, name: str) -> Calendar:
    """Raises NotFound."""
    for known in site.calendars:
        if known.name == name:
            return known
    raise NotFound("calendar", name[:64])


@routes.get("/api/v1/calendars/{name}/at")
@right("calendar")
@shape(summary="What happens at a moment: open or closed, why, and until when", conditions=AtAsked, answer=CALENDAR_AT)
async def calendar_at(request: web.Request) -> web.StreamResponse:
    """200 what holds · 404 no such calendar."""
    office, wanted = request.app[OFFICE], conditions(request, AtAsked)
    site = office.board.site
    hours = Hours(_calendar(site, request.match_info["name"]), office.timezone)
    moment = wanted.time or office.clock.utc()
    holding = hours.at(moment)
    return answer(
        CALENDAR_AT,
        CalendarAt(
            time=_in_zone(moment, hours),
            zone=str(hours.zone),
            open=holding.open,
            why=holding.why,
            name=holding.name,
            until=None if holding.until is None else _in_zone(holding.until, hours),
            queues=tuple(queue.name for queue in site.queues if queue.calendar == hours.calendar.name),
        ),
    )


def _in_zone(moment: datetime, hours: Hours) -> datetime:
    """The ends of time stay in their own."""
    try:
        return moment.astimezone(hours.zone)
    except OverflowError:
        return moment


@routes.post("/api/v1/calendars/{name}/days")
@right("site")
@shape(summary="Bring a year's public holidays and make-up days in", takes="text/csv", answer=CALENDAR)
async def bring_days(request: web.Request) -> web.StreamResponse:
    """200 the calendar now · 404 no such calendar · 413 more than 1 MiB · 415 not text/csv · 422 the file's faults,
    each with its line, or days that overlap the calendar's own."""
    if request.content_type not in CSV_TYPES:
        raise NotCsv
    office, name = request.app[OFFICE], request.match_info["name"]
    _calendar(office.board.site, name)
    days = holidays.read(await read_octets(request), "holidays.csv")

    async def work() -> site_file.Applied:
        after = holidays.brought_into(_calendar(await office.store.site.load(), name), days).as_row()
        fields = {key: after[key] for key in ("name", "holidays", "make_up")}
        return await site_file.put(office.store, office.passwords, "calendars", fields, editor_of(request))

    await change_site(request, f"calendar/{name}", work)
    return answer(CALENDAR, _calendar(office.board.site, name))
