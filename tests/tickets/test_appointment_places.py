"""When a service can be had: hours, holidays, changes of the clock, midnight, and how much room there is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from callcenterd.model.appointments import AppointmentService, Place, ServiceId, Taken, room
from callcenterd.model.calendar import Calendar, Holiday, MakeUpDay
from callcenterd.model.ids import AgentId
from callcenterd.model.site import Site
from callcenterd.tickets.appointment_letters import after_quiet, before_quiet, day_in_words, reminder_at
from callcenterd.tickets.appointment_places import Opening, grid, places

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OFFICE = Calendar(
    name="office",
    hours={"monday": ("09:00-12:00", "14:00-17:00"), "friday": ("09:00-12:00",)},
    holidays=(Holiday(first="2026-08-10"), Holiday(first="2026-08-17", hours=("10:00-11:00",))),
    make_up=(MakeUpDay(date="2026-08-08", like="monday"),),
)


def service(**known: Any) -> AppointmentService:
    stamp = datetime(2026, 8, 1, tzinfo=UTC)
    given: dict[str, Any] = {
        "id": ServiceId(1),
        "name": "repair",
        "chinese": "维修",
        "english": "Repair",
        "minutes": 60,
        "created_at": stamp,
        "created_by": "root",
        "changed_at": stamp,
        "changed_by": "root",
    }
    return AppointmentService(**given | known)


def begins(
    of: AppointmentService, day: str, *, zone: ZoneInfo = SHANGHAI, calendar: Calendar = OFFICE, days: int = 1
) -> list[str]:
    since = datetime.fromisoformat(day).replace(tzinfo=zone)
    opening = Opening(of, Site(calendars=(calendar,)), zone)
    return [f"{begin.astimezone(zone):%H:%M}" for begin, _ in grid(of, opening, since, since + days * DAY)]


def test_places_follow_each_other_from_when_it_opens() -> None:
    of = service(calendar="office")
    assert begins(of, "2026-08-03") == ["09:00", "10:00", "11:00", "14:00", "15:00", "16:00"]
    assert begins(service(calendar="office", minutes=45, buffer=15), "2026-08-07") == ["09:00", "10:00", "11:00"]
    assert begins(service(calendar="office", minutes=50, buffer=15), "2026-08-07") == ["09:00", "10:05", "11:10"]
    assert begins(service(calendar="office", minutes=181), "2026-08-03") == [], "it must end while it is open"
    assert begins(of, "2026-08-04") == []
    assert begins(service(calendar="gone"), "2026-08-03") == [], "a calendar that is gone opens nothing"


def test_holidays_and_make_up_days_are_the_calendars() -> None:
    of = service(calendar="office", hours={"monday": ("10:00-16:00",)})
    assert begins(of, "2026-08-03") == ["10:00", "11:00", "14:00", "15:00"], "both are open"
    assert begins(of, "2026-08-10") == []
    assert begins(of, "2026-08-17") == ["10:00"]
    assert begins(of, "2026-08-08") == ["10:00", "11:00", "14:00", "15:00"], "a Saturday that is worked like a Monday"
    assert begins(of, "2026-08-07") == []


def test_midnight_is_passed_and_a_place_stands_in_one_day_only() -> None:
    nights = Calendar(name="office", hours={"monday": ("22:00-06:00",), "sunday": ("20:00-24:00",)})
    of = service(calendar="office", minutes=90)
    assert begins(of, "2026-08-03", calendar=nights) == ["22:00", "23:30"]
    assert begins(of, "2026-08-04", calendar=nights) == ["01:00", "02:30", "04:00"]
    assert begins(of, "2026-08-02", calendar=nights) == ["20:00", "21:30"]
    always = service(minutes=11 * 60)
    assert begins(always, "2026-08-02", days=2) == ["00:00", "11:00", "00:00", "11:00"], "each day begins anew"


def test_an_hour_that_comes_twice_has_its_own_places_and_one_that_is_left_out_none() -> None:
    nights = Calendar(name="office", hours={"sunday": ("01:00-05:00",)})
    of = service(calendar="office")
    assert begins(of, "2026-10-25", zone=BERLIN, calendar=nights) == ["01:00", "02:00", "02:00", "03:00", "04:00"]
    assert begins(of, "2026-03-29", zone=BERLIN, calendar=nights) == ["01:00", "03:00", "04:00"]
    assert len(begins(service(), "2026-10-25", zone=BERLIN, days=1)) == 25, "a day of 25 hours"


def test_what_is_asked_for_does_not_shift_the_places() -> None:
    """Any time that is looked at shows the same places, also across days and changes of the clock."""
    chance = random.Random(7)
    nights = Calendar(name="office", hours={"saturday": ("20:00-04:00",), "sunday": ("03:30-24:00",)})
    for calendar, of in ((nights, service(calendar="office", minutes=35, buffer=5)), (OFFICE, service(minutes=50))):
        opening = Opening(of, Site(calendars=(calendar,)), BERLIN)
        first = datetime(2026, 10, 20, tzinfo=UTC)
        whole = list(grid(of, opening, first, first + 14 * DAY))
        assert len(whole) > 20
        for _ in range(100):
            since = first + chance.randrange(12 * 24 * 60) * MINUTE
            until = since + chance.randrange(1, 48 * 60) * MINUTE
            seen = list(grid(of, opening, since, until))
            assert seen == [one for one in whole if since <= one.begin < until]


def test_room_is_what_is_left_at_the_fullest_moment() -> None:
    """Against counting each minute by itself."""
    chance = random.Random(11)
    start = datetime(2026, 8, 3, 1, tzinfo=UTC)
    for _ in range(300):
        persons = tuple(AgentId(f"p{n}") for n in range(chance.randrange(4)))
        of = service(capacity=chance.randrange(1, 5), persons=persons)
        taken = []
        for _ in range(chance.randrange(8)):
            begin = start + chance.randrange(-60, 120) * MINUTE
            who = chance.choice(persons) if persons else ""
            until = begin + chance.randrange(1, 90) * MINUTE
            taken.append(Taken(service=chance.choice([1, 2]), person=who, begin=begin, until=until))
        left, free = room(of, persons, taken, start, start + HOUR)
        most, busy = 0, set()
        for minute in range(60):
            there = [one for one in taken if one.begin <= start + minute * MINUTE < one.until]
            most = max(most, sum(one.service == 1 for one in there))
            busy |= {one.person for one in there}
        own = [login for login in persons if login not in busy]
        expected = max(of.capacity - most, 0)
        assert (left, list(free)) == (min(expected, len(own)) if persons else expected, own)


def test_a_place_says_whether_it_can_be_booked_now() -> None:
    now = datetime(2026, 8, 3, 0, 30, tzinfo=UTC)  # 08:30
    of = service(calendar="office", notice=90, ahead=4, capacity=2)
    taken = [Taken(service=1, person="", begin=now + 2.5 * HOUR, until=now + 3.5 * HOUR)] * 2

    def found(of: AppointmentService, days: int, taken: Sequence[Taken] = ()) -> list[Place]:
        opening = Opening(of, Site(calendars=(OFFICE,)), SHANGHAI)
        return places(of, opening, of.persons, taken, now, now + days * DAY, now)

    today = found(of, 1, taken)
    assert [(one.left, one.bookable) for one in today] == [
        (2, False),  # too soon
        (2, True),
        (0, False),
        (2, True),
        (2, True),
        (2, True),
    ]
    friday = [one for one in found(of, 6) if one.begin > now + DAY]
    assert [one.bookable for one in friday] == [False] * len(friday)
    assert [one.bookable for one in found(service(calendar="office", active=False), 1)] == [False] * 6
    served = service(calendar="office", capacity=5, persons=(AgentId("1001"), AgentId("1002")))
    busy = [Taken(service=9, person="1001", begin=now, until=now + HOUR)]
    first, second, *_ = found(served, 1, busy)
    assert (first.capacity, first.left, first.persons) == (2, 1, ("1002",))
    assert (second.left, second.persons) == (2, ("1001", "1002"))


def test_nobody_is_reminded_by_night() -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)

    now = at("2026-08-03 10:00")
    for begin, hours, reminded in (
        ("2026-08-04 14:00", 24, "2026-08-03 14:00"),
        ("2026-08-04 09:00", 2, "2026-08-03 21:00"),
        ("2026-08-05 06:00", 24, "2026-08-03 21:00"),
        ("2026-08-04 09:00", 24, None),
        ("2026-08-04 10:00", 24, None),
        ("2026-08-04 10:01", 24, "2026-08-03 10:01"),
    ):
        expected = None if reminded is None else at(reminded)
        assert reminder_at(at(begin), hours, now, SHANGHAI) == expected, begin
    late = at("2026-08-03 23:00")
    assert reminder_at(at("2026-08-04 09:30"), 3, late, SHANGHAI) == at("2026-08-04 08:00"), "the evening is over"
    assert reminder_at(at("2026-08-04 07:30"), 2, late, SHANGHAI) is None
    assert after_quiet(late, SHANGHAI) == at("2026-08-04 08:00")
    assert after_quiet(at("2026-08-04 03:00"), SHANGHAI) == at("2026-08-04 08:00")
    assert before_quiet(at("2026-08-04 03:00"), SHANGHAI) == at("2026-08-03 21:00")
    for awake in (at("2026-08-04 08:00"), at("2026-08-04 20:59")):
        assert after_quiet(awake, SHANGHAI) == before_quiet(awake, SHANGHAI) == awake


def test_days_are_said_in_the_customers_language() -> None:
    day = datetime(2026, 11, 27, 9, tzinfo=SHANGHAI)
    assert day_in_words(day, "zh-CN") == "11月27日星期五"
    assert day_in_words(day, "en") == "Friday 27 November"
