"""Phones over TLS and over WebSocket against a started server: baresip, and a client made of aiohttp."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import aiohttp

from callcenterd.demo.phone import Phone
from callcenterd.model.site import Secret
from callcenterd.sip.digest import prove
from callcenterd.sip.message import Message, Request, Response, encode, parse, reply_to
from tests.e2e.test_first_call import CALLER, call_in, ready, soon
from tests.kit.baresip import Baresip
from tests.kit.certificates import Authority
from tests.kit.server import RunningServer
from tests.kit.tones import level, tone


async def test_baresip_registers_over_tls_and_takes_a_call(
    sealed: tuple[RunningServer, int, Authority, Phone], tmp_path: Path
) -> None:
    server, port, authority, trunk = sealed
    phone = Baresip(
        tmp_path / "agent", "127.0.0.11", ("127.0.0.1", port), "1001", "phone-Secret-1",
        says=tone(1000, 20.0), transport="tls", believes=authority.ca,
    )  # fmt: skip
    async with phone:
        await phone.registered()
        async with await server.client() as admin:
            [shown] = [one for one in (await admin.get("/extensions"))["items"] if one["number"] == "1001"]
            assert "transport=tls" in shown["address"]
        page = await ready(server, "1001", "first-Secret-1")
        caller = await call_in(trunk)
        incoming = await phone.wait_for("CALL_INCOMING")
        assert CALLER in incoming["peeruri"]
        await phone.command("accept")
        await phone.wait_for("CALL_ESTABLISHED")
        await soon(caller.talk.say(tone(440, 2.0)))
        await caller.hang_up()
        await phone.wait_for("CALL_CLOSED")
        await page.close()
    assert level(caller.talk.heard()[-8000:], 1000) > 5000
    assert level(phone.heard()[4000:12000], 440) > 5000
    assert server.errors() == []


class WebPhone:
    """A phone in a browser, as far as SIP goes (RFC 7118)."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._chance = random.Random(1)
        self._sequence = 0

    async def register(self, domain: str) -> Response:
        uri, more = f"sip:{domain}", ""
        while True:
            self._sequence += 1
            await self._socket.send_str(
                f"REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK{self._sequence}\r\n"
                f"Max-Forwards: 70\r\nFrom: <sip:1001@{domain}>;tag=w\r\nTo: <sip:1001@{domain}>\r\nCall-ID: web\r\n"
                f"CSeq: {self._sequence} REGISTER\r\nContact: <sip:1001@df7jal23ls0d.invalid;transport=ws>\r\n"
                f"Expires: 600\r\n{more}Content-Length: 0\r\n\r\n"
            )
            answer = await self.hears()
            assert isinstance(answer, Response)
            if answer.status != 401 or more:
                return answer
            proof = prove(
                answer.challenges, username="1001", password=Secret("phone-Secret-1"), method="REGISTER", uri=uri,
                chance=self._chance,
            )  # fmt: skip
            more = f"Authorization: {proof}\r\n"

    async def hears(self) -> Message:
        frame = await asyncio.wait_for(self._socket.receive(), 20)
        octets = frame.data if isinstance(frame.data, bytes) else str(frame.data).encode()
        return parse(octets)

    async def answers(self, request: Request, status: int) -> None:
        response = reply_to(request, status, to_tag="web")
        response.headers.add("Contact", "<sip:1001@df7jal23ls0d.invalid;transport=ws>")
        await self._socket.send_bytes(encode(response))


async def test_a_phone_on_a_web_socket_registers_and_is_rung_there(server: RunningServer, trunk: Phone) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{server.web}/sip", protocols=["sip"]) as socket,
    ):
        assert socket.protocol == "sip"
        phone = WebPhone(socket)
        registered = await phone.register("callcenter.local")
        assert registered.status == 200
        assert "transport=ws" in str(registered.contacts[0])
        page = await ready(server, "1001", "first-Secret-1")
        caller = await call_in(trunk)
        invite = await phone.hears()
        assert isinstance(invite, Request)
        assert (invite.method, invite.via.transport) == ("INVITE", "WS")
        await phone.answers(invite, 486)
        acknowledged = await phone.hears()
        assert isinstance(acknowledged, Request)
        assert acknowledged.method == "ACK"
        await caller.hang_up()
        await page.close()
    assert server.errors() == []


async def test_what_is_no_sip_socket_is_refused(server: RunningServer) -> None:
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{server.web}/sip") as said:
            assert said.status == 400
        async with http.ws_connect(f"{server.web}/sip", protocols=["sip"]) as socket:
            await socket.send_str("\r\n\r\n")
            assert (await asyncio.wait_for(socket.receive(), 10)).data == "\r\n"
            await socket.send_bytes(b"\xff" * 70_000)  # more than a message may be
            closed = await asyncio.wait_for(socket.receive(), 10)
            assert closed.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    assert server.errors() == []
