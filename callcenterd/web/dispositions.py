"""What came of a call, as its agent says it (话后小结)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.model.ids import CallId
from callcenterd.model.site import Disposition
from callcenterd.web.answers import VISIBLE, Asked, NotAllowed, answer, nothing, read
from callcenterd.web.calls import Moment, seen_call
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import may, right, sight_of
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Dispositions:
    """required: the call's queue wants one of them before its agent's wrap-up can end."""

    items: list[Disposition]
    total: int
    required: bool


class DispositionAsked(Asked):
    """code: one of `GET /api/v1/calls/{id}/dispositions`. again_at: of a campaign's call, when the customer is to be
    called again."""

    code: Annotated[str, VISIBLE] = Field(min_length=1, max_length=6)
    again_at: Moment | None = None


DISPOSITIONS = TypeAdapter(Dispositions)


@routes.get("/api/v1/calls/{id}/dispositions")
@right("call.note")
@shape(summary="Which dispositions the call may be given", answer=DISPOSITIONS)
async def list_dispositions_of_call(request: web.Request) -> web.StreamResponse:
    """200 those of its queue, in the site's order · 404 no such call, or one that one may not see."""
    record = await seen_call(request, CallId(request.match_info["id"]))
    site = request.app[OFFICE].board.site
    known = list(site.dispositions_of(record.queue))
    required = any(queue.name == record.queue and queue.disposition_required for queue in site.queues)
    return answer(DISPOSITIONS, Dispositions(known, len(known), required and bool(known)))


@routes.put("/api/v1/calls/{id}/disposition")
@right("call.note")
@shape(summary="Say what came of the call; ends a wrap-up that waits for it", body=DispositionAsked)
async def dispose_call(request: web.Request) -> web.StreamResponse:
    """204 kept · 403 another agent spoke in it (whose last call it was may, also where they handed it on) ·
    404 no such call, or one that one may not see ·
    422 its queue has no such disposition, or that time cannot be."""
    asked = await read(request, DispositionAsked)
    record = await seen_call(request, CallId(request.match_info["id"]))
    who = signed_in(request)
    theirs = record.agent is None or sight_of(request).oversees(record.agent)
    own = record.agent == who.login or request.app[OFFICE].board.after_call.spoke_last_in(who.login, record.id)
    if not own and not (theirs and may(request, "call.control.any")):
        raise NotAllowed
    await request.app[OFFICE].board.after_call.dispose(record.id, asked.code, who.login, asked.again_at)
    return nothing()
