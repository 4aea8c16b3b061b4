"""Appointments: a place is given once. Booking, moving and freeing are a transaction each, with what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow, Refused
from callcenterd.model import numbers
from callcenterd.model.appointments import (
    HOLDING,
    Appointment,
    AppointmentFields,
    AppointmentFilter,
    AppointmentService,
    AppointmentState,
    PlaceTaken,
    ServiceIsAnother,
    Taken,
    room,
)
from callcenterd.model.customer_messages import NewCustomerMessage
from callcenterd.model.people import Role
from callcenterd.model.records import RecordIsAnother
from callcenterd.store.appointment_services import lock, service_in
from callcenterd.store.customer_messages import cancel_about, put_in
from callcenterd.store.customers import readings
from callcenterd.store.engine import MOST_ROWS, Database
from callcenterd.store.fields import CustomFields
from callcenterd.store.having import having
from callcenterd.store.hidden import has_word
from callcenterd.store.numbering import next_number
from callcenterd.store.search import by_index
from callcenterd.store.seen import records_seen
from callcenterd.store.tables.appointments import appointments
from callcenterd.store.tables.attachments import attachments
from callcenterd.store.tables.fields import custom_values
from callcenterd.store.words import every_word, words_of

PREFIX = "YY"
KIND: Final = "appointment"
_IDS = {"customer": "customer_id", "call": "call_id", "service": "service_id", "end": "ends_at"}
"""Fields whose columns have other names."""
_WRITTEN = tuple(field.name for field in fields(AppointmentFields) if field.name != "fields")
COLUMNS = tuple(
    appointments.c[_IDS.get(field.name, field.name)].label(field.name)
    for field in fields(Appointment)
    if field.name != "fields"
)
_NEAR = timedelta(hours=12)
"""So far around a place it is looked who has the fewest appointments, and gets it."""
Letters = Callable[[Appointment], Sequence[NewCustomerMessage]]
"""What the customer is told of an appointment: waits in the outbox if, and only if, the appointment is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A place that is wanted. service: as it was when the place was found. persons: those of the service's who work
    here. person: a certain one of them, or "". owned: whose the appointment is with that person, owner and team. code:
    makes a new one. by: a login, or "flow:NAME"."""

    service: AppointmentService
    begin: datetime
    end: datetime
    until: datetime
    persons: Sequence[str]
    person: str
    owned: Callable[[str], tuple[str, str]]
    code: Callable[[], str]
    by: str
    now: datetime
    day: date


class Appointments:
    """role: of who asks or writes; so much they see of the custom fields, and may change. None: nothing of them."""

    def __init__(self, database: Database, custom: CustomFields, region: str) -> None:
        self._database = database
        self._custom = custom
        self._region = region

    # ---- reading ----------------------------------------------------------------------------------------

    async def get(self, appointment: int, role: Role | None = None) -> Appointment:
        """Raises NotFound."""
        row = await self._database.row(sa.select(*COLUMNS).where(appointments.c.id == appointment))
        if row is None:
            raise NotFound(KIND, appointment)
        [found] = await self._with_fields([Appointment(**row._mapping)], role)
        return found

    async def page(
        self, chosen: AppointmentFilter, limit: int = 50, offset: int = 0, role: Role | None = None
    ) -> tuple[list[Appointment], int]:
        """One page, in the order in which they are, at most 500, and how many there are in all."""
        query = sa.select(*COLUMNS).where(*_conditions(chosen))
        order = (appointments.c.at, appointments.c.id)
        words = by_index(appointments, every_word(chosen.text), sqlite=self._database.is_sqlite)
        rows, total = await self._database.page(query, order, limit, offset, appointments.c.id, words)
        return await self._with_fields([Appointment(**row._mapping) for row in rows], role), total

    async def coming(self, phone: str, now: datetime) -> int:
        """How many are booked for that number and not over yet."""
        table = appointments.c
        which = (table.line == numbers.normalise(phone, self._region), table.state == "booked", table.ends_at > now)
        row = await self._database.row(sa.select(sa.func.count().label("n")).where(*which))
        return 0 if row is None else int(row.n)

    async def taken(
        self, service: AppointmentService, persons: Sequence[str], since: datetime, until: datetime
    ) -> list[Taken]:
        """What of that service, and of these persons, reaches into that time."""

        async def work(connection: AsyncConnection) -> list[Taken]:
            return await _taken(connection, service, persons, since, until)

        return await self._database.read(work)

    # ---- writing ----------------------------------------------------------------------------------------

    async def book(
        self, new: AppointmentFields, booking: Booking, letters: Letters, role: Role | None = None
    ) -> Appointment:
        """Durable, with the next number of that day. Raises PlaceTaken, ServiceIsAnother: it was changed meanwhile,
        NotFound, Refused for custom fields, CannotStore if there is no such customer."""

        async def work(connection: AsyncConnection) -> Appointment:
            row = await self._placed(connection, booking, None)
            made = await self._insert(connection, new, booking, row)
            await self._custom.put(connection, KIND, made.id, new.fields, role, new=True)
            await self._tell(connection, letters(made), booking.now)
            return await self._kept(connection, made, role)

        return await self._database.write(work)

    async def move(
        self, appointment: int, booking: Booking, letters: Letters, version: int, role: Role | None = None
    ) -> tuple[Appointment, Appointment]:
        """To another place: the old one is moved and free, the new one has its code, its custom fields and its files.
        Answers both. Durable. version: the one that was read.

        Raises as `book`, and RecordIsAnother, NotNow: it is not booked any more.
        """

        async def work(connection: AsyncConnection) -> tuple[Appointment, Appointment]:
            row = await self._placed(connection, booking, appointment)
            old = await self._one(connection, appointment, version, role)
            if old.state != "booked":
                raise NotNow(f"the appointment is {old.state}")
            new = AppointmentFields(**{name: getattr(old, name) for name in _WRITTEN})
            made = await self._insert(connection, new, booking, row | {"code": old.code, "moved_from": old.id})
            gone = {"state": "moved", "state_at": booking.now, "state_by": booking.by, "code": "", "moved_to": made.id}
            after = await _update(connection, old, gone, booking.by, booking.now)
            await _hand_over(connection, old.id, made.id)
            await cancel_about(connection, KIND, str(old.id), booking.by)
            await self._tell(connection, letters(made), booking.now)
            return await self._kept(connection, after, role), await self._kept(connection, made, role)

        return await self._database.write(work)

    async def change(
        self,
        appointment: int,
        new: AppointmentFields,
        letters: Letters,
        *,
        anew: bool,
        version: int,
        by: str,
        now: datetime,
        role: Role | None = None,
    ) -> tuple[Appointment, list[str]]:
        """Who it is for and how they are written to; not when it is. Custom fields that are not named stay. anew: what
        still waits to be told is not, and letters instead. Durable; version: the one that was read.

        Answers it, and the names of what is another now. Raises NotFound, RecordIsAnother, Refused for custom fields.
        """

        async def work(connection: AsyncConnection) -> tuple[Appointment, list[str]]:
            before = await self._one(connection, appointment, version, role)
            changed = [name for name in _WRITTEN if getattr(before, name) != getattr(new, name)]
            after = await _update(connection, before, self._row(new, before.number), by, now)
            if anew:
                await cancel_about(connection, KIND, str(before.id), by)
                await self._tell(connection, letters(after), now)
            changed += await self._custom.put(connection, KIND, appointment, new.fields, role)
            return await self._kept(connection, after, role), changed

        return await self._database.write(work)

    async def set_state(
        self,
        appointment: int,
        state: AppointmentState,
        letters: Letters,
        *,
        version: int,
        by: str,
        now: datetime,
        reason: str = "",
        role: Role | None = None,
    ) -> Appointment:
        """It was cancelled, or the customer came or did not; what waits to be told of it is not sent. Durable.

        version: the one that was read. Raises NotFound, RecordIsAnother, NotNow: it is cancelled or moved.
        """

        async def work(connection: AsyncConnection) -> Appointment:
            before = await self._one(connection, appointment, version, role)
            if (
                before.state not in HOLDING
                or before.state == state
                or (state == "cancelled" and before.state != "booked")
            ):
                raise NotNow(f"the appointment is {before.state}")
            new = {"state": state, "state_at": now, "state_by": by, "reason": reason}
            after = await _update(connection, before, new, by, now)
            if state != "booked":
                await cancel_about(connection, KIND, str(appointment), by)
            await self._tell(connection, letters(after), now)
            return await self._kept(connection, after, role)

        return await self._database.write(work)

    # ---- within -----------------------------------------------------------------------------------------

    async def _placed(self, connection: AsyncConnection, booking: Booking, besides: int | None) -> dict[str, Any]:
        """Where it goes, if there is room. besides: an appointment that goes away for it. Raises PlaceTaken."""
        known = await service_in(connection, booking.service.id)
        if known.version != booking.service.version:
            raise ServiceIsAnother(known)
        around = (booking.begin - _NEAR, booking.until + _NEAR)
        taken = await _taken(connection, known, booking.persons, *around, besides=besides)
        left, free = room(known, booking.persons, taken, booking.begin, booking.until)
        person = booking.person
        if known.persons and not person:
            busy = {login: sum(one.person == login for one in taken) for login in free}
            person = min(free, key=lambda login: busy[login], default="")
        if left < 1 or (known.persons and person not in free):
            raise PlaceTaken
        owner, team = booking.owned(person)
        return {
            "service_id": known.id,
            "at": booking.begin,
            "ends_at": booking.end,
            "busy_until": booking.until,
            "person": person,
            "owner": owner,
            "team": team,
        }

    async def _insert(
        self, connection: AsyncConnection, new: AppointmentFields, booking: Booking, row: Mapping[str, Any]
    ) -> Appointment:
        number = await next_number(connection, PREFIX, booking.day)
        by, now = booking.by, booking.now
        written = self._row(new, number)
        code = row.get("code") or await _new_code(connection, written["line"], booking.code)
        stamps = {"created_at": now, "created_by": by, "changed_at": now, "changed_by": by}
        state = {"state": "booked", "state_at": now, "state_by": by}
        values = {**written, **stamps, **state, **row, "code": code, "number": number}
        insert = appointments.insert().values(values).returning(*COLUMNS)
        return Appointment(**(await connection.execute(insert)).one()._mapping)

    def _row(self, new: AppointmentFields, number: str) -> dict[str, Any]:
        row = {_IDS.get(name, name): getattr(new, name) for name in _WRITTEN}
        words = words_of(number, new.name, *readings(new.name), numbers.tidy(new.phone), new.card, new.note)
        return row | {"line": numbers.normalise(new.phone, self._region) if new.phone else "", "words": words}

    async def _one(self, connection: AsyncConnection, appointment: int, version: int, role: Role | None) -> Appointment:
        """Nobody else changes it until this is over. Raises NotFound, RecordIsAnother."""
        await lock(connection)
        row = (await connection.execute(sa.select(*COLUMNS).where(appointments.c.id == appointment))).first()
        if row is None:
            raise NotFound(KIND, appointment)
        found = Appointment(**row._mapping)
        if found.version != version:
            raise RecordIsAnother(KIND, await self._kept(connection, found, role))
        return found

    async def _tell(self, connection: AsyncConnection, messages: Iterable[NewCustomerMessage], now: datetime) -> None:
        """Who wants no such messages gets none, also by a number that another customer's card has."""
        for message in messages:
            line = numbers.normalise(message.address, self._region) if message.channel == "sms" else ""
            await put_in(connection, message, now, line=line)

    async def _kept(self, connection: AsyncConnection, one: Appointment, role: Role | None) -> Appointment:
        values = await self._custom.within(connection, KIND, [one.id], role)
        return replace(one, fields=values.get(one.id, {}))

    async def _with_fields(self, found: Sequence[Appointment], role: Role | None) -> list[Appointment]:
        values = await self._custom.of_records(KIND, [one.id for one in found], role) if role else {}
        return [replace(one, fields=values[one.id]) if one.id in values else one for one in found]


