"""The call flows in service, and reading their files again (IVR-01)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from pydantic import TypeAdapter

from callcenterd.errors import Fault
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import answer, read
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE, Office
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class FlowShown:
    """nodes: how many."""

    name: str
    title: str
    file: str
    nodes: int


@dataclass(frozen=True, slots=True)
class FlowList:
    """items: in service. faults: of files that were refused; their old versions go on."""

    items: list[FlowShown]
    total: int
    faults: list[Fault]


FLOWS = TypeAdapter(FlowList)


def _list(office: Office) -> FlowList:
    shown = []
    for name in sorted(office.flows.names()):
        flow = office.flows.get(name)
        if flow is not None:
            shown.append(FlowShown(name, flow.title, Path(flow.file).name, len(flow.nodes)))
    return FlowList(shown, len(shown), list(office.flows.faults()))


@routes.get("/api/v1/flows")
@right("site")
@shape(summary="Flows in service, and faults of files that are not", answer=FLOWS)
async def list_flows(request: web.Request) -> web.StreamResponse:
    """200 all of them."""
    return answer(FLOWS, _list(request.app[OFFICE]))


@routes.post("/api/v1/flows/reload")
@right("site")
@shape(summary="Read the flow files again", body=Nothing, answer=FLOWS)
async def reload_flows(request: web.Request) -> web.StreamResponse:
    """200 what is in service now, and the faults of what was refused."""
    await read(request, Nothing)
    office = request.app[OFFICE]
    await office.reload_flows()
    listed = _list(office)
    details = {"flows": [flow.name for flow in listed.items], "faults": [str(fault) for fault in listed.faults]}
    await office.store.audit.append(office.clock.utc(), signed_in(request).login, "flows.loaded", "flows", details)
    return answer(FLOWS, listed)
