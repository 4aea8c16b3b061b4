"""Under which names the pages are answered, and whose word on where a request comes from is believed."""

from __future__ import annotations

import asyncio
import dataclasses
import ipaddress
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, WSServerHandshakeError
from structlog.testing import capture_logs

from callcenterd.web.app import build
from callcenterd.web.door import Door, Limits
from callcenterd.web.office import Ways
from callcenterd.web.ways import is_ours, name_in
from tests.web.house import PASSWORD, House

OURS = frozenset({"cc.example.com", "office"})


@pytest.fixture
async def door(office: House) -> AsyncIterator[tuple[Door, str]]:
    """The office's pages, which are called cc.example.com and office; 127.0.0.7 is their proxy."""
    proxies = (ipaddress.ip_network("127.0.0.7"),)
    ways = Ways(names=lambda: OURS, proxies=proxies)
    app = build(dataclasses.replace(office.office, ways=ways), pages=office.pages)
    opened = Door(app, "127.0.0.1", 0, Limits(head=2.0, per_source=3), proxies=proxies)
    await opened.open()
    await opened.answer()
    yield opened, f"http://127.0.0.1:{opened.port}"
    await opened.stop()


async def asked(door: Door, head: str, *, source: str = "127.0.0.1") -> tuple[int, str]:
    """What is answered to a head that is sent as it is."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port, local_addr=(source, 0))
    writer.write(head.replace("\n", "\r\n").encode("latin-1") + b"Connection: close\r\n\r\n")
    async with asyncio.timeout(15.0):
        answer = (await reader.read()).decode("utf-8", "replace")
    writer.close()
    return int(answer.split()[1]), answer


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("cc.example.com", "cc.example.com"),
        ("CC.Example.Com:8080", "cc.example.com"),
        ("cc.example.com.", "cc.example.com"),
        ("192.0.2.1:80", "192.0.2.1"),
        ("[2001:db8::1]:80", "2001:db8::1"),
        ("[::1]", "::1"),
        ("[evil.example]", ""),
        ("[::1]evil", ""),
        ("a;b=c", ""),
        ("office:80:80", ""),
        ("office:", ""),
        ("", ""),
        ("x" * 300, ""),
    ],
)
def test_a_host_is_read_as_browsers_write_it(host: str, name: str) -> None:
    assert name_in(host) == name


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("office:8080", True),
        ("cc.example.com", True),
        ("localhost:8080", True),
        ("127.0.0.1", True),
        ("203.0.113.9:8080", True),
        ("[::1]:8080", True),
        ("callcenter:8080", True),
        ("front-desk.local", True),
        ("front-desk.home.arpa:8080", True),
        ("local", True),
        ("local.example", False),
        ("evil.locals", False),
        ("evil.example", False),
        ("cc.example.com.evil.example", False),
        ("office.evil.example:8080", False),
        ("2130706433", False),
        ("0x7f.1", False),
        ("localhost.evil.example", False),
    ],
)
def test_names_of_ours_addresses_and_this_machine_are_ours_and_nothing_else(host: str, ours: bool) -> None:
    assert is_ours(host, OURS) is ours


@pytest.mark.parametrize("path", ["/", "/sign-in", "/app/", "/api/v1/session", "/metrics", "/nowhere", "/sip"])
async def test_a_page_of_another_name_reads_nothing_of_ours(office: House, door: tuple[Door, str], path: str) -> None:
    """DNS rebinding: the browser asks us under the name of somebody else's page."""
    token = (await office.as_("boss"))["Authorization"]
    status, answer = await asked(door[0], f"GET {path} HTTP/1.1\nHost: evil.example:8080\nAuthorization: {token}\n")
    assert status == 421
    assert "web.names" in answer
    assert "Set-Cookie" not in answer
    status, _ = await asked(door[0], f"GET {path} HTTP/1.1\nHost: cc.example.com\nAuthorization: {token}\n")
    assert status != 421


async def test_a_change_and_a_stream_under_another_name_are_refused_too(office: House, door: tuple[Door, str]) -> None:
    async with ClientSession(headers={"Host": "evil.example", **await office.as_("boss")}) as rebound:
        answer = await rebound.post(f"{door[1]}/api/v1/customers", json={"name": "王五"})
        assert answer.status == 421
        assert (await answer.json())["error"]["code"] == "not_our_name"
        with pytest.raises(WSServerHandshakeError) as refused:
            await rebound.ws_connect(f"{door[1]}/api/v1/events?live=1")
        assert refused.value.status == 421


