"""Call flows: those in service, their drafts and versions, and what the editor asks about a text (IVR-01, IVR-06).

A flow is text: the editor sends the text that it began from and the data that it is to say, and gets the text with
just that changed. Nothing is written over a file that was changed on the disk meanwhile: 409, with what it says now.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.ivr.editing import Opened
from callcenterd.ivr.graph import Difference, FaultShown, Graph, KindShown, NodeShown, shown_kinds
from callcenterd.model.flows import FlowDraft, FlowVersion, How
from callcenterd.model.ids import ExtensionNumber, FlowName
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import VISIBLE, Asked, Conditions, answer, conditions, language_of, nothing, read
from callcenterd.web.calls import Moment
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE, Office
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in
from callcenterd.web.words import Language, told

routes = web.RouteTableDef()

MOST_TEXT = 500_000
"""Characters of a flow's text: 2,000 nodes are half of it."""
MOST_NODES = 2000

Text = Annotated[str, Field(max_length=MOST_TEXT)]
Note = Annotated[str, Field(max_length=500)]
Checksum = Annotated[str, Field(max_length=64)]
Names = Annotated[dict[str, str], Field(max_length=MOST_NODES)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftSeen:
    """Whose draft, and of when."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowShown:
    """nodes: how many; 0 if it is not in service. in_service: calls walk it. numbers: called numbers that lead to it.

    version: the newest; None: none was kept yet.
    """

    name: str
    title: str
    file: str
    nodes: int
    in_service: bool
    numbers: list[str]
    version: int | None
    draft: DraftSeen | None


@dataclass(frozen=True, slots=True)
class FileFault:
    """line and column count from 1; column 0: only the line is known."""

    file: str
    line: int
    column: int
    reason: str


@dataclass(frozen=True, slots=True)
class FlowList:
    """items: flows in service, in refused files, and drafts. faults: of the refused; their old versions go on."""

    items: list[FlowShown]
    total: int
    faults: list[FileFault]


FLOWS = TypeAdapter(FlowList)


async def _list(office: Office, language: Language) -> FlowList:
    drafts, newest = await office.store.flows.drafts(), await office.store.flows.newest()
    files = {file.flow: Path(file.path).name for file in office.flows.files()}
    numbers: dict[str, list[str]] = {}
    for route in office.board.site.numbers:
        numbers.setdefault(route.flow, []).append(route.match)
    shown = []
    for name in sorted({*office.flows.names(), *files, *drafts}):
        flow, draft, version = office.flows.get(name), drafts.get(name), newest.get(name)
        shown.append(
            FlowShown(
                name=name,
                title=flow.title if flow is not None else "",
                file=Path(flow.file).name if flow is not None else files.get(name, ""),
                nodes=len(flow.nodes) if flow is not None else 0,
                in_service=flow is not None,
                numbers=numbers.get(name, []),
                version=version.number if version is not None else None,
                draft=DraftSeen(by=draft.by, at=draft.at) if draft is not None else None,
            )
        )
    faults = [FileFault(one.file, one.line, one.column, told(one.reason, language)) for one in office.flows.faults()]
    return FlowList(shown, len(shown), faults)


@routes.get("/api/v1/flows")
@right("flow")
@shape(summary="Flows, and faults of files that are not in service", answer=FLOWS)
async def list_flows(request: web.Request) -> web.StreamResponse:
    """200 all of them."""
    return answer(FLOWS, await _list(request.app[OFFICE], language_of(request)))


@routes.post("/api/v1/flows/reload")
@right("flow")
@shape(summary="Read the flow files again", body=Nothing, answer=FLOWS)
async def reload_flows(request: web.Request) -> web.StreamResponse:
    """200 what is in service now, and the faults of what was refused."""
    await read(request, Nothing)
    office = request.app[OFFICE]
    await office.reload_flows()
    listed = await _list(office, language_of(request))
    served = [flow.name for flow in listed.items if flow.in_service]
    details = {"flows": served, "faults": [str(fault) for fault in office.flows.faults()]}
    await office.store.audit.append(office.clock.utc(), signed_in(request).login, "flows.loaded", "flows", details)
    return answer(FLOWS, listed)


# ---- one flow -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphShown:
    """A text and what it says. data: None if it is no YAML."""

    text: str
    data: dict[str, Any] | None
    nodes: tuple[NodeShown, ...]
    faults: tuple[FaultShown, ...]

    @classmethod
    def of(cls, graph: Graph, language: Language) -> GraphShown:
        faults = tuple(dataclasses.replace(fault, reason=told(fault.reason, language)) for fault in graph.faults)
        return cls(text=graph.text, data=graph.data, nodes=graph.nodes, faults=faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftShown:
    """base: the checksum of the file that it began from."""

    text: str
    base: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowOpened:
    """file, checksum, what it says: as it is on the disk now; checksum "": there is none. places: of nodes, x and y."""

    name: str
    file: str
    checksum: str
    in_service: bool
    says: GraphShown
    draft: DraftShown | None
    places: dict[str, tuple[float, float]]


OPENED = TypeAdapter(FlowOpened)
GRAPH = TypeAdapter(GraphShown)


def _name(request: web.Request) -> FlowName:
    return FlowName(request.match_info["name"])


async def _opened(office: Office, name: FlowName, language: Language) -> FlowOpened:
    opened: Opened = await office.flow_desk.open(name)
    return FlowOpened(
        name=name,
        file=opened.file,
        checksum=opened.checksum,
        in_service=office.flows.get(name) is not None,
        says=GraphShown.of(opened.graph, language),
        draft=_draft(opened.draft) if opened.draft is not None else None,
        places=dict(await office.store.flows.places(name)),
    )


def _draft(draft: FlowDraft) -> DraftShown:
    return DraftShown(text=draft.text, base=draft.base, by=draft.by, at=draft.at)


@routes.get("/api/v1/flows/{name}")
@right("flow")
@shape(summary="A flow's file with its nodes, exits and faults, and the draft of it", answer=OPENED)
async def open_flow(request: web.Request) -> web.StreamResponse:
    """200 the flow · 404 neither a file nor a draft · 422 no name of a flow."""
    return answer(OPENED, await _opened(request.app[OFFICE], _name(request), language_of(request)))


class TextAsked(Asked):
    """text: to look at. wanted: the data that it is to say instead. renamed: nodes with a new name in it, old: new."""

    text: Text
    wanted: dict[str, Any] | None = None
    renamed: Names = Field(default_factory=dict)


@routes.post("/api/v1/flow_check")
@right("flow")
@shape(summary="What a text says, and its faults; first changed, if wanted", body=TextAsked, answer=GRAPH)
async def check_flow(request: web.Request) -> web.StreamResponse:
    """200 the text with its nodes and faults · 422 it cannot be changed so without a loss."""
    asked = await read(request, TextAsked)
    desk = request.app[OFFICE].flow_desk
    if asked.wanted is None:
        seen = await desk.look(asked.text)
    else:
        seen = await desk.changed(asked.text, asked.wanted, asked.renamed)
    return answer(GRAPH, GraphShown.of(seen, language_of(request)))


class DraftAsked(Asked):
    """base: checksum of the file that it began from. seen: when the draft before it was kept; null: there was none."""

    text: Text
    base: Checksum
    seen: Moment | None = None


DRAFT = TypeAdapter(DraftShown)


@routes.put("/api/v1/flows/{name}/draft")
@right("flow")
@shape(summary="Keep a draft", body=DraftAsked, answer=DRAFT)
async def keep_flow_draft(request: web.Request) -> web.StreamResponse:
    """200 the draft · 409 somebody else has kept one meanwhile."""
    asked = await read(request, DraftAsked)
    office, name = request.app[OFFICE], _name(request)
    office.flow_desk.path(name)
    draft = FlowDraft(flow=name, text=asked.text, base=asked.base, by=signed_in(request).login, at=office.clock.utc())
    await office.store.flows.keep_draft(draft, asked.seen)
    return answer(DRAFT, _draft(draft))


@routes.delete("/api/v1/flows/{name}/draft")
@right("flow")
@shape(summary="Throw a draft away")
async def drop_flow_draft(request: web.Request) -> web.StreamResponse:
    """204 there is none now · 422 no name of a flow."""
    await request.app[OFFICE].store.flows.drop_draft(_name(request))
    return nothing()


Coordinate = Annotated[float, Field(strict=False, ge=-1_000_000, le=1_000_000, allow_inf_nan=False)]


class PlacesAsked(Asked):
    """places: x and y of each node, in pixels; those that are not named are arranged by themselves."""

    places: Annotated[dict[str, list[Coordinate]], Field(max_length=MOST_NODES)]


@routes.put("/api/v1/flows/{name}/places")
@right("flow")
@shape(summary="Keep how the nodes of a flow are arranged", body=PlacesAsked)
async def keep_flow_places(request: web.Request) -> web.StreamResponse:
    """204 kept."""
    asked = await read(request, PlacesAsked)
    places = {name[:64]: (place[0], place[1]) for name, place in asked.places.items() if len(place) == len("xy")}
    await request.app[OFFICE].store.flows.keep_places(_name(request), places)
    return nothing()


class PublishAsked(Asked):
    """base: checksum of the file as it was when the text was made of it; "" for a flow without a file."""

    text: Text
    base: Checksum
    note: Note = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionShown:
    """how: published, rolled_back or by_hand (then `by` is ""). of: the version that came again."""

    number: int
    at: datetime
    by: str
    how: How
    note: str
    checksum: str
    of: int | None

    @classmethod
    def of_version(cls, version: FlowVersion) -> VersionShown:
        return cls(
            number=version.number,
            at=version.at,
            by=version.by,
            how=version.how,
            note=version.note,
            checksum=version.checksum,
            of=version.of,
        )


VERSION = TypeAdapter(VersionShown)


async def _audited(request: web.Request, version: FlowVersion) -> web.StreamResponse:
    office = request.app[OFFICE]
    what = "flow.rolled_back" if version.how == "rolled_back" else "flow.published"
    details = {"version": version.number, "note": version.note, "checksum": version.checksum}
    if version.of is not None:
        details["of"] = version.of
    await office.store.audit.append(version.at, signed_in(request).login, what, f"flow/{version.flow}", details)
    return answer(VERSION, VersionShown.of_version(version))


@routes.post("/api/v1/flows/{name}/publish")
@right("flow")
@shape(summary="Write a flow's file and put it into service", body=PublishAsked, answer=VERSION)
async def publish_flow(request: web.Request) -> web.StreamResponse:
    """200 the new version; calls that run keep theirs · 409 the file was changed meanwhile: with what it says now ·
    422 the text's faults."""
    asked = await read(request, PublishAsked)
    version = await request.app[OFFICE].flow_desk.publish(
        _name(request), asked.text, base=asked.base, by=signed_in(request).login, note=asked.note
    )
    return await _audited(request, version)


class Paged(Conditions):
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0)


