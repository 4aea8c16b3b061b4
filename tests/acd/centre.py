"""A centre of two hundred seats on a virtual day, and a plain twin that keeps its own books of it.

The day has a curve by half-hours, two shifts, lunch and short breaks, wrap-up, callers who give up, phones that are
busy, refuse, do not answer, answer too late or vanish, and calls that agents dial themselves. Every moment is a
multiple of 1/1024 second, so that sums of seconds are exact.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import get_args

from callcenterd.acd.router import Acd, CallerLeft, Decision, Offer, QueueMoved, Standing, Withdraw
from callcenterd.model.agents import AgentState, WantedState
from callcenterd.model.events import DeclineReason
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.model.site import QueueSettings, Strategy

CURVE = (2, 4, 7, 9, 10, 9, 8, 5, 3, 3, 5, 8, 9, 9, 7, 6, 5, 4, 2, 1)
"""Callers by half-hour, from eight to six, as weights."""
HALF_HOUR = 1800.0
DAY = HALF_HOUR * len(CURVE)
AGAIN = 10.0
"""Seconds in which who has just refused a call is not asked for it again."""
_STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)


def even(seconds: float) -> float:
    return round(seconds * 1024) / 1024


class Centre:
    """left: outcomes by queue. booked: seconds of each agent in each state, as told. signed, talked, rung_for: the same
    seconds from the twin's own books."""

    def __init__(self, seed: int = 1, calls: int = 5500, seats: int = 200, queues: int = 8) -> None:
        self._chance = random.Random(seed)
        self.acd = Acd(random.Random(seed))
        self.agents = [AgentId(f"{1001 + n}") for n in range(seats)]
        self._calls = calls
        self.queues = {
            name: QueueSettings(
                name=name,
                strategy=_STRATEGIES[n % len(_STRATEGIES)],
                members=tuple(
                    agent for place, agent in enumerate(self.agents) if place % queues == n or (place * 5 + n) % 13 == 0
                ),
                wrap_up=(0, 15, 30)[n % 3],
                max_wait=(0, 0, 20)[n % 3],
            )
            for n, name in enumerate(QueueName(f"queue{n}") for n in range(queues))
        }
        self.now = 0.0
        self.entered: Counter[QueueName] = Counter()
        self.left: dict[QueueName, Counter[str]] = defaultdict(Counter)
        self.waiting: dict[CallId, QueueName] = {}
        self.gone: set[CallId] = set()
        self.rung: dict[AgentId, tuple[CallId, float]] = {}
        self.talks: dict[AgentId, CallId] = {}
        self.own: dict[AgentId, CallId] = {}
        self.phones: set[AgentId] = set()
        self.ready: set[AgentId] = set()
        self.unwilling: dict[tuple[CallId, AgentId], float] = {}
        self.late_answers = 0
        self.lost_phones = 0
        self.booked: dict[AgentId, dict[AgentState, float]] = {agent: defaultdict(float) for agent in self.agents}
        self._stands: dict[AgentId, tuple[AgentState, float]] = dict.fromkeys(self.agents, ("signed_out", 0.0))
        self.signed: dict[AgentId, float] = defaultdict(float)
        self.talked: dict[AgentId, float] = defaultdict(float)
        self.rung_for: dict[AgentId, float] = defaultdict(float)
        self._signed_since: dict[AgentId, float] = {}
        self._talks_since: dict[AgentId, float] = {}
        self._goes: set[AgentId] = set()
        self._order = itertools.count()
        self._to_come: list[tuple[float, int, Callable[[], None]]] = []
        self.steps = 0

    def play(self) -> None:
        self.told(self.acd.configure(self.queues.values(), {agent: agent for agent in self.agents}, 0.0))
        for place, agent in enumerate(self.agents):
            self._phone(agent, True)
            self._plan(agent, begin=place % 3 * 3600.0)
        for n, moment in enumerate(self._arrivals()):
            self._at(moment, self._arrives(CallId(f"call{n:05}")))
        while self._to_come or self.acd.deadline() is not None:
            due = self.acd.deadline()
            if due is not None and (not self._to_come or due <= self._to_come[0][0]):
                self.now = due
                self.told(self.acd.advance(due))
            else:
                self.now, _, deed = heapq.heappop(self._to_come)
                deed()
        for agent in self.agents:
            self._book(agent, "signed_out", self.now)

    # ---- what people do ---------------------------------------------------------------------------------

    def _arrivals(self) -> list[float]:
        slots = self._chance.choices(range(len(CURVE)), CURVE, k=self._calls)
        return sorted((slot + self._chance.random()) * HALF_HOUR for slot in slots)

    def _plan(self, agent: AgentId, begin: float) -> None:
        """A shift of eight hours: two short breaks, lunch, and at the end whoever talks ends the call first."""
        chance = self._chance
        begin += chance.uniform(0, 600)
        self._at(begin, lambda: self._signs_in(agent))
        for after, length in ((2.0, 600), (4.0, 2400), (6.2, 600)):
            pause = begin + (after + chance.uniform(-0.4, 0.4)) * 3600
            self._at(pause, lambda: self._wants(agent, "break"))
            self._at(pause + length, lambda: self._wants(agent, "ready"))
        self._at(begin + 8 * 3600, lambda: self._signs_out(agent))
        if chance.random() < 0.3:
            lost = begin + chance.uniform(0.1, 7.5) * 3600
            self._at(lost, lambda: self._phone(agent, False))
            self._at(lost + chance.uniform(2, 300), lambda: self._phone(agent, True))
        for _ in range(chance.randrange(4)):
            self._at(begin + chance.uniform(0.1, 7.9) * 3600, lambda: self._dials(agent))

    def _arrives(self, call: CallId) -> Callable[[], None]:
        queue = self._chance.choice(list(self.queues))
        patience = self._chance.expovariate(1 / 120)

        def deed() -> None:
            self.entered[queue] += 1
            self.waiting[call] = queue
            self.told(self.acd.enqueue(call, queue, self.now, priority=self._chance.choice((0, 0, 0, 1))))
            self._after(patience, lambda: self.told(self.acd.leave(call, self.now)))

        return deed

    def _signs_in(self, agent: AgentId) -> None:
        self._signed_since[agent] = self.now
        self._wants(agent, "ready")

    def _signs_out(self, agent: AgentId) -> None:
        self._goes.add(agent)
        self._gone_if_free(agent)
        self.told(self.acd.want(agent, "signed_out", "", self.now))

    def _wants(self, agent: AgentId, state: WantedState) -> None:
        if agent in self._signed_since and agent not in self._goes:
            self.told(self.acd.want(agent, state, "lunch" if state == "break" else "", self.now))

    def _phone(self, agent: AgentId, reachable: bool) -> None:
        (self.phones.add if reachable else self.phones.discard)(agent)
        self.lost_phones += not reachable
        self.told(self.acd.phone(agent, reachable, self.now))

    def _dials(self, agent: AgentId) -> None:
        if agent in self.talks or agent in self.own or agent in self._goes or agent not in self._signed_since:
            return
        call = CallId(f"own{next(self._order)}")
        self.own[agent] = call
        self._talks_since[agent] = self.now
        self.told(self.acd.occupied(agent, call, self.now))
        self._after(self._chance.expovariate(1 / 90), lambda: self._hangs_up(agent))

    def _hangs_up(self, agent: AgentId) -> None:
        call = self.own.pop(agent)
        self._speaks_no_more(agent)
        self.told(self.acd.free(agent, call, self.now))

    def _rung(self, call: CallId, agent: AgentId) -> None:
        if self.rung.get(agent, ("", 0))[0] != call:
            return
        luck = self._chance.random()
        if luck < 0.02:  # a phone that never says that it rings
            self._comes_back_later(agent)
            return
        self.told(self.acd.ringing(call, agent, self.now))
        if luck < 0.05:
            self._comes_back_later(agent)
        elif luck < 0.11:
            self._after(1.5, lambda: self._declines(call, agent, self._chance.choice(("busy", "refused"))))
        elif luck < 0.13:
            self._after(19.5, lambda: self._answers(call, agent))
        else:
            self._after(self._chance.uniform(1, 9), lambda: self._answers(call, agent))

    def _comes_back_later(self, agent: AgentId) -> None:
        self._after(120, lambda: self._wants(agent, "ready"))

    def _declines(self, call: CallId, agent: AgentId, reason: DeclineReason) -> None:
        if self.rung.get(agent, ("", 0))[0] == call:
            self._rung_no_more(agent)
            self.unwilling[call, agent] = self.now
        self.told(self.acd.declined(call, agent, reason, self.now))

    def _answers(self, call: CallId, agent: AgentId) -> None:
        if self.rung.get(agent, ("", 0))[0] != call:
            if self._chance.random() < 0.97:  # a phone that was told to stop ringing mostly obeys
                return
            self.late_answers += 1
            assert self.acd.answered(call, agent, self.now) == [Withdraw(call, agent, "late")]
            return
        self._rung_no_more(agent)
        assert agent not in self.talks
        self.talks[agent] = call
        self._talks_since[agent] = self.now
        self.told(self.acd.answered(call, agent, self.now))
        self._after(self._chance.lognormvariate(5.3, 0.7), lambda: self._ends(agent))

    def _ends(self, agent: AgentId) -> None:
        del self.talks[agent]
        self._speaks_no_more(agent)
        self.told(self.acd.talk_ended(agent, self.now))

    # ---- the twin's books -------------------------------------------------------------------------------

    def _speaks_no_more(self, agent: AgentId) -> None:
        self.talked[agent] += self.now - self._talks_since.pop(agent)
        self._gone_if_free(agent)

    def _gone_if_free(self, agent: AgentId) -> None:
        if agent in self._goes and agent in self._signed_since and agent not in self._talks_since:
            self.signed[agent] += self.now - self._signed_since.pop(agent)

    def _rung_no_more(self, agent: AgentId) -> CallId:
        call, since = self.rung.pop(agent)
        self.rung_for[agent] += self.now - since
        return call

    def _book(self, agent: AgentId, state: AgentState, since: float) -> None:
        before, begin = self._stands[agent]
        assert since >= begin, "time goes forward"
        self.booked[agent][before] += since - begin
        self._stands[agent] = (state, since)

    def told(self, decisions: Sequence[Decision]) -> None:
        self.steps += 1
        for decision in decisions:
            match decision:
                case Offer(call, queue, asked):
                    for agent in asked:
                        assert agent in self.queues[queue].members
                        assert agent in self.phones
                        assert agent not in self.rung, "two offers at once"
                        assert agent not in self.talks
                        assert agent not in self.own
                        assert agent not in self._goes
                        self.rung[agent] = (call, self.now)
                        self._after(0.5, lambda call=call, agent=agent: self._rung(call, agent))  # type: ignore[misc]
                case Withdraw(call, agent, why):
                    assert self._rung_no_more(agent) == call
                    if why == "no_answer":
                        self.unwilling[call, agent] = self.now
                case CallerLeft(call, queue, reason, waited):
                    assert self.waiting.pop(call) == queue
                    assert call not in self.gone, "one outcome only"
                    assert waited >= 0
                    self.gone.add(call)
                    self.left[queue][reason] += 1
                case Standing(agent):
                    standing = self.acd.agent(agent)
                    self._book(agent, standing.state, standing.since)
                    (self.ready.add if standing.state == "ready" else self.ready.discard)(agent)
                case QueueMoved():
                    pass
        self._nobody_waits_beside_a_free_agent()
        if self.steps % 997 == 0:
            assert self.ready == {agent for agent in self.agents if self.acd.agent(agent).state == "ready"}
            for queue in self.queues:
                assert {one.call for one in self.acd.waiting(queue)} == {
                    call for call, theirs in self.waiting.items() if theirs == queue
                }

    def _nobody_waits_beside_a_free_agent(self) -> None:
        if not self.ready or not self.waiting:
            return
        rung = {call for call, _ in self.rung.values()}
        for call, queue in self.waiting.items():
            if call not in rung or self.queues[queue].strategy == "ring_all":
                for agent in self.ready.intersection(self.queues[queue].members):
                    refused = self.unwilling.get((call, agent))
                    assert refused is not None, f"{call} waits beside {agent}"
                    assert refused + AGAIN > self.now, f"{call} waits beside {agent}"

    # ---- within -----------------------------------------------------------------------------------------

    def _at(self, moment: float, deed: Callable[[], None]) -> None:
        heapq.heappush(self._to_come, (even(moment), next(self._order), deed))

    def _after(self, seconds: float, deed: Callable[[], None]) -> None:
        self._at(self.now + seconds, deed)
