"""Appointments of a pretended office: what flows book, move and cancel where there is no store. The same each time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from callcenterd.ivr.node import NodeFailed
from callcenterd.model.appointments_by_call import AppointmentTold, BookedByCall, FoundByCall

WRONG_CODES = 5
"""After so many no code is taken."""
NEW_CODE = "246810"
NEW_NUMBER = "YY-NEW"


@dataclass(frozen=True, slots=True)
class PretendedAppointment:
    """phone "": whoever calls."""

    told: AppointmentTold
    code: str
    phone: str = ""


class PretendedAppointments:
    """free: of each service, by its name; a place is given once. known: what is booked already."""

    def __init__(
        self, free: Mapping[str, Sequence[datetime]], known: Sequence[PretendedAppointment], caller: str
    ) -> None:
        self._free = {service: sorted(places) for service, places in free.items()}
        self._known = list(known)
        self._caller = caller
        self._named: set[str] = set()
        self._wrong: Counter[str] = Counter()

    def free(self, service: str) -> Sequence[datetime]:
        return self._free.get(service, [])

    def book(self, service: str, begin: datetime, phone: str) -> BookedByCall:
        if not any(one.isdigit() for one in phone):
            return BookedByCall(answer="refused")
        if not self._taken(service, begin):
            return BookedByCall(answer="taken")
        told = AppointmentTold(number=NEW_NUMBER, service=service, chinese=service, english=service, begin=begin)
        self._known.append(PretendedAppointment(told, NEW_CODE, phone))
        return BookedByCall(answer="booked", told=told, code=NEW_CODE)

    def find(self, phone: str, code: str) -> FoundByCall:
        if self._wrong[phone] >= WRONG_CODES:
            return FoundByCall(answer="locked")
        for one in self._known:
            if one.code == code and (one.phone or self._caller) == phone:
                self._wrong[phone] = 0
                self._named.add(one.told.number)
                return FoundByCall(answer="found", told=one.told)
        self._wrong[phone] += 1
        return FoundByCall(answer="locked" if self._wrong[phone] == WRONG_CODES else "wrong")

    def move(self, number: str, service: str, begin: datetime) -> BookedByCall:
        """Raises NodeFailed: the caller has not named it."""
        one = self._one(number)
        if one is None:
            return BookedByCall(answer="refused")
        if not self._taken(service, begin):
            return BookedByCall(answer="taken")
        self._gone(one)
        told = AppointmentTold(
            number=NEW_NUMBER, service=service, chinese=one.told.chinese, english=one.told.english, begin=begin
        )
        self._known.append(PretendedAppointment(told, one.code, one.phone))
        self._named.add(NEW_NUMBER)
        return BookedByCall(answer="booked", told=told, code=one.code)

    def cancel(self, number: str) -> bool:
        """Raises NodeFailed: the caller has not named it."""
        one = self._one(number)
        if one is not None:
            self._gone(one)
        return one is not None

    def _one(self, number: str) -> PretendedAppointment | None:
        if number not in self._named:
            raise NodeFailed("the caller has not named this appointment by its code")
        return next((one for one in self._known if one.told.number == number), None)

    def _taken(self, service: str, begin: datetime) -> bool:
        places = self._free.get(service, [])
        if begin not in places:
            return False
        places.remove(begin)
        return True

    def _gone(self, one: PretendedAppointment) -> None:
        self._known.remove(one)
        self._free.setdefault(one.told.service, []).append(one.told.begin)
        self._free[one.told.service].sort()
