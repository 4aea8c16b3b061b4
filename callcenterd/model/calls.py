"""A call as its history keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from callcenterd.errors import NotNow
from callcenterd.model.ids import (
    AgentId,
    CallId,
    CustomerId,
    ExtensionNumber,
    FlowName,
    QueueName,
    RecordingId,
    TrunkName,
)
from callcenterd.model.records import RecordSight

Direction = Literal["inbound", "outbound", "internal"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
PartyKind = Literal["agent", "queue"]
"""Who has to do with a call."""
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


class NoteIsAnother(NotNow):
    """Somebody has written on the call meanwhile. note: what stands there now."""

    def __init__(self, note: str) -> None:
        super().__init__("somebody has written on this call meanwhile")
        self.note = note


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
    known: Mapping[str, str] = field(default_factory=dict)
    """What they keyed besides, and what flows looked up for them, by the flows' names (IVR-07); nothing secret."""
    disposition: str = ""
    """What came of it, as its agent says: a code of the site's dispositions."""
    mos: float | None = None
    """What the worse off of all sides would say of the sound (1 to 4.5); None: not known yet, or too short to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundFigures:
    """How one leg sounds: counts of packets, milliseconds, opinions from 1 to 4.5 (ITU-T G.107).

    received:  of what came from there. lost: promised by sequence numbers, never came. late: came, too late or from no
               time of its stream. jitter_ms: of that too, on average and at worst.
    concealed: of its sound, 20 ms each, made up in place of what was missing.
    strangers: datagrams of other addresses, dropped. junk: of its own, that meant nothing. sent: by us.
    …_there:   of what we sent there, as the other side told (RTCP). None: it told nothing.
    mos:       what who hears this leg would say of the way to us; None: too short to tell. round_trip_ms: there and
               back.
    …_seconds: while it heard somebody (together_seconds): it talked; others did at the same time; nobody did, and for
               how long at most.
    """

    codec: str
    received: int
    lost: int
    late: int
    duplicates: int
    concealed: int
    strangers: int
    junk: int
    sent: int
    jitter_ms: float
    jitter_ms_max: float
    lost_there: int | None
    jitter_there_ms: float | None
    round_trip_ms: float | None
    mos: float | None
    mos_there: float | None
    together_seconds: float
    talk_seconds: float
    over_talk_seconds: float
    quiet_seconds: float
    longest_quiet_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LegSound(SoundFigures):
    """A leg's figures as the history keeps them.

    leg: grows from one leg of a call to the next. number: of its phone, or of who is at the other end.
    """

    leg: int
    side: Side
    number: str
    extension: str | None
    trunk: str | None


RecordingFormat = Literal["opus", "mp3", "wav"]
RECORDING_FORMATS: tuple[RecordingFormat, ...] = get_args(RecordingFormat)
FinishingState = Literal[
    "waiting",  # as it was written while people talked
    "kept",  # the new file is known; the one that was written is still to be removed
    "done",
    "failed",  # it could not be made small, and stays as it was written
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRecord:
    """A recording and where it lies. path is relative to the recordings folder. finished_at None: still open.

    octets, sha256: of the file as it lies there. original_*: of the one that was written while people talked, where
    another one has taken its place. octets None although it is finished: it is still to be repaired. removed_at:
    somebody has removed it; its file is gone, what is known of it stays, as does its link in the chain of evidence.
    """

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
    format: RecordingFormat = "wav"
    finishing: FinishingState = "waiting"
    original_path: str | None = None
    original_octets: int | None = None
    original_sha256: str | None = None
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a call's story. kind: a name of the event stream. details: JSON data, without call and time."""

    at: datetime
    kind: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CutOff:
    """A caller whose call ended while they waited. entered: the time that counted for the place. left: None: when the
    server was stopped or killed, or its end was never written."""

    call: CallId
    caller: str
    queue: QueueName
    entered: datetime
    left: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSight:
    """Which calls a person may see who may not see all: those of these agents, those of these queues, and these.

    unanswered: of the queues, only calls that nobody has answered.
    """

    agents: tuple[AgentId, ...]
    queues: tuple[QueueName, ...] = ()
    unanswered: bool = False
    calls: tuple[CallId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls are wanted; what is empty is no condition.

    text:           words that are all in the number, the name (the line's or the customer's), the note or the id.
    caller, called: one line, however it is written; a part of a number belongs in text.
    since, until:   the call began at or after, and before.
    mos_below:      somebody heard worse than that.
    sight:          None: all calls.
    customers:      whose names are looked through; None: all customers'.
    """

    text: str = ""
    caller: str = ""
    called: str = ""
    queue: QueueName | None = None
    agent: AgentId | None = None
    outcome: Outcome | None = None
    direction: Direction | None = None
    customer_id: CustomerId | None = None
    disposition: str | None = None
    mos_below: float | None = None
    since: datetime | None = None
    until: datetime | None = None
    sight: CallSight | None = None
    customers: RecordSight | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Voicemail:
    """A message that a caller left for a queue, or for one agent or extension.

    seconds: its length; None: not known. heard_by: who played it first, "" while nobody did. assigned_to: whose affair
    it is, "" while it is everybody's. done_by: who dealt with it, "" while nobody did.
    """

    id: int
    call: CallId
    queue: QueueName | None
    recording_id: RecordingId
    caller: str
    at: datetime
    agent: AgentId | None = None
    extension: ExtensionNumber | None = None
    seconds: float | None = None
    heard_by: str = ""
    heard_at: datetime | None = None
    assigned_to: str = ""
    assigned_by: str = ""
    assigned_at: datetime | None = None
    note: str = ""
    done: bool = False
    done_by: str = ""
    done_at: datetime | None = None


TryResult = Literal[
    "served",  # spoke with an agent
    "busy",
    "no_answer",
    "no_such_number",  # the network says so [空号]
    "switched_off",  # or cannot be reached now [关机]
    "refused",
    "machine",
    "wrong_number",  # somebody else lives there, an agent says
    "hung_up",  # answered, and did not wait for the agent
    "no_agent",  # answered, and no agent came in the time of the queue
    "put_off",  # no agent was free any more, before anybody answered
    "forbidden",  # a limit against toll fraud
    "failed",
]
TRY_RESULTS: tuple[TryResult, ...] = get_args(TryResult)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackTry:
    """One time that somebody was called back, or what an agent says of it afterwards. Never changed.

    at: when it was known. by: who called, or says so: "system" or a login. agent: who spoke, or was to.
    status, cause: as the trunk refused it, by SIP and by ITU-T Q.850; 0: not at all. words: why, as the trunk or the
    rule for machines says (`media.machine.Why`).
    """

    id: int = 0
    callback: int
    at: datetime
    number: str
    result: TryResult
    by: str
    call: CallId | None = None
    agent: str = ""
    status: int = 0
    cause: int = 0
    words: str = ""


@dataclass(frozen=True, slots=True)
class CallbackCount:
    """Of one queue: wishes that wait or are being called, and those that failed and somebody has to see to; of them
    unowned: nobody's affair yet."""

    queue: QueueName | None
    waiting: int
    failed: int
    unowned: int


CallbackState = Literal["waiting", "dialling", "done", "failed", "cancelled"]
CALLBACK_STATES: tuple[CallbackState, ...] = get_args(CallbackState)


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A caller who asked to be called back. done_by: who gave it its present state, "" while it waits untouched.

    place_at: since when the caller's place in the queue counts; None: since `at`. tries: how often the number was
    dialled in vain, result: how the last one ended, next_at: before then it is not tried again. assigned_to: whose
    affair it is, "" while it is everybody's.
    """

    id: int
    call: CallId
    queue: QueueName | None
    number: str
    at: datetime
    state: CallbackState = "waiting"
    done_by: str = ""
    changed_at: datetime | None = None
    place_at: datetime | None = None
    tries: int = 0
    next_at: datetime | None = None
    result: str = ""
    assigned_to: str = ""
    assigned_by: str = ""
    assigned_at: datetime | None = None
    note: str = ""
