"""The audit trail [系统日志] (ADM-03): who did what to what, to be looked through, exported, and asked for of one
record.

What is hidden from who asks is hidden in it as everywhere (`masking`); of a custom field that the role does not see
nothing stands there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, get_args

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model.fields import FieldKind
from callcenterd.model.people import AuditEntry
from callcenterd.tickets.trail import TrailForm
from callcenterd.web.answers import VISIBLE, Conditions, NotAllowed, answer, conditions, language_of
from callcenterd.web.calls import Moment
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.recordsight import SeenKind, seen_record
from callcenterd.web.rights import may_read, right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()

Word = Annotated[str, VISIBLE, Field(max_length=100)]
KINDS: tuple[SeenKind, ...] = ("customer", "consultation", "complaint", "follow_up", "appointment", "duty", "call")
_CUSTOM = frozenset(get_args(FieldKind))


@dataclass(frozen=True, slots=True)
class AuditPage:
    items: list[AuditEntry]
    total: int


AUDIT = TypeAdapter(AuditPage)


class AuditAsked(Conditions):
    """who: a login. what: a word of the trail, or what it begins with: "customer" finds "customer.changed". target:
    "customer/17", or "customer" for all of them. since: included; until: not."""

    who: Word | None = None
    what: Word | None = None
    target: Word | None = None
    since: Moment | None = None
    until: Moment | None = None

    def wanted(self) -> dict[str, Any]:
        """As the store names them."""
        return {name: getattr(self, name) for name in ("who", "what", "target", "since", "until")}


class AuditConditions(AuditAsked):
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


class AuditFile(AuditAsked):
    form: TrailForm = "xlsx"


class RecordConditions(Conditions):
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


async def _as_seen(request: web.Request) -> Callable[[Sequence[AuditEntry]], list[AuditEntry]]:
    """Of changes, without the custom fields that who asks does not see."""
    role = signed_in(request).role
    if role == "admin":
        return list
    seen = {(field.kind, f"fields.{field.name}") for field in await request.app[MODULES].fields.seen(role)}

    def shown(entry: AuditEntry) -> AuditEntry:
        kind = entry.target.partition("/")[0]
        if kind not in _CUSTOM:
            return entry
        known = {
            name: value
            for name, value in entry.changes.items()
            if not name.startswith("fields.") or (kind, name) in seen
        }
        return entry if len(known) == len(entry.changes) else replace(entry, changes=known)

    return lambda entries: [shown(entry) for entry in entries]


@routes.get("/api/v1/audit")
@right("audit")
@shape(summary="The audit trail", conditions=AuditConditions, answer=AUDIT)
async def list_audit(request: web.Request) -> web.StreamResponse:
    """200 one page of it, newest first; changes: of each field, what stood there before and after, while it is kept."""
    wanted = conditions(request, AuditConditions)
    items, total = await request.app[OFFICE].store.audit.search(
        **wanted.wanted(), limit=wanted.limit, offset=wanted.offset
    )
    return answer(AUDIT, AuditPage((await _as_seen(request))(items), total))


_MEDIA: dict[TrailForm, tuple[str, str, Literal["xlsx", "csv"]]] = {
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "", "xlsx"),
    "csv": ("text/csv", "utf-8", "csv"),
    "csv_gb18030": ("text/csv", "gb18030", "csv"),
}
_ALL_MEDIA = ", ".join(dict.fromkeys(type_ for type_, _, _ in _MEDIA.values()))


@routes.get("/api/v1/audit/export")
@right("audit.export")
@shape(summary="The audit trail as a file", conditions=AuditFile, media=_ALL_MEDIA)
async def export_audit(request: web.Request) -> web.StreamResponse:
    """200 the file, a line for each field of a change; that it was taken stands in the trail · 409 the file could not
    be made · 422 more than 20,000 entries are asked for."""
    wanted = conditions(request, AuditFile)
    octets = await request.app[MODULES].trail.export(
        wanted.wanted(), wanted.form, language_of(request), signed_in(request).login, await _as_seen(request)
    )
    type_, charset, ending = _MEDIA[wanted.form]
    answered = web.Response(body=octets, content_type=type_, charset=charset or None)
    answered.headers["Content-Disposition"] = f'attachment; filename="audit.{ending}"'
    return answered


@routes.get("/api/v1/records/{kind}/{id}/history")
@right("audit.record")
@shape(summary="Who did what to one record", conditions=RecordConditions, answer=AUDIT)
async def record_history(request: web.Request) -> web.StreamResponse:
    """200 one page of what the trail has of it, newest first; kind: customer, consultation, complaint, follow_up,
    appointment, duty, call · 404 no such record, or not one's own affair."""
    wanted = conditions(request, RecordConditions)
    kind = next((one for one in KINDS if one == request.match_info["kind"]), None)
    if kind is None:
        raise NotFound("kind of record", request.match_info["kind"][:40])
    if not may_read(request, kind):
        raise NotAllowed
    record = await seen_record(request, kind, request.match_info["id"])
    items, total = await request.app[OFFICE].store.audit.search(
        target=f"{kind}/{record}", limit=wanted.limit, offset=wanted.offset
    )
    return answer(AUDIT, AuditPage((await _as_seen(request))(items), total))
