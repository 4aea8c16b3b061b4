"""Letters [邮件] that bring messages to mailboxes' addresses, tell of duties, or are to customers: how far they are."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model.mail import Letter, LetterState
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import Conditions, answer, conditions, nothing, read
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.duties import duty_sight
from callcenterd.web.messages import message_sight
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import right, sight_of
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class LetterList:
    items: list[Letter]
    total: int


LETTER = TypeAdapter(Letter)
LETTERS = TypeAdapter(LetterList)


class LetterConditions(Conditions):
    """state: failed: those that somebody has to see to."""

    state: LetterState | None = None
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


async def _seen(request: web.Request) -> int:
    """The letter of an address. Raises NotFound, also for one that brings, is about, or is what one may not see."""
    number, store = number_in(request, "letter"), request.app[OFFICE].store
    letter = await store.outbox.get(number)
    if letter.voicemail is not None:
        seen, message = message_sight(request), await store.voicemail.get(letter.voicemail)
        if seen is None or seen.sees(
            queue=message.queue, agent=message.agent, extension=message.extension, assigned_to=message.assigned_to
        ):
            return number
    if letter.duty is not None:
        sight = duty_sight(request)
        if sight is None or sight.sees(await store.duties.get(letter.duty)):
            return number
    if letter.message is not None:
        records = sight_of(request).of_records(request.app[OFFICE].board.site)
        if records is None or records.sees(await store.customer_messages.get(letter.message)):
            return number
    raise NotFound("letter", number)


@routes.get("/api/v1/letters")
@right("letter")
@shape(
    summary="Letters with messages, about duties and to customers, newest first",
    conditions=LetterConditions,
    answer=LETTERS,
)
async def list_letters(request: web.Request) -> web.StreamResponse:
    """200 one page of those that bring, are about, or are what one may see; sent ones are kept for thirty days."""
    wanted = conditions(request, LetterConditions)
    kept, sight = request.app[OFFICE].store.outbox, message_sight(request)
    records = sight_of(request).of_records(request.app[OFFICE].board.site)
    items, total = await kept.list(
        wanted.state, wanted.limit, wanted.offset, sight=sight, duties=duty_sight(request), records=records
    )
    return answer(LETTERS, LetterList(items, total))


@routes.post("/api/v1/letters/{id}/again")
@right("letter")
@shape(summary="Try a letter anew that was not delivered", body=Nothing, answer=LETTER)
async def try_letter_again(request: web.Request) -> web.StreamResponse:
    """200 the letter, which goes out within seconds · 404 no such letter · 409 it has not failed."""
    await read(request, Nothing)
    number, office = await _seen(request), request.app[OFFICE]
    now = office.clock.utc()
    letter = await office.store.outbox.again(number, now)
    details = {"address": letter.address, "voicemail": letter.voicemail, "duty": letter.duty, "message": letter.message}
    await office.store.audit.append(now, signed_in(request).login, "letter.again", f"letter/{number}", details)
    return answer(LETTER, letter)


@routes.delete("/api/v1/letters/{id}")
@right("letter")
@shape(summary="Give a letter up")
async def remove_letter(request: web.Request) -> web.StreamResponse:
    """204 it is gone, and is no alarm any more · 404 no such letter."""
    number, office = await _seen(request), request.app[OFFICE]
    by = signed_in(request).login
    await office.store.outbox.remove(number, by)
    await office.store.audit.append(office.clock.utc(), by, "letter.removed", f"letter/{number}", {})
    return nothing()
