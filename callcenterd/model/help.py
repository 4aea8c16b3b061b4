"""An agent calls for help [向班长求助], and who answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from callcenterd.errors import NotNow
from callcenterd.model.ids import AgentId, CallId

HelpState = Literal["open", "taken", "resolved", "withdrawn"]
HelpStepKind = Literal["asked", "again", "taken", "answered", "resolved", "withdrawn"]
UP: tuple[HelpState, ...] = ("open", "taken")
MOST_TEXT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpRequest:
    """call: in which the agent spoke when asking; None: in none. text: what it is about, if they said so. by_phone:
    with the phone's code. taken_by: who sees to it. ended_by: the agent who withdrew it, or who says that it is
    resolved. version: goes up with every change."""

    id: int
    agent: AgentId
    asked_at: datetime
    call: CallId | None
    text: str
    by_phone: bool
    state: HelpState
    taken_by: str
    taken_at: datetime | None
    answered_at: datetime | None
    ended_by: str
    ended_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpStep:
    """Never changed. text: an answer, or what the agent added."""

    id: int
    at: datetime
    by: str
    kind: HelpStepKind
    text: str


class HelpIsAnother(NotNow):
    """Somebody else was quicker. now: as it is."""

    def __init__(self, now: HelpRequest) -> None:
        super().__init__("this call for help was changed meanwhile")
        self.now = now
