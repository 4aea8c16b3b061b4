"""acd.queues: what a decision costs with 10,000 callers waiting and 1,000 agents in 20 queues, and what memory a
stream of 100 callers a second leaves behind.

Every public method is measured in that full hall, in CPU time of the thread: other programs do not count.
"""

from __future__ import annotations

import gc
import heapq
import itertools
import json
import random
import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from callcenterd.acd.router import Acd, CallerLeft, Decision, Offer, Withdraw
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.model.site import QueueSettings, Strategy

CALLERS, AGENTS, QUEUES = 10_000, 1_000, 20
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)


class FullHall:
    """Each agent is in two queues and busy; callers wait everywhere. rung: who is rung for which call."""

    def __init__(
        self, callers: int = CALLERS, agents: int = AGENTS, strategies: Sequence[Strategy] = STRATEGIES, seed: int = 1
    ) -> None:
        self.chance = random.Random(seed)
        self.acd = Acd(random.Random(seed))
        self.now = 1.0
        self.agents = [AgentId(f"{1001 + n}") for n in range(agents)]
        self.strategies = strategies
        self.queues = [
            QueueSettings(
                name=QueueName(f"queue{n:02}"),
                strategy=strategies[n % len(strategies)],
                members=tuple(
                    agent for place, agent in enumerate(self.agents) if n in (place % QUEUES, (place * 7 + 3) % QUEUES)
                ),
                wrap_up=10,
                max_wait=3600,
            )
            for n in range(QUEUES)
        ]
        self.rung: dict[AgentId, CallId] = {}
        self.talking: dict[AgentId, CallId] = {}
        self.waiting: dict[CallId, None] = {}
        self.count = 0
        self.took: dict[str, list[float]] = {}
        self.left = 0
        self._callers = callers

    def fill(self) -> None:
        acd = self.acd
        self.tell("configure", lambda: acd.configure(self.queues, {agent: agent for agent in self.agents}, self.now))
        for agent in self.agents:
            self.tell("phone", lambda agent=agent: acd.phone(agent, True, self.now))  # type: ignore[misc]
            self.tell("want", lambda agent=agent: acd.want(agent, "ready", "", self.now))  # type: ignore[misc]
        while len(self.waiting) < self._callers:
            self.arrives()
            self.all_answer()
        self.took.clear()

    def all_answer(self) -> None:
        while self.rung:
            agent, call = next(iter(self.rung.items()))
            self.answers(agent, call)

    def tell(self, name: str, what: Callable[[], Sequence[Decision]]) -> Sequence[Decision]:
        begun = time.thread_time()
        decisions = what()
        self.took.setdefault(name, []).append(time.thread_time() - begun)
        for decision in decisions:
            match decision:
                case Offer(call, _, asked):
                    for agent in asked:
                        self.rung[agent] = call
                case Withdraw(_, agent):
                    self.rung.pop(agent, None)
                case CallerLeft(call):
                    del self.waiting[call]
                    self.left += 1
        return decisions

    def arrives(self, queue: QueueName | None = None, priority: int = 0) -> CallId:
        self.count += 1
        call = CallId(f"call{self.count:07}")
        name = self.chance.choice(self.queues).name if queue is None else queue
        self.waiting[call] = None
        self.tell("enqueue", lambda: self.acd.enqueue(call, name, self.now, priority=priority))
        return call

    def answers(self, agent: AgentId, call: CallId) -> None:
        del self.rung[agent]
        self.talking[agent] = call
        self.tell("answered", lambda: self.acd.answered(call, agent, self.now))

    def ends(self, agent: AgentId) -> None:
        del self.talking[agent]
        self.tell("talk_ended", lambda: self.acd.talk_ended(agent, self.now))

    # ---- one of everything ------------------------------------------------------------------------------

    def round(self) -> None:
        """An agent's call with all that may come between, and callers who come and go; the hall stays as full."""
        acd = self.acd
        self.now += 0.5
        agent = self.chance.choice(list(self.talking))
        self.ends(agent)
        self.tell("end_wrap_up", lambda: acd.end_wrap_up(agent, self.now))
        self.tell("ringing", lambda: acd.ringing(self.rung[agent], agent, self.now))
        call = self.rung.pop(agent)
        self.tell("declined", lambda: acd.declined(call, agent, "busy", self.now))
        self.tell("occupied", lambda: acd.occupied(agent, CallId("own"), self.now))
        self.tell("free", lambda: acd.free(agent, CallId("own"), self.now))
        self.tell("want", lambda: acd.want(agent, "break", "lunch", self.now))
        self.tell("want", lambda: acd.want(agent, "ready", "", self.now))
        self.tell("phone", lambda: acd.phone(agent, False, self.now))
        self.tell("phone", lambda: acd.phone(agent, True, self.now))
        self.answers(agent, self.rung[agent])
        self.all_answer()
        for _ in range(2):
            self.arrives(priority=self.chance.choice((0, 0, 0, 5)))
        leaver = self.chance.choice(list(self.waiting))
        self.tell("leave", lambda: acd.leave(leaver, self.now))
        self.tell("advance", lambda: acd.advance(self.now))
        self.all_answer()

    def questions(self) -> None:
        call = self.chance.choice(list(self.waiting))
        for name, ask in (
            ("deadline", self.acd.deadline),
            ("why_waiting", lambda: self.acd.why_waiting(call, self.now)),
            ("staffed", lambda: self.acd.staffed(self.queues[0].name)),
            ("agent", lambda: self.acd.agent(self.agents[0])),
            ("waiting", lambda: self.acd.waiting(self.queues[0].name)),
        ):
            begun = time.thread_time()
            ask()
            self.took.setdefault(name, []).append(time.thread_time() - begun)


