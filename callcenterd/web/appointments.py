"""Appointments [预约]: booked, moved, cancelled, and whether the customer came (CON-03)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.model.appointments import (
    Appointment,
    AppointmentFields,
    AppointmentFilter,
    AppointmentState,
)
from callcenterd.model.customer_messages import MessageChannel
from callcenterd.model.fields import FieldsGiven, FieldWanted
from callcenterd.model.ids import CallId, CustomerId
from callcenterd.model.message_templates import TemplateLanguage, language_of
from callcenterd.model.records import RecordSight
from callcenterd.tickets.appointments import MOST_REASON, Wanted
from callcenterd.web.answers import VISIBLE, Asked, Conditions, answer, conditions, read
from callcenterd.web.calls import Moment
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.once import once
from callcenterd.web.recordfields import FieldsWanted, Line, Name, Number, Short, Text, Version, wanted_fields
from callcenterd.web.recordsight import number_of, record_sight, seen_one, sees
from callcenterd.web.recordwriting import check_change, check_new
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in
from callcenterd.web.trail import note_once

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class AppointmentList:
    items: list[Appointment]
    total: int


APPOINTMENT = TypeAdapter(Appointment)
APPOINTMENTS = TypeAdapter(AppointmentList)


class AppointmentWhich(Conditions):
    """since: included; until: not; of their beginning. person: who serves; a login, or "me". text: words of the name,
    number, note and number of the sheet."""

    since: Moment | None = None
    until: Moment | None = None
    service: Number | None = None
    person: Name | None = None
    state: AppointmentState | None = None
    customer: Number | None = None
    text: Line = ""
    fields: FieldsWanted = Field(default={})

    def chosen(self, login: str, sight: RecordSight | None, fields: tuple[FieldWanted, ...] = ()) -> AppointmentFilter:
        """What the store looks for, within what may be seen. login: who asks."""
        return AppointmentFilter(
            since=self.since,
            until=self.until,
            service=self.service,
            person=login if self.person == "me" else self.person,
            states=() if self.state is None else (self.state,),
            customer=None if self.customer is None else CustomerId(self.customer),
            text=self.text,
            fields=fields,
            sight=sight,
        )


class AppointmentConditions(AppointmentWhich):
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


class AppointmentAsked(Asked):
    """phone, card, name, sex: of whom it is for; where none of them is said, the customer's. remind_by: how they are
    written to; "": not at all; null: by what there is an address for. language: in which; null: the office's. fields:
    custom ones."""

    customer: Number | None = None
    call: Name | None = None
    phone: Short = ""
    card: Short = ""
    name: Line = ""
    sex: Short = ""
    remind_by: MessageChannel | Literal[""] | None = None
    language: TemplateLanguage | None = None
    note: Text = ""
    fields: FieldsGiven = Field({})

    def written(self, request: web.Request) -> AppointmentFields:
        return AppointmentFields(
            customer=None if self.customer is None else CustomerId(self.customer),
            call=None if self.call is None else CallId(self.call),
            phone=self.phone.strip(),
            card=self.card.strip(),
            name=self.name.strip(),
            sex=self.sex,
            remind_by=self.remind_by or "",
            language=self.language or language_of(request.app[OFFICE].language),
            note=self.note,
            fields=self.fields,
        )


class AppointmentNew(AppointmentAsked):
    """begin: of a place of that service. person: who serves; without it, whoever is free."""

    service: Number
    begin: Moment
    person: Name = ""


class AppointmentChange(AppointmentAsked):
    """The whole of it anew, but when it is; custom fields that are not named stay."""

    version: Version


class AppointmentMove(Asked):
    """begin: of a place. service, person: without them, those that it has; person "": whoever is free. awake: the
    customer is on the telephone just now, and may be written to by night."""

    version: Version
    begin: Moment
    service: Number | None = None
    person: Name | None = None
    awake: bool = False


class AppointmentCancel(Asked):
    version: Version
    reason: Annotated[str, VISIBLE, Field(max_length=MOST_REASON)] = ""
    awake: bool = False


class AppointmentMark(Asked):
    """state: arrived, missed; booked: neither, after all."""

    version: Version
    state: Literal["booked", "arrived", "missed"]


async def seen_appointment(request: web.Request, number: int) -> Appointment:
    """Raises NotFound, also for one that who asks may not see."""
    return await seen_one(request, "appointment", number, request.app[OFFICE].store.appointments.get)


async def _seen(request: web.Request, record: str) -> str:
    return str((await seen_appointment(request, number_of("appointment", record))).id)


sees("appointment", _seen)


@routes.get("/api/v1/appointments")
@right("appointment.read")
@shape(summary="Appointments that one may see", conditions=AppointmentConditions, answer=APPOINTMENTS)
async def list_appointments(request: web.Request) -> web.StreamResponse:
    """200 one page of them, in the order in which they are."""
    wanted, who = conditions(request, AppointmentConditions), signed_in(request)
    fields = await wanted_fields(request, "appointment", wanted.fields)
    chosen = wanted.chosen(who.login, record_sight(request, "appointment"), fields)
    items, total = await request.app[OFFICE].store.appointments.page(chosen, wanted.limit, wanted.offset, who.role)
    return answer(APPOINTMENTS, AppointmentList(items, total))


@routes.post("/api/v1/appointments")
@right("appointment.write")
@shape(summary="Book a place", body=AppointmentNew, answer=APPOINTMENT)
@once
async def book_appointment(request: web.Request) -> web.StreamResponse:
    """201 it, with the number of its sheet and the customer's code · 404 no such service, call or customer, or one that
    one may not see · 409 the place is not free any more · 422 fields; no place begins then, or it is too soon or too
    far ahead."""
    asked, who = await read(request, AppointmentNew), signed_in(request)
    await check_new(request, "appointment", asked)
    wanted = Wanted(service=asked.service, begin=asked.begin, person=asked.person)
    made = await request.app[MODULES].appointments.book(
        asked.written(request), wanted, who.login, who.role, remind=asked.remind_by is None
    )
    return answer(APPOINTMENT, made, status=201)


@routes.get("/api/v1/appointments/{id}")
@right("appointment.read")
@shape(summary="One appointment", answer=APPOINTMENT)
async def one_appointment(request: web.Request) -> web.StreamResponse:
    """200 the appointment · 404 no such appointment, or not one's own affair."""
    one = await seen_appointment(request, number_in(request, "appointment"))
    await note_once(request, "appointment.seen", f"appointment/{one.id}")
    return answer(APPOINTMENT, one)


