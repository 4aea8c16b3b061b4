"""The pages over TLS: real clients, an authority of the test's, a certificate of our own, and a swap under load."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import shutil
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession, TCPConnector, WSMsgType, WSServerHandshakeError

from callcenterd.certificates import MODERN, Certificates, make_our_own
from callcenterd.clock import Clock, SystemClock
from callcenterd.errors import CannotStart
from callcenterd.web.app import build
from callcenterd.web.door import Door, Limits, Sealed
from callcenterd.web.office import Ways
from tests.kit.certificates import Authority, Made
from tests.kit.virtual import VirtualClock
from tests.web.house import PASSWORD, STAMP, House

LIMITS = Limits(head=2.0, handshake=1.0, per_source=30)


@dataclass
class Pages:
    """Where the office's pages are: by HTTPS, and by HTTP, which leads there."""

    door: Door
    certificates: Certificates
    authority: Authority
    shown: Made

    @property
    def https(self) -> str:
        return f"https://127.0.0.1:{self.door.sealed_port}"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.door.port}"

    def believing(self) -> TCPConnector:
        """For a client that believes the authority and nobody else."""
        return TCPConnector(ssl=ssl.create_default_context(cafile=str(self.authority.ca)))


async def opened(office: House, certificate: Path, key: Path, clock: Clock | None = None) -> tuple[Door, Certificates]:
    certificates = Certificates(certificate, key, None, clock or SystemClock(), ciphers=MODERN)
    door: list[Door] = []
    ways = Ways(names=certificates.names, phones_port=lambda: door[0].port if certificates.self_made else 0)
    app = build(dataclasses.replace(office.office, ways=ways), pages=office.pages)
    door.append(Door(app, "127.0.0.1", 0, LIMITS, sealed=Sealed("127.0.0.1", 0, certificates.server)))
    await door[0].open()
    await door[0].answer()
    return door[0], certificates


@pytest.fixture
async def pages(office: House, tmp_path: Path) -> AsyncIterator[Pages]:
    authority = Authority(tmp_path / "tls")
    made = authority.make("pages", host="127.0.0.1")
    door, certificates = await opened(office, made.certificate, made.key)
    yield Pages(door, certificates, authority, made)
    await door.stop()


async def s_client(port: int, *words: str) -> tuple[int, str]:
    """What the openssl program says of a handshake: exit code and output."""
    process = await asyncio.create_subprocess_exec(
        "openssl", "s_client", "-connect", f"127.0.0.1:{port}", *words,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(20):
        said, _ = await process.communicate()
    return process.returncode or 0, said.decode("utf-8", "replace")


# ---- the handshake ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
async def test_what_is_of_today_is_spoken_and_the_certificate_is_good(pages: Pages, version: str) -> None:
    code, said = await s_client(
        pages.door.sealed_port, version, "-CAfile", str(pages.authority.ca), "-verify_return_error"
    )
    assert code == 0, said
    assert "Verification: OK" in said
    assert "GCM" in said or "CHACHA20" in said


@pytest.mark.parametrize(
    "words",
    [
        ("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"),
        ("-tls1", "-cipher", "DEFAULT@SECLEVEL=0"),
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"),
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA"),
        ("-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"),
    ],
)
async def test_what_is_older_or_weaker_is_refused(pages: Pages, words: tuple[str, ...]) -> None:
    code, said = await s_client(pages.door.sealed_port, *words)
    assert code != 0
    assert "Cipher is (NONE)" in said or "no cipher match" in said or "alert" in said, said


async def test_who_stalls_in_the_handshake_is_counted_and_cut_off(pages: Pages) -> None:
    port, loop = pages.door.sealed_port, asyncio.get_running_loop()
    begun = loop.time()
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(LIMITS.per_source)]
    for n, (_, writer) in enumerate(held):
        writer.write(b"\x16\x03\x01\x02\x00\x01" if n % 2 else b"")
    await asyncio.sleep(0.1)
    one_more, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(ConnectionError):
        assert await one_more.read() == b""
    writer.close()
    assert pages.door.refused == 1
    async with ClientSession(connector=pages.believing()) as client:
        for reader, each in held:
            with contextlib.suppress(ConnectionError):
                async with asyncio.timeout(10.0):
                    await reader.read()
            each.close()
        assert loop.time() - begun < 5.0
        async with client.get(f"{pages.https}/sign-in") as answer:
            assert answer.status == 200


