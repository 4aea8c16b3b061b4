"""Agents as they are now, what state they want to be in, and the desk of who is signed in."""

from __future__ import annotations

from typing import Annotated, Any, cast

from aiohttp import web
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from callcenterd.model.agents import AgentState, WantedState
from callcenterd.switchboard.live import agent_data
from callcenterd.web.answers import VISIBLE, Asked, answer, read
from callcenterd.web.describe import shape
from callcenterd.web.live import fact_data
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import right, sight_of
from callcenterd.web.session import signed_in
from callcenterd.web.socket import STREAMS

routes = web.RouteTableDef()


class Agent(TypedDict):
    """until: end of the wrap-up, where there is one. phone: the extension's phone is registered now."""

    login: str
    name: str
    extension: str | None
    state: AgentState
    reason: str
    since: str
    until: str | None
    phone: bool
    call: str | None
    queues: list[str]


class Agents(TypedDict):
    items: list[Agent]
    total: int


class Pop(TypedDict):
    """A caller to be shown. customers: who it may be, best first. keys: what was pressed in menus."""

    call: str
    agent: str
    caller: str
    called: str
    queue: str | None
    customers: list[int]
    keys: str


class DeskNow(TypedDict):
    agent: Agent | None
    pop: Pop | None


class AgentStateAsked(Asked):
    """reason: of a break ("meal"). extension: the phone to sit at; without it the one that the agent sits at."""

    state: WantedState
    reason: Annotated[str, VISIBLE] = Field("", max_length=64)
    extension: Annotated[str, VISIBLE] | None = Field(None, max_length=32)


class Nothing(Asked):
    """An empty object."""


AGENT = TypeAdapter(Agent)
AGENTS = TypeAdapter(Agents)
DESK = TypeAdapter(DeskNow)


@routes.get("/api/v1/agents")
@right("live")
@shape(summary="Every agent as far as one may see", answer=AGENTS)
async def list_agents(request: web.Request) -> web.StreamResponse:
    """200 the agents."""
    agents: list[Any] = request.app[STREAMS].live.lists(sight_of(request))["agents"]
    return answer(AGENTS, Agents(items=agents, total=len(agents)))


@routes.post("/api/v1/agents/{login}/state")
@right("agent.state.any", own="login")
@shape(summary="Sign in or out of the queues, be ready, go on break", body=AgentStateAsked, answer=AGENT)
async def set_agent_state(request: web.Request) -> web.StreamResponse:
    """200 the agent now; a wish during a call takes effect after it · 403 someone else's · 404 no such agent or
    extension · 409 no phone to be ready with."""
    asked = await read(request, AgentStateAsked)
    desk = request.app[OFFICE].board.desk
    view = await desk.set_state(request.match_info["login"], asked.state, asked.reason, asked.extension)
    return answer(AGENT, _as_agent(agent_data(view)))


@routes.post("/api/v1/agents/{login}/wrap-up/end")
@right("agent.state.any", own="login")
@shape(summary="End the wrap-up before its time", body=Nothing, answer=AGENT)
async def end_wrap_up(request: web.Request) -> web.StreamResponse:
    """200 the agent now · 403 someone else's · 404 no such agent."""
    await read(request, Nothing)
    view = await request.app[OFFICE].board.desk.end_wrap_up(request.match_info["login"])
    return answer(AGENT, _as_agent(agent_data(view)))


@routes.get("/api/v1/desk")
@right("desk")
@shape(summary="One's own state, and the caller to show now", answer=DESK)
async def own_desk(request: web.Request) -> web.StreamResponse:
    """200 the desk; agent null: not an agent."""
    login, desk = signed_in(request).login, request.app[OFFICE].board.desk
    view, pop = desk.view(login), desk.pop(login)
    shown: Any = None if pop is None else fact_data(pop)
    return answer(DESK, DeskNow(agent=None if view is None else _as_agent(agent_data(view)), pop=shown))


def _as_agent(data: dict[str, Any]) -> Agent:
    return cast(Agent, data)  # a test compares the keys
