"""An endpoint behind real sockets on loopback, which rings and answers whatever calls."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from callcenterd.clock import Clock, SystemClock
from callcenterd.config import Listen
from callcenterd.model.ids import ExtensionNumber, TrunkName
from callcenterd.model.site import Extension, Secret, Site, Trunk
from callcenterd.sip import events
from callcenterd.sip.endpoint import Endpoint
from callcenterd.sip.events import SipEvent
from callcenterd.sip.transport.edge import SipEdge
from tests.kit.lanes import both_free

HOST = "127.0.0.1"
TRUNK_HOST = "127.0.0.2"
GATEWAY = TrunkName("gateway")
ANNA = ExtensionNumber("1001")
PASSWORD = "geheim"

E = TypeVar("E", bound=SipEvent)


def sdp(port: int) -> bytes:
    return (
        f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
    ).encode()


def site(trunk_port: int = 5060) -> Site:
    return Site(
        trunks=(Trunk(name=GATEWAY, host=TRUNK_HOST, port=trunk_port),),
        extensions=(Extension(number=ANNA, password=Secret(PASSWORD)),),
    )


@dataclass
class Server:
    endpoint: Endpoint
    edge: SipEdge
    told: list[SipEvent] = field(default_factory=list)
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def port(self) -> int:
        """Of UDP and TCP."""
        return self.edge.addresses[0][1][1]

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.told if isinstance(event, kind)]

    async def wait_for(self, kind: type[E], seconds: float = 20.0, *, accept: Callable[[E], bool] = bool) -> E:
        def found() -> list[E]:
            return [event for event in self.all(kind) if accept(event)]

        async with asyncio.timeout(seconds), self._came:
            await self._came.wait_for(lambda: bool(found()))
        return found()[0]

    def hear(self, event: SipEvent) -> None:
        self.told.append(event)
        if isinstance(event, events.IncomingCall):
            self.edge.ring(event.dialog)
            self.edge.accept(event.dialog, sdp(40_000))
        elif isinstance(event, events.Reoffered):
            self.edge.accept_offer(event.dialog, sdp(40_000))
        task = asyncio.get_running_loop().create_task(self._notify())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notify(self) -> None:
        async with self._came:
            self._came.notify_all()


@asynccontextmanager
async def serving(
    *,
    trunk_port: int = 5060,
    host: str = HOST,
    clock: Clock | None = None,
    transports: tuple[str, ...] = ("udp", "tcp"),
) -> AsyncIterator[Server]:
    """UDP and TCP on one port that the system gave."""
    server: Server
    endpoint = Endpoint(domain=HOST, chance=random.Random(1), tell=lambda event: server.hear(event))  # noqa: PLW0108
    port = both_free(HOST)
    listens = [Listen("udp", HOST, port), Listen("tcp", HOST, port)]
    server = Server(endpoint, SipEdge(endpoint, listens, clock or SystemClock()))
    await server.edge.open()
    try:
        await server.edge.configure(site(trunk_port))
        yield server
    finally:
        await server.edge.stop()
