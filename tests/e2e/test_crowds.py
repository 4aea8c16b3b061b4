"""Crowds of connections that mean no call, over TCP and TLS (S-17, S-18): cut off in time, and others are served."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from bench.office import memory_mb
from callcenterd.clock import SystemClock
from callcenterd.sip.transport.tcp import MOST_OF_A_SOURCE
from tests.kit.certificates import Authority
from tests.kit.lanes import both_free
from tests.kit.server import RunningServer

CROWD = 500
CUT_OFF_WITHIN = 13.0
"""Seconds: ten, and a slow machine."""
GROWTH_MB = 30
LATE = "callcenterd_loop_late_seconds "
HANDSHAKES, HANDSHAKE_SECONDS = 300, 3

CLOCK = SystemClock()

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def asked(n: int, *, more: str = "", length: int = 0) -> bytes:
    return (
        f"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.4.1;rport;branch=z9hG4bK{n}\r\nMax-Forwards: 70\r\n"
        f"From: <sip:w@x>;tag=w\r\nTo: <sip:x>\r\nCall-ID: w{n}\r\nCSeq: 1 OPTIONS\r\n{more}"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


@pytest_asyncio.fixture
async def listening(tmp_path: Path) -> AsyncIterator[tuple[RunningServer, int, Authority]]:
    """A server with UDP, TCP and TLS, the port of TLS, and who vouches for it."""
    authority = Authority(tmp_path / "tls")
    made = authority.make("server", host="127.0.0.1")
    running = RunningServer(tmp_path / "office")
    host, port = running.sip
    sealed = both_free()
    running.configure(
        sip={
            "listen": [f"udp:{host}:{port}", f"tcp:{host}:{port}", f"tls:{host}:{sealed}"],
            "certificate": str(made.certificate),
            "key": str(made.key),
        }
    )
    await running.start()
    try:
        yield running, sealed, authority
    finally:
        await running.end()


@asynccontextmanager
async def crowd(to: tuple[str, int], size: int) -> AsyncIterator[list[Stream]]:
    """Connections of as many addresses as their number takes."""
    streams = [
        await asyncio.open_connection(*to, local_addr=(f"127.0.5.{1 + n // MOST_OF_A_SOURCE}", 0)) for n in range(size)
    ]
    try:
        yield streams
    finally:
        for _, writer in streams:
            writer.transport.abort()


async def served(to: tuple[str, int], n: int) -> float:
    """Seconds until another address has its answer over TCP."""
    begun = CLOCK.monotonic()
    reader, writer = await asyncio.open_connection(*to, local_addr=("127.0.4.1", 0))
    writer.write(asked(n))
    said = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    writer.transport.abort()
    assert said.startswith(b"SIP/2.0 200")
    return CLOCK.monotonic() - begun


async def over(stream: Stream) -> None:
    """Returns when the server has ended it."""
    with contextlib.suppress(ConnectionError):
        while await stream[0].read(4096):
            pass


async def silent(_: Stream, __: int) -> None: ...


async def dripping(stream: Stream, n: int) -> None:
    with contextlib.suppress(ConnectionError):
        for octet in asked(n):
            stream[1].write(bytes([octet]))
            await stream[1].drain()
            await asyncio.sleep(1.0)  # the drip


async def half(stream: Stream, n: int) -> None:
    stream[1].write(asked(n)[:150])


async def endless(stream: Stream, n: int) -> None:
    """Announces 100 MB and sends what it is let send of it."""
    with contextlib.suppress(ConnectionError):
        stream[1].write(asked(n, length=100_000_000))
        for _ in range(16):
            stream[1].write(bytes(65536))
            await stream[1].drain()


@pytest.mark.parametrize(
    ("does", "size"),
    [
        pytest.param(silent, CROWD, id="silent"),
        pytest.param(dripping, CROWD, id="an octet a second"),
        pytest.param(half, 200, id="half a message"),
        pytest.param(endless, 20, id="100 MB announced"),
    ],
)
async def test_a_crowd_over_tcp_is_cut_off_and_others_are_served(
    listening: tuple[RunningServer, int, Authority], does: Callable[[Stream, int], Awaitable[None]], size: int
) -> None:
    server, _, _ = listening
    await served(server.sip, 1)
    before = memory_mb(server.pid)
    async with crowd(server.sip, size) as streams:
        doing = [asyncio.ensure_future(does(stream, n)) for n, stream in enumerate(streams)]
        try:
            waits = [await served(server.sip, 2)]
            async with asyncio.timeout(CUT_OFF_WITHIN):
                await asyncio.gather(*(over(stream) for stream in streams))
            waits.append(await served(server.sip, 3))
        finally:
            for task in doing:
                task.cancel()
            await asyncio.gather(*doing, return_exceptions=True)
    grown = memory_mb(server.pid) - before
    print(f"{size} connections: {grown:.1f} MB more, others served within {max(waits):.3f} s")
    assert max(waits) < 2.0
    assert grown < GROWTH_MB
    assert server.errors() == []


async def loop_late(server: RunningServer) -> float:
    """Seconds: the worst of the last while."""
    async with await server.client() as admin, admin.http.get("/metrics") as said:
        [value] = [line.split()[1] for line in (await said.text()).splitlines() if line.startswith(LATE)]
    return float(value)


async def test_hundreds_of_handshakes_a_second_hold_nobody_up(
    listening: tuple[RunningServer, int, Authority],
) -> None:
    """A third whole, a third that speaks no TLS, a third that stalls: counted, named once a source, and ended."""
    server, port, authority = listening
    believed = ssl.create_default_context(cafile=str(authority.ca))
    made: list[int] = []

    async def one(n: int) -> None:
        where = (f"127.0.6.{1 + n % 200}", 0)
        with contextlib.suppress(OSError):
            if n % 3 == 0:
                _, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=where, ssl=believed)
                made.append(n)
            else:
                _, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=where)
                if n % 3 == 1:
                    writer.write(asked(n))
                else:
                    await asyncio.sleep(0.5)  # a stall
            writer.transport.abort()

    begun = CLOCK.monotonic()
    handshakes: list[asyncio.Future[None]] = []
    waits: list[float] = []
    for n in range(HANDSHAKES * HANDSHAKE_SECONDS):
        handshakes.append(asyncio.ensure_future(one(n)))
        await asyncio.sleep(max(0.0, begun + n / HANDSHAKES - CLOCK.monotonic()))  # the rate
        if n % 60 == 0:
            waits.append(await served(server.sip, n))
    await asyncio.gather(*handshakes)
    rate = len(handshakes) / (CLOCK.monotonic() - begun)
    late = await loop_late(server)
    print(
        f"{rate:.0f} handshakes/s, {len(made)} whole; others served within {max(waits):.3f} s, loop late {late:.3f} s"
    )
    assert len(made) == len(handshakes) / 3
    assert max(waits) < 1.0
    assert late < 0.5  # less than 0.1 on a machine that does nothing else
    said = [json.loads(line) for line in server.log.read_text().splitlines()]
    named = [line for line in said if line["event"] == "no TLS"]
    assert 0 < len(named) <= 200
    assert server.errors() == []
