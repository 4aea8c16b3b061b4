"""Appointments as a caller deals with them in a flow (CON-03): what is free, what came of a wish, what is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from callcenterd.model.ids import CallId, CustomerId

BookedAnswer = Literal[
    "booked",
    "taken",  # somebody else was quicker
    "refused",  # no number to book for, or as many as a number may have; or what is to be moved is not booked any more
]
FoundAnswer = Literal["found", "wrong", "locked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentTold:
    """What a flow knows of one. number: of its sheet. service: the name by which flows know it. begin: in the zone of
    the service."""

    number: str
    service: str
    chinese: str
    english: str
    begin: datetime

    def title(self, language: str) -> str:
        return self.chinese if language.lower().startswith("zh") else self.english


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedByCall:
    """code: the caller's key to it, to be said and never kept. id: by which it is moved and cancelled."""

    answer: BookedAnswer
    told: AppointmentTold | None = None
    code: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundByCall:
    """What came of a number and a code. id: by which it is moved and cancelled."""

    answer: FoundAnswer
    told: AppointmentTold | None = None
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who books. phone: the number that the code will belong to. customer: if it is known who it is."""

    call: CallId
    flow: str
    phone: str
    language: str
    customer: CustomerId | None = None
