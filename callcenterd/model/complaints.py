"""Complaints and suggestions [投诉建议] (CMP-01, CMP-02)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from callcenterd.model.customer_messages import CustomerMessageState, MessageChannel
from callcenterd.model.duties import DutySight
from callcenterd.model.fields import FieldWanted
from callcenterd.model.ids import CustomerId
from callcenterd.model.records import RecordFields, RecordKept

ComplaintKind = Literal["complaint", "suggestion"]
COMPLAINT_KINDS: tuple[ComplaintKind, ...] = get_args(ComplaintKind)
Means = Literal["call", "email", "sms", "in_person"]
"""How the customer gets the answer. call: somebody dials them; email, sms: it goes out by itself; in_person: somebody
has told them otherwise."""
MEANS: tuple[Means, ...] = get_args(Means)
StateKind = Literal[
    "created",
    "moved",
    "corrected",
    "noted",
    "answering",  # an answer is on its way: a call is owed, or a message stands in the outbox
    "not_answered",  # that came to nothing
]
STATE_KINDS: tuple[StateKind, ...] = get_args(StateKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintFields(RecordFields):
    """type, aspects: codes of the dictionaries complaint_type and complaint_aspect. project_number,
    department_number, person_number: what it is about, as the office numbers its things. answer_by: how the customer
    wants to be answered; "": by what is known of them. email: where to, if it is not the customer's card's."""

    kind: ComplaintKind = "complaint"
    type: str = ""
    project_number: str = ""
    department_number: str = ""
    person_number: str = ""
    aspects: tuple[str, ...] = ()
    reason: str = ""
    note: str = ""
    answer_by: Means | Literal[""] = ""
    email: str = ""


@dataclass(frozen=True, kw_only=True)  # without slots, as `RecordKept`
class ComplaintKept(RecordKept):
    """workflow: with which it began. state: a step of that, since state_at. due: of that step; None: an end.

    owner: who has to do the step; "": the team's. queue: of the call. responsible: the person responsible. stands:
    None: not decided. result: what was done, or why it does not stand: what the customer is told. means: how they are
    being told. duty: of the step. reopened: how often.
    """

    queue: str = ""
    workflow: int
    state: str
    state_at: datetime
    due: datetime | None = None
    warn_at: datetime | None = None
    duty: int | None = None
    responsible: str = ""
    stands: bool | None = None
    result: str = ""
    means: str = ""
    satisfaction: str = ""
    reopened: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint(ComplaintFields, ComplaintKept):
    """One that is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintState:
    """What became of it and when; never changed, never removed. state: that it had then. move: by which; "": none.
    by: a login, or "system". text: what they wrote. details: what else was said."""

    id: int
    at: datetime
    by: str
    kind: StateKind
    state: str
    move: str = ""
    text: str = ""
    details: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSettled:
    """What became of the message that answers a complaint. why: what the mail server or the gateway said; "": somebody
    has cancelled it."""

    channel: MessageChannel
    state: CustomerMessageState
    why: str


Lateness = Literal["on_time", "late", "open"]
"""late: a step took longer than its limit, or takes longer now. open: none yet, and not at an end."""
ComplaintTally = Literal["kind", "type", "aspects", "state", "team", "stands", "lateness", "satisfaction"]
"""By what complaints are counted. stands: "yes", "no", or "" for not decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintListed:
    """As a journal or a sheet has it. states: for a sheet."""

    complaint: Complaint
    lateness: Lateness
    states: tuple[ComplaintState, ...] = ()

    @property
    def id(self) -> int:
        return self.complaint.id


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintFilter:
    """Which are wanted; None is no condition. open: not at an end, or at one. overdue: at this moment. since:
    included; until: not. sight None: all."""

    kind: ComplaintKind | None = None
    type: str | None = None
    state: str | None = None
    open: bool | None = None
    owner: str | None = None
    responsible: str | None = None
    team: str | None = None
    customer: CustomerId | None = None
    overdue: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    fields: tuple[FieldWanted, ...] = ()
    sight: DutySight | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintCount:
    """Of one state. overdue: of these, past the time of their step."""

    state: str
    count: int
    overdue: int
