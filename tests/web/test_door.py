from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientConnectionError, ClientSession, TCPConnector, WSMsgType, web

from callcenterd.errors import CannotStart
from callcenterd.web.app import build
from callcenterd.web.door import Door, Limits
from tests.web.house import House

LIMITS = Limits(head=1.0, answer=1.0, slowest=1 << 30, per_source=5, in_all=7)
HEAD = b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
async def door(office: House) -> AsyncIterator[Door]:
    """The office's pages behind a guarded port with short patience."""
    opened = Door(build(office.office, pages=office.pages), "127.0.0.1", 0, LIMITS)
    await opened.open()
    await opened.answer()
    yield opened
    await opened.stop()


async def connect(door: Door, host: str = "127.0.0.1") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", door.port, local_addr=(host, 0))


async def gone(reader: asyncio.StreamReader) -> bool:
    """Closed by the door, and long before a person would give up."""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(15.0):
            while await reader.read(1 << 16):
                pass
    return True


async def status(reader: asyncio.StreamReader) -> int:
    async with asyncio.timeout(15.0):
        return int((await reader.readline()).split()[1])


async def test_a_request_is_served_and_the_connection_kept_for_the_next(door: Door) -> None:
    reader, writer = await connect(door)
    for _ in range(3):
        writer.write(HEAD)
        assert await status(reader) == 200
        headers = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in headers.split(b"\r\n") if b"Content-Length" in line)
        await reader.readexactly(length)
    writer.close()


async def test_who_says_nothing_is_cut_off(door: Door) -> None:
    reader, writer = await connect(door)
    assert await gone(reader)
    writer.close()


async def test_half_a_head_is_cut_off(door: Door) -> None:
    reader, writer = await connect(door)
    writer.write(HEAD[:20])
    assert await gone(reader)
    writer.close()


async def test_a_head_that_drips_is_cut_off_all_the_same(door: Door) -> None:
    reader, writer = await connect(door)

    async def drip() -> None:
        writer.write(b"GET / HTTP/1.1\r\n")
        while True:
            writer.write(b"X: y\r\n")
            await asyncio.sleep(0.05)

    dripping = asyncio.create_task(drip())
    assert await gone(reader)
    dripping.cancel()
    await asyncio.gather(dripping, return_exceptions=True)
    writer.close()


async def test_an_idle_connection_and_half_a_second_request_are_cut_off(door: Door) -> None:
    for rest in (b"", HEAD[:9]):
        reader, writer = await connect(door)
        writer.write(HEAD + rest)
        assert await status(reader) == 200
        assert await gone(reader)
        writer.close()


