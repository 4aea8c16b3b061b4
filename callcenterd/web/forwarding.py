"""Do-not-disturb and forwarding of extensions (TEL-05)."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model.forwarding import Forwarding
from callcenterd.model.ids import AgentId, ExtensionNumber
from callcenterd.web.answers import VISIBLE, Asked, NotAllowed, answer, read
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import may, right, sight_of
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()

Number = Annotated[str, VISIBLE, Field(max_length=32, pattern=r"^\+?[0-9*#]*$")]


class ForwardingAsked(Asked):
    """What is left out is off. always, busy, no_answer: numbers as the extension dials them. ring: seconds."""

    do_not_disturb: bool = False
    always: Number = ""
    busy: Number = ""
    no_answer: Number = ""
    ring: float = Field(20.0, ge=3, le=120)


FORWARDING = TypeAdapter(Forwarding)


@routes.get("/api/v1/extensions/{number}/forwarding")
@right("forwarding")
@shape(summary="Whether an extension wants no calls, and where they go", answer=FORWARDING)
async def read_forwarding(request: web.Request) -> web.StreamResponse:
    """200 as it is · 403 somebody else's phone · 404 no such extension, or not of one's teams."""
    return answer(FORWARDING, request.app[OFFICE].board.forwarding.of(_extension(request)))


@routes.put("/api/v1/extensions/{number}/forwarding")
@right("forwarding")
@shape(summary="Want no calls at an extension, or send them elsewhere", body=ForwardingAsked, answer=FORWARDING)
async def change_forwarding(request: web.Request) -> web.StreamResponse:
    """200 as it is now, kept · 403 somebody else's phone · 404 no such extension, or not of one's teams · 422 a number
    that leads nowhere."""
    asked = await read(request, ForwardingAsked)
    desk, number = request.app[OFFICE].board.forwarding, _extension(request)
    await desk.set(Forwarding(extension=number, **asked.model_dump()), signed_in(request).login)
    return answer(FORWARDING, desk.of(number))


def _extension(request: web.Request) -> ExtensionNumber:
    """The extension of the address: where one sits, or one's own; any other by right. Raises NotFound, NotAllowed."""
    who, board = signed_in(request), request.app[OFFICE].board
    number = ExtensionNumber(request.match_info["number"])
    if not any(kept.number == number for kept in board.site.extensions):
        raise NotFound("extension", number)
    own = {board.queueing.extension_of(AgentId(who.login)) or who.account.extension}
    if number in own:
        return number
    if not may(request, "forwarding.any"):
        raise NotAllowed
    if not oversees_phone(request, number):
        raise NotFound("extension", number)
    return number


def oversees_phone(request: web.Request, number: str | None) -> bool:
    """Does somebody sit there, or is it somebody's own by the site, whom who asks oversees?"""
    board, sight = request.app[OFFICE].board, sight_of(request)
    whose = [board.queueing.agent_at(number), *(user.login for user in board.site.users if user.extension == number)]
    return sight.agents is None or any(sight.oversees(login) for login in whose)
