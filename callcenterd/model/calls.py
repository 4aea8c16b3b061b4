"""A call as its history keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from callcenterd.model.ids import AgentId, CallId, CustomerId, FlowName, QueueName, RecordingId, TrunkName

Direction = Literal["inbound", "outbound", "internal"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
Outcome = Literal[
    "answered",  # spoke with a person
    "abandoned",  # the caller left while waiting for a person
    "no_answer",
    "busy",
    "voicemail",
    "callback",
    "failed",
    "flow",  # the flow served it to its end, or the caller left before asking for a person
    "interrupted",  # the server stopped in the middle of the call
]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
Side = Literal["caller", "agent", "callee", "system"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One row of the history. outcome and ended_at are None while the call lives.

    answered_at:  when the caller was first joined to a person (not when the flow picked up).
    wait_seconds: from entering the first queue (or the start of a dialled call) to that moment, or to the end.
    talk_seconds: joined to a person.
    """

    id: CallId
    direction: Direction
    caller: str
    called: str
    started_at: datetime
    caller_name: str = ""
    trunk: TrunkName | None = None
    flow: FlowName | None = None
    queue: QueueName | None = None
    agent: AgentId | None = None
    extension: str | None = None
    queued_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    wait_seconds: float | None = None
    talk_seconds: float | None = None
    outcome: Outcome | None = None
    ended_by: Side | None = None
    cause: str = ""
    recording_id: RecordingId | None = None
    customer_id: CustomerId | None = None
    note: str = ""
    keys: str = ""
    """What the caller keyed in menus, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRecord:
    """A recording and where it lies. path is relative to the recordings folder. finished_at None: still open."""

    id: RecordingId
    call_id: CallId
    path: str
    started_at: datetime
    finished_at: datetime | None = None
    seconds: float | None = None
    octets: int | None = None
    sha256: str | None = None
    complete: bool = False
    """False: cut off by a crash or a full disk; what there is plays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a call's story. kind: a name of the event stream. details: JSON data, without call and time."""

    at: datetime
    kind: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSight:
    """Which calls a person may see who may not see all: their own, and those of their queues."""

    agent: AgentId
    queues: tuple[QueueName, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls are wanted; what is empty is no condition.

    text:           words that are all in the number, the name (the line's or the customer's), the note or the id.
    caller, called: one line, however it is written; a part of a number belongs in text.
    since, until:   the call began at or after, and before.
    sight:          None: all calls.
    """

    text: str = ""
    caller: str = ""
    called: str = ""
    queue: QueueName | None = None
    agent: AgentId | None = None
    outcome: Outcome | None = None
    direction: Direction | None = None
    customer_id: CustomerId | None = None
    since: datetime | None = None
    until: datetime | None = None
    sight: CallSight | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Voicemail:
    """A message that a caller left for a queue. done_by: who dealt with it, "" while nobody did."""

    id: int
    call: CallId
    queue: QueueName | None
    recording_id: RecordingId
    caller: str
    at: datetime
    done: bool = False
    done_by: str = ""
    done_at: datetime | None = None


CallbackState = Literal["waiting", "dialling", "done", "failed", "cancelled"]
CALLBACK_STATES: tuple[CallbackState, ...] = get_args(CallbackState)


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A caller who asked to be called back. done_by: who gave it its present state, "" while it waits untouched."""

    id: int
    call: CallId
    queue: QueueName | None
    number: str
    at: datetime
    state: CallbackState = "waiting"
    done_by: str = ""
    changed_at: datetime | None = None