async def test_who_watches_over_the_server_may_call_it_anything(door: tuple[Door, str]) -> None:
    assert (await asked(door[0], "GET /healthz HTTP/1.1\nHost: callcenterd-7f9c\n"))[0] in (200, 503)


@pytest.mark.parametrize("host", ["", "Host: a;b=c\n", "Host: \n", "Host: [x]\n"])
async def test_a_request_that_names_no_host_is_no_request(door: tuple[Door, str], host: str) -> None:
    assert (await asked(door[0], f"GET /sign-in HTTP/1.1\n{host}"))[0] == 400


async def test_a_program_of_the_old_kind_need_not_name_one(door: tuple[Door, str]) -> None:
    assert (await asked(door[0], "GET /sign-in HTTP/1.0\n"))[0] == 200


# ---- proxies ------------------------------------------------------------------------------------------------------

FORWARDED = "X-Forwarded-For: 198.51.100.7\nX-Forwarded-Proto: https\nX-Forwarded-Host: cc.example.com\n"
SIGN_IN = "login=boss&password=wrong-Secret-1"


async def signed(door: Door, source: str, more: str, said: str = SIGN_IN) -> str:
    head = (
        f"POST /sign-in HTTP/1.1\nHost: office\n{more}Content-Type: application/x-www-form-urlencoded\n"
        f"Content-Length: {len(said)}\nConnection: close\n\n{said}"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port, local_addr=(source, 0))
    writer.write(head.replace("\n", "\r\n").encode())
    async with asyncio.timeout(15.0):
        answer = (await reader.read()).decode("utf-8", "replace")
    writer.close()
    return answer


async def source_seen(door: Door, source: str, more: str) -> str:
    """The address that a wrong password is said to come from."""
    with capture_logs() as said:
        await signed(door, source, more)
    return next(str(line["source"]) for line in said if line["event"] == "sign-in refused")


async def test_a_proxy_of_ours_says_where_a_request_comes_from(door: tuple[Door, str]) -> None:
    assert await source_seen(door[0], "127.0.0.7", FORWARDED) == "198.51.100.7"
    several = "X-Forwarded-For: 10.6.6.6, 198.51.100.8, 127.0.0.7\n"
    assert await source_seen(door[0], "127.0.0.7", several) == "198.51.100.8"
    assert await source_seen(door[0], "127.0.0.7", "X-Forwarded-For: nonsense\n") == "127.0.0.7"


async def test_what_a_stranger_says_of_itself_is_not_believed(door: tuple[Door, str]) -> None:
    assert await source_seen(door[0], "127.0.0.8", FORWARDED) == "127.0.0.8"
    status, _ = await asked(
        door[0], "GET /sign-in HTTP/1.1\nHost: evil.example\nX-Forwarded-Host: cc.example.com\n", source="127.0.0.8"
    )
    assert status == 421
    status, answer = await asked(door[0], f"GET /sign-in HTTP/1.1\nHost: office\n{FORWARDED}", source="127.0.0.8")
    assert status == 200
    assert "Strict-Transport-Security" not in answer


async def test_a_name_that_a_proxy_says_must_be_ours_too(door: tuple[Door, str]) -> None:
    head = "GET /sign-in HTTP/1.1\nHost: office\nX-Forwarded-Host: evil.example\n"
    assert (await asked(door[0], head, source="127.0.0.7"))[0] == 421


async def test_behind_a_proxy_with_tls_cookies_are_sealed_and_browsers_told(door: tuple[Door, str]) -> None:
    _, answer = await asked(door[0], f"GET /sign-in HTTP/1.1\nHost: office\n{FORWARDED}", source="127.0.0.7")
    assert "Strict-Transport-Security: max-age=31536000" in answer
    good = f"login=boss&password={PASSWORD}"
    answer = await signed(door[0], "127.0.0.7", FORWARDED, good)
    assert "Set-Cookie: __Host-callcenterd_session=" in answer
    assert "; Secure" in answer
    answer = await signed(door[0], "127.0.0.7", "", good)
    assert "Set-Cookie: callcenterd_session=" in answer
    assert "; Secure" not in answer


async def test_a_proxy_may_have_as_many_connections_as_it_needs(door: tuple[Door, str]) -> None:
    held = [
        await asyncio.open_connection("127.0.0.1", door[0].port, local_addr=("127.0.0.7", 0))
        for _ in range(door[0].limits.per_source + 3)
    ]
    for reader, writer in held:
        writer.write(b"GET /sign-in HTTP/1.1\r\nHost: office\r\n\r\n")
        async with asyncio.timeout(15.0):
            assert b" 200 " in await reader.readline()
        writer.close()
    assert door[0].refused == 0
