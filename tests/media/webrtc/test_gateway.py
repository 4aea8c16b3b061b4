"""The gateway's process with pages that are another implementation (aiortc), plain RTP behind it, and strangers."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from fractions import Fraction
from typing import Any, cast

import av
import numpy as np
import pytest
import pytest_asyncio
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from callcenterd.clock import SystemClock
from callcenterd.media.codecs import g711
from callcenterd.media.webrtc.gateway import Gateway, GatewayDown, OfferDeclined
from callcenterd.media.webrtc.inside import MOST_PAGES
from callcenterd.media.webrtc.wire import Answered
from tests.kit.tones import level, tone

PORTS = range(46000, 46064)
LOOPBACK = "127.0.0.1"
CLOCK = SystemClock()


class Listener:
    """Implements `gateway.PageListener`."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.news = asyncio.Event()

    def page_up(self, page: str) -> None:
        self._say(f"up {page}")

    def page_quiet(self, page: str, seconds: float) -> None:
        self._say(f"quiet {page}")

    def page_heard(self, page: str) -> None:
        self._say(f"heard {page}")

    def page_lost(self, page: str, why: str) -> None:
        self._say(f"lost {page}: {why}")

    def _say(self, text: str) -> None:
        self.said.append(text)
        self.news.set()

    async def until(self, beginning: str, seconds: float = 30.0) -> str:
        async with asyncio.timeout(seconds):
            while not (found := [text for text in self.said if text.startswith(beginning)]):
                self.news.clear()
                await self.news.wait()
        return found[0]


