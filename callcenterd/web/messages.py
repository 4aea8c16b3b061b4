"""What callers left to be dealt with: voicemail [自动留言] and wishes to be called back [预约回拨] (ACD-04)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model import events
from callcenterd.model.calls import Callback, CallbackCount, CallbackState, CallbackTry, Voicemail
from callcenterd.model.ids import AgentId, CallId, ExtensionNumber, QueueName
from callcenterd.model.voicemail import BoxCount, MessageFilter, MessageSight
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
from callcenterd.web.callcontrol import DIALLED, Dialled
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE, Office
from callcenterd.web.recordings import played, recording_now
from callcenterd.web.rights import Sight, may, right, sight_of
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class VoicemailList:
    items: list[Voicemail]
    total: int


@dataclass(frozen=True, slots=True)
class VoicemailCounts:
    items: list[BoxCount]
    total: int


@dataclass(frozen=True, slots=True)
class CallbackList:
    items: list[Callback]
    total: int


@dataclass(frozen=True, slots=True)
class CallbackTries:
    items: list[CallbackTry]
    total: int


@dataclass(frozen=True, slots=True)
class CallbackCounts:
    items: list[CallbackCount]
    total: int


MESSAGE = TypeAdapter(Voicemail)
MESSAGES = TypeAdapter(VoicemailList)
COUNTS = TypeAdapter(VoicemailCounts)
CALLBACK = TypeAdapter(Callback)
CALLBACKS = TypeAdapter(CallbackList)
TRIES = TypeAdapter(CallbackTries)
CALLBACK_COUNTS = TypeAdapter(CallbackCounts)

Queue = Annotated[str, VISIBLE, Field(max_length=64)]


class VoicemailConditions(Conditions):
    """agent, extension: messages in that one's own box. assigned: to whom; "me", or "nobody". heard: has anybody played
    it? done: false: what somebody still has to see to."""

    queue: Queue | None = None
    agent: Queue | None = None
    extension: Queue | None = None
    assigned: Queue | None = None
    heard: bool | None = None
    done: bool | None = None
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


class CallbackConditions(Conditions):
    """undone: only those that wait, are being called, or were not reached by the system. assigned: to whom; "me", or
    "nobody". call: only the one that this call was made for."""

    undone: bool = False
    queue: Queue | None = None
    assigned: Queue | None = None
    call: Queue | None = None
    state: CallbackState | None = None
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


class VoicemailAsked(Asked):
    """What is not sent stays. assigned_to: a login; "": nobody."""

    done: bool | None = None
    heard: bool | None = None
    assigned_to: Annotated[str, VISIBLE, Field(max_length=64)] | None = None
    note: Annotated[str, VISIBLE, Field(max_length=2000)] | None = None


class CallBackAsked(Asked):
    """number: what is dialled, without it the number that called. extension: as in a call that one dials."""

    number: Annotated[str, VISIBLE] | None = Field(None, min_length=1, max_length=32)
    extension: Annotated[str, VISIBLE] | None = Field(None, min_length=1, max_length=32)


SaidResult = Literal["served", "wrong_number", "machine", "no_answer", "busy", "refused"]


class CallbackChangeAsked(Asked):
    """What is not sent stays. state: how far it is; "waiting": it is to be called again. result: what came of it, as
    who has spoken there says: "served" is done, "wrong_number" closes it, everything else is a try in vain, to be
    followed by the next one of the queue's plan. assigned_to: a login; "": nobody."""

    state: CallbackState | None = None
    result: SaidResult | None = None
    assigned_to: Annotated[str, VISIBLE, Field(max_length=64)] | None = None
    note: Annotated[str, VISIBLE, Field(max_length=2000)] | None = None


def _queues(sight: Sight) -> tuple[QueueName, ...] | None:
    return None if sight.agents is None else tuple(sorted(sight.queues))


def _name(queue: str | None) -> QueueName | None:
    return None if queue is None else QueueName(queue)


def message_sight(request: web.Request) -> MessageSight | None:
    return sight_of(request).of_messages(request.app[OFFICE].board.site)


async def _seen(request: web.Request) -> Voicemail:
    """Raises NotFound, also for one that is not of one's own affairs."""
    number, sight = number_in(request, "voicemail"), message_sight(request)
    message = await request.app[OFFICE].store.voicemail.get(number)
    if sight is None or sight.sees(
        queue=message.queue, agent=message.agent, extension=message.extension, assigned_to=message.assigned_to
    ):
        return message
    raise NotFound("voicemail", number)


