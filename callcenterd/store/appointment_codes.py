"""The customer's own key to an appointment: a telephone number and a code. Wrong ones are counted."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.model import numbers
from callcenterd.model.appointments import Appointment, CodeFound
from callcenterd.store.appointments import COLUMNS
from callcenterd.store.engine import Database
from callcenterd.store.tables.appointments import appointment_tries, appointments

MOST_WRONG = 5
LOCKED = timedelta(minutes=30)
REMEMBERED = timedelta(days=1)
_LONGEST = 64


class AppointmentCodes:
    def __init__(self, database: Database, region: str) -> None:
        self._database = database
        self._region = region

    async def find(self, phone: str, code: str, now: datetime) -> CodeFound:
        """The appointment that is booked for that number with that code, and not over yet; durable.

        A number is tried MOST_WRONG times, whether it is anybody's or not; then not for a while, also with the right
        code. Tries of many calls at once are counted one after the other.
        """
        line = numbers.normalise(phone, self._region)[:_LONGEST]

        async def work(connection: AsyncConnection) -> CodeFound:
            tries = appointment_tries.c
            await connection.execute(appointment_tries.delete().where(tries.at < now - REMEMBERED, tries.line != line))
            # The row is there before it is looked at, so that the second of two waits for the first.
            begun = sa.select(sa.literal(line), sa.literal(0), sa.literal(now, tries.at.type)).where(
                ~sa.select(sa.literal(1)).where(tries.line == line).exists()
            )
            await connection.execute(appointment_tries.insert().from_select(["line", "wrong", "at"], begun))
            this = sa.select(appointment_tries).where(tries.line == line).with_for_update()
            before = (await connection.execute(this)).one()
            if before.locked_until is not None and before.locked_until > now:
                return CodeFound(locked=True)
            found = await _found(connection, line, code, now)
            wrong = 0 if found else (0 if before.locked_until is not None else before.wrong) + 1
            locked = wrong >= MOST_WRONG
            row = {"wrong": wrong, "at": now, "locked_until": now + LOCKED if locked else None}
            await connection.execute(appointment_tries.update().where(tries.line == line).values(row))
            return CodeFound(appointment=found, locked=locked)

        return await self._database.write(work)


async def _found(connection: AsyncConnection, line: str, code: str, now: datetime) -> Appointment | None:
    if not line or not code:
        return None
    table = appointments.c
    query = sa.select(*COLUMNS).where(
        table.line == line, table.code == code, table.state == "booked", table.ends_at > now
    )
    row = (await connection.execute(query)).first()
    return None if row is None else Appointment(**row._mapping)
