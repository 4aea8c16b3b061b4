"""Customers who were removed or merged into others, and who may be one and the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from callcenterd.model.customers import Customer
from callcenterd.model.ids import CustomerId

DoubleReason = Literal["phone", "card", "email", "name_and_company", "name_and_date"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubles:
    """Customers who may be one: why, and what they share."""

    reasons: tuple[DoubleReason, ...]
    shared: tuple[str, ...]
    customers: tuple[Customer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Binned:
    """A customer in the recycle bin. merged_into, merge: into whom and by which merge; None: they were removed.

    until: when they are erased by themselves; None: never.
    """

    id: CustomerId
    name: str
    phones: tuple[str, ...]
    removed_at: datetime
    removed_by: str
    reason: str
    merged_into: CustomerId | None
    merge: int | None
    until: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """gone was merged into kept. version: that kept had then."""

    id: int
    kept: CustomerId
    gone: CustomerId
    at: datetime
    by: str
    version: int
