"""Every condition of every list, search and order, and every place in an address, with what is more than a text."""

from __future__ import annotations

import gc
import itertools
import json
import time
import types
import typing
from collections.abc import Iterator
from typing import Any, get_args, get_origin
from urllib.parse import quote

import pytest
from yarl import URL

from callcenterd.web.describe import Route
from callcenterd.web.reference import every_route
from tests.web.house import House

SECONDS = 5.0
"""Of the processor, for one answer: most take a few milliseconds."""
SLEPT = 8.0
"""Seconds for one answer however busy the machine is; what is smuggled in would sleep for 9."""
SMUGGLED = (
    "' OR '1'='1",
    "' OR 1=1 --",
    '" OR ""="',
    "1; DROP TABLE customers; --",
    "'; DELETE FROM customers WHERE 'a'='a",
    "1 UNION SELECT login, password_hash FROM users --",
    "' UNION SELECT NULL, NULL, NULL --",
    "1) OR (1=1",
    "(SELECT sleep(9))",
    "'; SELECT pg_sleep(9); --",
    "1 AND randomblob(1000000000) IS NOT NULL",
    "name; ATTACH DATABASE '/tmp/x' AS x",
    "id DESC, (SELECT 1)",
    "-id",
    "password_hash",
    "NEAR(a b, 9)",
    "a* OR b*",
    '"a" AND NOT "b"',
    "name:*",
    "%",
    "_",
    "%_%_%_%_%_%_%_%_%_%_%_%_%_%_%_%",
    "\\",
    "[a-z]*",
    "(a+)+$" * 9,
    "((((((((((((((((((((",
    "{{7*7}}",
    "${7*7}",
    "{0.__class__}",
    "__proto__",
    "=cmd|'/c calc'!A1",
    "@SUM(1+1)*cmd",
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "/etc/passwd",
    "C:\\windows\\win.ini",
    "file:///etc/passwd",
    "x\r\nX-Smuggled: 1",
    "x\r\n\r\n<script>",
    "x\0y",
    "\u202egnp.exe",
    "\ufeff\u200b\u2028",
    "\U0010ffff",
    "ｱ̴̶̷̸" * 8,
    "İİİİ",
    "ß" * 60,
    "1e999",
    "-77777",
    "0x10",
    "٣",
    "9" * 60,
    "NaN",
    "true",
    "null",
    "[]",
    "{}",
    "*)(uid=*))(|(uid=*",
    "; cat /etc/passwd",
    "$(sleep 9)",
    "`sleep 9`",
    "2026-13-45T99:99:99Z",
)
SEARCHED = ("q", "text")
ROUTES = [route for route in every_route() if route.path != "/api/v1/events"]


def is_text(kind: Any) -> bool:
    """May a condition of this kind be any text."""
    if kind is str:
        return True
    if isinstance(kind, types.UnionType) or get_origin(kind) in (typing.Union, typing.Annotated, list, tuple):
        return any(is_text(one) for one in get_args(kind))
    return False


def address(route: Route, value: str = "1") -> str:
    path = route.path
    for name in route.parameters:
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path


def conditions(route: Route) -> list[str]:
    known = route.shape.conditions
    return [] if known is None else [info.alias or name for name, info in known.model_fields.items()]


def test_there_are_many_conditions_and_texts_among_them() -> None:
    assert sum(len(conditions(route)) for route in ROUTES) > 150
    texts = [
        name
        for route in ROUTES
        if route.shape.conditions is not None
        for name, info in route.shape.conditions.model_fields.items()
        if is_text(info.annotation)
    ]
    assert len(texts) > 40
    assert set(SEARCHED) <= set(texts)


async def office_with_records(office: House) -> None:
    headers = await office.as_("root")
    for path, record in (
        ("customers", {"name": "王五", "phones": ["13800138000"], "note": "老客户"}),
        ("consultations", {"name": "王五", "category": "use", "note": "问价格"}),
        ("complaints", {"name": "王五", "type": "service", "reason": "等了很久", "note": "太慢"}),
        ("duties", {"kind": "task", "title": "寄样品"}),
    ):
        answer = await office.client.post(f"/api/v1/{path}", json=record, headers=headers)
        assert answer.status in (200, 201), await answer.text()