@dataclass(frozen=True, slots=True)
class VersionList:
    items: list[VersionShown]
    total: int


VERSIONS = TypeAdapter(VersionList)


@routes.get("/api/v1/flows/{name}/versions")
@right("flow")
@shape(summary="Every version that was in service, newest first", conditions=Paged, answer=VERSIONS)
async def list_flow_versions(request: web.Request) -> web.StreamResponse:
    """200 a page of them, without their texts."""
    page = conditions(request, Paged)
    found, total = await request.app[OFFICE].store.flows.versions(_name(request), page.limit, page.offset)
    return answer(VERSIONS, VersionList([VersionShown.of_version(version) for version in found], total))


@dataclass(frozen=True, slots=True)
class VersionText:
    number: int
    text: str


VERSION_TEXT = TypeAdapter(VersionText)


@routes.get("/api/v1/flows/{name}/versions/{number}")
@right("flow")
@shape(summary="The text of a version", answer=VERSION_TEXT)
async def open_flow_version(request: web.Request) -> web.StreamResponse:
    """200 its text · 404 no such version · 422 no name of a flow."""
    number = _number(request.match_info["number"])
    version = await request.app[OFFICE].store.flows.version(_name(request), number)
    return answer(VERSION_TEXT, VersionText(version.number, version.text))


