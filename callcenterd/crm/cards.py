"""Prepaid cards and their accounts (CRM-01): what may be posted, who did what, and that all hear of it.

A PIN comes in here and goes on as a hash; it is never told, logged or shown. What the trail says of a posting is
where it stands, and the posting itself says the rest: it is never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, tzinfo
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.crm.customer import Line
from callcenterd.errors import Refused
from callcenterd.model.cards import (
    MOST_AMOUNT,
    Card,
    CardId,
    Currency,
    Ledger,
    NewCard,
    NewPosting,
    Posting,
    PostingId,
    PostingKind,
)
from callcenterd.model.events import CustomerSaved
from callcenterd.model.ids import CustomerId
from callcenterd.model.numbers import card_number
from callcenterd.model.site import NO_SECRET, Secret
from callcenterd.store.database import Store
from callcenterd.worker.passwords import Passwords


def _tidy(number: object) -> object:
    """Spaces and hyphens are for the eye."""
    return card_number(number) if isinstance(number, str) else number


def _digits(pin: SecretStr) -> SecretStr:
    text = pin.get_secret_value()
    if not (text.isascii() and text.isdigit() and 4 <= len(text) <= 12):
        raise PydanticCustomError("pin", "a PIN of 4 to 12 digits is wanted")
    if len(set(text)) == 1:
        raise PydanticCustomError("common_password", "another PIN than the same digit again and again is wanted")
    return pin


Pin = Annotated[SecretStr, AfterValidator(_digits)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class CardTerms(_Asked):
    """valid_until: the last day on which it is good. overdraft: by how much its money may be below nothing, in the
    smallest coin (fen)."""

    valid_until: date | None = None
    overdraft: int = Field(0, ge=0, le=MOST_AMOUNT)


class CardAsked(CardTerms):
    """number: 4 to 32 digits, as a caller keys them. pin: 4 to 12 digits; without one no caller proves anything."""

    number: Annotated[str, BeforeValidator(_tidy)] = Field(pattern=r"^[0-9]{4,32}$")
    currency: Currency = "CNY"
    pin: Pin | None = None


class PinAsked(_Asked):
    """pin: 4 to 12 digits."""

    pin: Pin


class PostingAsked(_Asked):
    """amount: in the smallest coin (fen), or points. A recharge is more than nothing, a consumption less; a correction
    is either, says why, or names what it undoes (`reverses`).

    key: sent again, also after a broken connection, it posts once.
    """

    ledger: Ledger
    kind: PostingKind
    amount: int = Field(ge=-MOST_AMOUNT, le=MOST_AMOUNT)
    reason: Line = Field("", max_length=200)
    reference: Line = Field("", max_length=100)
    key: Line = Field("", max_length=100)
    reverses: int | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.amount == 0 or (self.kind != "correction" and (self.amount > 0) != (self.kind == "recharge")):
            raise PydanticCustomError("amount_sign", "a recharge adds, a consumption takes away")
        if self.kind != "correction" and self.reverses is not None:
            raise PydanticCustomError("only_corrections", "only a correction undoes a posting")
        if self.kind == "correction" and not self.reason.strip():
            raise PydanticCustomError("reason", "a correction says why")
        return self


class PrepaidCards:
    """Every way to a card that is not SQL. by: a login. zone: the office's, for the day on which a card runs out."""

    def __init__(self, store: Store, passwords: Passwords, bus: Bus, clock: Clock, zone: tzinfo) -> None:
        self._store = store
        self._passwords = passwords
        self._bus = bus
        self._clock = clock
        self._zone = zone

    def today(self) -> date:
        return self._clock.utc().astimezone(self._zone).date()

    async def of_customer(self, customer: CustomerId) -> list[Card]:
        """Oldest first. Raises NotFound."""
        await self._store.customers.get(customer)
        return await self._store.cards.of_customer(customer)

    async def get(self, card: CardId) -> Card:
        """Raises NotFound."""
        return await self._store.cards.get(card)

    async def postings(
        self, card: CardId, ledger: Ledger | None, limit: int, offset: int
    ) -> tuple[list[Posting], int, Card]:
        """One page, newest first, how many there are, and the card. Raises NotFound."""
        held = await self._store.cards.get(card)
        return *await self._store.cards.postings(card, ledger, limit, offset), held

    async def add(self, customer: CustomerId, asked: CardAsked, by: str) -> Card:
        """Raises NotFound, Refused, NotNow."""
        hashed = NO_SECRET if asked.pin is None else await self._hash(asked.pin, asked.number)
        terms = asked.model_dump(include={"number", "currency", "valid_until", "overdraft"})
        card = await self._store.cards.add(customer, NewCard(**terms), hashed, self._clock.utc(), by)
        return await self._changed(card, by, "card.added", {"pin": asked.pin is not None})

    async def change(self, card: CardId, terms: CardTerms, by: str) -> Card:
        """Raises NotFound."""
        await self._store.cards.change(card, **terms.model_dump())
        return await self._changed(card, by, "card.changed", terms.model_dump(mode="json"))

    async def block(self, card: CardId, by: str, *, blocked: bool) -> Card:
        """Raises NotFound."""
        await self._store.cards.change(card, blocked=blocked)
        return await self._changed(card, by, "card.blocked" if blocked else "card.unblocked")

    async def set_pin(self, card: CardId, asked: PinAsked, by: str) -> Card:
        """Raises NotFound, Refused: it is in the card's number."""
        hashed = await self._hash(asked.pin, (await self._store.cards.get(card)).number)
        await self._store.cards.change(card, pin_hash=hashed)
        return await self._changed(card, by, "card.pin_set")

    async def unlock(self, card: CardId, by: str) -> Card:
        """PINs are taken again. Raises NotFound."""
        await self._store.cards.forget_tries((await self._store.cards.get(card)).number)
        return await self._changed(card, by, "card.unlocked")

    async def post(self, card: CardId, asked: PostingAsked, by: str) -> Posting:
        """What stands there now. Raises NotFound, Refused, and NotNow where the store does."""
        known = asked.model_dump()
        reverses = None if asked.reverses is None else PostingId(asked.reverses)
        posting = NewPosting(**{**known, "reverses": reverses})
        kept, new = await self._store.cards.post(card, posting, self._clock.utc(), by, self.today())
        if new:
            await self._changed(card, by, "card.posted", {"posting": kept.id, "ledger": kept.ledger, "kind": kept.kind})
        return kept

    async def _hash(self, pin: SecretStr, number: str) -> Secret:
        text = pin.get_secret_value()
        if text in (number, number[-len(text) :]):
            raise Refused("this PIN stands on the card", {"pin": "this PIN stands on the card"})
        return Secret(await self._passwords.hash(text))

    async def _changed(self, card: CardId, by: str, what: str, details: Mapping[str, Any] | None = None) -> Card:
        now, held = self._clock.utc(), await self._store.cards.get(card)
        told = {"customer": held.customer, **(details or {})}
        await self._store.audit.append(now, by, what, f"card/{card}", told)
        self._bus.publish(CustomerSaved(at=now, customer=held.customer, by=by))
        return held
