"""Business hours and holidays: what holds at a moment, and until when (ACD-05). Pure.

A day's spans are those of its make-up day, else of its holiday, else of its weekday. A span belongs to the day in which
it begins: one over midnight goes on into the next day, unless that is a holiday, whose own hours alone hold; it is then
cut at midnight.

Clock changes: a span begins when its time is first shown and ends when its time is last shown, so that an hour that
comes twice is open twice, without a hole; a time that is left out is the moment of the change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from callcenterd.model.calendar import DAY_MINUTES, WEEKDAYS, Calendar, Span, span_of

Why = Literal["regular", "holiday", "make_up"]

HORIZON = 400
"""Days in which the next change is looked for: more than a year, so that a yearly holiday is found."""
_REMEMBERED = timedelta(days=1)
_FIRST, _LAST = date(1970, 1, 2), date(9990, 1, 1)
"""Outside of these nothing is open: dates near the ends of time cannot be reckoned with."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What holds at a moment. why, name: by which rule of the calendar; a holiday's or make-up day's name.

    until: when that is over, the next opening or closing; None: not within `HORIZON` days.
    """

    open: bool
    why: Why
    name: str
    until: datetime | None


class _Interval(NamedTuple):
    """Open from begin on, not at end any more; both UTC."""

    begin: datetime
    end: datetime
    why: Why
    name: str


class _Stretch(NamedTuple):
    """Open, or closed, at least from begin until then: what was found last, since most questions are about now."""

    begin: datetime
    until: datetime | None
    open: bool


class Hours:
    """One calendar, ready to be asked. zone: for a calendar that names none."""

    def __init__(self, calendar: Calendar, zone: tzinfo) -> None:
        self.calendar = calendar
        self.zone = ZoneInfo(calendar.zone) if calendar.zone else zone
        self._week = {WEEKDAYS.index(day): _spans(spans) for day, spans in calendar.hours.items()}
        self._make_up = {one.day: one for one in calendar.make_up}
        self._holidays = sorted((*one.dates, one.name, _spans(one.hours)) for one in calendar.holidays)
        self._known: _Stretch | None = None
        self._of_day = lru_cache(maxsize=2 * HORIZON)(self._reckoned)

    def at(self, moment: datetime) -> Holding:
        """moment: with its offset. Raises ValueError without one."""
        if moment.tzinfo is None:
            raise ValueError("a moment with its offset is wanted")
        now = moment.astimezone(UTC)
        if not _FIRST <= now.date() <= _LAST:
            return Holding(False, "regular", "", None)
        day = now.astimezone(self.zone).date()
        if self._known is None or not self._known.begin <= now < (self._known.until or self._known.begin + _REMEMBERED):
            self._known = self._around(now, day)
        why, name = self._opened_by(day, now) if self._known.open else self._rule(day)[:2]
        return Holding(self._known.open, why, name, self._known.until)

    def _around(self, now: datetime, day: date) -> _Stretch:
        for interval in self._merged(day - timedelta(days=1), day + timedelta(days=HORIZON)):
            if now < interval.begin:
                return _Stretch(now, interval.begin, open=False)
            if now < interval.end:
                ends = interval.end - now < timedelta(days=HORIZON - 1)
                return _Stretch(now, interval.end if ends else None, open=True)
        return _Stretch(now, None, open=False)

    def is_open(self, moment: datetime) -> bool:
        return self.at(moment).open

    # ---- days -------------------------------------------------------------------------------------------

    def _rule(self, day: date) -> tuple[Why, str, tuple[Span, ...]]:
        """Which rule a date has, and its spans."""
        if (made := self._make_up.get(day)) is not None:
            return "make_up", made.name, self._week.get(WEEKDAYS.index(made.like), ())
        for first, last, name, spans in self._holidays:
            if first <= day <= last:
                return "holiday", name, spans
        return "regular", "", self._week.get(day.weekday(), ())

    def _reckoned(self, day: date) -> tuple[_Interval, ...]:
        """The intervals that begin in that day, in their order."""
        why, name, spans = self._rule(day)
        cut = self._rule(day + timedelta(days=1))[0] == "holiday"
        found = []
        for span in spans:
            begin = _moment(day, span.begin, self.zone, last=False)
            minutes = min(span.end, DAY_MINUTES) if cut else span.end
            end = _moment(day, minutes, self.zone, last=True)
            if begin < end:
                found.append(_Interval(begin, end, why, name))
        return tuple(found)

    def _merged(self, first: date, last: date) -> Iterator[_Interval]:
        """Intervals with time between each and the next; why and name are those of the first part."""
        open_: _Interval | None = None
        for day in _days(first, last):
            for interval in self._of_day(day):
                if open_ is not None and interval.begin <= open_.end:
                    open_ = open_._replace(end=max(open_.end, interval.end))
                    continue
                if open_ is not None:
                    yield open_
                open_ = interval
        if open_ is not None:
            yield open_

    def _opened_by(self, day: date, now: datetime) -> tuple[Why, str]:
        """By whose span it is open now: today's, or yesterday's that goes on."""
        return next(
            (interval.why, interval.name)
            for of in (day, day - timedelta(days=1))
            for interval in self._of_day(of)
            if interval.begin <= now < interval.end
        )


def _days(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += timedelta(days=1)


def _spans(texts: tuple[str, ...]) -> tuple[Span, ...]:
    return tuple(sorted(span_of(text) for text in texts))


def _moment(day: date, minutes: int, zone: tzinfo, *, last: bool) -> datetime:
    """When the clocks of a zone show that many minutes after a day's midnight: for the first time, or for the last."""
    shown = datetime.combine(day, time()) + timedelta(minutes=minutes)
    early, late = (shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early <= late:
        return late if last else early
    return _change(late, early, zone)  # a time that is left out: fold 0 is reckoned by the offset before it


def _change(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The second between the two, UTC, in which a zone changes its offset."""
    offset = before.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return before + timedelta(seconds=high)
