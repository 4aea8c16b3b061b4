"""The gateway's own process: pages on one side, sealed; the media engine on the other, plain, on 127.0.0.1 only.

Between them a packet keeps its payload: both sides speak A-law. Here and not in the server, because handshakes and
ciphers for each packet would share one interpreter with the tick of all calls; and what a stranger may make crash is
this process, which holds nothing that cannot be made anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from typing import IO, Any

import ifaddr
import structlog

from callcenterd.clock import Clock, SystemClock
from callcenterd.media.webrtc import offer as offers
from callcenterd.media.webrtc import wire
from callcenterd.media.webrtc.ice import Address, Way, Ways, is_stun
from callcenterd.media.webrtc.sealed import Sealed, Wire, new_certificate
from callcenterd.media.webrtc.stream import Stream

_log = structlog.get_logger(__name__)

MOST_PAGES = 256
UP_WITHIN = 20.0
"""Seconds from the answer until ICE and DTLS are done."""
QUIET_TOLD = 3.0
QUIET_MOST = 30.0
"""Seconds: a page sends 50 packets a second, or at least checks every few seconds that we are there (RFC 7675)."""
LOOK_EVERY = 0.5
FIGURES_EVERY = 5.0
MOST_AT_ONCE = 200
"""Datagrams that are read before others get their turn."""
MOST_HOSTS = 8
_LOOPBACK = "127.0.0.1"
_PKTINFO = struct.Struct("=I4s4s")  # struct in_pktinfo: interface, our address, its header's destination
IP_PKTINFO = 8
_DATAGRAM = 2048
Tell = Callable[[wire.FromGateway], None]


class Door:
    """The one UDP socket that all pages send to. Answers leave from the address that was asked."""

    def __init__(self, first_port: int, last_port: int) -> None:
        """Raises OSError if none of the ports is free."""
        self._socket = _bound_to_last(first_port, last_port)
        self._local: dict[Address, bytes] = {}  # by their address: which of ours they speak to
        self._asked = bytes(4)  # which of ours what is being heard now was sent to
        self.port = int(self._socket.getsockname()[1])

    def open(self, heard: Callable[[bytes, Address], None]) -> None:
        asyncio.get_running_loop().add_reader(self._socket, self._read, heard)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def proved(self, address: Address) -> None:
        """Nothing is remembered of addresses that have not."""
        self._local[address] = self._asked

    def forget(self, address: Address) -> None:
        self._local.pop(address, None)

    def send(self, octets: bytes, to: Address, ours: bytes | None = None) -> None:
        """A full buffer loses the datagram, as a network does."""
        ours = ours or self._local.get(to)
        own = [] if ours is None else [(socket.IPPROTO_IP, IP_PKTINFO, _PKTINFO.pack(0, ours, bytes(4)))]
        with contextlib.suppress(OSError):
            self._socket.sendmsg([octets], own, 0, to)

    def reply(self, octets: bytes, to: Address) -> None:
        """To what is being heard now."""
        self.send(octets, to, self._asked)

    def _read(self, heard: Callable[[bytes, Address], None]) -> None:
        for _ in range(MOST_AT_ONCE):
            try:
                octets, own, _, source = self._socket.recvmsg(_DATAGRAM, socket.CMSG_SPACE(_PKTINFO.size))
            except OSError:
                return  # nothing there, or an ICMP error of one that is gone
            self._asked = _PKTINFO.unpack(own[0][2])[1] if own else bytes(4)
            heard(octets, source)


def _bound_to_last(first: int, last: int) -> socket.socket:
    """The last free port: the engine takes its own from the beginning. 0 to 0: whichever the system gives."""
    for port in range(last, first - 1, -1):
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        try:
            made.bind(("0.0.0.0", port))  # noqa: S104  # pages come from outside this machine
        except OSError:
            made.close()
        else:
            return made
    raise OSError(f"no UDP port from {first} to {last} is free")


class Page:
    """One page: its seal, its socket towards the engine, and the stream that it hears."""

    def __init__(self, name: str, asked: offers.Offer, way: Way, door: Door, tell: Tell, clock: Clock) -> None:
        self.name = name
        self.way = way
        self.heard_at: float | None = None
        """When something came that only this page could have sent; None: not before it is up."""
        self.quiet = False
        self._asked = asked
        self._door = door
        self._tell = tell
        self._clock = clock
        self._engine: Address | None = None
        chance = random.SystemRandom()
        self.stream = Stream(chance.getrandbits(32), chance.getrandbits(16), chance.getrandbits(32))
        self._inner = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._inner.setblocking(False)
        self._inner.bind((_LOOPBACK, 0))
        self.port = int(self._inner.getsockname()[1])
        self._wire = Wire(self._send)
        certificate, self.fingerprint = new_certificate()
        self._seal = Sealed(self._wire, certificate, sound=self._sound, reports=self._reports)
        self._found = asyncio.Event()
        self.opened = 0
        self.task: asyncio.Task[None] | None = None

    # ---- from the page ------------------------------------------------------------------------------------------

    def checked(self) -> None:
        """ICE found a way, or found again that it is there."""
        self._found.set()
        self._alive()

    def received(self, octets: bytes) -> None:
        self._wire.received(octets)

    def _sound(self, packet: bytes) -> None:
        self.opened += 1
        self._alive()
        if self._engine is not None:
            with contextlib.suppress(OSError):
                self._inner.sendto(packet, self._engine)

    def _reports(self, _: bytes) -> None:
        self.opened += 1
        self._alive()

    def _alive(self) -> None:
        if self.heard_at is None:
            return
        self.heard_at = self._clock.monotonic()
        if self.quiet:
            self.quiet = False
            self._tell(wire.Heard(self.name))

    def _send(self, octets: bytes) -> None:
        if self.way.best is not None:
            self._door.send(octets, self.way.best)

    # ---- from the engine ----------------------------------------------------------------------------------------

    def talk(self, port: int) -> None:
        self._engine = (_LOOPBACK, port)

    def hush(self) -> None:
        self._engine = None

    def _from_engine(self) -> None:
        for _ in range(MOST_AT_ONCE):
            try:
                octets, source = self._inner.recvfrom(_DATAGRAM)
            except OSError:
                return
            # Of another port of this machine, or of a leg that is over: not what this page is to hear.
            if source != self._engine or len(octets) < 12 or 64 <= octets[1] & 0x7F < 96:
                continue
            packet = self.stream.stamp(octets, self._clock.monotonic())
            if packet is not None:
                self._seal.send_sound(packet)

    # ---- its life -----------------------------------------------------------------------------------------------

    async def live(self) -> str:
        """From the answer to the end. Answers why it ended."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._inner, self._from_engine)
        try:
            async with asyncio.timeout(UP_WITHIN):
                await self._found.wait()
                if not await self._seal.shake_hands(self._asked.fingerprints):
                    return "the DTLS handshake failed, or its certificate is another than in its offer"
            self.heard_at = self._clock.monotonic()
            self._tell(wire.Up(self.name))
            await self._seal.over()
            return "the page ended it"
        except TimeoutError:
            return "no way to the page was found" if not self._found.is_set() else "the handshake was not ended"
        finally:
            loop.remove_reader(self._inner)
            self._inner.close()
            await self._seal.end()


