"""Whatever happens in whatever order, the rules of the ACD hold: a machine of random facts against a plain twin.

The twin is made of what was told only: offers and withdrawals, callers gone. It knows nothing of the router's inside.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
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

from callcenterd.acd.router import Acd, CallerLeft, Decision, Offer, QueueMoved, Standing, Withdraw
from callcenterd.model.agents import WantedState
from callcenterd.model.events import DeclineReason
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.model.site import QueueSettings, Strategy

AGENTS = tuple(AgentId(f"100{n}") for n in range(5))
QUEUES = tuple(QueueName(name) for name in ("sales", "service", "night"))
agents = st.sampled_from(AGENTS)
SKILLS = ("english", "cantonese")
levels = st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 3), max_size=2)
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
        skills=st.one_of(st.just({}), levels),
        ranks=st.one_of(st.just({}), st.dictionaries(agents, st.integers(1, 3))),
        ageing=st.sampled_from((0, 0, 15)),
        sticky=st.sampled_from(("off", "last")),
        sticky_wait=st.sampled_from((0, 8)),
        retry=st.sampled_from((3, 10)),
        misses=st.sampled_from((0, 1, 2)),
        miss_return=st.sampled_from((0, 7)),
        most_waiting=st.sampled_from((0, 0, 3)),
    ),
    unique_by=lambda queue: queue.name,
    min_size=2,
    max_size=3,
)


NEEDS: tuple[dict[str, int], ...] = ({}, {}, {}, {"english": 1}, {"english": 2, "cantonese": 1})
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
        """Who need not be asked again until then; of `rests`, who must not."""
        self.rests: dict[tuple[CallId, AgentId], float] = {}
        self.lines: dict[QueueName, list[CallId]] = {}
        self.left: set[CallId] = set()
        self.standings: dict[AgentId, object] = {}
        self.skills: dict[AgentId, Mapping[str, int]] = {}
        self.needs: dict[CallId, Mapping[str, int]] = {}
        self.alone: dict[CallId, tuple[AgentId, float]] = {}
        self.back: set[CallId] = set()
        self.place: dict[CallId, tuple[float, float, CallId]] = {}
        """In the order that held when the caller came: another office changes it for those who come later."""
        self.wanted: dict[AgentId, WantedState] = {}
        # the books of who was in from the first to the last: seconds signed in, and in each state
        self.steady = set(AGENTS)
        self.inside_since: dict[AgentId, float] = {}
        self.inside: dict[AgentId, float] = dict.fromkeys(AGENTS, 0.0)
        self.stood: dict[AgentId, tuple[str, float]] = dict.fromkeys(AGENTS, ("signed_out", 0.0))
        self.states: dict[AgentId, Counter[str]] = {agent: Counter() for agent in AGENTS}

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
        self.steady -= set(AGENTS) - present
        for agent in gone:
            self.wanted.pop(agent, None)
        self.configure()

    @rule(agent=agents, skills=levels)
    def learns(self, agent: AgentId, skills: Mapping[str, int]) -> None:
        self.skills[agent] = skills
        self.configure()

    def configure(self) -> None:
        seats: dict[AgentId, str | None] = {agent: f"8{agent}" for agent in sorted(self.present)}
        self.told(self.acd.configure(self.queues.values(), seats, self.now, skills=self.skills))

    @precondition(lambda self: self.count % 16 == 15)
    @rule()
    def starts_again(self) -> None:
        """The server was killed: what agents want and who is to be called back is known from the store, nothing else.

        A phone counts when it registers again. Whoever waited on the line is gone, and so is every conversation.
        """
        kept = {call: place for call, place in self.waiting.items() if call in self.back}
        self.acd = Acd(random.Random(1))
        self.phones.clear()
        self.standings.clear()
        for gone in (self.rung, self.talks, self.own, self.refused, self.rests, self.alone, self.lines):
            gone.clear()
        self.left |= self.waiting.keys() - kept.keys()
        self.waiting = {}
        self.steady.clear()
        self.configure()
        for agent, wanted in self.wanted.items():
            self.told(self.acd.want(agent, wanted, "", self.now))
        for call, (queue, priority, since) in kept.items():
            self.waits(call, queue, priority, since)
            self.told(
                self.acd.enqueue(
                    call, queue, self.now, priority=priority, entered=since, needs=self.needs[call], calls_back=True
                )
            )
        places = {call: since for call, (_, _, since) in kept.items()}
        for queue in self.queues:
            assert [one.since for one in self.acd.waiting(queue)] == [
                places[one.call] for one in self.acd.waiting(queue)
            ], "the place was kept"

    def waits(self, call: CallId, queue: QueueName, priority: int, since: float) -> None:
        ageing = self.queues[queue].ageing
        self.waiting[call] = (queue, priority, self.now)
        self.place[call] = (0 if ageing else -priority, since - ageing * priority, call)

    def book(self) -> None:
        """Who is signed in, or still in a call."""
        for agent in AGENTS:
            is_in = self.wanted.get(agent, "signed_out") != "signed_out" or agent in self.talks or self.own.get(agent)
            if is_in and agent not in self.inside_since:
                self.inside_since[agent] = self.now
            elif not is_in and agent in self.inside_since:
                self.inside[agent] += self.now - self.inside_since.pop(agent)

    def teardown(self) -> None:
        """The day is over: the sums of all states are the time signed in."""
        for agent in self.steady:
            state, since = self.stood[agent]
            self.states[agent][state] += self.now - since  # type: ignore[assignment]
            spent = sum(seconds for state, seconds in self.states[agent].items() if state != "signed_out")
            signed = self.inside[agent] + self.now - self.inside_since.get(agent, self.now)
            assert spent == pytest.approx(signed, abs=1e-6)

    @rule(agent=agents, reachable=st.sampled_from((True, True, False)))
    def phone(self, agent: AgentId, reachable: bool) -> None:
        if agent in self.present:
            (self.phones.add if reachable else self.phones.discard)(agent)
            self.told(self.acd.phone(agent, reachable, self.now))

    @rule(agent=agents, state=st.sampled_from(("ready", "break", "ready", "signed_out", "ready")))
    def want(self, agent: AgentId, state: WantedState) -> None:
        if agent in self.present:
            self.wanted[agent] = state
            self.told(self.acd.want(agent, state, "", self.now))

    @rule(agent=agents, seconds=st.sampled_from((5.0, 60.0)))
    def prolongs(self, agent: AgentId, seconds: float) -> None:
        if agent in self.present:
            self.told(self.acd.prolong(agent, seconds, self.now))

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

    @rule(
        target=calls,
        queue=st.sampled_from(QUEUES),
        priority=st.integers(0, 2),
        needs=st.one_of(st.just({}), st.just({}), levels),
        prefers=st.one_of(st.none(), agents),
        back=st.sampled_from((False, False, True)),
    )
    def enters(
        self,
        queue: QueueName,
        priority: int,
        needs: Mapping[str, int],
        prefers: AgentId | None = None,
        back: bool = False,
    ) -> object:
        if queue not in self.queues:
            return multiple()
        self.count += 1
        call = CallId(f"c{self.count}")
        settings = self.queues[queue]
        full = 0 < settings.most_waiting <= len(self.acd.waiting(queue))
        self.waits(call, queue, priority, self.now)
        self.needs[call] = needs
        if back:
            self.back.add(call)
        if prefers is not None and prefers in settings.members:
            self.alone[call] = (prefers, self.now + settings.sticky_wait)
        self.told(
            self.acd.enqueue(call, queue, self.now, priority=priority, needs=needs, prefers=prefers, calls_back=back)
        )
        if full:
            assert call in self.left
        return call

    @rule(turn=turns)
    def connects(self, turn: int) -> None:
        """Who is called back has answered."""
        if dialled := sorted(set(self.rung.values()) & self.back):
            call = dialled[turn % len(dialled)]
            self.back.discard(call)
            queue, priority, _ = self.waiting[call]
            self.waiting[call] = (queue, priority, self.now)
            self.told(self.acd.connected(call, self.now))

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
        self.book()
        self.told(self.acd.answered(call, agent, self.now))

    def one_who_is_rung(self, turn: int) -> AgentId:
        return sorted(self.rung)[turn % len(self.rung)]

    @precondition(lambda self: self.rung)
    @rule(turn=turns, reason=st.sampled_from(("no_answer", "busy", "refused", "unreachable")))
    def declines(self, turn: int, reason: DeclineReason) -> None:
        agent = self.one_who_is_rung(turn)
        call = self.rung.pop(agent)
        again = self.now + self.queues[self.waiting[call][0]].retry
        if reason != "unreachable":
            self.refused[call, agent] = again
        if reason in ("busy", "refused"):
            self.rests[call, agent] = again
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
                case Offer(call, queue, asked, why, back):
                    assert asked
                    assert back == (call in self.back)
                    assert not back or len(asked) == 1, "one agent is kept for who is called back"
                    assert why.text("zh-CN")
                    assert self.waiting[call][0] == queue
                    for agent in asked:
                        assert agent not in self.rung, "two offers at once"
                        assert agent not in self.talks, "an offer in a conversation"
                        assert not self.own.get(agent)
                        assert agent in self.queues[queue].members
                        assert agent in self.phones
                        assert self.can(agent, call), "an offer to who is not able"
                        assert self.rests.get((call, agent), 0) <= self.now, "an offer to who has just refused"
                        self.rung[agent] = call
                    if self.queues[queue].strategy != "ring_all":
                        assert list(self.rung.values()).count(call) == 1
                case Withdraw(call, agent, why_not):
                    assert self.rung.pop(agent) == call
                    if why_not == "no_answer":
                        self.refused[call, agent] = self.now + self.queues[self.waiting[call][0]].retry
                case CallerLeft(call, queue, _, waited):
                    assert call not in self.left, "left twice"
                    assert waited >= 0
                    self.left.add(call)
                    assert self.waiting.pop(call)[0] == queue
                    assert call not in self.rung.values(), "rung on after the caller left"
                case Standing(agent):
                    standing = self.acd.agent(agent)
                    self.standings[agent] = standing
                    before, since = self.stood[agent]
                    if agent in self.steady:
                        assert standing.since >= since, "time goes forward"
                    self.states[agent][before] += standing.since - since  # type: ignore[assignment]
                    self.stood[agent] = (standing.state, standing.since)
                case QueueMoved(queue):
                    self.lines[queue] = [waiting.call for waiting in self.acd.waiting(queue)]

    def can(self, agent: AgentId, call: CallId) -> bool:
        """Has the agent the skills?"""
        asked = (self.queues[self.waiting[call][0]].skills, self.needs[call])
        return all(self.skills.get(agent, {}).get(skill, 0) >= level for each in asked for skill, level in each.items())

    def waits_for_own(self, call: CallId) -> bool:
        """The caller's own agent is there, but busy, and nobody else is asked yet."""
        own, until = self.alone.get(call, (None, 0.0))
        if own is None or until <= self.now or own not in self.present:
            return False
        there = self.acd.agent(own)
        return own in self.queues[self.waiting[call][0]].members and there.wanted == "ready" and there.reachable

    # ---- what always holds ------------------------------------------------------------------------------

    @invariant()
    def nobody_waits_beside_a_free_agent(self) -> None:
        self.book()
        assert self.late() or self.acd.idle_beside(self.now) == []
        free = {agent for agent in self.present if self.acd.agent(agent).state == "ready"}
        for call, (queue, _, _) in self.waiting.items():
            settings = self.queues[queue]
            able = {
                agent
                for agent in free & set(settings.members)
                if self.refused.get((call, agent), 0) <= self.now and self.can(agent, call)
            }
            rung = {agent for agent, theirs in self.rung.items() if theirs == call}
            if rung and settings.strategy == "ring_all" and call not in self.back:
                latest = max(settings.ranks.get(agent, 1) for agent in rung)
                able = {agent for agent in able if settings.ranks.get(agent, 1) <= latest}
            elif rung:
                continue
            if not self.waits_for_own(call):
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
        for call, (queue, _, entered) in self.waiting.items():
            longest = self.queues[queue].max_wait
            assert not longest or call in self.back or self.now < entered + longest or self.late()

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
            order = [self.place[one.call] for one in line]
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
                skills=chance.choice(NEEDS),
                ranks=chance.choice(({}, {}, {agent: chance.randint(1, 3) for agent in AGENTS})),
                ageing=chance.choice((0, 0, 15)),
                sticky=chance.choice(("off", "last")),
                sticky_wait=chance.choice((0, 8)),
                retry=chance.choice((3, 10)),
                misses=chance.choice((0, 1, 2)),
                miss_return=chance.choice((0, 7)),
                most_waiting=chance.choice((0, 0, 6)),
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
        (14, some(machine.enters, QUEUES, (0, 0, 1), NEEDS, (None, None, *AGENTS), (False, False, False, True))),
        (3, lambda: machine.connects(chance.randrange(60))),
        (1, some(machine.learns, AGENTS, NEEDS)),
        (1, some(machine.prolongs, AGENTS, (5.0, 60.0))),
        (1, lambda: machine.starts_again() if chance.random() < 0.2 else None),
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
    machine.teardown()
    assert len(machine.left) > 100
