"""Follow-ups [业务回访]: whom the office rings, whose each is, and what came of it (FUP-01)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.errors import NotNow
from callcenterd.model.duties import Duty
from callcenterd.model.fields import FieldsGiven
from callcenterd.model.follow_ups import (
    WAITING,
    FollowUp,
    FollowUpFields,
    FollowUpFilter,
    FollowUpState,
)
from callcenterd.model.ids import CallId, CustomerId
from callcenterd.tickets.follow_ups import Result
from callcenterd.tickets.periods import period
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import (
    Asked,
    Conditions,
    NotAllowed,
    answer,
    conditions,
    read,
)
from callcenterd.web.callcontrol import DIALLED, Dialled
from callcenterd.web.calls import Moment
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.once import once
from callcenterd.web.recordfields import FieldsWanted, Line, Name, Number, Short, Text, Version, wanted_fields
from callcenterd.web.recordsight import number_of, record_sight, seen_one, sees
from callcenterd.web.recordwriting import check_change, check_new
from callcenterd.web.references import check_references
from callcenterd.web.rights import may, right, sight_of
from callcenterd.web.session import signed_in
from callcenterd.web.trail import note_once

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class FollowUpList:
    items: list[FollowUp]
    total: int


FOLLOW_UP = TypeAdapter(FollowUp)
FOLLOW_UPS = TypeAdapter(FollowUpList)


class FollowUpWhich(Conditions):
    """since: included; until: not. owner: a login, "me", or "nobody". owed: those that somebody still owes, or the
    others. due: of what is owed, those past their time, or those due by the end of the office's day."""

    since: Moment | None = None
    until: Moment | None = None
    owed: bool | None = None
    due: Annotated[str, Field(pattern="^(overdue|today)$")] | None = None
    state: FollowUpState | None = None
    category: Short | None = None
    channel: Short | None = None
    result: Short | None = None
    owner: Name | None = None
    team: Name | None = None
    customer: Number | None = None
    rule: Number | None = None
    text: Line = ""
    fields: FieldsWanted = Field(default={})

    def chosen(self, request: web.Request) -> FollowUpFilter:
        """What the store looks for, within what who asks may see."""
        office = request.app[OFFICE]
        now, before = office.clock.utc(), None
        if self.due is not None:
            today = period("day", now.astimezone(office.timezone).date(), office.timezone)
            before = now if self.due == "overdue" else today.until
        names = ("since", "until", "state", "category", "channel", "result", "team", "rule", "text")
        return FollowUpFilter(
            **{name: getattr(self, name) for name in names},
            waiting=self.owed,
            due_before=before,
            owner={"me": signed_in(request).login, "nobody": ""}.get(self.owner or "", self.owner),
            customer=None if self.customer is None else CustomerId(self.customer),
            sight=record_sight(request, "follow_up"),
        )


class FollowUpConditions(FollowUpWhich):
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


class FollowUpAsked(Asked):
    """phone, card, name, sex: as they are now; where none of them is said, the customer's. gifts_by_mail null: not
    asked. fields: custom ones."""

    customer: Number | None = None
    phone: Short = ""
    card: Short = ""
    name: Line = ""
    sex: Short = ""
    category: Short = ""
    channel: Short = ""
    gifts_by_mail: bool | None = None
    content: Text = ""
    fields: FieldsGiven = Field({})

    def written(self, call: CallId | None = None) -> FollowUpFields:
        given = {name: getattr(self, name) for name in FollowUpAsked.model_fields}
        given |= {name: text.strip() for name, text in given.items() if isinstance(text, str) and name != "content"}
        return FollowUpFields(**given, call=call)


class FollowUpNew(FollowUpAsked):
    """With a result it is done: at that time, within the last year; without it, when its call began, else now. Without
    one it is owed by the owner (oneself, where nobody is said; another only with the right to hand over), until due."""

    call: Name | None = None
    at: Moment | None = None
    result: Short = ""
    owner: Name = ""
    due: Moment | None = None


class FollowUpChange(FollowUpAsked):
    """The whole of it anew; custom fields that are not named stay."""

    version: Version


class ResultAsked(Asked):
    """content, category, gifts_by_mail: null: they stay. next_call: the customer wants to be rung again then, which
    makes a follow-up of its own. fields: custom ones."""

    version: Version
    result: Short
    content: Text | None = None
    category: Short | None = None
    gifts_by_mail: bool | None = None
    next_call: Moment | None = None
    fields: FieldsGiven = Field({})


class InVainAsked(Asked):
    """next_call null: after its interval, and not any more after so many tries as it has."""

    version: Version
    text: Text = ""
    next_call: Moment | None = None