@routes.put("/api/v1/appointments/{id}")
@right("appointment.write")
@shape(summary="Change who an appointment is for, or what is noted", body=AppointmentChange, answer=APPOINTMENT)
async def change_appointment(request: web.Request) -> web.StreamResponse:
    """200 the appointment; if another address is written to, its confirmation goes there too · 404 as above · 409
    somebody has changed it meanwhile ("now" has it as it is) · 422 fields."""
    before = await seen_appointment(request, number_in(request, "appointment"))
    asked, who = await read(request, AppointmentChange), signed_in(request)
    await check_change(request, "appointment", asked, before)
    changed = await request.app[MODULES].appointments.change(
        before, asked.written(request), asked.version, who.login, who.role
    )
    return answer(APPOINTMENT, changed)


@routes.post("/api/v1/appointments/{id}/move")
@right("appointment.write")
@shape(summary="Move an appointment to another place", body=AppointmentMove, answer=APPOINTMENT)
async def move_appointment(request: web.Request) -> web.StreamResponse:
    """200 the new appointment, with the same code; the old one is moved · 404 as above · 409 the place is not free any
    more, the appointment is not booked any more, or somebody has changed it meanwhile ("now") · 422 as for booking."""
    before = await seen_appointment(request, number_in(request, "appointment"))
    asked, who = await read(request, AppointmentMove), signed_in(request)
    other = asked.service is not None and asked.service != before.service
    same = "" if other else before.person
    wanted = Wanted(
        service=asked.service or before.service,
        begin=asked.begin,
        person=same if asked.person is None else asked.person,
    )
    moved = await request.app[MODULES].appointments.move(
        before, wanted, asked.version, who.login, who.role, awake=asked.awake
    )
    return answer(APPOINTMENT, moved)


@routes.post("/api/v1/appointments/{id}/cancel")
@right("appointment.write")
@shape(summary="Cancel an appointment", body=AppointmentCancel, answer=APPOINTMENT)
async def cancel_appointment(request: web.Request) -> web.StreamResponse:
    """200 the appointment, whose place is free · 404 as above · 409 as above."""
    before = await seen_appointment(request, number_in(request, "appointment"))
    asked, who = await read(request, AppointmentCancel), signed_in(request)
    gone = await request.app[MODULES].appointments.cancel(
        before, asked.reason, asked.version, who.login, who.role, awake=asked.awake
    )
    return answer(APPOINTMENT, gone)


@routes.post("/api/v1/appointments/{id}/mark")
@right("appointment.write")
@shape(summary="The customer came, or did not", body=AppointmentMark, answer=APPOINTMENT)
async def mark_appointment(request: web.Request) -> web.StreamResponse:
    """200 the appointment · 404 as above · 409 its time has not come yet, or as above."""
    before = await seen_appointment(request, number_in(request, "appointment"))
    asked, who = await read(request, AppointmentMark), signed_in(request)
    marked = await request.app[MODULES].appointments.mark(before, asked.state, asked.version, who.login, who.role)
    return answer(APPOINTMENT, marked)
