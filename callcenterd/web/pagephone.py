"""The page as its user's phone [网页话机]: connected by one offer and answer; ringing and the rest come as events.

Sound itself goes by WebRTC to the gateway process (`media.webrtc`), never through here. Everything is one's own: there
is no address under which somebody else's page could be reached.
"""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from callcenterd.model.phones import PagePhoneState, PhoneEnd
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import VISIBLE, Asked, answer, nothing, read
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()

Number = Annotated[str, VISIBLE, Field(min_length=1, max_length=64)]


class PagePhone(TypedDict):
    """page: which page it is; "" while there is none. extension: under which it is called; null: it can only listen
    in. number, name: of the other side. rings: who was dialled has their phone ringing. away: nothing comes from the
    page. ended: how the last call ended."""

    login: str
    page: str
    extension: str | None
    state: PagePhoneState
    number: str
    name: str
    rings: bool
    held: bool
    away: bool
    ended: PhoneEnd


class IceServer(TypedDict, total=False):
    """As RTCPeerConnection takes it."""

    urls: str
    username: str
    credential: str


class PhoneNow(TypedDict):
    phone: PagePhone
    ice_servers: list[IceServer]


class Offered(Asked):
    """sdp: a browser's offer, all its candidates in it: one audio section with PCMA, sealed by DTLS."""

    sdp: str = Field(min_length=1, max_length=32768)


class Answer(TypedDict):
    """page: the id of this page as a phone. sdp: the answer. It is ready when an event says so."""

    page: str
    sdp: str


class Dialled(Asked):
    number: Number


class Pressed(Asked):
    """0-9 * # A-D, one after the other."""

    keys: str = Field(pattern=r"^[0-9*#A-D]{1,64}$")


class Held(Asked):
    held: bool


NOW = TypeAdapter(PhoneNow)
ANSWER = TypeAdapter(Answer)


@routes.get("/api/v1/phone")
@right("phone")
@shape(summary="One's own page phone now", answer=NOW)
async def own_phone(request: web.Request) -> web.StreamResponse:
    """200 the phone, and which servers a page asks where it is."""
    office = request.app[OFFICE]
    view = office.page_phones.view(signed_in(request).login)
    phone = PagePhone(
        login=view.login,
        page=view.page,
        extension=view.extension,
        state=view.state,
        number=view.number,
        name=view.name,
        rings=view.rings,
        held=view.held,
        away=view.away,
        ended=view.ended,
    )
    servers: list[IceServer] = [IceServer(**server) for server in office.ice_servers]  # type: ignore[typeddict-item]
    return answer(NOW, PhoneNow(phone=phone, ice_servers=servers))


@routes.post("/api/v1/phone")
@right("phone")
@shape(summary="This page becomes one's phone", body=Offered, answer=ANSWER)
async def connect_phone(request: web.Request) -> web.StreamResponse:
    """200 the answer to its offer; a page that was the phone before goes on until this one is ready · 422 an offer
    that cannot be used · 503 no page can be a phone now."""
    asked = await read(request, Offered)
    office = request.app[OFFICE]
    hosts = list(dict.fromkeys([*office.sound_hosts, *_asked_host(request)]))
    connected = await office.page_phones.connect(signed_in(request).login, asked.sdp, hosts)
    return answer(ANSWER, Answer(page=connected.page, sdp=connected.answer))


def _asked_host(request: web.Request) -> list[str]:
    """The IPv4 address of ours that this page speaks to: it can be reached, unless there is a proxy between."""
    name = None if request.transport is None else request.transport.get_extra_info("sockname")
    return [name[0]] if isinstance(name, tuple) and len(name) == 2 else []


@routes.delete("/api/v1/phone/{page}")
@right("phone")
@shape(summary="That page is one's phone no more")
async def disconnect_phone(request: web.Request) -> web.StreamResponse:
    """204 its call is over and its extension not reachable by it · 404 it is none, or not any more."""
    request.app[OFFICE].page_phones.disconnect(signed_in(request).login, request.match_info["page"])
    return nothing()


@routes.post("/api/v1/phone/answer")
@right("phone")
@shape(summary="Answer who calls", body=Nothing)
async def answer_phone(request: web.Request) -> web.StreamResponse:
    """204 answered · 409 nobody calls."""
    await read(request, Nothing)
    request.app[OFFICE].page_phones.answer(signed_in(request).login)
    return nothing()


@routes.post("/api/v1/phone/hang-up")
@right("phone")
@shape(summary="Decline who calls, take one's own call back, or hang up", body=Nothing)
async def hang_up_phone(request: web.Request) -> web.StreamResponse:
    """204 done · 409 in no call."""
    await read(request, Nothing)
    request.app[OFFICE].page_phones.leave(signed_in(request).login)
    return nothing()


@routes.post("/api/v1/phone/dial")
@right("phone")
@shape(summary="Dial, by the same rules as any phone", body=Dialled)
async def dial(request: web.Request) -> web.StreamResponse:
    """204 it is being dialled, events tell the rest · 409 in a call, not connected, or at no extension."""
    asked = await read(request, Dialled)
    request.app[OFFICE].page_phones.dial(signed_in(request).login, asked.number)
    return nothing()


@routes.post("/api/v1/phone/keys")
@right("phone")
@shape(summary="Press keys in a conversation", body=Pressed)
async def press_keys(request: web.Request) -> web.StreamResponse:
    """204 pressed · 409 in no conversation."""
    asked = await read(request, Pressed)
    request.app[OFFICE].page_phones.press(signed_in(request).login, asked.keys)
    return nothing()


@routes.post("/api/v1/phone/hold")
@right("phone")
@shape(summary="Put the other side on hold, or take it back", body=Held)
async def hold_phone(request: web.Request) -> web.StreamResponse:
    """204 done · 409 in no conversation."""
    asked = await read(request, Held)
    request.app[OFFICE].page_phones.hold(signed_in(request).login, asked.held)
    return nothing()


@routes.post("/api/v1/phone/transfer")
@right("phone")
@shape(summary="Hand the other side on to a number, blind", body=Dialled)
async def transfer_phone(request: web.Request) -> web.StreamResponse:
    """204 it is being tried, events tell the rest · 409 in no conversation."""
    asked = await read(request, Dialled)
    request.app[OFFICE].page_phones.transfer(signed_in(request).login, asked.number)
    return nothing()
