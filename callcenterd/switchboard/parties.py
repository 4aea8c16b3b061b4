"""Who has to do with a call, from the facts: what decides who may see it.

An agent has to do with a call from when their phone rings for it (or they dial): who declined it, was asked about it or
handed it on too. A queue has from when the call comes into it, or a message or a wish to be called back is left for it.
History and live events read the same facts in the same way, so that they agree.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from callcenterd.model import events
from callcenterd.model.calls import PartyKind
from callcenterd.model.events import Fact
from callcenterd.model.ids import AgentId, CallId, QueueName

REMEMBERED = 2000
"""Calls that are over, of which late facts (a finished recording, a note) may still come."""


@dataclass(slots=True)
class Parties:
    """answered: somebody has spoken with the caller. queue: the last one that it came into; former: the others."""

    agents: set[AgentId] = field(default_factory=set)
    queue: QueueName | None = None
    former: set[QueueName] = field(default_factory=set)
    answered: bool = False

    @property
    def queues(self) -> set[QueueName]:
        return self.former if self.queue is None else {*self.former, self.queue}


class PartyBook:
    """live: which calls are on the line now. agent_at: who sits at an extension now."""

    def __init__(
        self, live: Callable[[], Collection[CallId]], agent_at: Callable[[str | None], AgentId | None]
    ) -> None:
        self._live = live
        self._agent_at = agent_at
        self._parties: OrderedDict[CallId, Parties] = OrderedDict()

    def of(self, call: CallId) -> Parties | None:
        """Of a call that is on the line now, or was a moment ago."""
        return self._parties.get(call)

    def note(self, fact: Fact) -> list[tuple[PartyKind, str]]:
        """Answers who has to do with its call since this fact, beside the queue that the call's own row tells."""
        call: CallId | None = getattr(fact, "call", None)
        agent: AgentId | None = getattr(fact, "agent", None)
        queue: QueueName | None = getattr(fact, "queue", None)
        if isinstance(fact, events.AgentChanged):
            call, agent = fact.view.call, fact.view.agent
        elif isinstance(fact, events.CallStarted):
            agent = self._agent_at(fact.extension)
        if call is None:
            return []
        parties = self._parties.setdefault(call, Parties())
        parties.answered |= isinstance(fact, events.CallAnswered)
        new: list[tuple[PartyKind, str]] = []
        if agent is not None and agent not in parties.agents:
            parties.agents.add(agent)
            new.append(("agent", agent))
        if isinstance(fact, events.CallerQueued):
            queue, parties.queue = parties.queue, fact.queue
        if queue is not None and queue != parties.queue and queue not in parties.former:
            parties.former.add(queue)
            new.append(("queue", queue))
        self._forget_old()
        return new

    def _forget_old(self) -> None:
        """Calls that are over go, the oldest first; those on the line stay however many there are."""
        live = self._live()
        over = len(self._parties) - len(live) - REMEMBERED
        if over <= 0:
            return
        for call in list(self._parties):
            if call not in live:
                del self._parties[call]
                over -= 1
                if over <= 0:
                    return
