"""Workbooks read back by another library, and tables of text by Python's reader."""

from __future__ import annotations

import csv as csv_format
import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenterd.errors import Refused
from callcenterd.worker import sheets
from callcenterd.worker.pool import Worker
from callcenterd.worker.sheets import Cell, Column, Table, csv, xlsx

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 11, 27, 16, 30, 5, 999, tzinfo=UTC)
HOSTILE = [
    "=1+1",
    "+8613800138000",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    '　=HYPERLINK("http://x")',
    "＝1+1",
    "=cmd|' /C calc'!A0",
    "http://example.com/",
    "mailto:a@example.com",
    "{=1}",
    "_x0041_",
    "<script>alert(1)</script>",
    "0012",
]
COLUMNS = [
    Column("时间", "moment", 18),
    Column("姓名"),
    Column("次数", "whole"),
    Column("金额", "amount"),
    Column("时长", "duration"),
]


def read(octets: bytes, sheet: int = 0) -> list[list[object]]:
    book = openpyxl.load_workbook(io.BytesIO(octets))
    return [[cell.value for cell in row] for row in book.worksheets[sheet].iter_rows()]


async def test_numbers_times_and_texts_come_back_as_what_they_are(worker: Worker) -> None:
    rows: list[list[Cell]] = [[AT, "张三", 3, Decimal("12.50"), 3725], [None, "", None, None, None]]
    octets = await worker.run(xlsx, [Table("日志表", COLUMNS, rows)], "志表", SHANGHAI)
    head, first, empty = read(octets)
    assert head == ["时间", "姓名", "次数", "金额", "时长"]
    assert first == [datetime.fromisoformat("2026-11-28 00:30:05"), "张三", 3, 12.5, timedelta(seconds=3725)]
    assert empty == [None] * 5
    book = openpyxl.load_workbook(io.BytesIO(octets))
    assert book.sheetnames == ["日志表"]
    assert book.worksheets[0].freeze_panes == "A2"
    assert book.worksheets[0].column_dimensions["A"].width == pytest.approx(18, abs=1)
    assert book.properties.title == "志表"


def test_a_text_is_never_a_formula_nor_a_link_in_a_workbook() -> None:
    octets = xlsx([Table("=1", [Column(text) for text in HOSTILE], [HOSTILE, HOSTILE], totals=1)], "=1")
    book = openpyxl.load_workbook(io.BytesIO(octets))
    for row in book.worksheets[0].iter_rows():
        for cell, text in zip(row, HOSTILE, strict=True):
            assert (cell.data_type, cell.hyperlink) == ("s", None)
            assert _same(cell.value, text)
    with zipfile.ZipFile(io.BytesIO(octets)) as parts:
        xml = parts.read("xl/worksheets/sheet1.xml")
        assert b"<f>" not in xml
        assert b"<hyperlink" not in xml
        assert not [name for name in parts.namelist() if "external" in name.lower()]


def _same(value: object, text: str) -> bool:
    """openpyxl reads an escaped sign as it stands in the file."""
    return str(value).replace("_x000D_", "\r").replace("_x005F_", "_").replace("\n", "\r") == text.replace("\n", "\r")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_table_of_text_is_harmless_and_otherwise_the_same(encoding: sheets.Encoding) -> None:
    octets = csv(Table("x", [Column("姓名"), Column("=次数", "whole")], [[text, -3] for text in HOSTILE]), encoding)
    assert octets.startswith(b"\xef\xbb\xbf") == (encoding == "utf-8-sig")
    head, *rows = csv_format.reader(io.StringIO(octets.decode(encoding), newline=""))
    assert head == ["姓名", "'=次数"]
    for (text, number), typed in zip(rows, HOSTILE, strict=True):
        assert text.removeprefix("'") == typed
        assert text[0] == "'" or text.lstrip(" 　")[0] not in sheets.CALCULATES
        assert number == "-3", "a number of ours is a number"


def test_times_in_a_table_of_text_are_the_offices() -> None:
    rows: list[list[Cell]] = [[AT, 'a,"b"\nc', 1, Decimal("0.10"), 36000], [None, None, None, None, None]]
    octets = csv(Table("x", COLUMNS, rows), zone=SHANGHAI)
    _, first, empty = csv_format.reader(io.StringIO(octets.decode("utf-8-sig"), newline=""))
    assert first == ["2026-11-28 00:30:05", 'a,"b"\nc', "1", "0.10", "10:00:00"]
    assert empty == [""] * 5
    (day,) = list(
        csv_format.reader(io.StringIO(csv(Table("x", [Column("d", "date")], [[date(2026, 1, 2)]])).decode("utf-8-sig")))
    )[1:]
    assert day == ["2026-01-02"]


def test_rare_characters_are_kept_in_gb_18030() -> None:
    assert csv(Table("x", [Column("名")], [["𠮷㐂👍"]]), "gb18030").decode("gb18030") == "名\r\n𠮷㐂👍\r\n"


def test_names_of_sheets_are_what_excel_takes() -> None:
    names = ["a/b:c*d?[e]", "'x'", "", "History", "A" * 40, "a" * 40, "\ud800"]
    book = openpyxl.load_workbook(io.BytesIO(xlsx([Table(name, [Column("x")], []) for name in names])))
    assert book.sheetnames == ["a b c d  e", "x", "-", "History-", "A" * 31, "a" * 29 + " 2", "- 2"]


def test_what_no_cell_can_hold_is_cut_or_left_out() -> None:
    rows: list[list[Cell]] = [["a" * 40_000], ["x\x00\x0b\ud800y"], [10**18], [float("nan")], [True]]
    read_back = [row[0] for row in read(xlsx([Table("x", [Column("c")], rows)]))][1:]
    assert read_back == ["a" * 32_767, "xy", str(10**18), "nan", "True"]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=5))
def test_whatever_is_typed_a_workbook_and_a_table_can_be_read(texts: list[str]) -> None:
    table = Table("x", [Column("a")] * len(texts), [texts])
    kept = [sheets.clean(text) for text in texts]
    (row,) = read(xlsx([table]))[1:]
    assert all(
        _same("" if value is None else value, text) or "_x" in text for value, text in zip(row, kept, strict=True)
    )
    (row_of_text,) = list(csv_format.reader(io.StringIO(csv(table).decode("utf-8-sig"), newline="")))[1:]
    for found, text in zip(row_of_text, kept, strict=True):
        assert found in {text, "'" + text}
        assert not found or found.lstrip(" \u00a0\u3000")[:1] not in {*sheets.CALCULATES}


def test_too_much_is_refused() -> None:
    with pytest.raises(Refused, match="200000 rows"):
        xlsx([Table("x", [], [[]] * (sheets.MOST_ROWS + 1))])
    with pytest.raises(Refused, match="300 columns"):
        csv(Table("x", [Column("x")] * (sheets.MOST_COLUMNS + 1), []))
