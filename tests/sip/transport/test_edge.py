"""The SIP room on real sockets: datagrams, streams in pieces, ports in use, connections that do not talk."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from callcenterd.clock import SystemClock
from callcenterd.config import Listen
from callcenterd.errors import CannotStart
from callcenterd.model.site import Site, Trunk
from callcenterd.sip import events
from callcenterd.sip.endpoint import Endpoint
from callcenterd.sip.events import ToTrunk
from callcenterd.sip.message import Request, Response, StreamParser, parse
from callcenterd.sip.transport import tcp as tcp_room
from callcenterd.sip.transport.edge import SipEdge
from tests.kit.lanes import both_free
from tests.sip.transport.server import GATEWAY, HOST, TRUNK_HOST, Server, sdp, serving, site


def options(n: int = 1, transport: str = "TCP", *, host: str = HOST) -> bytes:
    return (
        f"OPTIONS sip:{HOST} SIP/2.0\r\nVia: SIP/2.0/{transport} {host}:9;rport;branch=z9hG4bK{n}\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:x@{host}>;tag=t\r\nTo: <sip:{HOST}>\r\nCall-ID: {n}\r\n"
        f"CSeq: {n} OPTIONS\r\nContent-Length: 0\r\n\r\n"
    ).encode()


async def answers(reader: asyncio.StreamReader, count: int) -> list[int]:
    """CSeq numbers of so many answers off a stream."""
    parser = StreamParser()
    found: list[int] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            octets = await reader.read(4096)
            assert octets, "the connection was closed"
            found += [item.cseq.number for item in parser.feed(octets) if isinstance(item, Response)]
    return found


@asynccontextmanager
async def stream(server: Server, host: str = HOST) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(HOST, server.port, local_addr=(host, 0))
    try:
        yield reader, writer
    finally:
        writer.close()


async def test_a_datagram_is_answered_to_where_it_came_from() -> None:
    async with serving() as server:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.bind((HOST, 0))
            asker.setblocking(False)
            await loop.sock_sendto(asker, options(transport="UDP"), (HOST, server.port))
            async with asyncio.timeout(10):
                octets, source = await loop.sock_recvfrom(asker, 4096)
        answer = parse(octets)
        assert isinstance(answer, Response)
        assert (answer.status, source) == (200, (HOST, server.port))


async def test_a_burst_of_datagrams_is_answered_in_full() -> None:
    async with serving() as server:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.bind((TRUNK_HOST, 0))
            asker.setblocking(False)
            for n in range(1, 101):
                asker.sendto(options(n, "UDP", host=TRUNK_HOST), (HOST, server.port))
            seen: set[int] = set()
            async with asyncio.timeout(10):
                while len(seen) < 100:
                    seen.add(parse(await loop.sock_recv(asker, 4096)).cseq.number)


async def test_two_messages_in_one_segment_are_two_and_one_in_many_is_one() -> None:
    async with serving() as server, stream(server) as (reader, writer):
        writer.write(options(1) + options(2))
        assert await answers(reader, 2) == [1, 2]
        for octet in options(3):
            writer.write(bytes([octet]))
            await writer.drain()
            await asyncio.sleep(0)
        assert await answers(reader, 1) == [3]


async def test_a_ping_is_answered_by_a_pong() -> None:
    async with serving() as server, stream(server) as (reader, writer):
        writer.write(b"\r\n\r\n")
        async with asyncio.timeout(10):
            assert await reader.readexactly(2) == b"\r\n"


async def test_a_stream_whose_length_cannot_be_trusted_is_answered_and_closed() -> None:
    async with serving() as server, stream(server) as (reader, writer):
        writer.write(options().replace(b"Content-Length: 0", b"Content-Length: -5") + options(2))
        async with asyncio.timeout(10):
            octets = await reader.read()
        assert octets.startswith(b"SIP/2.0 400")
        assert octets.count(b"SIP/2.0 ") == 1  # and none to what follows
        assert b"CSeq: 2" not in octets


async def test_a_call_over_a_stream_goes_on_on_that_stream() -> None:
    async with serving() as server, stream(server, TRUNK_HOST) as (reader, writer):
        body = sdp(5000)
        invite = (
            f"INVITE sip:900@{HOST} SIP/2.0\r\nVia: SIP/2.0/TCP {TRUNK_HOST};branch=z9hG4bKi\r\nMax-Forwards: 70\r\n"
            f"From: <sip:1380@{TRUNK_HOST}>;tag=t\r\nTo: <sip:900@{HOST}>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
            f"Contact: <sip:1380@{TRUNK_HOST};transport=tcp>\r\nContent-Type: application/sdp\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        writer.write(invite.encode() + body)
        assert await answers(reader, 3) == [1, 1, 1]
        arrived = await server.wait_for(events.IncomingCall)
        assert arrived.trunk == GATEWAY
        writer.close()
        await server.wait_for(events.IncomingCall)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_port_in_use_is_said_in_one_sentence_and_nothing_stays_open(transport: str) -> None:
    async with serving() as server:
        port = server.port
        free = Listen("udp", "127.0.0.9", 0)
        second = SipEdge(server.endpoint, [free, Listen(transport, HOST, port)], SystemClock())  # type: ignore[arg-type]
        with pytest.raises(CannotStart) as refused:
            await second.open()
        assert str(refused.value) == (
            f"SIP cannot listen on {transport}:{HOST}:{port}: the port is in use by another program"
        )
        assert second.addresses == []


async def test_an_address_that_is_not_ours_is_said() -> None:
    async with serving() as server:
        edge = SipEdge(server.endpoint, [Listen("udp", "192.0.2.1", 5060)], SystemClock())
        with pytest.raises(CannotStart, match="this machine does not have that address"):
            await edge.open()


class SteppedClock(SystemClock):
    """The machine's clock, put forward by hand."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


