"""What an agent did when (ACD-02)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web
from pydantic import TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model.agents import AgentState
from callcenterd.model.ids import AgentId
from callcenterd.switchboard.states import sums
from callcenterd.web.answers import Conditions, WrongFields, answer, conditions
from callcenterd.web.calls import Moment
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import right

routes = web.RouteTableDef()

LONGEST_TIME = timedelta(days=31)


class StateConditions(Conditions):
    """since: included; without it, since midnight. until: not; without it, until now."""

    since: Moment | None = None
    until: Moment | None = None


@dataclass(frozen=True, slots=True)
class StateSum:
    state: AgentState
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class StateStep:
    at: datetime
    state: AgentState
    reason: str


@dataclass(frozen=True, slots=True)
class States:
    """seconds: from since to until, and of all sums together. items: the first is the state that held at the begin."""

    since: datetime
    until: datetime
    seconds: float
    sums: list[StateSum]
    items: list[StateStep]
    total: int


STATES = TypeAdapter(States)


@routes.get("/api/v1/agents/{login}/states")
@right("agent.states.any", own="login")
@shape(summary="An agent's states, to the second, and their sums", conditions=StateConditions, answer=STATES)
async def list_states(request: web.Request) -> web.StreamResponse:
    """200 every step, and the seconds of each state; their sum is the time asked about · 403 someone else's · 404 no
    such agent."""
    login, office = request.match_info["login"], request.app[OFFICE]
    wanted = conditions(request, StateConditions)
    now = office.clock.utc()
    midnight = now.astimezone(office.timezone).replace(hour=0, minute=0, second=0, microsecond=0)
    since, until = wanted.since or midnight, min(wanted.until or now, now)
    if not timedelta() <= until - since <= LONGEST_TIME:
        raise WrongFields({"since": ("time", {"days": LONGEST_TIME.days})})
    agent = AgentId(login)
    await office.board.history.settled()
    steps = await office.store.agents.history_with_start(agent, since, until)
    if not steps and not office.board.queueing.knows(agent):
        raise NotFound("agent", login)
    found = [StateSum(state, reason, round(length, 3)) for (state, reason), length in sums(steps, since, until).items()]
    shown = [StateStep(max(step.at, since), step.state, step.reason) for step in steps]
    return answer(STATES, States(since, until, round((until - since).total_seconds(), 3), found, shown, len(shown)))
