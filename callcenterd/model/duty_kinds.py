"""What an administrator may change of a kind of duties; the rest of it is the program's (`tickets.kinds`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from callcenterd.errors import NotNow
from callcenterd.model.duties import Escalation

Closing = Literal["reached", "spoken"]
"""reached: somebody of the office rang that number and spoke there. spoken: or they rang and were answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyKindTerms:
    """chinese, english: what it is called. limit: working minutes until it is due, where nobody says when. warn:
    working minutes before. escalations: where nobody says otherwise. closes: which calls with its number close it;
    None: none. by_people: only an agent's call does, and none that a flow or a campaign made.

    version: goes up with every change; 0: as it ships.
    """

    name: str
    chinese: str
    english: str
    limit: int
    warn: int
    escalations: tuple[Escalation, ...] = ()
    closes: Closing | None = None
    by_people: bool = False
    version: int = 0
    changed_at: datetime | None = None
    changed_by: str = ""


class DutyKindIsAnother(NotNow):
    """Somebody else has changed it since it was read. now: as it is; nothing was written over it."""

    def __init__(self, now: DutyKindTerms) -> None:
        super().__init__("somebody has changed this kind meanwhile")
        self.now = now
