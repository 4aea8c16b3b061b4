"""Customers' prepaid cards and their postings (CRM-01, IVR-04). The rules are `crm.cards`'s; no PIN ever goes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.crm.cards import CardAsked, CardTerms, PinAsked, PostingAsked
from callcenterd.errors import NotFound
from callcenterd.model.cards import Card, CardId, CardState, Currency, Ledger, Posting
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import Conditions, WrongFields, answer, conditions, read
from callcenterd.web.customers import number_in, seen_customer
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True, kw_only=True)
class CardShown:
    """money, overdraft: in the smallest coin of the currency. failed: wrong PINs in a row. locked_until: null, or no
    PIN is taken before."""

    id: int
    number: str
    customer: int
    state: CardState
    valid_until: date | None
    currency: Currency
    overdraft: int
    money: int
    points: int
    has_pin: bool
    failed: int
    locked_until: datetime | None
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class CardList:
    items: Sequence[CardShown]
    total: int


@dataclass(frozen=True, slots=True)
class PostingList:
    """money, points: what stands on the card now, whatever was asked for."""

    items: Sequence[Posting]
    total: int
    money: int
    points: int


CARD = TypeAdapter(CardShown)
CARDS = TypeAdapter(CardList)
POSTING = TypeAdapter(Posting)
POSTINGS = TypeAdapter(PostingList)


class PostingConditions(Conditions):
    """ledger: only of this one."""

    ledger: Ledger | None = None
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


_FIELD_OF = {"amount_sign": "amount", "only_corrections": "reverses", "reason": "reason"}


@routes.get("/api/v1/customers/{id}/cards")
@right("card.read")
@shape(summary="A customer's prepaid cards, with what stands on them", answer=CARDS)
async def list_cards(request: web.Request) -> web.StreamResponse:
    """200 all of them, oldest first · 404 no such customer."""
    found = await request.app[MODULES].cards.of_customer((await seen_customer(request)).id)
    return answer(CARDS, CardList([_shown(request, card) for card in found], len(found)))


@routes.post("/api/v1/customers/{id}/cards")
@right("card.write")
@shape(summary="A new prepaid card", body=CardAsked, answer=CARD)
async def add_card(request: web.Request) -> web.StreamResponse:
    """201 the card · 404 no such customer · 409 they have too many · 422 fields, or the number is another card's."""
    asked = await read(request, CardAsked)
    card = await request.app[MODULES].cards.add((await seen_customer(request)).id, asked, signed_in(request).login)
    return answer(CARD, _shown(request, card), status=201)


@routes.put("/api/v1/cards/{id}")
@right("card.write")
@shape(summary="Until when a card is good, and how far its money may be below nothing", body=CardTerms, answer=CARD)
async def change_card(request: web.Request) -> web.StreamResponse:
    """200 the card now · 404 no such card · 422 fields."""
    terms = await read(request, CardTerms)
    return _answer(
        request, await request.app[MODULES].cards.change(await _card_id(request), terms, signed_in(request).login)
    )


@routes.post("/api/v1/cards/{id}/block")
@right("card.block")
@shape(summary="Block a card: it pays nothing, and no caller hears what stands on it", body=Nothing, answer=CARD)
async def block_card(request: web.Request) -> web.StreamResponse:
    """200 the card now · 404 no such card."""
    await read(request, Nothing)
    cards, who = request.app[MODULES].cards, signed_in(request).login
    return _answer(request, await cards.block(await _card_id(request), who, blocked=True))


@routes.post("/api/v1/cards/{id}/unblock")
@right("card.write")
@shape(summary="A blocked card is good again", body=Nothing, answer=CARD)
async def unblock_card(request: web.Request) -> web.StreamResponse:
    """200 the card now · 404 no such card."""
    await read(request, Nothing)
    cards, who = request.app[MODULES].cards, signed_in(request).login
    return _answer(request, await cards.block(await _card_id(request), who, blocked=False))


@routes.put("/api/v1/cards/{id}/pin")
@right("card.write")
@shape(summary="Another PIN; it can never be read again", body=PinAsked, answer=CARD)
async def set_card_pin(request: web.Request) -> web.StreamResponse:
    """200 the card now, and wrong PINs before count no more · 404 no such card · 422 fields."""
    asked = await read(request, PinAsked)
    return _answer(
        request, await request.app[MODULES].cards.set_pin(await _card_id(request), asked, signed_in(request).login)
    )


@routes.post("/api/v1/cards/{id}/unlock")
@right("card.unlock")
@shape(summary="Take PINs again of a card that wrong ones have locked", body=Nothing, answer=CARD)
async def unlock_card(request: web.Request) -> web.StreamResponse:
    """200 the card now · 404 no such card."""
    await read(request, Nothing)
    return _answer(request, await request.app[MODULES].cards.unlock(await _card_id(request), signed_in(request).login))


@routes.get("/api/v1/cards/{id}/postings")
@right("card.read")
@shape(
    summary="Postings of a card, newest first, with the balance after each",
    conditions=PostingConditions,
    answer=POSTINGS,
)
async def list_postings(request: web.Request) -> web.StreamResponse:
    """200 one page of them · 404 no such card."""
    wanted = conditions(request, PostingConditions)
    items, total, card = await request.app[MODULES].cards.postings(
        await _card_id(request), wanted.ledger, wanted.limit, wanted.offset
    )
    return answer(POSTINGS, PostingList(items, total, card.money, card.points))


@routes.post("/api/v1/cards/{id}/postings")
@right("card.post")
@shape(summary="Recharge, consume or correct; a posting is never changed again", body=PostingAsked, answer=POSTING)
async def add_posting(request: web.Request) -> web.StreamResponse:
    """200 the posting; with the key of an earlier one it is that one · 404 no such card, or none that could be undone
    · 409 there is not enough on the card, it is blocked or expired, or the key was used for another · 422 fields."""
    try:
        asked = await read(request, PostingAsked)
    except WrongFields as fault:
        # What is wrong with the posting as a whole is shown at the field that would mend it.
        fields = {_FIELD_OF.get(why[0], name): why for name, why in fault.fields.items()}
        raise WrongFields(fields) from None
    return answer(
        POSTING, await request.app[MODULES].cards.post(await _card_id(request), asked, signed_in(request).login)
    )


async def _card_id(request: web.Request) -> CardId:
    """The card in the address. Raises NotFound, also for one of a customer whom who asks may not see."""
    card = await request.app[MODULES].cards.get(CardId(number_in(request, "card")))
    try:
        await seen_customer(request, card.customer)
    except NotFound:
        raise NotFound("card", card.id) from None
    return card.id


def _answer(request: web.Request, card: Card) -> web.StreamResponse:
    return answer(CARD, _shown(request, card))


def _shown(request: web.Request, card: Card) -> CardShown:
    return CardShown(
        id=card.id,
        number=card.number,
        customer=card.customer,
        state=card.state(request.app[MODULES].cards.today()),
        valid_until=card.valid_until,
        currency=card.currency,
        overdraft=card.overdraft,
        money=card.money,
        points=card.points,
        has_pin=card.has_pin,
        failed=card.failed,
        locked_until=card.locked_until,
        created_at=card.created_at,
        created_by=card.created_by,
    )