@routes.get("/api/v1/voicemail")
@right("message.work")
@shape(summary="Messages that one may see, newest first", conditions=VoicemailConditions, answer=MESSAGES)
async def list_voicemail(request: web.Request) -> web.StreamResponse:
    """200 one page of them: of one's queues, one's own box, and what is assigned to one."""
    wanted, box = conditions(request, VoicemailConditions), request.app[OFFICE].store.voicemail
    assigned = {"me": signed_in(request).login, "nobody": ""}.get(wanted.assigned or "", wanted.assigned)
    chosen = MessageFilter(
        queue=_name(wanted.queue),
        agent=None if wanted.agent is None else AgentId(wanted.agent),
        extension=None if wanted.extension is None else ExtensionNumber(wanted.extension),
        assigned=assigned,
        heard=wanted.heard,
        done=wanted.done,
        sight=message_sight(request),
    )
    items, total = await box.list(chosen, wanted.limit, wanted.offset)
    return answer(MESSAGES, VoicemailList(items, total))


@routes.get("/api/v1/voicemail/counts")
@right("message.work")
@shape(summary="How many messages there are, by box", answer=COUNTS)
async def count_voicemail(request: web.Request) -> web.StreamResponse:
    """200 of each box that one may see: unheard, open (not done), done; what is assigned counts at its agent."""
    items = await request.app[OFFICE].store.voicemail.counts(message_sight(request))
    return answer(COUNTS, VoicemailCounts(items, len(items)))


@routes.put("/api/v1/voicemail/{id}")
@right("message.work")
@shape(summary="A message is heard, assigned, noted, done, or is not", body=VoicemailAsked, answer=MESSAGE)
async def change_voicemail(request: web.Request) -> web.StreamResponse:
    """200 the message now · 404 no such message, or not one's own affair · 422 nobody has that login."""
    asked, office = await read(request, VoicemailAsked), request.app[OFFICE]
    message = await _seen(request)
    if asked.assigned_to and all(user.login != asked.assigned_to for user in office.board.site.users):
        raise WrongFields({"assigned_to": ("no_such_user", {})})
    who, now = signed_in(request).login, office.clock.utc()
    new = await office.store.voicemail.change(
        message.id, who, now, done=asked.done, heard=asked.heard, assigned_to=asked.assigned_to, note=asked.note
    )
    _tell(office, message, new, who)
    return answer(MESSAGE, new)


def _tell(office: Office, before: Voicemail, now: Voicemail, who: str) -> None:
    if now != before:
        office.bus.publish(
            events.VoicemailMarked(
                at=office.clock.utc(),
                message=now.id,
                queue=now.queue,
                agent=now.agent,
                extension=now.extension,
                heard=bool(now.heard_by),
                assigned_to=now.assigned_to,
                done=now.done,
                by=who,
            )
        )


@routes.post("/api/v1/voicemail/{id}/call-back")
@right("call.dial")
@shape(summary="Have one's phone rung, and then who left the message", body=CallBackAsked, answer=DIALLED)
async def answer_voicemail(request: web.Request) -> web.StreamResponse:
    """200 one's phone rings; a message that was nobody's affair is one's own now · 404 no such message, or not one's
    own affair, or no such extension · 409 one is in a call, or has no phone that could be rung · 422 fields, or a
    number that leads nowhere."""
    asked, office = await read(request, CallBackAsked), request.app[OFFICE]
    message, who = await _seen(request), signed_in(request).login
    extension = None if asked.extension is None else ExtensionNumber(asked.extension)
    call = await office.board.dial_out.begin(
        who, asked.number or message.caller, extension=extension, wished=not asked.number
    )
    if not message.assigned_to:
        new = await office.store.voicemail.change(message.id, who, office.clock.utc(), assigned_to=who)
        _tell(office, message, new, who)
    return answer(DIALLED, Dialled(call=call))


@routes.delete("/api/v1/voicemail/{id}")
@right("message.work")
@shape(summary="Take a message from the list; its recording stays the call's")
async def remove_voicemail(request: web.Request) -> web.StreamResponse:
    """204 it is gone · 403 it is a queue's, and one may not remove those · 404 as above."""
    message, who, office = await _seen(request), signed_in(request), request.app[OFFICE]
    own = message.queue is None and message.agent == who.login
    if not own and not may(request, "message.remove.any"):
        raise NotAllowed
    await office.store.voicemail.remove(message.id)
    now = office.clock.utc()
    details, gone = {"call": message.call, "recording": message.recording_id}, {"caller": [message.caller, None]}
    await office.store.audit.append(now, who.login, "voicemail.removed", f"voicemail/{message.id}", details, gone)
    office.bus.publish(
        events.VoicemailRemoved(
            at=now,
            message=message.id,
            queue=message.queue,
            agent=message.agent,
            extension=message.extension,
            assigned_to=message.assigned_to,
            by=who.login,
        )
    )
    return nothing()


