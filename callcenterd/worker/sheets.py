"""Rows become a workbook (XLSX) or a table of text (CSV): in the worker's process.

What somebody typed stays what they typed: a cell of text is never a formula and never a link, whatever it begins with.
In a workbook each cell says that it is text. A file of text cannot say it, so that an apostrophe stands before what a
spreadsheet would calculate; numbers of ours have none.
"""

from __future__ import annotations

import csv as csv_format
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any, Literal

from callcenterd.errors import Refused

Kind = Literal["text", "whole", "amount", "date", "moment", "duration"]
Cell = str | int | float | Decimal | date | datetime | None
Encoding = Literal["utf-8-sig", "gb18030"]
"""Excel in China reads UTF-8 only where a byte order mark begins it; older programs read GB 18030."""

MOST_ROWS = 200_000
MOST_COLUMNS = 300
MOST_SIGNS = 32_767
"""Of one cell (Excel's limit)."""
CALCULATES = frozenset("=+-@\t\r\n＝＋－＠")
"""With these a spreadsheet begins to calculate (OWASP, CSV injection)."""
_FORMATS: dict[Kind, str] = {
    "text": "@",
    "whole": "0",
    "amount": "#,##0.00",
    "date": "yyyy-mm-dd",
    "moment": "yyyy-mm-dd hh:mm:ss",
    "duration": "[h]:mm:ss",
}
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_DAY_SECONDS = 86400


@dataclass(frozen=True, slots=True)
class Column:
    """title: as it stands above. width: in characters. duration: seconds. moment: aware, shown in the table's zone."""

    title: str
    kind: Kind = "text"
    width: float = 14


@dataclass(frozen=True, slots=True)
class Table:
    """name: of the workbook's sheet. rows: each as long as columns; None: an empty cell. totals: how many rows at the
    end are sums, and stand out."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    totals: int = 0


def xlsx(tables: Sequence[Table], title: str = "", zone: tzinfo = UTC) -> bytes:
    """A workbook with a sheet for each. Raises Refused for too many rows or columns."""
    import xlsxwriter  # noqa: PLC0415  # only the worker's process needs it

    _bounded(tables)
    octets = io.BytesIO()
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "in_memory": True,  # no files with customers' names are left about
        "remove_timezone": False,
    }
    with xlsxwriter.Workbook(octets, options) as book:
        book.set_properties({"title": clean(title)[:255]})
        head = book.add_format({"bold": True, "bg_color": "#EEEEEE", "bottom": 1, "text_wrap": True, "valign": "top"})
        plain = {kind: book.add_format({"num_format": form, "valign": "top"}) for kind, form in _FORMATS.items()}
        bold = {kind: book.add_format({"num_format": form, "bold": True, "top": 1}) for kind, form in _FORMATS.items()}
        names: set[str] = set()
        for table in tables:
            sheet = book.add_worksheet(_sheet_name(table.name, names))
            sheet.freeze_panes(1, 0)
            sheet.repeat_rows(0)
            sheet.set_landscape()
            sheet.fit_to_pages(1, 0)
            for n, column in enumerate(table.columns):
                sheet.set_column(n, n, min(max(column.width, 4), 80))
                sheet.write_string(0, n, clean(column.title)[:MOST_SIGNS], head)
            first_total = len(table.rows) - table.totals
            for n, row in enumerate(table.rows):
                formats = bold if n >= first_total else plain
                for m, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
                    _write(sheet, n + 1, m, column, cell, formats, zone)
            if first_total > 0 and table.columns:
                sheet.autofilter(0, 0, first_total, len(table.columns) - 1)
    return octets.getvalue()


def csv(table: Table, encoding: Encoding = "utf-8-sig", zone: tzinfo = UTC) -> bytes:
    """One table with its titles, lines ended by CR LF (RFC 4180). Raises as `xlsx`."""
    _bounded([table])
    text = io.StringIO(newline="")
    writer = csv_format.writer(text, lineterminator="\r\n")
    writer.writerow([_harmless(column.title) for column in table.columns])
    for row in table.rows:
        writer.writerow([_in_text(column, cell, zone) for column, cell in zip(table.columns, row, strict=True)])
    return text.getvalue().encode(encoding)


def clean(text: str) -> str:
    """Without what XML and programs cannot hold: control characters but line breaks and tabs, halves of signs."""
    return _UNSEEN.sub("", text)


def _bounded(tables: Sequence[Table]) -> None:
    rows = sum(len(table.rows) for table in tables)
    if rows > MOST_ROWS:
        raise Refused(f"at most {MOST_ROWS} rows are wanted", {"rows": f"at most {MOST_ROWS} are wanted"})
    if any(len(table.columns) > MOST_COLUMNS for table in tables):
        raise Refused(f"at most {MOST_COLUMNS} columns are wanted", {"columns": f"at most {MOST_COLUMNS} are wanted"})


def _sheet_name(name: str, names: set[str]) -> str:
    """Excel's rules: 31 signs, none of []:*?/\\, no apostrophe at an end, each once whatever its case."""
    kept = re.sub(r"[\[\]:*?/\\]", " ", clean(name)).strip(" '")[:31].strip(" '") or "-"
    if kept.casefold() == "history":  # a name of its own in Excel
        kept += "-"
    chosen, n = kept, 1
    while chosen.casefold() in names:
        n += 1
        chosen = f"{kept[: 30 - len(str(n))]} {n}"
    names.add(chosen.casefold())
    return chosen


def _write(
    sheet: Any, row: int, place: int, column: Column, cell: Cell, formats: dict[Kind, Any], zone: tzinfo
) -> None:
    if cell is None or cell == "":
        sheet.write_blank(row, place, None, formats[column.kind])
        return
    match cell:
        case datetime():
            sheet.write_datetime(row, place, _local(cell, zone), formats["moment"])
        case date():
            sheet.write_datetime(row, place, datetime(cell.year, cell.month, cell.day), formats["date"])  # noqa: DTZ001
        case bool() | str():
            sheet.write_string(row, place, clean(str(cell))[:MOST_SIGNS], formats["text"])
        case int() | float() | Decimal():
            number = float(cell)
            if not math.isfinite(number) or abs(number) >= 1e15:  # more digits than a number there can hold
                sheet.write_string(row, place, str(cell), formats["text"])
            elif column.kind == "duration":
                sheet.write_number(row, place, number / _DAY_SECONDS, formats["duration"])
            else:
                kind: Kind = column.kind if column.kind in ("whole", "amount") else "whole"
                sheet.write_number(row, place, number, formats[kind])


def _local(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, microsecond=0)


def _in_text(column: Column, cell: Cell, zone: tzinfo) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return _local(cell, zone).isoformat(sep=" ")
        case date():
            return cell.isoformat()
        case str():
            return _harmless(cell)
    if column.kind == "duration":
        minutes, seconds = divmod(round(cell), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(cell)


def _harmless(text: str) -> str:
    """As it is, with an apostrophe before what would be calculated; blanks before it do not hide it."""
    kept = clean(text)
    begins = kept.lstrip(" \u00a0\u3000")[:1]
    return "'" + kept if begins in CALCULATES and begins else kept