@pytest.mark.parametrize(
    ("sent", "patience"),
    [
        pytest.param(b"", tcp_room.FIRST_MESSAGE_WITHIN, id="silent"),
        pytest.param(b"\r\n\r\n", tcp_room.FIRST_MESSAGE_WITHIN, id="nothing but pings"),
        pytest.param(options()[:60], tcp_room.WHOLE_MESSAGE_WITHIN, id="half a message"),
        pytest.param(options() + options(2)[:-3], tcp_room.WHOLE_MESSAGE_WITHIN, id="one and a half"),
        pytest.param(options(), tcp_room.IDLE, id="idle after a message"),
    ],
)
async def test_a_connection_that_does_not_talk_is_closed(sent: bytes, patience: float) -> None:
    clock = SteppedClock()
    async with serving(clock=clock) as server, stream(server) as (reader, writer):
        writer.write(sent)
        await writer.drain()
        async with stream(server) as (other, asker):  # what came first has been read when this is answered
            asker.write(options(9))
            await answers(other, 1)
            clock.ahead = patience + 0.1
            async with asyncio.timeout(10):
                while await reader.read(4096):
                    pass


async def test_dripping_does_not_buy_time() -> None:
    clock = SteppedClock()
    async with serving(clock=clock) as server, stream(server) as (reader, writer):
        for octet in options()[:40]:
            clock.ahead += 0.3
            writer.write(bytes([octet]))
            await asyncio.sleep(0.001)
        async with asyncio.timeout(10):
            assert await reader.read() == b""


async def test_one_source_holds_no_more_than_its_share_of_connections() -> None:
    async with serving() as server:
        held = []
        for _ in range(tcp_room.MOST_OF_A_SOURCE):
            reader, writer = await asyncio.open_connection(HOST, server.port)
            writer.write(options())
            await answers(reader, 1)
            held.append(writer)
        reader, writer = await asyncio.open_connection(HOST, server.port)
        async with asyncio.timeout(10):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        async with stream(server, TRUNK_HOST) as (others, asker):
            asker.write(options())
            assert await answers(others, 1) == [1]
        for one in (*held, writer):
            one.close()


