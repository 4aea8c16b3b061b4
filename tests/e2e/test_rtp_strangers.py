"""Sound of strangers: sprayed over every port of a running call it is heard by nobody, and nothing leaves to them
(RTP bleed, CVE-2017-14099 and its kin). A phone that really moves to another port is followed.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio

from callcenterd.demo.phone import Phone
from callcenterd.media.codecs import g711
from tests.e2e.conftest import SITE, TRUNK_HOST
from tests.e2e.test_first_call import _recorded, call_in, ready, soon, stereo
from tests.kit.lanes import sound_ports
from tests.kit.server import RunningServer
from tests.kit.tones import gaps, level, tone

PORTS = sound_ports(60)
STRANGER = "127.0.0.66"
THEIRS = 1700.0
"""Hertz, of the stranger's tone."""


class Sprayer:
    """A tone to every port of the range, fifty times a second, as a phone would: in sequence and with one SSRC."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((STRANGER, 0))
        self._socket.setblocking(False)
        self.caught = 0
        self.sent = 0

    async def run(self) -> None:
        codes = g711.encode(tone(THEIRS, 1.0, level=16000), g711.PCMA)
        loop = asyncio.get_running_loop()
        due, n = loop.time(), 0
        try:
            while True:
                frame = codes[n % 50 * 160 :][:160].tobytes()
                head = struct.pack("!BBHII", 0x80, 8, n & 0xFFFF, n * 160, 0xBAD)
                for port in PORTS:
                    try:
                        self._socket.sendto(head + frame, ("127.0.0.1", port))
                        self.sent += 1
                    except OSError:
                        pass  # its buffer is full, or nobody listens at the port just now
                self._catch()
                n, due = n + 1, due + 0.02
                await asyncio.sleep(max(0.0, due - loop.time()))
        finally:
            self._catch()
            self._socket.close()

    def _catch(self) -> None:
        while True:
            try:
                self._socket.recv(2048)
            except BlockingIOError:
                return
            except OSError:
                continue  # told that a port was closed
            self.caught += 1


@pytest_asyncio.fixture
async def narrow_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningServer]:
    """With so few ports that all of them can be sprayed."""
    running = RunningServer(tmp_path_factory.mktemp("narrow"), rtp=PORTS)
    await running.start()
    yield running
    await running.end()


async def test_a_strangers_sound_enters_no_call_and_no_call_is_sent_to_strangers(narrow_server: RunningServer) -> None:
    server = narrow_server
    async with (
        Phone(TRUNK_HOST, server.sip, "gateway") as trunk,
        Phone("127.0.0.11", server.sip, "1001", password="phone-Secret-1") as phone,
    ):
        await server.apply(SITE.format(trunk=TRUNK_HOST, trunk_port=trunk.port))
        await phone.register()
        page = await ready(server, "1001", "first-Secret-1")
        sprayer = Sprayer()
        spraying = asyncio.create_task(sprayer.run())
        caller = await call_in(trunk)
        agent = await soon(phone.incoming.get())
        agent.answer()
        await asyncio.sleep(0.5)
        await asyncio.gather(caller.talk.say(tone(440, 4.0)), agent.talk.say(tone(1000, 4.0)))
        await asyncio.sleep(0.3)
        spraying.cancel()
        await asyncio.gather(spraying, return_exceptions=True)
        await caller.hang_up()
        await soon(agent.ended.wait())
        said = await page.until("/calls", lambda said: said["total"] == 1 and said["items"][0]["ended_at"] is not None)
        left, right = stereo(await _recorded(page, said["items"][0]["recording_id"]))
        await page.close()
    assert sprayer.sent > 2000
    assert sprayer.caught == 0
    assert gaps(agent.talk.heard()[-28000:-6000], 440, 6000) == []
    for sound in (left, right, caller.talk.heard(), agent.talk.heard()):
        windows = [sound[n : n + 800] for n in range(0, len(sound) - 800, 800)]
        assert max(level(window, THEIRS) for window in windows) < 400
    for talk in (caller.talk, agent.talk):
        assert list(talk.sources) == [talk.remote]
    assert server.errors() == []


async def test_a_phone_whose_nat_gives_it_another_port_is_followed(
    server: RunningServer, trunk: Phone, phone: Phone
) -> None:
    page = await ready(server, "1001", "first-Secret-1")
    caller = await call_in(trunk)
    agent = await soon(phone.incoming.get())
    agent.answer()
    await asyncio.sleep(0.5)
    speaking = asyncio.gather(caller.talk.say(tone(440, 8.0)), agent.talk.say(tone(1000, 8.0)))
    await asyncio.sleep(2.0)
    before = caller.talk.port
    await caller.talk.move(TRUNK_HOST)
    assert caller.talk.port != before
    await speaking
    await asyncio.sleep(0.3)
    heard = caller.talk.heard()
    assert len(gaps(heard[8000:-2400], 1000, 6000)) * 0.02 < 3.5
    assert gaps(heard[-16000:-4000], 1000, 6000) == []
    assert gaps(np.asarray(agent.talk.heard())[-16000:-4000], 440, 6000) == []
    await caller.hang_up()
    await soon(agent.ended.wait())
    await page.close()
    assert server.errors() == []
