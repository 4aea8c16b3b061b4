"""Follow-ups on paper, and who did how many (FUP-03)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aiohttp import web
from pydantic import TypeAdapter

from callcenterd.model.follow_ups import FollowUpFilter, FollowUpsDone, FollowUpsOwed
from callcenterd.tickets.follow_up_journal import FollowUpJournal
from callcenterd.web.answers import Conditions, WrongFields, answer, conditions
from callcenterd.web.calls import Moment
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.follow_ups import FollowUpWhich, seen_follow_up
from callcenterd.web.journals import (
    JOURNAL_MEDIA,
    SHEET_MEDIA,
    PeriodWanted,
    SheetConditions,
    send_journal,
    send_sheet,
)
from callcenterd.web.office import OFFICE
from callcenterd.web.recordfields import Name, Short
from callcenterd.web.recordsight import record_sight
from callcenterd.web.rights import right

routes = web.RouteTableDef()

PERIOD = timedelta(days=30)
"""Of figures, where nobody says another."""


@dataclass(frozen=True, slots=True)
class FollowUpFigures:
    """done: of those done in the period, by person, class and result. owed: what each still owes now; "": nobody's."""

    since: datetime
    until: datetime
    done: list[FollowUpsDone]
    owed: list[FollowUpsOwed]
    total: int
    late: int


FIGURES = TypeAdapter(FollowUpFigures)


class FiguresPeriod(Conditions):
    """since: included; until: not. Without them the last 30 days."""

    since: Moment | None = None
    until: Moment | None = None


@routes.get("/api/v1/follow-ups/figures")
@right("follow_up.read")
@shape(summary="Who did how many follow-ups, and who still owes how many", conditions=FiguresPeriod, answer=FIGURES)
async def follow_up_figures(request: web.Request) -> web.StreamResponse:
    """200 of those that one may see; late: done after the time that it was due by then · 422 the period's end is not
    after its beginning."""
    wanted, office, sight = conditions(request, FiguresPeriod), request.app[OFFICE], record_sight(request, "follow_up")
    now = office.clock.utc()
    until = wanted.until or now
    since = wanted.since or until - PERIOD
    if until <= since:
        raise WrongFields({"until": ("time", {"days": PERIOD.days})})
    done = await office.store.follow_ups.done(since, until, sight)
    owed = await office.store.follow_ups.owed(now, sight)
    late = sum(one.late for one in done)
    total = late + sum(one.on_time for one in done)
    return answer(FIGURES, FollowUpFigures(since, until, done, owed, total, late))


class FollowUpPeriod(PeriodWanted):
    """category, channel, result, owner: of these only."""

    category: Short | None = None
    channel: Short | None = None
    result: Short | None = None
    owner: Name | None = None


@routes.get("/api/v1/follow-ups/{id}/sheet")
@right("follow_up.read")
@shape(summary="The sheet of a follow-up, to print", conditions=SheetConditions, media=SHEET_MEDIA)
async def follow_up_sheet(request: web.Request) -> web.StreamResponse:
    """200 a page, or the PDF · 404 as above."""
    wanted = conditions(request, SheetConditions)
    one = await seen_follow_up(request, number_in(request, "follow-up"))
    return await send_sheet(request, FollowUpJournal(request.app[OFFICE].store), one, one.id, wanted.format)


@routes.get("/api/v1/follow-ups/journal")
@right("follow_up.read")
@shape(
    summary="The journal of follow-ups: a day, a week from Monday, a month, or from a day to another",
    conditions=FollowUpPeriod,
    media=JOURNAL_MEDIA,
)
async def follow_up_journal(request: web.Request) -> web.StreamResponse:
    """200 those that one may see, done or last tried then, in their order, with totals by class, channel, result and
    person: a page, or the file · 422 too many for that format: 1,000 on paper, 20,000 in a table."""
    wanted = conditions(request, FollowUpPeriod)
    names = ("category", "channel", "result", "owner")

    def chosen(since: datetime, until: datetime) -> FollowUpFilter:
        which = FollowUpWhich(**{name: getattr(wanted, name) for name in names})
        return replace(which.chosen(request), since=since, until=until)

    return await send_journal(request, FollowUpJournal(request.app[OFFICE].store), wanted, chosen)
