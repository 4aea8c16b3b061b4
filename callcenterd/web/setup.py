"""Setting an office up [开局]: how far it is, trunks that are tried, and the first call as it comes.

What is set up is set by the things' own addresses (`administration`, `flows`, `devices`), so that a site file says the
same. Here is only what a page needs beside them.
"""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from aiohttp import web
from pydantic import AfterValidator, Field, TypeAdapter

from callcenterd.errors import NotFound, NotNow
from callcenterd.ivr.firstflow import FirstFlow, Way
from callcenterd.model.ids import FlowName, QueueName, TrunkName
from callcenterd.model.setup import CallTry, TestCall, TrunkTest, TurnedAway
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import VISIBLE, Asked, answer, nothing, read
from callcenterd.web.describe import shape
from callcenterd.web.flows import VERSION, VersionShown
from callcenterd.web.headers import is_harmless_host
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in
from callcenterd.web.ways import host_of

routes = web.RouteTableDef()

NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneDoor:
    """Where phones find us by SIP. transport: "udp", "tcp" or "tls"."""

    transport: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpState:
    """How far the office is. own_password: the one-time password of who asks is another one by now.

    trunks … flows: how many there are; users: beside administrators. time, timezone: the office's, as they are
    in force; timezone_next: which will be, from the server's next start on; timezone_by: who has said so, the
    configuration file, this page, or nobody yet. host: by which this
    page reaches us, and phones may; doors: with these ports. https: whether the pages have a sealed way.
    """

    own_password: bool
    trunks: int
    numbers: int
    extensions: int
    users: int
    queues: int
    calendars: int
    flows: int
    language: str
    timezone: str
    timezone_next: str
    timezone_by: Literal["file", "page", "nobody"]
    time: datetime
    host: str
    doors: list[PhoneDoor]


@dataclass(frozen=True, slots=True)
class Tries:
    items: list[CallTry]
    total: int


@dataclass(frozen=True, slots=True)
class AllTurnedAway:
    items: list[TurnedAway]
    total: int


STATE = TypeAdapter(SetUpState)
TRUNK_TEST = TypeAdapter(TrunkTest)
TEST_CALL = TypeAdapter(TestCall)
TRIES = TypeAdapter(Tries)
TURNED_AWAY = TypeAdapter(AllTurnedAway)


class TestCallAsked(Asked):
    """number: whom to call, as it would be dialled."""

    number: Annotated[str, VISIBLE, Field(min_length=1, max_length=64)]


def _zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("the name of a time zone that this machine knows, as Asia/Shanghai, is wanted") from None
    return name


class ZoneAsked(Asked):
    """timezone: its name, as Asia/Shanghai."""

    timezone: Annotated[str, VISIBLE, Field(min_length=1, max_length=64), AfterValidator(_zone)]


class FirstFlowAsked(Asked):
    """name: of the new flow. way: "direct", or "menu" for a choice of keys first. greeting: spoken; "": none.
    calendar: "": open always."""

    name: Annotated[str, Field(pattern=NAME)]
    title: Annotated[str, VISIBLE, Field(min_length=1, max_length=100)]
    language: Literal["zh-CN", "en"] = "zh-CN"
    way: Way = "direct"
    greeting: Annotated[str, VISIBLE, Field(max_length=300)] = ""
    queue: Annotated[str, VISIBLE, Field(min_length=1, max_length=64)]
    calendar: Annotated[str, VISIBLE, Field(max_length=64)] = ""


@routes.get("/api/v1/setup")
@right("site")
@shape(summary="How far the office is set up", answer=STATE)
async def read_setup(request: web.Request) -> web.StreamResponse:
    """200 what there is, and what phones are told."""
    office, login = request.app[OFFICE], signed_in(request).login
    site = office.board.site
    changed, _ = await office.store.audit.search(what="password.changed", target=f"user/{login}", limit=1)
    said = host_of(request)
    host = said.rpartition(":")[0] if said.rpartition(":")[2].isdigit() and ":" in said else said
    told = None if office.timezone_fixed else await office.store.office.timezone()
    state = SetUpState(
        own_password=bool(changed),
        trunks=len(site.trunks),
        numbers=len(site.numbers),
        extensions=len(site.extensions),
        users=sum(user.role != "admin" for user in site.users),
        queues=len(site.queues),
        calendars=len(site.calendars),
        flows=len(office.flows.all()),
        language=office.language,
        timezone=str(office.timezone),
        timezone_next=told or str(office.timezone),
        timezone_by="file" if office.timezone_fixed else "nobody" if told is None else "page",
        time=office.clock.utc().astimezone(office.timezone),
        host=host if is_harmless_host(host) else "",
        doors=[PhoneDoor(transport=transport, port=port) for transport, port in office.doors],
    )
    return answer(STATE, state)


