"""One way in for files: what is too large or comes too slowly is refused, while it comes.

Whoever sends a file is signed in and has the right to; all the same nobody may hold a place here for ever. A file has a
few moments, and then has to come at a least speed; whatever its size, its next piece has to come within `STALLED`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from aiohttp import web

from callcenterd.web.answers import Malformed, TooSlow, WebError
from callcenterd.web.office import PACE

PIECE = 1 << 16
SLOWEST = 32 * 1024
"""Octets in a second at which a file has to come at least, after the first moments."""
STALLED = 3.0
"""How many times as long as the content of another request the next piece may take."""


async def pieces(request: web.Request) -> AsyncIterator[bytes]:
    """What is sent, as it comes. Raises TooSlow and Malformed."""
    patience, got = request.app[PACE].body, 0
    loop = asyncio.get_running_loop()
    since = loop.time()
    while True:
        until = min(since + patience + got / SLOWEST, loop.time() + patience * STALLED)
        try:
            async with asyncio.timeout_at(until):
                piece = await request.content.read(PIECE)
        except TimeoutError:
            raise TooSlow from None
        except web.RequestPayloadError:
            raise Malformed(why="body") from None
        if not piece:
            return
        got += len(piece)
        yield piece


async def received(request: web.Request, path: Path, most: int, too_large: Callable[[], WebError]) -> None:
    """The file as it was sent, at `path`. most: octets. Raises what `too_large` makes, TooSlow and Malformed."""
    if (request.content_length or 0) > most:
        raise too_large()
    got = 0
    with await asyncio.to_thread(path.open, "wb") as written:
        async for piece in pieces(request):
            got += len(piece)
            if got > most:
                raise too_large()
            await asyncio.to_thread(written.write, piece)
