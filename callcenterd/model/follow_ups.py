"""Follow-ups [业务回访]: whom the office rings after or before a use, and what came of it (FUP-01)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from callcenterd.model.fields import FieldWanted
from callcenterd.model.ids import CustomerId
from callcenterd.model.records import RecordFields, RecordKept, RecordSight

FollowUpState = Literal["open", "not_reached", "done", "cancelled"]
"""not_reached: so often in vain that it is not tried again by itself; its owner says what becomes of it."""
FOLLOW_UP_STATES: tuple[FollowUpState, ...] = get_args(FollowUpState)
WAITING: tuple[FollowUpState, ...] = ("open", "not_reached")
"""Somebody still owes them."""
TRIES = 3
AGAIN_MINUTES = 240
"""Working minutes from a try in vain to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpFields(RecordFields):
    """category, channel: codes of the dictionaries follow_up_category and channel. gifts_by_mail None: not asked.
    content: what is to be asked, and what was said."""

    category: str = ""
    channel: str = ""
    gifts_by_mail: bool | None = None
    content: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpPlan:
    """What is planned of it. most_tries, again_minutes: see `TRIES`."""

    due: datetime | None = None
    next_call: datetime | None = None
    most_tries: int = TRIES
    again_minutes: int = AGAIN_MINUTES


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp(FollowUpFields, RecordKept):
    """at: when it was done, or last tried; before that, when it was drawn or written down. call: the last one for it.

    tries: in vain. next_call: when it is tried again, or when the customer wants it. due: of its duty; None: it was
    written down when it was done already. duty: its duty in the ledger. rule: that drew it; None: a person did.
    """

    state: FollowUpState
    result: str = ""
    tries: int = 0
    most_tries: int = TRIES
    again_minutes: int = AGAIN_MINUTES
    next_call: datetime | None = None
    due: datetime | None = None
    done_at: datetime | None = None
    done_by: str = ""
    duty: int | None = None
    rule: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpFilter:
    """Which are wanted; None is no condition. since: included; until: not; of `at`. due_before: only ones that somebody
    still owes, due before then. waiting: those that somebody owes, or the others. sight None: all."""

    since: datetime | None = None
    until: datetime | None = None
    due_before: datetime | None = None
    waiting: bool | None = None
    state: FollowUpState | None = None
    category: str | None = None
    channel: str | None = None
    result: str | None = None
    owner: str | None = None
    team: str | None = None
    customer: CustomerId | None = None
    rule: int | None = None
    text: str = ""
    fields: tuple[FieldWanted, ...] = ()
    sight: RecordSight | None = None


FollowUpTally = Literal["category", "channel", "result", "owner"]
"""result: of one that is not done, its state."""


FollowUpKey = Literal["person", "category", "result", "channel", "rule", "day", "week", "month"]
"""person: who did it. rule: that drew it, as digits; "": none. day, week, month: when it was done, in the office's
zone: 2026-11-27, the week's Monday, 2026-11."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpCount:
    """Follow-ups that were done and have these keys in common. across: "" where nothing else was asked. late: of these,
    done after they were due. tries: in vain, before they were done."""

    key: str
    across: str
    done: int
    late: int
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpsDone:
    """How many of one class and result somebody did in a period. on_time: by their time then, or without one; late:
    after it."""

    person: str
    category: str
    result: str
    on_time: int
    late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpsOwed:
    """What somebody still owes. overdue: of these. not_reached: of these, those that were tried often enough."""

    person: str
    open: int
    overdue: int
    not_reached: int
