"""Televisions on the wall (SUP-01): figures of queues by a link that nobody need be signed in for, and those links.

Such a link opens one address, GET /api/v1/display: counts and times, never a name of a customer or an agent, nor a
number. It shows at most the queues that it was made for, as long as who made it may still make one and sees them.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model.agents import AgentState
from callcenterd.model.displays import Display
from callcenterd.model.ids import QueueName
from callcenterd.model.thresholds import OF_QUEUES, SHIPPED, Limit, ThresholdName, Thresholds
from callcenterd.web.answers import (
    VISIBLE,
    Asked,
    Conditions,
    NotSignedIn,
    WrongFields,
    answer,
    conditions,
    nothing,
    read,
)
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE, Office
from callcenterd.web.rights import Sight, public, right, role_may, sight_of
from callcenterd.web.session import MOST_TOKEN, WHO, bearer_token, let_in, signed_in

routes = web.RouteTableDef()
MOST_QUEUES = 8
"""On one screen: more nobody reads from five metres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFigures:
    """waiting: callers. longest_since: since when the first of them waits. The rest is since midnight: service_level is
    0 to 1 of what came (null: nothing came), within `target` seconds; asa: seconds until an answer, on average.

    limits: from when on it warns (GET /api/v1/thresholds), of waiting, longest and service_level; null: never."""

    name: str
    title: str
    waiting: int
    longest_since: datetime | None
    offered: int
    answered: int
    abandoned: int
    service_level: float | None
    target: float
    asa: float | None
    limits: Mapping[ThresholdName, Limit | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFigures:
    """How many of those who serve one of these queues are in which state; whoever serves two is counted once."""

    ready: int
    talking: int
    wrap_up: int
    on_break: int
    signed_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayFigures:
    """name: of the television. build: of the pages that this server has; with another one a page loads itself anew.
    utc_offset: of the office's clock now, in minutes."""

    name: str
    at: datetime
    utc_offset: int
    build: str
    queues: list[QueueFigures]
    agents: AgentFigures


@dataclass(frozen=True, slots=True)
class DisplayList:
    items: list[Display]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDisplay:
    """token: what stands in its link; it is said only now."""

    display: Display
    token: str


FIGURES = TypeAdapter(DisplayFigures)
DISPLAYS = TypeAdapter(DisplayList)
NEW = TypeAdapter(NewDisplay)
Name = Annotated[QueueName, VISIBLE, Field(min_length=1, max_length=64)]


class DisplayFields(Asked):
    """days: for which its link is good."""

    name: Annotated[str, VISIBLE, Field(min_length=1, max_length=60)]
    queues: Annotated[list[Name], Field(min_length=1, max_length=MOST_QUEUES)]
    days: int = Field(365, ge=1, le=3660)


class DisplayConditions(Conditions):
    """queues: names, with "," between them: those alone, in this order."""

    queues: Annotated[str, VISIBLE] = Field("", max_length=MOST_QUEUES * 65)


# ---- what a television shows --------------------------------------------------------------------------------


class Build:
    """Which pages this server has. Read once: others come with another start of the server."""

    def __init__(self, pages: Path) -> None:
        self._page = pages / "display.html"
        self._known: str | None = None

    async def known(self) -> str:
        if self._known is None:
            self._known = await asyncio.to_thread(_digest, self._page)
        return self._known


BUILD = web.AppKey("build", Build)


@routes.get("/api/v1/display")
@public  # says by itself who may: a television has a token that is no session's
@shape(summary="What a television shows: figures of queues", conditions=DisplayConditions, answer=FIGURES)
async def display_figures(request: web.Request) -> web.StreamResponse:
    """200 the figures now · 401 neither a session nor the token of a display · 422 conditions."""
    wanted = conditions(request, DisplayConditions).queues
    office = request.app[OFFICE]
    name, sight, allowed = await _who_looks(request, office)
    known = [queue for queue in office.board.queueing.queue_names() if sight.sees_queue(queue)]
    asked = list(dict.fromkeys(QueueName(one.strip()) for one in wanted.split(",") if one.strip()))
    shown = [queue for queue in asked or allowed or known if queue in known and (allowed is None or queue in allowed)]
    if asked and not shown:
        raise WrongFields({"queues": ("no_queue", {"name": wanted[:60]})})
    limits = await office.store.thresholds.all()
    now = office.clock.utc()
    offset = now.astimezone(office.timezone).utcoffset() or timedelta()
    figures = DisplayFigures(
        name=name,
        at=now,
        utc_offset=int(offset.total_seconds() // 60),
        build=await request.app[BUILD].known(),
        queues=[_queue(office, queue, limits) for queue in shown[:MOST_QUEUES]],
        agents=_agents(office, shown[:MOST_QUEUES]),
    )
    return answer(FIGURES, figures)


async def _who_looks(request: web.Request, office: Office) -> tuple[str, Sight, tuple[QueueName, ...] | None]:
    """The display's name, whose eyes it has, and its queues (None: whatever those see). Raises NotSignedIn."""
    if WHO in request:
        who = signed_in(request)
        let_in(who, "live")
        return "", sight_of(request), None
    token = bearer_token(request)
    if not 0 < len(token) <= MOST_TOKEN:
        raise NotSignedIn
    found = await office.store.displays.find(token, office.clock.utc())
    site = office.board.site
    if found is None or not any(user.login == found.created_by for user in site.users):
        raise NotSignedIn
    if not role_may(site.settings_of(found.created_by), "display"):
        raise NotSignedIn
    return found.name, Sight.of(found.created_by, site), found.queues


def _queue(office: Office, name: QueueName, limits: Sequence[Thresholds]) -> QueueFigures:
    """Of all that the live board knows of a queue only what names nobody."""
    now: dict[str, Any] = office.board.live.queue(name)
    today = now["today"]
    return QueueFigures(
        name=name,
        title=now["title"],
        waiting=len(now["waiting"]),
        longest_since=None if now["longest_since"] is None else datetime.fromisoformat(now["longest_since"]),
        offered=today["offered"],
        answered=today["answered"],
        abandoned=today["abandoned"],
        service_level=today["service_level"],
        target=today["target"],
        asa=today["asa"],
        limits=_limits(name, limits),
    )


def _limits(name: QueueName, limits: Sequence[Thresholds]) -> dict[ThresholdName, Limit | None]:
    """A queue's own before the office's, and those before what ships."""
    merged = dict(SHIPPED.limits)
    for one in sorted((one for one in limits if one.queue in (None, name)), key=lambda one: one.queue is not None):
        merged.update(one.limits)
    return {limit: merged[limit] for limit in sorted(OF_QUEUES)}


def _agents(office: Office, queues: Iterable[QueueName]) -> AgentFigures:
    wanted, queueing = frozenset(queues), office.board.queueing
    states = [view.state for view in map(queueing.view, queueing.agents()) if not wanted.isdisjoint(view.queues)]

    def count(*counted: AgentState) -> int:
        return sum(state in counted for state in states)

    return AgentFigures(
        ready=count("ready", "offered"),
        talking=count("talking"),
        wrap_up=count("wrap_up"),
        on_break=count("break", "unreachable"),
        signed_in=len(states) - count("signed_out"),
    )


def _digest(page: Path) -> str:
    """The page names its scripts and styles, whose names change with what is in them."""
    return hashlib.sha256(page.read_bytes()).hexdigest()[:16] if page.is_file() else ""


# ---- their links --------------------------------------------------------------------------------------------


@routes.get("/api/v1/displays")
@right("display")
@shape(summary="Televisions that have a link", answer=DISPLAYS)
async def list_displays(request: web.Request) -> web.StreamResponse:
    """200 those that show queues of one's sight, the newest first."""
    sight = sight_of(request)
    found = [one for one in await request.app[OFFICE].store.displays.all() if _sees(sight, one)]
    return answer(DISPLAYS, DisplayList(found, len(found)))


@routes.post("/api/v1/displays")
@right("display")
@shape(summary="A link for a television", body=DisplayFields, answer=NEW)
async def create_display(request: web.Request) -> web.StreamResponse:
    """201 it, with what stands in its link; that is said only now · 409 there are too many · 422 fields."""
    fields = await read(request, DisplayFields)
    office, sight, who = request.app[OFFICE], sight_of(request), signed_in(request)
    known = office.board.queueing.queue_names()
    for queue in fields.queues:
        if queue not in known or not sight.sees_queue(queue):
            raise WrongFields({"queues": ("no_queue", {"name": queue})})
    now, queues = office.clock.utc(), list(dict.fromkeys(fields.queues))
    made, token = await office.store.displays.create(fields.name, queues, who.login, now, timedelta(days=fields.days))
    details = {"name": made.name, "queues": queues, "expires_at": made.expires_at.isoformat()}
    await office.store.audit.append(now, who.login, "display.created", f"display/{made.id}", details)
    return answer(NEW, NewDisplay(display=made, token=token), status=201)


@routes.delete("/api/v1/displays/{id}")
@right("display")
@shape(summary="A television's link shows nothing from now on")
async def remove_display(request: web.Request) -> web.StreamResponse:
    """204 it is gone · 404 no such one, or of queues that one does not see."""
    office, sight, number = request.app[OFFICE], sight_of(request), number_in(request, "display")
    if not any(one.id == number and _sees(sight, one) for one in await office.store.displays.all()):
        raise NotFound("display", number)
    gone = await office.store.displays.revoke(number)
    by = signed_in(request).login
    await office.store.audit.append(office.clock.utc(), by, "display.removed", f"display/{number}", {"name": gone.name})
    return nothing()


def _sees(sight: Sight, display: Display) -> bool:
    return display.created_by == sight.login or all(sight.sees_queue(queue) for queue in display.queues)
