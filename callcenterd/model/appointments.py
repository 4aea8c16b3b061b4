"""Appointments [预约] (CON-03): the services that can be booked, their places, and what was booked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal, NewType, get_args

from callcenterd.errors import NotNow
from callcenterd.model.calendar import Weekday
from callcenterd.model.customer_messages import MessageChannel
from callcenterd.model.fields import FieldWanted
from callcenterd.model.ids import AgentId, CustomerId, TeamName
from callcenterd.model.message_templates import TemplateLanguage
from callcenterd.model.records import RecordFields, RecordKept, RecordSight

ServiceId = NewType("ServiceId", int)
AppointmentState = Literal[
    "booked",
    "arrived",  # the customer came
    "missed",  # and did not
    "cancelled",
    "moved",  # to another time: it is another appointment now (`moved_to`)
]
APPOINTMENT_STATES: tuple[AppointmentState, ...] = get_args(AppointmentState)
HOLDING: tuple[AppointmentState, ...] = ("booked", "arrived", "missed")
"""In these it has its place. One that was missed had it too."""
CODE_DIGITS = 6
MOST_REMINDERS = 5
MOST_PERSONS = 50
MOST_MINUTES = 24 * 60
MOST_CAPACITY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTerms:
    """What an office says of a service.

    minutes:  how long one lasts. buffer: minutes that are kept free behind it. capacity: how many at once.
    calendar: when it can be had, by its name; "": at any hour. hours: only then within the calendar; none of them: at
              all its hours. Holidays are the calendar's.
    notice:   minutes: not sooner from now. ahead: days: nor later.
    persons:  by whom, logins; each of them has one customer at a time, whichever service it is. None: by nobody named.
    team:     whose affair appointments with nobody named are.
    reminders: hours before it begins.
    """

    chinese: str
    english: str
    minutes: int
    buffer: int = 0
    capacity: int = 1
    calendar: str = ""
    hours: Mapping[Weekday, tuple[str, ...]] = field(default_factory=dict)
    notice: int = 0
    ahead: int = 30
    persons: tuple[AgentId, ...] = ()
    team: TeamName | Literal[""] = ""
    reminders: tuple[int, ...] = ()
    active: bool = True

    def as_row(self) -> dict[str, Any]:
        """Plain lists and texts, for JSON."""
        row = asdict(self)
        row["hours"] = {day: list(spans) for day, spans in self.hours.items()}
        return row | {"persons": list(self.persons), "reminders": list(self.reminders)}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewService(ServiceTerms):
    """name: by which flows know it; it stays."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentService(NewService):
    """One that is kept. version: goes up with every change."""

    id: ServiceId
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    version: int = 1

    def title(self, language: str) -> str:
        return self.chinese if language.lower().startswith("zh") else self.english

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> AppointmentService:
        known = dict(row)
        known["hours"] = {day: tuple(spans) for day, spans in known["hours"].items()}
        return cls(**known | {"persons": tuple(known["persons"]), "reminders": tuple(known["reminders"])})


class ServiceIsAnother(NotNow):
    """Somebody has changed the service since it was read. now: as it is; nothing was written over it."""

    def __init__(self, now: AppointmentService) -> None:
        super().__init__("somebody has changed this record meanwhile")
        self.now = now


# ---- places -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What an appointment holds: its time with the buffer behind it, and its person."""

    service: int
    person: str
    begin: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A time at which a service can be had. capacity: how many in all; left: how many more. persons: who is free, of a
    service with persons. bookable: there is one left, and it is neither too soon nor too far ahead."""

    begin: datetime
    end: datetime
    capacity: int
    left: int
    persons: tuple[str, ...] = ()
    bookable: bool = True


def room(
    service: AppointmentService, persons: Collection[str], taken: Iterable[Taken], begin: datetime, until: datetime
) -> tuple[int, tuple[str, ...]]:
    """How many more fit in there, and who of the persons is free. until: with the buffer.

    persons: those of the service's who work here. taken: what overlaps, of the service and of its persons.
    """
    there = [one for one in taken if one.begin < until and begin < one.until]
    left = service.capacity - _most_at_once([one for one in there if one.service == service.id], begin)
    if not service.persons:
        return max(left, 0), ()
    busy = {one.person for one in there}
    free = tuple(login for login in persons if login not in busy)
    return max(min(left, len(free)), 0), free


def _most_at_once(taken: list[Taken], begin: datetime) -> int:
    """How many of them there are at the fullest moment from that beginning on."""
    moments = {max(one.begin, begin) for one in taken}
    return max((sum(one.begin <= at < one.until for one in taken) for at in moments), default=0)


# ---- appointments -------------------------------------------------------------------------------------------


class PlaceTaken(NotNow):
    """Somebody else has it."""

    def __init__(self) -> None:
        super().__init__("this place is not free any more")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentFields(RecordFields):
    """remind_by: how the customer is written to; "": not at all. language: in which."""

    remind_by: MessageChannel | Literal[""] = ""
    language: TemplateLanguage = "zh-CN"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment(AppointmentFields, RecordKept):
    """One that is kept. at, end: when it is. service, person: what, and by whom (a login, or ""). code: the
    customer's key to it, digits; "" once it is moved. reason: why it was cancelled. state_at, state_by: since when it
    is so, and by whom: a login, or "flow:NAME". moved_from, moved_to: the appointments before and after it."""

    service: ServiceId
    end: datetime
    person: str = ""
    state: AppointmentState = "booked"
    state_at: datetime
    state_by: str
    reason: str = ""
    code: str = ""
    moved_from: int | None = None
    moved_to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentFilter:
    """Which are wanted; None is no condition. since: included; until: not; of their beginning. sight None: all."""

    since: datetime | None = None
    until: datetime | None = None
    service: int | None = None
    person: str | None = None
    states: tuple[AppointmentState, ...] = ()
    customer: CustomerId | None = None
    text: str = ""
    fields: tuple[FieldWanted, ...] = ()
    sight: RecordSight | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFound:
    """What came of a number and a code. locked: too many wrong ones; none is looked at for a while."""

    appointment: Appointment | None = None
    locked: bool = False
