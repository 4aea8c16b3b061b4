"""The audit trail [系统日志] (ADM-03): who did what to what, to be looked through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.model.people import AuditEntry
from callcenterd.web.answers import VISIBLE, Conditions, answer, conditions
from callcenterd.web.calls import Moment
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import right

routes = web.RouteTableDef()

Word = Annotated[str, VISIBLE, Field(max_length=100)]


@dataclass(frozen=True, slots=True)
class AuditPage:
    items: list[AuditEntry]
    total: int


AUDIT = TypeAdapter(AuditPage)


class AuditConditions(Conditions):
    """who: a login. what: a word of the trail, or what it begins with: "customer" finds "customer.changed". target:
    "customer/17". since: included; until: not."""

    who: Word | None = None
    what: Word | None = None
    target: Word | None = None
    since: Moment | None = None
    until: Moment | None = None
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


@routes.get("/api/v1/audit")
@right("audit")
@shape(summary="The audit trail", conditions=AuditConditions, answer=AUDIT)
async def list_audit(request: web.Request) -> web.StreamResponse:
    """200 one page of it, newest first; changes: of each field, what stood there before and after, while it is kept."""
    wanted = conditions(request, AuditConditions)
    items, total = await request.app[OFFICE].store.audit.search(
        who=wanted.who,
        what=wanted.what,
        target=wanted.target,
        since=wanted.since,
        until=wanted.until,
        limit=wanted.limit,
        offset=wanted.offset,
    )
    return answer(AUDIT, AuditPage(items, total))
