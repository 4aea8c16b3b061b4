"""Tables that people bring as files: CSV in UTF-8 or GB18030, and XLSX. Read in the worker's process, never in ours.

A file is read once, row by row, into a file of lines beside it (JSON, a row a line); whoever works with it takes pieces
of that. What a file may cost is bounded: its rows, columns, cells, and what an XLSX unfolds to.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from callcenterd.errors import LocalError

MOST_ROWS = 200_000
MOST_COLUMNS = 200
MOST_CELL = 8_000
"""Characters. What is longer is no cell of a table."""
MOST_UNFOLDED = 512 << 20
"""Octets of an XLSX out of its archive."""
SAMPLE = 20
_SIGNS = ",;\t|"
_CODES = ("utf-8-sig", "gb18030")


class NoTable(LocalError):
    """The file is no table that can be read. code: for the page's words; the text says what and where."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code

    def __reduce__(self) -> tuple[type[NoTable], tuple[str, str]]:
        return NoTable, (self.code, str(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """titles: the first row. rows: how many come after it. sample: the first of them. octets: of the file of lines."""

    titles: tuple[str, ...]
    rows: int
    sample: tuple[tuple[str, ...], ...]
    octets: int


def unfold(path: Path, lines: Path) -> Looked:
    """Read the file at `path`, whatever it calls itself, and write its rows to `lines`. Raises NoTable."""
    with path.open("rb") as file:
        head = file.read(4)
    rows = _of_xlsx(path) if head == b"PK\x03\x04" else _of_csv(path)
    titles: tuple[str, ...] = ()
    sample: list[tuple[str, ...]] = []
    count = 0
    with lines.open("w", encoding="utf-8", newline="\n") as written:
        for number, row in enumerate(rows, start=1):
            cells = _bounded(row, number)
            if number == 1:
                titles = cells
                if not any(titles):
                    raise NoTable("no_titles", "the first row has no titles")
                continue
            if not any(cells):
                continue
            count += 1
            if count > MOST_ROWS:
                raise NoTable("many_rows", f"more than {MOST_ROWS} rows")
            cells = (*cells, *("",) * (len(titles) - len(cells)))[: max(len(titles), 1)]
            if len(sample) < SAMPLE:
                sample.append(cells)
            written.write(json.dumps([number, *cells], ensure_ascii=False) + "\n")
    if not titles:
        raise NoTable("empty", "the file is empty")
    return Looked(titles=titles, rows=count, sample=tuple(sample), octets=lines.stat().st_size)


def piece(lines: Path, at: int, most: int) -> tuple[list[tuple[int, tuple[str, ...]]], int]:
    """Rows of a file of lines from an octet on: number and cells of each; and where the next piece begins."""
    found: list[tuple[int, tuple[str, ...]]] = []
    with lines.open("rb") as file:
        file.seek(at)
        while len(found) < most and (line := file.readline()):
            number, *cells = json.loads(line)
            found.append((number, tuple(cells)))
        return found, file.tell()


def _bounded(row: Sequence[str], number: int) -> tuple[str, ...]:
    cells = [cell.strip() for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    if len(cells) > MOST_COLUMNS:
        raise NoTable("many_columns", f"row {number} has more than {MOST_COLUMNS} columns")
    if any(len(cell) > MOST_CELL for cell in cells):
        raise NoTable("long_cell", f"row {number} has a cell of more than {MOST_CELL} characters")
    return tuple(cells)


def _of_csv(path: Path) -> Iterator[list[str]]:
    """Raises NoTable. The sign between cells is the one of which the first line has most."""
    text = _text(path)
    if "\0" in text:
        raise NoTable("binary", "the file is neither CSV nor XLSX")
    first = text.split("\n", 1)[0]
    sign = max(_SIGNS, key=first.count)
    csv.field_size_limit(MOST_CELL * 8)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign)
    try:
        yield from reader
    except csv.Error as fault:
        raise NoTable("bad_csv", f"row {reader.line_num} is no CSV: {fault}") from None


def _text(path: Path) -> str:
    octets = path.read_bytes()
    for code in _CODES:
        try:
            return octets.decode(code)
        except UnicodeDecodeError:
            continue
    raise NoTable("bad_text", "the file is neither UTF-8 nor GB18030: save it as CSV (UTF-8) or XLSX")


def _of_xlsx(path: Path) -> Iterator[list[str]]:
    """The first sheet. Formulas count as what was last worked out of them. Raises NoTable."""
    with path.open("rb") as file:
        yield from _rows_of(file)


def _rows_of(file: BinaryIO) -> Iterator[list[str]]:
    import openpyxl  # noqa: PLC0415  # heavy; only the worker's process needs it

    try:
        with zipfile.ZipFile(file) as archive:
            if sum(one.file_size for one in archive.infolist()) > MOST_UNFOLDED:
                raise NoTable("unfolds", f"the file unfolds to more than {MOST_UNFOLDED >> 20} MiB")
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    except NoTable:
        raise
    except Exception as fault:  # noqa: BLE001  # whatever the library meets in a file that is none: it is the file's
        raise NoTable("bad_xlsx", f"the file is no XLSX: {type(fault).__name__}") from None
    try:
        if not book.worksheets:
            raise NoTable("empty", "the file has no sheet")
        for row in book.worksheets[0].iter_rows(values_only=True):
            yield [_cell(value) for value in row]
    except NoTable:
        raise
    except Exception as fault:  # noqa: BLE001  # as above: rows are read as they are asked for
        raise NoTable("bad_xlsx", f"the sheet cannot be read: {type(fault).__name__}") from None
    finally:
        book.close()


def _cell(value: object) -> str:
    """As a person reads it in the sheet: a telephone number that the sheet keeps as 13800138000.0 has no point."""
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case datetime.datetime():
            return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(sep=" ")
        case datetime.date() | datetime.time():
            return value.isoformat()
        case _:
            return str(value)