def _number(text: str) -> int:
    """Raises NotFound."""
    if not (text.isascii() and text.isdigit() and len(text) < len("1000000000")):
        raise NotFound("version", text[:64])
    return int(text)


class RollBackAsked(Asked):
    """number: the version to come again. base: checksum of the file as it is now."""

    number: int = Field(ge=1, le=999_999_999)
    base: Checksum
    note: Note = ""


@routes.post("/api/v1/flows/{name}/roll_back")
@right("flow")
@shape(summary="Publish an old version again", body=RollBackAsked, answer=VERSION)
async def roll_back_flow(request: web.Request) -> web.StreamResponse:
    """200 the new version · 404 no such version · 409 the file was changed meanwhile · 422 it has faults by now."""
    asked = await read(request, RollBackAsked)
    version = await request.app[OFFICE].flow_desk.roll_back(
        _name(request), asked.number, base=asked.base, by=signed_in(request).login, note=asked.note
    )
    return await _audited(request, version)


@dataclass(frozen=True, slots=True)
class NodeCounted:
    """now: callers who are there. today: how often a caller came."""

    now: int
    today: int


@dataclass(frozen=True, slots=True)
class FlowCounted:
    nodes: dict[str, NodeCounted]


COUNTS = TypeAdapter(FlowCounted)


