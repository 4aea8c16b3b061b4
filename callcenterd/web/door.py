"""The web port: who may connect, and for how long a connection may keep us waiting.

aiohttp closes a connection that sends no whole request head within its keep-alive time; what it lacks is here:
caps on connections (of one source, and in all) and a deadline for those who do not read their answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

from callcenterd.errors import CannotStart
from callcenterd.web.office import OCTETS


@dataclass(frozen=True, slots=True)
class Limits:
    """head: seconds for a whole request head, and for which an idle connection is kept.

    answer, slowest: an answer must be taken within `answer` seconds and one more for every `slowest` octets of it.
    per_source, in_all: connections of strangers at once. signed_in: of people who are signed in.
    """

    head: float = 15.0
    answer: float = 30.0
    slowest: int = 8192
    per_source: int = 50
    in_all: int = 1000
    signed_in: int = 4000


class Door:
    """Serves the application on one address."""

    def __init__(self, app: web.Application, host: str, port: int, limits: Limits | None = None) -> None:
        self._host = host
        self._port = port
        self.limits = limits or Limits()
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=3.0)
        self._server: asyncio.Server | None = None
        self._of_source: Counter[str] = Counter()
        self._silent: dict[Connection, None] = {}  # strangers who were answered nothing yet, the oldest first
        self._signed_in = 0
        self.refused = 0

    @property
    def port(self) -> int:
        """The port that the system gave, if 0 was asked for."""
        if self._server is None or not self._server.sockets:
            return self._port
        return int(self._server.sockets[0].getsockname()[1])

    async def open(self) -> None:
        """The address is ours; who comes is still turned away. Raises CannotStart if it cannot be had."""
        await self._runner.setup()
        try:
            self._server = await asyncio.get_running_loop().create_server(
                self._connection, self._host, self._port, backlog=256, start_serving=False
            )
        except OSError as fault:
            await self._runner.cleanup()
            raise self._cannot(fault) from None

    async def answer(self) -> None:
        """From now on whoever comes is answered. Raises CannotStart if another program took the address meanwhile.

        Not before the office is there: a page that comes back after a crash would be told that nobody knows its user.
        """
        if self._server is None:
            raise RuntimeError("a door that is not open cannot answer")
        try:
            await self._server.start_serving()
        except OSError as fault:
            raise self._cannot(fault) from None

    def _cannot(self, fault: OSError) -> CannotStart:
        return CannotStart(f"web pages: {self._host}:{self._port}: {fault.strerror or fault}")

    async def stop(self) -> None:
        """No new connections; running requests get a few seconds, event streams are told to come back."""
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()

    def _connection(self) -> RequestHandler:
        server = self._runner.server
        if server is None:
            raise RuntimeError("a connection came to a door that is not open")
        return Connection(self, server)

    def admit(self, connection: Connection, source: str) -> bool:
        """One more connection of this source. False: there are too many."""
        limits = self.limits
        full = self._of_source.total() >= limits.in_all
        if self._of_source[source] >= limits.per_source or (full and not self._make_room()):
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

    def know(self, connection: Connection, source: str) -> bool:
        """The stranger has signed in. False: there are too many of those, and it stays counted as it was."""
        if self._signed_in >= self.limits.signed_in:
            return False
        self.release(connection, source)
        self._signed_in += 1
        return True

    def forget(self) -> None:
        """A connection of somebody who was signed in is gone."""
        self._signed_in -= 1


class Connection(RequestHandler):
    """One connection of a browser or a program."""

    __slots__ = ("_door", "_known", "_source")

    def __init__(self, door: Door, server: Any) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=door.limits.head,
            access_log=None,  # type: ignore[arg-type]  # aiohttp itself reads None as "no log"
            auto_decompress=False,  # a few packed octets must not become a million
        )
        self._door = door
        self._source: str | None = None
        self._known = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        source = str(peer[0]) if peer else ""
        if not self._door.admit(self, source):
            if isinstance(transport, asyncio.Transport):
                transport.abort()
            return
        self._source = source
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._known:
            self._door.forget()
        elif self._source is not None:
            self._door.release(self, self._source)
        self._source, self._known = None, False
        super().connection_lost(exc)

    def signed_in(self) -> None:
        """Whoever is at the other end has signed in: the strangers' caps count this connection no more.

        So a whole office behind one address can work, and strangers cannot fill the room.
        """
        if self._source is not None and not self._known:
            self._known = self._door.know(self, self._source)

    def give_way(self) -> None:
        """End at once, and count no more from this moment on."""
        if self._source is not None:
            self._door.release(self, self._source)
            self._source = None
        if self.transport is not None:
            self.transport.abort()

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
