"""What holds when: business hours, holidays and make-up days (ACD-05)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callcenterd.acd.hours import HORIZON, Holding, Hours
from callcenterd.model.calendar import WEEKDAYS, Calendar, Holiday, MakeUpDay, Weekday

SHANGHAI = ZoneInfo("Asia/Shanghai")
WORKDAYS: tuple[Weekday, ...] = WEEKDAYS[:5]

OFFICE = Calendar(
    name="office",
    hours=dict.fromkeys(WORKDAYS, ("09:00-12:00", "13:30-18:00")) | {"saturday": ("09:00-12:00",)},
    holidays=(
        Holiday(first="2026-10-01", last="2026-10-07", name="国庆节"),
        Holiday(first="2026-12-31", name="盘点", hours=("09:00-11:00",)),
    ),
    make_up=(
        MakeUpDay(date="2026-10-10", name="国庆节调休"),
        MakeUpDay(date="2026-09-20", like="saturday", name="国庆节调休"),
    ),
)
NIGHT = Calendar(
    name="night",
    hours=dict.fromkeys(WORKDAYS, ("22:00-06:00",)),
    holidays=(Holiday(first="2026-10-01", name="国庆节"),),
    make_up=(MakeUpDay(date="2026-10-03", name="补"),),
)
ALWAYS = Calendar(
    name="always",
    hours=dict.fromkeys(WEEKDAYS, ("00:00-24:00",)),
    holidays=(Holiday(first="2026-02-17", name="春节"),),
)


def local(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("calendar", "at", "open_", "why", "name", "until"),
    [
        pytest.param(OFFICE, "2026-09-21 08:59:59", False, "regular", "", "2026-09-21 09:00", id="before it opens"),
        pytest.param(OFFICE, "2026-09-21 09:00", True, "regular", "", "2026-09-21 12:00", id="to the second"),
        pytest.param(OFFICE, "2026-09-21 12:00", False, "regular", "", "2026-09-21 13:30", id="closed at its end"),
        pytest.param(OFFICE, "2026-09-21 18:00", False, "regular", "", "2026-09-22 09:00", id="until tomorrow"),
        pytest.param(OFFICE, "2026-09-27 10:00", False, "regular", "", "2026-09-28 09:00", id="a Sunday"),
        pytest.param(OFFICE, "2026-10-01 10:00", False, "holiday", "国庆节", "2026-10-08 09:00", id="a holiday"),
        pytest.param(OFFICE, "2026-10-07 23:59", False, "holiday", "国庆节", "2026-10-08 09:00", id="its last minute"),
        pytest.param(OFFICE, "2026-09-30 18:00", False, "regular", "", "2026-10-08 09:00", id="its eve"),
        pytest.param(
            OFFICE, "2026-10-10 14:00", True, "make_up", "国庆节调休", "2026-10-10 18:00", id="a Saturday worked"
        ),
        pytest.param(
            OFFICE, "2026-09-20 14:00", False, "make_up", "国庆节调休", "2026-09-21 09:00", id="with Saturday's hours"
        ),
        pytest.param(OFFICE, "2026-12-31 10:30", True, "holiday", "盘点", "2026-12-31 11:00", id="own hours"),
        pytest.param(OFFICE, "2026-12-31 14:00", False, "holiday", "盘点", "2027-01-01 09:00", id="and no others"),
        pytest.param(NIGHT, "2026-09-29 03:00", True, "regular", "", "2026-09-29 06:00", id="after midnight"),
        pytest.param(NIGHT, "2026-09-28 03:00", False, "regular", "", "2026-09-28 22:00", id="Sunday has no night"),
        pytest.param(NIGHT, "2026-09-30 23:00", True, "regular", "", "2026-10-01 00:00", id="cut by a holiday"),
        pytest.param(NIGHT, "2026-10-01 22:30", False, "holiday", "国庆节", "2026-10-02 22:00", id="none begins in it"),
        pytest.param(NIGHT, "2026-10-03 03:00", True, "regular", "", "2026-10-03 06:00", id="into a make-up day"),
        pytest.param(NIGHT, "2026-10-04 03:00", True, "make_up", "补", "2026-10-04 06:00", id="out of a make-up day"),
        pytest.param(ALWAYS, "2026-02-16 12:00", True, "regular", "", "2026-02-17 00:00", id="days join"),
        pytest.param(ALWAYS, "2026-02-17 12:00", False, "holiday", "春节", "2026-02-18 00:00", id="the one day off"),
        pytest.param(ALWAYS, "2026-02-18 00:00", True, "regular", "", None, id="and then never"),
        pytest.param(Calendar(name="shut"), "2026-02-18 00:00", False, "regular", "", None, id="never open"),
    ],
)
def test_what_holds(calendar: Calendar, at: str, open_: bool, why: str, name: str, until: str | None) -> None:
    held = Hours(calendar, SHANGHAI).at(local(at))
    assert (held.open, held.why, held.name) == (open_, why, name)
    assert held.until == (None if until is None else local(until))


def test_a_calendar_may_have_a_zone_of_its_own() -> None:
    tokyo = Hours(Calendar(name="jp", zone="Asia/Tokyo", hours={"monday": ("09:00-18:00",)}), SHANGHAI)
    assert tokyo.is_open(local("2026-09-21 08:00"))
    assert not tokyo.is_open(local("2026-09-21 17:00"))


def test_a_moment_needs_its_offset() -> None:
    with pytest.raises(ValueError, match="offset"):
        Hours(OFFICE, SHANGHAI).at(datetime(2026, 9, 21, 9))  # noqa: DTZ001  # that is what is refused


@pytest.mark.parametrize("moment", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_at_the_ends_of_time_nothing_is_open(moment: datetime) -> None:
    assert Hours(ALWAYS, SHANGHAI).at(moment) == Holding(False, "regular", "", None)


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("spans", "opens", "closes"),
    [
        # 2026-03-29: 02:00 becomes 03:00 (01:00 UTC)
        pytest.param(("01:00-02:30",), "2026-03-29T00:00", "2026-03-29T01:00", id="its end is left out"),
        pytest.param(("02:30-04:00",), "2026-03-29T01:00", "2026-03-29T02:00", id="its begin is left out"),
        # 2026-10-25: 03:00 becomes 02:00 (01:00 UTC)
        pytest.param(("02:30-05:00",), "2026-10-25T00:30", "2026-10-25T04:00", id="begins twice: from the first"),
        pytest.param(("00:00-02:30",), "2026-10-24T22:00", "2026-10-25T01:30", id="ends twice: to the last"),
        pytest.param(("01:00-02:30", "02:30-04:00"), "2026-10-24T23:00", "2026-10-25T03:00", id="no hole between"),
    ],
)
def test_clock_changes(spans: tuple[str, ...], opens: str, closes: str) -> None:
    hours = Hours(Calendar(name="c", hours={"sunday": spans}), BERLIN)
    first, last = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (opens, closes))
    assert hours.at(first - timedelta(seconds=1)).until == first
    assert hours.at(first).until == last
    assert not hours.is_open(last)


def test_a_span_that_the_clocks_leave_out_is_none() -> None:
    hours = Hours(Calendar(name="c", hours={"sunday": ("02:00-03:00",)}), BERLIN)
    assert not hours.is_open(datetime(2026, 3, 29, 1, tzinfo=UTC))
    assert hours.at(datetime(2026, 3, 28, 12, tzinfo=UTC)).until == datetime(2026, 4, 5, 0, tzinfo=UTC)


# ---- properties ---------------------------------------------------------------------------------------------------

TIMES = st.integers(0, 95).map(lambda n: f"{n // 4:02d}:{n % 4 * 15:02d}")


@st.composite
def day_spans(draw: st.DrawFn) -> tuple[str, ...]:
    times = sorted(draw(st.sets(TIMES, max_size=6)))
    if len(times) % 2:
        times.pop()
    if len(times) == 2 and draw(st.booleans()):
        times.reverse()  # over midnight
    return tuple(f"{begin}-{end}" for begin, end in zip(times[::2], times[1::2], strict=True))


FROM = date(2026, 3, 20)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    day = FROM
    holidays: list[Holiday] = []
    for gap, length, hours in draw(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 4), day_spans()), max_size=4)):
        first, last = day + timedelta(days=gap), day + timedelta(days=gap + length)
        holidays.append(Holiday(first=str(first), last=str(last), name=f"h{len(holidays)}", hours=hours))
        day = last
    worked = draw(st.sets(st.integers(0, 30), max_size=4))
    return Calendar(
        name="any",
        zone=draw(st.sampled_from(["", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe"])),
        hours=draw(st.dictionaries(st.sampled_from(WEEKDAYS), day_spans())),
        holidays=tuple(holidays),
        make_up=tuple(
            MakeUpDay(date=str(FROM + timedelta(days=n)), like=draw(st.sampled_from(WEEKDAYS))) for n in sorted(worked)
        ),
    )


MOMENTS = st.integers(0, 30 * 96).map(lambda n: datetime(2026, 3, 20, tzinfo=UTC) + timedelta(minutes=15 * n))


@given(calendars(), MOMENTS)
@example(ALWAYS, datetime(2026, 3, 20, tzinfo=UTC))
def test_nothing_changes_before_the_next_change_and_then_it_does(calendar: Calendar, moment: datetime) -> None:
    assert calendar.problems() == []
    hours = Hours(calendar, SHANGHAI)
    held = hours.at(moment)
    if held.until is None:
        later = [moment + timedelta(days=n, hours=n) for n in range(HORIZON - 20)]
        assert all(hours.is_open(at) == held.open for at in later[::7])
        return
    assert held.until > moment
    between = (held.until - moment) / 8
    assert all(hours.is_open(moment + n * between) == held.open for n in range(1, 8))
    assert hours.is_open(held.until - timedelta(seconds=1)) == held.open
    assert hours.is_open(held.until) != held.open


@given(calendars(), MOMENTS)
def test_the_plain_way_agrees(calendar: Calendar, moment: datetime) -> None:
    """By what the clock on the wall shows: the same on every day without a clock change near it."""
    hours = Hours(calendar, SHANGHAI)
    shown = moment.astimezone(hours.zone)
    near = {(moment + timedelta(days=n)).astimezone(hours.zone).utcoffset() for n in (-2, -1, 0, 1, 2)}
    if len(near) > 1:
        return
    minute = shown.hour * 60 + shown.minute
    today, yesterday = shown.date(), shown.date() - timedelta(days=1)
    is_holiday = _is_holiday(calendar, today)
    tonight = any(begin <= minute < (end if end > begin else 1440) for begin, end in _plain(calendar, today))
    still = not is_holiday and any(minute < end <= begin for begin, end in _plain(calendar, yesterday))
    assert hours.is_open(moment) == (tonight or still)


def _is_holiday(calendar: Calendar, day: date) -> bool:
    worked = any(one.date == str(day) for one in calendar.make_up)
    return not worked and any(one.first <= str(day) <= one.last for one in calendar.holidays)


def _plain(calendar: Calendar, day: date) -> list[tuple[int, int]]:
    texts = calendar.hours.get(WEEKDAYS[day.weekday()], ())
    for holiday in calendar.holidays:
        if holiday.first <= str(day) <= holiday.last:
            texts = holiday.hours
    for made in calendar.make_up:
        if made.date == str(day):
            texts = calendar.hours.get(made.like, ())
    found = []
    for text in texts:
        begin, end = ((int(part[:2]) * 60 + int(part[3:])) for part in text.split("-"))
        found.append((begin, end))
    return found
