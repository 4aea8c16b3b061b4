"""Asks ClamAV's clamd about a file: its octets go over the socket (INSTREAM, clamd(8)), which needs no right to it."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from pathlib import Path
from typing import BinaryIO

from callcenterd.errors import LocalError

PIECE = 1 << 16
MOST_ANSWER = 1024


class NoVerdict(LocalError):
    """clamd says neither that the file is clean nor that it is not."""


async def is_clean(place: str, path: Path, seconds: float) -> bool:
    """place: "/run/clamav/clamd.ctl" or "127.0.0.1:3310". seconds: for all of it.

    Raises TimeoutError, OSError and NoVerdict.
    """
    async with asyncio.timeout(seconds):
        reader, writer = await _connected(place)
        try:
            with await asyncio.to_thread(path.open, "rb") as file:
                await _send(writer, file)
            answer = (await reader.read(MOST_ANSWER)).strip(b"\0\r\n ")
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
    if answer == b"stream: OK":
        return True
    if answer.startswith(b"stream: ") and answer.endswith(b" FOUND"):
        return False
    raise NoVerdict(f"clamd: {answer[:200].decode('utf-8', 'replace') or 'no answer'}")


async def _connected(place: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if place.startswith("/"):
        return await asyncio.open_unix_connection(place)
    host, _, port = place.rpartition(":")
    return await asyncio.open_connection(host.strip("[]"), int(port))


async def _send(writer: asyncio.StreamWriter, file: BinaryIO) -> None:
    """Pieces, each after its length; one of length 0 ends it.

    Who has heard enough (StreamMaxLength) answers and closes while we still send: the answer says it all.
    """
    with contextlib.suppress(ConnectionError):
        writer.write(b"zINSTREAM\0")
        while piece := await asyncio.to_thread(file.read, PIECE):
            writer.write(struct.pack("!I", len(piece)) + piece)
            await writer.drain()
        writer.write(struct.pack("!I", 0))
        await writer.drain()
