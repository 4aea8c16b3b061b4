"""Appointments that callers book, move and cancel by themselves: what a flow asks, by the same rules (CON-03)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from callcenterd.clock import Clock
from callcenterd.errors import NotFound, NotNow, Refused
from callcenterd.model import numbers
from callcenterd.model.appointments import Appointment, AppointmentFields, AppointmentService
from callcenterd.model.appointments_by_call import AppointmentTold, BookedByCall, Caller, FoundByCall
from callcenterd.model.message_templates import language_of
from callcenterd.store.database import Store
from callcenterd.tickets.appointments import FARTHEST, Appointments, Wanted

MOST_COMING: Final = 5
"""So many may be booked for one number by calls; an agent books more."""
SHORTEST: Final = 5
"""Digits of a number to which an appointment can belong; withheld ones have none."""
_TAKEN = BookedByCall(answer="taken")
_REFUSED = BookedByCall(answer="refused")


class CallersAppointments:
    """Implements `switchboard.appointments.AppointmentsByCall`."""

    def __init__(self, store: Store, clock: Clock, appointments: Appointments) -> None:
        self._store = store
        self._clock = clock
        self._appointments = appointments

    async def free(self, service: str) -> Sequence[datetime]:
        found = await self._store.appointment_services.named(service)
        if found is None or not found.active:
            return []
        now = self._clock.utc()
        until = now + min(FARTHEST, timedelta(days=found.ahead + 1))
        zone = self._appointments.opening(found).zone
        places = await self._appointments.places(found, now, until)
        return [place.begin.astimezone(zone) for place in places if place.bookable]

    async def book(self, service: str, begin: datetime, caller: Caller) -> BookedByCall:
        found = await self._store.appointment_services.named(service)
        phone = numbers.tidy(caller.phone)
        if found is None or sum(one.isdigit() for one in phone) < SHORTEST:
            return _REFUSED
        if await self._store.appointments.coming(phone, self._clock.utc()) >= MOST_COMING:
            return _REFUSED
        new = AppointmentFields(
            customer=caller.customer, call=caller.call, phone=phone, language=language_of(caller.language)
        )
        by = _by(caller.flow)
        try:
            made = await self._appointments.book(new, Wanted(service=found.id, begin=begin), by, None, remind=True)
        except (NotNow, Refused):  # the place went, or the service is another by now: other places are told
            return _TAKEN
        return BookedByCall(answer="booked", told=self._told(made, found), code=made.code, id=made.id)

    async def find(self, phone: str, code: str) -> FoundByCall:
        found = await self._store.appointment_codes.find(numbers.tidy(phone), code, self._clock.utc())
        if found.appointment is None:
            return FoundByCall(answer="locked" if found.locked else "wrong")
        service = await self._store.appointment_services.get(found.appointment.service)
        return FoundByCall(answer="found", told=self._told(found.appointment, service), id=found.appointment.id)

    async def move(self, appointment: int, service: str, begin: datetime, flow: str) -> BookedByCall:
        found = await self._store.appointment_services.named(service)
        before = await self._booked(appointment)
        if found is None or before is None:
            return _REFUSED
        wanted = Wanted(service=found.id, begin=begin)
        try:
            made = await self._appointments.move(before, wanted, before.version, _by(flow), None, awake=True)
        except (NotNow, Refused):
            return _TAKEN if await self._booked(appointment) is not None else _REFUSED
        return BookedByCall(answer="booked", told=self._told(made, found), code=made.code, id=made.id)

    async def cancel(self, appointment: int, flow: str) -> bool:
        before = await self._booked(appointment)
        if before is None:
            return False
        try:
            await self._appointments.cancel(before, "", before.version, _by(flow), None, awake=True)
        except NotNow:
            return False
        return True

    async def _booked(self, appointment: int) -> Appointment | None:
        try:
            found = await self._store.appointments.get(appointment)
        except NotFound:
            return None
        return found if found.state == "booked" else None

    def _told(self, one: Appointment, service: AppointmentService) -> AppointmentTold:
        return AppointmentTold(
            number=one.number,
            service=service.name,
            chinese=service.chinese,
            english=service.english,
            begin=one.at.astimezone(self._appointments.opening(service).zone),
        )


def _by(flow: str) -> str:
    return f"flow:{flow}"
