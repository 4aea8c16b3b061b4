"""Customers from files (CRM-02): upload, say what the columns are, look at the first rows, import, undo."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.acd import calling_lists
from callcenterd.crm import rows
from callcenterd.crm.importing import Opened
from callcenterd.model.customers import CustomerCard
from callcenterd.model.imports import Import, ImportTerms
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import (
    VISIBLE,
    Asked,
    Conditions,
    WebError,
    answer,
    conditions,
    language_of,
    nothing,
    read,
)
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in
from callcenterd.web.uploads import received
from callcenterd.web.words import Language, sentence

routes = web.RouteTableDef()
MOST_FILE = 64 << 20


class ImportTooLarge(WebError):
    status = 413
    code = "too_large"

    def __init__(self) -> None:
        super().__init__(most=f"{MOST_FILE >> 20} MiB")


@dataclass(frozen=True, slots=True)
class ImportList:
    items: list[Import]
    total: int


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """number: in the file, the titles being 1. card: as it would be kept. faults: by field; then it would not be."""

    number: int
    card: CustomerCard
    faults: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Preview:
    items: list[PreviewRow]


IMPORT = TypeAdapter(Import)
IMPORTS = TypeAdapter(ImportList)
OPENED = TypeAdapter(Opened)
PREVIEW = TypeAdapter(Preview)


class UploadConditions(Conditions):
    """name: of the file, for the list of imports."""

    name: Annotated[str, VISIBLE] = Field("", max_length=200)


class PageConditions(Conditions):
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


Columns = Annotated[dict[int, Annotated[str, Field(max_length=64)]], Field(max_length=200)]


class ColumnsAsked(Asked):
    """columns: by number from 0, and the field of the card that each fills."""

    columns: Columns


class TermsAsked(ColumnsAsked):
    """keys: by any of these a customer is known again. duplicates: what becomes of who is there already."""

    keys: tuple[Literal["phones", "card", "email"], ...] = Field(("phones",), max_length=3)
    duplicates: Literal["skip", "update", "new"] = "skip"


@routes.post("/api/v1/imports")
@right("customer.import")
@shape(
    summary="Upload a file of customers: CSV (UTF-8 or GB18030) or XLSX",
    takes="application/octet-stream",
    conditions=UploadConditions,
    answer=OPENED,
)
async def upload_import(request: web.Request) -> web.StreamResponse:
    """201 its titles, its first rows, and what its columns seem to be; nothing is imported yet · 413 more than 64 MiB ·
    422 no table that can be read: `fields.file` says why."""
    name = PurePosixPath(conditions(request, UploadConditions).name.replace("\\", "/")).name or "-"
    importing, who = request.app[MODULES].importing, signed_in(request)
    raw = importing.upload()
    try:
        await received(request, raw, MOST_FILE, ImportTooLarge)
        opened = await importing.open(raw, name, who.login, who.role)
    finally:
        raw.unlink(missing_ok=True)
    return answer(OPENED, opened, status=201)


@routes.get("/api/v1/imports")
@right("customer.import")
@shape(summary="Imports, newest first, with how far each is", conditions=PageConditions, answer=IMPORTS)
async def list_imports(request: web.Request) -> web.StreamResponse:
    """200 one page of them."""
    wanted = conditions(request, PageConditions)
    items, total = await request.app[OFFICE].store.imports.list(wanted.limit, wanted.offset)
    return answer(IMPORTS, ImportList(items, total))


@routes.get("/api/v1/imports/{id}")
@right("customer.import")
@shape(summary="One import and how far it is", answer=IMPORT)
async def one_import(request: web.Request) -> web.StreamResponse:
    """200 the import · 404 no such import."""
    return answer(IMPORT, await request.app[OFFICE].store.imports.get(number_in(request, "import")))


@routes.get("/api/v1/imports/{id}/sample")
@right("customer.import")
@shape(summary="The first rows of an import that was not started", answer=OPENED)
async def import_sample(request: web.Request) -> web.StreamResponse:
    """200 as after the upload · 404 no such import · 409 it was started."""
    return answer(
        OPENED, await request.app[MODULES].importing.opened(number_in(request, "import"), signed_in(request).role)
    )


@routes.post("/api/v1/imports/{id}/preview")
@right("customer.import")
@shape(summary="The first rows as they would be kept", body=ColumnsAsked, answer=PREVIEW)
async def preview_import(request: web.Request) -> web.StreamResponse:
    """200 them · 404 no such import · 409 it was started · 422 fields."""
    asked = await read(request, ColumnsAsked)
    importing, role = request.app[MODULES].importing, signed_in(request).role
    found = await importing.preview(number_in(request, "import"), asked.columns, role)
    language = language_of(request)
    told = [{field: sentence(why, language) for field, why in row.faults.items()} for row in found]
    return answer(
        PREVIEW, Preview([PreviewRow(row.number, row.card, faults) for row, faults in zip(found, told, strict=True)])
    )


@routes.post("/api/v1/imports/{id}/start")
@right("customer.import")
@shape(summary="Import the file", body=TermsAsked, answer=IMPORT)
async def start_import(request: web.Request) -> web.StreamResponse:
    """200 it runs · 404 no such import · 409 it was started before · 422 fields."""
    asked = await read(request, TermsAsked)
    terms = ImportTerms(columns=asked.columns, keys=tuple(dict.fromkeys(asked.keys)), duplicates=asked.duplicates)
    number, who = number_in(request, "import"), signed_in(request)
    return answer(IMPORT, await request.app[MODULES].importing.begin(number, terms, who.login, who.role))


@routes.post("/api/v1/imports/{id}/stop")
@right("customer.import")
@shape(summary="Stop an import where it is; what was kept stays", body=Nothing, answer=IMPORT)
async def stop_import(request: web.Request) -> web.StreamResponse:
    """200 it is stopped · 404 no such import · 409 it does not run."""
    await read(request, Nothing)
    number, by = number_in(request, "import"), signed_in(request).login
    return answer(IMPORT, await request.app[MODULES].importing.cancel(number, by))


@routes.post("/api/v1/imports/{id}/undo")
@right("customer.import")
@shape(summary="Take back what an import did, except where somebody has changed it since", body=Nothing, answer=IMPORT)
async def undo_import(request: web.Request) -> web.StreamResponse:
    """200 it begins · 404 no such import · 409 it is not over, or was taken back."""
    await read(request, Nothing)
    number, by = number_in(request, "import"), signed_in(request).login
    return answer(IMPORT, await request.app[MODULES].importing.undo(number, by))


@routes.delete("/api/v1/imports/{id}")
@right("customer.import")
@shape(summary="Take an import from the list; its customers stay")
async def remove_import(request: web.Request) -> web.StreamResponse:
    """204 done · 404 no such import · 409 it runs."""
    await request.app[MODULES].importing.remove(number_in(request, "import"), signed_in(request).login)
    return nothing()


@routes.get("/api/v1/imports/{id}/faults.csv")
@right("customer.import")
@shape(summary="The rows that could not be kept, with why, as a file to mend and import again", media="text/csv")
async def import_faults(request: web.Request) -> web.StreamResponse:
    """200 the file · 404 no such import."""
    store = request.app[OFFICE].store.imports
    job = await store.get(number_in(request, "import"))
    answered = web.StreamResponse()
    answered.content_type, answered.charset = "text/csv", "utf-8"
    answered.headers["Content-Disposition"] = f'attachment; filename="import-{job.id}-faults.csv"'
    await answered.prepare(request)
    language = language_of(request)
    titles = ("行号", "原因") if language == "zh-CN" else ("Row", "Reason")
    await answered.write(b"\xef\xbb\xbf" + _line((*titles, *job.titles)))
    after = 0
    while found := await store.faulty(job.id, after):
        await answered.write(
            b"".join(_line((str(row.number), _told(row.reason, language), *row.cells)) for row in found)
        )
        after = found[-1].number
    await answered.write_eof()
    return answered


def _told(reason: str, language: Language) -> str:
    """In the reader's language, with the fields as files call them."""
    said = []
    for line in reason.split("\n"):
        field, colon, why = line.partition(": ")
        said.append(f"{rows.label(field, language)}: {sentence(why, language)}" if colon else sentence(line, language))
    return "; ".join(said)


def _line(cells: tuple[str, ...]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerow([calling_lists.cell(cell) for cell in cells])
    return written.getvalue().encode()