async def _taken(
    connection: AsyncConnection,
    service: AppointmentService,
    persons: Sequence[str],
    since: datetime,
    until: datetime,
    *,
    besides: int | None = None,
) -> list[Taken]:
    table = appointments.c
    query = sa.select(
        table.service_id.label("service"), table.person, table.at.label("begin"), table.busy_until.label("until")
    ).where(
        (table.service_id == service.id) | (table.person.in_(persons) & (table.person != "")),
        table.state.in_(HOLDING),
        table.at < until,
        table.busy_until > since,
    )
    if besides is not None:
        query = query.where(table.id != besides)
    return [Taken(**row._mapping) for row in await connection.execute(query)]


async def _update(
    connection: AsyncConnection, before: Appointment, new: Mapping[str, Any], by: str, now: datetime
) -> Appointment:
    row = {**new, "changed_at": now, "changed_by": by, "version": before.version + 1}
    change = appointments.update().where(appointments.c.id == before.id).values(row).returning(*COLUMNS)
    return Appointment(**(await connection.execute(change)).one()._mapping)


async def _hand_over(connection: AsyncConnection, old: int, new: int) -> None:
    """Custom fields and files are of the appointment that stands. In a file's field stands the same file's number."""
    files = (attachments.c.kind == KIND) & (attachments.c.record == str(old))
    await connection.execute(attachments.update().where(files).values(record=str(new)))
    values = (custom_values.c.kind == KIND) & (custom_values.c.record_id == old)
    await connection.execute(custom_values.update().where(values).values(record_id=new))