class Gateway:
    """All pages. tell: to the server."""

    def __init__(self, door: Door, tell: Tell, clock: Clock) -> None:
        self._door = door
        self._tell = tell
        self._clock = clock
        self._ways = Ways(random.SystemRandom())
        self._pages: dict[str, Page] = {}
        self._strangers = 0
        self._sealed = 0
        self._opened = 0

    def heard(self, octets: bytes, source: Address) -> None:
        """A datagram from outside."""
        if is_stun(octets):
            self._check(octets, source)
            return
        way = self._ways.of(source)
        page = None if way is None else self._pages.get(way.page)
        if page is None:
            self._strangers += 1
            return
        self._sealed += 1 if octets and octets[0] >= 128 else 0
        page.received(octets)

    def _check(self, octets: bytes, source: Address) -> None:
        checked = self._ways.check(octets, source)
        if checked is None:
            self._strangers += 1
            return
        self._door.reply(checked.reply, source)
        if source in checked.way.addresses:
            self._door.proved(source)
            if (page := self._pages.get(checked.way.page)) is not None:
                page.checked()

    # ---- what the server wants ----------------------------------------------------------------------------------

    def obey(self, wanted: wire.Message) -> None:
        match wanted:
            case wire.Open():
                self._open(wanted)
            case wire.Talk(page=name, port=port):
                if name in self._pages:
                    self._pages[name].talk(port)
            case wire.Hush(page=name):
                if name in self._pages:
                    self._pages[name].hush()
            case wire.Close(page=name):
                if name in self._pages:
                    self._end(self._pages[name])
            case _:
                raise wire.MalformedMessage(f"{type(wanted).__name__} is not for the gateway")

    def _open(self, wanted: wire.Open) -> None:
        try:
            asked = offers.read(wanted.offer)
            if len(self._pages) >= MOST_PAGES:
                raise offers.UnusableOffer(f"{MOST_PAGES} pages are phones already")
        except offers.UnusableOffer as fault:
            self._tell(wire.Declined(wanted.page, str(fault)))
            return
        page = Page(
            wanted.page, asked, self._ways.add(wanted.page, asked.fragment), self._door, self._tell, self._clock
        )
        self._pages[wanted.page] = page
        ours = offers.Ours(
            fragment=page.way.fragment,
            password=page.way.password,
            fingerprint=page.fingerprint,
            hosts=_hosts(wanted.hosts),
            port=self._door.port,
            ssrc=page.stream.ssrc,
            session=random.SystemRandom().getrandbits(62),
        )
        page.task = asyncio.create_task(self._live(page))
        self._tell(wire.Answered(wanted.page, offers.answer(asked, ours), page.port, asked.keys))

    async def _live(self, page: Page) -> None:
        why = "a fault of ours"
        try:
            why = await page.live()
        except asyncio.CancelledError:
            why = "closed"
        except Exception:  # noqa: BLE001  # one page's fault must not reach the others
            _log.exception("page failed", page=page.name)
        finally:
            for address in tuple(page.way.addresses):
                self._door.forget(address)
            self._ways.remove(page.way)
            self._opened += page.opened
            del self._pages[page.name]
            self._tell(wire.Lost(page.name, why))

    def _end(self, page: Page) -> None:
        if page.task is not None:
            page.task.cancel()

    async def look_round(self) -> None:
        """Who has gone quiet; and every few seconds that we live."""
        told = self._clock.monotonic()
        while True:
            await asyncio.sleep(LOOK_EVERY)
            now = self._clock.monotonic()
            for page in list(self._pages.values()):
                silence = 0.0 if page.heard_at is None else now - page.heard_at
                if silence >= QUIET_MOST:
                    self._end(page)
                elif silence >= QUIET_TOLD and not page.quiet:
                    page.quiet = True
                    self._tell(wire.Quiet(page.name, round(silence, 1)))
            if now - told >= FIGURES_EVERY:
                told = now
                opened = self._opened + sum(page.opened for page in self._pages.values())
                used = resource.getrusage(resource.RUSAGE_SELF)
                self._tell(
                    wire.Figures(
                        len(self._pages), used.ru_utime + used.ru_stime, self._strangers, max(0, self._sealed - opened)
                    )
                )

    async def stop(self) -> None:
        tasks = [page.task for page in self._pages.values() if page.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _hosts(wanted: Sequence[str]) -> list[str]:
    """Where pages may find us, the likeliest first: as wanted, then every address of this machine. Itself last: a
    page on this machine finds the others just as well."""
    found = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)]
    known = dict.fromkeys(host for host in [*wanted, *found] if not host.startswith("127."))
    return [*list(known)[:MOST_HOSTS], _LOOPBACK]


async def _read(reader: asyncio.StreamReader) -> wire.Message | None:
    """None: the server is gone."""
    try:
        head = await reader.readexactly(wire.HEAD)
        return wire.decode(await reader.readexactly(wire.size(head)))
    except asyncio.IncompleteReadError:
        return None


async def _serve(orders: IO[bytes], answers: IO[bytes]) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), orders)
    writer: Any
    writer, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, answers)
    first = await _read(reader)
    if not isinstance(first, wire.Bind):
        raise wire.MalformedMessage("Bind comes first")
    door = Door(first.first_port, first.last_port)
    gateway = Gateway(door, lambda message: writer.write(wire.encode(message)), SystemClock())
    door.open(gateway.heard)
    writer.write(wire.encode(wire.Started(door.port)))
    looking = asyncio.create_task(gateway.look_round())
    try:
        while (wanted := await _read(reader)) is not None:
            gateway.obey(wanted)
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        await gateway.stop()
        door.close()


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's business
    answers = os.fdopen(os.dup(1), "wb", 0)
    os.dup2(2, 1)  # what is printed goes to the log, not between the answers
    asyncio.run(_serve(sys.stdin.buffer, answers))
