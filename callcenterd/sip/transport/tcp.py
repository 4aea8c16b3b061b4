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
from callcenterd.sip.flow import Address, Flow, Transport
from callcenterd.sip.message import PONG, Message, Ping, StreamParser
from callcenterd.sip.syntax import MalformedMessage

FIRST_MESSAGE_WITHIN = 9.0
WHOLE_MESSAGE_WITHIN = 9.0
"""Seconds. It is looked at once a second: after ten they are over."""
IDLE = 60.0
"""Seconds without a message after which a connection ends that neither a binding nor a dialog needs."""
MOST_OF_A_SOURCE = 20
MOST = 500
MOST_UNSENT = 256 * 1024
"""Octets that wait for a slow reader before it is cut off."""

PING_OCTETS = b"\r\n\r\n"

Item = Message | MalformedMessage


class Carried(Protocol):
    """What a connection tells: that it is there, one whole message, its end, and that no TLS came about on it."""

    def began(self) -> None: ...
    def take(self, item: Item, flow: Flow) -> None: ...
    def ended(self, flow: Flow, why: str) -> None: ...
    def unsealed(self, flow: Flow, why: str) -> None: ...


PING_EVERY = 30.0
"""Seconds without a word from us after which a connection that we began is pinged (RFC 5626 §4.4.1): what stands
between us and them forgets silent ones."""


class TcpConnection(asyncio.Protocol):
    def __init__(
        self,
        number: int,
        local: Address,
        owner: Connections,
        clock: Clock,
        *,
        transport: Transport = "TCP",
        ours: bool = False,
        name: str = "",
    ) -> None:
        """ours: we began it. name: whose certificate it showed us, over TLS."""
        self._number = number
        self._local = local
        self._kind = transport
        self._ours = ours
        self._name = name
        self._owner = owner
        self._clock = clock
        self._parser = StreamParser()
        self._transport: asyncio.Transport | None = None
        self._begun: float | None = None  # since when a message is incomplete
        self._last: float | None = None  # when the last whole one came
        self._opened = clock.monotonic()
        self._sent = self._opened
        self.flow = Flow(transport, ("", 0), local, number, name)
        self.why = "the connection is closed"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        remote = transport.get_extra_info("peername")
        self.flow = Flow(self._kind, (remote[0], remote[1]), self._local, self._number, self._name)
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
        return self._last is None and not self._ours

    def keep_alive(self, now: float) -> None:
        """Ping who waits for us, if it was quiet for long."""
        if self._ours and now - self._sent >= PING_EVERY and self._owner.needed(self.flow):
            self.send(PING_OCTETS)

    def overdue(self, now: float) -> str:
        """Why this connection is to end now, or ""."""
        if self._begun is not None and now - self._begun > WHOLE_MESSAGE_WITHIN:
            return "half a message"
        if self._last is None and not self._ours:
            return "silent" if now - self._opened > FIRST_MESSAGE_WITHIN else ""
        last = max(self._opened, self._last or 0.0)
        return "idle" if now - last > IDLE and not self._owner.needed(self.flow) else ""

    def send(self, octets: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._sent = self._clock.monotonic()
        self._transport.write(octets)
        if self._transport.get_write_buffer_size() > MOST_UNSENT:
            self.abort("reads too slowly")

    def abort(self, why: str) -> None:
        self.why = why
        if self._transport is not None:
            self._transport.abort()


class Connection(Protocol):
    """A TCP, TLS or WebSocket connection, as `Connections` keeps it."""

    flow: Flow
    why: str

    @property
    def silent(self) -> bool: ...
    def overdue(self, now: float) -> str: ...
    def keep_alive(self, now: float) -> None: ...
    def send(self, octets: bytes) -> None: ...
    def abort(self, why: str) -> None: ...


class Connections:
    """All of them, ours and theirs, by number and by whom they reach."""

    def __init__(self, carried: Carried, clock: Clock, needed: Callable[[Flow], bool]) -> None:
        """needed: does a binding or a dialog live on this flow?"""
        self.carried = carried
        self.needed = needed
        self._clock = clock
        self._open: dict[int, Connection] = {}
        self._sources: Counter[str] = Counter()
        self._numbers = 0
        self.refused = 0
        self.handshakes_failed = 0

    def number(self) -> int:
        """Of a connection that is about to come up."""
        self._numbers += 1
        return self._numbers

    def theirs(self, local: Address) -> TcpConnection:
        """For a server's protocol factory."""
        return TcpConnection(self.number(), local, self, self._clock)

    def ours(self, flow: Flow) -> TcpConnection:
        """For a client's protocol factory: a way that is to be made."""
        return TcpConnection(
            self.number(), flow.local, self, self._clock, transport=flow.transport, ours=True, name=flow.name
        )

    def handshake_failed(self, flow: Flow, why: str) -> None:
        self.handshakes_failed += 1
        self.carried.unsealed(flow, why)

    def admit(self, connection: Connection) -> bool:
        source = connection.flow.remote[0]
        full = len(self._open) >= MOST
        if self._sources[source] >= MOST_OF_A_SOURCE or (full and not self._make_room()):
            self.refused += 1
            return False
        self._open[connection.flow.connection] = connection
        self._sources[source] += 1
        self.carried.began()
        return True

    def _make_room(self) -> bool:
        """Who has been silent for the longest gives way: silence from a few addresses must not keep phones out."""
        longest = next((connection for connection in self._open.values() if connection.silent), None)
        if longest is not None:
            self.refused += 1
            longest.abort("others need its place")
            self.leave(longest)
        return longest is not None

    def leave(self, connection: Connection) -> None:
        if self._open.pop(connection.flow.connection, None) is None:
            return
        source = connection.flow.remote[0]
        self._sources[source] -= 1
        if not self._sources[source]:
            del self._sources[source]
        self.carried.ended(connection.flow, connection.why)

    def on(self, flow: Flow) -> Connection | None:
        """The connection of that number; for number 0 any that reaches the address."""
        if flow.connection:
            return self._open.get(flow.connection)
        return next((one for one in self._open.values() if flow.goes_over(one.flow)), None)

    def sweep(self) -> None:
        """End what is overdue. Called about once a second while there are connections."""
        now = self._clock.monotonic()
        for connection in list(self._open.values()):
            if why := connection.overdue(now):
                connection.abort(why)
            else:
                connection.keep_alive(now)

    def close(self) -> None:
        for connection in list(self._open.values()):
            connection.abort("we stop")

    def __len__(self) -> int:
        return len(self._open)
