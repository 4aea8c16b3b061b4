"""Appointments [预约] (CON-03): booked, moved, changed and cancelled; the rules, the trail and the news, once."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Final, Literal

from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.errors import NotFound, NotNow, Refused
from callcenterd.model.appointments import (
    CODE_DIGITS,
    Appointment,
    AppointmentFields,
    AppointmentService,
    AppointmentState,
    Place,
    PlaceTaken,
    ServiceIsAnother,
)
from callcenterd.model.changes import audit_change
from callcenterd.model.customer_messages import MessageChannel, NewCustomerMessage
from callcenterd.model.customers import Customer
from callcenterd.model.people import Role
from callcenterd.model.records import RecordIsAnother
from callcenterd.model.site import Site
from callcenterd.store.appointments import Booking
from callcenterd.store.database import Store
from callcenterd.tickets import appointment_letters as letters
from callcenterd.tickets.appointment_places import Opening, bounds, grid, places
from callcenterd.tickets.records import news, offered, with_customer

KIND: Final = "appointment"
FARTHEST = timedelta(days=42)
"""Places are told of that much at once."""
MOST_REASON = 500
TRIES = 3
"""Against an administrator who changes the service at the same moment."""
_NOT_KEPT = "the record cannot be kept as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A place that somebody wants. begin: with its offset. person: a certain one of the service's, "": whoever is
    free."""

    service: int
    begin: datetime
    person: str = ""


