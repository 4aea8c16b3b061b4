"""What came of appraisals, beside how much was worked: figures, and the same as a file (SUP-03)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from aiohttp import hdrs, web
from pydantic import TypeAdapter

from callcenterd.model.appraisals import Appraisal, AppraisalFilter, AppraisalSight
from callcenterd.model.site import Site
from callcenterd.quality import result_tables
from callcenterd.quality.results import By, Result, Step, Templates, Worked, results, together, worked
from callcenterd.store.work_figures import Work
from callcenterd.web.answers import Conditions, WrongFields, answer, conditions, language_of
from callcenterd.web.appraisals import appraisal_sight
from callcenterd.web.calls import Moment
from callcenterd.web.describe import shape
from callcenterd.web.journals import SECONDS
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.recordfields import Name, Number
from callcenterd.web.rights import right
from callcenterd.web.trail import note_export
from callcenterd.worker import sheets

routes = web.RouteTableDef()

PERIOD = timedelta(days=30)
"""Where nobody says another."""
LONGEST = timedelta(days=3 * 366)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"


@dataclass(frozen=True, slots=True)
class AppraisalResults:
    """items: by what was asked; agents, teams and queues also those with work and without an appraisal. all:
    together."""

    since: datetime
    until: datetime
    items: list[Result]
    total: int
    all: Result


RESULTS = TypeAdapter(AppraisalResults)


class ResultConditions(Conditions):
    """by: what is counted together. step: of the trend. since: included; until: not: of the time when it was scored;
    without them the last 30 days."""

    by: By = "agent"
    step: Step = "week"
    since: Moment | None = None
    until: Moment | None = None
    agent: Name | None = None
    team: Name | None = None
    queue: Name | None = None
    appraiser: Name | None = None
    template: Number | None = None
    plan: Number | None = None


class ResultExport(ResultConditions):
    format: Literal["xlsx", "csv"] = "xlsx"


@routes.get("/api/v1/appraisals/results")
@right("appraisal.read")
@shape(summary="Results of the appraisals that one may see", conditions=ResultConditions, answer=RESULTS)
async def appraisal_results(request: web.Request) -> web.StreamResponse:
    """200 averages, distribution and trend; by agent, team and queue with calls, talk, hold, wrap-up and handling time
    beside · 422 the period's end is not after its beginning, or it takes too long."""
    wanted = conditions(request, ResultConditions)
    since, until, items, whole = await _counted(request, wanted)
    return answer(RESULTS, AppraisalResults(since, until, items, len(items), whole))


@routes.get("/api/v1/appraisals/results/export")
@right("appraisal.read")
@shape(summary="The same as a workbook, or a file of text", conditions=ResultExport, media=f"{XLSX}, {CSV}")
async def export_appraisal_results(request: web.Request) -> web.StreamResponse:
    """200 the file, in the language that is asked for; the audit trail has who took it · 422 as above."""
    wanted, office, modules = conditions(request, ResultExport), request.app[OFFICE], request.app[MODULES]
    since, until, items, _ = await _counted(request, wanted)
    tables = result_tables.tables(items, wanted.by, _names(office.board.site, wanted.by), language_of(request))
    if wanted.format == "xlsx":
        octets = await modules.printer.run(sheets.xlsx, tables, tables[0].name, office.timezone, timeout=SECONDS)
    else:
        octets = await modules.printer.run(sheets.csv, tables[0], "utf-8-sig", office.timezone, timeout=SECONDS)
    span = {"since": since.isoformat(), "until": until.isoformat(), "by": wanted.by, "format": wanted.format}
    await note_export(request, "appraisal", span)
    name = f'attachment; filename="appraisals-by-{wanted.by}.{wanted.format}"'
    kind = XLSX if wanted.format == "xlsx" else CSV
    return web.Response(body=octets, content_type=kind, headers={hdrs.CONTENT_DISPOSITION: name})


async def _counted(request: web.Request, wanted: ResultConditions) -> tuple[datetime, datetime, list[Result], Result]:
    office = request.app[OFFICE]
    until = wanted.until or office.clock.utc()
    since = wanted.since or until - PERIOD
    if not timedelta() < until - since <= LONGEST:
        raise WrongFields({"until": ("time", {"days": PERIOD.days})})
    same = ("agent", "team", "queue", "appraiser", "template", "plan")
    sight = appraisal_sight(request)
    chosen = AppraisalFilter(**{name: getattr(wanted, name) for name in same}, since=since, until=until, sight=sight)
    found = await office.store.quality.appraisals.scored(chosen)
    templates = await _templates(request, found)
    items = results(found, wanted.by, wanted.step, templates, office.timezone)
    work = await _work(request, wanted, sight, since, until)
    known = {item.key: replace(item, worked=work.get(item.key)) for item in items}
    known |= {key: Result(key=key, worked=done) for key, done in work.items() if key not in known}
    order = [item.key for item in items] if not work else sorted(known)
    return since, until, [known[key] for key in order], together(found, wanted.step, office.timezone)


async def _templates(request: web.Request, found: Sequence[Appraisal]) -> Templates:
    store = request.app[OFFICE].store.quality.templates
    wanted = {(one.template, one.template_version) for one in found}
    return {(number, version): await store.version(number, version) for number, version in sorted(wanted)}


async def _work(
    request: web.Request, wanted: ResultConditions, sight: AppraisalSight, since: datetime, until: datetime
) -> Mapping[str, Worked]:
    """By agent, team or queue: how much they worked. Nothing for others, nor where only some appraisals count."""
    keys = _keys(request.app[OFFICE].board.site, wanted.by)
    if keys is None or wanted.appraiser or wanted.template or wanted.plan:
        return {}
    office = request.app[OFFICE]
    await office.board.history.settled()
    seen = _agents(office.board.site, sight, wanted)
    if seen is not None and not seen:
        return {}
    rows = await office.store.quality.work.of_calls(seen, since, until)
    if wanted.queue:
        rows = [row for row in rows if row.queue == wanted.queue]
    whole = wanted.by != "queue" and not wanted.queue
    wrapped = await office.store.quality.work.wrap_up(seen, since, until) if whole else {}
    return worked(rows, wrapped, keys, whole=whole)


def _keys(site: Site, by: By) -> Callable[[Work], Sequence[str]] | None:
    match by:
        case "agent":
            return lambda row: (row.agent,)
        case "queue":
            return lambda row: (row.queue,)
        case "team":
            return lambda row: (site.team_of(row.agent),)
        case _:
            return None


def _agents(site: Site, sight: AppraisalSight, wanted: ResultConditions) -> set[str] | None:
    """Whose work who asks may see, and wants to. None: everybody's."""
    if sight.agents is None:
        seen = None
    else:
        of_teams = {member for team in site.teams if team.name in sight.teams for member in team.members}
        seen = {str(agent) for agent in (*sight.agents, *of_teams)}
    for asked in (
        {wanted.agent} if wanted.agent else None,
        {str(user.login) for user in site.users if site.team_of(user.login) == wanted.team} if wanted.team else None,
    ):
        if asked is not None:
            seen = asked if seen is None else seen & asked
    return seen


def _names(site: Site, by: By) -> dict[str, str]:
    """What keys are called by the site."""
    match by:
        case "agent" | "appraiser":
            return {user.login: f"{user.name} {user.login}".strip() for user in site.users}
        case "team":
            return {team.name: team.title for team in site.teams}
        case "queue":
            return {queue.name: queue.title for queue in site.queues}
        case _:
            return {}
