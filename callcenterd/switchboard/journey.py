"""What one live call has been through so far, and how it will stand in the history."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from callcenterd.calls.call import Call, Leg
from callcenterd.model.calls import Outcome, Side
from callcenterd.model.customers import Customer
from callcenterd.model.ids import AgentId, ExtensionNumber, FlowName, QueueName, RecordingId

LineState = Literal["flow", "waiting", "ringing", "dialling", "talking", "held"]


@dataclass(eq=False, slots=True)
class Journey:
    """Times without a zone in their name are monotonic seconds.

    result: why the last person who was wanted was not reached; None: nobody was wanted yet, or one was reached.
    rung:   the agents' legs that ring for this call now.
    looking: finds out customers; who needs them waits for it.
    agent:  the last agent who took part. with_agent: who a queue gave, and only while they speak.
    with_person: the leg the caller speaks with.
    places: since when the caller wants an agent of each queue; who comes back to a queue has the old place.
    ending: who left a conversation first, if the flow ends the call right after it.
    message: a message that is being spoken: its recording, its queue, and since when.
    left:   what the caller left instead of speaking with a person.
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
    message: tuple[RecordingId, QueueName, float] | None = None
    left: Outcome | None = None
    forwarded: tuple[ExtensionNumber, str] | None = None
    forwarders: list[ExtensionNumber] = field(default_factory=list)
    keys: str = ""
    customers: tuple[Customer, ...] = ()
    looking: asyncio.Task[None] | None = None
    places: dict[QueueName, float] = field(default_factory=dict)
    rung: dict[AgentId, Leg] = field(default_factory=dict)
    with_person: Leg | None = None
    with_agent: AgentId | None = None
    ending: tuple[Side, str] | None = None
    ended: bool = False

    def outcome(self, ended_by: Side) -> Outcome:
        """One of them, always the same for the same story (TEL-07).

        Who spoke with a person is answered, whatever came later; who left a message or a number is not lost; who
        went while a person was wanted has abandoned.
        """
        if self.talked is not None or self.joined_at is not None:
            return "answered"
        if self.left is not None:
            return self.left
        if self.wanted_since is None:
            return self.result or "flow"
        if ended_by == "caller":
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
