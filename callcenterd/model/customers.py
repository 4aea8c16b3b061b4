"""A customer's card (CRM-01, as far as it is built)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from callcenterd.model.ids import CustomerId

Sex = Literal["", "female", "male"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerCard:
    """What is written on a card; without what the store adds. phones: as written by people, first is the main one."""

    name: str = ""
    phones: tuple[str, ...] = ()
    card: str = ""
    sex: Sex = ""
    company: str = ""
    address: str = ""
    email: str = ""
    level: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer(CustomerCard):
    id: CustomerId
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerQuery:
    """Which customers are meant: all conditions hold. text: as in a search. levels: one of them; none: any.

    not_called_since: no call with them, from or to any of their numbers, has begun since then.
    """

    text: str = ""
    levels: tuple[str, ...] = ()
    not_called_since: datetime | None = None