@pytest.mark.parametrize("octets", [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\0" * 500, os.urandom(1) * 9000])
async def test_what_is_no_tls_is_cut_off_and_the_next_one_is_served(pages: Pages, octets: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", pages.door.sealed_port)
    writer.write(octets)
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(10.0):
            assert b"HTTP" not in await reader.read()
    writer.close()
    async with ClientSession(connector=pages.believing()) as client, client.get(f"{pages.https}/sign-in") as answer:
        assert answer.status == 200


async def test_a_request_in_the_same_octets_as_the_end_of_the_handshake_is_answered(pages: Pages) -> None:
    context = ssl.create_default_context(cafile=str(pages.authority.ca))
    for _ in range(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", pages.door.sealed_port, ssl=context)
        writer.write(b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        async with asyncio.timeout(10.0):
            assert b" 200 " in await reader.readline()
            await reader.read()
        writer.close()


# ---- pages --------------------------------------------------------------------------------------------------------


async def test_the_cookie_is_sealed_and_browsers_are_told_to_stay_with_https(pages: Pages) -> None:
    async with ClientSession(connector=pages.believing()) as client:
        signed = await client.post(
            f"{pages.https}/sign-in", data={"login": "boss", "password": PASSWORD}, allow_redirects=False
        )
        assert signed.status == 303
        cookie = signed.headers["Set-Cookie"]
        assert cookie.startswith("__Host-callcenterd_session=")
        for part in ("Secure", "HttpOnly", "Path=/", "SameSite=Strict"):
            assert part in cookie.split("; ")
        assert "Domain" not in cookie
        assert signed.headers["Strict-Transport-Security"] == "max-age=31536000"
        name, _, value = cookie.partition(";")[0].partition("=")
        said = await client.get(f"{pages.https}/api/v1/session", headers={"Cookie": f"{name}={value}"})
        assert said.status == 200
        # A cookie that a page without TLS, or one of a name beside ours, could have set is nobody's.
        for planted in ("callcenterd_session", "Host-callcenterd_session"):
            said = await client.get(f"{pages.https}/api/v1/session", headers={"Cookie": f"{planted}={value}"})
            assert said.status == 401


@pytest.mark.parametrize("path", ["/", "/sign-in?next=/app/calls", "/app/customers/7", "/app/assets/x.js", "/nowhere"])
async def test_http_leads_pages_to_https(pages: Pages, path: str) -> None:
    async with ClientSession() as client:
        for host in ("127.0.0.1", "localhost:8080", "[::1]"):
            answer = await client.get(f"{pages.http}{path}", allow_redirects=False, headers={"Host": host})
            name = "[::1]" if host == "[::1]" else host.partition(":")[0]
            assert answer.status == 308
            assert answer.headers["Location"] == f"https://{name}:{pages.door.sealed_port}{path}"
            assert "Set-Cookie" not in answer.headers
            assert "Strict-Transport-Security" not in answer.headers
        answer = await client.get(f"{pages.http}{path}", allow_redirects=False, headers={"Host": "evil.example"})
        assert answer.status == 421


async def test_http_takes_no_password_no_token_and_no_change(office: House, pages: Pages) -> None:
    """Programs are not led on: what was sent openly once would be sent so again."""
    async with ClientSession(headers=await office.as_("boss")) as client:
        for method, path in (
            ("POST", "/sign-in"), ("GET", "/api/v1/session"), ("POST", "/api/v1/session"),
            ("DELETE", "/api/v1/session"),
            ("POST", "/api/v1/customers"),
        ):  # fmt: skip
            answer = await client.request(method, f"{pages.http}{path}", json={}, allow_redirects=False)
            assert answer.status == 403, path
            assert "https://" in await answer.text()
        for path in ("/api/v1/events?live=1", "/sip"):
            with pytest.raises(WSServerHandshakeError) as refused:
                await client.ws_connect(f"{pages.http}{path}", protocols=("sip",))
            assert refused.value.status == 403


async def test_health_and_phones_files_are_answered_openly_too(office: House, pages: Pages) -> None:
    async with ClientSession() as client:
        assert (await client.get(f"{pages.http}/healthz")).status in (200, 503)
        assert (await client.get(f"{pages.http}/metrics")).status == 200
        assert (await client.get(f"{pages.http}/provision/none/x.cfg")).status == 404


async def test_event_streams_and_sip_go_over_tls(office: House, pages: Pages) -> None:
    asked: list[bool] = []

    def sip(*_: object, secure: bool, **__: object) -> None:
        asked.append(secure)

    async with ClientSession(connector=pages.believing(), headers=await office.as_("boss")) as client:
        stream = await client.ws_connect(f"{pages.https}/api/v1/events?live=1")
        assert (await stream.receive(10.0)).type is WSMsgType.TEXT
        await stream.close()
    app = build(dataclasses.replace(office.office, open_sip=sip), pages=office.pages)
    door = Door(app, "127.0.0.1", 0, LIMITS, sealed=Sealed("127.0.0.1", 0, pages.certificates.server))
    await door.open()
    await door.answer()
    try:
        async with ClientSession(connector=pages.believing()) as client:
            socket = await client.ws_connect(f"https://127.0.0.1:{door.sealed_port}/sip", protocols=("sip",))
            await socket.receive(10.0)
            await socket.close()
    finally:
        await door.stop()
    assert asked == [True]


# ---- other certificates -------------------------------------------------------------------------------------------


async def test_a_new_certificate_is_taken_up_under_load_and_nobody_is_refused(pages: Pages) -> None:
    """Renewed again and again while clients come and go: everybody is answered, with the old one or the new one."""
    seen, over = set[bytes](), asyncio.Event()

    async def come_and_go() -> int:
        served = 0
        context = ssl.create_default_context(cafile=str(pages.authority.ca))
        while not over.is_set():
            reader, writer = await asyncio.open_connection("127.0.0.1", pages.door.sealed_port, ssl=context)
            shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            writer.write(b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            async with asyncio.timeout(20.0):
                assert b" 200 " in await reader.readline()
                await reader.read()
            writer.close()
            seen.add(shown)
            served += 1
            await asyncio.sleep(0.02)
        return served

    clients = [asyncio.create_task(come_and_go()) for _ in range(8)]
    for n in range(3):
        await asyncio.sleep(0.5)
        renewed = await asyncio.to_thread(pages.authority.make, f"renewed-{n}", host="127.0.0.1")
        # As certbot does: one file after the other, each in one step. Between them key and certificate do not fit.
        shutil.copy(renewed.certificate, f"{pages.shown.certificate}.new")
        Path(f"{pages.shown.certificate}.new").replace(pages.shown.certificate)
        await asyncio.sleep(0.3)
        shutil.copy(renewed.key, f"{pages.shown.key}.new")
        Path(f"{pages.shown.key}.new").replace(pages.shown.key)
        async with asyncio.timeout(15.0):
            while len(seen) < n + 2:
                await asyncio.sleep(0.1)
    over.set()
    served = await asyncio.gather(*clients)
    assert min(served) > 5
    assert len(seen) == 4  # the first and three renewed ones
    assert pages.door.refused == 0


async def test_a_certificate_that_cannot_be_used_is_not_taken_up(pages: Pages) -> None:
    pages.shown.certificate.write_text("nonsense")
    pages.certificates.reload()
    async with ClientSession(connector=pages.believing()) as client, client.get(f"{pages.https}/sign-in") as answer:
        assert answer.status == 200


async def test_a_place_that_is_taken_is_said_and_nothing_is_left_open(office: House, pages: Pages) -> None:
    taken = Sealed("127.0.0.1", pages.door.sealed_port, pages.certificates.server)
    second = Door(build(office.office, pages=office.pages), "127.0.0.1", 0, LIMITS, sealed=taken)
    with pytest.raises(CannotStart, match=rf"web pages: 127\.0\.0\.1:{pages.door.sealed_port}: "):
        await second.open()


async def test_one_of_our_own_is_made_once_kept_close_and_seals(office: House, tmp_path: Path) -> None:
    certificate, key = make_our_own(tmp_path / "own", {"CC.example.com"}, STAMP)
    first = certificate.read_bytes()
    assert key.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "own").stat().st_mode & 0o777 == 0o700
    make_our_own(tmp_path / "own", {"cc.example.com"}, STAMP + timedelta(days=700))
    assert certificate.read_bytes() == first
    door, shown = await opened(office, certificate, key)
    try:
        assert shown.self_made
        assert shown.names() == {"cc.example.com", "localhost"}
        context = ssl.create_default_context(cafile=str(certificate))
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        connector = TCPConnector(ssl=context)
        async with ClientSession(connector=connector, headers=await office.as_("root")) as client:
            answer = await client.get(f"https://127.0.0.1:{door.sealed_port}/sign-in")
            # Who was told to insist on HTTPS could not get past the warning of a certificate that nobody vouches for.
            assert "Strict-Transport-Security" not in answer.headers
            # Desk phones do not know it: they fetch their files openly.
            entry = {"mac": "00:15:65:01:02:03", "vendor": "yealink", "extension": "1001"}
            made = await client.post(f"https://127.0.0.1:{door.sealed_port}/api/v1/devices", json=entry)
            assert (await made.json())["address"].startswith(f"http://127.0.0.1:{door.port}/provision/")
    finally:
        await door.stop()


async def test_one_of_our_own_is_renewed_before_it_runs_out_and_for_a_new_name(tmp_path: Path) -> None:
    clock = VirtualClock()
    certificate, key = make_our_own(tmp_path, {"office"}, STAMP)
    shown = Certificates(certificate, key, None, clock)
    first = certificate.read_bytes()
    make_our_own(tmp_path, {"office"}, STAMP + timedelta(days=750))
    second = certificate.read_bytes()
    assert second != first
    make_our_own(tmp_path, {"office", "cc.example.com"}, STAMP + timedelta(days=750))
    assert certificate.read_bytes() != second
    assert "cc.example.com" not in shown.names()
    clock.move(3.0)
    assert shown.names() == {"office", "cc.example.com", "localhost"}
