"""The history of calls (TEL-07): lists, one call with its story, the note on it; and ending one that is up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from aiohttp import web
from pydantic import AfterValidator, AwareDatetime, Field, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model.calls import CallFilter, CallRecord, CallSight, Direction, LegSound, Outcome, Step
from callcenterd.model.events import EVENT_NAMES, CallMonitored
from callcenterd.model.ids import AgentId, CallId, CustomerId, QueueName
from callcenterd.model.records import RecordSight
from callcenterd.model.surveys import SurveyAnswer
from callcenterd.store.database import CannotStore
from callcenterd.web import rights
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import (
    VISIBLE,
    Asked,
    Conditions,
    WrongFields,
    answer,
    conditions,
    nothing,
    read,
)
from callcenterd.web.callrights import as_whom, note, own_or_any
from callcenterd.web.customers import seen_customer
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE, Office
from callcenterd.web.rights import customers_seen, right, sight_of
from callcenterd.web.session import signed_in
from callcenterd.web.socket import STREAMS

routes = web.RouteTableDef()

MONITORED = EVENT_NAMES[CallMonitored]
"""Steps of a story that are shown to who may listen, and to nobody else."""

Text = Annotated[str, VISIBLE, Field(max_length=100)]


def _in_utc(moment: datetime) -> datetime:
    """The ends of time lie hours apart in different zones; beyond them is as good as at them."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC) if moment.year == 1 else datetime.max.replace(tzinfo=UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallListed(CallRecord):
    """survey: what the caller said of it, in the order in which they said it."""

    survey: list[SurveyAnswer]


@dataclass(frozen=True, slots=True)
class Calls:
    items: list[CallListed]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallWithStory(CallListed):
    """story: what happened, in its order. sound: of each leg; of those that are up, as it is now."""

    story: list[Step]
    sound: list[LegSound]


CALLS = TypeAdapter(Calls)
CALL = TypeAdapter(CallWithStory)


class CallConditions(Conditions):
    """since: included; until: not. text: words that are all in number, name, note or id.

    mos_below: somebody heard worse than that (1 to 4.5).
    """

    text: Text = ""
    caller: Text = ""
    called: Text = ""
    queue: Text | None = None
    agent: Text | None = None
    outcome: Outcome | None = None
    direction: Direction | None = None
    customer_id: int | None = Field(None, ge=1, lt=1 << 62)
    disposition: Text | None = None
    mos_below: float | None = Field(None, ge=1.0, le=5.0)
    since: Moment | None = None
    until: Moment | None = None
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)

    def filter(self, sight: CallSight | None, customers: RecordSight | None) -> CallFilter:
        """What the store looks for, within what may be seen."""
        return CallFilter(
            text=self.text,
            caller=self.caller,
            called=self.called,
            queue=None if self.queue is None else QueueName(self.queue),
            agent=None if self.agent is None else AgentId(self.agent),
            outcome=self.outcome,
            direction=self.direction,
            customer_id=None if self.customer_id is None else CustomerId(self.customer_id),
            disposition=self.disposition,
            mos_below=self.mos_below,
            since=self.since,
            until=self.until,
            sight=sight,
            customers=customers,
        )


class NoteAsked(Asked):
    """customer_id: whose call it was; null: not known. seen: the note that one had before one; another by now is
    refused, without it it is replaced."""

    note: Annotated[str, VISIBLE] = Field(max_length=10_000)
    customer_id: int | None = Field(None, ge=1, lt=1 << 62)
    seen: Annotated[str, VISIBLE] | None = Field(None, max_length=10_000)


async def seen_call(request: web.Request, call: CallId) -> CallRecord:
    """The call, if who asks may see it. Raises NotFound, alike for one that there is not and one of others; CannotStore
    while that cannot be said, because the database is behind."""
    office, settled = request.app[OFFICE], True
    record = await _call_if_any(office, call)
    if record is None or record.ended_at is None:
        # A page that pops asks before the call's row is written, one that looks at its end before the last steps are.
        settled = await office.board.history.settled()
        record = await _call_if_any(office, call)
    if record is not None and call in await office.store.calls.seen_among([call], call_sight(request)):
        return record
    if not settled:
        raise CannotStore("what was told of calls is not written yet")
    raise NotFound("call", call)


async def _call_if_any(office: Office, call: CallId) -> CallRecord | None:
    try:
        return await office.store.calls.get(call)
    except NotFound:
        return None


def call_sight(request: web.Request) -> CallSight | None:
    """Which calls who asks may see, as the store understands it. None: all."""
    return request.app[STREAMS].live.call_sight(sight_of(request))


@routes.get("/api/v1/calls")
@right("call.read")
@shape(summary="The history, newest first", conditions=CallConditions, answer=CALLS)
async def list_calls(request: web.Request) -> web.StreamResponse:
    """200 one page of the calls that one may see."""
    wanted = conditions(request, CallConditions)
    store = request.app[OFFICE].store
    items, total = await store.calls.search(
        wanted.filter(call_sight(request), customers_seen(request)), wanted.limit, wanted.offset
    )
    said = await store.surveys.of_calls([record.id for record in items])
    listed = [CallListed(**_fields(record), survey=[one for one in said if one.call == record.id]) for record in items]
    return answer(CALLS, Calls(listed, total))


