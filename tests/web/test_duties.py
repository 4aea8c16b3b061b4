"""Duties over the API: what one sees and does, promises out of a call, and two who edit at once."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from callcenterd import site as site_file
from callcenterd.model.calls import CallRecord
from callcenterd.model.customers import CustomerCard
from callcenterd.model.ids import CallId
from callcenterd.tickets.kinds import KINDS
from callcenterd.tickets.ledger import Wanted
from callcenterd.web.socket import STREAMS
from tests.kit.virtual import START, VirtualClock
from tests.web.house import House, cheap_passwords, house
from tests.web.test_live import Listener
from tests.web.test_rooms import ask, settled
from tests.web.test_teams import TEAMS

CALLER = "13800000001"
_TEAMS = "users:" + TEAMS.partition("users:")[2]
LATER = (START + timedelta(hours=2)).isoformat()


@pytest.fixture
async def office(tmp_path: Path, database: Path) -> AsyncIterator[House]:
    """In virtual time, with teams: 1001 is lead's, 1002 and 1003 are other's."""
    shutil.copy(database, tmp_path / "callcenter.db")
    async with house(tmp_path, clock=VirtualClock()) as opened:
        kept = opened.office
        await site_file.apply_text(kept.store, cheap_passwords(), _TEAMS, "teams.yaml")
        await kept.site_changed()
        yield opened


async def made(office: House, login: str = "1001", **known: Any) -> dict[str, Any]:
    status, said = await ask(office, login, "POST", "/duties", {"kind": "task", "title": "开发票"} | known)
    assert status == 201, said
    return dict(said)


async def test_a_task_from_its_making_to_its_end(office: House) -> None:
    task = await made(office, due=LATER, note="抬头见邮件", number="138 0000 0001", priority=1)
    assert (task["owner"], task["state"], task["version"]) == ("1001", "open", 1)
    path = f"/duties/{task['id']}"
    status, said = await ask(office, "1001", "PUT", path, {"version": 1, "title": "开专用发票"})
    assert (status, said["title"], said["note"], said["version"]) == (200, "开专用发票", "抬头见邮件", 2)
    assert (await ask(office, "1001", "POST", f"{path}/note", {"text": "已问财务"}))[0] == 200
    later = (START + timedelta(hours=4)).isoformat()
    status, said = await ask(
        office, "1001", "POST", f"{path}/postpone", {"version": 2, "due": later, "reason": "等公章"}
    )
    assert (status, said["version"], said["first_due"] < said["due"]) == (200, 3, True)
    status, said = await ask(
        office, "1001", "POST", f"{path}/done", {"version": 3, "outcome": "done", "text": "已寄出"}
    )
    assert (status, said["state"], said["outcome"], said["closed_by"]) == (200, "done", "done", "1001")
    assert (await ask(office, "1001", "POST", f"{path}/note", {"text": "x"}))[0] == 409
    status, said = await ask(office, "1001", "GET", path)
    assert [(step["kind"], step["by"], step["text"]) for step in said["steps"]] == [
        ("created", "1001", ""),
        ("changed", "1001", ""),
        ("noted", "1001", "已问财务"),
        ("postponed", "1001", "等公章"),
        ("done", "1001", "已寄出"),
    ]


async def test_the_second_of_two_is_told_what_is_now(office: House) -> None:
    task = await made(office)
    path = f"/duties/{task['id']}"
    assert (await ask(office, "1001", "PUT", path, {"version": 1, "title": "先"}))[0] == 200
    for order, body in (
        ("PUT ", {"title": "后"}),
        ("POST /take", {}),
        ("POST /assign", {"owner": "1002"}),
        ("POST /postpone", {"due": LATER, "reason": "x"}),
        ("POST /done", {}),
        ("POST /cancel", {"text": "x"}),
    ):
        method, _, rest = order.partition(" ")
        status, said = await ask(office, "root", method, f"{path}{rest}", {"version": 1} | body)
        assert (status, said["error"]["code"]) == (409, "changed_meanwhile"), order
        assert (said["error"]["now"]["title"], said["error"]["now"]["version"]) == ("先", 2)
    assert (await ask(office, "1001", "GET", path))[1]["duty"]["title"] == "先"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "lost_caller", "number": "1"}, "kind"),
        ({"kind": "task"}, "title"),
        ({"kind": "task", "title": "x", "owner": "nobody"}, "owner"),
        ({"kind": "task", "title": "x", "due": START.isoformat()}, "due"),
        ({"kind": "task", "title": "x", "due": LATER, "minutes": 5}, "minutes"),
        ({"kind": "task", "title": "x", "customer": 99}, "customer"),
        ({"kind": "task", "title": "x", "priority": 2}, "priority"),
        ({"kind": "task", "title": "x\0"}, "title"),
        ({"kind": "task", "title": "x", "more": 1}, "more"),
    ],
)
async def test_what_cannot_be_owed_is_refused_with_its_field(office: House, body: dict[str, Any], field: str) -> None:
    status, said = await ask(office, "1001", "POST", "/duties", body)
    assert status == 422, said
    assert field in said["error"]["fields"]


async def test_lists_and_counts_are_of_what_one_sees(office: House) -> None:
    await made(office, due=LATER)
    await made(office, "root", title="取件", owner="", queue="sales", minutes=10)
    await made(office, "1002", title="别组的事")
    office.office.clock.move(3600)  # type: ignore[attr-defined]

    async def titles(login: str, conditions: str = "") -> list[str]:
        status, said = await ask(office, login, "GET", f"/duties{conditions}")
        assert (status, said["total"]) == (200, len(said["items"]))
        return [item["title"] for item in said["items"]]

    assert await titles("1001", "?state=open") == ["取件", "开发票"]
    assert await titles("1001", "?owner=me") == ["开发票"]
    assert await titles("1001", "?owner=nobody") == ["取件"]
    assert await titles("1001", "?overdue=true") == ["取件"]
    assert await titles("1001", "?text=发票") == ["开发票"]
    assert await titles("1003") == []
    assert await titles("other") == ["别组的事"]
    assert await titles("chief") == ["别组的事", "取件", "开发票"]
    for login, counts in (
        ("1001", {"mine": 1, "due": 0, "unowned": 1, "overdue": 1}),
        ("1003", {"mine": 0, "due": 0, "unowned": 0, "overdue": 0}),
        ("lead", {"mine": 0, "due": 0, "unowned": 1, "overdue": 1}),
    ):
        assert await ask(office, login, "GET", "/duties/counts") == (200, counts)


async def test_a_calendar_is_of_what_one_sees_and_of_so_many_days(office: House) -> None:
    day = timedelta(days=1)
    for login in ("1001", "1002"):
        for n in range(1, 4):
            await made(office, login, due=(START + n * day).isoformat(), title=f"{login} {n}")

    async def days(login: str, count: float, **more: str) -> tuple[int, Any]:
        named = {"since": START.isoformat(), "until": (START + count * day).isoformat()} | more
        return await ask(office, login, "GET", f"/duties/calendar?{urlencode(named)}")

    async def titles(login: str, **more: str) -> list[str]:
        status, said = await days(login, 3, **more)
        assert (status, said["total"]) == (200, len(said["items"]))
        return [item["title"] for item in said["items"]]

    assert await titles("1001") == ["1001 1", "1001 2"]
    assert await titles("lead") == ["1001 1", "1001 2"]
    assert await titles("boss") == ["1001 1", "1002 1", "1001 2", "1002 2"]
    assert await titles("boss", owner="1002", state="open", kind="task") == ["1002 1", "1002 2"]
    assert await titles("boss", owner="me") == []
    assert await titles("boss", state="done") == []
    status, said = await days("boss", 45, limit="4")
    assert (status, len(said["items"]), said["total"]) == (200, 4, 6)
    for count in (0, -1, 45.1):
        status, said = await days("boss", count)
        assert (status, list(said["error"]["fields"])) == (422, ["until"])
    assert (await days("boss", 3, limit="2001"))[0] == 422
    assert (await days("boss", 3, state="cancelled"))[0] == 422
    assert (await ask(office, "boss", "GET", "/duties/calendar"))[0] == 422


async def test_every_kind_is_told_with_what_it_needs(office: House) -> None:
    _, said = await ask(office, "1001", "GET", "/duties/kinds")
    assert {kind["name"]: kind["outcomes"] for kind in said["items"]} == {
        name: list(kind.outcomes) for name, kind in KINDS.items()
    }


# ---- promises ---------------------------------------------------------------------------------------------------


async def test_a_promise_out_of_a_call_is_seen_by_who_gets_the_next_one(office: House) -> None:
    customer = await office.office.store.customers.create(CustomerCard(name="张三", phones=(CALLER,)), "1001")
    await office.keep_call("first")
    status, said = await ask(office, "1001", "POST", "/calls/first/promise", {"minutes": 15, "title": "报价"})
    assert status == 201, said
    assert (said["owner"], said["number"], said["customer"], said["call"]) == ("1001", CALLER, customer.id, "first")
    assert said["due"] == (START + timedelta(minutes=15)).isoformat().replace("+00:00", "Z")
    await office.keep_call("second", queue="complaints", agent="1002", caller=f"+86{CALLER}")
    for login, path in (("1002", "/calls/second/promises"), ("1002", f"/customers/{customer.id}/promises")):
        _, seen = await ask(office, login, "GET", path)
        assert [item["title"] for item in seen["items"]] == ["报价"], path
    assert (await ask(office, "1002", "GET", f"/duties/{said['id']}"))[0] == 404, "it is none of 1002's affairs yet"


async def test_who_speaks_with_them_may_close_it(office: House) -> None:
    await office.keep_call("first")
    _, promise = await ask(office, "1001", "POST", "/calls/first/promise", {"minutes": 15})
    office.registers("1002")
    await office.board.desk.set_state("1002", "ready")
    await site_file.apply_text(
        office.office.store, cheap_passwords(), 'queues: [{name: sales, members: ["1002"]}]', "site.yaml"
    )
    await office.office.site_changed()
    office.comes(caller=CALLER)
    await settled()
    office.answers()
    await settled()
    await office.board.history.settled()
    body = {"version": promise["version"], "outcome": "kept"}
    assert (await ask(office, "1003", "POST", f"/duties/{promise['id']}/done", body))[0] == 404
    status, said = await ask(office, "1002", "POST", f"/duties/{promise['id']}/done", body)
    assert (status, said.get("closed_by")) == (200, "1002"), said


async def test_a_caller_who_hides_the_number_cannot_be_promised_a_call(office: House) -> None:
    await office.keep_call("hidden", caller="")
    status, said = await ask(office, "1001", "POST", "/calls/hidden/promise", {"minutes": 15})
    assert (status, list(said["error"]["fields"])) == (422, ["number"])
    status, said = await ask(office, "1001", "POST", "/calls/hidden/promise", {"minutes": 15, "number": CALLER})
    assert status == 201


async def test_of_a_call_that_we_made_it_is_the_other_side(office: House) -> None:
    record = CallRecord(
        id=CallId("out"), direction="outbound", caller="1001", called=CALLER, started_at=START, ended_at=START
    )
    await office.office.store.calls.begin(record)
    status, said = await ask(office, "root", "POST", "/calls/out/promise", {})
    assert (status, said["number"], said["owner"]) == (201, CALLER, "root")


async def test_kept_promises_are_counted_of_whom_one_oversees(office: House) -> None:
    ledger, clock = office.office.modules.ledger, office.office.clock
    for owner, closes in (("1001", True), ("1001", True), ("1001", False), ("1002", False)):
        promise = await ledger.create(
            Wanted(kind="promise", number=CALLER, due=clock.utc() + timedelta(minutes=1)), owner
        )
        if closes:
            await ledger.done(promise, 1, owner)
    clock.move(3600)  # type: ignore[attr-defined]
    for login, promised, kept, teams in (
        ("1001", 3, 2, ["one"]),
        ("lead", 3, 2, ["one"]),
        ("other", 1, 0, ["two"]),
        ("1003", 0, 0, []),
        ("root", 4, 2, ["one", "two"]),
    ):
        status, said = await ask(office, login, "GET", "/promises/kept")
        assert (status, said["total"]["promised"], said["total"]["kept"]) == (200, promised, kept), login
        assert [team["name"] for team in said["teams"]] == teams, login
    assert said["total"]["rate"] == 0.5
    early = (START - timedelta(days=9)).isoformat().replace("+00:00", "Z")
    at = START.isoformat().replace("+00:00", "Z")
    status, said = await ask(office, "root", "GET", f"/promises/kept?since={early}&until={at}")
    assert (status, said["total"]["rate"]) == (200, None)
    assert (await ask(office, "root", "GET", f"/promises/kept?since={at}&until={early}"))[0] == 422


async def test_news_of_duties_arrive_where_they_are_seen(office: House) -> None:
    live = office.app[STREAMS].live
    pages = {login: Listener(office, live, login, role) for login, role in _ROLES.items()}
    for page in pages.values():
        page.take()
    await made(office, title="秘密的事")
    heard = {login for login, page in pages.items() if "秘密的事" in str(page.take())}
    assert heard == {"1001", "lead", "root"}


_ROLES: dict[str, Any] = {
    "1001": "agent",
    "1002": "agent",
    "lead": "supervisor",
    "other": "supervisor",
    "root": "admin",
}
