"""A year's public holidays as a file (ACD-05)."""

from __future__ import annotations

import contextlib
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.acd import holidays
from callcenterd.acd.hours import Hours
from callcenterd.errors import FaultyFile
from callcenterd.model.calendar import WEEKDAYS, Calendar, Holiday, MakeUpDay

SHIPPED = Path(__file__).parents[2] / "calendars" / "china-2026.csv"
WEEK = Calendar(name="office", hours=dict.fromkeys(WEEKDAYS[:5], ("09:00-18:00",)))


def test_the_year_2026_of_china() -> None:
    """Against the notice of the State Council: 33 days off, and six Saturdays and Sundays that are worked."""
    office = holidays.brought_into(WEEK, holidays.read(SHIPPED.read_bytes(), SHIPPED.name))
    assert office.problems() == []
    assert [(one.first[5:], one.last[5:], one.name) for one in office.holidays] == [
        ("01-01", "01-03", "元旦"),
        ("02-15", "02-23", "春节"),
        ("04-04", "04-06", "清明节"),
        ("05-01", "05-05", "劳动节"),
        ("06-19", "06-21", "端午节"),
        ("09-25", "09-27", "中秋节"),
        ("10-01", "10-07", "国庆节"),
    ]
    assert sum((last - first).days + 1 for first, last in (one.dates for one in office.holidays)) == 33
    worked = [one.day for one in office.make_up]
    assert [str(day)[5:] for day in worked] == ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]
    assert all(day.weekday() >= 5 for day in worked)
    hours = Hours(office, ZoneInfo("Asia/Shanghai"))
    days = [date(2026, 1, 1).toordinal() + n for n in range(365)]
    open_ = sum(
        hours.is_open(
            datetime.combine(date.fromordinal(day), datetime.min.time(), ZoneInfo("Asia/Shanghai")).replace(hour=10)
        )
        for day in days
    )
    assert open_ == 248  # working days of 2026 with this arrangement


def lines(*rows: str) -> bytes:
    return "\n".join(rows).encode()


def test_a_spreadsheets_file_is_read_too() -> None:
    rows = lines("date,name,kind,", "2026-05-01,劳动节,休,,", "2026-05-09,劳动节,班", "", "# 完")
    expected = holidays.read(rows, "x")
    assert expected == holidays.read(b"\xef\xbb\xbf" + rows.replace(b"\n", b"\r\n"), "x")
    assert expected == holidays.read(rows.decode().encode("gb18030"), "x")
    assert expected.off == ((date(2026, 5, 1), "劳动节"),)
    assert expected.work == ((date(2026, 5, 9), "劳动节", "monday"),)


@pytest.mark.parametrize(
    ("octets", "line", "reason"),
    [
        (b"", 1, "no day in it"),
        (lines("date,name,kind", "2026-02-30,x,off"), 2, "not 2026-02-30"),
        (lines("2026-2-3,x,off"), 1, "a date that there is"),
        (lines("2026-02-03,,off"), 1, "a name"),
        (lines("2026-02-03,x,free"), 1, "off (休), work (班)"),
        (lines("2026-02-03,x,work:friyay"), 1, "work:friday"),
        (lines("2026-02-03,x"), 1, "3 columns"),
        (lines("2026-02-03,x,off", "2026-02-01/2026-02-05,y,work"), 2, "2026-02-03 stands twice, first in line 1"),
        (lines("2026-02-05/2026-02-03,x,off"), 1, "not before it"),
        (lines("2026-02-05/2028-02-03,x,off"), 1, "at most a year"),
        (b"\xff\xfe\x00\x81", 1, "UTF-8 or GB 18030"),
        (b"#" * (holidays.MAX_OCTETS + 1), 1, "KiB"),
        (b"#\n" * (holidays.MAX_LINES + 1), holidays.MAX_LINES + 1, "lines"),
        (lines('2026-02-03,"x\x07",off'), 1, "a name"),
        (lines("9999-12-31,x,off"), 1, "a date that there is"),
        (b"x" * 200_000, 1, "columns with commas"),
    ],
)
def test_a_faulty_file_is_refused_with_line_and_reason(octets: bytes, line: int, reason: str) -> None:
    with pytest.raises(FaultyFile) as refused:
        holidays.read(octets, "days.csv")
    (fault,) = refused.value.faults
    assert (fault.file, fault.line) == ("days.csv", line)
    assert reason in fault.reason


@given(st.binary(max_size=300) | st.text(alphabet='2026-01/,"\n\0休offwrk:', max_size=200).map(str.encode))
def test_no_octets_do_more_than_be_refused(octets: bytes) -> None:
    with contextlib.suppress(FaultyFile):
        days = holidays.read(octets, "x")
        assert holidays.brought_into(WEEK, days).problems() == []


def test_a_second_file_replaces_what_the_first_has_named_and_leaves_the_offices_own_days() -> None:
    own = (Holiday(first="2026-07-01", name="店庆"), Holiday(first="2025-10-01", last="2025-10-08", name="国庆节"))
    office = Calendar(name="o", holidays=own, make_up=(MakeUpDay(date="2026-08-01", name="促销"),))
    first = holidays.brought_into(office, holidays.read(SHIPPED.read_bytes(), "x"))
    again = holidays.brought_into(first, holidays.read(SHIPPED.read_bytes(), "x"))
    assert again == first
    assert {one.name for one in first.holidays} >= {"店庆", "国庆节"}
    assert {one.date for one in first.make_up} >= {"2026-08-01", "2026-10-10"}
    moved = holidays.brought_into(first, holidays.read(lines("2026-10-02/2026-10-05,国庆节,off"), "x"))
    assert [one.first for one in moved.holidays if one.name == "国庆节"] == ["2025-10-01", "2026-10-02"]
