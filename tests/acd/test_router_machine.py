"""Whatever happens in whatever order, the rules of the ACD hold: a machine of random facts against a plain twin.

The twin is made of what was told only: offers and withdrawals, callers gone. It knows nothing of the router's inside.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from callcenterd.acd.router import REST, Acd, CallerLeft, Decision, Offer, QueueMoved, Standing, Withdraw
from callcenterd.model.agents import WantedState
from callcenterd.model.events import DeclineReason
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.model.site import QueueSettings, Strategy

AGENTS = tuple(AgentId(f"100{n}") for n in range(5))
QUEUES = tuple(QueueName(name) for name in ("sales", "service", "night"))
agents = st.sampled_from(AGENTS)
turns = st.integers(0, 59)
"""Which one of those that there are."""
offices = st.lists(
    st.builds(
        QueueSettings,
        name=st.sampled_from(QUEUES),
        strategy=st.sampled_from(("longest_idle", "ring_all", "round_robin", "fewest_calls", "least_talk", "random")),
        members=st.lists(agents, unique=True, min_size=1).map(tuple),
        wrap_up=st.sampled_from((0, 10)),
        ring=st.sampled_from((5, 20)),
        max_wait=st.sampled_from((0, 30)),
    ),
    unique_by=lambda queue: queue.name,
    min_size=2,
    max_size=3,
)


REASONS: tuple[DeclineReason, ...] = ("no_answer", "busy", "refused", "unreachable")


class Calls(RuleBasedStateMachine):
    calls = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self.acd = Acd(random.Random(1))
        self.now = 0.0
        self.count = 0
        self.queues: dict[QueueName, QueueSettings] = {}
        self.present: set[AgentId] = set()
        self.phones: set[AgentId] = set()
        self.waiting: dict[CallId, tuple[QueueName, int, float]] = {}
        self.rung: dict[AgentId, CallId] = {}
        self.talks: dict[AgentId, CallId] = {}
        self.own: dict[AgentId, set[CallId]] = {}
        self.refused: dict[tuple[CallId, AgentId], float] = {}
        self.lines: dict[QueueName, list[CallId]] = {}
        self.left: set[CallId] = set()
        self.standings: dict[AgentId, object] = {}

    # ---- facts ------------------------------------------------------------------------------------------

    @initialize(office=offices)
    def open_with(self, office: list[QueueSettings]) -> None:
        self.another_office(office, set(AGENTS))
        for agent in AGENTS:
            self.phone(agent, True)
            self.want(agent, "ready")

    @precondition(lambda self: self.count % 8 == 7)
    @rule(office=offices, present=st.sets(agents, min_size=3))
    def another_office(self, office: list[QueueSettings], present: set[AgentId]) -> None:
        gone = self.present - present
        self.queues = {queue.name: queue for queue in office}
        self.lines = {queue: line for queue, line in self.lines.items() if queue in self.queues}
        for agent in present - self.present:
            if agent not in self.talks and not self.own.get(agent):
                self.phones.discard(agent)  # forgotten meanwhile
                self.standings.pop(agent, None)
        self.present = set(present)
        for agent in gone:
            self.standings.pop(agent, None)
        seats: dict[AgentId, str | None] = {agent: f"8{agent}" for agent in sorted(present)}
        self.told(self.acd.configure(office, seats, self.now))

    @rule(agent=agents, reachable=st.sampled_from((True, True, False)))
    def phone(self, agent: AgentId, reachable: bool) -> None:
        if agent in self.present:
            (self.phones.add if reachable else self.phones.discard)(agent)
            self.told(self.acd.phone(agent, reachable, self.now))

    @rule(agent=agents, state=st.sampled_from(("ready", "break", "ready", "signed_out", "ready")))
    def want(self, agent: AgentId, state: WantedState) -> None:
        if agent in self.present:
            self.told(self.acd.want(agent, state, "", self.now))

    @rule(agent=agents)
    def ends_wrap_up(self, agent: AgentId) -> None:
        if agent in self.present:
            self.told(self.acd.end_wrap_up(agent, self.now))

    @rule(agent=agents, call=st.sampled_from((CallId("own1"), CallId("own2"))))
    def dials(self, agent: AgentId, call: CallId) -> None:
        if agent in self.present:
            self.own.setdefault(agent, set()).add(call)  # told before: the twin must know it when the answer comes
            self.told(self.acd.occupied(agent, call, self.now))

    @rule(agent=agents, call=st.sampled_from((CallId("own1"), CallId("own2"))))
    def own_call_ends(self, agent: AgentId, call: CallId) -> None:
        self.own.get(agent, set()).discard(call)
        self.told(self.acd.free(agent, call, self.now))

    @rule(target=calls, queue=st.sampled_from(QUEUES), priority=st.integers(0, 2))
    def enters(self, queue: QueueName, priority: int) -> object:
        if queue not in self.queues:
            return multiple()
        self.count += 1
        call = CallId(f"c{self.count}")
        self.waiting[call] = (queue, priority, self.now)
        self.told(self.acd.enqueue(call, queue, self.now, priority=priority))
        return call

    @rule(call=consumes(calls))
    def leaves(self, call: CallId) -> None:
        self.told(self.acd.leave(call, self.now))
        assert call not in self.waiting

    @precondition(lambda self: self.rung)
    @rule(turn=turns)
    def rings(self, turn: int) -> None:
        agent = self.one_who_is_rung(turn)
        self.told(self.acd.ringing(self.rung[agent], agent, self.now))

    @rule(agent=agents, call=calls)
    def answers_late(self, agent: AgentId, call: CallId) -> None:
        if self.rung.get(agent) != call:
            decisions = self.acd.answered(call, agent, self.now)
            assert decisions == [Withdraw(call, agent, "late")]

    @precondition(lambda self: self.rung)
    @rule(turn=turns)
    def answers(self, turn: int) -> None:
        agent = self.one_who_is_rung(turn)
        call = self.rung.pop(agent)
        assert agent not in self.talks
        self.talks[agent] = call
        self.told(self.acd.answered(call, agent, self.now))

    def one_who_is_rung(self, turn: int) -> AgentId:
        return sorted(self.rung)[turn % len(self.rung)]

    @precondition(lambda self: self.rung)
    @rule(turn=turns, reason=st.sampled_from(("no_answer", "busy", "refused", "unreachable")))
    def declines(self, turn: int, reason: DeclineReason) -> None:
        agent = self.one_who_is_rung(turn)
        call = self.rung.pop(agent)
        if reason in ("busy", "refused"):
            self.refused[call, agent] = self.now + REST
        self.told(self.acd.declined(call, agent, reason, self.now))

    @precondition(lambda self: self.talks)
    @rule(turn=turns)
    def talk_ends(self, turn: int) -> None:
        agent = sorted(self.talks)[turn % len(self.talks)]
        del self.talks[agent]
        self.told(self.acd.talk_ended(agent, self.now))

    @rule(seconds=st.sampled_from((0.0, 0.5, 4.0, 11.0, 40.0)))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.told(self.acd.advance(self.now))

    @rule()
    def the_timer_fires(self) -> None:
        due = self.acd.deadline()
        if due is not None:
            self.now = max(self.now, due)
            self.told(self.acd.advance(self.now))

    # ---- what is told -----------------------------------------------------------------------------------

    def told(self, decisions: Iterable[Decision]) -> None:
        for decision in decisions:
            match decision:
                case Offer(call, queue, asked, why):
                    assert asked
                    assert why.text("zh-CN")
                    assert self.waiting[call][0] == queue
                    for agent in asked:
                        assert agent not in self.rung, "two offers at once"
                        assert agent not in self.talks, "an offer in a conversation"
                        assert not self.own.get(agent)
                        assert agent in self.queues[queue].members
                        assert agent in self.phones
                        self.rung[agent] = call
                    if self.queues[queue].strategy != "ring_all":
                        assert list(self.rung.values()).count(call) == 1
                case Withdraw(call, agent):
                    assert self.rung.pop(agent) == call
                case CallerLeft(call, queue, _, waited):
                    assert call not in self.left, "left twice"
                    assert waited >= 0
                    self.left.add(call)
                    assert self.waiting.pop(call)[0] == queue
                    assert call not in self.rung.values(), "rung on after the caller left"
                case Standing(agent):
                    self.standings[agent] = self.acd.agent(agent)
                case QueueMoved(queue):
                    self.lines[queue] = [waiting.call for waiting in self.acd.waiting(queue)]

    # ---- what always holds ------------------------------------------------------------------------------

    @invariant()
    def nobody_waits_beside_a_free_agent(self) -> None:
        free = {agent for agent in self.present if self.acd.agent(agent).state == "ready"}
        for call, (queue, _, _) in self.waiting.items():
            able = {
                agent
                for agent in free & set(self.queues[queue].members)
                if self.refused.get((call, agent), 0) <= self.now
            }
            if call not in self.rung.values() or self.queues[queue].strategy == "ring_all":
                assert not able, f"{call} waits in {queue} beside {able}"

    @invariant()
    def who_is_rung_could_take_the_call(self) -> None:
        for agent, call in self.rung.items():
            assert agent in self.present
            assert agent in self.phones
            assert agent in self.queues[self.waiting[call][0]].members
            assert agent not in self.talks
            assert not self.own.get(agent)
            assert self.acd.agent(agent).wanted == "ready"

    @invariant()
    def nobody_waits_longer_than_the_queue_lets(self) -> None:
        for queue, _, entered in self.waiting.values():
            longest = self.queues[queue].max_wait
            assert not longest or self.now < entered + longest or self.late()

    @invariant()
    def nothing_is_rung_or_wrapped_up_for_longer_than_it_should(self) -> None:
        for agent in self.present:
            until = self.acd.agent(agent).until
            assert until is None or until > self.now or self.late()

    def late(self) -> bool:
        """A timer is due and has not fired: another office was told in between."""
        due = self.acd.deadline()
        return due is not None and due <= self.now

    @invariant()
    def states_follow_from_facts(self) -> None:
        for agent in self.present:
            standing = self.acd.agent(agent)
            assert standing.since <= self.now
            assert (standing.state == "talking") == (agent in self.talks or bool(self.own.get(agent)))
            assert (standing.state == "offered") == (agent in self.rung)
            if standing.state == "ready":
                assert agent in self.phones

    @invariant()
    def whoever_was_told_knows(self) -> None:
        """A standing that was told is the one that holds, until the next is told."""
        for agent, standing in self.standings.items():
            if agent in self.present:
                assert self.acd.agent(agent) == standing

    @invariant()
    def the_line_is_in_its_order_and_nobody_is_lost(self) -> None:
        seen = []
        for queue in QUEUES:
            line = self.acd.waiting(queue)
            order = [(-w.priority, w.since, w.call) for w in line]
            assert order == sorted(order)
            assert [w.call for w in line] == (self.lines.get(queue, []) if queue in self.queues else [])
            assert [w.position for w in line] == list(range(1, len(line) + 1))
            seen += [w.call for w in line]
        assert sorted(seen) == sorted(self.waiting)

    @invariant()
    def every_wait_explains_itself(self) -> None:
        for call in self.waiting:
            assert self.acd.why_waiting(call, self.now).text("en")

    @invariant()
    def nothing_due_is_left_after_an_advance(self) -> None:
        due = self.acd.deadline()
        if due is not None and due <= self.now:
            self.told(self.acd.advance(self.now))
            after = self.acd.deadline()
            assert after is None or after > self.now


RULES = (
    Calls.nobody_waits_beside_a_free_agent,
    Calls.who_is_rung_could_take_the_call,
    Calls.nobody_waits_longer_than_the_queue_lets,
    Calls.nothing_is_rung_or_wrapped_up_for_longer_than_it_should,
    Calls.states_follow_from_facts,
    Calls.whoever_was_told_knows,
    Calls.the_line_is_in_its_order_and_nobody_is_lost,
    Calls.every_wait_explains_itself,
    Calls.nothing_due_is_left_after_an_advance,
)
TestRandomFacts = Calls.TestCase
TestRandomFacts.settings = settings(max_examples=100, stateful_step_count=60, deadline=None)


@pytest.mark.parametrize("seed", range(10))
def test_a_long_busy_day_keeps_every_rule(seed: int) -> None:
    """The same machine, driven by chance with the weights of a busy hall: what is rare to hypothesis is common here."""
    chance = random.Random(seed)
    machine = Calls()
    strategies = get_args(Strategy)

    def office() -> list[QueueSettings]:
        return [
            QueueSettings(
                name=queue,
                strategy=chance.choice(strategies),
                members=tuple(chance.sample(AGENTS, chance.randint(0, 5))),
                wrap_up=chance.choice((0, 10)),
                ring=chance.choice((5, 20)),
                max_wait=chance.choice((0, 60)),
            )
            for queue in chance.sample(QUEUES, chance.randint(1, 3))
        ]

    def some(deed: Callable[..., object], *of: object) -> Callable[[], object]:
        return lambda: deed(*(chance.choice(values) for values in of if isinstance(values, Sequence)))

    own = (CallId("own1"), CallId("own2"))
    deeds: Sequence[tuple[int, Callable[[], object]]] = (
        (1, lambda: machine.another_office(office(), set(chance.sample(AGENTS, chance.randint(3, 5))))),
        (4, some(machine.phone, AGENTS, (True, True, True, False))),
        (12, some(machine.want, AGENTS, ("ready", "ready", "ready", "ready", "break", "signed_out"))),
        (3, some(machine.ends_wrap_up, AGENTS)),
        (2, some(machine.dials, AGENTS, own)),
        (6, some(machine.own_call_ends, AGENTS, own)),
        (14, some(machine.enters, QUEUES, (0, 0, 1))),
        (3, lambda: machine.leaves(chance.choice(list(machine.waiting))) if machine.waiting else None),
        (8, lambda: machine.rings(chance.randrange(60)) if machine.rung else None),
        (12, lambda: machine.answers(chance.randrange(60)) if machine.rung else None),
        (5, lambda: machine.declines(chance.randrange(60), chance.choice(REASONS)) if machine.rung else None),
        (14, lambda: machine.talk_ends(chance.randrange(60)) if machine.talks else None),
        (10, some(machine.time_passes, (0.0, 0.5, 4.0, 11.0))),
        (6, machine.the_timer_fires),
    )
    machine.open_with(office())
    for weighted in chance.choices(deeds, [weight for weight, _ in deeds], k=2000):
        weighted[1]()
        for rule_of_the_house in RULES:
            rule_of_the_house(machine)
    assert len(machine.left) > 100