async def test_when_all_is_full_the_longest_silent_connection_gives_way() -> None:
    async with serving() as server, contextlib.AsyncExitStack() as held:
        hosts = [f"127.0.4.{1 + n // tcp_room.MOST_OF_A_SOURCE}" for n in range(tcp_room.MOST)]
        silent = [await held.enter_async_context(stream(server, host)) for host in hosts]
        reader, writer = await held.enter_async_context(stream(server))
        writer.write(options())
        assert await answers(reader, 1) == [1]
        async with asyncio.timeout(10):
            with contextlib.suppress(ConnectionError):
                assert await silent[0][0].read() == b""


async def test_a_call_to_a_trunk_that_cannot_be_reached_is_refused() -> None:
    """A broadcast address may not be sent to without leave: the system refuses, and so the call fails at once."""
    async with serving() as server:
        await server.edge.configure(Site(trunks=(Trunk(name=GATEWAY, host="255.255.255.255"),)))
        dialog = server.edge.place(ToTrunk(GATEWAY, "1"), caller="2", sdp=sdp(1))
        assert await server.wait_for(events.Refused) == events.Refused(dialog, 503)


async def test_a_name_is_resolved_before_configure_returns() -> None:
    async with serving() as server:
        await server.edge.configure(Site(trunks=(Trunk(name=GATEWAY, host="localhost", port=9),)))
        assert server.edge.local_host_towards(ToTrunk(GATEWAY, "1")) == HOST


async def test_stopping_twice_is_fine_and_frees_the_ports() -> None:
    async with serving() as server:
        port = server.port
        await server.edge.stop()
        await server.edge.stop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind((HOST, port))


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_phone_speaks_by_ipv6(transport: str) -> None:
    """A challenge, and the answer on the way on which it came (RFC 3261 §18.2.2); its Via names it in brackets."""
    endpoint = Endpoint(domain="callcenter.local", chance=random.Random(1), tell=lambda _: None)
    port = both_free()
    edge = SipEdge(endpoint, [Listen("udp", "::1", port), Listen("tcp", "::1", port)], SystemClock())
    await edge.open()
    try:
        await edge.configure(site())
        register = (
            "REGISTER sip:callcenter.local SIP/2.0\r\n"
            f"Via: SIP/2.0/{transport.upper()} [2001:db8::9]:5060;branch=z9hG4bK1;rport\r\nMax-Forwards: 70\r\n"
            "From: <sip:1001@callcenter.local>;tag=1\r\nTo: <sip:1001@callcenter.local>\r\nCall-ID: six\r\n"
            "CSeq: 1 REGISTER\r\nContact: <sip:1001@[2001:db8::9]:5060>\r\nContent-Length: 0\r\n\r\n"
        ).encode()
        if transport == "tcp":
            reader, writer = await asyncio.open_connection("::1", port)
            writer.write(register)
            said = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            writer.close()
        else:
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as phone:
                phone.setblocking(False)
                phone.connect(("::1", port))
                phone.send(register)
                said = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(phone, 65535), 5)
        answer = parse(said)
        assert isinstance(answer, Response)
        assert answer.status == 401
        assert (answer.via.host, answer.via.params.get("received")) == ("2001:db8::9", "::1")
    finally:
        await edge.stop()


async def test_a_trunk_is_reached_by_ipv6() -> None:
    endpoint = Endpoint(domain="callcenter.local", chance=random.Random(1), tell=lambda _: None)
    edge = SipEdge(endpoint, [Listen("udp", "127.0.0.1", 0), Listen("udp", "::1", 0)], SystemClock())
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as there:
        there.setblocking(False)
        there.bind(("::1", 0))
        await edge.open()
        try:
            await edge.configure(Site(trunks=(Trunk(name=GATEWAY, host="::1", port=there.getsockname()[1]),)))
            octets = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(there, 65535), 5)
            asked = parse(octets)
            assert isinstance(asked, Request)
            assert (asked.method, asked.uri) == ("OPTIONS", f"sip:[::1]:{there.getsockname()[1]}")
            assert asked.via.host == "::1"
        finally:
            await edge.stop()
