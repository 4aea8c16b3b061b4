"""Complaints and suggestions [投诉建议] (CMP-01 to CMP-04): written down, moved from step to step, answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model.complaints import (
    Complaint,
    ComplaintCount,
    ComplaintFields,
    ComplaintFilter,
    ComplaintKind,
    ComplaintState,
    Means,
)
from callcenterd.model.duties import DutySight
from callcenterd.model.fields import FieldsGiven
from callcenterd.model.ids import CustomerId
from callcenterd.model.workflows import Given, KeptWorkflow
from callcenterd.tickets.deadlines import MOST_MINUTES
from callcenterd.web.answers import VISIBLE, Asked, Conditions, WrongFields, answer, conditions, nothing, read
from callcenterd.web.calls import Moment
from callcenterd.web.customers import customer_id, number_in
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.once import once
from callcenterd.web.recordfields import FieldsWanted, Line, Name, Number, Short, Text, Version, wanted_fields
from callcenterd.web.recordsight import number_of, sees
from callcenterd.web.recordwriting import check_change, check_new
from callcenterd.web.rights import right, sight_of
from callcenterd.web.session import signed_in
from callcenterd.web.trail import note_once

routes = web.RouteTableDef()

MOST_EARLIER = 50


@dataclass(frozen=True, slots=True)
class ComplaintList:
    items: list[Complaint]
    total: int


@dataclass(frozen=True, slots=True)
class Board:
    """items: each state that there are any of."""

    items: list[ComplaintCount]
    total: int
    overdue: int


@dataclass(frozen=True, slots=True)
class ComplaintNow:
    """states: what became of it, in order; the times of these nobody can change. workflow: with which it began. moves:
    codes of those that who asks can make now. correctable: may who asks correct what is written."""

    complaint: Complaint
    states: list[ComplaintState]
    workflow: KeptWorkflow
    moves: list[str]
    correctable: bool
    answerable: bool


COMPLAINT = TypeAdapter(Complaint)
COMPLAINTS = TypeAdapter(ComplaintList)
BOARD = TypeAdapter(Board)
NOW = TypeAdapter(ComplaintNow)


class BoardConditions(Conditions):
    """owner: who has the step now; a login, "me", or "nobody". responsible: a login, or "me". open: not at an end.
    overdue: past the time of their step. since: included; until: not."""

    kind: ComplaintKind | None = None
    type: Short | None = None
    owner: Name | None = None
    responsible: Name | None = None
    team: Name | None = None
    customer: Number | None = None
    open: bool | None = None
    overdue: bool = False
    since: Moment | None = None
    until: Moment | None = None
    text: Line = ""
    fields: FieldsWanted = Field(default={})


class ComplaintConditions(BoardConditions):
    state: Short | None = None
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


class ComplaintAsked(Asked):
    """phone, card, name, sex: as they were then; where none of them is said, the customer's. answer_by: how the
    customer wants to be answered; "": by what is known. fields: custom ones."""

    customer: Number | None = None
    call: Name | None = None
    phone: Short = ""
    card: Short = ""
    name: Line = ""
    sex: Short = ""
    kind: ComplaintKind = "complaint"
    type: Short = ""
    project_number: Line = ""
    department_number: Line = ""
    person_number: Line = ""
    aspects: list[Short] = Field([], max_length=20)
    reason: Annotated[str, VISIBLE, Field(max_length=1000)] = ""
    note: Text = ""
    answer_by: Literal["", "call", "email", "sms", "in_person"] = ""
    email: Annotated[str, VISIBLE, Field(max_length=200, pattern=r"^([^\s@,;<>]+@[^\s@,;<>]+)?$")] = ""
    fields: FieldsGiven = Field({})

    def written(self) -> ComplaintFields:
        given = {name: getattr(self, name) for name in ComplaintAsked.model_fields}
        given |= {name: text.strip() for name, text in given.items() if isinstance(text, str) and name != "note"}
        given["aspects"] = tuple(dict.fromkeys(filter(None, self.aspects)))
        return ComplaintFields(**given)


class ComplaintNew(ComplaintAsked):
    """at: when it was, within the last year; without it, when its call began, else now."""

    at: Moment | None = None


class ComplaintCorrection(ComplaintAsked):
    """The whole of it anew; custom fields that are not named stay."""

    version: Version


class MoveAsked(Asked):
    """move: a code of its workflow's. What a move needs, the workflow says: team, person, reason, result,
    satisfaction; minutes (working minutes from now) or due: the limit of the step that follows."""

    version: Version
    move: Short
    team: Name = ""
    person: Name = ""
    minutes: int | None = Field(None, ge=1, le=MOST_MINUTES)
    due: Moment | None = None
    reason: Text = ""
    result: Text = ""
    satisfaction: Short = ""


class AnswerAsked(Asked):
    """means: how the customer is told. to: a number (a mobile one for an SMS) or an address; "": what is known. text:
    what they are told; "": as it is. in_person: they have been told, and text says how."""

    version: Version
    means: Means
    to: Annotated[str, VISIBLE, Field(max_length=200, pattern=r"^[^\s,;<>]*$")] = ""
    text: Text = ""


class ComplaintNote(Asked):
    text: Annotated[str, VISIBLE] = Field(min_length=1, max_length=4000)


async def _chosen(request: web.Request, wanted: BoardConditions, state: str | None = None) -> ComplaintFilter:
    me = signed_in(request).login
    people = {"me": me, "nobody": ""}
    return ComplaintFilter(
        kind=wanted.kind,
        type=wanted.type,
        state=state,
        open=wanted.open,
        owner=people.get(wanted.owner or "", wanted.owner),
        responsible=people.get(wanted.responsible or "", wanted.responsible),
        team=wanted.team,
        customer=None if wanted.customer is None else CustomerId(wanted.customer),
        overdue=request.app[OFFICE].clock.utc() if wanted.overdue else None,
        since=wanted.since,
        until=wanted.until,
        text=wanted.text,
        fields=await wanted_fields(request, "complaint", wanted.fields),
        sight=complaint_sight(request),
    )


def complaint_sight(request: web.Request) -> DutySight | None:
    """Whose complaints who asks may see. None: all."""
    return sight_of(request).of_complaints(request.app[OFFICE].board.site)


async def seen_complaint(request: web.Request, number: int) -> Complaint:
    """Raises NotFound, also for one that who asks may not see."""
    store, sight = request.app[OFFICE].store, complaint_sight(request)
    if not await store.complaints.seen(number, sight):
        raise NotFound("complaint", number)
    return await store.complaints.get(number, signed_in(request).role)


async def _seen(request: web.Request, record: str) -> str:
    return str((await seen_complaint(request, number_of("complaint", record))).id)


sees("complaint", _seen)


# ---- lists --------------------------------------------------------------------------------------------------


@routes.get("/api/v1/complaints")
@right("complaint")
@shape(summary="Complaints and suggestions that one may see", conditions=ComplaintConditions, answer=COMPLAINTS)
async def list_complaints(request: web.Request) -> web.StreamResponse:
    """200 one page of them: open ones by the time of their step, else the newest first. One sees those that one wrote
    down, has to do with, or of whom one oversees; of one's teams and queues."""
    wanted = conditions(request, ComplaintConditions)
    chosen = await _chosen(request, wanted, wanted.state)
    items, total = await request.app[OFFICE].store.complaints.page(
        chosen, wanted.limit, wanted.offset, signed_in(request).role
    )
    return answer(COMPLAINTS, ComplaintList(items, total))


