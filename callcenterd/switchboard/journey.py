"""What one live call has been through so far, and how it will stand in the history."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from callcenterd.calls.call import Call, Leg, Refusal
from callcenterd.model.calls import Outcome, Side
from callcenterd.model.customers import Customer
from callcenterd.model.ids import AgentId, CustomerId, ExtensionNumber, FlowName, LegId, QueueName, RecordingId

if TYPE_CHECKING:
    from callcenterd.switchboard.asked_queue import AskedQueue
    from callcenterd.switchboard.voicemail import Speaking

LineState = Literal["flow", "waiting", "ringing", "dialling", "talking", "held", "conference", "parked"]


@dataclass(frozen=True, slots=True)
class Paused:
    """by: a login. at: for people; since: monotonic."""

    by: str
    at: datetime
    since: float


@dataclass(frozen=True, slots=True)
class Listed:
    """Whom a campaign has called: its number and name, the entry of its list, and what stands there."""

    campaign: int
    title: str
    entry: int
    name: str
    customer: CustomerId | None
    fields: Mapping[str, str]


@dataclass(eq=False, slots=True)
class Consult:
    """An agent asks somebody about a call. by: the agent's leg. caller: who waits meanwhile.

    leg:    of who is asked, once it is up. agent: if it is an agent's. rings: it was heard to ring.
    muted:  nobody hears the agent.
    with_caller: the agent has turned to the caller again, and who is asked waits.
    queue:  whoever of a queue is free is asked; number is its name then.
    """

    by: Leg
    caller: Leg
    number: str
    since: datetime
    leg: Leg | None = None
    agent: AgentId | None = None
    rings: bool = False
    muted: bool = False
    with_caller: bool = False
    queue: AskedQueue | None = None
    task: asyncio.Task[None] | None = None


@dataclass(eq=False, slots=True)
class Journey:
    """Times without a zone in their name are monotonic seconds.

    result: why the last person who was wanted was not reached; None: nobody was wanted yet, or one was reached.
    rung:   the agents' legs that ring for this call now.
    looking: finds out customers; who needs them waits for it.
    agent:  the last agent who took part. with_agent: who a queue gave, and only while they speak.
    with_person: the leg the caller speaks with. others: who was added to the two (a conference).
    consult: somebody is being asked about the call.
    agent_first: done with the agent who took a callback of which the customer is dialled only then.
    called_back: the office has dialled who asked for it, and then it is as if that one had called.
    places: since when the caller wants an agent of each queue; who comes back to a queue has the old place.
    ending: who left a conversation first, if the flow ends the call right after it.
    paused: the recording keeps nothing now: by whom, since when. told_recorded: the caller has heard that it is kept.
    message: a message that is being spoken.
    one_way: legs that were found not to be heard by who speaks with them, and their numbers.
    left:   what the caller left instead of speaking with a person.
    dialled_out: the outside number that a phone of ours has dialled, without what only asks for an outside line.
    caller_id: what an outside number that is dialled for it is shown; "": what the trunk shows always.
    wished: whom it calls has asked for it: no do-not-call list counts.
    refusal: how the last leg that was dialled for it was refused; None: it was not.
    listed: the entry of a campaign that it calls.
    known: what the caller keyed and what was looked up for them, by the flow's names (IVR-07); nothing secret.
    forwarded: whose phone has just said that its calls go to another number, and which. forwarders: whose have.
    """

    call: Call
    began_at: datetime
    state: LineState = "flow"
    state_at: datetime | None = None
    flow: FlowName | None = None
    task: asyncio.Task[None] | None = None
    queue: QueueName | None = None
    wanted_since: float | None = None
    waited: float | None = None
    joined_at: float | None = None
    talked: float | None = None
    agent: AgentId | None = None
    result: Outcome | None = None
    recording: RecordingId | None = None
    recordings: int = 0
    paused: Paused | None = None
    told_recorded: bool = False
    message: Speaking | None = None
    one_way: dict[LegId, str] = field(default_factory=dict)
    left: Outcome | None = None
    dialled_out: str = ""
    caller_id: str = ""
    wished: bool = False
    listed: Listed | None = None
    refusal: Refusal | None = None
    forwarded: tuple[ExtensionNumber, str] | None = None
    forwarders: list[ExtensionNumber] = field(default_factory=list)
    keys: str = ""
    known: dict[str, str] = field(default_factory=dict)
    customers: tuple[Customer, ...] = ()
    looking: asyncio.Task[None] | None = None
    places: dict[QueueName, float] = field(default_factory=dict)
    rung: dict[AgentId, Leg] = field(default_factory=dict)
    with_person: Leg | None = None
    others: list[Leg] = field(default_factory=list)
    consult: Consult | None = None
    with_agent: AgentId | None = None
    ending: tuple[Side, str] | None = None
    ended: bool = False
    called_back: bool = False
    agent_first: asyncio.Future[str] | None = None

    @property
    def outside(self) -> str:
        """The number of whom the office's people speak with: who called, or who is called (back)."""
        return self.dialled_out or (self.call.called if self.called_back else self.call.caller)

    def outcome(self, *, deserted: bool) -> Outcome:
        """One of them, always the same for the same story (TEL-07).

        Who spoke with a person is answered, whatever came later; who left a message or a number is not lost; who
        went while a person was wanted has abandoned, also if only their line did (`deserted`).
        """
        if self.talked is not None or self.joined_at is not None:
            return "answered"
        if self.left is not None:
            return self.left
        if self.wanted_since is None:
            return self.result or "flow"
        if deserted:
            return "abandoned"
        return self.result or "no_answer"

    def want_person(self, now: float) -> None:
        """The wait counts from the first time that a person was wanted."""
        if self.wanted_since is None:
            self.wanted_since = now

    def join(self, leg: Leg, agent: AgentId | None, now: float) -> float:
        """The caller is joined to a person. Answers the seconds waited."""
        self.with_person = leg
        self.agent = agent or self.agent
        self.joined_at = now
        self.state = "talking"
        self.places.clear()
        if self.waited is None:
            self.waited = now - (self.wanted_since if self.wanted_since is not None else self.call.started)
        return self.waited

    def part(self, now: float) -> None:
        """The conversation is over; a call may have several."""
        if self.joined_at is not None:
            self.talked = (self.talked or 0.0) + now - self.joined_at
        self.joined_at = None
        self.with_person = self.with_agent = None

    def total_wait(self, now: float) -> float | None:
        if self.waited is not None or self.wanted_since is None:
            return self.waited
        return now - self.wanted_since
