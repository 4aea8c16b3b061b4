"""What callers left to be dealt with: voicemail [自动留言] and wishes to be called back [预约回拨] (ACD-04)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model import events
from callcenterd.model.calls import Callback, CallbackState, Voicemail
from callcenterd.model.ids import QueueName
from callcenterd.web.answers import VISIBLE, Asked, Conditions, answer, conditions, read
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import Sight, right, sight_of
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class VoicemailList:
    items: list[Voicemail]
    total: int


@dataclass(frozen=True, slots=True)
class CallbackList:
    items: list[Callback]
    total: int


MESSAGE = TypeAdapter(Voicemail)
MESSAGES = TypeAdapter(VoicemailList)
CALLBACK = TypeAdapter(Callback)
CALLBACKS = TypeAdapter(CallbackList)

Queue = Annotated[str, VISIBLE, Field(max_length=64)]


class VoicemailConditions(Conditions):
    """done: false: what somebody still has to see to."""

    queue: Queue | None = None
    done: bool | None = None
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


class CallbackConditions(Conditions):
    queue: Queue | None = None
    state: CallbackState | None = None
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


class DoneAsked(Asked):
    done: bool


class CallbackStateAsked(Asked):
    state: CallbackState


def _queues(sight: Sight) -> tuple[QueueName, ...] | None:
    return None if sight.agent is None else tuple(sorted(sight.queues))


def _name(queue: str | None) -> QueueName | None:
    return None if queue is None else QueueName(queue)


@routes.get("/api/v1/voicemail")
@right("message.work")
@shape(summary="Messages of one's queues, newest first", conditions=VoicemailConditions, answer=MESSAGES)
async def list_voicemail(request: web.Request) -> web.StreamResponse:
    """200 one page of them."""
    wanted, box = conditions(request, VoicemailConditions), request.app[OFFICE].store.voicemail
    items, total = await box.list(
        _name(wanted.queue), wanted.done, wanted.limit, wanted.offset, queues=_queues(sight_of(request))
    )
    return answer(MESSAGES, VoicemailList(items, total))


@routes.put("/api/v1/voicemail/{id}")
@right("message.work")
@shape(summary="A message is dealt with, or is not", body=DoneAsked, answer=MESSAGE)
async def mark_voicemail(request: web.Request) -> web.StreamResponse:
    """200 the message now · 404 no such message, or of a queue that is not one's own."""
    number, office = number_in(request, "voicemail"), request.app[OFFICE]
    asked = await read(request, DoneAsked)
    if not sight_of(request).sees(queue=(await office.store.voicemail.get(number)).queue):
        raise NotFound("voicemail", number)
    who, now = signed_in(request).login, office.clock.utc()
    marked = await office.store.voicemail.mark(number, asked.done, who, now)
    office.bus.publish(events.VoicemailMarked(at=now, message=number, queue=marked.queue, done=marked.done, by=who))
    return answer(MESSAGE, marked)


@routes.get("/api/v1/callbacks")
@right("message.work")
@shape(summary="Who wants to be called back, newest first", conditions=CallbackConditions, answer=CALLBACKS)
async def list_callbacks(request: web.Request) -> web.StreamResponse:
    """200 one page of them."""
    wanted, kept = conditions(request, CallbackConditions), request.app[OFFICE].store.callbacks
    items, total = await kept.list(
        _name(wanted.queue), wanted.state, wanted.limit, wanted.offset, queues=_queues(sight_of(request))
    )
    return answer(CALLBACKS, CallbackList(items, total))


@routes.put("/api/v1/callbacks/{id}")
@right("message.work")
@shape(summary="How far it is with a callback", body=CallbackStateAsked, answer=CALLBACK)
async def mark_callback(request: web.Request) -> web.StreamResponse:
    """200 the callback now · 404 no such callback, or of a queue that is not one's own."""
    number, office = number_in(request, "callback"), request.app[OFFICE]
    asked = await read(request, CallbackStateAsked)
    if not sight_of(request).sees(queue=(await office.store.callbacks.get(number)).queue):
        raise NotFound("callback", number)
    marked = await office.store.callbacks.mark(number, asked.state, signed_in(request).login, office.clock.utc())
    return answer(CALLBACK, marked)
