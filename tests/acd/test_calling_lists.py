"""A list of numbers as people hand it in: rows that can be kept, and the fault of each that cannot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.acd.calling_lists import RowFault, cell, read
from callcenterd.errors import FaultyFile
from callcenterd.model.campaigns import ListRow

LIST = "姓名,手机,优先级,车型\n张三,138 0013-8000,5,轿车\n\n李四,+86 10 6296 0000,,\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_list_is_read_as_people_and_spreadsheets_write_it(encoding: str) -> None:
    assert list(read(LIST.encode(encoding), "CN")) == [
        ListRow(number="13800138000", name="张三", priority=5, fields={"车型": "轿车"}),
        ListRow(number="+861062960000", name="李四"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("abc,x,", "telephone number"),
        ("1234,x,", "telephone number"),
        ("119,x,", "telephone number"),
        ("13800138000,x,high", "priority"),
        ("13800138000,x,5000", "priority"),
        ("13800138000," + "长" * 101 + ",", "name"),
        ("13800138000,x,1,too many", "more cells"),
        (",x,1", "telephone number"),
    ],
)
def test_the_fault_of_a_row_is_told_with_its_row_and_the_others_are_read(line: str, reason: str) -> None:
    first, fault, last = read(f"number,name,priority\n13800000001,a,\n{line}\n13800000002,b,\n".encode(), "CN")
    assert isinstance(first, ListRow)
    assert isinstance(last, ListRow)
    assert isinstance(fault, RowFault)
    assert fault.row == 3
    assert reason in fault.reason


@pytest.mark.parametrize("octets", [b"", b"name\nx\n", b"\xff\xfe\x00\x81", b"number,phone\n1,2\n", b"a,a,number\n"])
def test_what_is_no_list_at_all_is_refused(octets: bytes) -> None:
    with pytest.raises(FaultyFile):
        read(octets, "CN")


@given(st.binary(max_size=300), st.text(max_size=200))
def test_no_contents_do_more_than_be_refused(octets: bytes, text: str) -> None:
    for contents in (
        octets,
        b"number,name\n" + octets,
        f"number,name,{text}\n1380013{text}".encode("utf-8", "replace"),
    ):
        try:
            rows = list(read(contents, "CN"))
        except FaultyFile:
            continue
        assert all(isinstance(row, (ListRow, RowFault)) for row in rows)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+8613800138000", "'+8613800138000"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("  =1", "'  =1"),
        ("张三", "张三"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula_to_a_spreadsheet(text: str, written: str) -> None:
    assert cell(text) == written