@pytest.fixture(autouse=True)
def only_our_own_garbage() -> Iterator[None]:
    """To look through what thousands of tests before have left costs seconds of the processor."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def asked() -> Iterator[tuple[str, str, str]]:
    """Address, condition ("" where the text stands in the address itself) and text.

    What is searched for gets all of them, other conditions a few; in turns, so that each stands in many conditions.
    """
    turns = itertools.cycle(SMUGGLED)
    for route in ROUTES:
        if route.method != "GET":
            continue
        fields = {} if route.shape.conditions is None else route.shape.conditions.model_fields
        for name, info in fields.items():
            many = len(SMUGGLED) if name in SEARCHED else 8 if is_text(info.annotation) else 3
            yield from ((address(route), info.alias or name, text) for text in itertools.islice(turns, many))
        if route.parameters:
            yield from ((address(route, text), "", text) for text in itertools.islice(turns, 5))


async def test_what_is_smuggled_into_any_condition_is_a_text_or_refused(office: House) -> None:
    await office_with_records(office)
    headers = await office.as_("root")
    dearest, slowest = (0.0, ""), (0.0, "")
    for path, name, text in asked():
        url = office.client.make_url("/").join(URL(path, encoded=True)).with_query({name: text} if name else {})
        begun, worked = time.perf_counter(), time.process_time()
        answer = await office.client.session.get(url, headers=headers, allow_redirects=False)
        octets = await answer.read()
        dearest = max(dearest, (time.process_time() - worked, str(url)))
        slowest = max(slowest, (time.perf_counter() - begun, str(url)))
        assert answer.status < 500, f"{url}: {octets[:500]!r}"
        assert "X-Smuggled" not in answer.headers
        assert b"root:x:" not in octets
        if answer.status == 200 and name in SEARCHED:
            listed = answer.content_type == "application/json"
            found = json.loads(octets).get("total", 0) if listed else len(octets)  # a text has what was found alone
            assert found == 0, f"{url} found what it is not: {octets[:500]!r}"
    assert dearest[0] < SECONDS, dearest
    assert slowest[0] < SLEPT, slowest
    for path in ("customers", "consultations", "complaints", "duties"):
        answer = await office.client.get(f"/api/v1/{path}", headers=headers)
        assert (await answer.json())["total"] > 0, path


DEEP = (
    b"[" * 100_000,
    b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    b'{"name":' + b"[" * 900 + b"]" * 900 + b"}",
    b'{"name": "' + b"\\ud800" * 10 + b'"}',
    b'{"name": ' + b"9" * 5000 + b"}",
    b'{"name": 1e400, "id": NaN}',
    b'{"__proto__": {"role": "admin"}, "constructor": 1}',
    b'{"name": "a", "name": "b"}' * 2,
    b"\xff\xfe{\x00}\x00",
    b"",
)


@pytest.mark.parametrize("octets", DEEP, ids=range(len(DEEP)))
async def test_no_content_is_too_deep_or_too_strange_to_be_refused(office: House, octets: bytes) -> None:
    headers = {**await office.as_("root"), "Content-Type": "application/json"}
    for route in ROUTES:
        if route.method not in ("POST", "PUT") or route.shape.takes or route.path == "/api/v1/session":
            continue
        worked = time.process_time()
        answer = await office.client.session.request(
            route.method, office.client.make_url(address(route)), data=octets, headers=headers
        )
        text = await answer.text()
        assert 400 <= answer.status < 500, f"{route.method} {route.path}: {answer.status} {text[:300]}"
        assert time.process_time() - worked < SECONDS


@pytest.mark.parametrize("path", ["customers", "consultations", "complaints", "follow-ups", "appointments"])
async def test_a_condition_that_is_no_json_is_wrong_by_its_name(office: House, path: str) -> None:
    query = {"fields": "`\U000fb23c"}
    answer = await office.client.get(f"/api/v1/{path}", params=query, headers=await office.as_("root"))
    assert answer.status == 422
    assert list((await answer.json())["error"]["fields"]) == ["fields"]
