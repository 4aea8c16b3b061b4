"""Services that can be booked [预约服务], and their free places (CON-03)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.model.appointments import (
    MOST_CAPACITY,
    MOST_MINUTES,
    MOST_PERSONS,
    MOST_REMINDERS,
    AppointmentService,
    NewService,
    Place,
    ServiceId,
    ServiceTerms,
)
from callcenterd.model.calendar import Weekday
from callcenterd.model.ids import AgentId, TeamName
from callcenterd.site import Spans
from callcenterd.web.answers import Asked, Conditions, answer, conditions, nothing, read
from callcenterd.web.calls import Moment
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.recordfields import Line, Name, Version
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()

MOST_HOURS = 14 * 24
"""Before an appointment somebody is reminded."""


@dataclass(frozen=True, slots=True)
class ServiceList:
    items: list[AppointmentService]
    total: int


@dataclass(frozen=True, slots=True)
class PlaceList:
    items: list[Place]
    total: int


SERVICE = TypeAdapter(AppointmentService)
SERVICES = TypeAdapter(ServiceList)
PLACES = TypeAdapter(PlaceList)


class ServiceAsked(Asked):
    """minutes: how long one lasts. buffer: minutes kept free behind it. capacity: how many at once. calendar: by name;
    "": at any hour. hours: only then, within the calendar. notice: not sooner than so many minutes from now. ahead: nor
    later than so many days. persons: logins. team: whose appointments are that nobody named serves. reminders: hours
    before."""

    chinese: Line
    english: Line
    minutes: Annotated[int, Field(ge=5, le=MOST_MINUTES)]
    buffer: Annotated[int, Field(ge=0, le=MOST_MINUTES)] = 0
    capacity: Annotated[int, Field(ge=1, le=MOST_CAPACITY)] = 1
    calendar: Name = ""
    hours: dict[Weekday, Spans] = Field({}, max_length=7)
    notice: Annotated[int, Field(ge=0, le=60 * 24 * 60)] = 0
    ahead: Annotated[int, Field(ge=1, le=366)] = 30
    persons: list[Name] = Field([], max_length=MOST_PERSONS)
    team: Name = ""
    reminders: list[Annotated[int, Field(ge=1, le=MOST_HOURS)]] = Field([], max_length=MOST_REMINDERS)
    active: bool = True

    def terms(self) -> dict[str, object]:
        known = {name: getattr(self, name) for name in ServiceAsked.model_fields}
        known["chinese"], known["english"] = self.chinese.strip(), self.english.strip()
        known["hours"] = {day: tuple(spans) for day, spans in self.hours.items() if spans}
        known["persons"] = tuple(AgentId(login) for login in self.persons)
        known["team"] = TeamName(self.team) if self.team else ""
        return known | {"reminders": tuple(sorted(set(self.reminders), reverse=True))}


class ServiceNew(ServiceAsked):
    """name: by which flows know it: small letters, digits, _ and -; it stays."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class ServiceChange(ServiceAsked):
    version: Version


class ServiceRemoval(Conditions):
    version: int = Field(ge=1, lt=1 << 62)


class FreeConditions(Conditions):
    """since: included; until: not; at most 42 days after it."""

    since: Moment
    until: Moment


async def known_service(request: web.Request) -> AppointmentService:
    """Raises NotFound."""
    return await request.app[OFFICE].store.appointment_services.get(number_in(request, "appointment service"))


@routes.get("/api/v1/appointment-services")
@right("appointment.read")
@shape(summary="The services that can be booked", answer=SERVICES)
async def list_appointment_services(request: web.Request) -> web.StreamResponse:
    """200 all of them, also those that are switched off."""
    items = await request.app[OFFICE].store.appointment_services.all()
    return answer(SERVICES, ServiceList(items, len(items)))


@routes.post("/api/v1/appointment-services")
@right("appointment.service")
@shape(summary="A new service", body=ServiceNew, answer=SERVICE)
async def create_appointment_service(request: web.Request) -> web.StreamResponse:
    """201 it · 422 fields; there is one of this name."""
    asked = await read(request, ServiceNew)
    new = NewService(name=asked.name, **asked.terms())  # type: ignore[arg-type]  # its fields are these
    made = await request.app[MODULES].appointment_services.create(new, signed_in(request).login)
    return answer(SERVICE, made, status=201)


@routes.get("/api/v1/appointment-services/{id}")
@right("appointment.read")
@shape(summary="One service", answer=SERVICE)
async def one_appointment_service(request: web.Request) -> web.StreamResponse:
    """200 the service · 404 no such service."""
    return answer(SERVICE, await known_service(request))


@routes.put("/api/v1/appointment-services/{id}")
@right("appointment.service")
@shape(summary="Change a service; what is not sent becomes empty", body=ServiceChange, answer=SERVICE)
async def change_appointment_service(request: web.Request) -> web.StreamResponse:
    """200 the service now; what is booked stays as it was booked · 404 no such service · 409 somebody has changed it
    meanwhile ("now" has it as it is) · 422 fields."""
    number, asked = number_in(request, "appointment service"), await read(request, ServiceChange)
    terms = ServiceTerms(**asked.terms())  # type: ignore[arg-type]  # its fields are these
    services, by = request.app[MODULES].appointment_services, signed_in(request).login
    return answer(SERVICE, await services.change(ServiceId(number), terms, asked.version, by))


@routes.delete("/api/v1/appointment-services/{id}")
@right("appointment.service")
@shape(summary="Remove a service that was never booked", conditions=ServiceRemoval)
async def remove_appointment_service(request: web.Request) -> web.StreamResponse:
    """204 it is gone · 404 no such service · 409 it was booked: it can be switched off; or somebody has changed it."""
    number, wanted = number_in(request, "appointment service"), conditions(request, ServiceRemoval)
    by = signed_in(request).login
    await request.app[MODULES].appointment_services.remove(ServiceId(number), wanted.version, by)
    return nothing()


@routes.get("/api/v1/appointment-services/{id}/free")
@right("appointment.read")
@shape(summary="The places of a service, and how many are left in each", conditions=FreeConditions, answer=PLACES)
async def free_places(request: web.Request) -> web.StreamResponse:
    """200 all that begin in that time, also full ones · 404 no such service · 422 more than 42 days."""
    wanted, service = conditions(request, FreeConditions), await known_service(request)
    found = await request.app[MODULES].appointments.places(service, wanted.since, wanted.until)
    return answer(PLACES, PlaceList(found, len(found)))
