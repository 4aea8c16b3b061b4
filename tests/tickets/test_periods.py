"""Days, weeks and months of an office: borders by hand, and that none overlaps or leaves a gap in any zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.tickets.periods import MOST_DAYS, PeriodKind, period

SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = ("Asia/Shanghai", "UTC", "Europe/Berlin", "America/New_York", "Africa/Cairo", "America/Santiago", "Asia/Beirut")
DAYS = st.dates(date(2000, 1, 1), date(2199, 12, 30))


def test_a_week_is_from_monday_to_sunday_and_a_month_has_its_days() -> None:
    friday = date(2026, 11, 27)
    week = period("week", friday, SHANGHAI)
    assert (week.first, week.last) == (date(2026, 11, 23), date(2026, 11, 29))
    assert (week.since, week.until) == (
        datetime(2026, 11, 22, 16, tzinfo=UTC),
        datetime(2026, 11, 29, 16, tzinfo=UTC),
    )
    assert period("week", date(2026, 11, 23), SHANGHAI) == week == period("week", date(2026, 11, 29), SHANGHAI)
    month = period("month", date(2028, 2, 10), SHANGHAI)
    assert (month.first, month.last) == (date(2028, 2, 1), date(2028, 2, 29))
    other = period("other", friday, SHANGHAI, date(2026, 12, 1))
    assert (other.first, other.last, other.until - other.since) == (friday, date(2026, 12, 1), timedelta(days=5))
    assert period("other", friday, SHANGHAI).last == friday


@pytest.mark.parametrize(
    ("zone", "day", "since", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-28T23:00+00:00", 23),  # forward at 02:00
        ("Europe/Berlin", date(2026, 10, 25), "2026-10-24T22:00+00:00", 25),  # back at 03:00
        ("Asia/Beirut", date(2026, 3, 29), "2026-03-28T22:00+00:00", 23),  # forward at midnight: it begins at 01:00
        ("America/Santiago", date(2026, 4, 4), "2026-04-04T03:00+00:00", 25),  # back at midnight, to 23:00 again
        ("America/Havana", date(2026, 11, 1), "2026-11-01T04:00+00:00", 25),  # back at 01:00, to midnight again
    ],
)
def test_days_of_clock_changes_have_the_hours_that_they_have(zone: str, day: date, since: str, hours: int) -> None:
    found = period("day", day, ZoneInfo(zone))
    assert found.since == datetime.fromisoformat(since)
    assert found.until - found.since == timedelta(hours=hours)


@given(DAYS, st.sampled_from(ZONES), st.sampled_from(["day", "week", "month"]))
def test_one_ends_where_the_next_begins_and_each_has_its_day(day: date, zone: str, kind: PeriodKind) -> None:
    known = period(kind, day, ZoneInfo(zone))
    assert known.first <= day <= known.last
    after = period(kind, known.last + timedelta(days=1), ZoneInfo(zone))
    assert known.until == after.since
    assert known.since < known.until
    inside = known.since.astimezone(ZoneInfo(zone))
    assert inside.date() == known.first


def test_what_is_no_period_is_refused() -> None:
    day = date(2026, 1, 1)
    for last in (day - timedelta(days=1), day + timedelta(days=MOST_DAYS)):
        with pytest.raises(ValueError, match="366 days"):
            period("other", day, SHANGHAI, last)
