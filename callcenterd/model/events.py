"""Facts: what happened, past and frozen, in words of the trade, with ids and no live objects.

`EVENT_NAMES` is the one table from a fact to its name on the event stream (contract: /api/v1/events).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from callcenterd.model.agents import AgentView
from callcenterd.model.bans import BanReason
from callcenterd.model.calls import Direction, Outcome, Side
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

TransferKind = Literal["blind", "attended", "moved", "returned"]
DeclineReason = Literal["no_answer", "busy", "refused", "unreachable"]
LeftReason = Literal["answered", "abandoned", "timed_out", "no_agent", "left", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """at: UTC, when it happened."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted(Fact):
    """A caller is on the line; nothing has been answered yet. diverted_from: numbers called before, newest first."""

    call: CallId
    direction: Direction
    caller: str
    caller_name: str
    called: str
    trunk: TrunkName | None = None
    extension: ExtensionNumber | None = None
    diverted_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowEntered(Fact):
    """A flow picked the call up."""

    call: CallId
    flow: FlowName


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPressed(Fact):
    """The caller chose in a flow. keys: as pressed; never a PIN."""

    call: CallId
    keys: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerQueued(Fact):
    """The caller began to wait for a person."""

    call: CallId
    queue: QueueName


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerLeftQueue(Fact):
    """The wait is over, in exactly one way. wait_seconds by the monotonic clock."""

    call: CallId
    queue: QueueName
    reason: LeftReason
    wait_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRinging(Fact):
    """A person's phone is being rung for the call. agent None: a dialled number or extension (in `number`)."""

    call: CallId
    agent: AgentId | None
    number: str
    queue: QueueName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDeclined(Fact):
    """An agent was rung for a call and did not take it; the call keeps its place."""

    call: CallId
    agent: AgentId
    reason: DeclineReason


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferWithdrawn(Fact):
    """An agent was rung, and then the offer was taken back through no doing of the agent."""

    call: CallId
    agent: AgentId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered(Fact):
    """The caller is joined to a person. wait_seconds as CallRecord."""

    call: CallId
    agent: AgentId | None
    number: str
    queue: QueueName | None = None
    wait_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHeld(Fact):
    """A phone has put the other side on hold, which hears music. agent: whose phone, if it is an agent's."""

    call: CallId
    agent: AgentId | None
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResumed(Fact):
    """Both sides hear each other again."""

    call: CallId
    agent: AgentId | None
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallForwarded(Fact):
    """A phone was called and said that its calls go to another number (3xx); that one is called now."""

    call: CallId
    by_number: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTransferred(Fact):
    """Another person has the call now: `number`, the agent's if it is one. by, from_number: who had it before.

    kind: "blind", "attended" (they spoke first), "moved" (to another phone of the same extension), or "returned" (a
    transfer failed, and who began it had left: the call came back).
    """

    call: CallId
    agent: AgentId | None
    number: str
    by: AgentId | None
    from_number: str
    kind: TransferKind


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFailed(Fact):
    """The call was to go to `number` and could not; who began it has it still, or is rung again."""

    call: CallId
    by: AgentId | None
    number: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(Fact):
    """The last leg is gone. talk_seconds by the monotonic clock."""

    call: CallId
    outcome: Outcome
    ended_by: Side
    cause: str
    agent: AgentId | None = None
    queue: QueueName | None = None
    wait_seconds: float | None = None
    talk_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStarted(Fact):
    """path: relative to the recordings folder."""

    recording: RecordingId
    call: CallId
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFinished(Fact):
    """complete False: something could not be written; what was written is there."""

    recording: RecordingId
    call: CallId
    seconds: float
    octets: int
    sha256: str
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailLeft(Fact):
    """The caller spoke a message for the people of a queue (ACD-04)."""

    call: CallId
    queue: QueueName
    recording: RecordingId
    caller: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailMarked(Fact):
    """Somebody has seen to a message, or it is to be seen to again."""

    message: int
    queue: QueueName | None
    done: bool
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackAsked(Fact):
    """The caller wants to be called at this number by the people of a queue (ACD-04)."""

    call: CallId
    queue: QueueName
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChanged(Fact):
    """An agent's state, phone or call is another one now."""

    view: AgentView


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueChanged(Fact):
    """waiting: calls in their order. longest_since: when the first of them entered."""

    queue: QueueName
    waiting: tuple[CallId, ...]
    longest_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenPopped(Fact):
    """An agent's page should show this caller. One for a call and agent. customers: who it may be, best first."""

    call: CallId
    agent: AgentId
    caller: str
    called: str
    queue: QueueName | None
    customers: tuple[CustomerId, ...]
    keys: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneChanged(Fact):
    """An extension can be reached, or cannot any more."""

    extension: ExtensionNumber
    reachable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkChanged(Fact):
    """state: "up", "down" or "unknown"; why: the last status or fault."""

    trunk: TrunkName
    state: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudAlarm(Fact):
    """A limit refused an outside call. extension None: a flow dialled. rule: the limit's key in the site file."""

    call: CallId
    extension: ExtensionNumber | None
    number: str
    who: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBanned(Fact):
    """An address guessed passwords or names over SIP, and is not heard until then. times: bans of it until now."""

    address: str
    until: datetime
    times: int
    why: BanReason


@dataclass(frozen=True, slots=True, kw_only=True)
class BanLifted(Fact):
    """Somebody lifted a ban before its time."""

    address: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNoted(Fact):
    """A person wrote on the call, or tied it to a customer."""

    call: CallId
    customer: CustomerId | None
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSaved(Fact):
    customer: CustomerId
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteChanged(Fact):
    """Trunks, numbers, users, extensions or queues are others now."""

    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowsLoaded(Fact):
    """flows: in service now. faults: refused files, each as file:line: reason; their old versions go on."""

    flows: tuple[FlowName, ...]
    faults: tuple[str, ...]


EVENT_NAMES: dict[type[Fact], str] = {
    CallStarted: "call.started",
    FlowEntered: "call.flow",
    KeyPressed: "call.key",
    CallerQueued: "call.queued",
    CallerLeftQueue: "call.left_queue",
    CallRinging: "call.ringing",
    OfferDeclined: "offer.declined",
    OfferWithdrawn: "offer.withdrawn",
    CallAnswered: "call.answered",
    CallHeld: "call.held",
    CallResumed: "call.resumed",
    CallForwarded: "call.forwarded",
    CallTransferred: "call.transferred",
    TransferFailed: "call.transfer_failed",
    CallEnded: "call.ended",
    RecordingStarted: "recording.started",
    RecordingFinished: "recording.finished",
    VoicemailLeft: "voicemail.left",
    VoicemailMarked: "voicemail.marked",
    CallbackAsked: "callback.asked",
    AgentChanged: "agent.state",
    QueueChanged: "queue.changed",
    ScreenPopped: "screen.pop",
    PhoneChanged: "phone.changed",
    TrunkChanged: "trunk.changed",
    FraudAlarm: "fraud.alarm",
    SourceBanned: "ban.begun",
    BanLifted: "ban.lifted",
    CallNoted: "call.noted",
    CustomerSaved: "customer.saved",
    SiteChanged: "site.changed",
    FlowsLoaded: "flows.loaded",
}
