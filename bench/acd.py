"""acd.decision: how long the ACD takes to decide, over a whole day of a large hall in virtual time.

200 agents of 8 queues with every strategy, about 8,000 callers: peaks in the morning and the afternoon, callers who
lose patience, phones that do not answer, lunch. Each fact that is told and each deadline is one decision.
"""

from __future__ import annotations

import heapq
import itertools
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from callcenterd.acd.router import Acd, CallerLeft, Decision, Offer, Withdraw
from callcenterd.model.agents import WantedState
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.model.site import QueueSettings, Strategy

HOURS = 10.0
AGENTS, QUEUES, CALLS = 200, 8, 8000
_STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)


class Day:
    """Plays one day. took: CPU seconds of each decision. left: callers by how they left."""

    def __init__(self, seed: int = 1, calls: int = CALLS) -> None:
        self._chance = random.Random(seed)
        self._calls = calls
        self.acd = Acd(random.Random(seed))
        self.agents = [AgentId(f"{1001 + n}") for n in range(AGENTS)]
        self.queues = self._hall()
        self.took: list[float] = []
        self.left: dict[str, int] = {}
        self.waits: list[float] = []
        self.talking: dict[AgentId, CallId] = {}
        self.rung: dict[AgentId, CallId] = {}
        self.now = 0.0
        self._order = itertools.count()
        self._to_come: list[tuple[float, int, Callable[[], None]]] = []

    def _hall(self) -> list[QueueSettings]:
        """Each agent is in one to three queues; one queue is the largest by far, another is short of people."""
        members: list[list[AgentId]] = [[] for _ in range(QUEUES)]
        weights = [20, *range(3, QUEUES + 1), 1]
        for agent in self.agents:
            for queue in set(self._chance.choices(range(QUEUES), weights, k=self._chance.randint(1, 3))):
                members[queue].append(agent)
        return [
            QueueSettings(
                name=QueueName(f"queue{n}"),
                strategy=_STRATEGIES[n % len(_STRATEGIES)],
                members=tuple(members[n]),
                max_wait=60 if n % 2 else 0,
            )
            for n in range(QUEUES)
        ]

    def play(self) -> None:
        self._told(lambda: self.acd.configure(self.queues, dict(zip(self.agents, self.agents, strict=True)), 0.0))
        for agent in self.agents:
            self._told(lambda agent=agent: self.acd.phone(agent, True, 0.0))  # type: ignore[misc]
            begin = self._chance.uniform(0, 1800)
            lunch = self._chance.uniform(3.5, 5.5) * 3600
            self._at(begin, self._wants(agent, "ready"))
            self._at(lunch, self._wants(agent, "break"))
            self._at(lunch + 2700, self._wants(agent, "ready"))
            self._at(HOURS * 3600 - self._chance.uniform(0, 600), self._wants(agent, "signed_out"))
        for n in range(self._calls):
            peak = self._chance.choice((2.0, 2.0, 7.0, 5.0))
            moment = min(max(self._chance.gauss(peak, 1.2), 0.2), HOURS - 0.5) * 3600
            self._at(moment, self._arrives(CallId(f"call{n:05}")))
        while self._to_come or self.acd.deadline() is not None:
            due = self.acd.deadline()
            if due is not None and (not self._to_come or due <= self._to_come[0][0]):
                self.now = max(self.now, due)
                self._told(lambda: self.acd.advance(self.now))
            else:
                self.now, _, deed = heapq.heappop(self._to_come)
                deed()

    # ---- what people do ---------------------------------------------------------------------------------

    def _arrives(self, call: CallId) -> Callable[[], None]:
        queue = self._chance.choices(self.queues, [len(queue.members) for queue in self.queues])[0].name
        patience = self._chance.expovariate(1 / 150)

        def deed() -> None:
            self._told(lambda: self.acd.enqueue(call, queue, self.now))
            self._at(self.now + patience, lambda: self._told(lambda: self.acd.leave(call, self.now)))

        return deed

    def _wants(self, agent: AgentId, state: WantedState) -> Callable[[], None]:
        return lambda: self._told(lambda: self.acd.want(agent, state, "", self.now))

    def _rings(self, call: CallId, agent: AgentId) -> None:
        self._told(lambda: self.acd.ringing(call, agent, self.now))
        luck = self._chance.random()
        if luck < 0.9:
            self._at(self.now + self._chance.uniform(2, 8), lambda: self._answers(call, agent))
        elif luck < 0.97:
            self._at(self.now + 1, lambda: self._declines(call, agent))
        else:  # nobody is there: the lease runs out, and the agent comes back after some minutes
            self._at(self.now + 300, lambda: self._comes_back(agent))

    def _declines(self, call: CallId, agent: AgentId) -> None:
        if self.rung.get(agent) == call:
            del self.rung[agent]
        self._told(lambda: self.acd.declined(call, agent, "busy", self.now))

    def _comes_back(self, agent: AgentId) -> None:
        if self.acd.agent(agent).reason == "no_answer":
            self._told(lambda: self.acd.want(agent, "ready", "", self.now))

    def _answers(self, call: CallId, agent: AgentId) -> None:
        if self.rung.get(agent) != call:
            return
        del self.rung[agent]
        self.talking[agent] = call
        self._told(lambda: self.acd.answered(call, agent, self.now))
        self._at(self.now + self._chance.lognormvariate(5.6, 0.8), lambda: self._ends(agent))

    def _ends(self, agent: AgentId) -> None:
        del self.talking[agent]
        self._told(lambda: self.acd.talk_ended(agent, self.now))

    # ---- within -----------------------------------------------------------------------------------------

    def _at(self, moment: float, deed: Callable[[], None]) -> None:
        heapq.heappush(self._to_come, (moment, next(self._order), deed))

    def _told(self, tell: Callable[[], Sequence[Decision]]) -> None:
        begun = time.thread_time()
        decisions = tell()
        self.took.append(time.thread_time() - begun)
        for decision in decisions:
            match decision:
                case Offer(call, _, asked):
                    for agent in asked:
                        self.rung[agent] = call
                        self._at(self.now + 0.3, lambda call=call, agent=agent: self._rings(call, agent))  # type: ignore[misc]
                case Withdraw(_, agent):
                    self.rung.pop(agent, None)
                case CallerLeft(_, _, reason, waited):
                    self.left[reason] = self.left.get(reason, 0) + 1
                    self.waits.append(waited)


def run_decision(seed: int = 1) -> dict[str, Any]:
    """ms are CPU time: other programs of the machine do not count."""
    day = Day(seed)
    begun = time.process_time()
    day.play()
    seconds = time.process_time() - begun
    took = sorted(day.took)
    return {
        "name": "acd.decision",
        "ms_p50": round(took[len(took) // 2] * 1000, 4),
        "ms_p99": round(took[len(took) * 99 // 100] * 1000, 4),
        "ms_max": round(took[-1] * 1000, 2),
        "decisions": len(took),
        "agents": AGENTS,
        "calls": CALLS,
        "answered": day.left.get("answered", 0),
        "day_cpu_seconds": round(seconds, 2),
    }


BENCHES: Mapping[str, Callable[..., dict[str, Any]]] = {"acd.decision": run_decision}

if __name__ == "__main__":
    print(json.dumps(run_decision()))
