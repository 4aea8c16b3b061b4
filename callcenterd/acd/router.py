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
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from callcenterd.acd.agent import (
    SHIFT,
    Agent,
    AgentStanding,
    Lease,
    Talk,
    WrapUp,
    may_be_offered,
    standing_of,
    state_of,
)
from callcenterd.acd.queue import Caller, Line, Waiting, order_of
from callcenterd.acd.reasons import Reason, WithdrawReason
from callcenterd.acd.strategies import STRATEGIES, Memory, Ready, why
from callcenterd.errors import LocalError, NotFound
from callcenterd.model.agents import WantedState
from callcenterd.model.events import DeclineReason, LeftReason
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.model.site import QueueSettings

GRACE = 5.0
"""Seconds that a phone has, beyond the ring time, to say that it rings. One that never does is unreachable."""
REST = 10.0
"""Seconds in which a refused call is not offered to the same agent again."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Ring these agents for the call. The lease of each is running."""

    call: CallId
    queue: QueueName
    agents: tuple[AgentId, ...]
    why: Reason


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

_Timer = Literal["lease", "wrap_up", "max_wait", "rest"]


@dataclass(slots=True)
class _Queue:
    """members: those of the settings that exist, in the list's order. last: who was rung last."""

    settings: QueueSettings
    members: tuple[AgentId, ...] = ()
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
        self._callers: dict[CallId, Caller] = {}
        self._rung: dict[CallId, dict[AgentId, None]] = {}
        self._ready: set[AgentId] = set()
        self._timers: list[tuple[float, int, _Timer, CallId | None, AgentId | None]] = []
        self._serial = itertools.count()
        # what one step has come to so far
        self._ended: list[Decision] = []
        self._offers: list[Decision] = []
        self._before: dict[AgentId, AgentStanding | None] = {}
        self._moved: dict[QueueName, None] = {}

    # ---- the office -------------------------------------------------------------------------------------

    def configure(
        self, queues: Iterable[QueueSettings], agents: Mapping[AgentId, str | None], now: float
    ) -> list[Decision]:
        """Another office is in force. agents: each with the extension of the phone (None: has none).

        A phone that is new to its agent counts as unreachable until `phone` says otherwise. Who waits in a queue
        that is gone leaves it as `failed`, in a queue that has lost its last member as `no_agent`.
        """
        for identity, extension in agents.items():
            self._seat(identity, extension, now)
        wanted = {settings.name: settings for settings in queues}
        for name in [name for name in self._queues if name not in wanted]:
            self._remove_queue(name, now)
        for name, settings in wanted.items():
            queue = self._queues.setdefault(name, _Queue(settings))
            queue.settings = settings
            queue.members = tuple(dict.fromkeys(agent for agent in settings.members if agent in agents))
        for agent in list(self._agents.values()):
            if agent.lease is not None and agent.id not in self._queues[agent.lease.queue].members:
                self._withdraw(agent, "not_a_member", now)
        for identity in [identity for identity in self._agents if identity not in agents]:
            self._remove_agent(self._agents[identity], now)
        for caller in list(self._callers.values()):
            self._limit(caller)
            if not self._queues[caller.queue].members:
                self._let_go(caller, "no_agent", now)
        return self._settle(now)

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
        agent.wanted, agent.reason, agent.imposed, agent.wrap_up = "signed_out", "", False, None
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
            known.wanted, known.reason, known.imposed = "ready", "", False
        self._changed(known, now)
        return self._settle(now)

    def _reach(self, agent: Agent, reachable: bool, now: float) -> None:
        agent.reachable = reachable
        if not reachable and agent.lease is not None:
            self._withdraw(agent, "unreachable", now)

    def want(self, agent: AgentId, state: WantedState, reason: str, now: float) -> list[Decision]:
        """The agent's own wish. Ringing stops at once; a conversation and its wrap-up are finished first."""
        known = self._known(agent)
        self._notice(known)
        known.wanted, known.imposed = state, False
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
        self, call: CallId, queue: QueueName, now: float, *, priority: int = 0, entered: float | None = None
    ) -> list[Decision]:
        """A caller begins to wait. priority: higher is earlier. entered: the place that was kept; None is now.

        A queue without any member lets the caller go at once (`no_agent`). Raises LocalError if the call waits
        already.
        """
        kept = self._queues.get(queue)
        if kept is None:
            raise NotFound("queue", queue)
        if call in self._callers:
            raise LocalError(f"call {call} waits already, in queue {self._callers[call].queue}")
        caller = Caller(call, queue, priority, now if entered is None else entered, now)
        self._callers[call] = caller
        kept.line.add(caller)
        self._moved[queue] = None
        if kept.members:
            self._limit(caller)
        else:
            self._let_go(caller, "no_agent", now)
        return self._settle(now)

    def leave(self, call: CallId, now: float, reason: LeftReason = "abandoned") -> list[Decision]:
        """The caller does not wait any more. Nothing, if the call does not wait."""
        caller = self._callers.get(call)
        if caller is not None:
            self._let_go(caller, reason, now)
        return self._settle(now)

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
        known.talk = Talk(call, queue.settings.wrap_up, now)
        self._changed(known, now)
        self._let_go(self._callers[call], "answered", now, "answered_elsewhere")
        return self._settle(now)

    def declined(self, call: CallId, agent: AgentId, reason: DeclineReason, now: float) -> list[Decision]:
        """The phone was rung and did not take the call, which keeps its place."""
        known = self._leased(call, agent)
        if known is not None:
            self._notice(known)
            self._end_lease(known)
            match reason:
                case "busy" | "refused":
                    self._rest(self._callers[call], agent, now + REST)
                case "no_answer" | "unreachable":
                    self._impose(known, reason)
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

    def _fire(self, timer: _Timer, call: CallId | None, agent: AgentId | None, due: float) -> None:
        """Only for a timer that holds."""
        if timer == "max_wait" and call is not None:
            self._let_go(self._callers[call], "timed_out", due)
        elif timer == "rest" and call is not None and agent is not None:
            self._rest(self._callers[call], agent, None)
        elif agent is not None:
            known = self._agents[agent]
            self._notice(known)
            if timer == "wrap_up":
                known.wrap_up = None
            elif known.lease is not None:
                missed: Literal["no_answer", "unreachable"] = "no_answer" if known.lease.rings else "unreachable"
                self._withdraw(known, missed, due)
                self._impose(known, missed)
            self._changed(known, due)

    # ---- questions --------------------------------------------------------------------------------------

    def agent(self, agent: AgentId) -> AgentStanding:
        """Raises NotFound."""
        return standing_of(self._known(agent))

    def waiting(self, queue: QueueName) -> Sequence[Waiting]:
        """Who waits in the queue, in order; nobody in a queue that does not exist."""
        kept = self._queues.get(queue)
        return () if kept is None else kept.line.waiting()

    def staffed(self, queue: QueueName) -> int:
        """Members who are signed in, whatever they do."""
        kept = self._queues.get(queue)
        return 0 if kept is None else sum(self._agents[agent].wanted != "signed_out" for agent in kept.members)

    def why_waiting(self, call: CallId, now: float) -> Reason:
        """Why the caller has nobody yet. Raises NotFound if the call does not wait."""
        caller = self._callers.get(call)
        if caller is None:
            raise NotFound("waiting call", call)
        if call in self._rung:
            return Reason("ringing", {"agents": ", ".join(self._rung[call])})
        queue = self._queues[caller.queue]
        states = {agent: state_of(self._agents[agent]) for agent in queue.members}
        free = [agent for agent, state in states.items() if state == "ready"]
        if free:  # the matcher leaves a free member only where the caller was refused
            soonest = min(caller.resting[agent] for agent in free)
            return Reason("refused_lately", {"agents": ", ".join(free), "seconds": max(0.0, soonest - now)})
        counted = [state for state in states.values() if state != "signed_out"]
        if not counted:
            return Reason("nobody_signed_in", {})
        if all(state == "unreachable" for state in counted):
            return Reason("nobody_reachable", {"unreachable": len(counted)})
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

        First those for whom nobody is rung, in their order. Who is free even then joins in where all are rung.
        """
        for caller in self._in_order():
            if caller.call not in self._rung:
                self._offer(caller, now)
        for caller in self._in_order():
            if self._queues[caller.queue].settings.strategy == "ring_all":
                self._offer(caller, now)

    def _in_order(self) -> Iterator[Caller]:
        """The callers of all queues in which somebody is free."""
        lines = [
            queue.line
            for queue in self._queues.values()
            if len(queue.line) and not self._ready.isdisjoint(queue.members)
        ]
        return heapq.merge(*lines, key=order_of)

    def _offer(self, caller: Caller, now: float) -> None:
        queue = self._queues[caller.queue]
        if self._ready.isdisjoint(queue.members):
            return
        free = [
            self._as_ready(self._agents[agent], now)
            for agent in queue.members
            if agent in self._ready and agent not in caller.resting
        ]
        if not free:
            return
        settings = queue.settings
        lot = self._chance.getrandbits(32) if settings.strategy == "random" else 0
        asked = STRATEGIES[settings.strategy](free, Memory(queue.members, queue.last, lot))
        if settings.strategy != "ring_all":
            asked = asked[:1]
        for ready in asked:
            known = self._agents[ready.agent]
            self._notice(known)
            self._rung.setdefault(caller.call, {})[ready.agent] = None
            self._lease(known, Lease(caller.call, caller.queue, now + settings.ring + GRACE, settings.ring))
            self._changed(known, now)
        reason = why(settings, asked[0], len(free), queue.last, now)
        queue.last = asked[-1].agent
        self._offers.append(Offer(caller.call, caller.queue, tuple(ready.agent for ready in asked), reason))

    def _as_ready(self, agent: Agent, now: float) -> Ready:
        agent.workload.forget_before(now - SHIFT)
        return Ready(agent.id, agent.idle_since, len(agent.workload.recent), agent.workload.talked)

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

    def _impose(self, agent: Agent, reason: Literal["no_answer", "unreachable"]) -> None:
        agent.wanted, agent.reason, agent.imposed = "break", reason, True

    def _let_go(
        self, caller: Caller, reason: LeftReason, now: float, withdrawn: WithdrawReason = "caller_left"
    ) -> None:
        """The only way out of a queue."""
        for agent in list(self._rung.get(caller.call, ())):
            self._withdraw(self._agents[agent], withdrawn, now)
        del self._callers[caller.call]
        self._queues[caller.queue].line.remove(caller)
        self._moved[caller.queue] = None
        self._ended.append(CallerLeft(caller.call, caller.queue, reason, now - caller.arrived))

    def _limit_of(self, caller: Caller) -> float | None:
        longest = self._queues[caller.queue].settings.max_wait
        return caller.arrived + longest if longest > 0 else None

    def _limit(self, caller: Caller) -> None:
        due = self._limit_of(caller)
        if due is not None:
            self._timer(due, "max_wait", caller.call, None)

    def _rest(self, caller: Caller, agent: AgentId, until: float | None) -> None:
        """until None: the agent may be asked again."""
        resting = {other: due for other, due in caller.resting.items() if other != agent}
        if until is not None:
            resting[agent] = until
            self._timer(until, "rest", caller.call, agent)
        changed = dataclasses.replace(caller, resting=resting)
        self._queues[caller.queue].line.replace(caller, changed)
        self._callers[caller.call] = changed

    def _notice(self, agent: Agent, *, new: bool = False) -> None:
        """Before the first change of a step: how the agent stood, so that only a difference is told."""
        if agent.id not in self._before:
            self._before[agent.id] = None if new else standing_of(agent)

    def _changed(self, agent: Agent, when: float) -> None:
        """After a change of the agent's facts: since when the state holds, and whether the agent is free."""
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
        return decisions
