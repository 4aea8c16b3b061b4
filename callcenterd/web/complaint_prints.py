"""Complaints on paper [反馈单, 反馈志表]: the sheet of one, and the journals of a period (CMP-05)."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from callcenterd.model.complaints import ComplaintFilter, ComplaintKind, ComplaintListed
from callcenterd.tickets.complaint_journal import ComplaintJournal
from callcenterd.web.answers import conditions
from callcenterd.web.complaints import complaint_sight, seen_complaint
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
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
from callcenterd.web.rights import right

routes = web.RouteTableDef()


class ComplaintPeriod(PeriodWanted):
    """kind, type, team, responsible: of these only."""

    kind: ComplaintKind | None = None
    type: Short | None = None
    team: Name | None = None
    responsible: Name | None = None


async def _prints(request: web.Request) -> ComplaintJournal:
    office = request.app[OFFICE]
    steps = {code: (chinese, english) for code, chinese, english in await office.store.workflows.step_names()}
    return ComplaintJournal(office.store, office.clock.utc(), steps)


@routes.get("/api/v1/complaints/{id}/sheet")
@right("complaint")
@shape(summary="The sheet of a complaint, to print", conditions=SheetConditions, media=SHEET_MEDIA)
async def complaint_sheet(request: web.Request) -> web.StreamResponse:
    """200 a page, or the PDF, with what became of it · 404 no such complaint, or not one's own affair."""
    wanted = conditions(request, SheetConditions)
    known = await seen_complaint(request, number_in(request, "complaint"))
    of, store = await _prints(request), request.app[OFFICE].store
    states = tuple(await store.complaints.states(known.id))
    late = await store.complaint_tallies.lateness(known.id, of.now)
    one = ComplaintListed(complaint=known, lateness=late, states=states)
    return await send_sheet(request, of, one, known.id, wanted.format)


@routes.get("/api/v1/complaints/journal")
@right("complaint")
@shape(
    summary="The journal of complaints: a day, a week from Monday, a month, or from a day to another",
    conditions=ComplaintPeriod,
    media=JOURNAL_MEDIA,
)
async def complaint_journal(request: web.Request) -> web.StreamResponse:
    """200 those that one may see in their order, with totals by kind, type, aspect, state, department, whether they
    stand, whether limits were kept, and satisfaction: a page, or the file · 422 too many for that format."""
    wanted, sight = conditions(request, ComplaintPeriod), complaint_sight(request)

    def chosen(since: datetime, until: datetime) -> ComplaintFilter:
        return ComplaintFilter(
            kind=wanted.kind,
            type=wanted.type,
            team=wanted.team,
            responsible=wanted.responsible,
            since=since,
            until=until,
            sight=sight,
        )

    return await send_journal(request, await _prints(request), wanted, chosen)
