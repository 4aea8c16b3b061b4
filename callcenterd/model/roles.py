"""What an administrator has made of a role: rights given and taken, whose records it sees, what is hidden from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from callcenterd.errors import NotNow
from callcenterd.model.people import Role

ScopedKind = Literal["customer", "consultation", "complaint", "follow_up", "appointment"]
SCOPED_KINDS: tuple[ScopedKind, ...] = get_args(ScopedKind)
Scope = Literal["own", "team", "all"]
"""own: what one owns or has made. team: that, of whom one oversees, and of the teams that one is in or leads."""
HiddenKind = Literal["phone", "card", "address", "email"]
HIDDEN_KINDS: tuple[HiddenKind, ...] = get_args(HiddenKind)


def shipped_scope(role: Role, kind: ScopedKind) -> Scope:
    """An office of one room knows all its customers."""
    return "all" if kind == "customer" or role in ("manager", "admin") else "team"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSettings:
    """What is not named is as it is shipped. rights: given (true) and taken (false), by name. version: 0 as shipped."""

    role: Role
    rights: Mapping[str, bool] = field(default_factory=dict)
    scopes: Mapping[ScopedKind, Scope] = field(default_factory=dict)
    hidden: tuple[HiddenKind, ...] = ()
    version: int = 0

    def scope(self, kind: ScopedKind) -> Scope:
        """An administrator sees all, so that nothing is out of everybody's reach."""
        return "all" if self.role == "admin" else self.scopes.get(kind, shipped_scope(self.role, kind))


class RoleIsAnother(NotNow):
    """Somebody else has changed the role since it was read. now: as it is; nothing was written over it."""

    def __init__(self, now: RoleSettings) -> None:
        super().__init__("somebody has changed this record meanwhile")
        self.now = now
