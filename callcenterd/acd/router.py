"""Who is asked to take which call: facts and time in, decisions out (ACD-01, ACD-02, ACD-07).

One matcher looks at all who wait and at all who are free, after every fact. Callers come in one order (priority,
entry, id) across all queues; a caller whom nobody can serve is passed over and never blocks the next one. Nothing
here is kept that follows from something else: an agent's state is derived (`agent.py`), an offer is a lease that
ends by itself. So a lost message of a phone costs the rest of a ring time, not a stuck agent.
"""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from callcenterd.acd.agent import (
    SHIFT,
    Agent,
    AgentStanding,
    Lease,
    Talk,
    WrapUp,
    is_able,
    may_be_offered,
    standing_of,
    state_of,
)
from callcenterd.acd.queue import Caller, Line, Order, Waiting
from callcenterd.acd.reasons import Reason, WithdrawReason
from callcenterd.acd.strategies import STRATEGIES, Memory, Ready, why
from callcenterd.errors import LocalError, NotFound
from callcenterd.model.agents import WantedState
from callcenterd.model.events import DeclineReason, LeftReason
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.model.site import QueueSettings

GRACE = 5.0
"""Seconds that a phone has, beyond the ring time, to say that it rings. One that never does is unreachable."""
GIVEN = 120.0
"""Seconds that a caller waits for the agent whom a supervisor has chosen, before others are asked as well."""
_SWEEP = 4096
"""Timers beyond which those that mean nothing any more are thrown out."""
WATCHED = 50
"""Callers of each line at whom the watch looks."""
MOST_WRAP_UP = 3600.0
"""Seconds by which a wrap-up may be prolonged at once."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Ring these agents for the call. The lease of each is running.

    calls_back: dial who wants to be called back; the (only) agent is kept meanwhile, and rung when that one answers
    (`connected`).
    """

    call: CallId
    queue: QueueName
    agents: tuple[AgentId, ...]
    why: Reason
    calls_back: bool = False


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Stop ringing this agent for the call; or, if it has just been answered too late, hang up."""

    call: CallId
    agent: AgentId
    why: WithdrawReason


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """The wait is over, told once. waited: seconds since this wait began."""

    call: CallId
    queue: QueueName
    reason: LeftReason
    waited: float


@dataclass(frozen=True, slots=True)
class Standing:
    """The agent's standing is another one now: ask `agent`."""

    agent: AgentId


@dataclass(frozen=True, slots=True)
class QueueMoved:
    """Somebody entered or left the queue: ask `waiting`."""

    queue: QueueName


Decision = Offer | Withdraw | CallerLeft | Standing | QueueMoved
"""To be carried out in the order in which they are given: what ends first, then what begins, then what to tell."""

_Timer = Literal["lease", "wrap_up", "max_wait", "rest", "alone", "return"]


@dataclass(slots=True)
class _Queue:
    """members: those of the settings that exist, in the list's order. able: of them, by rank, who has the queue's
    skills. last: who was rung last."""

    settings: QueueSettings
    members: tuple[AgentId, ...] = ()
    able: dict[int, tuple[AgentId, ...]] = field(default_factory=dict)
    line: Line = field(default_factory=Line)
    last: AgentId | None = None


