"""A provider whose side of a trunk is written by hand: what it answers to each request, on real sockets of loopback."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

from callcenterd.sip.message import Request, Response, StreamParser, encode, parse, reply_to

Answering = Callable[[Request], Sequence[Response]]

CHALLENGE = 'Digest realm="{realm}", nonce="abc123", algorithm=MD5, qop="auth"{more}'


def says(status: int, *lines: str, sdp: bytes = b"") -> Callable[[Request], Response]:
    """An answer of that status. lines: more header lines."""

    def answer(request: Request) -> Response:
        response = reply_to(request, status, to_tag="provider")
        for line in lines:
            name, _, value = line.partition(": ")
            response.headers.add(name, value)
        if sdp:
            response.headers.add("Content-Type", "application/sdp")
            response.body = sdp
        return response

    return answer


def challenges(realm: str, more: str = "", status: int = 401) -> Callable[[Request], Response]:
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    return says(status, f"{name}: {CHALLENGE.format(realm=realm, more=more)}")


@dataclass
class Provider:
    """options, register: how each is answered; None: not at all. asked: what came. seen_as: what it writes into Via
    instead of where it came from."""

    host: str
    port: int = 0
    options: Callable[[Request], Response] | None = field(default_factory=lambda: says(200))
    register: Callable[[Request], Response] | None = None
    seen_as: tuple[str, int] | None = None
    asked: list[Request] = field(default_factory=list)

    def answer(self, octets: bytes, source: tuple[str, int]) -> list[bytes]:
        request = parse(octets)
        assert isinstance(request, Request)
        return self.take(request, source)

    def take(self, request: Request, source: tuple[str, int]) -> list[bytes]:
        self.asked.append(request)
        request.stamp_source(*(self.seen_as or source))
        how = self.options if request.method == "OPTIONS" else self.register
        return [] if how is None else [encode(how(request))]


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        for octets in self._provider.answer(data, addr):
            self._transport.sendto(octets, addr)


@asynccontextmanager
async def by_udp(provider: Provider) -> AsyncIterator[Provider]:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Datagrams(provider), local_addr=(provider.host, 0)
    )
    provider.port = transport.get_extra_info("sockname")[1]
    try:
        yield provider
    finally:
        transport.close()


@asynccontextmanager
async def by_stream(provider: Provider, context: ssl.SSLContext | None = None) -> AsyncIterator[Provider]:
    """By TCP, or by TLS with that context."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parser = StreamParser()
        try:
            while octets := await reader.read(65_536):
                for item in parser.feed(octets):
                    if isinstance(item, Request):
                        for answer in provider.take(item, writer.get_extra_info("peername")[:2]):
                            writer.write(answer)
        except OSError:
            pass  # whoever does not believe our certificate hangs up
        finally:
            writer.close()

    server = await asyncio.start_server(serve, provider.host, 0, ssl=context)
    provider.port = server.sockets[0].getsockname()[1]
    try:
        yield provider
    finally:
        server.close()
        await server.wait_closed()
