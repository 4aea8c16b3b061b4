"""What a day has brought so far: visits to queues, and calls, in as few words as its figures need."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from callcenterd.model.calls import Direction, Outcome
from callcenterd.model.events import LeftReason
from callcenterd.model.ids import CallId, QueueName


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One entering of a queue to its leaving. left None: the server stopped in the midst of it. waited: seconds."""

    call: CallId
    queue: QueueName
    at: datetime
    left: LeftReason | None
    waited: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOfDay:
    """at: when it began. answered: a person spoke with the caller. outcome None: it was cut off, or is not over."""

    call: CallId
    direction: Direction
    at: datetime
    answered: bool
    outcome: Outcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfHour:
    """at: its begin, in the office's time. Calls and visits are booked to the half hour in which they began.

    queue None: calls of the whole office, inbound and outbound. Else visits of that queue, which are all inbound.
    """

    at: datetime
    queue: QueueName | None
    inbound: int
    outbound: int
    answered: int
    abandoned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueToday:
    """A queue's figures since midnight, of visits that began since then. Callers whom we have called are in none.

    offered: came into the queue. abandoned: hung up while waiting; short: of them, within 5 seconds. within: answered
    within `target` seconds. service_level: within / (offered - short - still waiting). asa: mean wait of who was
    answered, in seconds. Null: nothing to divide by.
    """

    offered: int
    answered: int
    abandoned: int
    short: int
    within: int
    target: float
    service_level: float | None
    asa: float | None
