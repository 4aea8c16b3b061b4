"""The history of calls (TEL-07): lists, one call with its story, the note on it; and ending one that is up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, AwareDatetime, Field, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model.calls import CallFilter, CallRecord, CallSight, Direction, Outcome, Step
from callcenterd.model.ids import AgentId, CallId, CustomerId, QueueName
from callcenterd.web import rights
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import (
    VISIBLE,
    Asked,
    Conditions,
    NotAllowed,
    WrongFields,
    answer,
    conditions,
    nothing,
    read,
)
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import Sight, right, sight_of
from callcenterd.web.session import signed_in
from callcenterd.web.socket import STREAMS

routes = web.RouteTableDef()

Text = Annotated[str, VISIBLE, Field(max_length=100)]


def _in_utc(moment: datetime) -> datetime:
    """The ends of time lie hours apart in different zones; beyond them is as good as at them."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC) if moment.year == 1 else datetime.max.replace(tzinfo=UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


@dataclass(frozen=True, slots=True)
class Calls:
    items: list[CallRecord]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallWithStory(CallRecord):
    """story: what happened, in its order."""

    story: list[Step]


CALLS = TypeAdapter(Calls)
CALL = TypeAdapter(CallWithStory)


class CallConditions(Conditions):
    """since: included; until: not. text: words that are all in number, name, note or id."""

    text: Text = ""
    caller: Text = ""
    called: Text = ""
    queue: Text | None = None
    agent: Text | None = None
    outcome: Outcome | None = None
    direction: Direction | None = None
    customer_id: int | None = Field(None, ge=1, lt=1 << 62)
    since: Moment | None = None
    until: Moment | None = None
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)

    def filter(self, sight: Sight) -> CallFilter:
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
            since=self.since,
            until=self.until,
            sight=None if sight.agent is None else CallSight(agent=sight.agent, queues=tuple(sorted(sight.queues))),
        )


class NoteAsked(Asked):
    """customer_id: whose call it was; null: not known."""

    note: Annotated[str, VISIBLE] = Field(max_length=10_000)
    customer_id: int | None = Field(None, ge=1, lt=1 << 62)


async def seen_call(request: web.Request, call: CallId) -> CallRecord:
    """The call, if who asks may see it. Raises NotFound, alike for one that there is not and one of others."""
    office = request.app[OFFICE]
    if call in office.board.journeys:
        await office.board.history.settled()  # a page that pops may ask before the call's row is written
    record = await office.store.calls.get(call)
    sight = sight_of(request)
    if sight.sees(agent=record.agent, queue=record.queue) or request.app[STREAMS].live.sees_call(call, sight):
        return record
    raise NotFound("call", call)


@routes.get("/api/v1/calls")
@right("call.read")
@shape(summary="The history, newest first", conditions=CallConditions, answer=CALLS)
async def list_calls(request: web.Request) -> web.StreamResponse:
    """200 one page of the calls that one may see."""
    wanted = conditions(request, CallConditions)
    store = request.app[OFFICE].store
    items, total = await store.calls.search(wanted.filter(sight_of(request)), wanted.limit, wanted.offset)
    return answer(CALLS, Calls(items, total))


@routes.get("/api/v1/calls/{id}")
@right("call.read")
@shape(summary="One call with its story", answer=CALL)
async def one_call(request: web.Request) -> web.StreamResponse:
    """200 the call · 404 no such call, or one that one may not see."""
    record = await seen_call(request, CallId(request.match_info["id"]))
    story = await request.app[OFFICE].store.calls.story(record.id)
    known = {name: getattr(record, name) for name in CallRecord.__dataclass_fields__}
    return answer(CALL, CallWithStory(**known, story=story))


@routes.put("/api/v1/calls/{id}/note")
@right("call.note")
@shape(summary="Write on a call, and say whose it was", body=NoteAsked)
async def note_call(request: web.Request) -> web.StreamResponse:
    """204 kept · 404 no such call, or one that one may not see."""
    asked = await read(request, NoteAsked)
    record = await seen_call(request, CallId(request.match_info["id"]))
    customer = None if asked.customer_id is None else CustomerId(asked.customer_id)
    try:
        await request.app[OFFICE].board.history.note(record.id, asked.note, customer, signed_in(request).login)
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
    await read(request, Nothing)
    call, who, office = CallId(request.match_info["id"]), signed_in(request), request.app[OFFICE]
    if office.board.desk.own_call(who.login) != call and not rights.may(who.role, "call.hang_up.any"):
        if not request.app[STREAMS].live.sees_call(call, sight_of(request)):
            raise NotFound("call", call)
        raise NotAllowed
    await office.board.desk.hang_up(call, who.login)
    return nothing()
