"""Consultations [业务咨询]: what callers wanted to know, written down and counted (CON-01)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.model.consultations import Consultation, ConsultationCount, ConsultationFields, ConsultationFilter
from callcenterd.model.fields import FieldsGiven, FieldWanted
from callcenterd.model.ids import CustomerId
from callcenterd.model.records import RecordSight
from callcenterd.tickets.consultation_journal import ConsultationJournal
from callcenterd.web.answers import Asked, Conditions, NotAllowed, answer, conditions, read
from callcenterd.web.calls import Moment
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
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.once import once
from callcenterd.web.recordfields import FieldsWanted, Line, Name, Number, Short, Text, wanted_fields
from callcenterd.web.recordsight import number_of, record_sight, seen_one, sees
from callcenterd.web.recordwriting import check_change, check_new
from callcenterd.web.rights import right, sight_of
from callcenterd.web.session import signed_in
from callcenterd.web.trail import note_once

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class ConsultationList:
    items: list[Consultation]
    total: int


@dataclass(frozen=True, slots=True)
class ConsultationTotals:
    """items: each category and channel that there are any of."""

    items: list[ConsultationCount]
    total: int


CONSULTATION = TypeAdapter(Consultation)
CONSULTATIONS = TypeAdapter(ConsultationList)
TOTALS = TypeAdapter(ConsultationTotals)


class ConsultationWhich(Conditions):
    """since: included; until: not. agent: whose; a login, or "me"."""

    since: Moment | None = None
    until: Moment | None = None
    category: Short | None = None
    channel: Short | None = None
    agent: Name | None = None
    customer: Number | None = None
    text: Line = ""
    fields: FieldsWanted = Field(default={})

    def chosen(self, login: str, sight: RecordSight | None, fields: tuple[FieldWanted, ...] = ()) -> ConsultationFilter:
        """What the store looks for, within what may be seen. login: who asks. fields: what is wanted of custom ones."""
        return ConsultationFilter(
            since=self.since,
            until=self.until,
            category=self.category,
            channel=self.channel,
            owner=login if self.agent == "me" else self.agent,
            customer=None if self.customer is None else CustomerId(self.customer),
            text=self.text,
            fields=fields,
            sight=sight,
        )


class ConsultationConditions(ConsultationWhich):
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


class ConsultationAsked(Asked):
    """phone, card, name, sex: as they were then; where none of them is said, the customer's. fields: custom ones."""

    customer: Number | None = None
    call: Name | None = None
    phone: Short = ""
    card: Short = ""
    name: Line = ""
    sex: Short = ""
    category: Short = ""
    project_type: Line = ""
    project_number: Line = ""
    product_number: Line = ""
    channel: Short = ""
    note: Text = ""
    fields: FieldsGiven = Field({})

    def written(self) -> ConsultationFields:
        given = {name: getattr(self, name) for name in ConsultationAsked.model_fields}
        given |= {name: text.strip() for name, text in given.items() if isinstance(text, str) and name != "note"}
        return ConsultationFields(**given)


class ConsultationNew(ConsultationAsked):
    """at: when it was, within the last year; without it, when its call began, else now."""

    at: Moment | None = None


class ConsultationChange(ConsultationAsked):
    """The whole of it anew; custom fields that are not named stay."""

    version: Annotated[int, Field(ge=1, lt=1 << 62, description="The one that was read; with another one there is 409")]


async def seen_consultation(request: web.Request, number: int) -> Consultation:
    """Raises NotFound, also for one that who asks may not see."""
    return await seen_one(request, "consultation", number, request.app[OFFICE].store.consultations.get)


async def _seen(request: web.Request, record: str) -> str:
    return str((await seen_consultation(request, number_of("consultation", record))).id)


sees("consultation", _seen)


@routes.get("/api/v1/consultations")
@right("consultation.read")
@shape(summary="Consultations that one may see", conditions=ConsultationConditions, answer=CONSULTATIONS)
async def list_consultations(request: web.Request) -> web.StreamResponse:
    """200 one page of them, the newest first: one's own, of whom one oversees, and of one's teams."""
    wanted, who = conditions(request, ConsultationConditions), signed_in(request)
    fields = await wanted_fields(request, "consultation", wanted.fields)
    chosen = wanted.chosen(who.login, record_sight(request, "consultation"), fields)
    items, total = await request.app[OFFICE].store.consultations.page(chosen, wanted.limit, wanted.offset, who.role)
    return answer(CONSULTATIONS, ConsultationList(items, total))