async def test_an_answer_that_is_not_taken_is_cut_off(office: House, door: Door) -> None:
    (office.pages / "assets").mkdir()
    with (office.pages / "assets/big-1.js").open("wb") as big:
        big.truncate(64 << 20)
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(raw, ("127.0.0.1", door.port))
    await loop.sock_sendall(raw, b"GET /app/assets/big-1.js HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await asyncio.sleep(2.0)
    got = 0
    async with asyncio.timeout(15.0):
        with contextlib.suppress(ConnectionError):
            while octets := await loop.sock_recv(raw, 1 << 20):
                got += len(octets)
    assert got < 64 << 20
    raw.close()


async def test_one_source_has_a_bounded_number_of_connections_and_another_still_gets_in(door: Door) -> None:
    held = [await connect(door) for _ in range(LIMITS.per_source)]
    await asyncio.sleep(0.05)
    reader, writer = await connect(door)
    assert await gone(reader)
    writer.close()
    other, other_writer = await connect(door, "127.0.0.2")
    other_writer.write(HEAD)
    assert await status(other) == 200
    assert door.refused == 1
    for _, each in held:
        each.close()
    other_writer.close()
    await asyncio.sleep(0.1)
    again, again_writer = await connect(door)
    again_writer.write(HEAD)
    assert await status(again) == 200
    again_writer.close()


async def test_all_sources_together_are_bounded(door: Door) -> None:
    held = [await connect(door, f"127.0.0.{2 + n // 4}") for n in range(LIMITS.in_all)]
    for reader, writer in held:
        writer.write(HEAD)
        assert await status(reader) == 200
    reader, writer = await connect(door, "127.0.0.9")
    assert await gone(reader)
    writer.close()
    for _, each in held:
        each.close()


async def test_when_all_is_full_the_longest_silent_one_gives_way(door: Door) -> None:
    held = [await connect(door, f"127.0.0.{2 + n // 4}") for n in range(LIMITS.in_all)]
    await asyncio.sleep(0.05)
    reader, writer = await connect(door, "127.0.0.9")
    writer.write(HEAD)
    assert await status(reader) == 200
    assert await gone(held[0][0])
    for _, each in [*held, (reader, writer)]:
        each.close()


@pytest.mark.parametrize(
    "octets", [b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", b"GET /a\0b HTTP/1.1\r\n\r\n", b"\x16\x03\x01\r\n\r\n"]
)
async def test_what_is_no_http_is_told_so_and_fills_no_log(
    door: Door, octets: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await connect(door)
    writer.write(octets)
    async with asyncio.timeout(15.0):
        answer = await reader.read()
    writer.close()
    assert b" 400 " in answer.partition(b"\r\n")[0]
    assert b"\r\nServer: callcenterd\r\n" in answer
    assert [record for record in caplog.records if record.name == "aiohttp.server"] == []


async def test_event_streams_of_people_who_are_signed_in_do_not_count_as_strangers(office: House, door: Door) -> None:
    headers = await office.as_("boss")
    async with ClientSession(f"http://127.0.0.1:{door.port}", headers=headers) as client:
        streams = [await client.ws_connect("/api/v1/events?live=1") for _ in range(LIMITS.per_source + 3)]
        for stream in streams:
            assert (await stream.receive(15.0)).type is WSMsgType.TEXT
        # They outlive the patience that strangers get.
        await asyncio.sleep(LIMITS.head * 2)
        await streams[0].send_str('{"type": "live.snapshot"}')
        assert (await streams[0].receive(15.0)).type is WSMsgType.TEXT
        assert (await client.get("/api/v1/session")).status == 200
        for stream in streams:
            await stream.close()


async def test_a_whole_office_behind_one_address_can_work(office: House, door: Door) -> None:
    """Who is signed in does not count as a stranger; when all are gone, nothing is left counted."""
    token = (await office.as_("boss"))["Authorization"]
    asked = f"GET /api/v1/session HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\n\r\n".encode()
    for _ in range(2):
        held = []
        for _ in range(LIMITS.in_all + 3):
            reader, writer = await connect(door)
            held.append((reader, writer))
            writer.write(asked)
            assert await status(reader) == 200
        for reader, writer in held:
            writer.close()
            assert await gone(reader)
    strangers = [await connect(door) for _ in range(LIMITS.per_source)]
    for reader, writer in strangers:
        writer.write(HEAD)
        assert await status(reader) == 200
        writer.close()
    assert door.refused == 0


async def test_one_person_at_one_address_has_a_bounded_number_of_places(office: House) -> None:
    """Wall boards among them. What is more counts as a stranger's, and of those there are not many either."""
    limits = Limits(head=5.0, per_source=3, of_person=4)
    opened = Door(build(office.office, pages=office.pages), "127.0.0.1", 0, limits)
    await opened.open()
    await opened.answer()
    try:
        boards = ClientSession(f"http://127.0.0.1:{opened.port}", headers=await office.as_("boss"))
        walls = [await boards.ws_connect("/api/v1/events?live=1") for _ in range(limits.of_person + limits.per_source)]
        reader, writer = await connect(opened)
        assert await gone(reader)
        writer.close()
        async with ClientSession(f"http://127.0.0.1:{opened.port}", headers=await office.as_("1001")) as other:
            with pytest.raises(ClientConnectionError):
                await other.get("/api/v1/session")
        await walls[0].close()
        await boards.close()
        await asyncio.sleep(0.1)
        again, again_writer = await connect(opened)
        again_writer.write(HEAD)
        assert await status(again) == 200
        again_writer.close()
    finally:
        await opened.stop()


async def test_five_hundred_idle_connections_disturb_nobody_and_are_closed(office: House) -> None:
    """Silent ones, from ten addresses. Whoever comes from another one is answered meanwhile as if they were not there,
    and all of them are closed when the time for a head is over."""
    opened = Door(build(office.office, pages=office.pages), "127.0.0.1", 0, Limits(head=3.0))
    await opened.open()
    await opened.answer()
    loop = asyncio.get_running_loop()
    try:
        begun = loop.time()
        idle = [await connect(opened, f"127.0.0.{20 + n // 50}") for n in range(500)]
        for n, (_, writer) in enumerate(idle):
            writer.write(b"" if n % 2 else HEAD[:30])
        took: list[float] = []
        async with ClientSession(connector=TCPConnector(local_addr=("127.0.0.9", 0))) as other:
            while loop.time() - begun < 2.5 and len(took) < 200:
                asked = loop.time()
                async with other.get(f"http://127.0.0.1:{opened.port}/sign-in") as answer:
                    assert answer.status == 200
                    await answer.read()
                took.append(loop.time() - asked)
        assert len(took) >= 20
        assert sorted(took)[round(len(took) * 0.99) - 1] < 0.2
        assert all([await gone(reader) for reader, _ in idle])
        assert loop.time() - begun < 10.0
        for _, writer in idle:
            writer.close()
    finally:
        await opened.stop()


async def test_a_door_that_closes_tells_the_pages_to_come_back(office: House) -> None:
    opened = Door(build(office.office, pages=office.pages), "127.0.0.1", 0, LIMITS)
    await opened.open()
    await opened.answer()
    async with ClientSession(f"http://127.0.0.1:{opened.port}", headers=await office.as_("boss")) as client:
        stream = await client.ws_connect("/api/v1/events?live=1")
        await stream.receive(15.0)
        await opened.stop()
        last = await stream.receive(15.0)
        assert (last.type, last.data) == (WSMsgType.CLOSE, 1012)


async def test_an_address_is_ours_before_anybody_is_answered(office: House) -> None:
    """While the office is still being loaded nobody is told that they are not signed in: they are turned away."""
    opened = Door(build(office.office, pages=office.pages), "127.0.0.1", 0, LIMITS)
    await opened.open()
    with pytest.raises(ConnectionRefusedError):
        await connect(opened)
    await opened.answer()
    reader, writer = await connect(opened)
    writer.write(HEAD)
    assert await status(reader) == 200
    writer.close()
    await opened.stop()


async def test_a_port_in_use_is_said_in_one_sentence(office: House, door: Door) -> None:
    second = Door(build(office.office, pages=office.pages), "127.0.0.1", door.port)
    with pytest.raises(CannotStart, match=rf"web pages: 127\.0\.0\.1:{door.port}: "):
        await second.open()


async def test_a_fault_of_ours_is_a_page_or_an_answer_and_no_traceback(office: House, tmp_path: Path) -> None:
    async def broken(_: web.Request) -> web.Response:
        raise KeyError("secret detail")

    app = build(office.office, pages=office.pages)
    app.router.add_get("/api/v1/broken", broken)
    app.router.add_get("/broken", broken)
    opened = Door(app, "127.0.0.1", 0)
    await opened.open()
    await opened.answer()
    async with ClientSession(f"http://127.0.0.1:{opened.port}") as client:
        for path in ("/api/v1/broken", "/broken"):
            answer = await client.get(path)
            assert answer.status == 500
            assert "secret detail" not in await answer.text()
    await opened.stop()
