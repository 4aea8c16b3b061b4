"""More than two who speak with each other: the parties of a call (TEL-03), and conference rooms (IVR-02)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model.ids import AgentId, CallId
from callcenterd.model.rooms import ConferenceRoom, Party
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import VISIBLE, Asked, NotAllowed, WrongFields, answer, nothing, read
from callcenterd.web.callrights import own_or_any
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import right, sight_of
from callcenterd.web.session import signed_in
from callcenterd.web.socket import STREAMS

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Parties:
    items: list[Party]
    total: int


@dataclass(frozen=True, slots=True)
class Rooms:
    items: list[ConferenceRoom]
    total: int


class PartyAsked(Asked):
    """Whom to ring: a number as a phone would dial it, or an agent at their phone; one of the two."""

    number: Annotated[str, VISIBLE] | None = Field(None, min_length=1, max_length=32)
    agent: Annotated[str, VISIBLE] | None = Field(None, min_length=1, max_length=64)


class MuteAsked(Asked):
    muted: bool


PARTIES = TypeAdapter(Parties)
ROOMS = TypeAdapter(Rooms)
ROOM = TypeAdapter(ConferenceRoom)


@routes.get("/api/v1/calls/{id}/parties")
@right("call.control")
@shape(summary="Who speaks in a call", answer=PARTIES)
async def list_parties(request: web.Request) -> web.StreamResponse:
    """200 who called first · 403 a call that one does not take part in · 404 no such call is up, or one may not see it
    · 409 nobody speaks in it."""
    items = request.app[OFFICE].board.conferences.described(own_or_any(request, "call.control.any"))
    return answer(PARTIES, Parties(items, len(items)))


@routes.post("/api/v1/calls/{id}/parties")
@right("call.control")
@shape(summary="Ring somebody who is to speak in a call too", body=PartyAsked)
async def add_party(request: web.Request) -> web.StreamResponse:
    """204 it rings; what comes of it is told as call.party_joined or call.party_failed · 403 a call that one does not
    take part in · 404 no such call is up, or one may not see it, or no such agent · 409 nobody speaks in it, it is
    full, or the agent has no phone · 422 fields."""
    asked = await read(request, PartyAsked)
    call, office = own_or_any(request, "call.control.any"), request.app[OFFICE]
    if (asked.number is None) == (asked.agent is None):
        raise WrongFields({"number": ("missing", {})})
    number = asked.number
    if number is None:
        agent = AgentId(asked.agent or "")
        if not office.board.queueing.knows(agent):
            raise NotFound("agent", agent)
        number = office.board.desk.phone_of(agent)
    office.board.conferences.add(call, number, signed_in(request).login)
    return nothing()


@routes.delete("/api/v1/calls/{id}/parties/{party}")
@right("call.control")
@shape(summary="Put somebody out of a call")
async def put_party_out(request: web.Request) -> web.StreamResponse:
    """204 done; of two, the call is over · 403 a call that one does not take part in · 404 no such call is up, or one
    may not see it, or no such party."""
    call = own_or_any(request, "call.control.any")
    request.app[OFFICE].board.conferences.put_out(call, _party(request), signed_in(request).login)
    return nothing()


@routes.post("/api/v1/calls/{id}/parties/{party}/mute")
@right("call.control")
@shape(summary="Let nobody hear a party, or everybody again", body=MuteAsked)
async def mute_party(request: web.Request) -> web.StreamResponse:
    """204 done · 403 a call that one does not take part in · 404 no such call is up, or one may not see it, or no such
    party · 409 nobody speaks in it."""
    asked = await read(request, MuteAsked)
    call = own_or_any(request, "call.control.any")
    request.app[OFFICE].board.conferences.mute(call, _party(request), asked.muted)
    return nothing()


def _party(request: web.Request) -> int:
    party = request.match_info["party"]
    if not (party.isascii() and party.isdigit() and len(party) < 16):
        raise NotFound("party", party)
    return int(party)


# ---- rooms ---------------------------------------------------------------------------------------------------


def _seen_in(request: web.Request, room: ConferenceRoom) -> ConferenceRoom:
    """The room with those members whose calls one may see."""
    live, sight = request.app[STREAMS].live, sight_of(request)
    return dataclasses.replace(room, members=tuple(one for one in room.members if live.sees_call(one.call, sight)))


def _room(request: web.Request) -> ConferenceRoom:
    """The room of an address, as far as one may see. Raises NotFound, also for a room of which one may see nobody."""
    name = request.match_info["room"]
    room = _seen_in(request, request.app[OFFICE].board.conferences.room(name))
    if not room.members:
        raise NotFound("conference", name)
    return room


def _member(request: web.Request) -> tuple[str, CallId]:
    """The room and the caller of an address. Raises NotFound."""
    room, call = _room(request), CallId(request.match_info["call"])
    if all(one.call != call for one in room.members):
        raise NotFound("call", call)
    return room.room, call


@routes.get("/api/v1/conferences")
@right("conference")
@shape(summary="Conference rooms in which there is somebody", answer=ROOMS)
async def list_conferences(request: web.Request) -> web.StreamResponse:
    """200 the rooms, by name, with those members whose calls one may see."""
    seen = (_seen_in(request, room) for room in request.app[OFFICE].board.conferences.rooms())
    items = [room for room in seen if room.members]
    return answer(ROOMS, Rooms(items, len(items)))


@routes.get("/api/v1/conferences/{room}")
@right("conference")
@shape(summary="One conference room", answer=ROOM)
async def one_conference(request: web.Request) -> web.StreamResponse:
    """200 the room · 404 nobody is in a room of that name whose call one may see."""
    return answer(ROOM, _room(request))


@routes.post("/api/v1/conferences/{room}/end")
@right("conference.moderate")
@shape(summary="Let everybody leave a conference room", body=Nothing)
async def end_conference(request: web.Request) -> web.StreamResponse:
    """204 it is over; their flows go on · 403 there are others in it too · 404 nobody is in a room of that name whose
    call one may see."""
    await read(request, Nothing)
    seen, conferences = _room(request), request.app[OFFICE].board.conferences
    if seen != conferences.room(seen.room):
        raise NotAllowed
    conferences.end_room(seen.room)
    return nothing()


@routes.delete("/api/v1/conferences/{room}/members/{call}")
@right("conference.moderate")
@shape(summary="Put a caller out of a conference room")
async def put_member_out(request: web.Request) -> web.StreamResponse:
    """204 their flow goes on · 404 no such caller is in a room of that name."""
    request.app[OFFICE].board.conferences.put_member_out(*_member(request))
    return nothing()


@routes.post("/api/v1/conferences/{room}/members/{call}/mute")
@right("conference.moderate")
@shape(summary="Let nobody hear a caller in a conference room, or everybody again", body=MuteAsked)
async def mute_member(request: web.Request) -> web.StreamResponse:
    """204 done · 404 no such caller is in a room of that name."""
    asked = await read(request, MuteAsked)
    request.app[OFFICE].board.conferences.mute_member(*_member(request), asked.muted)
    return nothing()
