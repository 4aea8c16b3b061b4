"""Numbers that must not be called [勿扰名单]: a click does not dial them any more (ACD-06)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.model import numbers
from callcenterd.model.do_not_call import DoNotCall
from callcenterd.web.answers import VISIBLE, Asked, Conditions, WrongFields, answer, conditions, nothing, read
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.once import once
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class DoNotCallEntries:
    items: list[DoNotCall]
    total: int


ENTRY = TypeAdapter(DoNotCall)
ENTRIES = TypeAdapter(DoNotCallEntries)


class EntryConditions(Conditions):
    """text: a part of the number."""

    text: Annotated[str, VISIBLE] = Field("", max_length=32)
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


class EntryAsked(Asked):
    number: Annotated[str, VISIBLE] = Field(min_length=3, max_length=32)
    why: Annotated[str, VISIBLE] = Field("", max_length=200)


@routes.get("/api/v1/do-not-call")
@right("do_not_call")
@shape(summary="Numbers that must not be called, newest first", conditions=EntryConditions, answer=ENTRIES)
async def list_do_not_call(request: web.Request) -> web.StreamResponse:
    """200 one page of them."""
    wanted, kept = conditions(request, EntryConditions), request.app[OFFICE].store.do_not_call
    return answer(ENTRIES, DoNotCallEntries(*await kept.list(wanted.text, wanted.limit, wanted.offset)))


@routes.post("/api/v1/do-not-call")
@right("do_not_call")
@shape(summary="A number must not be called any more", body=EntryAsked, answer=ENTRY)
@once
async def add_do_not_call(request: web.Request) -> web.StreamResponse:
    """200 what holds now: who is on the list already stays there as before · 422 fields."""
    asked, office = await read(request, EntryAsked), request.app[OFFICE]
    number = numbers.tidy(asked.number)
    if not any(letter.isdigit() for letter in number):
        raise WrongFields({"number": ("not_a_number", {})})
    who, now = signed_in(request).login, office.clock.utc()
    entry = await office.store.do_not_call.add(DoNotCall(number=number, why=asked.why, by=who, at=now))
    await office.store.audit.append(now, who, "do_not_call.added", f"number/{number}", {"why": asked.why})
    return answer(ENTRY, entry)


@routes.delete("/api/v1/do-not-call/{number}")
@right("do_not_call.remove")
@shape(summary="A number may be called again")
async def remove_do_not_call(request: web.Request) -> web.StreamResponse:
    """204 it may be called · 404 it is not on the list."""
    office, number = request.app[OFFICE], request.match_info["number"][:64]
    await office.store.do_not_call.remove(number)
    who, now = signed_in(request).login, office.clock.utc()
    await office.store.audit.append(now, who, "do_not_call.removed", f"number/{number}", {})
    return nothing()
