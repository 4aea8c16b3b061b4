"""A year's public holidays as a file, brought into a calendar (docs/decisions/0017). Pure.

CSV in UTF-8 (or GB 18030, as Chinese spreadsheets write it), a line each, `#` begins a comment:

    date,name,kind
    2026-02-15/2026-02-23,春节,off
    2026-02-14,春节,work

date: one day, or the first and the last with / between. kind: off (or 休) is free; work (or 班) is a make-up day with
Monday's hours, `work:friday` with those of another weekday.
"""

from __future__ import annotations

import csv
import dataclasses
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import cast

from callcenterd.errors import Fault, FaultyFile
from callcenterd.model.calendar import LONGEST_HOLIDAY, WEEKDAYS, Calendar, Holiday, MakeUpDay, Weekday, day_of

MAX_OCTETS = 256 * 1024
MAX_LINES = 2000
MAX_FAULTS = 20
"""Told of one file: who sends a picture need not read a thousand."""
LONGEST_NAME = 100
HEADING = ("date", "name", "kind")
_OFF, _WORK = ("off", "休"), ("work", "班")


@dataclass(frozen=True, slots=True)
class Days:
    """What a file names, by date. like: whose hours a make-up day has."""

    off: tuple[tuple[date, str], ...]
    work: tuple[tuple[date, str, Weekday], ...]


def read(octets: bytes, file: str) -> Days:
    """A file's days. file: what faults call it. Raises FaultyFile with the line and reason of each fault."""
    if len(octets) > MAX_OCTETS:
        raise FaultyFile([Fault(file, 1, f"at most {MAX_OCTETS // 1024} KiB are read")])
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = octets.decode("gb18030")
        except UnicodeDecodeError:
            raise FaultyFile([Fault(file, 1, "text in UTF-8 or GB 18030 is wanted")]) from None
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        raise FaultyFile([Fault(file, MAX_LINES + 1, f"at most {MAX_LINES} lines are read")])
    off: dict[date, str] = {}
    work: dict[date, tuple[str, Weekday]] = {}
    first_in: dict[date, int] = {}
    faults: list[Fault] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            cells = [cell.strip() for cell in next(csv.reader([line]), [])]
        except csv.Error as fault:
            faults.append(Fault(file, number, f"columns with commas between them are wanted ({fault})"))
            continue
        while cells and not cells[-1]:
            cells.pop()  # spreadsheets fill rows up
        if tuple(cell.lower() for cell in cells) == HEADING or not cells:
            continue
        try:
            days, name, like = _line(cells)
            for day in days:
                if day in first_in:
                    raise ValueError(f"{day} stands twice, first in line {first_in[day]}")
                first_in[day] = number
                if like is None:
                    off[day] = name
                else:
                    work[day] = name, like
        except ValueError as fault:
            faults.append(Fault(file, number, str(fault)))
    if not first_in and not faults:
        faults.append(Fault(file, 1, f"there is no day in it; lines of {','.join(HEADING)} are wanted"))
    if faults:
        raise FaultyFile(faults[:MAX_FAULTS])
    return Days(tuple(sorted(off.items())), tuple((day, name, like) for day, (name, like) in sorted(work.items())))


def _line(cells: list[str]) -> tuple[list[date], str, Weekday | None]:
    """The days of one line, their name, and for make-up days whose hours. Raises ValueError."""
    if len(cells) != len(HEADING):
        raise ValueError(f"{len(HEADING)} columns are wanted: {','.join(HEADING)}")
    written, name, kind = cells
    begin, slash, end = written.partition("/")
    try:
        first = day_of(begin.strip())
        last = day_of(end.strip()) if slash else first
    except ValueError as fault:
        raise ValueError(f"{fault}, not {written[:40]}") from None
    if not first <= last < first + timedelta(days=LONGEST_HOLIDAY):
        raise ValueError("a last date that is at most a year after the first, not before it, is wanted")
    if not name or len(name) > LONGEST_NAME or any(unicodedata.category(sign).startswith("C") for sign in name):
        raise ValueError(f"a name of up to {LONGEST_NAME} characters is wanted")
    word, colon, like = kind.lower().partition(":")
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    if word in _OFF and not colon:
        return days, name, None
    if word in _WORK and (not colon or like in WEEKDAYS):
        return days, name, cast(Weekday, like or "monday")
    raise ValueError("off (休), work (班) or work: and a weekday, as work:friday, is wanted")


def brought_into(calendar: Calendar, days: Days) -> Calendar:
    """The calendar with a file's days. In the years that the file names, what has a name of the file is replaced, and
    so is what stands on one of its days alone; the office's own days stay."""
    dates = {day for day, _ in days.off} | {day for day, _, _ in days.work}
    years = {day.year for day in dates}
    names = {name for _, name in days.off} | {name for _, name, _ in days.work}

    def stays(first: date, last: date, name: str) -> bool:
        return not ((name in names and first.year in years) or (first == last and first in dates))

    holidays = [one for one in calendar.holidays if stays(*one.dates, one.name)] + _ranges(days.off)
    make_up = [one for one in calendar.make_up if stays(one.day, one.day, one.name)]
    make_up += [MakeUpDay(date=str(day), like=like, name=name) for day, name, like in days.work]
    return dataclasses.replace(
        calendar,
        holidays=tuple(sorted(holidays, key=lambda one: one.dates)),
        make_up=tuple(sorted(make_up, key=lambda one: one.day)),
    )


def _ranges(off: tuple[tuple[date, str], ...]) -> list[Holiday]:
    """Days of one name, one after the other, are one holiday."""
    if not off:
        return []
    starts = [0] + [
        n
        for n, ((before, name), (day, next_name)) in enumerate(pairwise(off), 1)
        if name != next_name or day - before != timedelta(days=1)
    ]
    found = []
    for begin, end in pairwise([*starts, len(off)]):
        first, last = off[begin][0], off[end - 1][0]
        found.append(Holiday(first=str(first), last="" if first == last else str(last), name=off[begin][1]))
    return found
