"""The office's phone book (座席电话簿): whom a call can be handed on to, or who can be rung, as they are now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

EntryKind = Literal["agent", "extension", "queue", "flow"]
EntryState = Literal[
    "ready", "offered", "talking", "wrap_up", "break", "unreachable", "signed_out", "open", "closed", "full", "nobody"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneBookEntry:
    """name: of an agent the login, else that of the extension, queue or flow. title: for people.

    number:  what a phone dials for it; "": nothing. department: an agent's; teams: their titles.
    state:   of an agent, as everywhere; a phone is "ready" or "unreachable"; a queue is open, closed, full, or has
             nobody who works in it; a flow is open.
    reason:  of a break. since: of an agent's state. reachable: it can be rung, or led to, now.
    waiting: in a queue. free: of its agents.
    """

    kind: EntryKind
    name: str
    title: str
    number: str = ""
    department: str = ""
    teams: tuple[str, ...] = ()
    state: EntryState
    reason: str = ""
    since: datetime | None = None
    reachable: bool
    waiting: int = 0
    free: int = 0
