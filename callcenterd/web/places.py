"""Where telephone numbers are from (CRM-01): shown beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.web.answers import VISIBLE, Asked, answer, language_of, read
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES
from callcenterd.web.rights import right
from callcenterd.worker.places import Language, Place

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class PlaceList:
    """items: in the order of the numbers."""

    items: list[Place]


PLACES = TypeAdapter(PlaceList)


class NumbersAsked(Asked):
    numbers: list[Annotated[str, Field(max_length=64), VISIBLE]] = Field(min_length=1, max_length=200)


@routes.post("/api/v1/number_places")
@right("customer.read")
@shape(summary="Where numbers are from: area, and who gave out a mobile one", body=NumbersAsked, answer=PLACES)
async def number_places(request: web.Request) -> web.StreamResponse:
    """200 of each; what is not known is empty."""
    asked = await read(request, NumbersAsked)
    language: Language = "zh" if language_of(request) == "zh-CN" else "en"
    return answer(PLACES, PlaceList(await request.app[MODULES].places.of(asked.numbers, language)))