@routes.get("/api/v1/complaints/board")
@right("complaint")
@shape(summary="How many complaints are in which state", conditions=BoardConditions, answer=BOARD)
async def complaint_board(request: web.Request) -> web.StreamResponse:
    """200 of those that the list has with the same conditions; and how many of them are late."""
    office = request.app[OFFICE]
    chosen = await _chosen(request, conditions(request, BoardConditions))
    items = await office.store.complaints.counts(chosen, office.clock.utc())
    return answer(BOARD, Board(items, sum(one.count for one in items), sum(one.overdue for one in items)))


@routes.get("/api/v1/customers/{id}/complaints")
@right("complaint")
@shape(summary="A customer's complaints and suggestions, the newest first", answer=COMPLAINTS)
async def complaints_of_customer(request: web.Request) -> web.StreamResponse:
    """200 at most 50 of them, whoever wrote them down: who speaks with a customer knows what was before · 404 no such
    customer."""
    office, who = request.app[OFFICE], signed_in(request)
    customer = await office.modules.customers.get(customer_id(request))
    chosen = ComplaintFilter(customer=customer.id)
    items, total = await office.store.complaints.page(chosen, MOST_EARLIER, 0, who.role)
    return answer(COMPLAINTS, ComplaintList(items, total))


# ---- one ----------------------------------------------------------------------------------------------------


