"""Who attacks an office by SIP: sipvicious scans and guesses, strangers ask for everything, a password is stolen.

The rows S-07, S-09 and S-12 of the adversarial tests, bounded to seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import statistics
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from callcenterd.demo.phone import Phone, Said
from tests.e2e.conftest import SITE, TRUNK_HOST
from tests.kit.server import Client, RunningServer

LIMITS = """
outbound:
  - {match: "0.", trunks: [gateway]}
limits:
  - {who: each, international: true, calls: 3, per_minute: 5, per_hour: 20}
"""


@pytest_asyncio.fixture
async def boss(server: RunningServer, phone: Phone) -> AsyncIterator[Client]:
    """The administrator at the API; the office is there, and 1001's phone is registered."""
    del phone
    client = await server.client()
    yield client
    await client.close()


class Stranger:
    """Somebody's socket; raw messages out, whatever comes back."""

    def __init__(self, server: RunningServer, host: str) -> None:
        self._server, self.host = server.sip, host
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.setblocking(False)
        self.port = self._socket.getsockname()[1]
        self._count = 0

    def __enter__(self) -> Stranger:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    async def ask(
        self, method: str, number: str, *more: str, uri: str = "", body: str = "", seconds: float = 2.0
    ) -> Said | None:
        """The first final answer; None: there was none in that time."""
        self._count += 1
        sign = f"{self.host}-{self.port}-{self._count}"
        host = self._server[0]
        text = "\r\n".join(
            [
                f"{method} {uri or f'sip:{number}@{host}'} SIP/2.0",
                f"Via: SIP/2.0/UDP {self.host}:{self.port};branch=z9hG4bK{sign};rport",
                "Max-Forwards: 70",
                f"From: <sip:{number}@{host}>;tag={self._count}",
                f"To: <sip:{number}@{host}>",
                f"Call-ID: {sign}",
                f"CSeq: 1 {method}",
                *([] if any(line.startswith("Contact") for line in more) else [f"Contact: <sip:x@{self.host}>"]),
                *more,
                f"Content-Length: {len(body)}",
                "",
                body,
            ]
        )
        loop = asyncio.get_running_loop()
        await loop.sock_sendto(self._socket, text.encode(), self._server)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    said = Said.read(await loop.sock_recv(self._socket, 4096))
                    if said.status >= 200 and said.get("call-id") == sign:
                        return said
        return None

    async def silent(self, seconds: float = 1.0) -> bool:
        """Does nothing come in that time?"""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.get_running_loop().sock_recv(self._socket, 4096)
                return False
        return True


