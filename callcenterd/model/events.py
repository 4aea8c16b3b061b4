"""Facts: what happened, past and frozen, in words of the trade, with ids and no live objects.

`EVENT_NAMES` is the one table from a fact to its name on the event stream (contract: /api/v1/events).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from callcenterd.model.agents import AgentView, ForcedState
from callcenterd.model.appraisals import AppraisalState
from callcenterd.model.bans import BanReason
from callcenterd.model.calls import CallbackState, Direction, LegSound, Outcome, Side, TryResult
from callcenterd.model.campaigns import CampaignState, EntryState
from callcenterd.model.duties import DutyState, Stage
from callcenterd.model.fields import FieldKind
from callcenterd.model.help import HelpState, HelpStepKind
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
from callcenterd.model.phones import PagePhoneState, PhoneEnd
from callcenterd.model.staff import StaffKind

TransferKind = Literal["blind", "attended", "moved", "returned", "taken_over", "stayed"]
ConferenceExit = Literal["gone", "put_out", "ended"]
WaitingMove = Literal["up", "front", "queue", "agent"]
ListenMode = Literal["listen", "whisper", "barge"]
ConsultEnd = Literal["transferred", "conference", "dropped", "left", "over", "busy", "no_answer", "failed", "forbidden"]
PreviewEnd = Literal["dialled", "skipped", "time", "withdrawn"]
DeclineReason = Literal["no_answer", "busy", "refused", "unreachable"]
LeftReason = Literal["answered", "abandoned", "timed_out", "no_agent", "full", "closed", "left", "failed"]


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
class CallerKnown(Fact):
    """A flow has learned something of the caller: keyed, or looked up. name: what, as the flow calls it.

    known: all so far, by the flow's names; bounded in number and length (`flowcall`).
    """

    call: CallId
    name: str
    known: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyAnswered(Fact):
    """A caller has judged. question: by its name in the flow. score: 1 to most. agent and queue: of the conversation
    before it, None: there was none."""

    call: CallId
    question: str
    score: int
    most: int
    agent: AgentId | None
    queue: QueueName | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerQueued(Fact):
    """The caller began to wait for a person."""

    call: CallId
    queue: QueueName


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceGivenBack(Fact):
    """The caller was cut off while waiting in an earlier call, and has the place of that one. since: it counts so."""

    call: CallId
    queue: QueueName
    since: datetime
    earlier: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerLeftQueue(Fact):
    """The wait is over, in exactly one way. wait_seconds by the monotonic clock."""

    call: CallId
    queue: QueueName
    reason: LeftReason
    wait_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerMoved(Fact):
    """A supervisor (`by`) moved who waits in that queue: one place "up", to the "front", to another "queue", or to a
    chosen "agent", whose next call it is. to: the queue or the agent."""

    call: CallId
    queue: QueueName
    by: str
    how: WaitingMove
    to: str


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
class AgentMuted(Fact):
    """From a page: nobody hears the agent any more (or, agent None, another who speaks), or everybody does again."""

    call: CallId
    agent: AgentId | None
    number: str
    muted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysSent(Fact):
    """From a page: keys were sent to whom the agent speaks with. Only how many: they may be a card's."""

    call: CallId
    agent: AgentId | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPickedUp(Fact):
    """A call that rang at `from_number` was taken at another phone."""

    call: CallId
    agent: AgentId | None
    number: str
    from_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PickedUpBy(Fact):
    """Who has picked up where the office had called, as it sounds: "human", "machine" or "unsure".

    why: "short" word and then silence; "greeting" that goes on, "words" one after the other, "beep"; a tone: "fax",
    "busy", "information"; "silence", or out of "time". seconds: after the answer.
    """

    call: CallId
    number: str
    who: Literal["human", "machine", "unsure"]
    why: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOneWay(Fact):
    """Of two who speak with each other one is not heard by the other: told once a call and side, within ten seconds.

    number: who is not heard; agent: if it is an agent's phone; trunk: if it is over one. why: "no packets" arrive from
    there (a network's or firewall's fault), or "only silence" is in them (a microphone's).
    """

    call: CallId
    agent: AgentId | None
    number: str
    trunk: TrunkName | None
    why: str


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
    transfer failed, and who began it had left: the call came back), "taken_over" (by a supervisor who listened), or
    "stayed" (of a conference: who had the call has left).
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
class ConsultBegun(Fact):
    """An agent (`by`) asks somebody about the call: `number` is rung, and the other side hears music.

    queue: whoever of it is free is rung; number is its name.
    """

    call: CallId
    by: AgentId | None
    number: str
    queue: QueueName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultAnswered(Fact):
    """Who is asked speaks with the agent. agent: whose phone it is, if it is an agent's."""

    call: CallId
    by: AgentId | None
    number: str
    agent: AgentId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultSwitched(Fact):
    """The agent has turned to the other side of the call (with_caller), or back to who is asked; the other waits."""

    call: CallId
    by: AgentId | None
    number: str
    with_caller: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultEnded(Fact):
    """Nobody is asked any more: "transferred" (they have the call, or are rung for it), "conference", "dropped" (by the
    agent), "left" (they hung up), "over" (the call went another way); or why they were not reached."""

    call: CallId
    by: AgentId | None
    number: str
    reason: ConsultEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMonitored(Fact):
    """A supervisor (`by`) listens to a call, whispers to its agent or has barged in, since then; until: no more, or in
    another way from then on. listened_to: the agent. Told to who may listen, and to nobody else."""

    call: CallId
    by: str
    mode: ListenMode
    listened_to: AgentId | None
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyJoined(Fact):
    """One more person speaks in a call: a conference. agent: whose phone it is, if it is an agent's. by: a login."""

    call: CallId
    number: str
    agent: AgentId | None
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyLeft(Fact):
    """One who was added to a call does not speak there any more. by: who put them out; "" if they went."""

    call: CallId
    number: str
    agent: AgentId | None
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyFailed(Fact):
    """A number was to be added to a call, and could not be reached."""

    call: CallId
    number: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConferenceEntered(Fact):
    """A caller came into a conference room. members: in it now."""

    call: CallId
    room: str
    members: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConferenceLeft(Fact):
    """A caller left a conference room: "gone", "put_out" or "ended" (with its moderator, or by order)."""

    call: CallId
    room: str
    reason: ConferenceExit
    members: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallParked(Fact):
    """A call waits at a slot, with music, to be fetched from any phone. by: who parked it; number: their phone."""

    call: CallId
    slot: str
    by: AgentId | None
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFetched(Fact):
    """A call waits at its slot no more: number has fetched it, or got it back; "": it ended."""

    call: CallId
    slot: str
    number: str


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
class CallSounded(Fact):
    """A leg of the call is gone: how it sounded. The last come after the call's end. mos: CallRecord's by now."""

    call: CallId
    sound: LegSound
    mos: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStarted(Fact):
    """path: relative to the recordings folder. beside: it is no conversation of the call, but a note on it."""

    recording: RecordingId
    call: CallId
    path: str
    beside: bool = False


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
class RecordingFailed(Fact):
    """A recording cannot be written any more, and why; its call goes on, and what was written is kept."""

    recording: RecordingId
    call: CallId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingAlarm(Fact):
    """Recordings cannot be kept as they should be, or (raised False) can be again.

    kind: "failed": they cannot be written. "space": less room is left than is to be kept free. "key": they cannot be
    sealed or opened. "worker": they cannot be finished. why: one line for who looks after the server.
    """

    kind: Literal["failed", "space", "key", "worker"]
    why: str
    raised: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingPaused(Fact):
    """What is said from now on is not kept (a card number). by: a login."""

    recording: RecordingId
    call: CallId
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStillPaused(Fact):
    """Somebody has paused a recording and may have forgotten it. seconds: since then."""

    recording: RecordingId
    call: CallId
    by: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingResumed(Fact):
    """What is said is kept again. seconds: how long it was not. by: "system" if the conversation ended paused."""

    recording: RecordingId
    call: CallId
    by: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRemoved(Fact):
    """Nobody can hear it any more. why: as who removed it said."""

    recording: RecordingId
    call: CallId
    by: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailBegun(Fact):
    """The caller begins to speak a message, for the people of a queue, or for one agent or extension."""

    call: CallId
    queue: QueueName | None = None
    agent: AgentId | None = None
    extension: ExtensionNumber | None = None
    recording: RecordingId
    caller: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailLeft(Fact):
    """The caller spoke a message for the people of a queue, or for one agent or extension (ACD-04)."""

    call: CallId
    queue: QueueName | None = None
    agent: AgentId | None = None
    extension: ExtensionNumber | None = None
    recording: RecordingId
    caller: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailDropped(Fact):
    """What the caller spoke was too short to be a message; the recording stays the call's."""

    call: CallId
    recording: RecordingId
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailMarked(Fact):
    """What becomes of a message is another now: heard, assigned, noted, seen to, or to be seen to again."""

    message: int
    queue: QueueName | None
    agent: AgentId | None = None
    extension: ExtensionNumber | None = None
    heard: bool = False
    assigned_to: str = ""
    done: bool
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailRemoved(Fact):
    """A message was taken from the list; its recording stays the call's."""

    message: int
    queue: QueueName | None
    agent: AgentId | None = None
    extension: ExtensionNumber | None = None
    assigned_to: str = ""
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFailed(Fact):
    """A letter was refused for good, or could not be sent for a day. message: the voicemail that it was to bring; duty:
    what it was about."""

    letter: int
    message: int | None
    why: str
    duty: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackAsked(Fact):
    """The caller wants to be called at this number by the people of a queue (ACD-04). place: since when the caller's
    place in that queue counts; None: from now."""

    call: CallId
    queue: QueueName
    number: str
    place: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackChanged(Fact):
    """How far it is with a wish to be called back. result: how the last try ended, "" if there was none. by: a login,
    or "system". assigned_to: whose affair it is. "failed": the system calls no more, and somebody has to see to it."""

    callback: int
    queue: QueueName | None
    number: str
    state: CallbackState
    tries: int
    result: str
    by: str
    assigned_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackTried(Fact):
    """Somebody was called back, or an agent says what came of it; fields as `model.calls.CallbackTry`."""

    call: CallId | None
    callback: int
    queue: QueueName | None
    number: str
    result: TryResult
    by: str
    agent: str = ""
    status: int = 0
    cause: int = 0
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChanged(Fact):
    """An agent's state, phone or call is another one now."""

    view: AgentView


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatTaken(Fact):
    """Somebody signed in at the phone where this agent sat, who is signed out by it."""

    agent: AgentId
    by: AgentId
    extension: ExtensionNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakTooLong(Fact):
    """A break has lasted longer than its reason allows. of: that one break, or all of the day with this reason."""

    agent: AgentId
    reason: str
    since: datetime
    limit: float
    of: Literal["one", "day"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentForced(Fact):
    """Somebody else set what this agent wants, or ended their conversation ("released"). by: a login; name: theirs."""

    agent: AgentId
    by: str
    name: str
    state: ForcedState
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueChanged(Fact):
    """waiting: calls in their order. longest_since: when the first of them entered."""

    queue: QueueName
    waiting: tuple[CallId, ...]
    longest_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenPopped(Fact):
    """An agent's page should show this caller. One for a call and agent. customers: who it may be, best first.

    campaign, entry, name, fields: of a campaign's call, what its list says.
    known: what the caller keyed and what a flow looked up, by the flow's names (IVR-07).
    """

    call: CallId
    agent: AgentId
    caller: str
    called: str
    queue: QueueName | None
    customers: tuple[CustomerId, ...]
    keys: str = ""
    known: Mapping[str, str] = field(default_factory=dict)
    campaign: int | None = None
    entry: int | None = None
    name: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignChanged(Fact):
    """A campaign was made, changed, given more to call or removed; or it runs, pauses, or was stopped; or all of its
    list is done ("finished"). by: a login, or "system"."""

    campaign: int
    name: str
    queue: QueueName
    state: CampaignState
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignDialled(Fact):
    """A campaign calls an entry of its list. attempt: of that entry, from 1. by: a login, or "system"."""

    call: CallId
    campaign: int
    name: str
    queue: QueueName
    entry: int
    number: str
    attempt: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignResult(Fact):
    """What came of a campaign's call, or what its agent says came of it. state: how the entry stands then; due: when it
    is to be called again, if it is."""

    call: CallId
    campaign: int
    entry: int
    result: str
    state: EntryState
    due: datetime | None
    agent: AgentId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewOffered(Fact):
    """An agent is shown whom a campaign would call, and decides until then. dials: it is called then all the same."""

    agent: AgentId
    campaign: int
    title: str
    queue: QueueName
    entry: int
    number: str
    name: str
    customer: CustomerId | None
    fields: Mapping[str, str]
    attempts: int
    until: datetime
    dials: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewOver(Fact):
    """It is not shown any more: "dialled", "skipped", "time", or "withdrawn" (the agent is wanted elsewhere, or the
    campaign does not run)."""

    agent: AgentId
    campaign: int
    entry: int
    reason: PreviewEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyChanged(Fact):
    """A duty is new, or another now; fields as `model.duties.Duty`. by: a login, or "system"."""

    duty: int
    kind: str
    title: str
    number: str
    customer: CustomerId | None
    owner: str
    team: str
    queue: str
    created_by: str
    escalated_to: str
    due: datetime
    state: DutyState
    version: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerMessageSettled(Fact):
    """The mail server, or the gateway, has taken a message to a customer ("sent"), or it came to nothing ("failed")."""

    message: int
    state: Literal["sent", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyWarned(Fact):
    """A duty is soon due ("warning"), due ("limit"), or was handed up ("escalation"). to: logins of who is told."""

    duty: int
    kind: str
    stage: Stage
    title: str
    number: str
    customer: CustomerId | None
    owner: str
    team: str
    queue: str
    created_by: str
    escalated_to: str
    due: datetime
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneChanged(Fact):
    """An extension can be reached, or cannot any more."""

    extension: ExtensionNumber
    reachable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardingChanged(Fact):
    """An extension wants no calls, or sends them elsewhere, or does so no more. by: a login, or the phone's number."""

    extension: ExtensionNumber
    by: str
    do_not_disturb: bool
    always: str
    busy: str
    no_answer: str
    ring: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePhoneChanged(Fact):
    """A page that serves as its user's phone is in another state; told to that user only. Fields: `PagePhoneView`."""

    login: str
    page: str
    extension: ExtensionNumber | None
    state: PagePhoneState
    number: str
    name: str
    rings: bool
    held: bool
    away: bool
    ended: PhoneEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdsChanged(Fact):
    """From when on the wall warns is another one now: ask for them. queue None: of the office."""

    queue: QueueName | None


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
class CallDisposed(Fact):
    """An agent has said what came of the call. code: of the site's dispositions."""

    call: CallId
    queue: QueueName | None
    code: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSpoken(Fact):
    """An agent has spoken a note on a call that was over, by phone."""

    call: CallId
    recording: RecordingId
    by: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSaved(Fact):
    """What is known of a customer is other now: their card, or a prepaid card of theirs and what stands on it."""

    customer: CustomerId
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersImported(Fact):
    """A file with customers was worked through, or taken back. number: of the import."""

    number: int
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSaved(Fact):
    """A record of the office's business is new, or another now. kind: as of custom fields. number: of its sheet."""

    kind: FieldKind
    record: int
    number: str
    customer: CustomerId | None
    call: CallId | None
    owner: str
    team: str
    created_by: str
    version: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffMessageWritten(Fact):
    """Somebody of the office has written to others of it. to: for whom it is, nobody by name if it is for all; who is
    told sees only themselves there, unless it is theirs."""

    message: int
    kind: StaffKind
    by: AgentId
    to: tuple[AgentId, ...]
    subject: str
    text: str
    confirm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffMessageChanged(Fact):
    """It was withdrawn, or is an announcement that comes up later: what waits for whom may be another now."""

    message: int
    kind: StaffKind
    by: AgentId
    to: tuple[AgentId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffMessageRead(Fact):
    """Somebody has read, or confirmed, what was written to them; told to them and to who has written it."""

    messages: tuple[int, ...]
    by: AgentId
    reader: AgentId
    confirmed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpChanged(Fact):
    """An agent calls for help, or something became of it. step: what happened, by whom. Told to the agent, and to who
    oversees them and may answer."""

    request: int
    agent: AgentId
    call: CallId | None
    state: HelpState
    taken_by: str
    step: HelpStepKind
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppraisalChanged(Fact):
    """An appraisal is new, or another now; fields as `model.appraisals.Appraisal`. told: the agent may know of it."""

    appraisal: int
    agent: AgentId
    appraiser: str
    team: str
    state: AppraisalState
    told: bool
    version: int
    by: str


EVENT_NAMES: dict[type[Fact], str] = {
    CallStarted: "call.started",
    FlowEntered: "call.flow",
    KeyPressed: "call.key",
    CallerKnown: "call.known",
    SurveyAnswered: "call.survey",
    CallerQueued: "call.queued",
    PlaceGivenBack: "call.place_back",
    CallerLeftQueue: "call.left_queue",
    CallerMoved: "call.caller_moved",
    CallRinging: "call.ringing",
    OfferDeclined: "offer.declined",
    OfferWithdrawn: "offer.withdrawn",
    CallAnswered: "call.answered",
    CallHeld: "call.held",
    CallResumed: "call.resumed",
    AgentMuted: "call.muted",
    KeysSent: "call.keys_sent",
    CallPickedUp: "call.picked_up",
    PickedUpBy: "call.picked_up_by",
    CallOneWay: "call.one_way",
    CallForwarded: "call.forwarded",
    CallTransferred: "call.transferred",
    TransferFailed: "call.transfer_failed",
    ConsultBegun: "call.consult_begun",
    ConsultAnswered: "call.consult_answered",
    ConsultSwitched: "call.consult_switched",
    ConsultEnded: "call.consult_ended",
    CallMonitored: "call.monitored",
    PartyJoined: "call.party_joined",
    PartyLeft: "call.party_left",
    PartyFailed: "call.party_failed",
    ConferenceEntered: "conference.entered",
    ConferenceLeft: "conference.left",
    CallParked: "call.parked",
    CallFetched: "call.fetched",
    CallEnded: "call.ended",
    CallSounded: "call.sound",
    RecordingStarted: "recording.started",
    RecordingFinished: "recording.finished",
    RecordingFailed: "recording.failed",
    RecordingAlarm: "recording.alarm",
    RecordingPaused: "recording.paused",
    RecordingStillPaused: "recording.still_paused",
    RecordingResumed: "recording.resumed",
    RecordingRemoved: "recording.removed",
    VoicemailBegun: "voicemail.begun",
    VoicemailLeft: "voicemail.left",
    VoicemailDropped: "voicemail.dropped",
    VoicemailMarked: "voicemail.marked",
    VoicemailRemoved: "voicemail.removed",
    MailFailed: "mail.failed",
    CallbackAsked: "callback.asked",
    CallbackChanged: "callback.changed",
    CallbackTried: "callback.tried",
    AgentChanged: "agent.state",
    SeatTaken: "agent.seat_taken",
    BreakTooLong: "agent.break_too_long",
    AgentForced: "agent.forced",
    QueueChanged: "queue.changed",
    ScreenPopped: "screen.pop",
    CampaignChanged: "campaign.changed",
    CampaignDialled: "campaign.dialled",
    CampaignResult: "campaign.result",
    PreviewOffered: "campaign.preview",
    PreviewOver: "campaign.preview_over",
    DutyChanged: "duty.changed",
    AppraisalChanged: "appraisal.changed",
    DutyWarned: "duty.warned",
    RecordSaved: "record.saved",
    StaffMessageWritten: "staff.message",
    StaffMessageChanged: "staff.changed",
    StaffMessageRead: "staff.read",
    HelpChanged: "help.changed",
    PhoneChanged: "phone.changed",
    ForwardingChanged: "phone.forwarding",
    PagePhoneChanged: "phone.page",
    TrunkChanged: "trunk.changed",
    ThresholdsChanged: "thresholds.changed",
    FraudAlarm: "fraud.alarm",
    SourceBanned: "ban.begun",
    BanLifted: "ban.lifted",
    CallNoted: "call.noted",
    CallDisposed: "call.disposed",
    NoteSpoken: "call.note_spoken",
    CustomerSaved: "customer.saved",
    CustomerMessageSettled: "customer_message.settled",
    CustomersImported: "customers.imported",
    SiteChanged: "site.changed",
    FlowsLoaded: "flows.loaded",
}
