"""Desk phones that are set up by us: words that the store, the provisioning and the pages share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from callcenterd.model.ids import ExtensionNumber

Vendor = Literal["yealink", "grandstream", "fanvil", "snom"]
VENDORS: tuple[Vendor, ...] = get_args(Vendor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One desk phone. mac: twelve hexadecimal digits in small letters.

    fetched_at, fetched_from, fetched_by: when a file was last fetched, by which address, and what that said of itself.
    fetches: how often. None and "" until the first time.
    """

    id: int
    mac: str
    vendor: Vendor
    extension: ExtensionNumber
    created_at: datetime
    created_by: str
    fetched_at: datetime | None = None
    fetched_from: str = ""
    fetched_by: str = ""
    fetches: int = 0
