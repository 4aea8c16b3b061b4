from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yarl import URL

from callcenterd.web.describe import Route
from callcenterd.web.reference import every_route
from tests.web.house import House

# What ends the session that asks, or the socket, is tested by itself.
ROUTES = [
    route
    for route in every_route()
    if (route.method, route.path) not in {("DELETE", "/api/v1/session"), ("GET", "/api/v1/events")}
]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=12,
)
TEXT = st.text(max_size=40) | st.sampled_from(
    ["", "1", "0", "-1", "a'b", "%", "../..", "\x00", "😀", "1e400", "９", "true"]
)


def fields(route: Route) -> list[str]:
    body = route.shape.body
    if body is None:
        return []
    return [info.alias or name for name, info in body.model_fields.items()]


@st.composite
def asked(draw: st.DrawFn) -> tuple[Route, str, dict[str, str], bytes]:
    """A request to some route: right names of fields and conditions, anything in them."""
    route = draw(st.sampled_from(ROUTES))
    path = route.path
    for name in route.parameters:
        value = draw(TEXT.filter(bool) | st.sampled_from(["1001", "c1", "sales", "telecom", "main", "1"]))
        path = path.replace(f"{{{name}}}", "".join(f"%{octet:02X}" for octet in value.encode("utf-8", "replace")))
    known = list(route.shape.conditions.model_fields) if route.shape.conditions is not None else []
    query = draw(st.dictionaries(st.sampled_from([*known, "lang", "match", "x"]), TEXT, max_size=4))
    names = fields(route)
    content = (
        JSON if not names else JSON | st.dictionaries(st.sampled_from(names) | st.text(max_size=8), JSON, max_size=6)
    )
    octets = draw(content.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60))
    return route, path, query, octets


@pytest.mark.parametrize("login", ["root", "1001"])
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request=asked())
async def test_nothing_that_is_sent_is_a_fault_of_ours(
    office: House, login: str, request: tuple[Route, str, dict[str, str], bytes]
) -> None:
    """Only 2xx and 4xx, and each of them one that the description names."""
    route, path, query, octets = request
    headers = await office.as_(login)
    more: dict[str, Any] = {}
    if route.method != "GET":
        headers["Content-Type"] = route.shape.takes or "application/json"
        more["data"] = io.BytesIO(octets)
    url = office.client.make_url("/").join(URL(path, encoded=True)).with_query(query)
    answer = await office.client.session.request(route.method, url, headers=headers, allow_redirects=False, **more)
    text = (await answer.read()).decode("utf-8", "replace")  # some are files
    assert answer.status < 500, f"{route.method} {url} {octets!r}: {text}"
    if answer.status >= 400:
        assert {"code", "message", "fields"} <= set(json.loads(text)["error"])


@pytest.mark.parametrize(
    "octets",
    [
        b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"POST /sign-in HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 500 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: y\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(60),
        b"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP x\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_answered_or_cut_off_and_the_next_one_is_served(
    office: House, octets: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", office.client.server.port)
    writer.write(octets)
    writer.write_eof()
    async with asyncio.timeout(15.0):
        answer = await reader.read(64)
    assert not answer or answer.split()[1][:1] in (b"2", b"3", b"4")
    writer.close()
    # Not /healthz: a busy machine's loop may be late, and it says so.
    assert (await office.client.get("/api/v1/openapi.json", headers=await office.as_("root"))).status == 200