@routes.post("/api/v1/complaints")
@right("complaint")
@shape(summary="Write a complaint or a suggestion down", body=ComplaintNew, answer=COMPLAINT)
@once
async def create_complaint(request: web.Request) -> web.StreamResponse:
    """201 it, with the number of its sheet; its first step is a duty of who wrote it · 404 no such call or customer, or
    one that one may not see · 422 fields."""
    asked, who = await read(request, ComplaintNew), signed_in(request)
    await check_new(request, "complaint", asked)
    made = await request.app[MODULES].complaints.create(asked.written(), who.login, who.role, asked.at)
    return answer(COMPLAINT, made, status=201)


@routes.get("/api/v1/complaints/{id}")
@right("complaint")
@shape(summary="One complaint, what became of it, and what can be done now", answer=NOW)
async def one_complaint(request: web.Request) -> web.StreamResponse:
    """200 the complaint · 404 no such complaint, or not one's own affair."""
    one = await seen_complaint(request, number_in(request, "complaint"))
    await note_once(request, "complaint.seen", f"complaint/{one.id}")
    return await _now(request, one)


async def _now(request: web.Request, one: Complaint) -> web.StreamResponse:
    office, login = request.app[OFFICE], signed_in(request).login
    now = await office.modules.complaints.now(one, login)
    states = await office.store.complaints.states(one.id)
    return answer(NOW, ComplaintNow(one, states, now.workflow, list(now.moves), now.correctable, now.answerable))


@routes.put("/api/v1/complaints/{id}")
@right("complaint")
@shape(summary="Correct what is written of a complaint", body=ComplaintCorrection, answer=COMPLAINT)
async def correct_complaint(request: web.Request) -> web.StreamResponse:
    """200 the complaint now; what stood there before is in its history · 404 as above · 409 its step allows no
    corrections, is somebody else's, or somebody has changed it meanwhile ("now" has it as it is) · 422 fields."""
    asked, who = await read(request, ComplaintCorrection), signed_in(request)
    before = await seen_complaint(request, number_in(request, "complaint"))
    await check_change(request, "complaint", asked, before)
    after = await request.app[MODULES].complaints.correct(before, asked.written(), asked.version, who.login, who.role)
    return answer(COMPLAINT, after)


@routes.post("/api/v1/complaints/{id}/move")
@right("complaint")
@shape(summary="Move a complaint to its next step", body=MoveAsked, answer=NOW)
async def move_complaint(request: web.Request) -> web.StreamResponse:
    """200 the complaint now · 404 as above · 409 that move is not possible now, is somebody else's, or somebody has
    moved it meanwhile ("now" has it as it is) · 422 what the move needs."""
    asked, who = await read(request, MoveAsked), signed_in(request)
    if asked.due is not None and asked.minutes is not None:
        raise WrongFields({"minutes": ("not_both", {"other": "due"})})
    before = await seen_complaint(request, number_in(request, "complaint"))
    names = ("team", "person", "minutes", "due", "reason", "result", "satisfaction")
    given = Given(**{name: getattr(asked, name) for name in names})
    moved = await request.app[MODULES].complaints.move(before, asked.version, asked.move, given, who.login, who.role)
    return await _now(request, moved)


@routes.post("/api/v1/complaints/{id}/answer")
@right("complaint")
@shape(summary="Choose how the customer gets the answer", body=AnswerAsked, answer=NOW)
async def answer_complaint(request: web.Request) -> web.StreamResponse:
    """200 the complaint now: a call is owed, or a message stands in the outbox; it is answered when that has gone out,
    and a call is owed if it comes to nothing · 404 as above · 409 nobody is to be answered now, the step is somebody
    else's, or somebody has changed it meanwhile · 422 no way to the customer is known, or they want no such message."""
    asked, who = await read(request, AnswerAsked), signed_in(request)
    if asked.means == "email" and asked.to and "@" not in asked.to:
        raise WrongFields({"to": ("email", {})})
    if asked.means in ("call", "sms") and asked.to and not any(sign.isdigit() for sign in asked.to):
        raise WrongFields({"to": ("phone", {"number": asked.to[:40]})})
    before = await seen_complaint(request, number_in(request, "complaint"))
    moved = await request.app[MODULES].complaints.answer(
        before, asked.version, asked.means, asked.to, asked.text, who.login, who.role
    )
    return await _now(request, moved)


@routes.post("/api/v1/complaints/{id}/note")
@right("complaint")
@shape(summary="Write a line into a complaint's history", body=ComplaintNote)
@once
async def note_complaint(request: web.Request) -> web.StreamResponse:
    """204 it is kept · 404 as above."""
    asked = await read(request, ComplaintNote)
    one = await seen_complaint(request, number_in(request, "complaint"))
    await request.app[MODULES].complaints.note(one, signed_in(request).login, asked.text)
    return nothing()
