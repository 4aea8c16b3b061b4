"""Services and appointments over the API: who may what, what is told, and what the customer's page shows."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from callcenterd import site as site_file
from callcenterd.model.customers import CustomerCard
from tests.kit.virtual import START, VirtualClock
from tests.web.house import House, cheap_passwords, house
from tests.web.test_rooms import ask
from tests.web.test_teams import TEAMS

_SITE = (
    "users:"
    + TEAMS.partition("users:")[2]
    + """
calendars:
  - {name: office, hours: {monday: ["09:00-12:00"], tuesday: ["09:00-12:00"], wednesday: ["09:00-12:00"]}}
"""
)
DAY = timedelta(days=1)
TUESDAY = START + DAY
"""At nine in the morning, as the office opens."""
SERVICE: dict[str, Any] = {
    "name": "repair",
    "chinese": "上门维修",
    "english": "Repair visit",
    "minutes": 60,
    "capacity": 1,
    "calendar": "office",
    "reminders": [24, 2],
}


@pytest.fixture
async def office(tmp_path: Path, database: Path) -> AsyncIterator[House]:
    """In virtual time, with teams: 1001 is lead's, 1002 and 1003 are other's."""
    shutil.copy(database, tmp_path / "callcenter.db")
    async with house(tmp_path, clock=VirtualClock()) as opened:
        await site_file.apply_text(opened.office.store, cheap_passwords(), _SITE, "teams.yaml")
        await opened.office.site_changed()
        yield opened


async def service(office: House, **known: Any) -> dict[str, Any]:
    status, said = await ask(office, "root", "POST", "/appointment-services", SERVICE | known)
    assert status == 201, said
    return dict(said)


async def booked(office: House, of: dict[str, Any], begin: datetime = TUESDAY, **known: Any) -> dict[str, Any]:
    body = {"service": of["id"], "begin": begin.isoformat(), "name": "张三"} | known
    status, said = await ask(office, "1001", "POST", "/appointments", body)
    assert status == 201, said
    return dict(said)


async def messages(office: House, one: dict[str, Any], state: str = "waiting") -> list[dict[str, Any]]:
    path = f"/customer-messages?kind=appointment&record={one['id']}&state={state}"
    status, said = await ask(office, "root", "GET", path)
    assert status == 200, said
    return sorted(said["items"], key=lambda message: str(message["not_before"]))


async def test_an_administrator_says_what_can_be_booked_and_all_see_the_places(office: House) -> None:
    of = await service(office, buffer=15, hours={"tuesday": ["09:00-11:30"]}, persons=["1001", "1002"])
    assert (of["version"], of["reminders"], of["hours"]) == (1, [24, 2], {"tuesday": ["09:00-11:30"]})
    for login in ("1001", "boss", "chief"):
        assert (await ask(office, login, "POST", "/appointment-services", SERVICE))[0] == 403
        assert (await ask(office, login, "GET", "/appointment-services"))[1]["items"] == [of]
    span = f"since={START.strftime('%Y-%m-%dT%H:%M:%SZ')}&until={(START + 3 * DAY).strftime('%Y-%m-%dT%H:%M:%SZ')}"
    status, said = await ask(office, "1003", "GET", f"/appointment-services/{of['id']}/free?{span}")
    assert (status, said["total"]) == (200, 2)
    assert [datetime.fromisoformat(one["begin"]) for one in said["items"]] == [
        TUESDAY,
        TUESDAY + timedelta(minutes=75),
    ]
    assert [(one["left"], one["capacity"], one["persons"]) for one in said["items"]] == [(1, 1, ["1001", "1002"])] * 2
    long = "since=2026-08-01T00:00:00Z&until=2026-12-01T00:00:00Z"
    assert (await ask(office, "1003", "GET", f"/appointment-services/{of['id']}/free?{long}"))[0] == 422
    path = f"/appointment-services/{of['id']}"
    body = {name: value for name, value in SERVICE.items() if name != "name"} | {"capacity": 2, "version": 1}
    status, after = await ask(office, "root", "PUT", path, body)
    assert (status, after["capacity"], after["hours"], after["version"]) == (200, 2, {}, 2)
    status, said = await ask(office, "root", "PUT", path, body)
    assert (status, said["error"]["code"], said["error"]["now"]) == (409, "changed_meanwhile", after)
    assert (await ask(office, "root", "DELETE", f"{path}?version=1"))[0] == 409
    await booked(office, of)
    assert (await ask(office, "root", "DELETE", f"{path}?version=2"))[0] == 409
    never = await service(office, name="never")
    assert (await ask(office, "root", "DELETE", f"/appointment-services/{never['id']}?version=1"))[0] == 204
    told, _ = await office.office.store.audit.search(what="appointment_service")
    assert {entry.what.rpartition(".")[2] for entry in told} == {"created", "changed", "removed"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "Repair"}, "name"),
        ({"chinese": " "}, "chinese"),
        ({"minutes": 0}, "minutes"),
        ({"capacity": 0}, "capacity"),
        ({"calendar": "none"}, "calendar"),
        ({"persons": ["nobody"]}, "persons"),
        ({"persons": ["1001", "1001"]}, "persons"),
        ({"team": "none"}, "team"),
        ({"hours": {"monday": ["09:00-12:00", "11:00-13:00"]}}, "hours"),
        ({"hours": {"someday": []}}, "hours.someday.[key]"),
        ({"reminders": [0]}, "reminders.0"),
        ({"secret": 1}, "secret"),
    ],
)
async def test_a_service_that_cannot_be_is_refused_with_its_field(
    office: House, body: dict[str, Any], field: str
) -> None:
    status, said = await ask(office, "root", "POST", "/appointment-services", SERVICE | body)
    assert status == 422, said
    assert field in said["error"]["fields"], said


async def test_a_place_is_booked_once_and_the_customer_is_told(office: House) -> None:
    of = await service(office)
    customer = await office.office.store.customers.create(
        CustomerCard(name="张三", phones=("138 0013 8000",), card="6688", sex="male"), "1001"
    )
    await office.keep_call("past")
    one = await booked(office, of, customer=customer.id, call="past", name="", note="三楼")
    day = START.astimezone(office.office.timezone).strftime("%Y%m%d")
    known = {name: one[name] for name in ("number", "name", "phone", "card", "sex", "state", "owner", "remind_by")}
    assert known == {
        "number": f"YY{day}-0001",
        "name": "张三",
        "phone": "138 0013 8000",
        "card": "6688",
        "sex": "male",
        "state": "booked",
        "owner": "1001",
        "remind_by": "sms",
    }
    assert len(one["code"]) == 6
    assert one["code"].isdigit()
    status, said = await ask(
        office, "1002", "POST", "/appointments", {"service": of["id"], "begin": TUESDAY.isoformat(), "name": "李四"}
    )
    assert (status, said["error"]["code"]) == (409, "not_now")
    waiting = await messages(office, one)
    assert [message["text"] for message in waiting] == [
        f"您已预约上门维修，8月4日星期二 09:00，单号{one['number']}，预约码{one['code']}，改期或取消请来电。",
        waiting[1]["text"],
    ]
    # A day before is just now, so that only the two hours before are left; they are by night.
    assert datetime.fromisoformat(waiting[1]["not_before"]) == START + timedelta(hours=12)
    assert one["code"] in waiting[1]["text"] or one["number"] in waiting[1]["text"]
    trail, _ = await office.office.store.audit.search(what="appointment.created")
    assert [entry.target for entry in trail] == [f"appointment/{one['id']}"]
    assert one["code"] not in str(trail)
    _, line = await ask(office, "1001", "GET", f"/customers/{customer.id}/timeline?kinds=appointment")
    [entry] = line["items"]
    assert (entry["id"], entry["details"]["service"], entry["details"]["state"]) == (
        str(one["id"]),
        "上门维修",
        "booked",
    )


async def test_many_at_once_are_told_who_has_it(office: House) -> None:
    of = await service(office, capacity=3)
    body = {"service": of["id"], "begin": TUESDAY.isoformat(), "name": "张三"}
    said = await asyncio.gather(*(ask(office, "1001", "POST", "/appointments", body) for _ in range(10)))
    assert sorted(status for status, _ in said) == [201] * 3 + [409] * 7


async def test_a_moved_appointment_is_reminded_at_its_new_time_only(office: House) -> None:
    of = await service(office, minutes=30)
    later = START + 2 * DAY
    one = await booked(office, of, later, phone="13800138000")
    assert len(await messages(office, one)) == 3
    path = f"/appointments/{one['id']}"
    body = {"version": 1, "begin": (later + timedelta(minutes=30)).isoformat()}
    status, new = await ask(office, "1002", "POST", f"{path}/move", body)
    assert (status, new["state"], new["code"], new["moved_from"]) == (200, "booked", one["code"], one["id"])
    _, old = await ask(office, "1002", "GET", path)
    assert (old["state"], old["moved_to"], old["code"]) == ("moved", new["id"], "")
    assert await messages(office, one) == []
    waiting = await messages(office, new)
    assert ["已改为" in message["text"] for message in waiting] == [True, False, False]
    assert datetime.fromisoformat(waiting[-1]["not_before"]) == START + timedelta(days=1, hours=12), (
        "the evening before"
    )
    assert (await ask(office, "1002", "POST", f"{path}/move", body))[0] == 409
    status, said = await ask(office, "1002", "POST", f"/appointments/{new['id']}/cancel", {"version": 9})
    assert (status, said["error"]["now"]["id"]) == (409, new["id"])
    body = {"version": 1, "reason": "客户生病"}
    status, gone = await ask(office, "1003", "POST", f"/appointments/{new['id']}/cancel", body)
    assert (status, gone["state"], gone["reason"], gone["state_by"]) == (200, "cancelled", "客户生病", "1003")
    assert ["已取消" in message["text"] for message in await messages(office, new)] == [True]
    assert (await booked(office, of, later))["id"] != one["id"], "its place is free"


async def test_only_what_has_begun_was_missed(office: House) -> None:
    of = await service(office, reminders=[])
    one = await booked(office, of)
    path, clock = f"/appointments/{one['id']}/mark", office.office.clock
    assert (await ask(office, "1001", "POST", path, {"version": 1, "state": "arrived"}))[0] == 409
    assert isinstance(clock, VirtualClock)
    clock.move(DAY.total_seconds() - 600)
    assert (await ask(office, "1001", "POST", path, {"version": 1, "state": "missed"}))[0] == 409
    status, after = await ask(office, "1001", "POST", path, {"version": 1, "state": "arrived"})
    assert (status, after["state"]) == (200, "arrived")
    clock.move(1200)
    status, after = await ask(office, "1001", "POST", path, {"version": 2, "state": "missed"})
    assert (status, after["state"], after["version"]) == (200, "missed", 3)
    assert (await ask(office, "1001", "POST", path, {"version": 3, "state": "booked"}))[1]["state"] == "booked"


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"begin": (TUESDAY + timedelta(minutes=1)).isoformat()}, 422, "begin"),
        ({"begin": (TUESDAY + timedelta(hours=3)).isoformat()}, 422, "begin"),
        ({"begin": START.isoformat()}, 422, "begin"),
        ({"begin": (TUESDAY + timedelta(days=35)).isoformat()}, 422, "begin"),
        ({"begin": "2026-08-04T09:00:00"}, 422, "begin"),
        ({"person": "1001"}, 422, "person"),
        ({"name": ""}, 422, "name"),
        ({"remind_by": "sms", "phone": "02088886666"}, 422, "remind_by"),
        ({"remind_by": "email"}, 422, "remind_by"),
        ({"sex": "nothing"}, 422, "sex"),
        ({"service": 99}, 404, ""),
        ({"customer": 99}, 404, ""),
        ({"call": "none"}, 404, ""),
        ({"code": "1"}, 422, "code"),
        ({"state": "arrived"}, 422, "state"),
    ],
)
async def test_what_cannot_be_booked_is_refused_with_its_field(
    office: House, body: dict[str, Any], status: int, field: str
) -> None:
    of = await service(office, notice=60)
    whole = {"service": of["id"], "begin": TUESDAY.isoformat(), "name": "张三"} | body
    got, said = await ask(office, "1001", "POST", "/appointments", whole)
    assert got == status, said
    assert not field or field in said["error"]["fields"], said
    assert (await ask(office, "1001", "GET", "/appointments"))[1]["total"] == 0


async def test_another_address_gets_what_the_old_one_had(office: House) -> None:
    of = await service(office)
    one = await booked(office, of, START + 2 * DAY, phone="13800138000", note="a")
    path, body = (
        f"/appointments/{one['id']}",
        {"version": 1, "name": "张三", "phone": "13900139000", "remind_by": "sms"},
    )
    status, after = await ask(office, "1001", "PUT", path, body)
    assert (status, after["phone"], after["note"], after["version"]) == (200, "13900139000", "", 2)
    assert [message["address"] for message in await messages(office, one)] == ["13900139000"] * 3
    body |= {"version": 2, "note": "b"}
    assert (await ask(office, "1001", "PUT", path, body))[0] == 200
    assert len(await messages(office, one)) == 3, "a note is nobody's news"
    assert (await ask(office, "1001", "PUT", path, body))[0] == 409
    assert (await ask(office, "1001", "PUT", path, body | {"version": 3, "remind_by": ""}))[0] == 200
    assert await messages(office, one) == []


async def test_sight_follows_the_role(office: House) -> None:
    of = await service(office)
    one = await booked(office, of)
    assert (await ask(office, "1003", "GET", "/appointments"))[1]["total"] == 1
    _, roles = await ask(office, "root", "GET", "/roles")
    agent = next(role for role in roles["items"] if role["role"] == "agent")
    body = {"rights": agent["rights"], "hidden": [], "scopes": agent["scopes"] | {"appointment": "team"}}
    assert (await ask(office, "root", "PUT", "/roles/agent", body | {"version": agent["version"]}))[0] == 200
    assert (await ask(office, "1003", "GET", "/appointments"))[1]["total"] == 0
    assert (await ask(office, "1003", "GET", f"/appointments/{one['id']}"))[0] == 404
    assert (await ask(office, "1001", "GET", f"/appointments/{one['id']}"))[0] == 200


async def test_they_are_asked_for_with_their_customers(office: House) -> None:
    of = await service(office)
    customer = await office.office.store.customers.create(CustomerCard(name="王五", level="vip"), "1001")
    await booked(office, of, customer=customer.id)
    await booked(office, of, TUESDAY + timedelta(hours=1))

    async def found(kind: str, **where: Any) -> int:
        status, said = await ask(office, "1001", "POST", "/query", {"kind": kind, "where": where})
        assert status == 200, said
        return int(said["total"])

    assert await found("appointment", field="service", op="contains", values=["维修"]) == 2
    assert await found("appointment", field="customer.name", op="is", values=["王五"]) == 1
    assert await found("appointment", field="state", op="is", values=["cancelled"]) == 0
    booked_one = {"field": "state", "op": "is", "values": ["booked"]}
    assert await found("customer", related="appointment", where=booked_one) == 1


class Gateway:
    """Takes every SMS. sent: when, to whom, and what."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.sent: list[tuple[datetime, str, str]] = []

    async def send(self, number: str, text: str, key: str) -> str:  # each goes out once here
        self.sent.append((self._clock.utc(), number, text))
        return "taken"