async def _new_code(connection: AsyncConnection, line: str, make: Callable[[], str]) -> str:
    """None that another appointment of that number has."""
    query = sa.select(appointments.c.code).where(appointments.c.line == line, appointments.c.code != "")
    known = set((await connection.execute(query.limit(MOST_ROWS))).scalars())
    for _ in range(len(known) + 50):
        if (code := make()) not in known:
            return code
    raise Refused("the appointment cannot be kept as it is", {"phone": "has too many appointments"})


def _conditions(chosen: AppointmentFilter) -> list[sa.ColumnElement[bool]]:
    table = appointments.c
    found: list[sa.ColumnElement[bool]] = []
    if chosen.since is not None:
        found.append(table.at >= chosen.since)
    if chosen.until is not None:
        found.append(table.at < chosen.until)
    if chosen.service is not None:
        found.append(table.service_id == chosen.service)
    if chosen.person is not None:
        found.append(table.person == chosen.person)
    if chosen.states:
        found.append(table.state.in_(chosen.states))
    if chosen.customer is not None:
        found.append(table.customer_id == chosen.customer)
    found += [has_word(table.words, word, but=[("card", table.card)]) for word in every_word(chosen.text)]
    found += having(table.id, chosen.fields)
    if chosen.sight is not None:
        found.append(records_seen(chosen.sight, appointments))
    return found