class LaterAsked(Asked):
    version: Version
    next_call: Moment
    text: Text = ""


class GivenUp(Asked):
    version: Version
    text: Text


class HandOver(Asked):
    """owner: a login; or team: whoever of it is first."""

    version: Version
    owner: Name = ""
    team: Name = ""
    text: Text = ""


async def seen_follow_up(request: web.Request, number: int) -> FollowUp:
    """Raises NotFound, also for one that who asks may not see."""
    return await seen_one(request, "follow_up", number, request.app[OFFICE].store.follow_ups.get)


async def _seen(request: web.Request, record: str) -> str:
    return str((await seen_follow_up(request, number_of("follow_up", record))).id)


sees("follow_up", _seen)


async def _own(request: web.Request) -> FollowUp:
    """One that who asks may work on: their own, of whom they oversee, or nobody's of their team. Raises NotFound,
    NotAllowed."""
    one = await seen_follow_up(request, number_in(request, "follow-up"))
    _check_own(request, one)
    return one


def _check_own(request: web.Request, one: FollowUp) -> None:
    sight = sight_of(request)
    theirs = sight.oversees(one.owner) or sight.oversees(one.created_by)
    if not (theirs or (not one.owner and one.team in request.app[OFFICE].board.site.teams_of(sight.login))):
        raise NotAllowed


async def follow_up_of(request: web.Request, duty: Duty, *, hand_over: bool = False) -> FollowUp:
    """The follow-up of a duty that who asks works on: both are one, and so are the rights. Raises NotAllowed."""
    if not may(request, "follow_up.assign" if hand_over else "follow_up.write"):
        raise NotAllowed
    one = await request.app[OFFICE].store.follow_ups.of_duty(duty.id)
    assert one is not None, "a duty of that kind is made with its follow-up"
    if not hand_over:
        _check_own(request, one)
    return one


# ---- lists --------------------------------------------------------------------------------------------------


@routes.get("/api/v1/follow-ups")
@right("follow_up.read")
@shape(summary="Follow-ups that one may see", conditions=FollowUpConditions, answer=FOLLOW_UPS)
async def list_follow_ups(request: web.Request) -> web.StreamResponse:
    """200 one page of them: one's own, of whom one oversees, and of one's teams. What is owed: what is due first; else
    the newest first."""
    wanted, store = conditions(request, FollowUpConditions), request.app[OFFICE].store
    chosen = replace(wanted.chosen(request), fields=await wanted_fields(request, "follow_up", wanted.fields))
    items, total = await store.follow_ups.page(chosen, wanted.limit, wanted.offset, signed_in(request).role)
    return answer(FOLLOW_UPS, FollowUpList(items, total))


@routes.post("/api/v1/follow-ups")
@right("follow_up.write")
@shape(summary="Write a follow-up down, done or to be done", body=FollowUpNew, answer=FOLLOW_UP)
@once
async def create_follow_up(request: web.Request) -> web.StreamResponse:
    """201 it, with the number of its sheet · 403 it is somebody else's to do, and one may hand none over · 404 no such
    call or customer, or one that one may not see · 422 fields."""
    asked, who = await read(request, FollowUpNew), signed_in(request)
    if asked.owner not in ("", who.login):
        _may_hand_over(request)
    await check_new(request, "follow_up", asked)
    made = await request.app[MODULES].follow_ups.create(
        asked.written(None if asked.call is None else CallId(asked.call)),
        who.login,
        who.role,
        at=asked.at,
        result=asked.result,
        owner=asked.owner,
        due=asked.due,
    )
    return answer(FOLLOW_UP, made, status=201)


def _may_hand_over(request: web.Request) -> None:
    if not may(request, "follow_up.assign"):
        raise NotAllowed


# ---- one of them --------------------------------------------------------------------------------------------


@routes.get("/api/v1/follow-ups/{id}")
@right("follow_up.read")
@shape(summary="One follow-up", answer=FOLLOW_UP)
async def one_follow_up(request: web.Request) -> web.StreamResponse:
    """200 the follow-up · 404 no such follow-up, or not one's own affair."""
    one = await seen_follow_up(request, number_in(request, "follow-up"))
    await note_once(request, "follow_up.seen", f"follow_up/{one.id}")
    return answer(FOLLOW_UP, one)


