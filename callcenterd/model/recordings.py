"""What is known of recordings beside their sound: tags, notes at a moment, links for others, and downloads of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from callcenterd.model.calls import CallFilter, Direction, Outcome, RecordingFormat
from callcenterd.model.ids import AgentId, CallId, CustomerId, QueueName, RecordingId

MOST_TAGS = 20
"""Of one recording."""
MOST_NOTES = 500
"""Of one recording."""
MOST_IN_BATCH = 2000
MOST_OCTETS_IN_BATCH = 10_000_000_000
"""As they lie on the disk."""
MOST_PLAYS = 100
"""Of one link."""
MOST_DAYS = 90
"""That a link is valid."""
MOST_WRONG_PINS = 10
"""Then a link is closed, whoever tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFilter:
    """Which recordings are wanted. calls: what their calls must be. least, most: of their length, in seconds. tag: a
    value of the list recording_tag, or a word of somebody's own. notes: words that are all in one note of it."""

    calls: CallFilter = field(default_factory=CallFilter)
    least: float | None = None
    most: float | None = None
    tag: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFound:
    """A recording that can be played, and what it is of. notes: how many there are."""

    id: RecordingId
    call_id: CallId
    started_at: datetime
    seconds: float
    octets: int
    format: RecordingFormat
    complete: bool
    direction: Direction
    caller: str
    called: str
    queue: QueueName | None
    agent: AgentId | None
    customer_id: CustomerId | None
    customer: str
    outcome: Outcome | None
    disposition: str
    note: str
    tags: Sequence[str] = ()
    notes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingNote:
    """A text at a moment of a recording. second: from its beginning."""

    id: int
    recording: RecordingId
    second: float
    text: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingLink:
    """A way for somebody without an account to hear one recording. pin: one is asked for. plays: how often it was
    opened. wrong_pins: in all. revoked_by: "system" after too many of them."""

    id: int
    recording: RecordingId
    purpose: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    most_plays: int
    plays: int
    pin: bool
    wrong_pins: int
    last_played_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """token, pin: hashes of what is told once; "": no PIN."""

    recording: RecordingId
    token: str
    pin: str
    purpose: str
    expires_at: datetime
    most_plays: int


BatchState = Literal["waiting", "running", "done", "failed", "expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A ZIP of many recordings. done: how many are in it, of total. missing: those whose file could not be had. why: it
    failed, a code."""

    id: int
    by: str
    at: datetime
    state: BatchState
    total: int
    done: int
    missing: int
    octets: int
    expires_at: datetime | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A recording on its way into a batch. path: within the folder of recordings."""

    id: RecordingId
    path: str
    name: str
    row: Mapping[str, Any]
