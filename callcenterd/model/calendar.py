"""When an office is open: the words of a calendar (ACD-05). What holds at a moment is `acd.hours`.

All of it is text, as in the site file: times of day in the calendar's zone, "09:00-12:00"; dates, "2026-10-01".
"""

from __future__ import annotations

import contextlib
import datetime
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any, Literal, NamedTuple, get_args

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
"""As `date.weekday()` counts them."""

DAY_MINUTES = 24 * 60
MOST_SPANS = 12
"""Of one day."""
LONGEST_HOLIDAY = 366
"""Days of one entry."""

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)", re.ASCII)
_DATE = re.compile(r"(?:19|20|21)\d{2}-\d{2}-\d{2}", re.ASCII)


class Span(NamedTuple):
    """Minutes since midnight of the day in which it begins; end > DAY_MINUTES: it ends in the next one."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    """From first to last, both included (last "": one day). hours: closed if there are none, else these hold."""

    first: str
    last: str = ""
    name: str = ""
    hours: tuple[str, ...] = ()

    @property
    def dates(self) -> tuple[datetime.date, datetime.date]:
        first = day_of(self.first)
        return first, day_of(self.last) if self.last else first


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeUpDay:
    """A day that is worked although it would be free (调休), with the hours of a weekday."""

    date: str
    like: Weekday = "monday"
    name: str = ""

    @property
    def day(self) -> datetime.date:
        return day_of(self.date)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When an office, or a part of it, is open.

    zone:  its time zone; "" is the office's. hours: spans of each day of the week; a day that is not named is closed.
    A span whose end is not after its begin goes on into the next day ("22:00-06:00"); "00:00-24:00" is a whole day.
    For one date a make-up day goes before a holiday, and a holiday before the week. holidays overlap nowhere.
    """

    name: str
    title: str = ""
    zone: str = ""
    hours: Mapping[Weekday, tuple[str, ...]] = field(default_factory=dict)
    holidays: tuple[Holiday, ...] = ()
    make_up: tuple[MakeUpDay, ...] = ()

    def as_row(self) -> dict[str, Any]:
        """Plain lists and texts, for JSON."""
        row = asdict(self)
        row["hours"] = {day: list(spans) for day, spans in self.hours.items()}
        row["holidays"] = [{**one, "hours": list(one["hours"])} for one in row["holidays"]]
        row["make_up"] = list(row["make_up"])
        return row

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Calendar:
        """Back from `as_row`."""
        return cls(
            name=row["name"],
            title=row["title"],
            zone=row["zone"],
            hours={day: tuple(spans) for day, spans in row["hours"].items()},
            holidays=tuple(Holiday(**{**one, "hours": tuple(one["hours"])}) for one in row["holidays"]),
            make_up=tuple(MakeUpDay(**one) for one in row["make_up"]),
        )

    def problems(self) -> list[tuple[str, str]]:
        """What is wrong between its parts, each of which is well-formed: the field and what to do."""
        found = []
        for day, spans in self.hours.items():
            if fault := overlap(spans):
                found.append(("hours", f"{day}: {fault}"))
        for holiday in self.holidays:
            first, last = holiday.dates
            if not first <= last < first + timedelta(days=LONGEST_HOLIDAY):
                found.append(("holidays", f"{holiday.first}: last must be at most a year after first, not before it"))
            if fault := overlap(holiday.hours):
                found.append(("holidays", f"{holiday.first}: {fault}"))
        in_order = sorted(self.holidays, key=lambda one: one.dates)
        for one, next_ in pairwise(in_order):
            if next_.dates[0] <= one.dates[1]:
                found.append(("holidays", f"{next_.first}: lies in the holiday from {one.first}"))
        seen: set[str] = set()
        for make_up in self.make_up:
            if make_up.date in seen:
                found.append(("make_up", f"{make_up.date}: stands twice"))
            seen.add(make_up.date)
        return found


def day_of(text: str) -> datetime.date:
    """Raises ValueError."""
    if _DATE.fullmatch(text):
        with contextlib.suppress(ValueError):  # the 30th of February
            return datetime.date.fromisoformat(text)
    raise ValueError("a date that there is, as 2026-10-01, is wanted")


def span_of(text: str) -> Span:
    """ "22:00-06:00" in minutes: 1320 to 1800. Raises ValueError."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError("hours as 09:00-12:00 are wanted")
    begin = int(found[1]) * 60 + int(found[2])
    end = DAY_MINUTES if found[3] is None else int(found[3]) * 60 + int(found[4])
    if begin == end:
        raise ValueError("hours of some length are wanted; a whole day is 00:00-24:00")
    return Span(begin, end if end > begin else end + DAY_MINUTES)


def overlap(spans: tuple[str, ...]) -> str:
    """What is wrong between the spans of one day; "" if nothing is."""
    in_order = sorted(span_of(text) for text in spans)
    for one, next_ in pairwise(in_order):
        if next_.begin < one.end:
            return "hours that do not overlap are wanted"
    return ""