async def test_reminders_go_out_at_their_time_and_only_for_what_is_still_booked(office: House) -> None:
    """Three are booked for Wednesday at nine and later: one stays, one is moved an hour on, one is cancelled."""
    of = await service(office, capacity=3, reminders=[24])
    clock, sms = office.office.clock, office.office.modules.sms
    assert isinstance(clock, VirtualClock)
    sms.gateway = gateway = Gateway(clock)
    wednesday = START + 2 * DAY
    phones = ("13800138001", "13800138002", "13800138003")
    stays, moved, gone = [await booked(office, of, wednesday, phone=phone) for phone in phones]
    assert stays["state"] == "booked"
    later = {"version": 1, "begin": (wednesday + timedelta(hours=1)).isoformat()}
    assert (await ask(office, "1001", "POST", f"/appointments/{moved['id']}/move", later))[0] == 200
    assert (await ask(office, "1001", "POST", f"/appointments/{gone['id']}/cancel", {"version": 1}))[0] == 200
    for _ in range(72 * 4):
        await sms.look()
        clock.move(15 * 60)
    reminded = [(at - wednesday, number) for at, number, text in gateway.sent if text.startswith("提醒")]
    assert reminded == [(-DAY, phones[0]), (-DAY + timedelta(hours=1), phones[1])]
    assert [number for _, number, text in gateway.sent if "已取消" in text] == [phones[2]]
