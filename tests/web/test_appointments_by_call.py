"""Appointments as a caller deals with them: by the same rules as an agent's, with the caller's own key."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from callcenterd.errors import NotFound
from callcenterd.model.appointments_by_call import Caller
from callcenterd.model.customers import CustomerCard
from callcenterd.model.ids import CallId
from callcenterd.tickets.appointments_by_call import MOST_COMING, CallersAppointments
from tests.kit.virtual import START
from tests.web.house import House
from tests.web.test_appointments import TUESDAY, booked, messages, office, service
from tests.web.test_rooms import ask

__all__ = ["office"]
PHONE = "13800138000"
HOUR = timedelta(hours=1)


async def caller(office: House, phone: str = PHONE, call: str = "past", **known: object) -> Caller:
    """call: it goes on while this is done."""
    try:
        await office.office.store.calls.get(CallId(call))
    except NotFound:
        await office.keep_call(call)
    return Caller(call=CallId(call), flow="main", phone=phone, language="zh-CN", **known)  # type: ignore[arg-type]


async def test_a_caller_books_what_is_free_and_moves_and_cancels_it_by_its_code(office: House) -> None:
    await service(office, notice=60)
    by_call: CallersAppointments = office.office.modules.appointments_by_call
    customer = await office.office.store.customers.create(CustomerCard(name="张三", phones=(PHONE,)), "1001")
    free = await by_call.free("repair")
    zone = office.office.timezone
    assert free[0] == START + HOUR, "no sooner than an hour from now"
    assert free[0].tzinfo == zone, "as it is said to the caller"
    assert {f"{begin:%H:%M}" for begin in free} == {"09:00", "10:00", "11:00"}
    made = await by_call.book("repair", free[0], await caller(office, customer=customer.id))
    assert made.told is not None
    assert (made.answer, made.told.begin, made.told.title("en")) == ("booked", free[0], "Repair visit")
    _, one = await ask(office, "1003", "GET", f"/appointments/{made.id}")
    assert (one["customer"], one["name"], one["phone"], one["remind_by"], one["call"], one["created_by"]) == (
        customer.id,
        "",
        PHONE,
        "sms",
        "past",
        "flow:main",
    )
    assert made.code in (await messages(office, one))[0]["text"]
    assert free[0] not in await by_call.free("repair")

    assert (await by_call.find("13900139000", made.code)).answer == "wrong", "somebody else's number"
    assert (await by_call.find(PHONE, "")).answer == "wrong"
    found = await by_call.find(f"+86 {PHONE}", made.code)
    assert (found.answer, found.id) == ("found", made.id)
    moved = await by_call.move(found.id, "repair", free[1], "main")
    assert (moved.answer, moved.code) == ("booked", made.code)
    assert (await by_call.move(found.id, "repair", free[2], "main")).answer == "refused", "it is another one now"
    _, old = await ask(office, "1003", "GET", f"/appointments/{made.id}")
    assert (old["state"], old["moved_to"]) == ("moved", moved.id)
    assert await messages(office, old) == []
    assert await by_call.cancel(moved.id, "main")
    assert not await by_call.cancel(moved.id, "main")
    assert (await by_call.find(PHONE, made.code)).answer == "wrong"
    _, gone = await ask(office, "1003", "GET", f"/appointments/{moved.id}")
    assert (gone["state"], gone["state_by"]) == ("cancelled", "flow:main")
    assert ["已取消" in message["text"] for message in await messages(office, gone)] == [True], "and no reminder"


async def test_what_an_agent_booked_stays_theirs_when_its_customer_moves_it(office: House) -> None:
    of = await service(office)
    one = await booked(office, of, phone=PHONE)
    by_call = office.office.modules.appointments_by_call
    found = await by_call.find(PHONE, one["code"])
    moved = await by_call.move(found.id, "repair", TUESDAY + HOUR, "main")
    _, new = await ask(office, "1001", "GET", f"/appointments/{moved.id}")
    assert (new["owner"], new["team"], new["created_by"]) == (one["owner"], one["team"], "flow:main")
    assert new["team"] != ""


async def test_the_last_place_is_one_callers_and_the_other_is_told_so(office: House) -> None:
    of = await service(office)
    by_call = office.office.modules.appointments_by_call
    first, second = await caller(office), await caller(office, "13900139000", "other")
    answers = await asyncio.gather(*(by_call.book("repair", TUESDAY, one) for one in (first, second)))
    assert sorted(one.answer for one in answers) == ["booked", "taken"]
    assert (await ask(office, "1001", "GET", f"/appointments?service={of['id']}"))[1]["total"] == 1


async def test_what_a_caller_may_not_book_is_refused(office: House) -> None:
    await service(office, capacity=10)
    by_call = office.office.modules.appointments_by_call
    for phone in ("", "anonymous", "110"):
        assert (await by_call.book("repair", TUESDAY, await caller(office, phone))).answer == "refused", phone
    assert (await by_call.book("nothing", TUESDAY, await caller(office))).answer == "refused"
    assert await by_call.free("nothing") == []
    assert (await by_call.book("repair", TUESDAY + timedelta(minutes=1), await caller(office))).answer == "taken"
    for _ in range(MOST_COMING):
        assert (await by_call.book("repair", TUESDAY, await caller(office))).answer == "booked"
    assert (await by_call.book("repair", TUESDAY, await caller(office))).answer == "refused", "as many as may be"
    assert (await by_call.book("repair", TUESDAY, await caller(office, "13900139000"))).answer == "booked"


async def test_a_service_that_is_off_or_full_offers_nothing(office: House) -> None:
    of = await service(office, ahead=1)
    by_call = office.office.modules.appointments_by_call
    places = [START, START + HOUR, START + 2 * HOUR, TUESDAY]
    assert await by_call.free("repair") == places, "nothing after a day from now"
    for begin in places:
        await booked(office, of, begin)
    assert await by_call.free("repair") == []
    body = {"chinese": "维修", "english": "Repair", "minutes": 30, "active": False, "version": 1}
    assert (await ask(office, "root", "PUT", f"/appointment-services/{of['id']}", body))[0] == 200
    assert await by_call.free("repair") == []
    answer = await by_call.book("repair", START + HOUR, await caller(office))
    assert answer.answer == "taken", "it is off"


async def test_who_wants_no_sms_gets_none_also_without_being_known(office: House) -> None:
    of = await service(office)
    card = CustomerCard(name="张三", phones=(PHONE,), no_sms=True)
    await office.office.store.customers.create(card, "1001")
    one = await booked(office, of, START + 2 * timedelta(days=1), phone=f"+86{PHONE}")
    assert await messages(office, one) == []
    assert {message["state"] for message in await messages(office, one, "cancelled")} == {"cancelled"}
