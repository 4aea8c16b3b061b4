"""Sampling plans [抽样计划]: how many calls of whom are appraised in a week or month, chosen by chance (SUP-03)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from callcenterd.errors import NotNow
from callcenterd.model.calls import Direction, Outcome

Per = Literal["week", "month"]
"""A week begins on Monday."""
PlanFault = Literal["", "template_gone", "nobody", "too_long"]
"""Why nothing could be drawn: the scorecard is out of use, no appraiser is a user any more, or it takes too long."""
LeftOut = Literal["no_appraiser", "too_few"]
"""no_appraiser: nobody of the plan may appraise that agent. too_few: calls that are missing for what was wanted."""

MOST_PLANS = 200
MOST_CALLS = 50
"""Of one agent in one week or month."""
MOST_CATCH_UP = 7
"""Days that are drawn for afterwards, when the server was off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTerms:
    """count: calls of each agent in each period. queues, teams, agents: whose calls; empty: of all. direction, outcome:
    None: any. dispositions, levels: any of these; empty: whatever it is. seconds: of talk; most None: no bound.
    recorded: only calls with a recording. appraisers: among whom they are dealt out evenly; nobody gets their own, nor
    those of agents whom they do not oversee. hour: of the office's day, at which it draws. due_days: to make one."""

    chinese: str
    english: str
    active: bool = False
    template: int
    per: Per = "month"
    count: int = 4
    queues: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    direction: Direction | None = None
    outcome: Outcome | None = "answered"
    dispositions: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    least_seconds: int = 30
    most_seconds: int | None = None
    recorded: bool = True
    appraisers: tuple[str, ...] = ()
    hour: int = 6
    due_days: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(PlanTerms):
    """since: the first day whose calls it looks through; None: it was never switched on."""

    id: int
    since: date | None
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDrawing:
    """What a plan drew. day: the last one whose calls it looked through. by: "system", or who asked. finished_at None:
    under way, or ended with the server: it goes on. found: calls that met the conditions; drawn: of them; left_out: by
    reason."""

    id: int
    plan: int
    day: date
    by: str
    started_at: datetime
    finished_at: datetime | None = None
    found: int = 0
    drawn: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    fault: PlanFault = ""


class PlanIsAnother(NotNow):
    """Somebody else has changed the plan since it was read. now: as it is."""

    def __init__(self, now: Plan) -> None:
        super().__init__("somebody has changed this plan meanwhile")
        self.now = now
