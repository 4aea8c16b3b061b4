"""A hall of agents for the ACD's tests: short words in, short words out.

`x>1001` an offer, `x~1001` one to call back, `x>1001+1002` one to several, `x!1001 no_answer` a withdrawal,
`x left answered 12` a caller gone.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from callcenterd.acd.router import Acd, CallerLeft, Decision, Offer, QueueMoved, Standing, Withdraw
from callcenterd.model.agents import WantedState
from callcenterd.model.events import DeclineReason, LeftReason
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.model.site import QueueSettings, Strategy

RETRY = QueueSettings(name=QueueName("any")).retry


def queue(
    name: str = "sales",
    members: str = "1001 1002 1003",
    strategy: Strategy = "longest_idle",
    *,
    ring: float = 20,
    wrap_up: float = 10,
    max_wait: float = 0,
    **others: Any,
) -> QueueSettings:
    """others: of the settings, as they are."""
    return QueueSettings(
        name=QueueName(name),
        strategy=strategy,
        members=tuple(AgentId(member) for member in members.split()),
        ring=ring,
        wrap_up=wrap_up,
        max_wait=max_wait,
        **others,
    )


def words(decisions: Iterable[Decision]) -> list[str]:
    """What is to be done; who is to be told is left out."""
    said = []
    for decision in decisions:
        match decision:
            case Offer():
                said.append(f"{decision.call}{'~' if decision.calls_back else '>'}{'+'.join(decision.agents)}")
            case Withdraw():
                said.append(f"{decision.call}!{decision.agent} {decision.why}")
            case CallerLeft():
                said.append(f"{decision.call} left {decision.reason} {decision.waited:g}")
            case Standing() | QueueMoved():
                pass
    return said


class Hall:
    """An ACD whose agents sit and are registered, and of whom those in `ready` are free, since their turn in it."""

    def __init__(self, *queues: QueueSettings, ready: str = "", seed: int = 1, skills: str = "") -> None:
        """skills: `1001 english 3, 1002 english 5`."""
        self.acd = Acd(random.Random(seed))
        self.queues: Sequence[QueueSettings] = queues or (queue(),)
        agents = sorted({member for settings in self.queues for member in settings.members})
        self.agents: dict[AgentId, str | None] = {agent: f"8{agent}" for agent in agents}
        self.skills: dict[AgentId, dict[str, int]] = {}
        for agent, skill, level in (one.split() for one in skills.split(",") if one):
            self.skills.setdefault(AgentId(agent), {})[skill] = int(level)
        self.acd.configure(self.queues, self.agents, 0, skills=self.skills)
        for agent in agents:
            self.acd.phone(agent, True, 0)
        for turn, free in enumerate(ready.split(), start=1):
            self.acd.want(AgentId(free), "ready", "", turn / 1000)

    def configure(self, now: float, *queues: QueueSettings) -> list[str]:
        self.queues = queues
        return words(self.acd.configure(queues, self.agents, now, skills=self.skills))

    def phone(self, now: float, agent: str, reachable: bool) -> list[str]:
        return words(self.acd.phone(AgentId(agent), reachable, now))

    def want(self, now: float, agent: str, state: WantedState = "ready", reason: str = "") -> list[str]:
        return words(self.acd.want(AgentId(agent), state, reason, now))

    def enter(
        self,
        now: float,
        call: str,
        queue: str = "sales",
        *,
        priority: int = 0,
        entered: float | None = None,
        needs: Mapping[str, int] | None = None,
        prefers: str | None = None,
        calls_back: bool = False,
    ) -> list[str]:
        decisions = self.acd.enqueue(
            CallId(call), QueueName(queue), now, priority=priority, entered=entered, needs=needs,
            prefers=None if prefers is None else AgentId(prefers), calls_back=calls_back,
        )  # fmt: skip
        return words(decisions)

    def connects(self, now: float, call: str) -> list[str]:
        """Who is called back has answered."""
        return words(self.acd.connected(CallId(call), now))

    def prolongs(self, now: float, agent: str, seconds: float) -> list[str]:
        return words(self.acd.prolong(AgentId(agent), seconds, now))

    def leave(self, now: float, call: str, reason: LeftReason = "abandoned") -> list[str]:
        return words(self.acd.leave(CallId(call), now, reason))

    def rings(self, now: float, call: str, agent: str) -> list[str]:
        return words(self.acd.ringing(CallId(call), AgentId(agent), now))

    def answers(self, now: float, call: str, agent: str) -> list[str]:
        return words(self.acd.answered(CallId(call), AgentId(agent), now))

    def declines(self, now: float, call: str, agent: str, reason: DeclineReason = "busy") -> list[str]:
        return words(self.acd.declined(CallId(call), AgentId(agent), reason, now))

    def ends(self, now: float, agent: str) -> list[str]:
        return words(self.acd.talk_ended(AgentId(agent), now))

    def wraps(self, now: float, agent: str) -> list[str]:
        return words(self.acd.end_wrap_up(AgentId(agent), now))

    def dials(self, now: float, agent: str, call: str) -> list[str]:
        return words(self.acd.occupied(AgentId(agent), CallId(call), now))

    def frees(self, now: float, agent: str, call: str) -> list[str]:
        return words(self.acd.free(AgentId(agent), CallId(call), now))

    def until(self, now: float) -> list[str]:
        """Every deadline up to now, one after the other, as a timer would fire."""
        said: list[str] = []
        while (due := self.acd.deadline()) is not None and due <= now:
            said += [f"{due:g}: {word}" for word in words(self.acd.advance(due))]
        return said

    def state(self, agent: str) -> str:
        """The state, and the reason of a break."""
        standing = self.acd.agent(AgentId(agent))
        return f"{standing.state} {standing.reason}".rstrip()

    def line(self, queue: str = "sales") -> str:
        return " ".join(waiting.call for waiting in self.acd.waiting(QueueName(queue)))

    def why(self, call: str, now: float) -> str:
        return self.acd.why_waiting(CallId(call), now).text()
