"""The office's phone book: whom one may ring, or hand a call on to (AGT-05)."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web
from pydantic import TypeAdapter

from callcenterd.model.phonebook import PhoneBookEntry
from callcenterd.switchboard.phonebook import phone_book
from callcenterd.web.answers import answer
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import right

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class PhoneBook:
    items: list[PhoneBookEntry]
    total: int


PHONE_BOOK = TypeAdapter(PhoneBook)


@routes.get("/api/v1/phone-book")
@right("desk")
@shape(summary="Agents and their departments, phones, queues and flows, as they are now", answer=PHONE_BOOK)
async def read_phone_book(request: web.Request) -> web.StreamResponse:
    """200 all of them, also those whose calls one may not see: a call is handed on to other teams, too."""
    items = phone_book(request.app[OFFICE].board)
    return answer(PHONE_BOOK, PhoneBook(items, len(items)))
