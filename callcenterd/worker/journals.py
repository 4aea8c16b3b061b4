"""Sheets [单] and journals [志表] as pages, prints and workbooks: in the worker's process, the same data each time.

Everything comes as texts, numbers and moments in one language; what people typed is escaped here, once (markupsafe).
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from markupsafe import Markup

from callcenterd.worker import sheets
from callcenterd.worker.printing import Language, Paper, pdf
from callcenterd.worker.sheets import Cell, Column, Encoding, Table

CSS = """
.period { margin: -2mm 0 3mm; color: #444; }
.journal table { font-size: 7.5pt; table-layout: fixed; }
.journal table.totals { width: auto; table-layout: auto; }
.journal section { display: inline-block; vertical-align: top; margin-right: 8mm; }
.journal tr.total td { font-weight: 600; background: #f7f7f7; }
.sheet table { table-layout: fixed; }
.sheet th { width: 26mm; }
.sheet td.note { height: 20mm; }
.signs { margin-top: 12mm; display: flex; gap: 12mm; }
.signs div { flex: 1; border-bottom: 0.4pt solid #555; padding-bottom: 1mm; height: 8mm; }
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One field of a sheet. wide: it has a row of its own; tall: with room to write below it."""

    label: str
    value: Cell
    wide: bool = False
    tall: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """number: of the record. foot: who printed it, and when. signs: lines to be signed."""

    language: Language
    zone: tzinfo
    title: str
    number: str
    parts: tuple[Part, ...]
    foot: str = ""
    signs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """period: as it is said. rows: packed, see `packed`. totals: tables of their own. records, none: the heading of
    the rows, and what stands there if there are none."""

    language: Language
    zone: tzinfo
    title: str
    period: str
    columns: tuple[Column, ...]
    rows: tuple[bytes, ...]
    totals: tuple[Table, ...]
    records: str
    none: str
    foot: str = ""


def packed(rows: Sequence[Sequence[Cell]]) -> bytes:
    """Some rows as octets: to pack 20,000 at once would hold the server's loop for 30 ms."""
    return pickle.dumps([tuple(row) for row in rows], pickle.HIGHEST_PROTOCOL)


def _rows(journal: Journal) -> list[tuple[Cell, ...]]:
    return [row for some in journal.rows for row in pickle.loads(some)]  # noqa: S301  # our own server packed them


# ---- as a page ----------------------------------------------------------------------------------------------


def sheet_page(sheet: Sheet) -> str:
    """What goes into <body>."""
    parts = Markup("").join(_part(part, sheet.zone) for part in sheet.parts)
    signs = Markup("").join(Markup("<div>{}</div>").format(sign) for sign in sheet.signs)
    return str(
        Markup('<article class="sheet"><h1>{}</h1><p class="period">{}</p>{}{}</article>').format(
            sheet.title, sheet.number, parts, Markup('<div class="signs">{}</div>').format(signs) if signs else ""
        )
    )


def _part(part: Part, zone: tzinfo) -> Markup:
    """Two fields in a row, long ones alone."""
    rows: list[Markup] = []
    half: Line | None = None
    for line in part.lines:
        if line.wide:
            if half is not None:
                rows.append(_alone(half, zone))
                half = None
            rows.append(_alone(line, zone))
        elif half is None:
            half = line
        else:
            rows.append(Markup("<tr>{}{}</tr>").format(_field(half, zone), _field(line, zone)))
            half = None
    if half is not None:
        rows.append(_alone(half, zone))
    body = Markup("<table>{}</table>").format(Markup("").join(rows))
    return Markup("<h2>{}</h2>{}").format(part.title, body) if part.title else body


def _field(line: Line, zone: tzinfo) -> Markup:
    return Markup('<th>{}</th><td class="text">{}</td>').format(line.label, _shown(line.value, zone))


def _alone(line: Line, zone: tzinfo) -> Markup:
    return Markup('<tr><th>{}</th><td class="{}" colspan="3">{}</td></tr>').format(
        line.label, "text note" if line.tall else "text", _shown(line.value, zone)
    )


def journal_page(journal: Journal) -> str:
    """What goes into <body>."""
    totals = Markup("").join(
        Markup("<section><h2>{}</h2>{}</section>").format(table.name, _table(table, journal.zone, "totals"))
        for table in journal.totals
    )
    rows = _rows(journal)
    records: Markup | str = journal.none
    if rows:
        records = _table(Table(journal.title, journal.columns, rows), journal.zone, "")
    return str(
        Markup('<article class="journal"><h1>{}</h1><p class="period">{}</p>{}<h2>{}</h2>{}</article>').format(
            journal.title, journal.period, totals, journal.records, records
        )
    )


def _table(table: Table, zone: tzinfo, name: str) -> Markup:
    numbers = [column.kind in ("whole", "amount", "duration") for column in table.columns]
    first_total = len(table.rows) - table.totals
    head = Markup("").join(
        Markup('<th class="{}">{}</th>').format("number" if number else "", column.title)
        for column, number in zip(table.columns, numbers, strict=True)
    )
    body = Markup("").join(
        Markup('<tr class="{}">{}</tr>').format("total" if n >= first_total else "", _cells(row, numbers, zone))
        for n, row in enumerate(table.rows)
    )
    whole = sum(column.width for column in table.columns)
    widths = Markup("").join(  # as an attribute: the page allows no styles within
        Markup('<col width="{}%">').format(f"{100 * column.width / whole:.2f}") for column in table.columns
    )
    return Markup('<table class="{}">{}<thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(
        name, widths if not name else "", head, body
    )


def _cells(row: Iterable[Cell], numbers: Sequence[bool], zone: tzinfo) -> Markup:
    return Markup("").join(
        Markup('<td class="{}">{}</td>').format("number" if number else "text", _shown(cell, zone))
        for cell, number in zip(row, numbers, strict=True)
    )


def _shown(cell: Cell, zone: tzinfo) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return f"{cell.astimezone(zone):%Y-%m-%d %H:%M}"
        case date():
            return cell.isoformat()
        case _:
            return sheets.clean(str(cell))


# ---- as files -----------------------------------------------------------------------------------------------


def sheet_pdf(sheet: Sheet) -> bytes:
    paper = Paper(language=sheet.language, title=f"{sheet.title} {sheet.number}", head=sheet.title, foot=sheet.foot,
                  head_right=sheet.number)  # fmt: skip
    return pdf(sheet_page(sheet), paper, CSS)


def journal_pdf(journal: Journal) -> bytes:
    paper = Paper(
        language=journal.language,
        title=f"{journal.title} {journal.period}",
        head=journal.title,
        head_right=journal.period,
        foot=journal.foot,
        landscape=True,
    )
    return pdf(journal_page(journal), paper, CSS)


def journal_xlsx(journal: Journal) -> bytes:
    """The rows, and each table of totals, on a sheet of its own."""
    rows = Table(journal.title, journal.columns, _rows(journal))
    return sheets.xlsx([rows, *journal.totals], f"{journal.title} {journal.period}", journal.zone)


def journal_csv(journal: Journal, encoding: Encoding) -> bytes:
    """The rows alone."""
    return sheets.csv(Table(journal.title, journal.columns, _rows(journal)), encoding, journal.zone)
