"""Who uses the system: users and what they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

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
