"""The web port: who may connect, and for how long a connection may keep us waiting.

aiohttp closes a connection that sends no whole request head within its keep-alive time; what it lacks is here:
caps on connections (of one source, of one person, and in all) and a deadline for those who do not read their answer.
A connection over TLS is counted before its handshake, which has a deadline too.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

from callcenterd.errors import CannotStart, LocalError
from callcenterd.web.office import OCTETS, Network

_log = structlog.get_logger(__name__)

MOST_EARLY = 1 << 18
"""Octets that may come together with the end of a handshake."""


@dataclass(frozen=True, slots=True)
class Limits:
    """head: seconds for a whole request head, and for which an idle connection is kept. handshake: for that of TLS.

    answer, slowest: an answer must be taken within `answer` seconds and one more for every `slowest` octets of it.
    per_source, in_all: connections of strangers at once. signed_in: of people who are signed in; of_person: of one of
    them from one address, wall boards among them; what is more counts as a stranger's.
    """

    head: float = 9.0
    handshake: float = 5.0
    answer: float = 30.0
    slowest: int = 8192
    per_source: int = 50
    in_all: int = 1000
    signed_in: int = 4000
    of_person: int = 50


@dataclass(frozen=True, slots=True)
class Sealed:
    """Where HTTPS is listened for. context: what is shown now to who comes; asked at every connection. May raise
    LocalError."""

    host: str
    port: int
    context: Callable[[], ssl.SSLContext]


class Door:
    """Serves the application on one address, or on one by HTTPS and one that leads there.

    proxies: of ours; the caps of one source do not hold for them, since behind them is everybody.
    """

    def __init__(
        self,
        app: web.Application,
        host: str,
        port: int,
        limits: Limits | None = None,
        *,
        sealed: Sealed | None = None,
        proxies: Sequence[Network] = (),
    ) -> None:
        self._host = host
        self._port = port
        self.sealed = sealed
        self._proxies = tuple(proxies)
        self.limits = limits or Limits()
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=3.0)
        self._server: asyncio.Server | None = None
        self._sealed_server: asyncio.Server | None = None
        self._of_source: Counter[str] = Counter()
        self._of_person: Counter[tuple[str, str]] = Counter()
        self.sealing: set[Connection] = set()
        self._silent: dict[Connection, None] = {}  # strangers who were answered nothing yet, the oldest first
        self._signed_in = 0
        self.refused = 0

    @property
    def port(self) -> int:
        """The port that the system gave, if 0 was asked for."""
        return _port(self._server, self._port)

    @property
    def sealed_port(self) -> int:
        """Of HTTPS; 0: there is none."""
        return 0 if self.sealed is None else _port(self._sealed_server, self.sealed.port)

    async def open(self) -> None:
        """The addresses are ours; who comes is still turned away. Raises CannotStart if one cannot be had."""
        await self._runner.setup()
        place = (self._host, self._port)
        try:
            self._server = await self._bind(*place, sealed=False)
            if self.sealed is not None:
                place = (self.sealed.host, self.sealed.port)
                self._sealed_server = await self._bind(*place, sealed=True)
        except OSError as fault:
            if self._server is not None:
                self._server.close()
            await self._runner.cleanup()
            raise _cannot(fault, *place) from None

    async def _bind(self, host: str, port: int, *, sealed: bool) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(
            lambda: self._connection(sealed=sealed), host, port, backlog=256, start_serving=False
        )

    async def answer(self) -> None:
        """From now on whoever comes is answered. Raises CannotStart if another program took the address meanwhile.

        Not before the office is there: a page that comes back after a crash would be told that nobody knows its user.
        """
        if self._server is None:
            raise RuntimeError("a door that is not open cannot answer")
        place = (self._host, self._port)
        try:
            await self._server.start_serving()
            if self._sealed_server is not None and self.sealed is not None:
                place = (self.sealed.host, self.sealed.port)
                await self._sealed_server.start_serving()
        except OSError as fault:
            raise _cannot(fault, *place) from None

    async def stop(self) -> None:
        """No new connections; running requests get a few seconds, event streams are told to come back."""
        for server in (self._server, self._sealed_server):
            if server is not None:
                server.close()
        for connection in tuple(self.sealing):
            connection.give_way()
        await self._runner.cleanup()

    def _connection(self, *, sealed: bool) -> RequestHandler:
        server = self._runner.server
        if server is None:
            raise RuntimeError("a connection came to a door that is not open")
        return Connection(self, server, sealed=sealed)

    def admit(self, connection: Connection, source: str) -> bool:
        """One more connection of this source. False: there are too many."""
        limits = self.limits
        full = self._of_source.total() >= limits.in_all
        many = self._of_source[source] >= limits.per_source and not is_in(source, self._proxies)
        if many or (full and not self._make_room()):
            self.refused += 1
            return False
        self._of_source[source] += 1
        self._silent[connection] = None
        return True

    def _make_room(self) -> bool:
        """Who has been silent for the longest gives way: silence from a few addresses must not keep all others out."""
        longest = next(iter(self._silent), None)
        if longest is not None:
            self.refused += 1
            longest.give_way()
        return longest is not None

    def heard(self, connection: Connection) -> None:
        """It has asked something that was worth an answer."""
        self._silent.pop(connection, None)

    def release(self, connection: Connection, source: str) -> None:
        """A stranger's connection is gone."""
        self._silent.pop(connection, None)
        self._of_source[source] -= 1
        if self._of_source[source] <= 0:
            del self._of_source[source]

    def know(self, connection: Connection, source: str, login: str) -> bool:
        """The stranger has signed in. False: there are too many of those, and it stays counted as it was."""
        person = (login, source)
        if self._signed_in >= self.limits.signed_in or self._of_person[person] >= self.limits.of_person:
            return False
        self.release(connection, source)
        self._signed_in += 1
        self._of_person[person] += 1
        return True

    def forget(self, login: str, source: str) -> None:
        """A connection of somebody who was signed in is gone."""
        self._signed_in -= 1
        self._of_person[login, source] -= 1
        if self._of_person[login, source] <= 0:
            del self._of_person[login, source]