class Acd:
    """Every method that is told something answers what is to be done now. now: seconds of one monotonic clock.

    What comes too late (an answer after the lease, a farewell of somebody forgotten) changes nothing. What asks for
    an agent or a queue that does not exist raises NotFound, and changes nothing either.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._agents: dict[AgentId, Agent] = {}
        self._queues: dict[QueueName, _Queue] = {}
        self._ranks: tuple[int, ...] = ()
        self._callers: dict[CallId, Caller] = {}
        self._rung: dict[CallId, dict[AgentId, None]] = {}
        self._ready: set[AgentId] = set()
        self._given: dict[CallId, None] = {}
        self._timers: list[tuple[float, int, _Timer, CallId | None, AgentId | None]] = []
        self._serial = itertools.count()
        self._sweep_at = _SWEEP
        # what one step has come to so far
        self._ended: list[Decision] = []
        self._offers: list[Decision] = []
        self._before: dict[AgentId, AgentStanding | None] = {}
        self._moved: dict[QueueName, None] = {}

    # ---- the office -------------------------------------------------------------------------------------

    def configure(
        self,
        queues: Iterable[QueueSettings],
        agents: Mapping[AgentId, str | None],
        now: float,
        *,
        skills: Mapping[AgentId, Mapping[str, int]] | None = None,
    ) -> list[Decision]:
        """Another office is in force. agents: each with the extension of the phone (None: has none). skills: of those
        agents who have some.

        A phone that is new to its agent counts as unreachable until `phone` says otherwise. Who waits in a queue
        that is gone leaves it as `failed`, in a queue that has lost its last member as `no_agent`.
        """
        for identity, extension in agents.items():
            self._seat(identity, extension, now)
            self._agents[identity].skills = (skills or {}).get(identity, {})
        wanted = {settings.name: settings for settings in queues}
        for name in [name for name in self._queues if name not in wanted]:
            self._remove_queue(name, now)
        for name, settings in wanted.items():
            queue = self._queues.setdefault(name, _Queue(settings))
            queue.settings = settings
            queue.members = tuple(dict.fromkeys(agent for agent in settings.members if agent in agents))
            queue.able = self._able(queue)
        self._ranks = tuple(sorted({rank for queue in self._queues.values() for rank in queue.able}))
        for agent in list(self._agents.values()):
            if agent.lease is not None and agent.id not in self._queues[agent.lease.queue].members:
                self._withdraw(agent, "not_a_member", now)
        for identity in [identity for identity in self._agents if identity not in agents]:
            self._remove_agent(self._agents[identity], now)
        for caller in list(self._callers.values()):
            limit = self._limit_of(caller)
            if not self._queues[caller.queue].members:
                self._let_go(caller, "no_agent", now)
            elif limit is not None and limit <= now:  # the new limit: nobody was to leave before it was in force
                self._let_go(caller, "timed_out", now)
            else:
                self._limit(caller)
        return self._settle(now)

    def _able(self, queue: _Queue) -> dict[int, tuple[AgentId, ...]]:
        able: dict[int, list[AgentId]] = {}
        for agent in queue.members:
            if is_able(self._agents[agent], queue.settings.skills):
                able.setdefault(queue.settings.ranks.get(agent, 1), []).append(agent)
        return {rank: tuple(agents) for rank, agents in able.items()}

    def _seat(self, identity: AgentId, extension: str | None, now: float) -> None:
        agent = self._agents.get(identity)
        if agent is None:
            agent = Agent(id=identity, extension=extension, since=now, idle_since=now)
            self._notice(agent, new=True)
            self._agents[identity] = agent
            return
        self._notice(agent)
        agent.removed = False
        if agent.extension != extension:
            agent.extension = extension
            self._reach(agent, False, now)
        self._changed(agent, now)

    def _remove_queue(self, name: QueueName, now: float) -> None:
        queue = self._queues[name]
        for caller in list(queue.line):
            self._let_go(caller, "failed", now, "queue_removed")
        del self._queues[name]
        self._moved.pop(name, None)

    def _remove_agent(self, agent: Agent, now: float) -> None:
        self._notice(agent)
        agent.removed = True
        agent.wanted, agent.reason, agent.imposed, agent.imposed_until = "signed_out", "", False, None
        agent.wrap_up = None
        self._changed(agent, now)
        self._forget_if_done(agent)

    def _forget_if_done(self, agent: Agent) -> None:
        if agent.removed and agent.talk is None and not agent.others:
            del self._agents[agent.id]
            self._before.pop(agent.id, None)

    # ---- what agents and phones do ----------------------------------------------------------------------

    def phone(self, agent: AgentId, reachable: bool, now: float) -> list[Decision]:
        """The agent's phone can be reached now, or not. Its coming back ends a break that its absence imposed."""
        known = self._known(agent)
        self._notice(known)
        self._reach(known, reachable, now)
        if reachable and known.imposed and known.reason == "unreachable":
            self._come_back(known)
        self._changed(known, now)
        return self._settle(now)

    def _reach(self, agent: Agent, reachable: bool, now: float) -> None:
        agent.reachable = reachable
        if not reachable and agent.lease is not None:
            self._withdraw(agent, "unreachable", now)

    def phone_is_dead(self, agent: AgentId, now: float) -> list[Decision]:
        """The agent's phone is registered, but does not answer: a break, as after an offer that it did not answer."""
        known = self._known(agent)
        self._notice(known)
        if known.wanted == "ready":
            known.wanted, known.reason, known.imposed = "break", "unreachable", True
        self._changed(known, now)
        return self._settle(now)

    def want(self, agent: AgentId, state: WantedState, reason: str, now: float) -> list[Decision]:
        """The agent's own wish. Ringing stops at once; a conversation and its wrap-up are finished first."""
        known = self._known(agent)
        self._notice(known)
        known.wanted, known.imposed, known.imposed_until, known.missed = state, False, None, 0
        known.reason = reason if state == "break" else ""
        if state == "signed_out":
            known.wrap_up = None
        if state != "ready" and known.lease is not None:
            self._withdraw(known, "on_break" if state == "break" else "signed_out", now)
        self._changed(known, now)
        return self._settle(now)

    def end_wrap_up(self, agent: AgentId, now: float) -> list[Decision]:
        known = self._known(agent)
        self._notice(known)
        known.wrap_up = None
        self._changed(known, now)
        return self._settle(now)

    def prolong(self, agent: AgentId, seconds: float, now: float) -> list[Decision]:
        """The wrap-up ends so much later, MOST_WRAP_UP from now at most. Nothing, if there is none."""
        known = self._known(agent)
        if known.wrap_up is not None:
            self._notice(known)
            until = min(known.wrap_up.until + max(0.0, seconds), now + MOST_WRAP_UP)
            known.wrap_up = dataclasses.replace(known.wrap_up, until=max(known.wrap_up.until, until))
            self._timer(known.wrap_up.until, "wrap_up", known.wrap_up.call, agent)
            self._changed(known, now)
        return self._settle(now)

    def occupied(self, agent: AgentId, call: CallId, now: float) -> list[Decision]:
        """The agent is in a call that no queue gave."""
        known = self._known(agent)
        self._notice(known)
        if call not in known.others:
            known.others = (*known.others, call)
        if known.lease is not None:
            self._withdraw(known, "in_a_call", now)
        self._changed(known, now)
        return self._settle(now)

    def free(self, agent: AgentId, call: CallId, now: float) -> list[Decision]:
        """That call is over for the agent."""
        known = self._agents.get(agent)
        if known is not None:
            self._notice(known)
            known.others = tuple(other for other in known.others if other != call)
            self._changed(known, now)
            self._forget_if_done(known)
        return self._settle(now)

    # ---- what callers do --------------------------------------------------------------------------------

    def enqueue(
        self,
        call: CallId,
        queue: QueueName,
        now: float,
        *,
        priority: int = 0,
        entered: float | None = None,
        needs: Mapping[str, int] | None = None,
        prefers: AgentId | None = None,
        calls_back: bool = False,
        dials: float = 0.0,
    ) -> list[Decision]:
        """A caller begins to wait. priority: points beside the queue's own. entered: the place that was kept; None is
        now. needs: skills beside the queue's own. prefers: whom the caller is given back to.
        calls_back: who is to be called back waits, without being on the line. dials: seconds that an agent is kept for
        that; 0: as the queue says.

        A queue without any member lets the caller go at once (`no_agent`); one in which as many wait as may, too
        (`full`), unless the place was kept. Raises LocalError if the call waits already.
        """
        kept = self._queues.get(queue)
        if kept is None:
            raise NotFound("queue", queue)
        if call in self._callers:
            raise LocalError(f"call {call} waits already, in queue {self._callers[call].queue}")
        caller = self._caller(kept.settings, call, now, priority, now if entered is None else entered)
        caller = dataclasses.replace(caller, needs=needs or {}, calls_back=calls_back, dials=dials)
        if prefers is not None and prefers in kept.members:
            caller = dataclasses.replace(caller, prefers=prefers, alone_until=now + kept.settings.sticky_wait)
            if kept.settings.sticky_wait:
                self._timer(caller.alone_until, "alone", call, None)
        full = 0 < kept.settings.most_waiting <= len(kept.line) and entered is None
        self._callers[call] = caller
        kept.line.add(caller)
        self._moved[queue] = None
        if not kept.members or full:
            self._let_go(caller, "full" if kept.members else "no_agent", now)
        else:
            self._limit(caller)
        return self._settle(now)

    def _caller(self, settings: QueueSettings, call: CallId, now: float, points: int, since: float) -> Caller:
        """Points of priority are a class of their own, or, where they age, so many seconds ahead."""
        points += settings.priority
        ahead = points * settings.ageing
        return Caller(
            call, settings.name, 0 if settings.ageing else points, since - ahead, now, since=since, points=points
        )

    def connected(self, call: CallId, now: float) -> list[Decision]:
        """Who is called back has answered, and waits from now on like anybody else; the agent who was kept is rung.

        Nothing, if the call does not wait to be called back.
        """
        caller = self._callers.get(call)
        if caller is None or not caller.calls_back:
            return self._settle(now)
        self._change(caller, calls_back=False, arrived=now)
        self._limit(self._callers[call])
        ring = self._queues[caller.queue].settings.ring
        for agent in self._rung.get(call, ()):
            known = self._agents[agent]
            self._notice(known)
            self._lease(known, Lease(call, caller.queue, now + ring + GRACE, ring))
            self._changed(known, now)
        return self._settle(now)

    def kept_for(self, call: CallId) -> AgentId | None:
        """Who is rung, or kept, for the call now; the first of several."""
        return next(iter(self._rung.get(call, ())), None)

    def leave(self, call: CallId, now: float, reason: LeftReason = "abandoned") -> list[Decision]:
        """The caller does not wait any more. Nothing, if the call does not wait."""
        caller = self._callers.get(call)
        if caller is not None:
            self._let_go(caller, reason, now, "answered_elsewhere" if reason == "answered" else "caller_left")
        return self._settle(now)

    # ---- what a supervisor does with who waits ----------------------------------------------------------

    def put_ahead(self, call: CallId, now: float, *, of_all: bool = False) -> list[Decision]:
        """The caller goes ahead of who stands before them, or of all in the queue; beside the callers of other queues
        too. Nothing, for the first one. Raises NotFound if the call does not wait."""
        caller = self._known_caller(call)
        line = self._queues[caller.queue].line
        place = line.position(caller)
        if place > 1:
            before = next(itertools.islice(line, 0 if of_all else place - 2, None))
            # As little ahead as a number can say: nobody else's order with that one becomes another.
            entered = math.nextafter(before.entered, -math.inf)
            line.remove(caller)
            self._callers[call] = dataclasses.replace(caller, priority=before.priority, entered=entered)
            line.add(self._callers[call])
            self._moved[caller.queue] = None
        return self._settle(now)

    def requeue(self, call: CallId, queue: QueueName, now: float) -> list[Decision]:
        """The caller waits in another queue from now on: in the place of who has waited as long, though it be full, by
        its rules and limits. The first of the CallerLeft is of the queue that they left.

        Raises NotFound if the call does not wait or there is no such queue, and LocalError if it has no members, is
        the one where they wait, or nobody is on the line.
        """
        caller, kept = self._known_caller(call), self._queues.get(queue)
        if kept is None:
            raise NotFound("queue", queue)
        if queue == caller.queue or caller.calls_back:
            raise LocalError(f"call {call} cannot be moved to queue {queue}")
        if not kept.members:
            raise LocalError(f"queue {queue} has no members")
        points = caller.points - self._queues[caller.queue].settings.priority
        self._let_go(caller, "left", now, "moved")
        new = dataclasses.replace(
            self._caller(kept.settings, call, now, points, caller.since), needs=caller.needs, dials=caller.dials
        )
        self._callers[call] = new
        kept.line.add(new)
        self._moved[queue] = None
        self._limit(new)
        return self._settle(now)

    def give_to(self, call: CallId, agent: AgentId, now: float) -> list[Decision]:
        """The caller is that agent's next one, before all who wait for them; nobody else is asked for so long as GIVEN.

        Raises NotFound if the call does not wait or there is no such agent, and LocalError for one who does not take
        calls of that queue now: no member, not able, not ready, or without a phone.
        """
        caller, known = self._known_caller(call), self._known(agent)
        kept = self._queues[caller.queue]
        able = is_able(known, kept.settings.skills) and is_able(known, caller.needs)
        if agent not in kept.members or not able or known.wanted != "ready" or not known.reachable:
            raise LocalError(f"agent {agent} takes no calls of queue {caller.queue} now")
        for other in [other for other in self._rung.get(call, ()) if other != agent]:
            self._withdraw(self._agents[other], "moved", now)
        resting = {other: until for other, until in caller.resting.items() if other != agent}
        self._change(self._callers[call], prefers=agent, alone_until=now + GIVEN, resting=resting)
        self._timer(now + GIVEN, "alone", call, None)
        self._given[call] = None
        return self._settle(now)

    def _known_caller(self, call: CallId) -> Caller:
        caller = self._callers.get(call)
        if caller is None:
            raise NotFound("waiting call", call)
        return caller

    # ---- what rung phones do ----------------------------------------------------------------------------

    def ringing(self, call: CallId, agent: AgentId, now: float) -> list[Decision]:
        """The agent's phone was heard to ring: the ring time counts from here."""
        known = self._leased(call, agent)
        if known is not None and known.lease is not None and not known.lease.rings:
            self._notice(known)
            self._lease(known, dataclasses.replace(known.lease, due=now + known.lease.ring, rings=True))
        return self._settle(now)

    def answered(self, call: CallId, agent: AgentId, now: float) -> list[Decision]:
        """The agent took the call: it is theirs, unless the answer holds a Withdraw for this agent (`late`)."""
        known = self._leased(call, agent)
        if known is None or known.lease is None:
            self._ended.append(Withdraw(call, agent, "late"))
            return self._settle(now)
        self._notice(known)
        queue = self._queues[known.lease.queue]
        self._end_lease(known)
        known.missed = 0
        known.talk = Talk(call, queue.settings.wrap_up, now)
        self._changed(known, now)
        self._let_go(self._callers[call], "answered", now, "answered_elsewhere")
        return self._settle(now)

    def speaks(self, agent: AgentId) -> bool:
        """Is the agent in a conversation that a queue gave? Raises NotFound."""
        return self._known(agent).talk is not None

    def taken(self, call: CallId, agent: AgentId, now: float) -> list[Decision]:
        """The agent has taken the call from whoever is rung (pickup): it is theirs as if it had been offered to them.

        Nothing, if the call does not wait. Raises LocalError if the agent is in another conversation of a queue.
        """
        known, caller = self._known(agent), self._callers.get(call)
        if known.talk is not None:
            raise LocalError(f"agent {agent} is in call {known.talk.call} already")
        if caller is not None:
            self._notice(known)
            self._withdraw(known, "in_a_call", now)
            known.missed, known.wrap_up = 0, None
            known.talk = Talk(call, self._queues[caller.queue].settings.wrap_up, now)
            self._changed(known, now)
            self._let_go(caller, "answered", now, "answered_elsewhere")
        return self._settle(now)

    def consulted(self, call: CallId, agent: AgentId, beside: CallId, now: float) -> list[Decision]:
        """The agent who was kept for a colleague's question is on the line: the wait is over. beside: the call in which
        they are now, one that no queue gave. Nothing, if nobody waits. Raises NotFound."""
        known, caller = self._known(agent), self._callers.get(call)
        if caller is not None:
            self._notice(known)
            self._end_lease(known)
            known.missed = 0
            known.others = (*known.others, beside)
            self._changed(known, now)
            self._let_go(caller, "answered", now, "answered_elsewhere")
        return self._settle(now)

    def given(self, call: CallId, queue: QueueName, agent: AgentId, now: float) -> list[Decision]:
        """The agent has a call of that queue which did not wait there: it was handed to them. It is theirs as if it had
        been offered. Raises NotFound, and LocalError if the agent is in another conversation of a queue."""
        known, kept = self._known(agent), self._queues.get(queue)
        if kept is None:
            raise NotFound("queue", queue)
        if known.talk is not None:
            raise LocalError(f"agent {agent} is in call {known.talk.call} already")
        self._notice(known)
        self._withdraw(known, "in_a_call", now)
        known.missed, known.wrap_up = 0, None
        known.talk = Talk(call, kept.settings.wrap_up, now)
        self._changed(known, now)
        return self._settle(now)

    def declined(self, call: CallId, agent: AgentId, reason: DeclineReason, now: float) -> list[Decision]:
        """The phone was rung and did not take the call, which keeps its place."""
        known = self._leased(call, agent)
        if known is not None:
            self._notice(known)
            self._end_lease(known)
            match reason:
                case "busy" | "refused":
                    self._rest_a_while(call, agent, now)
                case "no_answer" | "unreachable":
                    self._miss(known, call, reason, now)
            self._changed(known, now)
        return self._settle(now)

    def talk_ended(self, agent: AgentId, now: float) -> list[Decision]:
        """The conversation that a queue gave is over. Wrap-up is the agent's: it holds in all queues."""
        known = self._agents.get(agent)
        if known is not None and known.talk is not None:
            self._notice(known)
            talk, known.talk = known.talk, None
            known.workload.add(now, now - talk.since)
            if talk.wrap_up > 0 and known.wanted != "signed_out":
                known.wrap_up = WrapUp(talk.call, now + talk.wrap_up)
                self._timer(known.wrap_up.until, "wrap_up", talk.call, agent)
            self._changed(known, now)
            self._forget_if_done(known)
        return self._settle(now)

    # ---- time -------------------------------------------------------------------------------------------

    def deadline(self) -> float | None:
        """When `advance` is wanted next; always later than the last `advance`."""
        while self._timers:
            due, _, timer, call, agent = self._timers[0]
            if self._holds(timer, call, agent, due):
                return due
            heapq.heappop(self._timers)
        return None

    def advance(self, now: float) -> list[Decision]:
        """End what is due, in its order, each at its own time; new offers are made as of now."""
        while (due := self.deadline()) is not None and due <= now:
            _, _, timer, call, agent = heapq.heappop(self._timers)
            self._fire(timer, call, agent, due)
        return self._settle(now)

    def _timer(self, due: float, timer: _Timer, call: CallId | None, agent: AgentId | None) -> None:
        heapq.heappush(self._timers, (due, next(self._serial), timer, call, agent))

    def _sweep(self) -> None:
        """Throw out what is not meant any more: a longest wait of an hour outlives most calls by far."""
        meant = {(due, timer, call, agent) for due, _, timer, call, agent in self._timers}
        kept: list[tuple[float, int, _Timer, CallId | None, AgentId | None]] = []
        for entry in sorted(self._timers):
            due, _, timer, call, agent = entry
            if (due, timer, call, agent) in meant and self._holds(timer, call, agent, due):
                meant.discard((due, timer, call, agent))
                kept.append(entry)
        self._timers = kept  # in order, and so a heap
        self._sweep_at = max(_SWEEP, 2 * len(kept))

    def _holds(self, timer: _Timer, call: CallId | None, agent: AgentId | None, due: float) -> bool:
        """Is this timer still meant? What was changed since has left it behind in the heap."""
        known = self._agents.get(agent) if agent is not None else None
        caller = self._callers.get(call) if call is not None else None
        match timer:
            case "lease":
                lease = known.lease if known is not None else None
                return lease is not None and (lease.call, lease.due) == (call, due)
            case "wrap_up":
                return known is not None and known.wrap_up is not None and known.wrap_up.until == due
            case "max_wait":
                return caller is not None and self._limit_of(caller) == due
            case "rest":
                return caller is not None and agent is not None and caller.resting.get(agent) == due
            case "alone":
                return caller is not None and caller.alone_until == due
            case "return":
                return known is not None and known.imposed and known.imposed_until == due

    def _fire(self, timer: _Timer, call: CallId | None, agent: AgentId | None, due: float) -> None:
        """Only for a timer that holds."""
        if timer == "max_wait" and call is not None:
            self._let_go(self._callers[call], "timed_out", due)
        elif timer == "rest" and call is not None and agent is not None:
            self._rest(self._callers[call], agent, None)
        elif timer == "alone" and call is not None:
            self._change(self._callers[call], alone_until=0.0)
        elif agent is not None:
            known = self._agents[agent]
            self._notice(known)
            if timer == "wrap_up":
                known.wrap_up = None
            elif timer == "return":
                self._come_back(known)
            elif known.lease is not None and known.lease.dials:
                self._let_go(self._callers[known.lease.call], "failed", due, "call_back_failed")
            elif known.lease is not None:
                missed: Literal["no_answer", "unreachable"] = "no_answer" if known.lease.rings else "unreachable"
                offered = known.lease.call
                self._withdraw(known, missed, due)
                self._miss(known, offered, missed, due)
            self._changed(known, due)

    # ---- questions --------------------------------------------------------------------------------------

    def agent(self, agent: AgentId) -> AgentStanding:
        """Raises NotFound."""
        return standing_of(self._known(agent))

    def waiting(self, queue: QueueName) -> Sequence[Waiting]:
        """Who waits in the queue, in order; nobody in a queue that does not exist."""
        kept = self._queues.get(queue)
        return () if kept is None else kept.line.waiting()

    def position(self, call: CallId) -> int | None:
        """The place of a caller in their queue, from 1; None: the call does not wait."""
        caller = self._callers.get(call)
        return None if caller is None else self._queues[caller.queue].line.position(caller)

    def serving(self, queue: QueueName) -> int:
        """Members who take calls now or after the one that they have: on no break, with a phone that is there."""
        kept = self._queues.get(queue)
        members = () if kept is None else kept.members
        return sum(agent.wanted == "ready" and agent.reachable for agent in map(self._agents.__getitem__, members))

    def staffed(self, queue: QueueName) -> int:
        """Members who are signed in, whatever they do."""
        kept = self._queues.get(queue)
        return 0 if kept is None else sum(self._agents[agent].wanted != "signed_out" for agent in kept.members)

    def idle_beside(self, now: float) -> list[tuple[CallId, AgentId]]:
        """Of each queue, a caller who waits with nobody rung, beside a free agent who may take the call. There is none
        after any step; it is worked out from the facts alone, not from what the matcher has noted.

        Of each line its first WATCHED callers are looked at.
        """
        found: list[tuple[CallId, AgentId]] = []
        for queue in self._queues.values():
            members = (self._agents[agent] for agent in queue.members)
            free = [one for one in members if may_be_offered(one) and is_able(one, queue.settings.skills)]
            if free and (pair := self._idle_in(queue, free, now)) is not None:
                found.append(pair)
        return found

    def _idle_in(self, queue: _Queue, free: Sequence[Agent], now: float) -> tuple[CallId, AgentId] | None:
        for caller in itertools.islice(queue.line, WATCHED):
            theirs = self._theirs(caller, queue)
            kept = theirs is not None and caller.alone_until > now and theirs.wanted == "ready" and theirs.reachable
            if caller.call in self._rung or kept:
                continue
            for agent in free:
                if agent.id not in caller.resting and is_able(agent, caller.needs):
                    return caller.call, agent.id
        return None

    def why_waiting(self, call: CallId, now: float) -> Reason:
        """Why the caller has nobody yet. Raises NotFound if the call does not wait."""
        caller = self._callers.get(call)
        if caller is None:
            raise NotFound("waiting call", call)
        if call in self._rung:
            return Reason("ringing", {"agents": ", ".join(self._rung[call])})
        queue = self._queues[caller.queue]
        states = {agent: state_of(self._agents[agent]) for agent in queue.members}
        theirs = self._theirs(caller, queue)
        if theirs is not None and caller.alone_until > now and theirs.wanted == "ready" and theirs.reachable:
            return Reason("waits_for_agent", {"agent": theirs.id, "seconds": caller.alone_until - now})
        free = [agent for agent, state in states.items() if state == "ready" and agent in caller.resting]
        if free:  # the matcher leaves a free member who is able only where the caller was refused
            soonest = min(caller.resting[agent] for agent in free)
            return Reason("refused_lately", {"agents": ", ".join(free), "seconds": max(0.0, soonest - now)})
        counted = [state for state in states.values() if state != "signed_out"]
        if not counted:
            return Reason("nobody_signed_in", {})
        if all(state == "unreachable" for state in counted):
            return Reason("nobody_reachable", {"unreachable": len(counted)})
        needs = {**queue.settings.skills, **caller.needs}
        here = [self._agents[agent] for agent, state in states.items() if state != "signed_out"]
        if not any(is_able(agent, queue.settings.skills) and is_able(agent, caller.needs) for agent in here):
            asked = ", ".join(f"{skill} {level}" for skill, level in sorted(needs.items()))
            return Reason("nobody_able", {"skills": asked})
        return Reason(
            "all_busy",
            {
                "ahead": queue.line.position(caller) - 1,
                "talking": counted.count("talking"),
                "offered": counted.count("offered"),
                "wrap_up": counted.count("wrap_up"),
                "on_break": counted.count("break"),
                "unreachable": counted.count("unreachable"),
            },
        )

    # ---- the matcher ------------------------------------------------------------------------------------

    def _match(self, now: float) -> None:
        """Leave no free agent beside a caller whom they may take.

        First those for whom nobody is rung, in their order: with the agents of the first rank, then with those of the
        next. Who is free even then joins in where all are rung.
        """
        for call in list(self._given):
            self._offer_to_given(call, now)
        for rank in self._ranks:
            for caller in self._in_order(rank):
                if caller.call not in self._rung:
                    self._offer(caller, rank, now)
        for rank in self._ranks:
            for caller in self._in_order(rank, ringing_all=True):
                if not caller.calls_back and self._may_join_in(caller, rank):
                    self._offer(caller, rank, now)

    def _offer_to_given(self, call: CallId, now: float) -> None:
        """Whom a supervisor has given to an agent goes before all order."""
        caller = self._callers.get(call)
        if caller is None or caller.alone_until <= now:
            self._given.pop(call, None)
            return
        theirs = self._theirs(caller, self._queues[caller.queue])
        if theirs is None or theirs.id not in self._ready or theirs.id in caller.resting or call in self._rung:
            return
        self._lease_all(caller, [self._as_ready(theirs, caller, now)], 1, now, prefers=True)

    def _in_order(self, rank: int, *, ringing_all: bool = False) -> Iterator[Caller]:
        """The callers of all queues in which somebody of that rank is free, as long as somebody is."""
        lines: list[tuple[_Queue, Iterator[Caller]]] = []
        heads: list[tuple[Order, int, Caller]] = []
        for queue in self._queues.values():
            if ringing_all and queue.settings.strategy != "ring_all":
                continue
            if len(queue.line) and self._anyone(queue, rank):
                line = iter(queue.line)
                first = next(line)
                heads.append((first.order, len(lines), first))
                lines.append((queue, line))
        heapq.heapify(heads)
        while heads:
            _, n, caller = heads[0]
            queue, line = lines[n]
            following = next(line, None)
            if not self._anyone(queue, rank):
                heapq.heappop(heads)
                continue
            if following is None:
                heapq.heappop(heads)
            else:
                heapq.heapreplace(heads, (following.order, n, following))
            yield caller

    def _anyone(self, queue: _Queue, rank: int) -> bool:
        return not self._ready.isdisjoint(queue.able.get(rank, ()))

    def _may_join_in(self, caller: Caller, rank: int) -> bool:
        """Nobody of a later rank is rung beside those of an earlier one."""
        ranks = self._queues[caller.queue].settings.ranks
        rung = self._rung.get(caller.call)
        return not rung or rank <= max(ranks.get(agent, 1) for agent in rung)

    def _offer(self, caller: Caller, rank: int, now: float) -> None:
        queue = self._queues[caller.queue]
        settings = queue.settings
        theirs = self._theirs(caller, queue)
        if theirs is not None:
            if theirs.id in self._ready and theirs.id not in caller.resting:
                self._lease_all(caller, [self._as_ready(theirs, caller, now)], 1, now, prefers=True)
                return
            if caller.alone_until > now and theirs.wanted == "ready" and theirs.reachable:
                return
        free = [
            self._as_ready(self._agents[agent], caller, now)
            for agent in queue.able.get(rank, ())
            if agent in self._ready
            and agent not in caller.resting
            and (not caller.needs or is_able(self._agents[agent], caller.needs))
        ]
        if not free:
            return
        lot = self._chance.getrandbits(32) if settings.strategy == "random" else 0
        asked = STRATEGIES[settings.strategy](free, Memory(queue.members, queue.last, lot))
        if settings.strategy != "ring_all" or caller.calls_back:
            asked = asked[:1]
        self._lease_all(caller, asked, len(free), now)

    def _theirs(self, caller: Caller, queue: _Queue) -> Agent | None:
        """The agent whom the caller is given back to, if that one may still take the call."""
        if caller.prefers not in queue.members:
            return None
        known = self._agents[caller.prefers]
        return known if is_able(known, queue.settings.skills) and is_able(known, caller.needs) else None

    def _lease_all(
        self, caller: Caller, asked: Sequence[Ready], free: int, now: float, *, prefers: bool = False
    ) -> None:
        queue = self._queues[caller.queue]
        settings, dials = queue.settings, caller.calls_back
        rings = (caller.dials or settings.callback_ring) if dials else settings.ring
        for ready in asked:
            known = self._agents[ready.agent]
            self._notice(known)
            self._rung.setdefault(caller.call, {})[ready.agent] = None
            self._lease(known, Lease(caller.call, caller.queue, now + rings + GRACE, rings, dials=dials))
            self._changed(known, now)
        reason = (
            Reason("prefers", {"queue": settings.name, "agent": asked[0].agent})
            if prefers
            else why(settings, asked[0], free, queue.last, now)
        )
        queue.last = asked[-1].agent
        self._offers.append(Offer(caller.call, caller.queue, tuple(one.agent for one in asked), reason, dials))

    def _as_ready(self, agent: Agent, caller: Caller, now: float) -> Ready:
        agent.workload.forget_before(now - SHIFT)
        settings = self._queues[caller.queue].settings
        asked = settings.skills.keys() | caller.needs.keys()
        return Ready(
            agent.id,
            agent.idle_since,
            agent.workload.calls,
            agent.workload.talked,
            level=sum(agent.skills.get(skill, 0) for skill in asked),
            weight=settings.weights.get(agent.id, 1),
        )

    # ---- within -----------------------------------------------------------------------------------------

    def _known(self, agent: AgentId) -> Agent:
        try:
            return self._agents[agent]
        except KeyError:
            raise NotFound("agent", agent) from None

    def _leased(self, call: CallId, agent: AgentId) -> Agent | None:
        known = self._agents.get(agent)
        return known if known is not None and known.lease is not None and known.lease.call == call else None

    def _lease(self, agent: Agent, lease: Lease) -> None:
        agent.lease = lease
        self._timer(lease.due, "lease", lease.call, agent.id)

    def _end_lease(self, agent: Agent) -> None:
        if agent.lease is None:
            return
        rung = self._rung[agent.lease.call]
        del rung[agent.id]
        if not rung:
            del self._rung[agent.lease.call]
        agent.lease = None

    def _withdraw(self, agent: Agent, reason: WithdrawReason, now: float) -> None:
        if agent.lease is not None:
            self._notice(agent)
            self._ended.append(Withdraw(agent.lease.call, agent.id, reason))
            self._end_lease(agent)
            self._changed(agent, now)

    def _miss(self, agent: Agent, call: CallId, reason: Literal["no_answer", "unreachable"], now: float) -> None:
        """An offer that was not answered: so many in a row, by the queue's rule, put the agent on break."""
        settings = self._queues[self._callers[call].queue].settings
        agent.missed += 1
        if reason == "no_answer" and not 0 < settings.misses <= agent.missed:
            self._rest_a_while(call, agent.id, now)
            return
        agent.wanted, agent.reason, agent.imposed = "break", reason, True
        if reason == "no_answer" and settings.miss_return > 0:
            agent.imposed_until = now + settings.miss_return
            self._timer(agent.imposed_until, "return", None, agent.id)

    def _come_back(self, agent: Agent) -> None:
        agent.wanted, agent.reason, agent.imposed, agent.imposed_until, agent.missed = "ready", "", False, None, 0

    def _let_go(
        self, caller: Caller, reason: LeftReason, now: float, withdrawn: WithdrawReason = "caller_left"
    ) -> None:
        """The only way out of a queue."""
        for agent in list(self._rung.get(caller.call, ())):
            self._withdraw(self._agents[agent], withdrawn, now)
        del self._callers[caller.call]
        self._given.pop(caller.call, None)
        self._queues[caller.queue].line.remove(caller)
        self._moved[caller.queue] = None
        self._ended.append(CallerLeft(caller.call, caller.queue, reason, now - caller.arrived))

    def _limit_of(self, caller: Caller) -> float | None:
        longest = self._queues[caller.queue].settings.max_wait
        return caller.arrived + longest if longest > 0 and not caller.calls_back else None

    def _limit(self, caller: Caller) -> None:
        due = self._limit_of(caller)
        if due is not None:
            self._timer(due, "max_wait", caller.call, None)

    def _rest_a_while(self, call: CallId, agent: AgentId, now: float) -> None:
        caller = self._callers[call]
        self._rest(caller, agent, now + self._queues[caller.queue].settings.retry)

    def _rest(self, caller: Caller, agent: AgentId, until: float | None) -> None:
        """until None: the agent may be asked again."""
        resting = {other: due for other, due in caller.resting.items() if other != agent}
        if until is not None:
            resting[agent] = until
            self._timer(until, "rest", caller.call, agent)
        self._change(caller, resting=resting)

    def _change(self, caller: Caller, **particulars: Any) -> None:
        """Other particulars of a caller, but none on which the place depends."""
        changed = dataclasses.replace(caller, **particulars)
        self._queues[caller.queue].line.replace(caller, changed)
        self._callers[caller.call] = changed

    def _notice(self, agent: Agent, *, new: bool = False) -> None:
        """Before the first change of a step: how the agent stood, so that only a difference is told."""
        if agent.id not in self._before:
            self._before[agent.id] = None if new else standing_of(agent)

    def _changed(self, agent: Agent, when: float) -> None:
        """After a change of the agent's facts: since when the state holds, and whether the agent is free.

        A state never ends before it began, though a timer may be told later than what came after its time.
        """
        when = max(when, agent.since)
        free = may_be_offered(agent)
        idle = free or agent.lease is not None
        if idle and not agent.idle:
            agent.idle_since = when
        agent.idle = idle
        standing = standing_of(agent)
        if (standing.state, standing.reason, standing.call) != agent.stands:
            agent.stands, agent.since = (standing.state, standing.reason, standing.call), when
        (self._ready.add if free and not agent.removed else self._ready.discard)(agent.id)

    def _settle(self, now: float) -> list[Decision]:
        """The end of every step: match, then tell each change once."""
        if self._ready and self._callers:
            self._match(now)
        decisions = [*self._ended, *self._offers]
        decisions += [
            Standing(agent)
            for agent, before in self._before.items()
            if before is None or standing_of(self._agents[agent]) != before
        ]
        decisions += [QueueMoved(queue) for queue in self._moved]
        self._ended, self._offers, self._before, self._moved = [], [], {}, {}
        if len(self._timers) >= self._sweep_at:
            self._sweep()
        return decisions
