"""Lines, agents and queues as they are now, for who asks once (TEL-06); the event stream carries the same, kept up."""

from __future__ import annotations

from typing import Any, Literal

from aiohttp import web
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from callcenterd.model.calls import Direction
from callcenterd.web.agents import Agent
from callcenterd.web.answers import answer
from callcenterd.web.describe import shape
from callcenterd.web.rights import right, sight_of
from callcenterd.web.socket import STREAMS

routes = web.RouteTableDef()


class ConsultNow(TypedDict):
    """Who is asked about a call. queue: whoever of it is free; number is its name, until that one is there.

    state: held: the agent is with the customer again, and who is asked waits.
    """

    number: str
    queue: str | None
    agent: str | None
    state: Literal["ringing", "talking", "held"]


class Line(TypedDict):
    """A call that is up. agent: who talks or is rung. since: of this state. parties: who speak, 0: nobody does yet.

    recorded: what is said is kept, unless paused_since says since when it is not.
    one_way:  numbers that who speaks with them does not hear.
    """

    call: str
    direction: Direction
    state: Literal["flow", "waiting", "ringing", "dialling", "talking", "held", "conference", "parked"]
    caller: str
    called: str
    trunk: str | None
    queue: str | None
    agent: str | None
    since: str
    started_at: str
    recorded: bool
    parties: int
    consult: ConsultNow | None
    paused_since: str | None
    one_way: list[str]


class Waiting(TypedDict):
    call: str
    caller: str
    since: str
    position: int


class Queue(TypedDict):
    """signed_in, ready, talking: of its members."""

    name: str
    title: str
    waiting: list[Waiting]
    longest_since: str | None
    ready: int
    talking: int
    signed_in: int


class LiveNow(TypedDict):
    lines: list[Line]
    agents: list[Agent]
    queues: list[Queue]


LIVE = TypeAdapter(LiveNow)


@routes.get("/api/v1/live")
@right("live")
@shape(summary="Lines, agents and queues now, as far as one may see", answer=LIVE)
async def live_now(request: web.Request) -> web.StreamResponse:
    """200 everything."""
    lists: Any = request.app[STREAMS].live.lists(sight_of(request))
    return answer(LIVE, lists)