@routes.get("/api/v1/voicemail/{id}/sound")
@right("message.work")
@shape(summary="What the caller said", media="audio/*")
async def hear_voicemail(request: web.Request) -> web.StreamResponse:
    """200 the sound, in ranges as a recording · 404 as above, or its file is gone · 409 still being written.

    For who may see the message, also where the call itself is not theirs to see.
    """
    message = await _seen(request)
    record = await recording_now(request.app[OFFICE], message.recording_id)
    return await played(request, record)


@routes.get("/api/v1/callbacks")
@right("message.work")
@shape(summary="Who wants to be called back, newest first", conditions=CallbackConditions, answer=CALLBACKS)
async def list_callbacks(request: web.Request) -> web.StreamResponse:
    """200 one page of them: of one's queues, and what is assigned to one."""
    wanted, kept = conditions(request, CallbackConditions), request.app[OFFICE].store.callbacks
    login, sight = signed_in(request).login, sight_of(request)
    items, total = await kept.list(
        _name(wanted.queue),
        wanted.state,
        wanted.limit,
        wanted.offset,
        queues=_queues(sight),
        mine=tuple(sorted(sight.agents or ())),
        undone=wanted.undone,
        assigned={"me": login, "nobody": ""}.get(wanted.assigned or "", wanted.assigned),
        call=None if wanted.call is None else CallId(wanted.call),
    )
    return answer(CALLBACKS, CallbackList(items, total))


@routes.get("/api/v1/callbacks/counts")
@right("message.work")
@shape(summary="How many callbacks wait, have failed, and are nobody's affair yet, by queue", answer=CALLBACK_COUNTS)
async def count_callbacks(request: web.Request) -> web.StreamResponse:
    """200 of each of one's queues that has any which somebody still has to see to."""
    items = await request.app[OFFICE].store.callbacks.counts(_queues(sight_of(request)))
    return answer(CALLBACK_COUNTS, CallbackCounts(items, len(items)))


async def _seen_callback(request: web.Request) -> Callback:
    """Raises NotFound, also for one that is not of one's own affairs."""
    number, sight = number_in(request, "callback"), sight_of(request)
    known = await request.app[OFFICE].store.callbacks.get(number)
    if sight.sees_queue(known.queue) or sight.oversees(known.assigned_to):
        return known
    raise NotFound("callback", number)


@routes.get("/api/v1/callbacks/{id}/tries")
@right("message.work")
@shape(summary="Every time that somebody was called back, oldest first", answer=TRIES)
async def list_callback_tries(request: web.Request) -> web.StreamResponse:
    """200 all of them: when, by whom, in which call, how it ended, and what the trunk said · 404 no such callback, or
    not one's own affair."""
    known = await _seen_callback(request)
    items = await request.app[OFFICE].store.callbacks.tries(known.id)
    return answer(TRIES, CallbackTries(items, len(items)))


@routes.put("/api/v1/callbacks/{id}")
@right("message.work")
@shape(summary="How far it is with a callback, and whose affair it is", body=CallbackChangeAsked, answer=CALLBACK)
async def change_callback(request: web.Request) -> web.StreamResponse:
    """200 the callback now · 404 no such callback, or not one's own affair · 409 a wrong number is to be called again ·
    422 nobody has that login, or a state and a result at once."""
    asked, office = await read(request, CallbackChangeAsked), request.app[OFFICE]
    known, who, desk = await _seen_callback(request), signed_in(request).login, office.board.callbacks
    if asked.assigned_to and all(user.login != asked.assigned_to for user in office.board.site.users):
        raise WrongFields({"assigned_to": ("no_such_user", {})})
    if asked.state is not None and asked.result is not None:
        raise WrongFields({"result": ("not_both", {"other": "state"})})
    if asked.state is not None:
        known = await desk.mark(known.id, asked.state, who)
    if asked.result is not None:
        known = await desk.say_result(known.id, asked.result, who)
    if asked.assigned_to is not None or asked.note is not None:
        known = await desk.change(known.id, who, assigned_to=asked.assigned_to, note=asked.note)
    return answer(CALLBACK, known)


@routes.post("/api/v1/callbacks/{id}/call")
@right("message.work")
@shape(summary="Call back now: one's own phone rings first", body=Nothing, answer=DIALLED)
async def call_back(request: web.Request) -> web.StreamResponse:
    """200 one's phone rings; a callback that was nobody's affair is one's own now · 404 no such callback, or not one's
    own affair · 409 one is in a call, has no phone that could be rung, or it is a wrong number."""
    await read(request, Nothing)
    known = await _seen_callback(request)
    call = await request.app[OFFICE].board.callbacks.call_now(known.id, signed_in(request).login)
    return answer(DIALLED, Dialled(call=call))
