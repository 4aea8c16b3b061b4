"""Supervisors with somebody's conversation: listen, whisper, barge in, take over (SUP-02)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.model.events import ListenMode
from callcenterd.model.ids import CallId, ExtensionNumber
from callcenterd.model.rooms import Listening
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import VISIBLE, Asked, NotAllowed, answer, nothing, read
from callcenterd.web.callrights import note, to_listen_to
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import may, right, sight_of
from callcenterd.web.session import signed_in
from callcenterd.web.socket import STREAMS

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Listenings:
    items: list[Listening]
    total: int


class ListenAsked(Asked):
    """mode: listen: nobody hears the supervisor; whisper: the agent does; barge: both do. follow: the next calls of the
    agent too. extension: the phone to be rung; without it the one where who asks sits."""

    mode: ListenMode = "listen"
    follow: bool = False
    extension: Annotated[str, VISIBLE] | None = Field(None, max_length=32)


LISTENING = TypeAdapter(Listening)
LISTENINGS = TypeAdapter(Listenings)


@routes.get("/api/v1/listening")
@right("call.listen")
@shape(summary="Who listens to which call now", answer=LISTENINGS)
async def list_listening(request: web.Request) -> web.StreamResponse:
    """200 all of them, as far as one may see."""
    live, sight = request.app[STREAMS].live, sight_of(request)
    items = [
        one
        for one in request.app[OFFICE].board.monitoring.listening()
        if sight.oversees(one.by)
        or (live.sees_call(one.call, sight) if one.call is not None else sight.oversees(one.follows))
    ]
    return answer(LISTENINGS, Listenings(items, len(items)))


@routes.post("/api/v1/calls/{id}/listen")
@right("call.listen")
@shape(summary="Listen to a conversation, or do so in another way", body=ListenAsked, answer=LISTENING)
async def listen(request: web.Request) -> web.StreamResponse:
    """200 one's phone is rung, or the mode is another now · 403 one may listen, but not whisper or barge in, or only
    others' agents speak there · 404 no such call is up, or one may not see it, or no such extension · 409 nobody speaks
    in it, or there is no phone to listen with."""
    asked = await read(request, ListenAsked)
    who = signed_in(request)
    may_barge = may(request, "call.barge")
    if asked.mode != "listen" and not may_barge:
        raise NotAllowed
    listening = request.app[OFFICE].board.monitoring.begin(
        to_listen_to(request),
        who.login,
        asked.mode,
        may_barge=may_barge,
        follow=asked.follow,
        extension=None if asked.extension is None else ExtensionNumber(asked.extension),
    )
    return answer(LISTENING, listening)


@routes.delete("/api/v1/listening")
@right("call.listen")
@shape(summary="Listen no more")
async def stop_listening(request: web.Request) -> web.StreamResponse:
    """204 one's phone is let go · 404 one does not listen to anything."""
    request.app[OFFICE].board.monitoring.end(signed_in(request).login)
    return nothing()


@routes.post("/api/v1/calls/{id}/take-over")
@right("call.barge")
@shape(summary="Speak with the customer in place of the agent, who wraps up", body=Nothing)
async def take_over(request: web.Request) -> web.StreamResponse:
    """204 done · 404 one does not listen to that call · 409 one's phone rings still, or no agent speaks there."""
    await read(request, Nothing)
    call = CallId(request.match_info["id"])
    request.app[OFFICE].board.monitoring.take_over(call, signed_in(request).login)
    await note(request, "call.take_over", call)
    return nothing()
