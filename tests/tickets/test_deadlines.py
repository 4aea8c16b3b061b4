"""Working time, against a count of every single minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callcenterd.acd.hours import Hours
from callcenterd.model.calendar import WEEKDAYS, Calendar, Holiday, MakeUpDay, overlap
from callcenterd.tickets import deadlines

MINUTE = timedelta(minutes=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE = Calendar(
    name="office",
    hours=dict.fromkeys(WEEKDAYS[:5], ("09:00-12:00", "13:00-18:00")),
    holidays=(Holiday(first="2026-10-01", last="2026-10-07", name="国庆节"),),
    make_up=(MakeUpDay(date="2026-10-10", like="wednesday", name="国庆节"),),
)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("start", "minutes", "due"),
    [
        pytest.param("2026-08-03T09:00", 60, "2026-08-03T10:00", id="within the morning"),
        pytest.param("2026-08-03T11:30", 60, "2026-08-03T13:30", id="over noon"),
        pytest.param("2026-08-03T17:30", 30, "2026-08-03T18:00", id="closing time is closing time"),
        pytest.param("2026-08-03T17:30", 31, "2026-08-04T09:01", id="over night"),
        pytest.param("2026-08-07T17:00", 120, "2026-08-10T10:00", id="over the weekend"),
        pytest.param("2026-08-08T03:00", 0, "2026-08-10T09:00", id="nothing is due when work begins"),
        pytest.param("2026-09-30T17:00", 120, "2026-10-08T10:00", id="over a holiday"),
        pytest.param("2026-10-09T17:00", 120, "2026-10-10T10:00", id="to a make-up Saturday"),
        pytest.param("2026-08-03T09:00", 5 * 480, "2026-08-07T18:00", id="a week"),
    ],
)
def test_a_limit_of_working_minutes(start: str, minutes: int, due: str) -> None:
    assert deadlines.after(Hours(OFFICE, SHANGHAI), at(start), minutes) == at(due)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        pytest.param("2026-08-03T09:00", 1, "2026-08-03T18:00", id="today"),
        pytest.param("2026-08-03T17:59", 1, "2026-08-03T18:00", id="a minute is left"),
        pytest.param("2026-08-03T18:00", 1, "2026-08-04T18:00", id="work is over today"),
        pytest.param("2026-08-07T10:00", 2, "2026-08-10T18:00", id="over the weekend"),
        pytest.param("2026-08-08T10:00", 1, "2026-08-10T18:00", id="of a weekend"),
        pytest.param("2026-09-30T12:30", 3, "2026-10-09T18:00", id="over a holiday"),
        pytest.param("2026-10-09T12:30", 2, "2026-10-10T18:00", id="to a make-up Saturday"),
    ],
)
def test_the_end_of_a_working_day(start: str, days: int, end: str) -> None:
    assert deadlines.end_of_day(Hours(OFFICE, SHANGHAI), at(start), days, SHANGHAI) == at(end)


def test_the_end_of_a_day_without_a_calendar_and_around_the_clock_is_midnight() -> None:
    always = Hours(Calendar(name="always", hours=dict.fromkeys(WEEKDAYS, ("00:00-24:00",))), SHANGHAI)
    for hours in (None, always):
        assert deadlines.end_of_day(hours, at("2026-08-03T09:00"), 2, SHANGHAI) == at("2026-08-05T00:00")
    with pytest.raises(deadlines.NeverOpen):
        deadlines.end_of_day(Hours(Calendar(name="shut", hours={}), SHANGHAI), at("2026-08-03T09:00"), 1, SHANGHAI)


def test_the_clock_change_has_an_hour_more_and_an_hour_less() -> None:
    """Berlin 2026: on 29 March 02:00 becomes 03:00, on 25 October 03:00 becomes 02:00 again."""
    berlin = ZoneInfo("Europe/Berlin")
    hours = Hours(Calendar(name="night", hours={"sunday": ("01:00-05:00",)}), berlin)
    assert deadlines.between(hours, at("2026-03-29T00:00", berlin), at("2026-03-29T12:00", berlin)) == 180 * MINUTE
    assert deadlines.between(hours, at("2026-10-25T00:00", berlin), at("2026-10-25T12:00", berlin)) == 300 * MINUTE
    assert deadlines.after(hours, at("2026-03-29T01:30", berlin), 60) == at("2026-03-29T03:30", berlin)


def test_without_a_calendar_every_minute_counts() -> None:
    assert deadlines.after(None, at("2026-08-08T23:30"), 60) == at("2026-08-09T00:30")
    assert deadlines.between(None, at("2026-08-08T23:30"), at("2026-08-09T00:30")) == 60 * MINUTE


def test_a_calendar_that_never_opens_is_told() -> None:
    with pytest.raises(deadlines.NeverOpen, match="calendar shut has no 5 working minutes ahead"):
        deadlines.after(Hours(Calendar(name="shut"), SHANGHAI), at("2026-08-03T09:00"), 5)


@pytest.mark.parametrize("minutes", [-1, deadlines.MOST_MINUTES + 1])
def test_minutes_out_of_bounds_are_refused(minutes: int) -> None:
    with pytest.raises(ValueError, match="working minutes are wanted"):
        deadlines.after(None, at("2026-08-03T09:00"), minutes)


@pytest.mark.parametrize(
    ("start", "due", "before", "warned"),
    [
        pytest.param("2026-08-03T09:00", "2026-08-03T15:00", 15, "2026-08-03T14:45", id="by three"),
        pytest.param("2026-08-03T09:00", "2026-08-03T13:05", 15, "2026-08-03T11:50", id="noon is not counted"),
        pytest.param("2026-08-03T09:00", "2026-08-03T09:10", 15, "2026-08-03T09:05", id="not before half of the time"),
        pytest.param("2026-08-08T09:00", "2026-08-08T11:00", 15, "2026-08-08T10:45", id="of a Saturday"),
    ],
)
def test_when_somebody_is_warned(start: str, due: str, before: int, warned: str) -> None:
    assert deadlines.warning(Hours(OFFICE, SHANGHAI), at(start), at(due), before) == at(warned)


# ---- against a count of every minute ------------------------------------------------------------------------

ZONES = st.sampled_from(
    ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]
)


@st.composite
def spans(draw: st.DrawFn) -> tuple[str, ...]:
    texts = []
    for _ in range(draw(st.integers(0, 3))):
        begin, end = draw(st.integers(0, 287)) * 5, draw(st.integers(0, 287)) * 5
        if begin != end:
            texts.append(f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}")
    return () if overlap(tuple(texts)) else tuple(texts)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    days = draw(st.lists(st.integers(0, 13), unique=True, max_size=2))
    return Calendar(
        name="any",
        zone=draw(ZONES),
        hours={day: draw(spans()) for day in draw(st.lists(st.sampled_from(WEEKDAYS), unique=True, max_size=7))},
        holidays=tuple(Holiday(first=f"2026-03-{22 + day % 10:02}", hours=draw(spans())) for day in days[:1]),
        make_up=tuple(MakeUpDay(date=f"2026-10-{20 + day % 10:02}", like="friday") for day in days[1:]),
    )


def minutes_from(begin: datetime) -> st.SearchStrategy[datetime]:
    return st.integers(0, 10 * 24 * 60).map(lambda minute: begin + minute * MINUTE)


STARTS = minutes_from(datetime(2026, 3, 20, tzinfo=UTC)) | minutes_from(datetime(2026, 10, 20, tzinfo=UTC))
WEEK = 7 * 24 * 60


def counted(hours: Hours, start: datetime, end: datetime) -> int:
    """The plain twin: each minute is asked for."""
    return sum(hours.is_open(start + n * MINUTE) for n in range(int((end - start) / MINUTE)))


@given(calendars(), STARTS, st.integers(0, 3 * 24 * 60))
@example(OFFICE, datetime(2026, 3, 28, 23, 0, tzinfo=UTC), 600)
def test_working_time_is_what_a_count_of_every_minute_says(calendar: Calendar, start: datetime, length: int) -> None:
    hours, end = Hours(calendar, SHANGHAI), start + length * MINUTE
    assert deadlines.between(hours, start, end) == counted(hours, start, end) * MINUTE


@given(calendars(), STARTS, st.integers(1, 2000))
def test_what_is_due_has_exactly_so_many_working_minutes_before_it(
    calendar: Calendar, start: datetime, minutes: int
) -> None:
    hours = Hours(calendar, SHANGHAI)
    if counted(hours, start, start + WEEK * MINUTE) < minutes:
        return
    due = deadlines.after(hours, start, minutes)
    assert counted(hours, start, due) == minutes
    assert hours.is_open(due - MINUTE), "the last minute before it is a working one"


@given(calendars(), STARTS, st.integers(0, 700), st.integers(1, 700))
def test_one_limit_after_the_other_is_the_limit_of_both(
    calendar: Calendar, start: datetime, one: int, other: int
) -> None:
    hours = Hours(calendar, SHANGHAI)
    if counted(hours, start, start + WEEK * MINUTE) < one + other + 1:
        return
    both = deadlines.after(hours, start, one + other)
    assert deadlines.after(hours, deadlines.after(hours, start, one), other) == both
