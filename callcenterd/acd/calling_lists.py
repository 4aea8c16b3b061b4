"""Lists of those whom a campaign is to call: a file or rows become what can be kept, with the fault of each row. Pure.

CSV in UTF-8 (or GB 18030, as Chinese spreadsheets write it). The first line names the columns: number (号码, 电话 or
手机), name (姓名), priority (优先级); every other column is a field that the agent is shown.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from callcenterd.errors import Fault, FaultyFile
from callcenterd.model import numbers
from callcenterd.model.campaigns import ListRow

MOST_FIELDS = 20
LONGEST_NAME, LONGEST_KEY, LONGEST_VALUE = 100, 40, 200
MOST_PRIORITY = 1000
_NUMBER = re.compile(r"\+?\d{5,20}", re.ASCII)
_COLUMNS = {
    "number": ("number", "phone", "号码", "电话", "手机", "手机号", "电话号码"),
    "name": ("name", "姓名", "客户"),
    "priority": ("priority", "优先级"),
}
_COLUMN_OF = {word: column for column, words in _COLUMNS.items() for word in words}


@dataclass(frozen=True, slots=True)
class RowFault:
    """row: of the list, from 1 (a file's heading is row 1)."""

    row: int
    reason: str


def checked(number: str, name: str, priority: int, fields: Mapping[str, str], region: str) -> ListRow:
    """What may be kept. Raises ValueError with what is wrong."""
    dialled = numbers.tidy(number)
    if not _NUMBER.fullmatch(dialled):
        raise ValueError("a telephone number of 5 to 20 digits is wanted")
    if numbers.is_emergency(dialled, region):
        raise ValueError("an emergency number is never called by a list")
    if len(name) > LONGEST_NAME or _unseen(name):
        raise ValueError(f"a name of up to {LONGEST_NAME} characters is wanted")
    if not -MOST_PRIORITY <= priority <= MOST_PRIORITY:
        raise ValueError(f"a priority of {-MOST_PRIORITY} to {MOST_PRIORITY} is wanted")
    if len(fields) > MOST_FIELDS:
        raise ValueError(f"at most {MOST_FIELDS} fields are kept")
    for key, value in fields.items():
        if not 0 < len(key) <= LONGEST_KEY or len(value) > LONGEST_VALUE or _unseen(key) or _unseen(value):
            raise ValueError(f"fields of up to {LONGEST_VALUE} characters, named in up to {LONGEST_KEY}, are wanted")
    return ListRow(number=dialled, name=name, priority=priority, fields=dict(fields))


def _unseen(text: str) -> bool:
    return any(ord(sign) < 0x20 or sign == "\x7f" for sign in text)


def read(octets: bytes, region: str) -> Iterator[ListRow | RowFault]:
    """The rows of a file, one after the other, so that a long one can be read in parts. Empty lines are none.

    Raises FaultyFile for what is no such file at all, before the first row.
    """
    text = _decoded(octets)
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        heading = next(lines, [])
    except csv.Error as fault:
        raise FaultyFile([Fault("list.csv", 1, f"columns with commas between them are wanted ({fault})")]) from None
    columns = [_COLUMN_OF.get(cell.strip().lower(), cell.strip()) for cell in heading]
    named = [column for column in columns if column]
    if "number" not in columns:
        raise FaultyFile([Fault("list.csv", 1, "a first line with the columns' names, as number or 号码, is wanted")])
    if len(set(named)) < len(named):
        raise FaultyFile([Fault("list.csv", 1, "each column once is wanted")])
    return _rows(lines, columns, region)


def _decoded(octets: bytes) -> str:
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            return octets.decode("gb18030")
        except UnicodeDecodeError:
            raise FaultyFile([Fault("list.csv", 1, "text in UTF-8 or GB 18030 is wanted")]) from None


def _rows(lines: Iterator[list[str]], columns: list[str], region: str) -> Iterator[ListRow | RowFault]:
    row = 1
    while True:
        row += 1
        try:
            cells = [cell.strip() for cell in next(lines)]
        except StopIteration:
            return
        except csv.Error as fault:
            yield RowFault(row, f"columns with commas between them are wanted ({fault})")
            continue
        if not any(cells):
            continue
        try:
            if any(cells[len(columns) :]):
                raise ValueError("there are more cells than columns")
            known = dict(zip(columns, cells, strict=False))
            fields = {key: value for key, value in known.items() if key and key not in _COLUMNS and value}
            number, name = known.get("number", ""), known.get("name", "")
            yield checked(number, name, _whole(known.get("priority", "")), fields, region)
        except ValueError as fault:
            yield RowFault(row, str(fault))


def _whole(text: str) -> int:
    if not text:
        return 0
    if not re.fullmatch(r"-?\d{1,6}", text, re.ASCII):
        raise ValueError(f"a priority of {-MOST_PRIORITY} to {MOST_PRIORITY} is wanted")
    return int(text)


def cell(text: str) -> str:
    """What may stand in a cell of a file that a spreadsheet opens: what it would take for a formula gets a ' before."""
    return f"'{text}" if text.lstrip()[:1] in ("=", "+", "-", "@") or text[:1] in ("\t", "\r", "\n") else text