@routes.put("/api/v1/setup/timezone")
@right("site")
@shape(summary="In which time zone the office is, from the server's next start on", body=ZoneAsked)
async def put_timezone(request: web.Request) -> web.StreamResponse:
    """204 it is kept · 409 the configuration file names it · 422 no zone that this machine knows."""
    asked, office, who = await read(request, ZoneAsked), request.app[OFFICE], signed_in(request).login
    if office.timezone_fixed:
        raise NotNow("the configuration file names the time zone")
    before = await office.store.office.timezone()
    if before != asked.timezone:
        now = office.clock.utc()
        await office.store.office.put_timezone(asked.timezone, who, now)
        changes = {"timezone": [before or str(office.timezone), asked.timezone]}
        await office.store.audit.append(now, who, "office.timezone", "office", changes)
    return nothing()


@routes.post("/api/v1/setup/flow")
@right("flow")
@shape(summary="A first flow: greet, queue, and a message after hours", body=FirstFlowAsked, answer=VERSION)
async def create_first_flow(request: web.Request) -> web.StreamResponse:
    """201 its first version, in service · 409 there is a file of that name · 422 fields, or it names what is not
    there."""
    asked, office, who = await read(request, FirstFlowAsked), request.app[OFFICE], signed_in(request).login
    flow = FirstFlow(
        name=FlowName(asked.name),
        title=asked.title,
        language=asked.language,
        way=asked.way,
        greeting=asked.greeting.strip(),
        queue=QueueName(asked.queue),
        calendar=asked.calendar,
    )
    version = await office.flow_desk.publish(flow.name, flow.text(), base="", by=who, note="setup")
    details = {"version": version.number, "note": version.note, "checksum": version.checksum}
    await office.store.audit.append(version.at, who, "flow.published", f"flow/{version.flow}", details)
    return answer(VERSION, VersionShown.of_version(version), status=201)


@routes.get("/api/v1/setup/calls")
@right("site")
@shape(summary="Calls that come in while somebody watches, step by step", answer=TRIES)
async def list_tries(request: web.Request) -> web.StreamResponse:
    """200 the newest first, at most 5. Who asks watches for the next two minutes."""
    found = await request.app[OFFICE].board.tries.now()
    return answer(TRIES, Tries(found, len(found)))


@routes.get("/api/v1/setup/turned-away")
@right("site")
@shape(summary="Who was refused at the SIP door lately, and why", answer=TURNED_AWAY)
async def list_turned_away(request: web.Request) -> web.StreamResponse:
    """200 the newest first, at most 100 since the start."""
    found = request.app[OFFICE].setting_up.turned_away()
    return answer(TURNED_AWAY, AllTurnedAway(found, len(found)))


@routes.post("/api/v1/trunks/{key}/test")
@right("site")
@shape(summary="Ask a trunk now whether calls can come and go, and why not", body=Nothing, answer=TRUNK_TEST)
async def run_trunk_test(request: web.Request) -> web.StreamResponse:
    """200 what was found, in half a minute at most; calls are not touched · 404 no such trunk · 409 it is being
    tested."""
    await read(request, Nothing)
    tested = await request.app[OFFICE].setting_up.trunk_tests.test(_trunk(request))
    return answer(TRUNK_TEST, tested)


@routes.get("/api/v1/trunks/{key}/test-call")
@right("site")
@shape(summary="How far the newest test call over a trunk is", answer=TEST_CALL)
async def read_test_call(request: web.Request) -> web.StreamResponse:
    """200 it · 404 no such trunk, or there was none."""
    trunk = _trunk(request)
    newest = request.app[OFFICE].board.test_calls.now(trunk)
    if newest is None:
        raise NotFound("test call", trunk)
    return answer(TEST_CALL, newest)


@routes.post("/api/v1/trunks/{key}/test-call")
@right("site")
@shape(summary="Call a number over a trunk, to try it", body=TestCallAsked, answer=TEST_CALL)
async def begin_test_call(request: web.Request) -> web.StreamResponse:
    """201 it is dialled; who picks up hears a sentence · 404 no such trunk · 409 one is under way, or no channel is
    free · 422 no number."""
    asked, trunk, office = await read(request, TestCallAsked), _trunk(request), request.app[OFFICE]
    begun = office.board.test_calls.begin(trunk, asked.number)
    details = {"number": begun.number}
    await office.store.audit.append(begun.at, signed_in(request).login, "trunk.test_call", f"trunk/{trunk}", details)
    return answer(TEST_CALL, begun, status=201)


@routes.delete("/api/v1/trunks/{key}/test-call")
@right("site")
@shape(summary="End the test call")
async def end_test_call(request: web.Request) -> web.StreamResponse:
    """204 none is under way any more · 404 no such trunk."""
    _trunk(request)
    request.app[OFFICE].board.test_calls.hang_up()
    return nothing()


def _trunk(request: web.Request) -> TrunkName:
    name = TrunkName(request.match_info["key"])
    if all(trunk.name != name for trunk in request.app[OFFICE].board.site.trunks):
        raise NotFound("trunk", name[:64])
    return name
