"""Lines, agents and queues as they are now, for who asks once (TEL-06); the event stream carries the same, kept up."""

from __future__ import annotations

from typing import Any, Literal

from aiohttp import web
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from callcenterd.model.calls import Direction
from callcenterd.switchboard.lines import ExtensionState
from callcenterd.switchboard.people import Control
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


class Person(TypedDict):
    """Who is in a call, or rung for it. id: as a party of it. caller: who called first. hears: ids of whom they hear.

    state: ringing: not there yet. holding: has put the others on hold. waiting: hears nobody (but music), and is heard
           by nobody. talking: all others.
    can:   of an agent: what they may do with the call now, if their role has the right to it.
    """

    id: int
    number: str
    agent: str | None
    name: str
    caller: bool
    state: Literal["ringing", "talking", "holding", "waiting"]
    muted: bool
    hears: list[int]
    can: list[Control]


class Line(TypedDict):
    """A call that is up. trunk: by which it came, else over which it goes out now. agent: who talks or is rung. since:
    of this state. parties: who speak, 0: nobody does yet.

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
    people: list[Person]


class Waiting(TypedDict):
    call: str
    caller: str
    since: str
    position: int


class QueueDay(TypedDict):
    """Since midnight, of visits that began since then; callers whom the office has called are in none. offered: came
    into the queue. abandoned: hung up while waiting; short: of them, within 5 seconds. within: answered within target
    seconds. service_level: within / (offered - short - still waiting), 0 to 1. asa: mean wait of who was answered."""

    offered: int
    answered: int
    abandoned: int
    short: int
    within: int
    target: float
    service_level: float | None
    asa: float | None


class Queue(TypedDict):
    """signed_in, ready, talking: of its members. today: its figures since midnight."""

    name: str
    title: str
    waiting: list[Waiting]
    longest_since: str | None
    ready: int
    talking: int
    signed_in: int
    today: QueueDay


class TrunkLine(TypedDict):
    """An outside line. registers: we register there, and state says whether that holds; else whether it answers. why:
    the last status or fault. channels: calls at once, null: no limit; busy: in use now."""

    name: str
    state: str
    why: str
    registers: bool
    channels: int | None
    busy: int


class ExtensionLine(TypedDict):
    """An inside line. agent: who sits there. call: in which it is."""

    number: str
    agent: str | None
    state: ExtensionState
    call: str | None


class KnownCustomer(TypedDict):
    id: int
    name: str
    level: str


class Caller(TypedDict):
    """Whose call it may be, best first; only for who may see all of them."""

    call: str
    customers: list[KnownCustomer]


class Half(TypedDict):
    """at: begin of a half hour of today. queue null: calls of the office, in and out; else visits to that queue. Each
    is booked to the half hour in which it began."""

    at: str
    queue: str | None
    inbound: int
    outbound: int
    answered: int
    abandoned: int


class HelpNow(TypedDict):
    """An agent's call for help that has no end yet, as `GET /api/v1/help` has it."""

    id: int
    agent: str
    asked_at: str
    call: str | None
    text: str
    by_phone: bool
    state: Literal["open", "taken"]
    taken_by: str
    taken_at: str | None
    answered_at: str | None
    version: int


class LiveNow(TypedDict):
    lines: list[Line]
    agents: list[Agent]
    queues: list[Queue]
    trunks: list[TrunkLine]
    extensions: list[ExtensionLine]
    callers: list[Caller]
    volume: list[Half]
    help: list[HelpNow]


LIVE = TypeAdapter(LiveNow)


@routes.get("/api/v1/live")
@right("live")
@shape(summary="Lines, agents and queues now, as far as one may see", answer=LIVE)
async def live_now(request: web.Request) -> web.StreamResponse:
    """200 everything."""
    lists: Any = request.app[STREAMS].live.lists(sight_of(request))
    return answer(LIVE, lists)
