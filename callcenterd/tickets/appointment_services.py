"""The services that can be booked (CON-03): what an administrator may say of one, and the trail of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

from callcenterd.clock import Clock
from callcenterd.errors import Refused
from callcenterd.model.appointments import AppointmentService, NewService, ServiceId, ServiceTerms
from callcenterd.model.calendar import overlap
from callcenterd.model.site import Site
from callcenterd.store.database import Store


class AppointmentServices:
    """site: as it is now."""

    def __init__(self, store: Store, clock: Clock, site: Callable[[], Site]) -> None:
        self._store = store
        self._clock = clock
        self._site = site

    async def create(self, new: NewService, by: str) -> AppointmentService:
        """Raises Refused with its fields."""
        self._check(new)
        made = await self._store.appointment_services.add(new, by, self._clock.utc())
        await self._trail(by, "appointment_service.created", made, {"name": made.name})
        return made

    async def change(self, service: ServiceId, terms: ServiceTerms, version: int, by: str) -> AppointmentService:
        """The whole of it anew. Raises NotFound, ServiceIsAnother, and Refused with its fields."""
        self._check(terms)
        services = self._store.appointment_services
        before = await services.get(service)
        after = await services.change(service, terms, version=version, by=by, now=self._clock.utc())
        names = [field.name for field in fields(ServiceTerms)]
        changed = [name for name in names if getattr(before, name) != getattr(after, name)]
        await self._trail(by, "appointment_service.changed", after, {"fields": changed})
        return after

    async def remove(self, service: ServiceId, version: int, by: str) -> None:
        """Raises NotFound, ServiceIsAnother, and NotNow: it was booked before."""
        gone = await self._store.appointment_services.remove(service, version=version)
        await self._trail(by, "appointment_service.removed", gone, {"name": gone.name})

    def _check(self, terms: ServiceTerms) -> None:
        """What its types cannot say. Raises Refused."""
        site, faults = self._site(), {}
        if not terms.chinese.strip():
            faults["chinese"] = "is missing"
        if not terms.english.strip():
            faults["english"] = "is missing"
        if terms.calendar and terms.calendar not in {one.name for one in site.calendars}:
            faults["calendar"] = f"there is no calendar {terms.calendar}"
        if terms.team and terms.team not in {one.name for one in site.teams}:
            faults["team"] = f"there is no team {terms.team}"
        logins = {one.login for one in site.users}
        if unknown := [login for login in terms.persons if login not in logins]:
            faults["persons"] = f"there is no user {unknown[0]}"
        elif len(set(terms.persons)) < len(terms.persons):
            faults["persons"] = "each at most once"
        for day, spans in terms.hours.items():
            if fault := overlap(spans):
                faults["hours"] = f"{day}: {fault}"
        if faults:
            raise Refused("the service cannot be kept as it is", faults)

    async def _trail(self, by: str, what: str, service: AppointmentService, details: dict[str, object]) -> None:
        await self._store.audit.append(self._clock.utc(), by, what, f"appointment_service/{service.id}", details)