class Tone(MediaStreamTrack):
    """What the page says, for ever."""

    kind = "audio"

    def __init__(self, hertz: float) -> None:
        super().__init__()
        self._sound = tone(hertz, 1.0)
        self._begun = 0.0
        self._frames = 0

    async def recv(self) -> av.AudioFrame:
        self._begun = self._begun or CLOCK.monotonic()
        await asyncio.sleep(max(0.0, self._begun + self._frames * 0.02 - CLOCK.monotonic()))
        at = self._frames * 160 % 8000
        frame = av.AudioFrame.from_ndarray(self._sound[None, at : at + 160].copy(), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 8000, self._frames * 160, Fraction(1, 8000)
        self._frames += 1
        return frame


class Browser:
    """A page, by aiortc. heard: what came, at 8 kHz."""

    def __init__(self, hertz: float = 440.0) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.pc.addTrack(Tone(hertz))
        self.frames: list[Any] = []
        self._listening: asyncio.Task[None] | None = None
        self.pc.on("track", self._track)

    async def offer(self) -> str:
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return str(self.pc.localDescription.sdp)

    async def take(self, answer: str) -> None:
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    def _track(self, track: MediaStreamTrack) -> None:
        self._listening = asyncio.create_task(self._listen(track))

    async def _listen(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                assert isinstance(frame, av.AudioFrame)
                self.frames.append(frame.to_ndarray()[0])

    def heard(self) -> Any:
        return np.concatenate(self.frames[-50:])

    async def close(self) -> None:
        await self.pc.close()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)


class Engine:
    """The media row behind it: sends silence or a tone every 20 ms and keeps what comes."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((LOOPBACK, 0))
        self.socket.setblocking(False)
        self.port = int(self.socket.getsockname()[1])
        self.came: list[bytes] = []

    async def talk(self, to: int, seconds: float, code: int = 0xD5, source: int = 9) -> None:
        for n in range(round(seconds * 50)):
            self.socket.sendto(struct.pack(">BBHII", 0x80, 8, n, n * 160, source) + bytes([code] * 160), (LOOPBACK, to))
            self.take()
            await asyncio.sleep(0.02)

    def take(self) -> None:
        with suppress(BlockingIOError):
            while True:
                self.came.append(self.socket.recv(2048))

    def close(self) -> None:
        self.socket.close()


@pytest_asyncio.fixture
async def gateway() -> AsyncIterator[Gateway]:
    made = Gateway(PORTS)
    made.listener = Listener()
    yield made
    await made.stop()


@pytest_asyncio.fixture
async def closing() -> AsyncIterator[list[Any]]:
    """Whatever is put here is closed in the end."""
    things: list[Any] = []
    yield things
    for thing in things:
        done = thing.close()
        if asyncio.iscoroutine(done):
            await done


async def page_up(
    gateway: Gateway, closing: list[Any], name: str = "p1", hertz: float = 440.0
) -> tuple[Browser, Answered]:
    browser = Browser(hertz)
    closing.append(browser)
    answered = await gateway.open(name, await browser.offer(), [])
    await browser.take(answered.answer)
    listener = gateway.listener
    assert isinstance(listener, Listener)
    await listener.until(f"up {name}")
    return browser, answered


def decoded(packets: list[bytes]) -> Any:
    return g711.decode(np.frombuffer(b"".join(packet[12:] for packet in packets), np.uint8), g711.PCMA)


async def figures(gateway: Gateway, met: Callable[[Any], bool]) -> Any:
    async with asyncio.timeout(15):
        while not met(gateway.figures):
            await asyncio.sleep(0.1)
    return gateway.figures


async def test_sound_goes_both_ways_and_stops_with_the_call(gateway: Gateway, closing: list[Any]) -> None:
    browser, answered = await page_up(gateway, closing)
    engine = Engine()
    closing.append(engine)
    await engine.talk(answered.port, 0.3)
    assert engine.came == []  # it speaks with nobody yet
    gateway.talk("p1", engine.port)
    await engine.talk(answered.port, 1.5, code=0x34)
    packets = engine.came[-50:]
    assert len(engine.came) > 50
    assert {packet[1] & 0x7F for packet in packets} == {8}
    assert level(decoded(packets), 440) > 6000
    assert abs(float(np.median(browser.heard()))) > 5000  # 0x34 is a high level
    gateway.hush("p1")
    await asyncio.sleep(0.2)
    engine.take()
    engine.came.clear()
    await engine.talk(answered.port, 0.3)
    assert engine.came == []


async def test_a_page_hears_one_call_after_the_other_on_one_stream(gateway: Gateway, closing: list[Any]) -> None:
    browser, answered = await page_up(gateway, closing)
    for source in (1, 2, 3):
        engine = Engine()
        closing.append(engine)
        gateway.talk("p1", engine.port)
        await asyncio.sleep(0.1)
        await engine.talk(answered.port, 0.6, code=0x34, source=source)
        assert abs(float(np.median(browser.heard()[-1600:]))) > 5000
        gateway.hush("p1")


async def test_nobody_else_on_this_machine_speaks_into_a_page(gateway: Gateway, closing: list[Any]) -> None:
    browser, answered = await page_up(gateway, closing)
    engine, other = Engine(), Engine()
    closing.extend([engine, other])
    gateway.talk("p1", engine.port)
    await engine.talk(answered.port, 0.4)
    browser.frames.clear()
    await asyncio.gather(engine.talk(answered.port, 1.0), other.talk(answered.port, 1.0, code=0x34, source=66))
    assert np.abs(browser.heard()).max() < 100
    assert other.came == []


async def test_strangers_before_and_during_the_handshake_are_no_way_in(gateway: Gateway, closing: list[Any]) -> None:
    """R-32: a ClientHello from another address before the right one, guessed checks, sound to the open port."""
    browser = Browser()
    closing.append(browser)
    answered = await gateway.open("p1", await browser.offer(), [])
    assert gateway.port is not None
    fragment = re.search(r"a=ice-ufrag:(\S+)", answered.answer)
    assert fragment is not None
    stranger = Engine()
    closing.append(stranger)
    hello = bytes.fromhex("16fefd0000000000000000" + "0030") + bytes([1, 0, 0, 0x24]) + bytes(44)
    check = struct.pack(">HHI", 1, 12 + len(fragment[1]), 0x2112A442) + bytes(12)
    check += struct.pack(">HH", 6, len(fragment[1]) + 5) + fragment[1].encode() + b":Qv4K" + bytes(3)
    spray = [hello, check, b"", b"\0", bytes([0x80, 8]) + bytes(170), bytes(1500)]

    async def attack() -> None:
        while True:
            for octets in spray:
                stranger.socket.sendto(octets, (LOOPBACK, gateway.port or 0))
            stranger.take()
            await asyncio.sleep(0.01)

    attacking = asyncio.create_task(attack())
    await asyncio.sleep(0.3)
    await browser.take(answered.answer)
    listener = gateway.listener
    assert isinstance(listener, Listener)
    await listener.until("up p1")
    engine = Engine()
    closing.append(engine)
    gateway.talk("p1", engine.port)
    await engine.talk(answered.port, 1.0)
    attacking.cancel()
    await asyncio.gather(attacking, return_exceptions=True)
    assert stranger.came == []  # nobody is answered who has not proved who they are
    assert 40 < len(engine.came) < 60
    assert level(decoded(engine.came), 440) > 6000
    known = await figures(gateway, lambda now: now.strangers > 100)
    assert known.bad == 0


async def test_a_page_with_another_certificate_than_it_offered_is_not_let_in(
    gateway: Gateway, closing: list[Any]
) -> None:
    browser = Browser()
    closing.append(browser)
    offer = await browser.offer()
    forged = re.sub(
        r"a=fingerprint:(\S+) ..",
        lambda found: f"a=fingerprint:{found[1]} {'00' if found[0][-2:] != '00' else '11'}",
        offer,
    )
    assert forged != offer
    answered = await gateway.open("p1", forged, [])
    await browser.take(answered.answer)
    listener = gateway.listener
    assert isinstance(listener, Listener)
    assert "certificate" in await listener.until("lost p1")
    assert "up p1" not in listener.said


async def test_what_cannot_be_used_is_declined_in_a_sentence(gateway: Gateway) -> None:
    with pytest.raises(OfferDeclined, match="session description"):
        await gateway.open("p1", "junk", [])
    assert gateway.state == "up"


async def test_a_page_that_closes_is_told_at_once(gateway: Gateway, closing: list[Any]) -> None:
    browser, _ = await page_up(gateway, closing)
    listener = gateway.listener
    assert isinstance(listener, Listener)
    await browser.close()
    await listener.until("lost p1", 3.0)


class Cable(asyncio.DatagramProtocol):
    """Between a page and the gateway: what it is given it carries on, until it is cut."""

    def __init__(self, to: tuple[str, int]) -> None:
        self._gateway = to
        self._page: tuple[str, int] | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self.cut = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if addr != self._gateway:
            self._page = addr
        to = self._page if addr == self._gateway else self._gateway
        if not self.cut and to is not None and self._transport is not None:
            self._transport.sendto(data, to)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def test_a_page_that_falls_silent_is_told_and_when_it_is_back(gateway: Gateway, closing: list[Any]) -> None:
    browser = Browser()
    closing.append(browser)
    answered = await gateway.open("p1", await browser.offer(), [])
    assert gateway.port is not None
    cable = Cable((LOOPBACK, gateway.port))
    closing.append(cable)
    made, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: cable, local_addr=("0.0.0.0", 0))
    port = made.get_extra_info("sockname")[1]
    await browser.take(re.sub(rf" {gateway.port} typ host", f" {port} typ host", answered.answer))
    listener = gateway.listener
    assert isinstance(listener, Listener)
    await listener.until("up p1")
    cable.cut = True
    await listener.until("quiet p1", 8.0)
    cable.cut = False
    await listener.until("heard p1", 8.0)
    assert not any(said.startswith("lost") for said in listener.said)


async def test_a_killed_gateway_loses_its_pages_and_is_there_again(gateway: Gateway, closing: list[Any]) -> None:
    await page_up(gateway, closing)
    listener = gateway.listener
    assert isinstance(listener, Listener)
    assert gateway.pid is not None
    os.kill(gateway.pid, signal.SIGKILL)
    assert await listener.until("lost p1", 5.0) == "lost p1: gateway"
    await page_up(gateway, closing, "p2")
    assert gateway.restarts == 1


async def test_a_gateway_that_cannot_start_says_so() -> None:
    """All its ports are taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", 0))
        port = taken.getsockname()[1]
        gateway = Gateway(range(port, port + 1))
        gateway.listener = Listener()
        opening = asyncio.create_task(gateway.open("p1", "junk", []))
        async with asyncio.timeout(20):
            while gateway.state != "down":
                await asyncio.sleep(0.05)
        await gateway.stop()
        opening.cancel()
        with pytest.raises((asyncio.CancelledError, GatewayDown)):
            await opening


async def test_there_is_a_most_of_pages(gateway: Gateway, closing: list[Any]) -> None:
    browser = Browser()
    closing.append(browser)
    offer = await browser.offer()
    for n in range(MOST_PAGES):
        await gateway.open(f"p{n}", offer, [])
    with pytest.raises(OfferDeclined, match=str(MOST_PAGES)):
        await gateway.open("one more", offer, [])
    gateway.close("p0")
    async with asyncio.timeout(10):
        while True:  # the page's end takes the gateway a moment
            with suppress(OfferDeclined):
                await gateway.open("now", offer, [])
                break
