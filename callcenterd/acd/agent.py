"""Agent states as a table (ACD-02).

An agent's state is never kept: it follows from facts (what the agent wants, whether the phone can be reached,
whether a call is there), so it cannot go stale. Facts change in `router.py` only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from callcenterd.model.agents import AgentState, WantedState
from callcenterd.model.ids import AgentId, CallId, QueueName

SHIFT = 8 * 3600.0
"""Seconds that `fewest_calls` and `least_talk` look back: who comes at noon must not get every call till evening."""
SLICE = 900.0
"""Seconds of conversations that are forgotten together."""


@dataclass(frozen=True, slots=True)
class Lease:
    """An agent is being rung for a call, until `due` at the latest.

    ring: seconds that the phone may ring. rings: the phone was heard to ring; until then `due` has some grace.
    dials: it is not the agent who is rung, but who wants to be called back; the agent is kept for that one.
    """

    call: CallId
    queue: QueueName
    due: float
    ring: float
    rings: bool = False
    dials: bool = False


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
class _Stretch:
    """Conversations that ended within one SLICE. last: when the latest of them did."""

    begin: float
    last: float
    calls: int = 0
    talked: float = 0.0


@dataclass(slots=True)
class Workload:
    """Conversations of the last SHIFT seconds. Counted by SLICE, so that a busy agent costs no more than a lazy one."""

    calls: int = 0
    talked: float = 0.0
    recent: deque[_Stretch] = field(default_factory=deque)

    def add(self, now: float, seconds: float) -> None:
        if not self.recent or now - self.recent[-1].begin >= SLICE:
            self.recent.append(_Stretch(now, now))
        stretch = self.recent[-1]
        stretch.last = now
        stretch.calls += 1
        stretch.talked += seconds
        self.calls += 1
        self.talked += seconds

    def forget_before(self, moment: float) -> None:
        while self.recent and self.recent[0].last < moment:
            gone = self.recent.popleft()
            self.calls -= gone.calls
            self.talked -= gone.talked


@dataclass(slots=True, kw_only=True)
class Agent:
    """The facts about one agent.

    stands:     state, reason and call that hold since `since`.
    idle:       free or being rung, since `idle_since`; an offer that came to nothing does not move it.
    imposed:    the break is ours (no answer …), not the agent's wish. imposed_until: it ends by itself then.
    missed:     offers in a row that were not answered.
    skills:     what the agent can, each with its level.
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
    imposed_until: float | None = None
    missed: int = 0
    skills: Mapping[str, int] = field(default_factory=dict)
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


def is_able(agent: Agent, needs: Mapping[str, int]) -> bool:
    """Has the agent each of these skills, at least at that level?"""
    return all(agent.skills.get(skill, 0) >= level for skill, level in needs.items())


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
        reason, until = agent.reason, agent.imposed_until
    elif state == "talking":
        call = agent.talk.call if agent.talk is not None else agent.others[-1]
    elif state == "offered" and agent.lease is not None:
        call, until = agent.lease.call, agent.lease.due
    elif state == "wrap_up" and agent.wrap_up is not None:
        call, until = agent.wrap_up.call, agent.wrap_up.until
    return AgentStanding(state, reason, agent.since, until, call, agent.wanted, agent.reachable)
