"""Who uses the system: users and what they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

Role = Literal["agent", "supervisor", "manager", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class User:
    """Someone who signs in on a page. extension: the phone that is theirs when they do not say another."""

    login: str
    name: str
    role: Role
    extension: str | None = None
    language: str = "zh-CN"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what to what, and when.

    what: "customer.created". target: "customer/17". details: JSON data, never a secret.
    changes: of each field that is another, what stood there before and after; empty, too, once that was erased.
    """

    id: int
    at: datetime
    who: str
    what: str
    target: str
    details: Mapping[str, Any]
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
