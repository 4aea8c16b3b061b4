"""Agents as they are now, what state they want to be in, and the desk of who is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, cast

from aiohttp import web
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from callcenterd.model.agents import AgentState, WantedState
from callcenterd.model.site import BreakReason
from callcenterd.switchboard.feature_codes import CODES
from callcenterd.switchboard.live import agent_data
from callcenterd.web.answers import VISIBLE, Asked, answer, language_of, read
from callcenterd.web.describe import shape
from callcenterd.web.live import fact_data
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import right, sight_of
from callcenterd.web.session import signed_in
from callcenterd.web.socket import STREAMS

routes = web.RouteTableDef()


class Agent(TypedDict):
    """until: end of the wrap-up, where there is one. phone: the extension's phone is registered now. teams: titles."""

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
    teams: list[str]


class Agents(TypedDict):
    items: list[Agent]
    total: int


class Pop(TypedDict):
    """A caller to be shown. customers: who it may be, best first. keys: what was pressed in menus.

    campaign, entry, name, fields: of a campaign's call, what its list says.
    """

    call: str
    agent: str
    caller: str
    called: str
    queue: str | None
    customers: list[int]
    keys: str
    campaign: int | None
    entry: int | None
    name: str
    fields: dict[str, str]


class DeskNow(TypedDict):
    agent: Agent | None
    pop: Pop | None


class AgentStateAsked(Asked):
    """reason: of a break, a name of `GET /api/v1/break-reasons`. extension: the phone to sit at, where who sat
    there is signed out; without it the one that the agent sits at."""

    state: WantedState
    reason: Annotated[str, VISIBLE] = Field("", max_length=64)
    extension: Annotated[str, VISIBLE] | None = Field(None, max_length=32)


class Nothing(Asked):
    """An empty object."""


@dataclass(frozen=True, slots=True)
class BreakReasons:
    items: list[BreakReason]
    total: int


@dataclass(frozen=True, slots=True)
class CodeShown:
    """title: in the reader's language."""

    keys: str
    title: str


@dataclass(frozen=True, slots=True)
class CodesShown:
    items: list[CodeShown]
    total: int


CODES_SHOWN = TypeAdapter(CodesShown)
AGENT = TypeAdapter(Agent)
REASONS = TypeAdapter(BreakReasons)
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
    extension · 409 no phone to sign in or be ready with, or somebody speaks at it · 422 no such reason for a break."""
    asked = await read(request, AgentStateAsked)
    desk = request.app[OFFICE].board.desk
    login, by = request.match_info["login"], signed_in(request).login
    view = await desk.set_state(login, asked.state, asked.reason, asked.extension, by=by)
    return answer(AGENT, _as_agent(agent_data(view)))


@routes.post("/api/v1/agents/{login}/wrap-up/end")
@right("agent.state.any", own="login")
@shape(summary="End the wrap-up before its time", body=Nothing, answer=AGENT)
async def end_wrap_up(request: web.Request) -> web.StreamResponse:
    """200 the agent now · 403 someone else's · 404 no such agent · 409 the call's queue wants a disposition first."""
    await read(request, Nothing)
    desk, by = request.app[OFFICE].board.desk, signed_in(request).login
    view = await desk.end_wrap_up(request.match_info["login"], by=by)
    return answer(AGENT, _as_agent(agent_data(view)))


class ProlongAsked(Asked):
    seconds: float = Field(gt=0, le=3600)


@routes.post("/api/v1/agents/{login}/wrap-up/prolong")
@right("agent.state.any", own="login")
@shape(summary="The wrap-up lasts so many seconds longer, an hour from now at most", body=ProlongAsked, answer=AGENT)
async def prolong_wrap_up(request: web.Request) -> web.StreamResponse:
    """200 the agent now · 403 someone else's · 404 no such agent · 409 there is no wrap-up."""
    asked = await read(request, ProlongAsked)
    view = request.app[OFFICE].board.desk.prolong_wrap_up(request.match_info["login"], asked.seconds)
    return answer(AGENT, _as_agent(agent_data(view)))


@routes.get("/api/v1/break-reasons")
@right("desk")
@shape(summary="Why one may be on a break, in the order of a phone's keys", answer=REASONS)
async def list_break_reasons(request: web.Request) -> web.StreamResponse:
    """200 the reasons."""
    reasons = request.app[OFFICE].board.site.break_reasons
    return answer(REASONS, BreakReasons(list(reasons), len(reasons)))


@routes.get("/api/v1/feature-codes")
@right("desk")
@shape(summary="What a phone dials to do without a page", answer=CODES_SHOWN)
async def list_feature_codes(request: web.Request) -> web.StreamResponse:
    """200 the codes; none, if they are switched off."""
    language = language_of(request)
    on = request.app[OFFICE].board.site.has("feature_codes")
    known = [CodeShown(code.keys, code.title[language == "en"]) for code in CODES if on]
    return answer(CODES_SHOWN, CodesShown(known, len(known)))


@routes.get("/api/v1/desk")
@right("desk")
@shape(summary="One's own state, and the caller to show now", answer=DESK)
async def own_desk(request: web.Request) -> web.StreamResponse:
    """200 the desk; agent null: not an agent."""
    login, desk = signed_in(request).login, request.app[OFFICE].board.desk
    view, pop = desk.view(login), desk.pop(login)
    live, sight = request.app[STREAMS].live, sight_of(request)
    shown: Any = None if pop is None else fact_data(live.as_seen(pop, sight))
    return answer(DESK, DeskNow(agent=None if view is None else _as_agent(agent_data(view)), pop=shown))


def _as_agent(data: dict[str, Any]) -> Agent:
    return cast(Agent, data)  # a test compares the keys