@routes.get("/api/v1/calls/{id}")
@right("call.read")
@shape(summary="One call with its story", answer=CALL)
async def one_call(request: web.Request) -> web.StreamResponse:
    """200 the call · 404 no such call, or one that one may not see."""
    record = await seen_call(request, CallId(request.match_info["id"]))
    office = request.app[OFFICE]
    story, sounded = await office.store.calls.story(record.id), await office.store.calls.sounds(record.id)
    if not rights.may(request, "call.listen"):
        story = [step for step in story if step.kind != MONITORED]
    gone = {sound.leg for sound in sounded}
    sounds = [*sounded, *(sound for sound in office.board.sounding.now(record.id) if sound.leg not in gone)]
    survey = await office.store.surveys.of_calls([record.id])
    return answer(CALL, CallWithStory(**_fields(record), survey=survey, story=story, sound=sounds))


def _fields(record: CallRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in CallRecord.__dataclass_fields__}


@routes.put("/api/v1/calls/{id}/note")
@right("call.note")
@shape(summary="Write on a call, and say whose it was", body=NoteAsked)
async def note_call(request: web.Request) -> web.StreamResponse:
    """204 kept · 404 no such call, or one that one may not see · 409 somebody has written on it meanwhile: `error.now`
    has their note."""
    asked = await read(request, NoteAsked)
    record = await seen_call(request, CallId(request.match_info["id"]))
    customer = None if asked.customer_id is None else CustomerId(asked.customer_id)
    try:
        if customer is not None and customer != record.customer_id:
            await seen_customer(request, customer)
        history, by = request.app[OFFICE].board.history, signed_in(request).login
        await history.note(record.id, asked.note, customer, by, asked.seen)
    except NotFound as missing:
        if missing.kind != "customer":
            raise
        raise WrongFields({"customer_id": ("no_such_customer", {})}) from None
    return nothing()


@routes.post("/api/v1/calls/{id}/hang-up")
@right("call.hang_up")
@shape(summary="End a conversation, or a call", body=Nothing)
async def hang_up(request: web.Request) -> web.StreamResponse:
    """204 done · 403 a call that one does not take part in · 404 no such call is up, or one may not see it."""
    call = await _of_own_or_any(request, "call.hang_up.any")
    login, desk = signed_in(request).login, request.app[OFFICE].board.desk
    by_force = not desk.takes_part(login, call)
    await desk.hang_up(call, login, by_force=by_force)
    if by_force:
        await note(request, "call.hang_up", call)
    return nothing()


@routes.post("/api/v1/calls/{id}/recording/pause")
@right("recording.pause")
@shape(summary="Keep nothing of what is said, until it is resumed: a card number", body=Nothing)
async def pause_recording(request: web.Request) -> web.StreamResponse:
    """204 paused, or it was · 403 a call that one does not take part in · 404 no such call is up, or one may not see
    it · 409 it is not recorded."""
    call = await _of_own_or_any(request, "recording.pause.any")
    request.app[OFFICE].board.desk.pause_recording(call, signed_in(request).login)
    return nothing()


@routes.post("/api/v1/calls/{id}/recording/resume")
@right("recording.pause")
@shape(summary="Keep again what is said", body=Nothing)
async def resume_recording(request: web.Request) -> web.StreamResponse:
    """204 it is kept, or was · 403 a call that one does not take part in · 404 no such call is up, or one may not see
    it · 409 it is not recorded."""
    call = await _of_own_or_any(request, "recording.pause.any")
    request.app[OFFICE].board.desk.resume_recording(call, signed_in(request).login)
    return nothing()


@routes.post("/api/v1/calls/{id}/recording/start")
@right("recording.start")
@shape(summary="Record a conversation from now on", body=Nothing)
async def start_recording(request: web.Request) -> web.StreamResponse:
    """204 it is recorded, or was · 403 a call that one does not take part in · 404 no such call is up, or one may not
    see it · 409 nobody speaks."""
    call = await _of_own_or_any(request, "recording.start.any")
    request.app[OFFICE].board.desk.record(call)
    await note(request, "recording.started", call)
    return nothing()


@routes.post("/api/v1/calls/{id}/recording/stop")
@right("recording.stop")
@shape(summary="Record a conversation no more", body=Nothing)
async def stop_recording(request: web.Request) -> web.StreamResponse:
    """204 what was recorded is kept · 403 a call in which only others' agents speak · 404 no such call is up, or one
    may not see it · 409 it is not recorded."""
    call = await _of_own_or_any(request, "recording.stop")
    request.app[OFFICE].board.desk.record_no_more(call)
    await note(request, "recording.stopped", call)
    return nothing()


@routes.post("/api/v1/calls/{id}/hold")
@right("call.control")
@shape(summary="The customer hears music, and the agent nothing, until it is resumed", body=Nothing)
async def hold(request: web.Request) -> web.StreamResponse:
    """204 on hold, or it was · 403 a call that one does not take part in · 404 no such call is up, or one may not see
    it · 409 nobody speaks with an agent."""
    call = await _of_own_or_any(request, "call.control.any")
    request.app[OFFICE].board.desk.hold(call, as_whom(request, call))
    return nothing()


@routes.post("/api/v1/calls/{id}/resume")
@right("call.control")
@shape(summary="Customer and agent hear each other again", body=Nothing)
async def resume(request: web.Request) -> web.StreamResponse:
    """204 they do · 403 a call that one does not take part in · 404 no such call is up, or one may not see it · 409
    nobody speaks with an agent, or the phone itself holds the call."""
    call = await _of_own_or_any(request, "call.control.any")
    request.app[OFFICE].board.desk.take_back(call, as_whom(request, call))
    return nothing()


async def _of_own_or_any(request: web.Request, any_call: str) -> CallId:
    """As `own_or_any`, of an order that says nothing more."""
    await read(request, Nothing)
    return own_or_any(request, any_call)
