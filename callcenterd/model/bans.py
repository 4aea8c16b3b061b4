"""Addresses that are not heard for a while, since somebody there guessed passwords or names [封禁]."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

BanReason = Literal["passwords", "scan"]
"""Many wrong passwords, or many names asked for without a password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ban:
    """since, until: UTC. times: bans of this address until now, this one with them; each is twice as long."""

    address: str
    since: datetime
    until: datetime
    times: int
    why: BanReason
