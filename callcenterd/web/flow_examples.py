"""Ready flows, and a new flow that begins as a copy of one (IVR-01)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.ivr.examples import Example
from callcenterd.model.ids import FlowName
from callcenterd.web.answers import VISIBLE, Asked, answer, read
from callcenterd.web.describe import shape
from callcenterd.web.flows import VERSION, VersionShown
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Examples:
    items: list[Example]
    total: int


EXAMPLES = TypeAdapter(Examples)


class CopyAsked(Asked):
    """name: of the new flow, letters, digits, _ and -. title: "": the example's own."""

    name: Annotated[str, VISIBLE, Field(min_length=1, max_length=64)]
    title: Annotated[str, VISIBLE, Field(max_length=100)] = ""


@routes.get("/api/v1/flow_examples")
@right("flow")
@shape(summary="Ready flows that can be copied", answer=EXAMPLES)
async def list_flow_examples(request: web.Request) -> web.StreamResponse:
    """200 all of them, by name."""
    found = await request.app[OFFICE].flow_desk.examples()
    return answer(EXAMPLES, Examples(list(found), len(found)))


@routes.post("/api/v1/flow_examples/{name}/copy")
@right("flow")
@shape(summary="A new flow that begins as an example, with its comments and tests", body=CopyAsked, answer=VERSION)
async def copy_flow_example(request: web.Request) -> web.StreamResponse:
    """201 its first version, in service · 404 no such example · 409 there is a file of that name · 422 fields, or
    there is a flow or a draft of that name."""
    asked, example = await read(request, CopyAsked), request.match_info["name"]
    office, who = request.app[OFFICE], signed_in(request).login
    version = await office.flow_desk.copy(example, FlowName(asked.name), title=asked.title, by=who)
    details = {"version": version.number, "example": example, "checksum": version.checksum}
    await office.store.audit.append(version.at, who, "flow.copied", f"flow/{version.flow}", details)
    return answer(VERSION, VersionShown.of_version(version), status=201)
