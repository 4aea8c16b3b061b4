"""Follow-ups over the API: written down, rung for, done once, tried again, handed over, and counted."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from callcenterd import site as site_file
from callcenterd.model.customers import CustomerCard
from callcenterd.model.do_not_call import DoNotCall
from tests.kit.virtual import START, VirtualClock
from tests.web.house import House, cheap_passwords, house
from tests.web.test_roles import set_role
from tests.web.test_rooms import ask
from tests.web.test_teams import TEAMS

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
HOURS = "calendars: [{name: office, hours: {" + ", ".join(f'{day}: ["09:00-17:00"]' for day in _DAYS) + "}}]\n"
_TEAMS = HOURS + "users:" + TEAMS.partition("users:")[2]
DAY = timedelta(days=1)


@pytest.fixture
async def office(tmp_path: Path, database: Path) -> AsyncIterator[House]:
    """In virtual time, Monday at nine, with teams (1001 is lead's, 1002 and 1003 are other's) and hours."""
    shutil.copy(database, tmp_path / "callcenter.db")
    async with house(tmp_path, clock=VirtualClock()) as opened:
        kept = opened.office
        await site_file.apply_text(kept.store, cheap_passwords(), _TEAMS, "teams.yaml")
        await kept.site_changed()
        yield opened


async def made(office: House, login: str = "1001", **known: Any) -> dict[str, Any]:
    body = {"category": "after_use", "phone": "13800000001"} | known
    status, said = await ask(office, login, "POST", "/follow-ups", body)
    assert status == 201, said
    return dict(said)


async def order(office: House, login: str, one: dict[str, Any], what: str, status: int = 200, **body: Any) -> Any:
    version = {} if what == "call" else {"version": one["version"]}
    got, said = await ask(office, login, "POST", f"/follow-ups/{one['id']}/{what}", version | body)
    assert got == status, said
    return said


def move(office: House, seconds: float) -> None:
    clock = office.office.clock
    assert isinstance(clock, VirtualClock)
    clock.move(seconds)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def duty_of(office: House, one: dict[str, Any]) -> dict[str, Any]:
    status, said = await ask(office, "root", "GET", f"/duties/{one['duty']}")
    assert status == 200, said
    return dict(said)


async def test_it_has_what_the_card_has_and_is_owed_in_working_hours(office: House) -> None:
    card = CustomerCard(
        name="张三", phones=("138 0000 0001",), card="6688", sex="male", channels=("web",), gifts_by_mail=True
    )
    customer = await office.office.store.customers.create(card, "1001")
    one = await made(office, phone="", customer=customer.id, content="问收到没有")
    known = {name: one[name] for name in ("phone", "card", "name", "sex", "channel", "gifts_by_mail", "content")}
    assert known == {
        "phone": "138 0000 0001",
        "card": "6688",
        "name": "张三",
        "sex": "male",
        "channel": "web",
        "gifts_by_mail": True,
        "content": "问收到没有",
    }
    assert (one["number"], one["owner"], one["team"], one["state"]) == ("HF20260803-0001", "1001", "one", "open")
    assert at(one["due"]) == START + DAY + timedelta(hours=8), "two working days of eight hours"
    said = await duty_of(office, one)
    assert (said["duty"]["kind"], said["duty"]["about"]) == ("follow_up", f"follow_up/{one['id']}")
    entries, _ = await office.office.store.audit.search(what="follow_up.created")
    assert [(entry.who, entry.target, entry.details) for entry in entries] == [
        ("1001", f"follow_up/{one['id']}", {"number": one["number"]})
    ]


async def test_its_result_closes_its_duty_and_it_is_not_done_twice(office: House) -> None:
    one = await made(office)
    after = await order(office, "1001", one, "done", result="satisfied", content="很好", gifts_by_mail=False)
    assert (after["state"], after["result"], after["content"], after["gifts_by_mail"]) == (
        "done",
        "satisfied",
        "很好",
        False,
    )
    said = await duty_of(office, one)
    assert (said["duty"]["state"], said["duty"]["outcome"], said["duty"]["closed_by"]) == (
        "done",
        "followed_up",
        "1001",
    )
    again = await order(office, "1001", one, "done", 409, result="fair")
    assert again["error"]["now"] == after
    assert (await order(office, "1001", after, "done", 409, result="fair"))["error"]["code"] == "not_now"
    assert (await order(office, "1001", after, "not-reached", 409))["error"]["message"] == "这项回访已经结束"


async def test_closing_the_duty_closes_it_and_so_does_every_other_order(office: House) -> None:
    one = await made(office)

    async def duty(what: str, status: int = 200, by: str = "1001", **body: Any) -> Any:
        version = (await duty_of(office, one))["duty"]["version"]
        got, said = await ask(office, by, "POST", f"/duties/{one['duty']}/{what}", {"version": version, **body})
        assert got == status, said
        return said

    due = START + 5 * DAY
    await duty("postpone", due=due.isoformat(), reason="出差")
    _, now = await ask(office, "1001", "GET", f"/follow-ups/{one['id']}")
    assert (at(now["due"]), at(now["next_call"])) == (due, due)
    await duty("assign", 403, owner="1003")
    await duty("assign", by="root", owner="1003")
    _, now = await ask(office, "root", "GET", f"/follow-ups/{one['id']}")
    assert (now["owner"], now["team"]) == ("1003", "two")
    await duty("take", 403)
    await duty("assign", by="root", team="one")
    await duty("take")
    said = await duty("done", text="都好")
    assert (said["state"], said["outcome"]) == ("done", "followed_up")
    _, now = await ask(office, "1001", "GET", f"/follow-ups/{one['id']}")
    assert (now["state"], now["content"], now["done_by"], now["owner"]) == ("done", "都好", "1001", "1001")
    await duty("done", 409)
    other = await made(office)
    status, said = await ask(
        office, "1001", "POST", f"/duties/{other['duty']}/cancel", {"version": 1, "text": "客户退货"}
    )
    assert (status, said["state"]) == (200, "cancelled")
    assert (await ask(office, "1001", "GET", f"/follow-ups/{other['id']}"))[1]["state"] == "cancelled"


async def test_its_duty_is_worked_on_by_who_may_work_on_it(office: House) -> None:
    """Otherwise the ledger would be a way around the rights of follow-ups."""
    status, one = await ask(office, "root", "POST", "/follow-ups", {"category": "after_use", "owner": "1002"})
    assert status == 201, one
    orders: tuple[tuple[str, dict[str, str]], ...] = (
        ("done", {}),
        ("cancel", {"text": "x"}),
        ("postpone", {"due": (START + DAY).isoformat(), "reason": "x"}),
    )
    for what, body in (*orders, ("take", {}), ("assign", {"owner": "1003"})):
        status, _ = await ask(office, "1003", "POST", f"/duties/{one['duty']}/{what}", {"version": 1, **body})
        assert status == 403, what
    await set_role(office, "agent", take=["follow_up.write"])
    for what, body in orders:
        status, _ = await ask(office, "1002", "POST", f"/duties/{one['duty']}/{what}", {"version": 1, **body})
        assert status == 403, what
    assert (await ask(office, "1002", "GET", f"/follow-ups/{one['id']}"))[1]["version"] == 1


async def test_one_in_vain_is_tried_again_and_in_the_end_stays_with_its_owner(office: House) -> None:
    one = await made(office, due=(START + timedelta(hours=5)).isoformat())
    first = await order(office, "1001", one, "not-reached", text="无人接听")
    assert (first["tries"], first["state"]) == (1, "open")
    assert at(first["next_call"]) == START + timedelta(hours=4), "four working hours later"
    assert at(first["due"]) == START + timedelta(hours=5), "it was due no sooner"
    move(office, 5 * 3600)
    second = await order(office, "1001", first, "not-reached")
    assert at(second["next_call"]) == START + DAY + timedelta(hours=1), "three of today, one of tomorrow"
    assert at(second["due"]) == START + DAY + timedelta(hours=2), "late an hour after that"
    third = await order(office, "1001", second, "not-reached")
    assert (third["tries"], third["state"], third["next_call"]) == (3, "not_reached", None)
    assert (third["owner"], (await duty_of(office, one))["duty"]["state"]) == ("1001", "open")
    kinds = [step["kind"] for step in (await duty_of(office, one))["steps"]]
    assert kinds == ["created", "noted", "postponed", "noted"]
    wanted = (START + 3 * DAY).isoformat()
    fourth = await order(office, "1001", third, "later", next_call=wanted, text="周四再打")
    assert (fourth["state"], at(fourth["next_call"])) == ("open", START + 3 * DAY)
    done = await order(office, "1001", fourth, "done", result="fair")
    assert (done["state"], done["tries"]) == ("done", 3)


async def test_a_next_call_is_a_follow_up_of_its_own(office: House) -> None:
    one = await made(office, name="张三")
    wanted = START + 7 * DAY
    done = await order(office, "1001", one, "done", result="wants_more", next_call=wanted.isoformat())
    assert at(done["next_call"]) == wanted
    _, said = await ask(office, "1001", "GET", "/follow-ups?owed=true")
    [after] = said["items"]
    assert (after["number"], after["name"], after["owner"]) == ("HF20260803-0002", "张三", "1001")
    assert (at(after["next_call"]), at(after["due"])) == (wanted, wanted + timedelta(hours=1))
    move(office, 1)
    assert (await order(office, "1001", after, "later", 422, next_call=START.isoformat()))["error"]["fields"]


@pytest.mark.parametrize("way", ["follow-up", "duty"])
async def test_a_click_rings_and_the_call_is_the_follow_ups(office: House, way: str) -> None:
    office.registers("1001")
    one = await made(office, phone="013800000001")
    path = f"/duties/{one['duty']}/call" if way == "duty" else f"/follow-ups/{one['id']}/call"
    status, rung = await ask(office, "1001", "POST", path, {})
    assert status == 200, rung
    _, now = await ask(office, "1001", "GET", f"/follow-ups/{one['id']}")
    assert (now["call"], now["version"]) == (rung["call"], one["version"])
    assert (await duty_of(office, one))["steps"][-1]["details"] == {"call": rung["call"]}
    assert (await order(office, "1001", one, "call", 409))["error"]["code"] == "not_now"


async def test_who_must_not_be_called_is_not_rung(office: House) -> None:
    office.registers("1001")
    one = await made(office, phone="013800000002")
    await office.office.store.do_not_call.add(DoNotCall(number="013800000002", why="", by="root", at=START))
    assert (await order(office, "1001", one, "call", 409))["error"]["code"] == "not_now"
    _, now = await ask(office, "1001", "GET", f"/follow-ups/{one['id']}")
    assert now["call"] is None


async def test_what_is_nobodys_is_theirs_who_works_on_it_and_colleagues_ones_are_not(office: House) -> None:
    one = await made(office, "1003")
    body = {"version": 1, "category": "after_use"}
    assert (await ask(office, "1002", "GET", f"/follow-ups/{one['id']}"))[0] == 200, "a team sees its records"
    assert (await ask(office, "1002", "PUT", f"/follow-ups/{one['id']}", body))[0] == 403
    await order(office, "1002", one, "done", 403, result="fair")
    handed = await order(office, "other", one, "assign", team="two")
    assert (handed["owner"], handed["team"]) == ("", "two")
    assert (await ask(office, "1001", "POST", f"/follow-ups/{one['id']}/done", {"version": 2, "result": "fair"}))[
        0
    ] == 404
    done = await order(office, "1002", handed, "done", result="fair")
    assert (done["owner"], done["done_by"]) == ("1002", "1002")
    assert (await ask(office, "1002", "POST", "/follow-ups", {"category": "after_use", "owner": "1003"}))[0] == 403
    assert (await made(office, "other", owner="1003"))["team"] == "two"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"category": ""}, "category"),
        ({"category": "nothing"}, "category"),
        ({"channel": "nothing"}, "channel"),
        ({"result": "nothing"}, "result"),
        ({"owner": "nobody"}, "owner"),
        ({"due": START.isoformat()}, "due"),
        ({"result": "fair", "due": (START + DAY).isoformat()}, "due"),
        ({"at": (START + DAY).isoformat()}, "at"),
        ({"content": "x\0"}, "content"),
        ({"content": "x" * 4001}, "content"),
        ({"fields": {"none": "x"}}, "fields.none"),
        ({"state": "done"}, "state"),
    ],
)
async def test_what_cannot_be_kept_is_refused_with_its_field(office: House, body: dict[str, Any], field: str) -> None:
    status, said = await ask(office, "root", "POST", "/follow-ups", {"category": "after_use"} | body)
    assert status == 422, said
    assert field in said["error"]["fields"], said
    assert (await ask(office, "root", "GET", "/follow-ups"))[1]["total"] == 0


async def test_lists_and_figures_are_of_what_one_sees(office: House) -> None:
    one = await made(office, due=(START + timedelta(hours=1)).isoformat())
    await made(office, "1002", due=(START + timedelta(hours=9)).isoformat())
    await made(office, "1003", result="fair", category="before_use")
    move(office, 3600)
    await order(office, "1001", one, "done", result="satisfied")
    late = await made(office, due=(START + timedelta(hours=2)).isoformat())
    move(office, 7200)
    await order(office, "1001", late, "done", result="satisfied")

    async def found(login: str, conditions: str) -> list[str]:
        status, said = await ask(office, login, "GET", f"/follow-ups?{conditions}")
        assert status == 200, said
        return [item["owner"] for item in said["items"]]

    assert await found("chief", "") == ["1001", "1001", "1003", "1002"]
    assert await found("1001", "owner=me") == ["1001", "1001"]
    assert await found("other", "owed=true") == ["1002"]
    assert await found("1002", "due=today") == ["1002"], "at six of an office's day"
    assert await found("chief", "due=overdue") == []
    assert await found("lead", "owed=true") == []
    move(office, 7 * 3600)
    assert await found("chief", "due=overdue") == ["1002"]
    _, said = await ask(office, "chief", "GET", "/follow-ups/figures")
    assert (said["total"], said["late"]) == (3, 1)
    assert said["done"] == [
        {"person": "1001", "category": "after_use", "result": "satisfied", "on_time": 1, "late": 1},
        {"person": "1003", "category": "before_use", "result": "fair", "on_time": 1, "late": 0},
    ]
    assert said["owed"] == [{"person": "1002", "open": 1, "overdue": 1, "not_reached": 0}]
    _, said = await ask(office, "lead", "GET", "/follow-ups/figures")
    assert (said["total"], said["owed"]) == (2, [])
    assert (
        await ask(office, "chief", "GET", "/follow-ups/figures?until=2020-01-01T00:00:00Z&since=2021-01-01T00:00:00Z")
    )[0] == 422


async def test_it_is_asked_for_with_its_customer(office: House) -> None:
    customer = await office.office.store.customers.create(CustomerCard(name="张三", level="gold"), "1001")
    one = await made(office, customer=customer.id)
    where = {"field": "customer.level", "op": "is", "values": ["gold"]}
    status, said = await ask(office, "1001", "POST", "/query", {"kind": "follow_up", "where": where})
    assert (status, said["total"]) == (200, 1), said
    related = {"related": "follow_up", "where": {"field": "state", "op": "is", "values": ["open"]}}
    status, said = await ask(office, "1001", "POST", "/query", {"kind": "customer", "where": related})
    assert (status, said["total"]) == (200, 1), said
    await order(office, "1001", one, "done", result="fair")
    assert (await ask(office, "1001", "POST", "/query", {"kind": "customer", "where": related}))[1]["total"] == 0


async def test_who_has_no_right_to_see_them_has_none(office: House) -> None:
    await set_role(office, "agent", take=["follow_up.read"])
    for path in ("", "/1", "/figures", "/journal", "/1/sheet"):
        assert (await ask(office, "1001", "GET", f"/follow-ups{path}"))[0] == 403
    status, _ = await ask(office, "1001", "POST", "/query", {"kind": "follow_up"})
    assert status == 422
