"""Customers from a file, over HTTP: upload, preview, import, the faulty rows again, undo; and what is refused."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from callcenterd.web.office import MODULES
from tests.web.house import House

FILE = (
    '姓名,手机号,级别,备注\r\n张三,13800138000,金卡,=HYPERLINK("x")\r\n'
    "李四,没有,金卡,\r\n王五,139 0013 9000,普通,老客户\r\n"
)


class Boss:
    """A supervisor with a list of customers."""

    def __init__(self, office: House) -> None:
        self.office = office
        self.headers: dict[str, str] = {}

    async def ask(self, method: str, path: str, body: Any = None, login: str = "boss") -> tuple[int, Any]:
        headers = await self.office.as_(login)
        more: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
        if isinstance(body, bytes):
            headers = headers | {"Content-Type": "application/octet-stream"}
        answer = await self.office.client.request(method, f"/api/v1{path}", headers=headers, **more)
        return answer.status, await answer.json() if answer.content_type == "application/json" else await answer.text()

    async def upload(self, text: str = FILE, name: str = "..\\list.csv") -> dict[str, Any]:
        status, opened = await self.ask("POST", f"/imports?name={name}", text.encode())
        assert status == 201, opened
        known: dict[str, Any] = opened
        return known

    async def over(self, number: int) -> dict[str, Any]:
        async with asyncio.timeout(10):
            while True:
                _, job = await self.ask("GET", f"/imports/{number}")
                if job["state"] not in ("running", "undoing"):
                    known: dict[str, Any] = job
                    return known
                await asyncio.sleep(0.02)


async def test_a_list_is_looked_at_imported_and_taken_back(office: House) -> None:
    boss = Boss(office)
    opened = await boss.upload()
    number = opened["job"]["id"]
    assert opened["job"]["name"] == "list.csv"
    assert (opened["job"]["titles"], opened["job"]["rows"]) == (["姓名", "手机号", "级别", "备注"], 3)
    assert opened["guessed"] == {"0": "name", "1": "phones", "2": "level", "3": "note"}
    _, preview = await boss.ask("POST", f"/imports/{number}/preview", {"columns": opened["guessed"]})
    assert [row["card"]["name"] for row in preview["items"]] == ["张三", "", "王五"]
    assert list(preview["items"][1]["faults"]) == ["phones"]
    terms = {"columns": opened["guessed"], "keys": ["phones"], "duplicates": "update"}
    assert (await boss.ask("POST", f"/imports/{number}/start", terms))[0] == 200
    job = await boss.over(number)
    assert (job["state"], job["created"], job["faulty"], job["done"]) == ("done", 2, 1, 3)
    assert (await boss.ask("POST", f"/imports/{number}/start", terms))[0] == 409
    assert not list(office.recordings.parent.glob("imports/*"))

    _, found = await boss.ask("GET", "/customers?q=zhangsan")
    assert (found["items"][0]["level"], found["items"][0]["note"]) == ("gold", '=HYPERLINK("x")')
    _, faults = await boss.ask("GET", f"/imports/{number}/faults.csv")
    assert faults.splitlines() == [
        "\ufeff行号,原因,姓名,手机号,级别,备注",
        "3,电话: 没有 不是电话号码,李四,没有,金卡,",
    ]
    again = await boss.upload()
    assert again["guessed"] == {"0": "name", "1": "phones", "2": "level", "3": "note"}
    await boss.ask("DELETE", f"/imports/{again['job']['id']}")

    assert (await boss.ask("POST", f"/imports/{number}/undo", {}))[0] == 200
    job = await boss.over(number)
    assert (job["state"], job["reverted"], job["left"]) == ("undone", 2, 0)
    assert (await boss.ask("GET", "/customers"))[1]["total"] == 0
    trail = await office.app[MODULES].importing._store.audit.search(what="import")
    assert {entry.what for entry in trail[0]} >= {"import.started", "import.done", "import.undone"}


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"columns": {"0": "name", "1": "name"}}, "columns"),
        ({"columns": {"9": "name"}}, "columns"),
        ({"columns": {"-1": "name"}}, "columns"),
        ({"columns": {"0": "password"}}, "columns"),
        ({"columns": {"3": "note"}}, "columns"),
        ({"columns": {"0": "name"}, "keys": ["phones"]}, "keys"),
        ({"columns": {"0": "name"}, "keys": [], "duplicates": "update"}, "keys"),
        ({"columns": {"0": "name"}, "keys": ["name"]}, "keys.0"),
        ({"columns": {"0": "name"}, "more": 1}, "more"),
    ],
)
async def test_terms_that_cannot_be(office: House, terms: dict[str, Any], field: str) -> None:
    boss = Boss(office)
    number = (await boss.upload())["job"]["id"]
    status, body = await boss.ask("POST", f"/imports/{number}/start", terms)
    assert status == 422
    assert field in body["error"]["fields"]
    assert (await boss.ask("GET", f"/imports/{number}"))[1]["state"] == "uploaded"


@pytest.mark.parametrize(
    "octets", [b"", b"\x89PNG\r\n\x1a\n\x00", b"PK\x03\x04" + bytes(40), b"a,b\n", b'"open\nquote'], ids=repr
)
async def test_what_is_no_list_leaves_nothing_behind(office: House, octets: bytes, tmp_path: Path) -> None:
    boss = Boss(office)
    status, body = await boss.ask("POST", "/imports?name=x.csv", octets)
    assert (status, list(body["error"]["fields"])) == (422, ["file"])
    assert (await boss.ask("GET", "/imports"))[1] == {"items": [], "total": 0}
    assert not list(office.recordings.parent.glob("imports/*"))


async def test_agents_import_nothing_and_an_import_is_stopped_only_while_it_runs(office: House) -> None:
    boss = Boss(office)
    number = (await boss.upload())["job"]["id"]
    for method, path in (("GET", "/imports"), ("POST", "/imports"), ("POST", f"/imports/{number}/undo")):
        assert (await boss.ask(method, path, login="1001"))[0] == 403
    assert (await boss.ask("POST", f"/imports/{number}/stop", {}))[0] == 409
    assert (await boss.ask("POST", f"/imports/{number}/undo", {}))[0] == 409
    assert (await boss.ask("GET", "/imports/99"))[0] == 404
    assert (await boss.ask("DELETE", f"/imports/{number}"))[0] == 204
