"""Agent states as a table (ACD-02).

An agent's state is never kept: it follows from facts (what the agent wants, whether the phone can be reached,
whether a call is there), so it cannot go stale. Facts change in `router.py` only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from callcenterd.model.agents import AgentState, WantedState
from callcenterd.model.ids import AgentId, CallId, QueueName

SHIFT = 8 * 3600.0
"""Seconds that `fewest_calls` and `least_talk` look back: who comes at noon must not get every call till evening."""


@dataclass(frozen=True, slots=True)
class Lease:
    """An agent is being rung for a call, until `due` at the latest.

    ring: seconds that the phone may ring. rings: the phone was heard to ring; until then `due` has some grace.
    """

    call: CallId
    queue: QueueName
    due: float
    ring: float
    rings: bool = False


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation that a queue gave. wrap_up: seconds that follow it."""

    call: CallId
    wrap_up: float
    since: float


@dataclass(frozen=True, slots=True)
class WrapUp:
    call: CallId
    until: float


@dataclass(slots=True)
class Workload:
    """Conversations of the last SHIFT seconds, as (end, seconds)."""

    recent: deque[tuple[float, float]] = field(default_factory=deque)
    talked: float = 0.0

    def add(self, now: float, seconds: float) -> None:
        self.recent.append((now, seconds))
        self.talked += seconds

    def forget_before(self, moment: float) -> None:
        while self.recent and self.recent[0][0] < moment:
            self.talked -= self.recent.popleft()[1]


@dataclass(slots=True, kw_only=True)
class Agent:
    """The facts about one agent.

    stands:     state, reason and call that hold since `since`.
    idle:       free or being rung, since `idle_since`; an offer that came to nothing does not move it.
    imposed:    the break is ours (no answer …), not the agent's wish.
    others:     calls that no queue gave (dialled, direct), oldest first; a phone may have several.
    removed:    not in the site any more; forgotten when the last call is over.
    """

    id: AgentId
    extension: str | None
    since: float
    idle_since: float
    wanted: WantedState = "signed_out"
    reason: str = ""
    imposed: bool = False
    reachable: bool = False
    lease: Lease | None = None
    talk: Talk | None = None
    others: tuple[CallId, ...] = ()
    wrap_up: WrapUp | None = None
    removed: bool = False
    stands: tuple[AgentState, str, CallId | None] = ("signed_out", "", None)
    idle: bool = False
    workload: Workload = field(default_factory=Workload)


STATES: tuple[tuple[AgentState, Callable[[Agent], bool]], ...] = (
    ("talking", lambda agent: agent.talk is not None or bool(agent.others)),
    ("signed_out", lambda agent: agent.wanted == "signed_out"),
    ("offered", lambda agent: agent.lease is not None),
    ("wrap_up", lambda agent: agent.wrap_up is not None),
    ("break", lambda agent: agent.wanted == "break"),
    ("unreachable", lambda agent: not agent.reachable),
    ("ready", lambda _agent: True),
)
"""The first line that holds is the state. So a sign-out or a break asked for in a call waits for its end."""


@dataclass(frozen=True, slots=True)
class AgentStanding:
    """since: when this state (or its reason) began. until: end of ringing or of wrap-up.

    call: the call rung for, spoken in or wrapped up. wanted: what comes after it. reachable: the phone's.
    """

    state: AgentState
    reason: str
    since: float
    until: float | None = None
    call: CallId | None = None
    wanted: WantedState = "signed_out"
    reachable: bool = False


def state_of(agent: Agent) -> AgentState:
    return next(state for state, holds in STATES if holds(agent))


def may_be_offered(agent: Agent) -> bool:
    """The same as being `ready`; written out, because the matcher asks it of everybody each time."""
    return (
        agent.lease is None
        and agent.talk is None
        and agent.wanted == "ready"
        and agent.reachable
        and agent.wrap_up is None
        and not agent.others
    )


def standing_of(agent: Agent) -> AgentStanding:
    state = state_of(agent)
    reason, until, call = "", None, None
    if state == "break":
        reason = agent.reason
    elif state == "talking":
        call = agent.talk.call if agent.talk is not None else agent.others[-1]
    elif state == "offered" and agent.lease is not None:
        call, until = agent.lease.call, agent.lease.due
    elif state == "wrap_up" and agent.wrap_up is not None:
        call, until = agent.wrap_up.call, agent.wrap_up.until
    return AgentStanding(state, reason, agent.since, until, call, agent.wanted, agent.reachable)
