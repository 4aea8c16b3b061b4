"""SIP over TCP: framing, and an end for every connection that does not talk (RFC 3261 §18).

A connection that sends nothing, half a message, or a message drop by drop is closed after a few seconds, and nobody
may hold more than a share of them: measured elsewhere, servers without such deadlines keep them for ever.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from callcenterd.clock import Clock
from callcenterd.sip.flow import Address, Flow
from callcenterd.sip.message import PONG, Message, Ping, StreamParser
from callcenterd.sip.syntax import MalformedMessage

FIRST_MESSAGE_WITHIN = 10.0
WHOLE_MESSAGE_WITHIN = 10.0
IDLE = 60.0
"""Seconds without a message after which a connection ends that neither a binding nor a dialog needs."""
MOST_OF_A_SOURCE = 20
MOST = 500
MOST_UNSENT = 256 * 1024
"""Octets that wait for a slow reader before it is cut off."""

Item = Message | MalformedMessage


class Carried(Protocol):
    """What a connection tells: one whole message, and its end."""

    def take(self, item: Item, flow: Flow) -> None: ...
    def ended(self, flow: Flow, why: str) -> None: ...


class TcpConnection(asyncio.Protocol):
    def __init__(self, number: int, local: Address, owner: Connections, clock: Clock) -> None:
        self._number = number
        self._local = local
        self._owner = owner
        self._clock = clock
        self._parser = StreamParser()
        self._transport: asyncio.Transport | None = None
        self._begun: float | None = None  # since when a message is incomplete
        self._last: float | None = None  # when the last whole one came
        self._opened = clock.monotonic()
        self.flow = Flow("TCP", ("", 0), local, number)
        self.why = "the connection is closed"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        remote = transport.get_extra_info("peername")
        self.flow = Flow("TCP", (remote[0], remote[1]), self._local, self._number)
        if not self._owner.admit(self):
            transport.abort()

    def data_received(self, octets: bytes) -> None:
        now = self._clock.monotonic()
        for item in self._parser.feed(octets):
            if isinstance(item, Ping):
                self.send(PONG)
                continue
            self._last, self._begun = now, None
            self._owner.carried.take(item, self.flow)
        if not self._parser.waiting:
            self._begun = None
        elif self._begun is None:
            self._begun = now
        if self._parser.broken and self._transport is not None:
            self._transport.close()  # after the answer, which the owner has sent by now

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        self._owner.leave(self)
        self._transport = None

    @property
    def silent(self) -> bool:
        """No whole message came on it yet."""
        return self._last is None

    def overdue(self, now: float) -> str:
        """Why this connection is to end now, or ""."""
        if self._begun is not None and now - self._begun > WHOLE_MESSAGE_WITHIN:
            return "half a message"
        if self._last is None:
            return "silent" if now - self._opened > FIRST_MESSAGE_WITHIN else ""
        return "idle" if now - self._last > IDLE and not self._owner.needed(self.flow) else ""

    def send(self, octets: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(octets)
        if self._transport.get_write_buffer_size() > MOST_UNSENT:
            self.abort("reads too slowly")

    def abort(self, why: str) -> None:
        self.why = why
        if self._transport is not None:
            self._transport.abort()


class Connections:
    """All of them, ours and theirs, by number and by whom they reach."""

    def __init__(self, carried: Carried, clock: Clock, needed: Callable[[Flow], bool]) -> None:
        """needed: does a binding or a dialog live on this flow?"""
        self.carried = carried
        self.needed = needed
        self._clock = clock
        self._open: dict[int, TcpConnection] = {}
        self._sources: Counter[str] = Counter()
        self._numbers = 0
        self.refused = 0

    def make(self, local: Address) -> TcpConnection:
        """A connection that is about to come up: for a server's or a client's protocol factory."""
        self._numbers += 1
        return TcpConnection(self._numbers, local, self, self._clock)

    def admit(self, connection: TcpConnection) -> bool:
        source = connection.flow.remote[0]
        full = len(self._open) >= MOST
        if self._sources[source] >= MOST_OF_A_SOURCE or (full and not self._make_room()):
            self.refused += 1
            return False
        self._open[connection.flow.connection] = connection
        self._sources[source] += 1
        return True

    def _make_room(self) -> bool:
        """Who has been silent for the longest gives way: silence from a few addresses must not keep phones out."""
        longest = next((connection for connection in self._open.values() if connection.silent), None)
        if longest is not None:
            self.refused += 1
            longest.abort("others need its place")
            self.leave(longest)
        return longest is not None

    def leave(self, connection: TcpConnection) -> None:
        if self._open.pop(connection.flow.connection, None) is None:
            return
        source = connection.flow.remote[0]
        self._sources[source] -= 1
        if not self._sources[source]:
            del self._sources[source]
        self.carried.ended(connection.flow, connection.why)

    def on(self, flow: Flow) -> TcpConnection | None:
        """The connection of that number; for number 0 any that reaches the address."""
        if flow.connection:
            return self._open.get(flow.connection)
        for connection in self._open.values():
            if connection.flow.remote == flow.remote:
                return connection
        return None

    def sweep(self) -> None:
        """End what is overdue. Called about once a second while there are connections."""
        now = self._clock.monotonic()
        for connection in list(self._open.values()):
            if why := connection.overdue(now):
                connection.abort(why)

    def close(self) -> None:
        for connection in list(self._open.values()):
            connection.abort("we stop")

    def __len__(self) -> int:
        return len(self._open)
