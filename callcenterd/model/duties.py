"""Duties [待办]: what somebody of the office owes by a time, whatever it came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, get_args

from callcenterd.errors import NotNow
from callcenterd.model.ids import AgentId, CallId, CustomerId, QueueName, TeamName

DutyState = Literal["open", "done", "cancelled"]
DUTY_STATES: tuple[DutyState, ...] = get_args(DutyState)
Stage = Literal["warning", "limit", "escalation"]
DutyStepKind = Literal[
    "created",
    "assigned",  # to a person, a team or a queue; taken, where who does it is who has it then
    "changed",  # title, note, priority …
    "noted",
    "postponed",
    "warned",  # soon due
    "overdue",
    "escalated",
    "again",  # what it came from has happened again
    "called_in",  # whom it is owed rang and was answered
    "done",
    "cancelled",
]
DUTY_STEP_KINDS: tuple[DutyStepKind, ...] = get_args(DutyStepKind)
PRIORITIES = (-1, 0, 1)
"""Low, normal, high."""


@dataclass(frozen=True, slots=True)
class Escalation:
    """minutes: working minutes past the time. to: "leaders" (of who owes it; supervisors where there is none),
    "supervisor", "manager", or "person:1005"."""

    minutes: int
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """owner: who owes it; "": whoever of the team or the queue takes it. number: to be rung for it, as written.

    first_due: the time of its beginning, which stays when it is postponed. stage: how many of its times (warning,
    limit, each escalation) are over and told. next_at: when the next of them comes; None: there is none any more.
    escalated_to: as `Escalation`, the last one; "": none. outcome: "" until it is closed.
    about: the record whose step it is, "complaint/12"; "": none.
    version: grows with every change that a person makes but notes; whoever changes it says which one they saw.
    """

    id: int
    kind: str
    title: str
    note: str = ""
    customer: CustomerId | None = None
    call: CallId | None = None
    number: str = ""
    owner: str = ""
    team: str = ""
    queue: str = ""
    priority: int = 0
    created_at: datetime
    created_by: str
    changed_at: datetime
    first_due: datetime
    due: datetime
    warn_at: datetime
    warn_minutes: int
    escalations: tuple[Escalation, ...] = ()
    stage: int = 0
    next_at: datetime | None = None
    escalated_to: str = ""
    state: DutyState = "open"
    outcome: str = ""
    closed_at: datetime | None = None
    closed_by: str = ""
    about: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDuty:
    """As `Duty`; without what the store adds."""

    kind: str
    title: str
    note: str = ""
    customer: CustomerId | None = None
    call: CallId | None = None
    number: str = ""
    owner: str = ""
    team: str = ""
    queue: str = ""
    priority: int = 0
    due: datetime
    warn_at: datetime
    warn_minutes: int
    escalations: tuple[Escalation, ...] = ()
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyStep:
    """Who did what to it, and when; never changed, never removed. by: a login, or "system". text: what they wrote."""

    id: int
    at: datetime
    by: str
    kind: DutyStepKind
    text: str = ""
    details: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyLetter:
    """An e-mail that goes out with a step."""

    address: str
    subject: str
    text: str


class Owed(Protocol):
    """What says whose a duty is: of the duty itself, and of news about it."""

    @property
    def owner(self) -> str: ...
    @property
    def created_by(self) -> str: ...
    @property
    def queue(self) -> str: ...
    @property
    def team(self) -> str: ...
    @property
    def escalated_to(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DutySight:
    """Which duties somebody may see who may not see all: those of these people (owed or made by them, or handed up to
    them), and those of these queues and teams."""

    agents: tuple[AgentId, ...]
    queues: tuple[QueueName, ...] = ()
    teams: tuple[TeamName, ...] = ()

    def sees(self, of: Owed) -> bool:
        theirs = of.owner in self.agents or of.created_by in self.agents
        up = of.escalated_to in {f"person:{agent}" for agent in self.agents}
        return theirs or up or of.queue in self.queues or of.team in self.teams


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyFilter:
    """Which duties are wanted; None is no condition. owner "": nobody's yet. overdue: at this moment. sight None: all.

    number, customers: owed to that line, or to one of those. since, until: due in that time (included; not).
    not_cancelled: open or done. without: kinds that nobody sees.
    """

    owner: str | None = None
    kind: str | None = None
    state: DutyState | None = None
    team: str | None = None
    queue: str | None = None
    text: str = ""
    overdue: datetime | None = None
    customers: tuple[CustomerId, ...] = ()
    number: str = ""
    since: datetime | None = None
    until: datetime | None = None
    not_cancelled: bool = False
    without: tuple[str, ...] = ()
    sight: DutySight | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyOnDay:
    """What a calendar shows of a duty; as `Duty`."""

    id: int
    kind: str
    title: str
    number: str
    customer: CustomerId | None
    owner: str
    team: str
    queue: str
    priority: int
    due: datetime
    state: DutyState
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyCounts:
    """Open ones. mine: owed by who asks; due: of these, warned of or overdue. unowned: nobody's yet, of what is seen;
    overdue: of all that is seen."""

    mine: int = 0
    due: int = 0
    unowned: int = 0
    overdue: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PromisesKept:
    """One person's promises that were due in a period, by the time first promised. kept: done by then; late: done
    after it; open: past it and not done. Cancelled ones do not count. promised: all three together."""

    owner: str
    promised: int
    kept: int
    late: int
    open: int


class DutyIsAnother(NotNow):
    """Somebody has changed it meanwhile. now: as it is."""

    def __init__(self, now: Duty) -> None:
        super().__init__("somebody has changed this duty meanwhile")
        self.now = now
