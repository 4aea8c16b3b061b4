from __future__ import annotations

import asyncio
import io
import json
import sqlite3
from pathlib import Path

import pytest

from callcenterd.errors import CallcenterdError, Fault, FaultyFile, NotFound, NotNow, Refused
from callcenterd.store.database import CannotStore
from callcenterd.web.answers import NotAllowed, TooManyAttempts, WrongFields, refusal
from callcenterd.worker.pool import JobFailed
from tests.web.house import House


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (NotFound("agent", "1001"), 404, "not_found"),
        (NotNow("phone 1001 is not registered"), 409, "not_now"),
        (Refused("no", {"name": "is missing"}), 422, "wrong_fields"),
        (FaultyFile([Fault("site.yaml", 3, "no")]), 422, "faulty_file"),
        (CannotStore("the database failed: disk I/O error"), 503, "unavailable"),
        (JobFailed("speak", "it died"), 503, "unavailable"),
        (NotAllowed(), 403, "not_allowed"),
        (TooManyAttempts(7), 429, "too_many_attempts"),
        (WrongFields({"a": ("missing", {})}), 422, "wrong_fields"),
    ],
)
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_table_from_errors_to_answers(fault: CallcenterdError, status: int, code: str, language: str) -> None:
    answer = refusal(fault, language)  # type: ignore[arg-type]
    assert answer.status == status
    error = json.loads(answer.body)["error"]  # type: ignore[arg-type]
    assert error["code"] == code
    assert error["message"]
    assert set(error) <= {"code", "message", "fields", "faults"}


def test_what_the_database_said_is_for_the_log_and_not_for_who_asked() -> None:
    assert b"disk I/O" not in bytes(refusal(CannotStore("the database failed: disk I/O error"), "en").body)  # type: ignore[arg-type]


def test_a_faulty_file_says_each_fault_with_its_line() -> None:
    error = json.loads(refusal(FaultyFile([Fault("a.yaml", 7, "twice", 3)]), "en").body)["error"]  # type: ignore[arg-type]
    assert error["faults"] == [{"file": "a.yaml", "line": 7, "column": 3, "reason": "twice"}]


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed"),
        (b"", "application/json", 400, "malformed"),
        (b"\xff\xfe", "application/json", 400, "malformed"),
        (b'{"name": "\\ud800"}', "application/json", 400, "malformed"),
        (b"[" * 100_000, "application/json", 400, "malformed"),
        (b"[]", "application/json", 422, "wrong_fields"),
        (b'{"name": "x", "nickname": "y"}', "application/json", 422, "wrong_fields"),
        (b'{"name": ["x"]}', "application/json", 422, "wrong_fields"),
        (b'{"name": "a\\u0000b"}', "application/json", 422, "wrong_fields"),
        (b"name=x", "application/x-www-form-urlencoded", 415, "not_json"),
        (b"{}", "text/plain", 415, "not_json"),
        (b'{"note": "' + b"x" * (1 << 20) + b'"}', "application/json", 413, "too_large"),
    ],
)
async def test_content_that_cannot_be_taken(office: House, content: bytes, kind: str, status: int, code: str) -> None:
    headers = {**await office.as_("1001"), "Content-Type": kind}
    answer = await office.client.post("/api/v1/customers", data=io.BytesIO(content), headers=headers)
    assert answer.status == status
    assert (await answer.json())["error"]["code"] == code


async def test_more_than_was_announced_is_still_too_large(office: House) -> None:
    async def endless() -> object:
        for _ in range(40):
            yield b" " * (64 << 10)

    headers = {**await office.as_("1001"), "Content-Type": "application/json"}
    answer = await office.client.post("/api/v1/customers", data=endless(), headers=headers)
    assert answer.status == 413


async def test_packed_content_is_not_unpacked(office: House) -> None:
    headers = {**await office.as_("1001"), "Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await office.client.post("/api/v1/customers", data=b"\x1f\x8b not really", headers=headers)
    assert answer.status == 400


async def test_content_that_does_not_come_is_not_waited_for(office: House) -> None:
    headers = await office.as_("1001")
    reader, writer = await asyncio.open_connection("127.0.0.1", office.client.server.port)
    writer.write(
        f"POST /api/v1/customers HTTP/1.1\r\nHost: [::1]\r\nContent-Type: application/json\r\nContent-Length: 500\r\n"
        f"Authorization: {headers['Authorization']}\r\n\r\n{{".encode()
    )
    async with asyncio.timeout(15.0):
        status = await reader.readline()
    assert status.split()[1] == b"408"
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "no_such_address"),
        ("GET", "/api/", 404, "no_such_address"),
        ("PATCH", "/api/v1/customers", 405, "method_not_allowed"),
        ("OPTIONS", "/api/v1/calls", 405, "method_not_allowed"),
    ],
)
async def test_what_there_is_not_is_said_as_json_under_the_api(
    office: House, method: str, path: str, status: int, code: str
) -> None:
    answer = await office.client.request(method, path)
    assert answer.status == status
    assert (await answer.json())["error"]["code"] == code


async def test_an_error_speaks_the_readers_language(office: House) -> None:
    english = await office.client.get("/api/v1/calls", headers={"Accept-Language": "en"})
    assert (await english.json())["error"]["message"] == "Sign in first"
    chinese = await office.client.get("/api/v1/calls", headers={"Accept-Language": "zh-CN"})
    assert (await chinese.json())["error"]["message"] == "请先登录"


async def test_a_condition_given_twice_or_unknown_is_refused(office: House) -> None:
    headers = await office.as_("1001")
    answer = await office.client.get("/api/v1/calls?limit=1&limit=2&sort=1", headers=headers)
    assert answer.status == 422
    answer = await office.client.get("/api/v1/calls?sort=1", headers=headers)
    assert (await answer.json())["error"]["fields"] == {"sort": "没有这一项"}


async def test_a_database_that_fails_is_503_and_says_nothing_of_itself(office: House, tmp_path: Path) -> None:
    headers = await office.as_("1001")
    with sqlite3.connect(tmp_path / "callcenter.db") as other:
        other.execute("ALTER TABLE calls RENAME TO elsewhere")
    other.close()
    answer = await office.client.get("/api/v1/calls", headers=headers)
    assert answer.status == 503
    error = (await answer.json())["error"]
    assert error["code"] == "unavailable"
    assert "calls" not in error["message"]
