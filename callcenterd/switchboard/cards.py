"""Whether a caller's card and PIN belong together (IVR-04), at the same cost whatever the answer is.

A try counts before the PIN is looked at, so that many calls at once get no more tries than one; the hash is computed
also for a card that there is not, or that is locked. Neither number nor PIN goes to a log.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING

import structlog

from callcenterd.model.cards import Account, CardCheck
from callcenterd.model.events import CustomerSaved
from callcenterd.model.ids import CallId
from callcenterd.model.numbers import card_number
from callcenterd.switchboard.feature_codes import Proof

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)
SYSTEM = "system"
MOST_KEYED = 40


class CardDesk:
    def __init__(self, board: Switchboard, proof: Proof, zone: tzinfo) -> None:
        self._board = board
        self._proof = proof
        self._zone = zone

    async def check(self, call: CallId, number: str, pin: str) -> CardCheck:
        """call: for the log. Raises CannotStore."""
        board = self._board
        keyed, now = card_number(number)[:MOST_KEYED], board.clock.utc()
        tried = await board.store.cards.begin_try(keyed, now)
        fits = await self._proof.verify(tried.pin_hash.reveal() if tried.allowed else "", pin)
        _log.info("card tried", call=call, card=tried.card, allowed=tried.allowed, fits=fits)
        if not tried.allowed:
            return CardCheck("locked")
        if fits and tried.card is not None:
            await board.store.cards.forget_tries(keyed)
            card = await board.store.cards.get(tried.card)
            account = Account(
                card=card.number,
                customer=await board.store.customers.get(card.customer, "admin"),
                state=card.state(now.astimezone(self._zone).date()),
                money=card.money,
                points=card.points,
                currency=card.currency,
                valid_until=card.valid_until,
            )
            return CardCheck("found" if account.state == "active" else "blocked", account)
        if tried.locks:
            target = "card" if tried.card is None else f"card/{tried.card}"
            await board.store.audit.append(now, SYSTEM, "card.locked", target, {"call": call})
            if tried.card is not None:
                customer = (await board.store.cards.get(tried.card)).customer
                board.bus.publish(CustomerSaved(at=now, customer=customer, by=SYSTEM))
            return CardCheck("locked")
        return CardCheck("unknown" if tried.card is None else "wrong")