class Appointments:
    """Every way to an appointment that is not SQL. by: a login, or "flow:NAME". site: as it is now. zone: the office's.
    language: in which nobody is spoken to who says nothing else. chance: makes codes."""

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        site: Callable[[], Site],
        zone: tzinfo,
        region: str,
        chance: random.Random,
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._site = site
        self._zone = zone
        self._region = region
        self._chance = chance

    # ---- places -----------------------------------------------------------------------------------------

    async def places(self, service: AppointmentService, since: datetime, until: datetime) -> list[Place]:
        """All that begin in that time, also full ones. Raises Refused: it is too much at once."""
        if not timedelta(0) < until - since <= FARTHEST:
            raise Refused(
                "the places cannot be told", {"until": f"at most {FARTHEST.days} days after since are wanted"}
            )
        persons = self.persons(service)
        buffer = timedelta(minutes=service.buffer)
        last = until + timedelta(minutes=service.minutes) + buffer
        taken = await self._store.appointments.taken(service, persons, since, last)
        return places(service, self.opening(service), persons, taken, since, until, self._clock.utc())

    def opening(self, service: AppointmentService) -> Opening:
        return Opening(service, self._site(), self._zone)

    def persons(self, service: AppointmentService) -> list[str]:
        """Those who serve it and are still here."""
        here = {user.login for user in self._site().users}
        return [login for login in service.persons if login in here]

    # ---- booking ----------------------------------------------------------------------------------------

    async def book(
        self, new: AppointmentFields, wanted: Wanted, by: str, role: Role | None, *, remind: bool = False
    ) -> Appointment:
        """Who it is for is taken from the customer's card, where nothing of that is said. remind: by what there is an
        address for, an SMS first. Raises NotFound for a service that there is not, PlaceTaken, and Refused with its
        fields."""
        customer = await self._customer(new)
        if customer is not None:
            new = with_customer(new, customer)
        if remind:
            new = replace(new, remind_by=self._best(new.phone, customer))
        new = await self._wrong(new, customer)
        for left in reversed(range(TRIES)):
            booking = await self._booking(wanted, by)
            told = await self._letters("booked", booking.service, new, customer, by, awake=new.call is not None)
            try:
                made = await self._store.appointments.book(new, booking, told, role)
            except ServiceIsAnother:
                if not left:
                    raise PlaceTaken from None
            else:
                break
        await self._saved(None, made, "appointment.created", by, {"number": made.number})
        return made

    async def move(
        self, before: Appointment, wanted: Wanted, version: int, by: str, role: Role | None, *, awake: bool = False
    ) -> Appointment:
        """To another place of any service; answers the new appointment. awake: the customer is on the telephone.

        Raises as `book`, RecordIsAnother, and NotNow: it is not booked any more.
        """
        if before.version != version:
            raise RecordIsAnother(KIND, before)
        customer = await self._customer(before)
        for left in reversed(range(TRIES)):
            booking = await self._booking(wanted, by, (before.owner, before.team))
            told = await self._letters("changed", booking.service, before, customer, by, awake=awake)
            try:
                old, made = await self._store.appointments.move(before.id, booking, told, version, role)
            except ServiceIsAnother:
                if not left:
                    raise PlaceTaken from None
            else:
                break
        await self._saved(before, old, "appointment.moved", by, {"to": made.number})
        await self._saved(None, made, "appointment.created", by, {"number": made.number, "from": old.number})
        return made

    async def change(
        self, before: Appointment, new: AppointmentFields, version: int, by: str, role: Role | None
    ) -> Appointment:
        """Who it is for, and how they are written to; custom fields that are not named stay.

        Raises NotFound, Refused with its fields, and RecordIsAnother with what is now.
        """
        if new.call != before.call:
            raise Refused(_NOT_KEPT, {"call": "must stay as it is"})
        customer = await self._customer(new)
        new = await self._wrong(new, customer, before)
        if customer is not None:
            new = replace(new, customer=customer.id)
        whereto = ("customer", "phone", "remind_by", "language", "name")
        anew = before.state == "booked" and any(getattr(before, name) != getattr(new, name) for name in whereto)
        service = await self._store.appointment_services.get(before.service)
        told = await self._letters("booked", service, new, customer, by, awake=False)
        after, changed = await self._store.appointments.change(
            before.id,
            new,
            told if anew else _nothing,
            anew=anew,
            version=version,
            by=by,
            now=self._clock.utc(),
            role=role,
        )
        await self._saved(before, after, "appointment.changed", by, {"fields": sorted(changed)})
        return after

    async def cancel(
        self, before: Appointment, reason: str, version: int, by: str, role: Role | None, *, awake: bool = False
    ) -> Appointment:
        """Its place is free again. Raises NotFound, RecordIsAnother, NotNow: it is not booked any more."""
        customer = await self._customer(before)
        service = await self._store.appointment_services.get(before.service)
        told = await self._letters("cancelled", service, before, customer, by, awake=awake)
        return await self._set(before, "cancelled", told, reason.strip()[:MOST_REASON], version, by, role)

    async def mark(
        self, before: Appointment, state: AppointmentState, version: int, by: str, role: Role | None
    ) -> Appointment:
        """arrived: on its day or later; missed: once it has begun; booked: neither, after all; then it is reminded of
        no more. Raises NotFound, RecordIsAnother, NotNow."""
        now = self._clock.utc()
        if state == "arrived" and now.astimezone(self._zone).date() < before.at.astimezone(self._zone).date():
            raise NotNow("the day of this appointment has not come yet")
        if state == "missed" and now < before.at:
            raise NotNow("this appointment has not begun yet")
        return await self._set(before, state, _nothing, "", version, by, role)

    # ---- within -----------------------------------------------------------------------------------------

    async def _booking(self, wanted: Wanted, by: str, whose: tuple[str, str] = ("", "")) -> Booking:
        """whose: owner and team of what is moved; they stay where its customer moves it.

        Raises NotFound, and Refused: no place begins then, or it cannot be booked now.
        """
        service, now = await self._store.appointment_services.get(wanted.service), self._clock.utc()
        if not service.active:
            raise Refused(_NOT_KEPT, {"service": "is switched off"})
        persons = self.persons(service)
        if wanted.person and wanted.person not in persons:
            raise Refused(_NOT_KEPT, {"person": f"{wanted.person[:64]} does not serve this"})
        begin, second = wanted.begin, timedelta(seconds=1)
        place = next((one for one in grid(service, self.opening(service), begin, begin + second)), None)
        if place is None or place.begin != begin:
            raise Refused(_NOT_KEPT, {"begin": "no place of this service begins then"})
        earliest, latest = bounds(service, now)
        if not earliest <= begin <= latest:
            raise Refused(_NOT_KEPT, {"begin": "is too soon" if begin < earliest else "is too far ahead"})
        site = self._site()

        def owned(person: str) -> tuple[str, str]:
            if person:
                return person, site.team_of(person)
            owner, team = whose if by.startswith("flow:") else (by, site.team_of(by))
            return owner, service.team or team

        return Booking(
            service=service,
            begin=place.begin,
            end=place.end,
            until=place.end + timedelta(minutes=service.buffer),
            persons=persons,
            person=wanted.person,
            owned=owned,
            code=self._code,
            by=by,
            now=now,
            day=now.astimezone(self._zone).date(),
        )

    def _best(self, phone: str, customer: Customer | None) -> MessageChannel | Literal[""]:
        channels: tuple[MessageChannel, ...] = ("sms", "email")
        return next((one for one in channels if letters.address(one, phone, customer, self._region)), "")

    def _code(self) -> str:
        return f"{self._chance.randrange(10**CODE_DIGITS):0{CODE_DIGITS}}"

    async def _customer(self, of: AppointmentFields) -> Customer | None:
        """One who was merged into another is the other. Raises Refused."""
        if of.customer is None:
            return None
        try:
            return await self._store.customers.get(of.customer)
        except NotFound:
            raise Refused(_NOT_KEPT, {"customer": f"there is no customer {of.customer}"}) from None

    async def _wrong(
        self, new: AppointmentFields, customer: Customer | None, before: Appointment | None = None
    ) -> AppointmentFields:
        """Raises Refused with the fields that cannot be so."""
        faults = {}
        if not new.name.strip() and not new.phone.strip():
            faults["name"] = "is missing"
        if new.remind_by and not letters.address(new.remind_by, new.phone, customer, self._region):
            faults["remind_by"] = "there is no address to send it to"
        anew = new.sex and (before is None or new.sex != before.sex)
        if anew and new.sex not in (await offered(self._store))["sex"]:
            faults["sex"] = f"{new.sex} cannot be chosen here"
        if new.call is not None and before is None:
            try:
                await self._store.calls.get(new.call)
            except NotFound:
                faults["call"] = f"there is no call {new.call[:40]}"
        if faults:
            raise Refused(_NOT_KEPT, faults)
        return new

    async def _letters(
        self,
        change: letters.Change,
        service: AppointmentService,
        of: AppointmentFields,
        customer: Customer | None,
        by: str,
        *,
        awake: bool,
    ) -> letters.Letters:
        channel: MessageChannel = of.remind_by or "sms"
        told = of.remind_by and self._site().has("customer_messages")
        address = letters.address(of.remind_by, of.phone, customer, self._region) if of.remind_by and told else ""
        return letters.Letters(
            change=change,
            service=service,
            channel=channel,
            address=address,
            texts=await letters.texts(self._store, channel, of.language) if address else {},
            zone=self.opening(service).zone,
            now=self._clock.utc(),
            awake=awake,
            by=by,
        )

    async def _set(
        self,
        before: Appointment,
        state: AppointmentState,
        told: Callable[[Appointment], Sequence[NewCustomerMessage]],
        reason: str,
        version: int,
        by: str,
        role: Role | None,
    ) -> Appointment:
        now = self._clock.utc()
        after = await self._store.appointments.set_state(
            before.id, state, told, version=version, by=by, now=now, reason=reason, role=role
        )
        await self._saved(before, after, f"appointment.{state}", by, {})
        return after

    async def _saved(
        self, before: Appointment | None, one: Appointment, what: str, by: str, details: dict[str, object]
    ) -> None:
        """The trail says which fields; what stood in them lies beside it, but never the code."""
        now = self._clock.utc()
        changes = audit_change(before and replace(before, code=""), replace(one, code=""))
        await self._store.audit.append(now, by, what, f"{KIND}/{one.id}", details, changes)
        self._bus.publish(news(KIND, one, by, now))


def _nothing(_: Appointment) -> Sequence[NewCustomerMessage]:
    return ()
