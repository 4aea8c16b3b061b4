"""Prepaid cards [预付费卡] and their accounts: money and points, each the sum of postings (CRM-01, IVR-04)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NewType, get_args

from callcenterd.model.customers import Customer
from callcenterd.model.ids import CustomerId

CardId = NewType("CardId", int)
PostingId = NewType("PostingId", int)
Currency = Literal["CNY", "USD", "EUR", "GBP", "JPY", "HKD"]
CURRENCIES: tuple[Currency, ...] = get_args(Currency)
PLACES: Mapping[Currency, int] = {"CNY": 2, "USD": 2, "EUR": 2, "GBP": 2, "JPY": 0, "HKD": 2}
"""Digits after the point (ISO 4217): an amount is kept as a whole number of the smallest coin."""
CardState = Literal["active", "blocked", "expired"]
Ledger = Literal["money", "points"]
PostingKind = Literal["recharge", "consumption", "correction"]
"""[充值, 消费, 更正]. What was posted by mistake is put right by another posting, never changed."""
WRONG_PINS = 5
"""In a row: they lock a card."""
MOST_AMOUNT = 10**12
"""Of one posting, and of a balance, in the smallest coin: so its sum is exact everywhere, in a page too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCard:
    """number: digits only, as a caller keys them. valid_until: the last day on which it is good; None: for ever.

    overdraft: by how much its money may be below nothing, in the smallest coin.
    """

    number: str
    currency: Currency = "CNY"
    valid_until: date | None = None
    overdraft: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Card(NewCard):
    """A card now. money: in the smallest coin. failed: wrong PINs in a row. locked_until: no PIN is taken before."""

    id: CardId
    customer: CustomerId
    blocked: bool
    has_pin: bool
    failed: int
    locked_until: datetime | None
    money: int
    points: int
    created_at: datetime
    created_by: str

    def state(self, today: date) -> CardState:
        if self.blocked:
            return "blocked"
        return "expired" if self.valid_until is not None and self.valid_until < today else "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPosting:
    """amount: more or less than nothing, in the smallest coin or in points.

    reference: of a receipt, an order. key: who posts again with the same key has posted once; "": no key.
    reverses: the posting that this one undoes; it then has the opposite amount.
    """

    ledger: Ledger
    kind: PostingKind
    amount: int
    reason: str = ""
    reference: str = ""
    key: str = ""
    reverses: PostingId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting(NewPosting):
    """balance: of that ledger after it. by: a login."""

    id: PostingId
    card: CardId
    at: datetime
    by: str
    balance: int
    reversed: bool


CardAnswer = Literal["found", "unknown", "wrong", "locked", "blocked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a caller may hear who has proven that a card is theirs."""

    card: str
    customer: Customer
    state: CardState
    money: int
    points: int
    currency: Currency = "CNY"
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class CardCheck:
    """account: of `found` and `blocked` (which an expired card is too)."""

    answer: CardAnswer
    account: Account | None = None


def amount_of(minor: int, currency: Currency) -> int | float:
    """An amount as people write it: 120205 fen are 1202.05, 120000 are 1200."""
    coins: int = 10 ** PLACES[currency]
    whole, rest = divmod(minor, coins)
    return whole if rest == 0 else minor / coins
