"""Files by the API: hostile names, hostile contents, and whose they are."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import pytest

from callcenterd import config
from tests.web.house import House, house

PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)
HTML = b"<html><script>alert(document.cookie)</script></html>"


class Desk:
    """One customer, and who asks about their files."""

    def __init__(self, office: House, customer: int) -> None:
        self.office = office
        self.customer = customer

    async def ask(self, login: str, method: str, path: str, **more: Any) -> tuple[int, Any]:
        headers = await self.office.as_(login)
        answered = await self.office.client.request(method, f"/api/v1{path}", headers=headers, **more)
        return answered.status, await answered.json() if answered.status != 204 else None

    async def attach(self, name: str, octets: Any = b"hello", login: str = "1001", **query: str) -> tuple[int, Any]:
        given = {"kind": "customer", "record": str(self.customer), "name": name} | query
        return await self.ask(login, "POST", "/attachments", params=given, data=octets)

    async def listed(self) -> list[Any]:
        status, found = await self.ask("1001", "GET", f"/attachments?kind=customer&record={self.customer}")
        assert status == 200
        return list(found["items"])

    async def saved(self, attachment: int, **query: str) -> Any:
        headers = await self.office.as_("1001")
        path = f"/api/v1/attachments/{attachment}/file"
        return await self.office.client.get(path, params=query, headers=headers)


async def opened(office: House) -> Desk:
    headers = await office.as_("1001")
    made = await office.client.post("/api/v1/customers", json={"name": "赵六"}, headers=headers)
    return Desk(office, (await made.json())["id"])


@pytest.fixture
async def desk(office: House) -> Desk:
    return await opened(office)


async def test_a_file_is_attached_listed_saved_and_removed(desk: Desk) -> None:
    status, kept = await desk.attach("合同 2026.txt", b"hello")
    assert (status, kept["name"], kept["octets"], kept["type"]) == (201, "合同 2026.txt", 5, "text/plain")
    assert (kept["kind"], kept["record"], kept["by"]) == ("customer", str(desk.customer), "1001")
    assert [one["id"] for one in await desk.listed()] == [kept["id"]]
    answered = await desk.saved(kept["id"])
    assert (answered.status, await answered.read()) == (200, b"hello")
    assert answered.headers["Content-Disposition"] == (
        "attachment; filename=\"__ 2026.txt\"; filename*=UTF-8''%E5%90%88%E5%90%8C%202026.txt"
    )
    assert (await desk.ask("1001", "DELETE", f"/attachments/{kept['id']}"))[0] == 204
    assert await desk.listed() == []
    assert (await desk.saved(kept["id"])).status == 404
    trail, _ = await desk.office.office.store.audit.search(what="attachment")
    assert [entry.what for entry in trail] == ["attachment.removed", "attachment.saved", "attachment.added"]


@pytest.mark.parametrize(
    ("octets", "name"),
    [
        (HTML, "page.html"),
        (HTML, "photo.png"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "a.svg"),
        (b"%PDF-1.7\n" + HTML, "a.pdf"),
        (b"MZ" + bytes(100), "a.jpg"),
    ],
)
async def test_nothing_but_a_picture_is_ever_shown_by_a_browser(desk: Desk, octets: bytes, name: str) -> None:
    """Whatever it is called, and whoever asks for it to be shown."""
    _, kept = await desk.attach(name, octets)
    for query in ({}, {"inline": "true"}):
        answered = await desk.saved(kept["id"], **query)
        headers = answered.headers
        assert headers["Content-Type"] == "application/octet-stream"
        assert headers["Content-Disposition"].startswith("attachment;")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in headers["Content-Security-Policy"]
        assert await answered.read() == octets


async def test_a_picture_is_shown_as_one_though_it_is_a_script_too(desk: Desk) -> None:
    _, kept = await desk.attach("a.html", PNG + HTML)
    answered = await desk.saved(kept["id"], inline="true")
    assert answered.headers["Content-Type"] == "image/png"
    assert answered.headers["Content-Disposition"].startswith("inline;")
    assert "sandbox" in answered.headers["Content-Security-Policy"]
    assert answered.headers["X-Content-Type-Options"] == "nosniff"
    assert (await desk.saved(kept["id"])).headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("name", "status", "shown"),
    [
        ("../../../../etc/passwd", 201, "passwd"),
        ("..\\..\\windows\\system32\\cmd.exe", 201, "cmd.exe"),
        ("/etc/shadow", 201, "shadow"),
        ("..%2f..%2fetc%2fpasswd", 201, "..%2f..%2fetc%2fpasswd"[2:]),
        ("a\0.txt", 422, ""),
        ("a\r\nSet-Cookie: x=1", 201, "aSet-Cookie_ x=1"),
        ("con", 201, "_con"),
        ("AUX.txt", 201, "_AUX.txt"),
        ("x" * 256, 422, ""),
        ("..", 201, "file"),
        ("", 422, ""),
    ],
)
async def test_no_name_is_a_path(desk: Desk, tmp_path: Path, name: str, status: int, shown: str) -> None:
    """W-40: whatever a file is called, nothing is written but under its hash in the data folder."""
    before = {path for path in tmp_path.parent.rglob("*") if "attachments" not in path.parts}
    answered, kept = await desk.attach(name)
    assert answered == status
    after = {path for path in tmp_path.parent.rglob("*") if "attachments" not in path.parts}
    assert {path.name for path in after - before} <= {"callcenter.db-wal", "callcenter.db-shm"}
    if status == 201:
        assert kept["name"] == shown
        files = [path for path in (tmp_path / "attachments").rglob("*") if path.is_file()]
        assert [path.name for path in files] == [kept["sha256"]]
        headers = (await desk.saved(kept["id"])).headers
        assert "Set-Cookie" not in headers
        assert "/" not in headers["Content-Disposition"].replace("%2F", "")


@pytest.mark.parametrize("number", ["../1", "..%2f1", "%00", "0x1", "1" * 300, "con", "-1"])
async def test_no_address_is_a_path(desk: Desk, number: str) -> None:
    await desk.attach("a.txt")
    headers = await desk.office.as_("root")
    answered = await desk.office.client.get(f"/api/v1/attachments/{number}/file", headers=headers)
    assert answered.status in (400, 404), await answered.text()


async def test_of_a_record_that_is_not_or_of_no_kind_there_are_no_files(desk: Desk) -> None:
    for record, kind, status in (
        ("999", "customer", 404),
        ("../1", "customer", 404),
        ("1", "complaint", 404),
        ("nothing", "call", 404),
        ("1", "secret", 422),
    ):
        assert (await desk.attach("a", record=record, kind=kind))[0] == status
        assert (await desk.ask("root", "GET", f"/attachments?kind={kind}&record={record}"))[0] == status


async def test_who_may_not_see_a_call_may_not_see_its_files(desk: Desk) -> None:
    await desk.office.keep_call("c1", queue="sales", agent="1001")
    status, kept = await desk.attach("a.txt", kind="call", record="c1")
    assert status == 201
    for login, expected in (("1001", 200), ("root", 200), ("1003", 404)):
        assert (await desk.ask(login, "GET", "/attachments?kind=call&record=c1"))[0] == expected, login
        headers = await desk.office.as_(login)
        path = f"/api/v1/attachments/{kept['id']}/file"
        assert (await desk.office.client.get(path, headers=headers)).status == expected
    assert (await desk.attach("b.txt", login="1003", kind="call", record="c1"))[0] == 404
    assert (await desk.ask("1003", "DELETE", f"/attachments/{kept['id']}"))[0] == 404


async def test_what_others_attached_a_supervisor_may_remove(desk: Desk) -> None:
    _, kept = await desk.attach("a.txt", login="1001")
    assert (await desk.ask("1002", "DELETE", f"/attachments/{kept['id']}"))[0] == 403
    assert (await desk.ask("chief", "DELETE", f"/attachments/{kept['id']}"))[0] == 403
    assert (await desk.ask("boss", "DELETE", f"/attachments/{kept['id']}"))[0] == 204


async def test_what_is_too_large_or_empty_or_a_virus_is_said_in_words(tmp_path: Path, database: Path) -> None:
    shutil.copy(database, tmp_path / "callcenter.db")
    rules = config.Attachments(most_mb=1, scan_command=("/bin/false",))
    async with house(tmp_path, attachments=rules) as office:
        desk = await opened(office)
        large, empty = await desk.attach("a", io.BytesIO(bytes((1 << 20) + 1))), await desk.attach("a", b"")
        infected = await desk.attach("a", b"x")
        assert [(status, said["error"]["code"]) for status, said in (large, empty, infected)] == [
            (413, "file_too_large"),
            (422, "file_empty"),
            (422, "file_infected"),
        ]
        assert "1 MiB" in large[1]["error"]["message"]
        assert await desk.listed() == []
        assert not any(path.is_file() for path in (tmp_path / "attachments").rglob("*"))


async def test_a_virus_check_that_is_broken_lets_nothing_in(tmp_path: Path, database: Path) -> None:
    shutil.copy(database, tmp_path / "callcenter.db")
    async with house(tmp_path, attachments=config.Attachments(scan_command=("/nowhere/scan",))) as office:
        status, said = await (await opened(office)).attach("a", b"x")
        assert (status, said["error"]["code"]) == (503, "file_unchecked")


async def test_more_than_was_said_ends_the_upload_where_it_is_too_much(tmp_path: Path, database: Path) -> None:
    """Without a length told before: what comes is counted."""
    shutil.copy(database, tmp_path / "callcenter.db")

    async def endless() -> Any:
        for _ in range(64):
            yield bytes(1 << 16)

    async with house(tmp_path, attachments=config.Attachments(most_mb=1)) as office:
        desk = await opened(office)
        status, said = await desk.attach("a", endless())
        assert (status, said["error"]["code"]) == (413, "file_too_large")
        assert not any(path.is_file() for path in (tmp_path / "attachments").rglob("*"))


async def test_a_file_whose_octets_are_gone_is_not_there(desk: Desk) -> None:
    _, kept = await desk.attach("a.txt")
    files = desk.office.office.modules.attachments
    files.path(await files.get(kept["id"])).unlink()
    assert (await desk.saved(kept["id"])).status == 404
