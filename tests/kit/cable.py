"""The line between a browser and a server, for TCP: it is cut, goes dead, lets only one side be heard, is mended."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType

OCTETS = 1 << 16


class Cable:
    """web: where the server is reached through it. In the beginning it is whole."""

    def __init__(self, port: int, *, at: int, host: str = "127.0.0.1") -> None:
        self._host, self._port, self._at = host, port, at
        self.web = f"http://{host}:{at}"
        self._there, self._back = asyncio.Event(), asyncio.Event()
        self._there.set()
        self._back.set()
        self._whole = True
        self._listening: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Cable:
        self._listening = await asyncio.start_server(self._connected, self._host, self._at)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._listening is not None
        self._listening.close()
        await self._end()

    async def cut(self) -> None:
        """Every connection breaks off, and no new one comes about."""
        self._whole = False
        await self._end()

    def swallow(self) -> None:
        """Nothing goes through in either direction, and nobody is told."""
        self._there.clear()
        self._back.clear()

    def swallow_answers(self) -> None:
        """What the browser says arrives; what the server says does not."""
        self._back.clear()

    async def mend(self) -> None:
        """What was held up goes on its way, as TCP sends it again; after `cut` there is nothing to go on with."""
        self._whole = True
        self._there.set()
        self._back.set()

    async def _end(self) -> None:
        lines = list(self._lines)
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            if self._whole:
                await self._carry(reader, writer)
        writer.transport.abort()
        self._lines.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._there.wait()
        server_reader, server_writer = await asyncio.open_connection(self._host, self._port)
        ways = [
            asyncio.create_task(_pump(reader, server_writer, self._there)),
            asyncio.create_task(_pump(server_reader, writer, self._back)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            server_writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, open_: asyncio.Event) -> None:
    while octets := await reader.read(OCTETS):
        await open_.wait()
        writer.write(octets)
        await writer.drain()
    await open_.wait()  # the end of it is not told either
