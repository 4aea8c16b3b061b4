"""Appointments as they are kept, in both databases: no place is given twice, whoever asks at the same moment."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from callcenterd.errors import CallcenterdError, NotNow, Refused
from callcenterd.model.appointments import (
    HOLDING,
    Appointment,
    AppointmentFields,
    AppointmentFilter,
    AppointmentService,
    NewService,
    PlaceTaken,
    ServiceIsAnother,
    ServiceTerms,
)
from callcenterd.model.customer_messages import CustomerMessageFilter, NewCustomerMessage
from callcenterd.model.customers import CustomerCard
from callcenterd.model.ids import AgentId, CustomerId
from callcenterd.model.records import RecordIsAnother
from callcenterd.store.appointment_codes import LOCKED, MOST_WRONG
from callcenterd.store.appointments import Booking
from callcenterd.store.database import Store
from tests.kit.virtual import START, VirtualClock

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BEGIN = START + DAY


async def served(store: Store, name: str = "repair", **known: Any) -> AppointmentService:
    given: dict[str, Any] = {"chinese": "维修", "english": "Repair", "minutes": 60, "capacity": 1} | known
    return await store.appointment_services.add(NewService(name=name, **given), "root", START)


def booking(service: AppointmentService, begin: datetime = BEGIN, person: str = "", **known: Any) -> Booking:
    codes = (f"{n:06}" for n in itertools.count(1))
    end = begin + service.minutes * MINUTE
    given: dict[str, Any] = {
        "persons": service.persons,
        "owned": lambda who: (who or "1001", ""),
        "code": lambda: next(codes),
        "by": "1001",
        "now": START,
        "day": date(2026, 8, 3),
    }
    until = end + service.buffer * MINUTE
    return Booking(service=service, begin=begin, end=end, until=until, person=person, **given | known)


def nothing(_: Appointment) -> Sequence[NewCustomerMessage]:
    return ()


def told(what: str, not_before: datetime = START) -> Callable[[Appointment], Sequence[NewCustomerMessage]]:
    def letters(one: Appointment) -> Sequence[NewCustomerMessage]:
        return [
            NewCustomerMessage(
                key=f"{one.id}/{one.version}/{what}",
                channel="sms",
                address="13800138000",
                text=what,
                kind="appointment",
                record=str(one.id),
                created_by="1001",
                not_before=not_before,
            )
        ]

    return letters


async def booked(store: Store, service: AppointmentService, begin: datetime = BEGIN, **known: Any) -> Appointment:
    person = known.pop("person", "")
    fields = AppointmentFields(**{"name": "张三", "phone": "138 0013 8000"} | known)
    return await store.appointments.book(fields, booking(service, begin, person), nothing)


async def test_what_is_booked_comes_back(store: Store) -> None:
    customer = await store.customers.create(CustomerCard(name="张三"), "1001")
    service = await served(store, buffer=15, reminders=(24, 2), hours={"monday": ("09:00-12:00",)})
    assert await store.appointment_services.get(service.id) == service
    assert await store.appointment_services.named("repair") == service
    assert (service.hours, service.reminders, service.version) == ({"monday": ("09:00-12:00",)}, (24, 2), 1)
    one = await booked(store, service, customer=customer.id, note="门口等", remind_by="sms", language="en")
    assert (one.number, one.at, one.end, one.state, one.code) == (
        "YY20260803-0001",
        BEGIN,
        BEGIN + HOUR,
        "booked",
        "000001",
    )
    assert (one.owner, one.note, one.remind_by, one.language) == ("1001", "门口等", "sms", "en")
    assert await store.appointments.get(one.id) == one
    other = await booked(store, service, BEGIN + 2 * HOUR)
    assert other.code == "000002", "nobody has the same code twice"
    for wanted, ids in (
        ({"since": BEGIN + HOUR}, [other.id]),
        ({"until": BEGIN + HOUR}, [one.id]),
        ({"customer": customer.id}, [one.id]),
        ({"text": "zhangsan"}, [one.id, other.id]),
        ({"text": "门口"}, [one.id]),
        ({"text": "13800138000"}, [one.id, other.id]),
        ({"states": ("cancelled",)}, []),
        ({"service": service.id}, [one.id, other.id]),
    ):
        items, total = await store.appointments.page(AppointmentFilter(**wanted))
        assert ([item.id for item in items], total) == (ids, len(ids)), wanted


async def test_the_last_place_is_given_to_one_of_two_at_the_same_moment(store: Store, address: str) -> None:
    """Also if they ask two servers at one database."""
    second = await Store.open(address, clock=VirtualClock())
    try:
        service = await served(store, capacity=3)
        wanted = [booked(which, service) for which in (store, second) * 8]
        found = await asyncio.gather(*wanted, return_exceptions=True)
        refused = [one for one in found if isinstance(one, BaseException)]
        assert [type(one) for one in refused] == [PlaceTaken] * 13
        made = [one for one in found if isinstance(one, Appointment)]
        assert len({one.number for one in made}) == len({one.code for one in made}) == 3
        assert (await store.appointments.page(AppointmentFilter()))[1] == 3
    finally:
        await second.close()


async def test_a_person_serves_one_at_a_time_whichever_service_it_is(store: Store) -> None:
    both = (AgentId("1001"), AgentId("1002"))
    repair = await served(store, capacity=5, persons=both)
    advice = await served(store, "advice", capacity=5, persons=both[:1])
    assert (await booked(store, advice)).person == "1001"
    assert (await booked(store, repair, BEGIN + 30 * MINUTE)).person == "1002", "the other is busy"
    with pytest.raises(PlaceTaken):
        await booked(store, repair, BEGIN + 30 * MINUTE)
    with pytest.raises(PlaceTaken):
        await booked(store, advice, BEGIN + 59 * MINUTE)
    assert (await booked(store, advice, BEGIN + 60 * MINUTE)).person == "1001"
    with pytest.raises(PlaceTaken):
        await booked(store, repair, BEGIN + 3 * HOUR, person="1003")
    assert (await booked(store, repair, BEGIN + 3 * HOUR)).person == "1002", "who has fewer has the next"


async def test_a_move_frees_the_old_place_and_takes_the_code_along(store: Store) -> None:
    service = await served(store)
    one, blocks = await booked(store, service), await booked(store, service, BEGIN + HOUR)
    move = store.appointments.move
    with pytest.raises(PlaceTaken):
        await move(one.id, booking(service, BEGIN + HOUR), nothing, 1)
    assert await store.appointments.get(one.id) == one, "nothing of it was done"
    old, new = await move(one.id, booking(service, BEGIN + 30 * MINUTE - HOUR), nothing, 1)
    assert (old.state, old.code, old.moved_to, old.version) == ("moved", "", new.id, 2)
    assert (new.state, new.code, new.moved_from, new.name, new.phone) == ("booked", one.code, old.id, "张三", one.phone)
    with pytest.raises(NotNow):
        await move(old.id, booking(service, BEGIN + 5 * HOUR), nothing, 2)
    with pytest.raises(RecordIsAnother):
        await move(new.id, booking(service, BEGIN + 5 * HOUR), nothing, 7)
    gone = await store.appointments.set_state(
        blocks.id, "cancelled", nothing, version=1, by="1001", now=START, reason="生病"
    )
    assert (gone.state, gone.reason) == ("cancelled", "生病")
    assert (await booked(store, service, BEGIN + HOUR)).id > new.id, "its place is free"
    for state in ("arrived", "cancelled", "booked"):
        with pytest.raises(NotNow):
            await store.appointments.set_state(gone.id, state, nothing, version=2, by="1001", now=START)


async def test_what_waits_to_be_told_goes_with_the_appointment(store: Store) -> None:
    service = await served(store)

    async def waiting(one: Appointment) -> list[str]:
        wanted = CustomerMessageFilter(kind="appointment", record=str(one.id), state="waiting")
        return sorted(message.text for message in (await store.customer_messages.list(wanted))[0])

    fields = AppointmentFields(name="张三", phone="13800138000", remind_by="sms")
    one = await store.appointments.book(fields, booking(service), told("remind", BEGIN - HOUR))
    assert await waiting(one) == ["remind"]
    old, new = await store.appointments.move(one.id, booking(service, BEGIN + HOUR), told("remind anew"), 1)
    assert (await waiting(old), await waiting(new)) == ([], ["remind anew"])
    again: dict[str, Any] = {"by": "1001", "now": START}
    kept, changed = await store.appointments.change(
        new.id, AppointmentFields(name="李四"), told("other"), anew=False, version=1, **again
    )
    assert (changed, await waiting(new)) == (["phone", "name", "remind_by"], ["remind anew"])
    kept, _ = await store.appointments.change(
        new.id, AppointmentFields(name="李四"), told("other"), anew=True, version=2, **again
    )
    assert await waiting(new) == ["other"]
    await store.appointments.set_state(new.id, "cancelled", told("gone"), version=kept.version, **again)
    assert await waiting(new) == ["gone"]
    refused = booking(service, BEGIN + 5 * HOUR)
    await store.appointments.book(AppointmentFields(name="a"), refused, nothing)
    with pytest.raises(PlaceTaken):
        await store.appointments.book(fields, refused, told("never"))
    assert "never" not in str(await store.customer_messages.list(CustomerMessageFilter()))


async def test_a_service_is_booked_as_it_is_now_and_goes_only_if_it_never_was(store: Store) -> None:
    service = await served(store)
    terms = ServiceTerms(chinese="维修", english="Repair", minutes=90)
    changed: dict[str, Any] = {"by": "root", "now": START}
    after = await store.appointment_services.change(service.id, terms, version=1, **changed)
    assert (after.minutes, after.version) == (90, 2)
    with pytest.raises(ServiceIsAnother) as raised:
        await store.appointment_services.change(service.id, terms, version=1, **changed)
    assert raised.value.now == after
    with pytest.raises(ServiceIsAnother):
        await booked(store, service)
    with pytest.raises(Refused):
        await served(store)
    await booked(store, after)
    with pytest.raises(NotNow):
        await store.appointment_services.remove(service.id, version=2)
    never = await served(store, "never")
    await store.appointment_services.remove(never.id, version=1)
    assert [one.name for one in await store.appointment_services.all()] == ["repair"]


async def test_a_code_is_tried_five_times(store: Store) -> None:
    service = await served(store)
    one = await booked(store, service)
    find = store.appointment_codes.find
    assert (await find("013800138000", one.code, START)).appointment == one, "however the number is written"
    assert (await find("13900139000", one.code, START)).appointment is None
    for n in range(MOST_WRONG):
        assert (await find("13800138000", "999999", START)).locked == (n == MOST_WRONG - 1)
    assert await find("13800138000", one.code, START + LOCKED - MINUTE) == await find("13800138000", "1", START)
    assert (await find("13800138000", one.code, START + LOCKED)).appointment == one
    many = await asyncio.gather(*(find("13900139000", f"{n}", START + HOUR) for n in range(12)))
    assert sum(tried.locked for tried in many) == 12 - (MOST_WRONG - 1) + 1, "one wrong one came before"
    assert (await find("13800138000", one.code, one.end)).appointment is None, "it is over"
    assert (await find("", "", START)).appointment is None
    await store.appointments.set_state(one.id, "cancelled", nothing, version=1, by="1001", now=START)
    assert (await find("13800138000", one.code, START + LOCKED)).appointment is None


async def test_no_series_of_orders_fills_a_place_twice(store: Store) -> None:
    """Whatever is booked, moved, cancelled and changed, by many at once: at no moment are there more than there may
    be, and nobody serves two."""
    chance = random.Random(20260803)
    services = [
        await served(store, "a", capacity=2, minutes=45, buffer=10),
        await served(store, "b", capacity=3, minutes=60, persons=(AgentId("1001"), AgentId("1002"))),
        await served(store, "c", capacity=1, minutes=30, persons=(AgentId("1002"), AgentId("1003"))),
    ]

    async def one_order() -> None:
        service = chance.choice(services)
        begin = BEGIN + chance.randrange(24) * 15 * MINUTE
        standing, _ = await store.appointments.page(AppointmentFilter(states=("booked",)), limit=500)
        what = chance.choice(["book", "book", "book", "move", "cancel"])
        if what == "book" or not standing:
            await booked(store, service, begin)
            return
        one = chance.choice(standing)
        if what == "move":
            await store.appointments.move(one.id, booking(service, begin), nothing, one.version)
        else:
            given: dict[str, Any] = {"version": one.version, "by": "1001", "now": START}
            await store.appointments.set_state(one.id, "cancelled", nothing, **given)

    answers: list[object] = []
    for _ in range(25):
        answers += await asyncio.gather(*(one_order() for _ in range(8)), return_exceptions=True)
    assert all(one is None or isinstance(one, PlaceTaken | NotNow) for one in answers), answers
    assert sum(isinstance(one, PlaceTaken) for one in answers) > 20
    every, total = await store.appointments.page(AppointmentFilter(states=HOLDING), limit=500)
    assert total == len(every) > 5
    buffers = {service.id: service.buffer * MINUTE for service in services}
    spans = [(one, one.at, one.end + buffers[one.service]) for one in every]
    for minute in range(24 * 15 + 120):
        at = BEGIN + minute * MINUTE
        there = [one for one, begin, until in spans if begin <= at < until]
        for service in services:
            assert sum(one.service == service.id for one in there) <= service.capacity
        persons = [one.person for one in there if one.person]
        assert len(persons) == len(set(persons))


async def test_somebody_who_is_not_there_books_nothing(store: Store) -> None:
    service = await served(store)
    with pytest.raises(CallcenterdError):
        await booked(store, service, customer=CustomerId(99))
    assert (await store.appointments.page(AppointmentFilter()))[1] == 0
    assert (await booked(store, service)).number == "YY20260803-0001"