def is_in(address: str, networks: Iterable[Network]) -> bool:
    """Is it an address of one of these; false for what is no address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in network for network in networks)


def _port(server: asyncio.Server | None, asked: int) -> int:
    return asked if server is None or not server.sockets else int(server.sockets[0].getsockname()[1])


def _cannot(fault: OSError, host: str, port: int) -> CannotStart:
    return CannotStart(f"web pages: {host}:{port}: {fault.strerror or fault}")


class Connection(RequestHandler):
    """One connection of a browser or a program."""

    __slots__ = ("_begun", "_door", "_early", "_login", "_plain", "_sealed", "_sealing", "_source")

    def __init__(self, door: Door, server: Any, *, sealed: bool = False) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=door.limits.head,
            access_log=None,  # type: ignore[arg-type]  # aiohttp itself reads None as "no log"
            auto_decompress=False,  # a few packed octets must not become a million
        )
        self._door = door
        self._source: str | None = None
        self._login: str | None = None
        self._sealed = sealed
        self._plain: asyncio.Transport | None = None
        self._sealing: asyncio.Task[None] | None = None
        self._early: list[bytes] | None = None  # what came together with the end of the handshake
        self._begun = False

    @property
    def leads_to(self) -> int:
        """The port of HTTPS, of a connection that came by HTTP though there is one; else 0."""
        return 0 if self._sealed else self._door.sealed_port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        source = str(peer[0]) if peer else ""
        assert isinstance(transport, asyncio.Transport)
        if not self._door.admit(self, source):
            transport.abort()
            return
        self._source = source
        if self._sealed:
            self._plain, self._early = transport, []
            self._door.sealing.add(self)
            self._sealing = asyncio.get_running_loop().create_task(self._seal(transport))
        else:
            self._begun = True
            super().connection_made(transport)

    async def _seal(self, plain: asyncio.Transport) -> None:
        assert self._door.sealed is not None
        try:
            sealed = await asyncio.get_running_loop().start_tls(
                plain,
                self,
                self._door.sealed.context(),
                server_side=True,
                ssl_handshake_timeout=self._door.limits.handshake,
                ssl_shutdown_timeout=self._door.limits.handshake,
            )
        except (OSError, LocalError) as fault:
            if isinstance(fault, LocalError):
                _log.error("no certificate to show", why=str(fault))
            self.give_way()
            plain.abort()
            return
        finally:
            self._door.sealing.discard(self)
        if self._source is None or sealed is None:  # it was told to give way meanwhile
            plain.abort()
            return
        self._plain, self._begun = None, True
        super().connection_made(sealed)
        early, self._early = self._early or [], None
        for octets in early:
            super().data_received(octets)

    def data_received(self, data: bytes) -> None:
        if self._early is None:
            super().data_received(data)
        elif sum(map(len, self._early)) < MOST_EARLY:
            self._early.append(data)
        else:
            self.give_way()

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._sealing is not None:
            self._sealing.cancel()
        self._door.sealing.discard(self)
        if self._source is not None:
            if self._login is not None:
                self._door.forget(self._login, self._source)
            else:
                self._door.release(self, self._source)
        self._source, self._login, self._plain = None, None, None
        if self._begun:
            super().connection_lost(exc)

    def signed_in(self, login: str) -> None:
        """Whoever is at the other end has signed in: the strangers' caps count this connection no more.

        So a whole office behind one address can work, and strangers cannot fill the room.
        """
        if self._source is not None and self._login is None and self._door.know(self, self._source, login):
            self._login = login

    def give_way(self) -> None:
        """End at once, and count no more from this moment on. Of a stranger."""
        if self._source is not None and self._login is None:
            self._door.release(self, self._source)
            self._source = None
        for transport in (self.transport, self._plain):
            if transport is not None:
                transport.abort()

    def handle_error(
        self, request: Any, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """What is no HTTP is told so, without what our program is made of."""
        answered = super().handle_error(request, status, exc, message)
        answered.headers["Server"] = "callcenterd"
        answered.headers["X-Content-Type-Options"] = "nosniff"
        return answered

    def log_exception(self, *args: Any, **named: Any) -> None:
        """Who sends what is no HTTP does not fill the log of who must act."""
        (self.logger.debug if isinstance(named.get("exc_info"), HttpProcessingError) else self.logger.error)(
            *args, **named
        )

    async def finish_response(
        self, request: Any, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        self._door.heard(self)
        limits = self._door.limits
        octets = request.get(OCTETS, 0) or getattr(resp, "content_length", None) or 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limits.answer + octets / limits.slowest):
                return await super().finish_response(request, resp, start_time)
        if self.transport is not None:
            self.transport.abort()
        return resp, True
