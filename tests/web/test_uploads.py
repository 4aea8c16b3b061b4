"""The one way in for files: every route that takes one refuses what stalls, and keeps nothing of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from callcenterd.web.imports import MOST_FILE
from callcenterd.worker.prompts import MAX_FILE
from tests.web.house import House

ROUTES = {
    "/api/v1/imports?name=a.csv": "application/octet-stream",
    "/api/v1/prompt_drafts?name=a.wav": "audio/wav",
    "/api/v1/attachments?kind=customer&record=1&name=a.txt": "application/octet-stream",
}


async def opened(office: House, path: str, length: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """An upload of so many octets is announced, as the administrator."""
    if "customer" in path:
        made = await office.client.post("/api/v1/customers", json={"name": "王五"}, headers=await office.as_("boss"))
        path = path.replace("record=1", f"record={(await made.json())['id']}")
    reader, writer = await asyncio.open_connection("127.0.0.1", office.client.server.port)
    token = (await office.as_("root"))["Authorization"]
    writer.write(
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\n"
        f"Content-Type: {ROUTES.get(path, 'application/octet-stream')}\r\n"
        f"Content-Length: {length}\r\n\r\n".encode()
    )
    return reader, writer


async def status(reader: asyncio.StreamReader) -> int:
    async with asyncio.timeout(15.0):
        return int((await reader.readline()).split()[1])


def left(office: House) -> list[Path]:
    """Files that came in by an upload: nothing of the house's own."""
    folder = office.recordings.parent
    return [
        path
        for name in ("imports", "prompt-drafts", "attachments", "files")
        for path in (folder / name).rglob("*")
        if path.is_file()
    ]


@pytest.mark.parametrize("path", ROUTES)
async def test_an_upload_that_stalls_is_ended_and_nothing_of_it_is_kept(office: House, path: str) -> None:
    reader, writer = await opened(office, path, 1000)
    writer.write(b"name,phone\n")
    assert await status(reader) == 408
    writer.close()
    assert left(office) == []


@pytest.mark.parametrize("path", ROUTES)
async def test_an_upload_that_drips_is_ended_though_it_never_stops(office: House, path: str) -> None:
    reader, writer = await opened(office, path, 100_000)

    async def drip() -> None:
        while True:
            writer.write(b"1")
            await asyncio.sleep(0.05)

    dripping = asyncio.create_task(drip())
    assert await status(reader) == 408
    dripping.cancel()
    await asyncio.gather(dripping, return_exceptions=True)
    writer.close()
    assert left(office) == []


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/api/v1/imports?name=a.csv", MOST_FILE),
        ("/api/v1/prompt_drafts?name=a.wav", MAX_FILE),
        ("/api/v1/attachments?kind=customer&record=1&name=a.txt", 50 << 20),
    ],
)
async def test_what_is_announced_as_too_large_is_refused_before_any_of_it_comes(
    office: House, path: str, most: int
) -> None:
    reader, writer = await opened(office, path, most + 1)
    assert await status(reader) == 413
    writer.close()
    assert left(office) == []


async def test_what_is_cut_off_is_kept_by_nobody(office: House) -> None:
    for path in ROUTES:
        _, writer = await opened(office, path, 1000)
        writer.write(b"name,phone\n")
        await writer.drain()
        writer.transport.abort()
    await asyncio.sleep(0.3)
    assert left(office) == []
