"""What an administrator has made of a role: rights given and taken, whose records it sees, what is hidden from it. And
roles of the office's own: each stands on a shipped one, whose rights it has but for those given and taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from callcenterd.errors import NotNow
from callcenterd.model.people import ROLES, Role

ScopedKind = Literal["customer", "consultation", "complaint", "follow_up", "appointment", "appraisal"]
SCOPED_KINDS: tuple[ScopedKind, ...] = get_args(ScopedKind)
Scope = Literal["own", "team", "department", "all"]
"""own: what one owns or has made. team: that, of whom one oversees, and of the teams that one is in or leads.
department: also of all teams of their departments."""
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""The narrowest first."""
HiddenKind = Literal["phone", "card", "address", "email"]
HIDDEN_KINDS: tuple[HiddenKind, ...] = get_args(HiddenKind)


def shipped_scope(role: Role, kind: ScopedKind) -> Scope:
    """An office of one room knows all its customers, and whoever picks up finds the appointment that is to be moved.
    How their work was appraised is nobody's affair among agents."""
    if kind == "appraisal" and role == "agent":
        return "own"
    return "all" if kind in ("customer", "appointment") or role in ("manager", "admin") else "team"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSettings:
    """What is not named is as it is shipped. rights: given (true) and taken (false), by name. version: 0 as shipped.

    role: a shipped one, or the code of one's own. base: of an own one, the shipped role that it stands on, never
    admin; "": it is a shipped one itself. chinese, english: what an own one is called.
    """

    role: str
    base: Role | Literal[""] = ""
    chinese: str = ""
    english: str = ""
    rights: Mapping[str, bool] = field(default_factory=dict)
    scopes: Mapping[ScopedKind, Scope] = field(default_factory=dict)
    hidden: tuple[HiddenKind, ...] = ()
    version: int = 0

    @property
    def level(self) -> Role:
        """The shipped role that it is, or stands on: whom one oversees, which pages one has."""
        return self.base or cast(Role, self.role)

    @property
    def rank(self) -> int:
        return ROLES.index(self.level)

    def scope(self, kind: ScopedKind) -> Scope:
        """An administrator sees all, so that nothing is out of everybody's reach."""
        return "all" if self.level == "admin" else self.scopes.get(kind, shipped_scope(self.level, kind))


class RoleIsAnother(NotNow):
    """Somebody else has changed the role since it was read. now: as it is; nothing was written over it."""

    def __init__(self, now: RoleSettings) -> None:
        super().__init__("somebody has changed this record meanwhile")
        self.now = now


class RoleInUse(NotNow):
    """users: some of those who have it."""

    def __init__(self, users: list[str]) -> None:
        super().__init__(f"users have this role: {', '.join(users)}")
        self.users = users