async def sipvicious(tool: str, *words: str, folder: Path, seconds: float = 40.0) -> str:
    """Run one of its programs; answers what it printed."""
    program = shutil.which(tool)
    assert program is not None, f"{tool} is not installed: tools/set_up_system test"
    process = await asyncio.create_subprocess_exec(
        program, *words, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    try:
        async with asyncio.timeout(seconds):
            out, _ = await process.communicate()
    except TimeoutError:
        process.terminate()
        out, _ = await process.communicate()
    return out.decode(errors="replace")


async def test_sipvicious_finds_no_extension_and_no_password_and_is_banned(
    server: RunningServer, boss: Client, phone: Phone, tmp_path: Path
) -> None:
    """Its programs speak from 127.0.0.1, whatever address they are told to take."""
    host, port = server.sip
    found = await sipvicious("svmap", f"-p{port}", host, folder=tmp_path)
    assert f"{host}:{port}" in found, "it sees a SIP device"
    assert "callcenterd" not in found, "and not which one"
    (tmp_path / "words").write_text("\n".join([*(f"{n}" for n in range(300)), "phone-Secret-1"]))
    found = await sipvicious("svcrack", f"-p{port}", "-u1001", "-d", "words", "--maximumtime=3", host, folder=tmp_path)
    assert "found nothing" in found
    [ban] = (await boss.get("/bans"))["items"]
    assert (ban["address"], ban["why"], ban["times"]) == ("127.0.0.1", "passwords", 1)
    await phone.register()  # the real one goes on behind its own address
    with Stranger(server, "127.0.0.1") as same:
        assert await same.ask("OPTIONS", "x", seconds=0.5) is None
        assert (await boss.try_to("DELETE", "/bans/127.0.0.1"))[0] == 204
        answer = await same.ask("OPTIONS", "x")
        assert answer is not None
        assert answer.status == 200
    found = await sipvicious("svwar", f"-p{port}", "--force", "-e900-1100", "--maximumtime=3", host, folder=tmp_path)
    assert "found nothing" in found, "1001 is among them: every name is answered alike, and it gives up"
    with Stranger(server, "127.0.0.68") as stubborn:
        heard = [await stubborn.ask("REGISTER", str(n), seconds=0.2) for n in range(950, 1020)]
    assert {answer.status for answer in heard if answer is not None} == {401}
    assert heard[-1] is None
    [ban] = (await boss.get("/bans"))["items"]
    assert (ban["address"], ban["why"]) == ("127.0.0.68", "scan")
    await server.stop()
    await server.start()
    [kept] = (await boss.get("/bans"))["items"]
    assert (kept["address"], kept["until"][:19]) == (ban["address"], ban["until"][:19]), "a restart forgives nobody"
    assert server.errors() == []


async def test_known_and_unknown_names_are_answered_alike(server: RunningServer, boss: Client) -> None:
    """S-07: same status, same headers, and the medians of 200 tries each lie less than 2 ms apart."""
    del boss
    took: dict[str, list[float]] = {"1001": [], "1777": []}
    shapes: dict[str, set[tuple[int, tuple[str, ...]]]] = {"1001": set(), "1777": set()}
    loop = asyncio.get_running_loop()
    for n in range(50):  # a stranger is not heard for ever
        with Stranger(server, f"127.0.3.{n + 1}") as one:
            for name in ("1001", "1777") * 2:
                challenge = await one.ask("REGISTER", name)
                assert challenge is not None
                nonce = next(part for part in challenge.get("www-authenticate").split('"') if part.count(".") > 1)
                proof = (
                    f'Authorization: Digest username="{name}", realm="callcenter.local", nonce="{nonce}", '
                    f'uri="sip:{name}@{server.sip[0]}", response="{"0" * 32}", algorithm=MD5, qop=auth, '
                    f'nc=00000001, cnonce="a"'
                )
                for more in ((), (proof,)):
                    begun = loop.time()
                    answer = await one.ask("REGISTER", name, *more)
                    took[name].append(loop.time() - begun)
                    assert answer is not None
                    shapes[name].add((answer.status, tuple(header for header, _ in answer.headers)))
    assert shapes["1001"] == shapes["1777"]
    assert len(took["1001"]) == 200
    assert {status for status, _ in shapes["1001"]} == {401, 403}
    apart = abs(statistics.median(took["1001"]) - statistics.median(took["1777"]))
    assert apart < 0.002
    assert server.errors() == []


@pytest.mark.parametrize("host", ["127.0.0.66", "127.0.0.11"], ids=["a stranger", "a phone's address"])
async def test_what_nobody_has_proved_does_nothing(server: RunningServer, boss: Client, host: str) -> None:
    """S-09: no flow, no call in the history, no packet to a third address."""
    sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.99\r\ns=-\r\nc=IN IP4 127.0.0.99\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
    with Stranger(server, "127.0.0.99") as third, Stranger(server, host) as one:
        there = f"<sip:x@127.0.0.99:{third.port}>"
        pointing = (
            f"Contact: {there}",
            f"Refer-To: {there}",
            f"Record-Route: <sip:127.0.0.99:{third.port};lr>",
            "Event: dialog",
            "P-Asserted-Identity: <sip:110@127.0.0.1>",
            "Replaces: abc;from-tag=1;to-tag=2",
        )
        said = {}
        for method in ("INVITE", "MESSAGE", "SUBSCRIBE", "REFER", "PUBLISH", "NOTIFY", "INFO", "UPDATE"):
            body = sdp if method == "INVITE" else ""
            more = (*pointing, "Content-Type: application/sdp") if body else pointing
            answer = await one.ask(method, "02088886666", *more, body=body)
            said[method] = 0 if answer is None else answer.status
            routed = await one.ask(
                method, "1001", *more, f"Route: <sip:127.0.0.99:{third.port};lr>", body=body,
                uri=f"sip:x@127.0.0.99:{third.port}",
            )  # fmt: skip
            assert routed is None or routed.status in (401, 403, 404, 405, 416, 420, 481, 501)
        assert set(said.values()) <= {401, 403, 405, 481}, said
        assert await third.silent()
    assert (await boss.get("/calls"))["total"] == 0
    assert server.errors() == []


async def test_a_stolen_password_gets_no_further_than_its_limits(
    server: RunningServer, trunk: Phone, phone: Phone, second_phone: Phone, boss: Client
) -> None:
    """S-12: valid digest, one international call after the other; an alarm is raised, others go on."""
    await server.apply(SITE.format(trunk=TRUNK_HOST, trunk_port=trunk.port) + LIMITS)
    shown = []
    for n in range(10):
        call = await phone.dial(f"00441632960{n:03}")
        if n < 3:
            (await asyncio.wait_for(trunk.incoming.get(), 10)).refuse(486)
        elif n < 5:
            (await asyncio.wait_for(trunk.incoming.get(), 10)).answer()
            await asyncio.wait_for(call.answered.wait(), 10)
            await call.hang_up()
            continue
        await asyncio.wait_for(call.ended.wait(), 10)
        shown.append(call.status)
    assert shown == [486] * 3 + [403] * 5
    assert trunk.incoming.empty()
    alarms = (await boss.get("/alarms"))["items"]
    assert [(alarm["extension"], alarm["who"], alarm["rule"]) for alarm in alarms] == [
        ("1001", "1001", "per_minute")
    ] * 5
    other = await second_phone.dial("013900000000")
    (await asyncio.wait_for(trunk.incoming.get(), 10)).answer()
    await asyncio.wait_for(other.answered.wait(), 10)
    await other.hang_up()
    assert server.errors() == []