@routes.get("/api/v1/consultations/totals")
@right("consultation.read")
@shape(
    summary="How many consultations there were, by category and channel", conditions=ConsultationWhich, answer=TOTALS
)
async def consultation_totals(request: web.Request) -> web.StreamResponse:
    """200 of those that the list has with the same conditions."""
    wanted = conditions(request, ConsultationWhich)
    fields = await wanted_fields(request, "consultation", wanted.fields)
    chosen = wanted.chosen(signed_in(request).login, record_sight(request, "consultation"), fields)
    counts = await request.app[OFFICE].store.consultations.counts(chosen)
    return answer(TOTALS, ConsultationTotals(counts, sum(one.count for one in counts)))


@routes.post("/api/v1/consultations")
@right("consultation.write")
@shape(summary="Write a consultation down", body=ConsultationNew, answer=CONSULTATION)
@once
async def create_consultation(request: web.Request) -> web.StreamResponse:
    """201 it, with the number of its sheet · 404 no such call or customer, or one that one may not see · 422 fields."""
    asked, who = await read(request, ConsultationNew), signed_in(request)
    await check_new(request, "consultation", asked)
    made = await request.app[MODULES].consultations.create(asked.written(), who.login, who.role, asked.at)
    return answer(CONSULTATION, made, status=201)


@routes.get("/api/v1/consultations/{id}")
@right("consultation.read")
@shape(summary="One consultation", answer=CONSULTATION)
async def one_consultation(request: web.Request) -> web.StreamResponse:
    """200 the consultation · 404 no such consultation, or not one's own affair."""
    one = await seen_consultation(request, number_in(request, "consultation"))
    await note_once(request, "consultation.seen", f"consultation/{one.id}")
    return answer(CONSULTATION, one)


@routes.put("/api/v1/consultations/{id}")
@right("consultation.write")
@shape(summary="Change a consultation", body=ConsultationChange, answer=CONSULTATION)
async def change_consultation(request: web.Request) -> web.StreamResponse:
    """200 the consultation now · 403 a colleague's: one's own are changed, and those of whom one oversees · 404 as
    above · 409 somebody has changed it meanwhile ("now" has it as it is) · 422 fields."""
    before = await seen_consultation(request, number_in(request, "consultation"))
    sight, who = sight_of(request), signed_in(request)
    if not (sight.oversees(before.owner) or sight.oversees(before.created_by)):
        raise NotAllowed
    asked = await read(request, ConsultationChange)
    await check_change(request, "consultation", asked, before)
    changed = await request.app[MODULES].consultations.change(
        before, asked.written(), asked.version, who.login, who.role
    )
    return answer(CONSULTATION, changed)


# ---- on paper -----------------------------------------------------------------------------------------------


class ConsultationPeriod(PeriodWanted):
    """category, channel, agent: of these only."""

    category: Short | None = None
    channel: Short | None = None
    agent: Name | None = None


@routes.get("/api/v1/consultations/{id}/sheet")
@right("consultation.read")
@shape(summary="The sheet of a consultation, to print", conditions=SheetConditions, media=SHEET_MEDIA)
async def consultation_sheet(request: web.Request) -> web.StreamResponse:
    """200 a page, or the PDF · 404 as above."""
    wanted = conditions(request, SheetConditions)
    one = await seen_consultation(request, number_in(request, "consultation"))
    return await send_sheet(request, ConsultationJournal(request.app[OFFICE].store), one, one.id, wanted.format)


@routes.get("/api/v1/consultations/journal")
@right("consultation.read")
@shape(
    summary="The journal of consultations: a day, a week from Monday, a month, or from a day to another",
    conditions=ConsultationPeriod,
    media=JOURNAL_MEDIA,
)
async def consultation_journal(request: web.Request) -> web.StreamResponse:
    """200 those that one may see in their order, with totals by category and channel: a page, or the file · 422 too
    many for that format: 1,000 on paper, 20,000 in a table."""
    wanted = conditions(request, ConsultationPeriod)
    login, sight = signed_in(request).login, record_sight(request, "consultation")

    def chosen(since: datetime, until: datetime) -> ConsultationFilter:
        which = ConsultationWhich(category=wanted.category, channel=wanted.channel, agent=wanted.agent)
        return replace(which.chosen(login, sight), since=since, until=until)

    return await send_journal(request, ConsultationJournal(request.app[OFFICE].store), wanted, chosen)
