"""Files of records (CRM-04). Who may see the record may see its files; nothing of them is run by a browser.

A file goes out as something to be saved (RFC 6266), whatever it is. Pictures of a few kinds may be shown too: those
that hold pixels only, by what their own octets say.
"""

from __future__ import annotations

import asyncio
import urllib.parse
from dataclasses import dataclass
from typing import Annotated

import structlog
from aiohttp import hdrs, web
from pydantic import Field, TypeAdapter

from callcenterd.crm.attachments import FileRefused
from callcenterd.errors import NotFound
from callcenterd.model.attachments import Attachment, RecordKind
from callcenterd.model.ids import CallId, CustomerId
from callcenterd.web.answers import (
    AS_IT_IS,
    VISIBLE,
    Conditions,
    NotAllowed,
    WebError,
    answer,
    conditions,
    file,
    nothing,
)
from callcenterd.web.calls import seen_call
from callcenterd.web.customers import number_in, seen_customer
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.recordsight import number_of, seen_record, sees
from callcenterd.web.rights import may, right
from callcenterd.web.session import signed_in
from callcenterd.web.uploads import pieces

_log = structlog.get_logger(__name__)

routes = web.RouteTableDef()

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What a browser may show. No SVG: that is a program's text."""
HARMLESS = "default-src 'none'; sandbox; frame-ancestors 'none'"


class FileTooLarge(WebError):
    status = 413
    code = "file_too_large"


class FileNotTaken(WebError):
    """code: one of `words.TEXTS`."""

    status = 422

    def __init__(self, code: str, status: int = 422) -> None:
        self.code = code  # type: ignore[misc]  # the code of this one, not of the class
        self.status = status  # type: ignore[misc]  # as above
        super().__init__()


@dataclass(frozen=True, slots=True)
class AttachmentList:
    """most_octets: that one file may have."""

    items: list[Attachment]
    total: int
    most_octets: int


ATTACHMENT = TypeAdapter(Attachment)
ATTACHMENTS = TypeAdapter(AttachmentList)


class OfRecord(Conditions):
    """kind and record: on which the files hang, as customer and 17."""

    kind: RecordKind
    record: Annotated[str, VISIBLE] = Field(min_length=1, max_length=64)


class NewFile(OfRecord):
    """name: of the file, for people; it is no part of any path."""

    name: Annotated[str, VISIBLE] = Field(min_length=1, max_length=255)


class Shown(Conditions):
    """inline: to be shown, not saved; only of pictures."""

    inline: bool = False


async def _seen_customer(request: web.Request, record: str) -> str:
    customer = await seen_customer(request, CustomerId(number_of("customer", record)))
    return str(customer.id)


async def _seen_call(request: web.Request, record: str) -> str:
    return (await seen_call(request, CallId(record))).id


sees("customer", _seen_customer)
sees("call", _seen_call)


@routes.get("/api/v1/attachments")
@right("attachment")
@shape(summary="The files of a record, newest first", conditions=OfRecord, answer=ATTACHMENTS)
async def list_attachments(request: web.Request) -> web.StreamResponse:
    """200 all of them, at most 500 · 404 no such record, or one that one may not see."""
    wanted, files = conditions(request, OfRecord), request.app[MODULES].attachments
    record = await seen_record(request, wanted.kind, wanted.record)
    items = await files.of(wanted.kind, record)
    return answer(ATTACHMENTS, AttachmentList(items, len(items), files.most_octets))


@routes.post("/api/v1/attachments")
@right("attachment")
@shape(
    summary="Attach a file to a record",
    takes="application/octet-stream",
    conditions=NewFile,
    answer=ATTACHMENT,
)
async def add_attachment(request: web.Request) -> web.StreamResponse:
    """201 the file · 404 no such record, or one that one may not see · 408 it comes too slowly · 409 the record has
    500 files already · 413 it is larger than a file may be (attachments.most_mb) · 422 there is nothing in it, or the
    virus check keeps it out · 503 the disk does not take it, or the virus check does not answer."""
    wanted, files = conditions(request, NewFile), request.app[MODULES].attachments
    record = await seen_record(request, wanted.kind, wanted.record)
    if (request.content_length or 0) > files.most_octets:
        raise FileTooLarge(most=f"{files.most_octets >> 20} MiB")
    by = signed_in(request).login
    try:
        kept = await files.add(wanted.kind, record, wanted.name, pieces(request), by)
    except FileRefused as fault:
        if fault.why == "too_large":
            raise FileTooLarge(most=f"{files.most_octets >> 20} MiB") from None
        raise FileNotTaken(f"file_{fault.why}", 503 if fault.why == "unchecked" else 422) from None
    return answer(ATTACHMENT, kept, status=201)


@routes.get("/api/v1/attachments/{id}/file")
@right("attachment")
@shape(
    summary="A file, to be saved; a picture also to be shown",
    conditions=Shown,
    media=", ".join(("application/octet-stream", *sorted(PICTURES))),
)
async def download_attachment(request: web.Request) -> web.StreamResponse:
    """200 the file · 206 a part of it · 404 no such file, or of a record that one may not see, or its octets are gone ·
    416 no such part."""
    wanted, files = conditions(request, Shown), request.app[MODULES].attachments
    found = await _seen(request)
    path = files.path(found)
    if not await asyncio.to_thread(path.is_file):
        _log.error("an attached file is not on the disk", attachment=found.id, sha256=found.sha256)
        raise NotFound("attachment", found.id)
    shown = wanted.inline and found.type in PICTURES
    if not shown:
        await request.app[OFFICE].store.audit.append(
            request.app[OFFICE].clock.utc(),
            signed_in(request).login,
            "attachment.saved",
            f"{found.kind}/{found.record}",
            {"attachment": found.id},
        )
    headers = {
        hdrs.CONTENT_TYPE: found.type if shown else "application/octet-stream",
        hdrs.CONTENT_DISPOSITION: disposition("inline" if shown else "attachment", found.name),
        "Content-Security-Policy": HARMLESS,
        "X-Content-Type-Options": "nosniff",
        hdrs.CACHE_CONTROL: "private, no-cache",
    }
    request[AS_IT_IS] = True
    return file(request, path, found.octets, headers)


@routes.delete("/api/v1/attachments/{id}")
@right("attachment")
@shape(summary="Remove a file from its record")
async def remove_attachment(request: web.Request) -> web.StreamResponse:
    """204 it is gone · 403 somebody else has attached it, and one has no right to remove those · 404 no such file,
    or of a record that one may not see."""
    found, who = await _seen(request), signed_in(request)
    if found.by != who.login and not may(request, "attachment.remove.any"):
        raise NotAllowed
    await request.app[MODULES].attachments.remove(found.id, who.login)
    return nothing()


async def _seen(request: web.Request) -> Attachment:
    """Raises NotFound, alike for a file that there is not and one of a record that may not be seen."""
    number = number_in(request, "attachment")
    found = await request.app[MODULES].attachments.get(number)
    try:
        await seen_record(request, found.kind, found.record)
    except NotFound:
        raise NotFound("attachment", number) from None
    return found


def disposition(how: str, name: str) -> str:
    """RFC 6266: the name in ASCII for those who know no other, and as it is (RFC 8187)."""
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in " ._-()") else "_" for sign in name)
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{urllib.parse.quote(name, safe='')}"