def run_queues(rounds: int = 400) -> dict[str, Any]:
    """µs of CPU at the median and at the 99th of 100, for every method."""
    hall = FullHall()
    hall.fill()
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        hall.round()
        hall.questions()
    for _ in range(5):
        hall.tell("configure", lambda: hall.acd.configure(hall.queues, {a: a for a in hall.agents}, hall.now))
    figures: dict[str, Any] = {"callers": CALLERS, "agents": AGENTS, "queues": QUEUES}
    for name, took in sorted(hall.took.items()):
        ordered = sorted(took)
        figures[f"{name}_us_p50"] = round(ordered[len(ordered) // 2] * 1e6, 1)
        figures[f"{name}_us_p99"] = round(ordered[len(ordered) * 99 // 100] * 1e6, 1)
    return figures


class Stream:
    """Callers at a steady rate: some are answered, some give up. What is left behind must not grow."""

    def __init__(self, rate: float = 100.0, agents: int = AGENTS, seed: int = 1) -> None:
        self.hall = FullHall(callers=0, agents=agents, strategies=("longest_idle",), seed=seed)
        self.rate = rate
        self.hall.fill()
        self._to_come: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._next = self.hall.now

    def play(self, seconds: float) -> None:
        hall = self.hall
        until = hall.now + seconds
        while True:
            due = hall.acd.deadline()
            first = self._to_come[0][0] if self._to_come else self._next
            moment = min(self._next, first, self._next if due is None else due)
            if moment > until:
                break
            hall.now = max(hall.now, moment)
            if due is not None and due <= moment:
                hall.tell("advance", lambda: hall.acd.advance(hall.now))
            elif self._to_come and self._to_come[0][0] <= moment:
                heapq.heappop(self._to_come)[2]()
            else:
                self._next += hall.chance.expovariate(self.rate)
                call = hall.arrives()
                self._at(hall.chance.expovariate(1 / 30), lambda call=call: self._leaves(call))  # type: ignore[misc]
            for agent, call in list(hall.rung.items()):
                hall.tell("ringing", lambda agent=agent, call=call: hall.acd.ringing(call, agent, hall.now))  # type: ignore[misc]
                hall.answers(agent, call)
                self._at(hall.chance.expovariate(1 / 10), lambda agent=agent: hall.ends(agent))  # type: ignore[misc]
            for took in hall.took.values():
                took.clear()
        hall.now = until

    def _leaves(self, call: CallId) -> None:
        if call in self.hall.waiting:
            self.hall.tell("leave", lambda: self.hall.acd.leave(call, self.hall.now))

    def _at(self, seconds: float, deed: Callable[[], None]) -> None:
        heapq.heappush(self._to_come, (self.hall.now + seconds, next(self._order), deed))


def run_stream(minutes: int = 10) -> dict[str, Any]:
    """kB that Python holds after each minute, once the first two have filled what is always there."""
    stream = Stream()
    stream.play(120)
    tracemalloc.start()
    begun = time.process_time()
    held = []
    for _ in range(minutes):
        stream.play(60)
        gc.collect()
        held.append(tracemalloc.get_traced_memory()[0] / 1024)
    tracemalloc.stop()
    return {
        "callers": stream.hall.count,
        "left": stream.hall.left,
        "waiting": len(stream.hall.waiting),
        "kb_first_minute": round(held[0], 1),
        "kb_last_minute": round(held[-1], 1),
        "kb_by_minute": [round(one, 1) for one in held],
        "cpu_seconds": round(time.process_time() - begun, 1),
    }


BENCHES: Mapping[str, Callable[..., dict[str, Any]]] = {"acd.queues": run_queues, "acd.stream": run_stream}

if __name__ == "__main__":
    print(json.dumps(run_queues()))
    print(json.dumps(run_stream()))