@routes.put("/api/v1/follow-ups/{id}")
@right("follow_up.write")
@shape(summary="Change what is written of a follow-up", body=FollowUpChange, answer=FOLLOW_UP)
async def change_follow_up(request: web.Request) -> web.StreamResponse:
    """200 the follow-up now · 403 a colleague's: one's own are changed, those of whom one oversees, and nobody's of
    one's team · 404 as above · 409 somebody has changed it meanwhile ("now" has it as it is) · 422 fields."""
    before, who = await _own(request), signed_in(request)
    asked = await read(request, FollowUpChange)
    await check_change(request, "follow_up", asked, before)
    changed = await request.app[MODULES].follow_ups.change(before, asked.written(), asked.version, who.login, who.role)
    return answer(FOLLOW_UP, changed)


@routes.post("/api/v1/follow-ups/{id}/call")
@right("call.dial")
@shape(summary="Have one's phone rung, and then whom the follow-up is with", body=Nothing, answer=DIALLED)
async def call_for_follow_up(request: web.Request) -> web.StreamResponse:
    """200 one's phone rings, and the call is the follow-up's; one that was nobody's is one's own now · 403, 404 as
    above · 409 one is in a call, has no phone that could be rung, the follow-up is closed, or its number must not be
    called · 422 its number leads nowhere."""
    await read(request, Nothing)
    one, who = await _own(request), signed_in(request).login
    if one.state not in WAITING:
        raise NotNow("this follow-up is closed")
    call = await request.app[OFFICE].board.dial_out.begin(who, one.phone)
    await request.app[MODULES].follow_ups.called(one, call, who)
    return answer(DIALLED, Dialled(call=call))


@routes.post("/api/v1/follow-ups/{id}/done")
@right("follow_up.write")
@shape(summary="A follow-up is done, and what came of it", body=ResultAsked, answer=FOLLOW_UP)
async def follow_up_done(request: web.Request) -> web.StreamResponse:
    """200 the follow-up now; its duty is closed with it · 403, 404 as above · 409 as above, or it is closed · 422
    fields."""
    asked, one, who = await read(request, ResultAsked), await _own(request), signed_in(request)
    given = {name: getattr(asked, name) for name in ResultAsked.model_fields if name != "version"}
    await check_references(request, "follow_up", asked.fields, one.fields)
    done = await request.app[MODULES].follow_ups.done(one, asked.version, Result(**given), who.login, who.role)
    return answer(FOLLOW_UP, done)


@routes.post("/api/v1/follow-ups/{id}/not-reached")
@right("follow_up.write")
@shape(summary="A try in vain", body=InVainAsked, answer=FOLLOW_UP)
async def follow_up_not_reached(request: web.Request) -> web.StreamResponse:
    """200 the follow-up now: with its next call, or tried often enough · 403, 404 as above · 409 as above · 422
    fields."""
    asked, one, who = await read(request, InVainAsked), await _own(request), signed_in(request).login
    modules = request.app[MODULES]
    return answer(FOLLOW_UP, await modules.follow_ups.not_reached(one, asked.version, who, asked.text, asked.next_call))


@routes.post("/api/v1/follow-ups/{id}/later")
@right("follow_up.write")
@shape(summary="The customer wants to be rung at another time", body=LaterAsked, answer=FOLLOW_UP)
async def follow_up_later(request: web.Request) -> web.StreamResponse:
    """200 the follow-up now, due an hour of work after that time · 403, 404 as above · 409 as above · 422 fields."""
    asked, one, who = await read(request, LaterAsked), await _own(request), signed_in(request).login
    modules = request.app[MODULES]
    return answer(FOLLOW_UP, await modules.follow_ups.later(one, asked.version, who, asked.next_call, asked.text))


@routes.post("/api/v1/follow-ups/{id}/cancel")
@right("follow_up.write")
@shape(summary="A follow-up is not owed any more, and why", body=GivenUp, answer=FOLLOW_UP)
async def cancel_follow_up(request: web.Request) -> web.StreamResponse:
    """200 the follow-up now · 403, 404 as above · 409 as above · 422 fields."""
    asked, one, who = await read(request, GivenUp), await _own(request), signed_in(request).login
    return answer(FOLLOW_UP, await request.app[MODULES].follow_ups.cancel(one, asked.version, who, asked.text))


@routes.post("/api/v1/follow-ups/{id}/assign")
@right("follow_up.assign")
@shape(summary="Hand a follow-up to a person or a team", body=HandOver, answer=FOLLOW_UP)
async def assign_follow_up(request: web.Request) -> web.StreamResponse:
    """200 the follow-up now · 404 as above · 409 as above · 422 nobody of that name."""
    asked, who = await read(request, HandOver), signed_in(request).login
    one = await seen_follow_up(request, number_in(request, "follow-up"))
    return answer(
        FOLLOW_UP,
        await request.app[MODULES].follow_ups.assign(
            one, asked.version, who, asked.owner, team=asked.team, text=asked.text
        ),
    )
