"""Televisions on the wall: figures by a link of their own, and nothing else; who may make one, and for which queues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from callcenterd import site as site_file
from callcenterd.model.customers import CustomerCard
from callcenterd.web.shell import PAGES
from tests.web.house import House
from tests.web.test_queues import waits
from tests.web.test_roles import set_role

TEAM = """
users:
  - {login: lead, name: 组长, role: supervisor}
teams:
  - {name: one, members: ["1001"], leaders: [lead]}
"""
Said = tuple[int, dict[str, Any]]


async def ask(office: House, method: str, path: str, headers: Mapping[str, str], body: object = None) -> Said:
    answer = await office.client.request(method, f"/api/v1{path}", headers=headers, json=body)
    return answer.status, await answer.json() if answer.status != 204 else {}


async def made(office: House, login: str, *queues: str, **more: object) -> dict[str, Any]:
    wanted = {"name": "大厅", "queues": list(queues), **more}
    status, said = await ask(office, "POST", "/displays", await office.as_(login), wanted)
    assert status == 201, said
    return said


def link(said: Mapping[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {said['token']}"}


async def led(office: House) -> None:
    await site_file.apply_text(office.office.store, office.office.passwords, TEAM, "team.yaml")
    await office.office.site_changed()


async def test_a_television_shows_figures_and_no_names(office: House) -> None:
    await office.office.store.customers.create(CustomerCard(name="王女士", phones=("13812345678",)), by="root")
    television = link(await made(office, "boss", "sales"))
    office.registers("1001")
    assert (await ask(office, "POST", "/agents/1001/state", await office.as_("1001"), {"state": "break"}))[0] == 200
    status, before = await ask(office, "GET", "/display", television)
    assert before["agents"] == {"ready": 0, "talking": 0, "wrap_up": 0, "on_break": 1, "signed_in": 1}
    call = await waits(office, "13812345678")
    status, said = await ask(office, "GET", "/display", television)
    assert status == 200
    [sales] = said["queues"]
    assert (said["name"], sales["title"], sales["waiting"] - before["queues"][0]["waiting"]) == ("大厅", "销售", 1)
    assert sales["longest_since"] is not None
    assert sales["offered"] == 1
    assert set(said["agents"]) == {"ready", "talking", "wrap_up", "on_break", "signed_in"}
    assert sales["limits"]["waiting"] == {"warn": 3, "alarm": 6}
    told = str(said)
    for secret in ("13812345678", "王女士", "张三", "1001", str(call)):
        assert secret not in told
    office.board.finish(office.board.journeys[call], "caller", "normal")
    status, said = await ask(office, "GET", "/display", television)
    assert (said["queues"][0]["waiting"], said["queues"][0]["abandoned"]) == (0, 1)


async def test_its_link_opens_nothing_else(office: House) -> None:
    television = link(await made(office, "boss", "sales"))
    for path in ("/session", "/live", "/agents", "/queues", "/calls", "/customers", "/displays", "/site", "/desk"):
        assert (await ask(office, "GET", path, television))[0] in (401, 404), path
    cookie = {"Cookie": f"callcenterd_session={television['Authorization'].split()[1]}"}
    assert (await ask(office, "GET", "/display", cookie))[0] == 401
    assert (await ask(office, "GET", "/display", {}))[0] == 401
    assert (await ask(office, "GET", "/display", {"Authorization": "Bearer x"}))[0] == 401


async def test_it_shows_its_own_queues_alone_and_of_them_those_of_the_address(office: House) -> None:
    television = link(await made(office, "boss", "complaints", "sales"))

    async def shown(query: str) -> list[str]:
        status, said = await ask(office, "GET", f"/display{query}", television)
        return [queue["name"] for queue in said["queues"]] if status == 200 else [str(status)]

    assert await shown("") == ["complaints", "sales"]
    assert await shown("?queues=sales") == ["sales"]
    assert await shown("?queues=sales,nowhere,complaints,sales") == ["sales", "complaints"]
    assert await shown("?queues=nowhere") == ["422"]
    narrow = link(await made(office, "boss", "sales"))
    assert (await ask(office, "GET", "/display?queues=complaints", narrow))[0] == 422


async def test_who_is_signed_in_looks_at_it_with_their_own_eyes(office: House) -> None:
    for login, seen in (("boss", ["sales", "complaints"]), ("1001", ["sales"]), ("1003", ["complaints"])):
        status, said = await ask(office, "GET", "/display", await office.as_(login))
        assert (status, [queue["name"] for queue in said["queues"]]) == (200, seen), login


@pytest.mark.parametrize(("login", "status"), [("1001", 403), ("chief", 403), ("boss", 201), ("root", 201)])
async def test_who_may_make_one(office: House, login: str, status: int) -> None:
    wanted = {"name": "大厅", "queues": ["sales"]}
    assert (await ask(office, "POST", "/displays", await office.as_(login), wanted))[0] == status


async def test_who_leads_a_team_makes_one_of_its_queues_and_ends_no_other(office: House) -> None:
    await led(office)
    wanted = {"name": "大厅", "queues": ["complaints"]}
    lead = await office.as_("lead")
    status, said = await ask(office, "POST", "/displays", lead, wanted)
    assert (status, list(said["error"]["fields"])) == (422, ["queues"])
    other = (await made(office, "root", "complaints"))["display"]["id"]
    own = (await made(office, "lead", "sales"))["display"]["id"]
    assert [one["id"] for one in (await ask(office, "GET", "/displays", lead))[1]["items"]] == [own]
    assert (await ask(office, "DELETE", f"/displays/{other}", lead))[0] == 404
    assert (await ask(office, "DELETE", f"/displays/{own}", lead))[0] == 204


async def test_a_link_ends_when_it_is_revoked_or_its_maker_may_no_more(office: House) -> None:
    first, second = await made(office, "boss", "sales"), await made(office, "boss", "sales")
    number = first["display"]["id"]
    assert (await ask(office, "DELETE", f"/displays/{number}", await office.as_("root")))[0] == 204
    assert (await ask(office, "GET", "/display", link(first)))[0] == 401
    assert (await ask(office, "GET", "/display", link(second)))[0] == 200
    await set_role(office, "supervisor", take=["display"])
    assert (await ask(office, "GET", "/display", link(second)))[0] == 401
    trail, _ = await office.office.store.audit.search(what="display")
    assert [entry.what for entry in trail] == ["display.removed", "display.created", "display.created"]


async def test_its_token_is_told_once_and_nowhere_else(office: House) -> None:
    said = await made(office, "boss", "sales", days=7)
    listed = await ask(office, "GET", "/displays", await office.as_("boss"))
    assert said["token"] not in str(listed)
    assert listed[1]["items"][0]["created_by"] == "boss"


@pytest.mark.parametrize(
    "wanted",
    [
        {"name": "", "queues": ["sales"]},
        {"name": "大厅", "queues": []},
        {"name": "大厅", "queues": ["nowhere"]},
        {"name": "大厅", "queues": ["sales"] * 9},
        {"name": "大厅", "queues": ["sales"], "days": 0},
        {"name": "大厅", "queues": ["sales"], "days": 99999},
        {"name": "大厅\u0000", "queues": ["sales"]},
        {"name": "大厅", "queues": ["sales"], "token": "mine"},
    ],
)
async def test_what_is_no_display_is_refused(office: House, wanted: object) -> None:
    assert (await ask(office, "POST", "/displays", await office.as_("boss"), wanted))[0] == 422


async def test_it_warns_as_the_wall_does(office: House) -> None:
    television, root = link(await made(office, "boss", "sales", "complaints")), await office.as_("root")
    wanted = {"version": 0, "limits": {"waiting": {"warn": 1, "alarm": 2}, "longest": None}}
    assert (await ask(office, "PUT", "/thresholds/queues/sales", root, wanted))[0] == 200
    sales, complaints = (await ask(office, "GET", "/display", television))[1]["queues"]
    assert (sales["limits"]["waiting"], sales["limits"]["longest"]) == ({"warn": 1, "alarm": 2}, None)
    assert sales["limits"]["service_level"] == complaints["limits"]["service_level"] == {"warn": 0.8, "alarm": 0.6}
    assert complaints["limits"]["waiting"] == {"warn": 3, "alarm": 6}


async def test_the_wall_display_has_a_page_of_its_own(office: House) -> None:
    (office.app[PAGES] / "display.html").write_text("a television")
    answer = await office.client.get("/app/display?queues=sales")
    assert (answer.status, await answer.text()) == (200, "a television")
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
