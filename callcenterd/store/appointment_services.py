"""The services that can be booked, as an office keeps them."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow, Refused
from callcenterd.model.appointments import (
    AppointmentService,
    NewService,
    ServiceId,
    ServiceIsAnother,
    ServiceTerms,
)
from callcenterd.store.engine import MOST_ROWS, Database
from callcenterd.store.tables.appointments import appointment_services, appointments

_ALL = sa.select(*(appointment_services.c[field.name] for field in fields(AppointmentService)))


class AppointmentServices:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[AppointmentService]:
        """In the order in which they were made; at most 500."""
        query = _ALL.order_by(appointment_services.c.id).limit(MOST_ROWS)
        return [AppointmentService.of_row(row._asdict()) for row in await self._database.rows(query)]

    async def get(self, service: int) -> AppointmentService:
        """Raises NotFound."""
        row = await self._database.row(_ALL.where(appointment_services.c.id == service))
        if row is None:
            raise NotFound("appointment service", service)
        return AppointmentService.of_row(row._asdict())

    async def named(self, name: str) -> AppointmentService | None:
        row = await self._database.row(_ALL.where(appointment_services.c.name == name))
        return None if row is None else AppointmentService.of_row(row._asdict())

    async def add(self, new: NewService, by: str, now: datetime) -> AppointmentService:
        """Durable. Raises Refused: there is one of that name."""
        row = new.as_row() | {"created_at": now, "created_by": by, "changed_at": now, "changed_by": by}

        async def work(connection: AsyncConnection) -> AppointmentService:
            same = sa.select(appointment_services.c.id).where(appointment_services.c.name == new.name)
            if (await connection.execute(same)).first() is not None:
                raise Refused("the service cannot be kept as it is", {"name": "there is one of this name already"})
            added = appointment_services.insert().values(row).returning(appointment_services.c.id)
            return await service_in(connection, (await connection.execute(added)).scalar_one())

        return await self._database.write(work)

    async def change(
        self, service: ServiceId, terms: ServiceTerms, *, version: int, by: str, now: datetime
    ) -> AppointmentService:
        """The whole of it anew, but its name; durable. version: the one that was read.

        Raises NotFound, ServiceIsAnother. What is booked already stays as it was booked.
        """

        async def work(connection: AsyncConnection) -> AppointmentService:
            known = await service_in(connection, service)
            if known.version != version:
                raise ServiceIsAnother(known)
            row = terms.as_row() | {"changed_at": now, "changed_by": by, "version": version + 1}
            change = appointment_services.update().where(appointment_services.c.id == service)
            await connection.execute(change.values(row))
            return await service_in(connection, service)

        return await self._database.write(work)

    async def remove(self, service: ServiceId, *, version: int) -> AppointmentService:
        """Durable; answers what it was. Raises NotFound, ServiceIsAnother, and NotNow: it was booked before."""

        async def work(connection: AsyncConnection) -> AppointmentService:
            known = await service_in(connection, service)
            if known.version != version:
                raise ServiceIsAnother(known)
            booked = sa.select(appointments.c.id).where(appointments.c.service_id == service).limit(1)
            if (await connection.execute(booked)).first() is not None:
                raise NotNow("this service has appointments: it can be switched off")
            await connection.execute(appointment_services.delete().where(appointment_services.c.id == service))
            return known

        return await self._database.write(work)


async def service_in(connection: AsyncConnection, service: int) -> AppointmentService:
    """Nobody else changes it, or books it, until this transaction is over. Raises NotFound."""
    await lock(connection)
    row = (await connection.execute(_ALL.where(appointment_services.c.id == service))).first()
    if row is None:
        raise NotFound("appointment service", service)
    return AppointmentService.of_row(row._asdict())


async def lock(connection: AsyncConnection) -> None:
    """One books at a time, also of several servers at one database: a person serves several services, so all of them
    are held. (SQLite has one writer anyhow.)"""
    every = sa.select(appointment_services.c.id).order_by(appointment_services.c.id).with_for_update()
    (await connection.execute(every)).all()
