"""Agents call for help, and who oversees them answers (AGT-04)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model.help import MOST_TEXT, HelpRequest, HelpStep
from callcenterd.model.ids import AgentId
from callcenterd.model.staff import MOST_TEXT as MOST_MESSAGE
from callcenterd.web.answers import VISIBLE, Asked, Conditions, NotAllowed, answer, conditions, read
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.rights import may, right, sight_of
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class HelpList:
    items: list[HelpRequest]
    total: int


@dataclass(frozen=True, slots=True)
class HelpWithSteps:
    request: HelpRequest
    steps: list[HelpStep]


HELP = TypeAdapter(HelpRequest)
HELPS = TypeAdapter(HelpList)
WITH_STEPS = TypeAdapter(HelpWithSteps)


class HelpConditions(Conditions):
    """up: those without an end only."""

    up: bool = False
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


class HelpAsked(Asked):
    """text: what it is about; nobody has to say."""

    text: Annotated[str, VISIBLE] = Field("", max_length=MOST_TEXT)


class HelpTaken(Asked):
    version: int = Field(ge=1, lt=1 << 62, description="The one that was seen; with another one there is 409.")


class HelpAnswer(Asked):
    text: Annotated[str, VISIBLE] = Field(min_length=1, max_length=MOST_MESSAGE, pattern=r"\S")
    key: Annotated[str, VISIBLE] = Field("", max_length=64, description="As of a message to a colleague.")


async def _seen(request: web.Request) -> HelpRequest:
    """One's own, or of whom one oversees. Raises NotFound, NotAllowed."""
    number, who = number_in(request, "help"), signed_in(request).login
    known = await request.app[OFFICE].store.help.get(number)
    if known.agent == who:
        return known
    if not sight_of(request).oversees(known.agent):
        raise NotFound("help", number)
    if not may(request, "help.answer"):
        raise NotAllowed
    return known


@routes.get("/api/v1/help")
@right("help")
@shape(summary="Calls for help: one's own, and of whom one oversees", conditions=HelpConditions, answer=HELPS)
async def list_help(request: web.Request) -> web.StreamResponse:
    """200 one page of them, the newest first. Those without an end are in the live feed too."""
    wanted, sight = conditions(request, HelpConditions), sight_of(request)
    agents = sight.agents if may(request, "help.answer") else frozenset({sight.login})
    items, total = await request.app[OFFICE].store.help.page(
        agents, up=wanted.up, limit=wanted.limit, offset=wanted.offset
    )
    return answer(HELPS, HelpList(items, total))


@routes.post("/api/v1/help")
@right("help")
@shape(summary="Call one's supervisors for help", body=HelpAsked, answer=HELP)
async def ask_for_help(request: web.Request) -> web.StreamResponse:
    """201 they are told, with the call in which one speaks · 200 one has called already: they are told again."""
    asked, me = await read(request, HelpAsked), AgentId(signed_in(request).login)
    view = request.app[OFFICE].board.desk.view(me)
    call = view.call if view is not None and view.state == "talking" else None
    made, is_new = await request.app[MODULES].help.ask(me, call, asked.text.strip())
    return answer(HELP, made, status=201 if is_new else 200)


@routes.get("/api/v1/help/{id}")
@right("help")
@shape(summary="One call for help, with all that became of it", answer=WITH_STEPS)
async def one_help(request: web.Request) -> web.StreamResponse:
    """200 it, with its steps in their order · 404 there is none, or one may not see it."""
    known = await _seen(request)
    return answer(WITH_STEPS, HelpWithSteps(known, await request.app[OFFICE].store.help.steps(known.id)))


@routes.post("/api/v1/help/{id}/take")
@right("help.answer")
@shape(summary="See to it, so that the others know", body=HelpTaken, answer=HELP)
async def take_help(request: web.Request) -> web.StreamResponse:
    """200 it is one's own now, also if a colleague had it before · 404 there is none, or one may not see it · 409 it is
    over, or another by now: `error.now` has it."""
    asked, known = await read(request, HelpTaken), await _seen(request)
    return answer(HELP, await request.app[MODULES].help.take(known.id, asked.version, signed_in(request).login))


@routes.post("/api/v1/help/{id}/answer")
@right("help.answer")
@shape(summary="Answer by a message to the agent", body=HelpAnswer, answer=HELP)
async def answer_help(request: web.Request) -> web.StreamResponse:
    """200 the agent has a message; if nobody had taken it, who answers has · 404 as taking · 409 it is over · 422 it is
    one's own."""
    asked, known, me = await read(request, HelpAnswer), await _seen(request), AgentId(signed_in(request).login)
    return answer(HELP, await request.app[MODULES].help.answer(known.id, me, asked.text, asked.key))


@routes.post("/api/v1/help/{id}/end")
@right("help")
@shape(summary="Withdraw one's own, or say that another's is resolved", body=HelpAsked, answer=HELP)
async def end_help(request: web.Request) -> web.StreamResponse:
    """200 it is over · 404 there is none, or one may not see it · 409 it was over."""
    asked, known = await read(request, HelpAsked), await _seen(request)
    ended = await request.app[MODULES].help.end(known.id, signed_in(request).login, asked.text.strip())
    return answer(HELP, ended)
