"""Sockets, the loop and the clock for `sip.endpoint`: the only code of this room that knows them. Decides nothing.

It is also the `Signalling` that the calls room speaks to: each wish gets its time here and is sent after it.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

import structlog

from callcenterd.certificates import Certificates
from callcenterd.clock import Clock
from callcenterd.errors import CannotStart, LocalError
from callcenterd.model.ids import ExtensionNumber, TrunkName
from callcenterd.model.site import Site
from callcenterd.sip.endpoint import Endpoint
from callcenterd.sip.events import DialogId, ToExtension, ToTrunk
from callcenterd.sip.flow import Address, Flow, Transport, written_host
from callcenterd.sip.locate import Found, Resolver, Wanted, locate
from callcenterd.sip.post import Parcel
from callcenterd.sip.probe import WITHIN, Probed
from callcenterd.sip.subscriptions import Documents, Package
from callcenterd.sip.transport.dns import SystemResolver
from callcenterd.sip.transport.tcp import Connections, Item, TcpConnection
from callcenterd.sip.transport.tls import HANDSHAKE_WITHIN, TlsConnection
from callcenterd.sip.transport.udp import UdpSocket
from callcenterd.sip.transport.websocket import WebSip, flow_of

_log = structlog.get_logger(__name__)

SWEEP_EVERY = 1.0
RESOLVED_WITHIN = 5.0
"""Seconds that `configure` waits for names. What takes longer is taken up when it comes."""
CONNECTED_WITHIN = 5.0
UNSEALED_AGAIN = 60.0
UNSEALED_MOST = 256
"""Seconds until a source that failed to speak TLS is named in the log again, and how many of them are remembered."""
_BACKLOG = 128


class ListenAt(Protocol):
    """What the configuration says: `config.Listen`."""

    @property
    def transport(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...


class SipEdge:
    def __init__(
        self,
        endpoint: Endpoint,
        listens: Sequence[ListenAt],
        clock: Clock,
        resolver: Resolver | None = None,
        certificates: Certificates | None = None,
    ) -> None:
        """resolver: who knows names; the system's if none is given. certificates: for TLS; without them we show none,
        and believe the system's authorities."""
        self._certificates = certificates or Certificates(None, None, None, clock)
        self._resolver = resolver or SystemResolver()
        self._core = endpoint
        self._listens = listens
        self._clock = clock
        self._udp: dict[Address, UdpSocket] = {}
        self._servers: list[asyncio.Server] = []
        self._connections = Connections(self, clock, endpoint.needs)
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = float("inf")
        self._soon = False
        self._flushing = False
        self._closed = True
        self._listening: list[tuple[Transport, Address]] = []
        self._unsealed: dict[str, float] = {}  # source: when it was named last

    async def open(self, *, answer: bool = True) -> None:
        """Listen everywhere. Raises CannotStart, and then listens nowhere.

        answer: False: what comes waits in the sockets until `answer` is called, so that no phone is refused by a
        server that does not know its site yet.
        """
        self._closed = False
        listening: list[tuple[Transport, Address]] = []
        for listen in self._listens:
            try:
                if listen.transport == "udp":
                    listening.append(("UDP", self._open_udp(listen.host, listen.port)))
                elif listen.transport == "tls":
                    self._certificates.server()  # there is one
                    listening.append(("TLS", await self._open_stream(listen.host, listen.port, self._sealed)))
                else:
                    listening.append(
                        ("TCP", await self._open_stream(listen.host, listen.port, self._connections.theirs))
                    )
            except OSError as fault:
                await self.stop()
                raise CannotStart(_why_not(listen, fault)) from fault
            except LocalError as fault:
                await self.stop()
                raise CannotStart(f"SIP cannot listen by TLS: {fault}") from fault
        self._core.listening([*listening, *_ways_out(listening)])
        self._listening = listening
        if answer:
            await self.answer()

    async def answer(self) -> None:
        """From now on what comes is read."""
        loop = asyncio.get_running_loop()
        for bound in self._udp.values():
            loop.add_reader(bound.fileno(), self._drain, bound)
        for server in self._servers:
            await server.start_serving()

    async def stop(self) -> None:
        """Close every socket and end what is under way. Twice is fine."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        for bound in self._udp.values():
            loop.remove_reader(bound.fileno())
            bound.close()
        self._udp.clear()
        for server in self._servers:
            server.close()
        self._connections.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()

    @property
    def addresses(self) -> list[tuple[Transport, Address]]:
        """Where it listens, with the ports that the system gave for port 0."""
        return list(self._listening)

    def reload_certificates(self) -> None:
        """The files of the certificate may be others (SIGHUP)."""
        self._certificates.reload()

    def web_socket(
        self,
        remote: Address,
        local: Address,
        *,
        secure: bool,
        send: Callable[[bytes], None],
        close: Callable[[str], None],
    ) -> WebSip | None:
        """A WebSocket of SIP that the web room has accepted (RFC 7118). None: there are too many."""
        flow = flow_of(self._connections.number(), remote, local, secure=secure)
        opened = WebSip(flow, self._connections, self._clock, send, close)
        return opened if self._connections.admit(opened) else None

    @property
    def connections(self) -> int:
        return len(self._connections)

    # ---- Signalling, and what else is asked --------------------------------------------------------------

    async def configure(self, site: Site) -> None:
        """The site from now on. Its host names are asked for before this returns, for a while."""
        self._core.configure(site, self._now())
        self._flush()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=RESOLVED_WITHIN)

    async def probe(self, trunk: TrunkName) -> tuple[Found, Probed]:
        """Find a trunk anew, ask it, and hand back what was found and heard. Raises NotFound. Bounded: RESOLVED_WITHIN
        seconds for its name, and `probe.WITHIN` for its answers."""
        wanted = self._core.wanted(trunk)
        try:
            async with asyncio.timeout(RESOLVED_WITHIN):
                found = await locate(wanted, self._resolver)
        except TimeoutError:
            found = Found()
        heard: asyncio.Future[Probed] = asyncio.get_running_loop().create_future()

        def told(probed: Probed) -> None:
            if not heard.done():
                heard.set_result(probed)

        self._core.located(wanted, found, self._now())  # what stops the trunk may be an answer that is old
        self._core.probe(trunk, found.machines, told, now=self._now())
        self._flush()
        async with asyncio.timeout(WITHIN + 2.0):
            return found, await heard

    def drain(self) -> None:
        self._core.drain()

    def late(self, late_ms: float) -> None:
        """How late sound is: what is let in from now on depends on it."""
        self._core.late(late_ms, self._now())

    def show(self, documents: Documents) -> None:
        self._core.show(documents)

    def changed(self, package: Package, number: ExtensionNumber) -> None:
        self._core.changed(package, number, self._now())
        self._flush_soon()

    def farewell(self) -> None:
        """Sent before this returns: the sockets are closed soon after."""
        self._core.farewell(self._now())
        self._flush()

    def ring(self, dialog: DialogId, sdp: bytes | None = None) -> None:
        self._core.ring(dialog, sdp, now=self._now())
        self._flush_soon()

    def accept(self, dialog: DialogId, sdp: bytes) -> None:
        self._core.accept(dialog, sdp, now=self._now())
        self._flush_soon()

    def refuse(self, dialog: DialogId, status: int, phrase: str | None = None) -> None:
        self._core.refuse(dialog, status, phrase, now=self._now())
        self._flush_soon()

    def place(self, to: ToExtension | ToTrunk, *, caller: str, caller_name: str = "", sdp: bytes) -> DialogId:
        placed = self._core.place(to, caller=caller, caller_name=caller_name, sdp=sdp, now=self._now())
        self._flush_soon()
        return placed

    def hang_up(self, dialog: DialogId, reason: str | None = None) -> None:
        self._core.hang_up(dialog, reason, now=self._now())
        self._flush_soon()

    def accept_offer(self, dialog: DialogId, sdp: bytes) -> None:
        self._core.accept_offer(dialog, sdp, now=self._now())
        self._flush_soon()

    def refuse_offer(self, dialog: DialogId, status: int = 488) -> None:
        self._core.refuse_offer(dialog, status, now=self._now())
        self._flush_soon()

    def tell_referral(self, dialog: DialogId, status: int) -> None:
        self._core.tell_referral(dialog, status, now=self._now())
        self._flush_soon()

    def ask_if_there(self, dialog: DialogId) -> None:
        self._core.ask_if_there(dialog, now=self._now())
        self._flush_soon()

    def pick_up(self, dialog: DialogId) -> bool:
        asked = self._core.pick_up(dialog, now=self._now())
        self._flush_soon()
        return asked

    def can_pick_up(self, dialog: DialogId) -> bool:
        return self._core.can_pick_up(dialog)

    def local_host_towards(self, to: ToExtension | ToTrunk) -> str:
        return self._core.local_host_towards(to, now=self._now())

    def is_secure_towards(self, to: ToExtension | ToTrunk) -> bool:
        return self._core.is_secure_towards(to, now=self._now())

    # ---- what comes ----------------------------------------------------------------------------------------

    def take(self, item: Item, flow: Flow) -> None:
        """A message off a stream."""
        try:
            self._core.take(item, flow, self._now())
        except Exception:  # noqa: BLE001  # one message's fault must not reach the next one
            _log.exception("message not taken", source=str(flow))
        self._flush()

    def began(self) -> None:
        """A stream is there: with the first one the sweep begins, whether it says something or not."""
        self._flush_soon()

    def ended(self, flow: Flow, why: str) -> None:
        """A stream is over."""
        _log.debug("connection ended", remote=str(flow), why=why)
        if not self._closed:
            self._core.connection_ended(flow, self._now())
            self._flush_soon()

    def unsealed(self, flow: Flow, why: str) -> None:
        """No TLS came about on a connection: they speak something else, or do not believe us, or we them.

        One line for a source in a while: hundreds in a second must not fill the log.
        """
        now, source = self._now(), flow.remote[0]
        if now - self._unsealed.get(source, -UNSEALED_AGAIN) < UNSEALED_AGAIN:
            return
        if len(self._unsealed) >= UNSEALED_MOST:
            self._unsealed.clear()
        self._unsealed[source] = now
        _log.info("no TLS", remote=str(flow), why=why, handshakes_failed=self._connections.handshakes_failed)

    def _receive(self, octets: bytes, flow: Flow) -> None:
        try:
            self._core.receive(octets, flow, self._now())
        except Exception:  # noqa: BLE001  # one datagram's fault must not reach the next one
            _log.exception("datagram not taken", source=str(flow))

    def _drain(self, bound: UdpSocket) -> None:
        bound.drain()
        self._flush()

    # ---- what goes -----------------------------------------------------------------------------------------

    def _flush_soon(self) -> None:
        """Once for all wishes of this turn of the loop."""
        if not self._soon and not self._flushing and not self._closed:
            self._soon = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        """After everything that the core was told: send, pass events on, ask for names, set the one timer anew."""
        self._soon = False
        if self._flushing or self._closed:
            return
        self._flushing = True
        try:
            self._send_all()
            while self._core.tell_events():
                self._send_all()
        finally:
            self._flushing = False
        for wanted in self._core.lookups(self._now()):
            self._own(self._look_up(wanted))
        self._set_timer()

    def _send_all(self) -> None:
        while parcels := self._core.parcels():
            for parcel in parcels:
                if parcel.flow.transport == "UDP":
                    self._send_datagram(parcel)
                else:
                    self._send_on_stream(parcel)

    def _send_datagram(self, parcel: Parcel) -> None:
        bound = self._udp.get(parcel.flow.local)
        why = "the socket is gone" if bound is None else bound.send(parcel.octets, parcel.flow.remote)
        if why:
            self._core.unsent(parcel, why, self._now())

    def _send_on_stream(self, parcel: Parcel) -> None:
        connection = self._connections.on(parcel.flow)
        if connection is not None:
            connection.send(parcel.octets)
        elif parcel.flow.connection:
            self._core.unsent(parcel, "the connection is gone", self._now())
        else:
            self._own(self._connect_and_send(parcel))

    async def _connect_and_send(self, parcel: Parcel) -> None:
        """A connection of our own. What else goes there meanwhile finds it, or makes a second one."""
        flow = parcel.flow
        sealing: dict[str, Any] = {}
        if flow.transport == "TLS":
            sealing = {
                "ssl": self._certificates.client(),
                "server_hostname": flow.name or flow.remote[0],
                "ssl_handshake_timeout": HANDSHAKE_WITHIN,
            }
        try:
            async with asyncio.timeout(CONNECTED_WITHIN):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: self._connections.ours(flow), *flow.remote, **sealing
                )
        except (OSError, TimeoutError) as fault:
            why = str(fault) or "no connection in time"
            if isinstance(fault, ssl.SSLError):
                _log.warning("no TLS", remote=str(flow), name=flow.name, why=why)
            self._core.unsent(parcel, why, self._now())
        else:
            connection.send(parcel.octets)
        self._flush()

    async def _look_up(self, wanted: Wanted) -> None:
        found = await locate(wanted, self._resolver)
        self._core.located(wanted, found, self._now())
        self._flush()

    # ---- time ----------------------------------------------------------------------------------------------

    def _set_timer(self) -> None:
        """One timer. It is only moved to be earlier: one that fires too early finds nothing due and is set anew."""
        due = self._core.deadline()
        if len(self._connections):
            sweep = self._now() + SWEEP_EVERY
            due = sweep if due is None else min(due, sweep)
        if due is None or (self._timer is not None and self._timer_due <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due = due
        self._timer = asyncio.get_running_loop().call_later(max(0.0, due - self._now()), self._fire)

    def _fire(self) -> None:
        self._timer = None
        now = self._now()
        self._connections.sweep()
        try:
            self._core.advance(now)
        except Exception:  # noqa: BLE001  # one call's timer must not stop those of the others
            _log.exception("timer failed")
        self._flush()

    def _now(self) -> float:
        return self._clock.monotonic()

    # ---- sockets -------------------------------------------------------------------------------------------

    def _open_udp(self, host: str, port: int) -> Address:
        bound = UdpSocket.open(host, port, self._receive)
        self._udp[bound.local] = bound
        return bound.local

    def _sealed(self, local: Address) -> TlsConnection:
        return TlsConnection(self._connections.number(), local, self._connections, self._clock, self._certificates)

    async def _open_stream(self, host: str, port: int, made: Callable[[Address], TcpConnection]) -> Address:
        listener = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=_BACKLOG
        )
        local: Address = listener.getsockname()[:2]
        server = await asyncio.get_running_loop().create_server(
            lambda: made(local), sock=listener, backlog=_BACKLOG, start_serving=False
        )
        self._servers.append(server)
        return local

    def _own(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _ways_out(listening: Sequence[tuple[Transport, Address]]) -> list[tuple[Transport, Address]]:
    """By TCP and TLS we reach others also where we do not listen: they answer on the connection that we make."""
    ways: list[tuple[Transport, Address]] = []
    for transport, port in (("TCP", 5060), ("TLS", 5061)):
        for host in {address[0] for _, address in listening}:
            family = ":" in host
            if not any(kind == transport and (":" in address[0]) == family for kind, address in listening):
                ways.append((transport, (host, port)))  # type: ignore[arg-type]  # of the two above
    return ways


def _why_not(listen: ListenAt, fault: OSError) -> str:
    where = f"{listen.transport}:{written_host(listen.host)}:{listen.port}"
    match fault.errno:
        case errno.EADDRINUSE:
            return f"SIP cannot listen on {where}: the port is in use by another program"
        case errno.EADDRNOTAVAIL:
            return f"SIP cannot listen on {where}: this machine does not have that address"
        case errno.EACCES:
            return f"SIP cannot listen on {where}: not allowed (ports below 1024 need a right of their own)"
        case _:
            return f"SIP cannot listen on {where}: {fault.strerror or fault}"
