"""Prepaid cards: who has which, tries of their PINs, and postings, whose sum is what stands on a card.

A posting is never changed or removed; the tables' triggers refuse it to everybody. Tries are counted by the number
that was keyed, whether such a card is there or not, so that nobody learns by trying which numbers are cards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow, Refused
from callcenterd.model.cards import (
    MOST_AMOUNT,
    WRONG_PINS,
    Card,
    CardId,
    Ledger,
    NewCard,
    NewPosting,
    Posting,
    PostingId,
)
from callcenterd.model.ids import CustomerId
from callcenterd.model.site import Secret
from callcenterd.store.engine import Database
from callcenterd.store.schema import card_tries, cards, customers, postings

LOCKED = timedelta(minutes=30)
"""For the first time; twice as long for each next time, until the right PIN comes."""
MOST_LOCKED = timedelta(days=1)
REMEMBERED = timedelta(days=30)
"""For so long after the last one wrong PINs count."""
MOST_CARDS = 100
"""Of one customer."""


@dataclass(frozen=True, slots=True)
class Try:
    """A PIN may be looked at, or not. card: whose; None: there is none. locks: if it is wrong, the number is locked."""

    allowed: bool
    card: CardId | None
    pin_hash: Secret
    locks: bool = False


def _sum(ledger: Ledger) -> sa.ColumnElement[Any]:
    found = sa.select(sa.func.coalesce(sa.func.sum(postings.c.amount), 0)).where(
        postings.c.card_id == cards.c.id, postings.c.ledger == ledger
    )
    return sa.cast(found.scalar_subquery(), sa.BigInteger).label(ledger)


_CARDS = sa.select(
    *(cards.c[name] for name in ("id", "number", "currency", "blocked", "valid_until", "overdraft")),
    cards.c.customer_id.label("customer"),
    (cards.c.pin_hash != "").label("has_pin"),
    cards.c.created_at,
    cards.c.created_by,
    sa.func.coalesce(card_tries.c.failed, 0).label("failed"),
    card_tries.c.locked_until,
    _sum("money"),
    _sum("points"),
).outerjoin(card_tries, card_tries.c.number == cards.c.number)
_UNDOING = postings.alias("undoing")
_POSTINGS = sa.select(
    *(postings.c[name] for name in ("id", "ledger", "kind", "amount", "at", "by", "reason", "reference", "reverses")),
    postings.c.card_id.label("card"),
    sa.func.coalesce(postings.c.key, "").label("key"),
    sa.cast(
        sa.func.sum(postings.c.amount).over(
            partition_by=(postings.c.card_id, postings.c.ledger), order_by=postings.c.id
        ),
        sa.BigInteger,
    ).label("balance"),
    sa.exists().where(_UNDOING.c.reverses == postings.c.id).label("reversed"),
)


class Cards:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_customer(self, customer: CustomerId) -> list[Card]:
        """Oldest first, at most 100."""
        query = _CARDS.where(cards.c.customer_id == customer).order_by(cards.c.id).limit(MOST_CARDS)
        return [Card(**row._mapping) for row in await self._database.rows(query)]

    async def get(self, card: CardId) -> Card:
        """Raises NotFound."""
        row = await self._database.row(_CARDS.where(cards.c.id == card))
        if row is None:
            raise NotFound("card", card)
        return Card(**row._mapping)

    async def add(self, customer: CustomerId, card: NewCard, pin_hash: Secret, at: datetime, by: str) -> CardId:
        """Durable. Raises NotFound, Refused: the number is another card's."""
        row = {
            "number": card.number,
            "customer_id": customer,
            "pin_hash": pin_hash.reveal(),
            "currency": card.currency,
            "valid_until": card.valid_until,
            "overdraft": card.overdraft,
            "created_at": at,
            "created_by": by,
        }

        async def work(connection: AsyncConnection) -> CardId:
            if not (
                await connection.execute(
                    sa.select(customers.c.id).where(customers.c.id == customer, customers.c.removed_at.is_(None))
                )
            ).first():
                raise NotFound("customer", customer)
            if (await connection.execute(sa.select(cards.c.id).where(cards.c.number == card.number))).first():
                raise Refused("the number is another card's", {"number": "is another card's"})
            owned = sa.select(sa.func.count()).where(cards.c.customer_id == customer)
            if (await connection.execute(owned)).scalar_one() >= MOST_CARDS:
                raise NotNow(f"a customer has at most {MOST_CARDS} cards")
            await connection.execute(card_tries.delete().where(card_tries.c.number == card.number))
            added = await connection.execute(cards.insert().values(row).returning(cards.c.id))
            return CardId(added.scalar_one())

        return await self._database.write(work)

    async def change(
        self, card: CardId, *, blocked: bool | None = None, pin_hash: Secret | None = None, **terms: Any
    ) -> None:
        """Only what is given; durable. terms: valid_until, overdraft. Raises NotFound."""
        fields: dict[str, Any] = dict(terms)
        if blocked is not None:
            fields["blocked"] = blocked
        if pin_hash is not None:
            fields["pin_hash"] = pin_hash.reveal()

        async def work(connection: AsyncConnection) -> None:
            change = cards.update().where(cards.c.id == card).values(fields).returning(cards.c.number)
            changed = (await connection.execute(change)).first()
            if changed is None:
                raise NotFound("card", card)
            if pin_hash is not None:  # a new PIN has not been tried yet
                await connection.execute(card_tries.delete().where(card_tries.c.number == changed.number))

        await self._database.write(work)

    # ---- PINs -------------------------------------------------------------------------------------------------

    async def begin_try(self, number: str, now: datetime) -> Try:
        """Counts a try before its PIN is looked at, as if it were wrong: so many at once are still no more than
        WRONG_PINS. Who then finds it right calls `forget_tries`; durable.
        """

        async def work(connection: AsyncConnection) -> Try:
            old = (card_tries.c.at < now - REMEMBERED) & (card_tries.c.number != number)
            await connection.execute(card_tries.delete().where(old))
            known = sa.select(card_tries).where(card_tries.c.number == number).with_for_update()
            before = (await connection.execute(known)).first()
            wanted = sa.select(cards.c.id, cards.c.pin_hash).where(cards.c.number == number)
            card = (await connection.execute(wanted)).first()
            found, pin_hash = (None, "") if card is None else (CardId(card.id), card.pin_hash)
            locked_until = None if before is None else before.locked_until
            if locked_until is not None and locked_until > now:
                return Try(False, found, Secret(pin_hash))
            # A lock that has run out begins a new count, but the next lock is longer.
            failed = 1 + (0 if before is None or locked_until is not None else before.failed)
            locks = 0 if before is None else before.locks
            until = None
            if failed >= WRONG_PINS:
                until = now + min(LOCKED * 2 ** min(locks, 16), MOST_LOCKED)
                locks += 1
            row = {"failed": failed, "locks": locks, "locked_until": until, "at": now}
            if before is None:
                await connection.execute(card_tries.insert().values(number=number, **row))
            else:
                await connection.execute(card_tries.update().where(card_tries.c.number == number).values(row))
            return Try(True, found, Secret(pin_hash), locks=until is not None)

        return await self._database.write(work)

    async def forget_tries(self, number: str) -> None:
        """The right PIN has come, or somebody has lifted the lock; durable."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(card_tries.delete().where(card_tries.c.number == number))

        await self._database.write(work)

    # ---- postings ---------------------------------------------------------------------------------------------

    async def postings(
        self, card: CardId, ledger: Ledger | None = None, limit: int = 50, offset: int = 0
    ) -> tuple[list[Posting], int]:
        """One page, newest first, at most 500; and how many there are in all. None: of both ledgers."""
        query = _POSTINGS.where(postings.c.card_id == card)
        if ledger is not None:
            query = query.where(postings.c.ledger == ledger)
        found = query.subquery()
        rows, total = await self._database.page(sa.select(found), (found.c.id.desc(),), limit, offset)
        return [Posting(**row._mapping) for row in rows], total

    async def post(self, card: CardId, posting: NewPosting, at: datetime, by: str, today: date) -> tuple[Posting, bool]:
        """What stands there now, and whether it is new: with the key of an earlier one it is that one. Durable.

        today: by the office's clock, for a card that has expired. Raises NotFound, Refused; NotNow: there is not
        enough on the card, it is blocked, its key was used for something else, or what it undoes is undone already.
        """

        async def work(connection: AsyncConnection) -> tuple[Posting, bool]:
            known = await connection.execute(_CARDS.where(cards.c.id == card).with_for_update(of=cards))
            row = known.first()
            if row is None:
                raise NotFound("card", card)
            if posting.key:
                same = _POSTINGS.where(postings.c.card_id == card).subquery()
                earlier = (await connection.execute(sa.select(same).where(same.c.key == posting.key))).first()
                if earlier is not None:
                    return _the_same(Posting(**earlier._mapping), posting), False
            held = Card(**row._mapping)
            await _may_be_posted(connection, held, posting, today)
            balance = (held.money if posting.ledger == "money" else held.points) + posting.amount
            added = await connection.execute(
                postings.insert().values(_row(posting, card, at, by)).returning(postings.c.id)
            )
            number = PostingId(added.scalar_one())
            known_fields = {name: getattr(posting, name) for name in NewPosting.__dataclass_fields__}
            return Posting(**known_fields, id=number, card=card, at=at, by=by, balance=balance, reversed=False), True

        return await self._database.write(work)


def _row(posting: NewPosting, card: CardId, at: datetime, by: str) -> Mapping[str, Any]:
    return {
        "card_id": card,
        "ledger": posting.ledger,
        "kind": posting.kind,
        "amount": posting.amount,
        "at": at,
        "by": by,
        "reason": posting.reason,
        "reference": posting.reference,
        "key": posting.key or None,
        "reverses": posting.reverses,
    }


def _the_same(earlier: Posting, posting: NewPosting) -> Posting:
    given = {name: getattr(earlier, name) for name in NewPosting.__dataclass_fields__}
    if NewPosting(**given) != posting:
        raise NotNow("this key was used for another posting")
    return earlier


async def _may_be_posted(connection: AsyncConnection, card: Card, posting: NewPosting, today: date) -> None:
    if posting.kind == "consumption" and (state := card.state(today)) != "active":
        raise NotNow(f"the card is {state}")
    if posting.reverses is not None:
        found = _POSTINGS.where(postings.c.card_id == card.id, postings.c.ledger == posting.ledger).subquery()
        undone = (await connection.execute(sa.select(found).where(found.c.id == posting.reverses))).first()
        if undone is None:
            raise NotFound("posting", posting.reverses)
        if undone.reversed:
            raise NotNow("this posting was undone before")
        if posting.amount != -undone.amount:
            raise Refused(
                "what undoes a posting has its amount, the other way round", {"amount": "the opposite amount is wanted"}
            )
    held = card.money if posting.ledger == "money" else card.points
    least = -card.overdraft if posting.ledger == "money" else 0
    if posting.amount < 0 and held + posting.amount < least:
        raise NotNow("there is not enough on the card")
    if abs(held + posting.amount) > MOST_AMOUNT:
        raise Refused("the balance would be too large", {"amount": "the balance would be too large"})