@routes.get("/api/v1/flows/{name}/counts")
@right("flow")
@shape(summary="How many callers are in each node now, and came to it today", answer=COUNTS)
async def count_flow(request: web.Request) -> web.StreamResponse:
    """200 the nodes that somebody came to · 422 no name of a flow."""
    counted = request.app[OFFICE].board.flow_counts.of(_name(request))
    return answer(COUNTS, FlowCounted({name: NodeCounted(each.now, each.today) for name, each in counted.items()}))


# ---- what the editor needs besides --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KindList:
    items: list[KindShown]
    total: int


KINDS = TypeAdapter(KindList)


@routes.get("/api/v1/flow_kinds")
@right("flow")
@shape(summary="Every kind of node, with the JSON Schema of its arguments", answer=KINDS)
async def list_flow_kinds(request: web.Request) -> web.StreamResponse:  # noqa: ARG001
    """200 all of them."""
    kinds = shown_kinds()
    return answer(KINDS, KindList(kinds, len(kinds)))


class DifferenceAsked(Asked):
    before: Text
    after: Text


DIFFERENCE = TypeAdapter(Difference)


@routes.post("/api/v1/flow_diff")
@right("flow")
@shape(summary="What differs between two texts of a flow, by line and by node", body=DifferenceAsked, answer=DIFFERENCE)
async def compare_flows(request: web.Request) -> web.StreamResponse:
    """200 the difference."""
    asked = await read(request, DifferenceAsked)
    return answer(DIFFERENCE, await request.app[OFFICE].flow_desk.difference(asked.before, asked.after))


class WalkAsked(Asked):
    """keys: as `callcenterd simulate` takes them ("1,,2"). at: without it, now. hours: what every calendar says.

    given: YAML of what the outside answers, as in tests of flows: `{answers: {node: …}, results: {node: busy}}`.
    """

    text: Text
    keys: Annotated[str, Field(max_length=1000)] = ""
    at: Moment | None = None
    caller: Annotated[str, Field(max_length=64)] = "13800138000"
    called: Annotated[str, Field(max_length=64)] = "02088886666"
    agents: Literal["free", "busy", "none"] = "free"
    hours: Literal["open", "closed", "holiday"] = "open"
    given: Annotated[str, Field(max_length=20_000)] = ""


@dataclass(frozen=True, slots=True)
class Walked:
    """lines: what happens and what the caller hears, each with the time of day."""

    lines: list[str]


WALKED = TypeAdapter(Walked)


@routes.post("/api/v1/flow_simulation")
@right("flow")
@shape(summary="Walk a text without a phone, in virtual time", body=WalkAsked, answer=WALKED)
async def simulate_flow(request: web.Request) -> web.StreamResponse:
    """200 what the caller hears · 422 the text's faults, or keys that no telephone has."""
    asked = await read(request, WalkAsked)
    office = request.app[OFFICE]
    told = {
        "at": (asked.at or office.clock.utc()).astimezone(office.timezone),
        "language": office.language,
        "caller": asked.caller,
        "called": asked.called,
        "agents": asked.agents,
        "hours": asked.hours,
        "given": asked.given,
        "told_in": language_of(request),
    }
    return answer(WALKED, Walked(await office.flow_desk.walk(asked.text, asked.keys, told)))


class RehearsalAsked(Asked):
    """extension: the phone that is rung; without it, the one where one sits. caller, called: what the flow is told."""

    text: Text
    extension: Annotated[str, VISIBLE, Field(min_length=1, max_length=32)] | None = None
    caller: Annotated[str, VISIBLE, Field(max_length=64)] = "13800138000"
    called: Annotated[str, VISIBLE, Field(max_length=64)] = "02088886666"


@routes.post("/api/v1/flow_rehearsal")
@right("flow")
@shape(summary="Hear a text at one's own phone, which is rung; nobody else is reached", body=RehearsalAsked)
async def rehearse_flow(request: web.Request) -> web.StreamResponse:
    """204 the phone rings · 404 no such extension · 409 there is no phone that could be rung, or it is in a call · 422
    the text's faults."""
    asked = await read(request, RehearsalAsked)
    office = request.app[OFFICE]
    flow = await office.flow_desk.read(asked.text)
    extension = None if asked.extension is None else ExtensionNumber(asked.extension)
    office.board.rehearsals.begin(
        signed_in(request).login, flow, extension=extension, caller=asked.caller, called=asked.called
    )
    return nothing()
