"""Statistics of follow-ups [回访统计]: what was done in a period, by person, class, result, channel, rule and time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import hdrs, web
from pydantic import TypeAdapter

from callcenterd.model.follow_ups import FollowUpCount, FollowUpFilter, FollowUpKey
from callcenterd.tickets import follow_up_statistics as statistics
from callcenterd.web.answers import Conditions, WrongFields, answer, conditions, language_of
from callcenterd.web.calls import Moment
from callcenterd.web.describe import shape
from callcenterd.web.journals import SECONDS
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.recordfields import Name, Number, Short
from callcenterd.web.recordsight import record_sight
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in
from callcenterd.worker import sheets

routes = web.RouteTableDef()

PERIOD = timedelta(days=30)
"""Where nobody says another."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class FollowUpStatistics:
    """total: done; late, tries: of these."""

    since: datetime
    until: datetime
    items: list[FollowUpCount]
    total: int
    late: int
    tries: int


STATISTICS = TypeAdapter(FollowUpStatistics)


class StatisticsAsked(Conditions):
    """by, across: what is counted together; across: each by that too. since: included; until: not; without them the
    last 30 days. person: who did them."""

    by: FollowUpKey = "person"
    across: FollowUpKey | None = None
    since: Moment | None = None
    until: Moment | None = None
    category: Short | None = None
    channel: Short | None = None
    result: Short | None = None
    person: Name | None = None
    rule: Number | None = None


@routes.get("/api/v1/follow-ups/statistics")
@right("follow_up.read")
@shape(summary="How many follow-ups were done, by what one likes", conditions=StatisticsAsked, answer=STATISTICS)
async def follow_up_statistics(request: web.Request) -> web.StreamResponse:
    """200 of those that one may see · 422 the period's end is not after its beginning."""
    wanted = conditions(request, StatisticsAsked)
    since, until, items = await _counted(request, wanted)
    done, late, tries = (sum(getattr(one, name) for one in items) for name in ("done", "late", "tries"))
    return answer(STATISTICS, FollowUpStatistics(since, until, items, done, late, tries))


@routes.get("/api/v1/follow-ups/statistics/export")
@right("follow_up.read")
@shape(summary="The statistics of follow-ups as a workbook", conditions=StatisticsAsked, media=XLSX)
async def export_follow_up_statistics(request: web.Request) -> web.StreamResponse:
    """200 the workbook, in the language that is asked for; the audit trail has who took it · 422 as above."""
    wanted, office, modules = conditions(request, StatisticsAsked), request.app[OFFICE], request.app[MODULES]
    since, until, items = await _counted(request, wanted)
    reader = await modules.journals.reader(language_of(request))
    rules = await office.store.follow_up_rules.all()
    tables = statistics.tables(items, wanted.by, wanted.across, reader, rules)
    octets = await modules.printer.run(sheets.xlsx, tables, tables[0].name, office.timezone, timeout=SECONDS)
    span = {"since": since.isoformat(), "until": until.isoformat(), "by": wanted.by, "across": wanted.across}
    await office.store.audit.append(
        office.clock.utc(), signed_in(request).login, "follow_up.exported", "follow_ups/statistics", span
    )
    disposition = f'attachment; filename="follow-ups-by-{wanted.by}.xlsx"'
    return web.Response(body=octets, content_type=XLSX, headers={hdrs.CONTENT_DISPOSITION: disposition})


async def _counted(request: web.Request, wanted: StatisticsAsked) -> tuple[datetime, datetime, list[FollowUpCount]]:
    office = request.app[OFFICE]
    until = wanted.until or office.clock.utc()
    since = wanted.since or until - PERIOD
    if until <= since:
        raise WrongFields({"until": ("time", {"days": PERIOD.days})})
    names = ("category", "channel", "result", "rule")
    chosen = FollowUpFilter(
        **{name: getattr(wanted, name) for name in names}, owner=wanted.person, sight=record_sight(request, "follow_up")
    )
    across = None if wanted.across == wanted.by else wanted.across
    items = await office.store.follow_ups.statistics(chosen, since, until, wanted.by, across, office.timezone)
    return since, until, items
