"""Phones that are registered now [话机]: who they are, where they are, and how far away."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web
from pydantic import TypeAdapter

from callcenterd.web.answers import answer
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE, PhoneSeen
from callcenterd.web.rights import right

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class PhoneList:
    items: list[PhoneSeen]
    total: int


PHONES = TypeAdapter(PhoneList)


@routes.get("/api/v1/phones")
@right("site")
@shape(summary="Phones that are registered now", answer=PHONES)
async def list_phones(request: web.Request) -> web.StreamResponse:
    """200 all of them, by extension; several of one extension are several."""
    seen = list(request.app[OFFICE].seen_phones())
    return answer(PHONES, PhoneList(seen, len(seen)))
