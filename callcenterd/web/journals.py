"""Sheets [单] and journals [志表] of records as pages to print, PDF, workbooks and CSV (CON-02, CMP-05, FUP-03).

A kind of record has its two routes beside its others, and sends through here what it says of itself
(`tickets.journals`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar, get_args
from urllib.parse import urlencode

from aiohttp import hdrs, web
from markupsafe import Markup
from pydantic import Field

from callcenterd.errors import Refused
from callcenterd.tickets.journals import Numbered, RecordJournal
from callcenterd.tickets.periods import MOST_DAYS, Period, PeriodKind, period
from callcenterd.web import shell
from callcenterd.web.answers import Conditions, language_of
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.references import called
from callcenterd.web.session import signed_in
from callcenterd.worker import journals

SheetForm = Literal["page", "pdf"]
JournalForm = Literal["page", "pdf", "xlsx", "csv", "csv-gb18030"]
FORMS: tuple[JournalForm, ...] = get_args(JournalForm)
MOST_ON_PAPER = 1000
MOST_IN_TABLES = 20_000
SECONDS = 180.0
"""For a print of MOST_ON_PAPER rows on a busy machine."""
R = TypeVar("R", bound=Numbered)
F = TypeVar("F")
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))]
_TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}
SHEET_MEDIA = f"text/html, {_TYPES['pdf']}"
JOURNAL_MEDIA = f"text/html, {', '.join(_TYPES.values())}"
"""What `shape` says of them."""


class SheetConditions(Conditions):
    """format: a page to print, or a PDF."""

    format: SheetForm = "page"


class PeriodWanted(Conditions):
    """day: one of the period, without it today. period other: from day to last, both included, a year at most. format:
    a page to print, PDF, XLSX, or CSV in UTF-8 or GB 18030."""

    period: PeriodKind = "day"
    day: Day | None = None
    last: Day | None = None
    format: JournalForm = "page"

    def period_of(self, request: web.Request) -> Period:
        """In the office's zone. Raises Refused."""
        office = request.app[OFFICE]
        day = self.day or office.clock.utc().astimezone(office.timezone).date()
        try:
            return period(self.period, day, office.timezone, self.last)
        except ValueError:
            why = f"1 to {MOST_DAYS} days are wanted"
            raise Refused(why, {"last": why}) from None


async def send_sheet(
    request: web.Request, of: RecordJournal[R, Any], one: R, record: int, form: SheetForm
) -> web.StreamResponse:
    """The sheet of one record that who asks may see; the trail says who had it."""
    modules, who, language = request.app[MODULES], signed_in(request), language_of(request)
    reader = await modules.journals.reader(language)
    known = await called(request, of.kind, of.values(one))
    sheet = await modules.journals.sheet(of, one, reader, who.login, who.role, known)
    await _trail(request, f"{of.kind}.printed", f"{of.kind}/{record}", {"format": form})
    if form == "pdf":
        octets = await modules.printer.run(journals.sheet_pdf, sheet, timeout=SECONDS)
        return _file(octets, "pdf", sheet.number)
    body = await modules.printer.run(journals.sheet_page, sheet, timeout=SECONDS)
    return _page(request, body, f"{sheet.title} {sheet.number}", sheet.foot, ("pdf",), landscape=False)


async def send_journal(
    request: web.Request,
    of: RecordJournal[Any, F],
    wanted: PeriodWanted,
    chosen: Callable[[datetime, datetime], F],
) -> web.StreamResponse:
    """chosen: which records of a time (included; not) who asks may see. Raises Refused for too many."""
    meant, form = wanted.period_of(request), wanted.format
    modules, who, language = request.app[MODULES], signed_in(request), language_of(request)
    reader = await modules.journals.reader(language)
    most = MOST_ON_PAPER if form in ("page", "pdf") else MOST_IN_TABLES
    role = None if form in ("page", "pdf") else who.role
    filled = await modules.journals.journal(of, chosen(meant.since, meant.until), meant, reader, who.login, most, role)
    span: dict[str, object] = {"first": meant.first.isoformat(), "last": meant.last.isoformat(), "format": form}
    await _trail(request, f"{of.kind}.exported", f"{of.kind}s", span)
    name, run = f"{of.kind}s-{meant.first}-{meant.last}", modules.printer.run
    match form:
        case "page":
            body = await run(journals.journal_page, filled, timeout=SECONDS)
            title = f"{filled.title} {filled.period}"
            return _page(request, body, title, filled.foot, ("pdf", "xlsx", "csv"), landscape=True)
        case "pdf":
            return _file(await run(journals.journal_pdf, filled, timeout=SECONDS), "pdf", name)
        case "xlsx":
            return _file(await run(journals.journal_xlsx, filled, timeout=SECONDS), "xlsx", name)
        case "csv" | "csv-gb18030":
            encoding = "gb18030" if form == "csv-gb18030" else "utf-8-sig"
            return _file(await run(journals.journal_csv, filled, encoding, timeout=SECONDS), "csv", name)


def _page(
    request: web.Request, body: str, title: str, foot: str, forms: tuple[str, ...], *, landscape: bool
) -> web.StreamResponse:
    kept = {name: value for name, value in request.query.items() if name not in ("format", "lang")}
    language = {"lang": language_of(request)}
    links = [(form.upper(), f"{request.path}?{urlencode({**kept, **language, 'format': form})}") for form in forms]
    return shell.page(
        request,
        "print.html",
        title=title,
        body=Markup(body),  # noqa: S704  # the worker made it of escaped texts
        css=Markup(journals.CSS),  # noqa: S704  # ours
        links=links,
        foot=foot,
        landscape=landscape,
    )


def _file(octets: bytes, ending: str, name: str) -> web.Response:
    """To be saved, never shown within a page of ours."""
    return web.Response(
        body=octets,
        content_type=_TYPES[ending],
        headers={hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}.{ending}"'},
    )


async def _trail(request: web.Request, what: str, target: str, details: dict[str, object]) -> None:
    office = request.app[OFFICE]
    await office.store.audit.append(office.clock.utc(), signed_in(request).login, what, target, details)
