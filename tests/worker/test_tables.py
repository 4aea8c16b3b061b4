"""Tables that people bring as files: what is read, and what is refused with the place."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.worker import tables
from callcenterd.worker.tables import NoTable


def unfolded(folder: Path, octets: bytes) -> tuple[tables.Looked, list[tuple[int, tuple[str, ...]]]]:
    (folder / "file").write_bytes(octets)
    looked = tables.unfold(folder / "file", folder / "lines")
    rows, end = tables.piece(folder / "lines", 0, 1_000_000)
    assert end == looked.octets
    return looked, rows


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_csv_as_offices_have_it(tmp_path: Path, code: str, sign: str) -> None:
    text = f'姓名{sign}电话\r\n张三{sign}13800138000\r\n\r\n"李{sign}四"\r\n王五{sign}"1\n2"\r\n'
    looked, rows = unfolded(tmp_path, text.encode(code))
    assert looked.titles == ("姓名", "电话")
    assert rows == [(2, ("张三", "13800138000")), (4, (f"李{sign}四", "")), (5, ("王五", "1\n2"))]
    assert (looked.rows, looked.sample) == (3, tuple(cells for _, cells in rows))


def test_xlsx_as_a_person_reads_it(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["name", "phone", "since", "gifts", "sum"])
    sheet.append(["Li", 13800138000.0, datetime.date(2026, 1, 2), True, 1.5])
    sheet.append([None, None, None, None, None])
    sheet.append(["=1+1", "01062960000", datetime.datetime(2026, 1, 2, 3, 4), False])  # noqa: DTZ001  # a sheet knows no zones
    book.save(tmp_path / "book.xlsx")
    looked, rows = unfolded(tmp_path, (tmp_path / "book.xlsx").read_bytes())
    assert looked.titles == ("name", "phone", "since", "gifts", "sum")
    assert rows[0] == (2, ("Li", "13800138000", "2026-01-02", "1", "1.5"))
    assert rows[1][1][1:] == ("01062960000", "2026-01-02 03:04:00", "0", "")  # its formula was never worked out


def test_a_large_file_comes_in_pieces_that_join(tmp_path: Path) -> None:
    text = "n\n" + "".join(f"{n}\n" for n in range(1000))
    looked, rows = unfolded(tmp_path, text.encode())
    at, found = 0, []
    while piece := tables.piece(tmp_path / "lines", at, 77):
        if not piece[0]:
            break
        found += piece[0]
        at = piece[1]
    assert (found, looked.rows) == (rows, 1000)


def odd_archive(folder: Path) -> bytes:
    with zipfile.ZipFile(folder / "odd.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
    return (folder / "odd.zip").read_bytes()


def bomb(folder: Path) -> bytes:
    with (
        zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as written,
    ):
        for _ in range((tables.MOST_UNFOLDED >> 20) + 1):
            written.write(bytes(1 << 20))
    return (folder / "bomb.zip").read_bytes()


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"", "empty"),
        (b"\n\n", "no_titles"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "binary"),
        (b"\xff\xff\n", "bad_text"),
        (b"a,b\n\x00\x01,\x02\n", "binary"),
        (b"a" * 8001 + b"\n", "long_cell"),
        (b"," * 300 + b"x\n", "many_columns"),
        (b"n\n" + b"1\n" * (tables.MOST_ROWS + 1), "many_rows"),
        (b"PK\x03\x04 and no archive", "bad_xlsx"),
        (odd_archive, "bad_xlsx"),
        (bomb, "unfolds"),
    ],
    ids=[
        "empty",
        "blank",
        "picture",
        "no text",
        "binary",
        "cell",
        "columns",
        "rows",
        "no archive",
        "odd archive",
        "bomb",
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, octets: object, code: str) -> None:
    given_octets = octets(tmp_path) if callable(octets) else octets
    assert isinstance(given_octets, bytes)
    with pytest.raises(NoTable) as fault:
        unfolded(tmp_path, given_octets)
    assert fault.value.code == code


@given(st.binary(max_size=400))
def test_no_octets_do_more_than_be_refused(tmp_path_factory: pytest.TempPathFactory, octets: bytes) -> None:
    folder = tmp_path_factory.mktemp("octets")
    try:
        looked, rows = unfolded(folder, octets)
    except NoTable:
        return
    assert len(rows) == looked.rows
    assert all(len(cells) == max(len(looked.titles), 1) for _, cells in rows)
