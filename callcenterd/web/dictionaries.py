"""Lists of values that the office keeps by itself: levels, channels, tags …"""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web
from pydantic import TypeAdapter

from callcenterd.crm.dictionaries import DictionaryFields
from callcenterd.model.dictionaries import Dictionary
from callcenterd.web.answers import answer, read
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class DictionaryList:
    items: list[Dictionary]
    total: int


DICTIONARY = TypeAdapter(Dictionary)
DICTIONARIES = TypeAdapter(DictionaryList)


@routes.get("/api/v1/dictionaries")
@right("dictionary.read")
@shape(summary="All dictionaries with their values", answer=DICTIONARIES)
async def list_dictionaries(request: web.Request) -> web.StreamResponse:
    """200 all of them; retired values too, since old records have them."""
    known = list(await request.app[MODULES].dictionaries.all())
    return answer(DICTIONARIES, DictionaryList(known, len(known)))


@routes.put("/api/v1/dictionaries/{name}")
@right("dictionary.write")
@shape(summary="Change a dictionary: the whole list in its order", body=DictionaryFields, answer=DICTIONARY)
async def put_dictionary(request: web.Request) -> web.StreamResponse:
    """200 the list now: what was left out is gone, or retired at the end if a record uses it · 404 no such
    dictionary."""
    fields = await read(request, DictionaryFields)
    name, by = request.match_info["name"], signed_in(request).login
    return answer(DICTIONARY, await request.app[MODULES].dictionaries.put(name, fields, by))
