"""A flood from one address while people talk: their sound has no hole, others are answered, nothing is left of it."""

from __future__ import annotations

import asyncio
import socket
import sys

import numpy as np

from bench.office import memory_mb
from callcenterd.demo.phone import Phone
from tests.kit.server import RunningServer
from tests.kit.tones import gaps, level, tone

FLOODER, WATCHER = "127.0.3.66", "127.0.3.77"
SECONDS, RATE = 5, 1000

FLOOD = f"""
import socket, sys, time
flood = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
flood.bind(("{FLOODER}", 0))
host, port = flood.getsockname()
server, begun = (sys.argv[1], int(sys.argv[2])), time.monotonic()
for n in range({SECONDS * RATE}):
    flood.sendto((
        f"INVITE sip:100@{{server[0]}} SIP/2.0\\r\\nVia: SIP/2.0/UDP {{host}}:{{port}};rport;branch=z9hG4bK{{n}}\\r\\n"
        f"Max-Forwards: 70\\r\\nFrom: <sip:f{{n}}@x>;tag=t{{n}}\\r\\nTo: <sip:100@x>\\r\\nCall-ID: f{{n}}\\r\\n"
        f"CSeq: 1 INVITE\\r\\nContact: <sip:f@{{host}}:{{port}}>\\r\\nContent-Length: 0\\r\\n\\r\\n"
    ).encode(), server)
    time.sleep(max(0.0, begun + n / {RATE} - time.monotonic()))
"""


async def _answered(server: tuple[str, int], n: int) -> bool:
    """Does who watches us get an answer to OPTIONS?"""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.bind((WATCHER, 0))
        asker.setblocking(False)
        port = asker.getsockname()[1]
        asked = (
            f"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP {WATCHER}:{port};rport;branch=z9hG4bKw{n}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:w@x>;tag=w\r\nTo: <sip:x>\r\nCall-ID: w{n}\r\nCSeq: 1 OPTIONS\r\n"
            "Content-Length: 0\r\n\r\n"
        )
        await loop.sock_sendto(asker, asked.encode(), server)
        try:
            async with asyncio.timeout(5):
                return (await loop.sock_recv(asker, 4096)).startswith(b"SIP/2.0 200")
        except TimeoutError:
            return False


def _longest(holes: list[float]) -> float:
    """Seconds of the longest hole that windows of 20 ms make."""
    longest, run, last = 0.0, 0.0, -1.0
    for start in holes:
        run = run + 0.02 if start - last < 0.021 else 0.02
        longest, last = max(longest, run), start
    return longest


async def test_a_flood_of_calls_from_a_stranger_disturbs_nobody(
    server: RunningServer, phone: Phone, second_phone: Phone
) -> None:
    call = await phone.dial("1002")
    async with asyncio.timeout(20):
        while not second_phone.calls:
            await asyncio.sleep(0.02)
    [other] = second_phone.calls.values()
    other.answer()
    await asyncio.wait_for(call.answered.wait(), 20)
    saying = [asyncio.ensure_future(one.talk.say(tone(440, 60.0))) for one in (call, other)]
    await asyncio.sleep(1.0)
    before = memory_mb(server.pid)
    flood = await asyncio.create_subprocess_exec(sys.executable, "-c", FLOOD, server.sip[0], str(server.sip[1]))
    answers: list[bool] = []
    while flood.returncode is None:
        answers.append(await _answered(server.sip, len(answers)))
        await asyncio.sleep(0.2)
    await asyncio.sleep(1.0)
    assert np.mean(answers) > 0.9
    assert memory_mb(server.pid) - before < 50
    for one in (call, other):
        assert not one.ended.is_set()
        heard = one.talk.heard()[8000:-4000]
        assert level(heard[-8000:], 440) > 4000
        assert _longest(gaps(heard, 440, least=1000)) <= 0.06
    async with await server.client() as page:
        assert [said["ended_at"] for said in (await page.get("/calls"))["items"]] == [None], "one call: that of the two"
    for task in saying:
        task.cancel()
    await call.hang_up()
    assert server.errors() == []
