"""Parked calls: which wait where, put one there, and fetch one (TEL-05)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from callcenterd.errors import NotFound
from callcenterd.model.rooms import ParkedCall
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import VISIBLE, Asked, answer, nothing, read
from callcenterd.web.callrights import own_or_any
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import right, sight_of
from callcenterd.web.session import signed_in
from callcenterd.web.socket import STREAMS

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class ParkedCalls:
    """slots: how many there are, from 1."""

    items: list[ParkedCall]
    total: int
    slots: int


class ParkAsked(Asked):
    """slot: without it the first that is free."""

    slot: Annotated[str, VISIBLE] | None = Field(None, min_length=1, max_length=8)


class ParkedAt(TypedDict):
    slot: str


PARKED = TypeAdapter(ParkedCalls)
SLOT = TypeAdapter(ParkedAt)


def _seen(request: web.Request) -> list[ParkedCall]:
    live, sight = request.app[STREAMS].live, sight_of(request)
    return [one for one in request.app[OFFICE].board.parking.parked() if live.sees_call(one.call, sight)]


@routes.get("/api/v1/parking")
@right("parking")
@shape(summary="Parked calls, as far as one may see", answer=PARKED)
async def list_parked(request: web.Request) -> web.StreamResponse:
    """200 the calls, by slot."""
    items = _seen(request)
    return answer(PARKED, ParkedCalls(items, len(items), len(request.app[OFFICE].board.parking.slots)))


@routes.post("/api/v1/calls/{id}/park")
@right("call.control")
@shape(summary="Let a call wait at a slot, to be fetched from any phone", body=ParkAsked, answer=SLOT)
async def park(request: web.Request) -> web.StreamResponse:
    """200 where it waits; the agent's phone is let go · 403 a call that one does not take part in · 404 no such call is
    up, or one may not see it · 409 nobody speaks with an agent, or the slot is taken · 422 no such slot."""
    asked = await read(request, ParkAsked)
    call = own_or_any(request, "call.control.any")
    return answer(SLOT, ParkedAt(slot=request.app[OFFICE].board.parking.park(call, asked.slot)))


@routes.post("/api/v1/parking/{slot}/fetch")
@right("parking")
@shape(summary="Have one's phone rung for a parked call", body=Nothing)
async def fetch(request: web.Request) -> web.StreamResponse:
    """204 it rings, and has the call when it answers · 404 nothing that one may see is parked there · 409 one has no
    phone, or somebody fetches it already."""
    await read(request, Nothing)
    slot = request.match_info["slot"]
    if not any(one.slot == slot for one in _seen(request)):
        raise NotFound("parked call", slot)
    request.app[OFFICE].board.parking.fetch(slot, signed_in(request).login)
    return nothing()
