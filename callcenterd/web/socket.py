"""The event stream (GET /api/v1/events): carries what `page` says, to who may see it.

Who it is says the Authorization header, the page's cookie, or the first message {"type": "session", "token": …}; never
the address, which ends up in logs. Nobody, or nobody any more: close code 4401. A socket that does not take what it is
sent is never waited for: its page collects the newest, and after a while it is closed (`Pace` says when).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from callcenterd.model import events
from callcenterd.web import rights
from callcenterd.web.answers import ForeignPage
from callcenterd.web.describe import shape
from callcenterd.web.door import Connection
from callcenterd.web.live import LiveEvents, Reader
from callcenterd.web.masking import MASKS
from callcenterd.web.office import OFFICE, PACE
from callcenterd.web.page import Page, ping
from callcenterd.web.rights import Sight
from callcenterd.web.session import SESSIONS, WHO, Sessions, Who, from_here

_log = structlog.get_logger(__name__)

routes = web.RouteTableDef()

NOT_SIGNED_IN = 4401
TOO_MANY = 4429
MOST_OF_LOGIN = 30
MOST_OCTETS = 4096
"""Of a message to us. The longest that we understand holds a token."""


class Streams:
    """Every open event stream. One for the application."""

    def __init__(self, live: LiveEvents, sessions: Sessions) -> None:
        self.live = live
        self._sessions = sessions
        self._open: set[Stream] = set()
        self._of_login: Counter[str] = Counter()
        sessions.when_ended(self.look_again)

    def look_again(self, login: str) -> None:
        """Sessions of this login have ended: streams that stood on one of them end too."""
        for stream in self._open:
            if stream.who.login == login:
                stream.look_again()

    def __len__(self) -> int:
        return len(self._open)

    def full(self, login: str) -> bool:
        return self._of_login[login] >= MOST_OF_LOGIN

    def add(self, stream: Stream) -> None:
        self._open.add(stream)
        self._of_login[stream.who.login] += 1
        self.live.join(stream.reader)

    def remove(self, stream: Stream) -> None:
        self._open.discard(stream)
        self._of_login[stream.who.login] -= 1
        self.live.leave(stream.reader)

    async def stop(self) -> None:
        """The server stops: the pages are told to come back."""
        await asyncio.gather(*(stream.close(WSCloseCode.SERVICE_RESTART) for stream in tuple(self._open)))


STREAMS = web.AppKey("streams", Streams)


class Stream:
    """One open socket of somebody who is signed in."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse, who: Who) -> None:
        office = request.app[OFFICE]
        self._clock = office.clock
        self._pace = request.app[PACE]
        self._board = office.board
        self._sessions = request.app[SESSIONS]
        self._live = request.app[STREAMS].live
        self._masks = request.app[MASKS]
        self._socket = socket
        self._news = asyncio.Event()
        self._doubt = asyncio.Event()
        self.who = who
        sight = Sight.of(who.login, office.board.site)
        page = Page(live=request.query.get("live") == "1")
        self.reader = Reader(who.login, who.role, sight, page, self._news.set)
        if page.has_news:
            self._news.set()

    def look_again(self) -> None:
        self._doubt.set()

    async def run(self) -> None:
        """Until one side has enough."""
        stop = self._board.bus.listen(events.SiteChanged, lambda _: self.look_again())
        tasks = [asyncio.create_task(work) for work in (self._send(), self._hear(), self._stay())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop()
            for task in tasks:
                task.cancel()
            for failed in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(failed, Exception) and not isinstance(failed, (ConnectionError, TimeoutError)):
                    _log.error("event stream failed", login=self.who.login, why=repr(failed))

    async def close(self, code: int) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(2.0):
                await self._socket.close(code=code)

    async def _send(self) -> None:
        page = self.reader.page
        while True:
            try:
                async with asyncio.timeout(self._pace.ping):
                    await self._news.wait()
            except TimeoutError:
                await self._say(ping(self._now()))
                continue
            self._news.clear()
            await self._say(*page.take(self._now(), lambda: self._live.snapshot(self.reader)))

    async def _say(self, *messages: str) -> None:
        """In the time that one message has."""
        mask = self._masks.of(self._board.site, self.who.login)
        async with asyncio.timeout(self._pace.stalled):
            for message in messages:
                await self._socket.send_str(message if mask is None else mask.message(message))

    async def _hear(self) -> None:
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                await self.close(WSCloseCode.UNSUPPORTED_DATA)
                return
            if _read(message.data).get("type") == "live.snapshot":
                self.reader.page.renew()
                self._news.set()

    async def _stay(self) -> None:
        """Still signed in, and still the same rights? Otherwise the page must come again."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pace.look_again):
                    await self._doubt.wait()
            self._doubt.clear()
            who = await self._sessions.who(self.who.token, by_cookie=self.who.by_cookie)
            if who is None or who.lacks:
                await self.close(NOT_SIGNED_IN)
                return
            if (who.role, who.account.own_role) != (self.who.role, self.who.account.own_role):
                await self.close(WSCloseCode.SERVICE_RESTART)
                return

    def _now(self) -> str:
        return self._clock.utc().isoformat()


def _read(text: str) -> Mapping[str, Any]:
    """A message to us. Empty for what is none, brackets without end too."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


@routes.get("/api/v1/events")
@rights.public  # says by itself who may: a browser cannot read the status of a refused socket
@shape(summary="The event stream: a WebSocket of {type, at, data}")
async def event_stream(request: web.Request) -> web.StreamResponse:
    """101 the stream · 400 not a WebSocket · 403 a page of somebody else's."""
    if from_here(request) is False:
        raise ForeignPage
    socket = web.WebSocketResponse(heartbeat=25.0, max_msg_size=MOST_OCTETS, compress=False, timeout=5.0)
    await socket.prepare(request)
    who = request.get(WHO) or await _first_message(request, socket)
    if who is None or who.lacks:
        await socket.close(code=NOT_SIGNED_IN)
        return socket
    streams = request.app[STREAMS]
    if streams.full(who.login):
        await socket.close(code=TOO_MANY)
        return socket
    if isinstance(request.protocol, Connection):
        request.protocol.signed_in(who.login)
    stream = Stream(request, socket, who)
    streams.add(stream)
    try:
        await stream.run()
    finally:
        streams.remove(stream)
    return socket


async def _first_message(request: web.Request, socket: web.WebSocketResponse) -> Who | None:
    """Who a program says that it is, in its first message. A browser without a good cookie is not waited for."""
    if request.headers.get("Origin") is not None:
        return None
    try:
        first = await socket.receive(timeout=request.app[PACE].first)
    except TimeoutError:
        return None
    said = _read(first.data) if first.type is WSMsgType.TEXT else {}
    token = said.get("token") if said.get("type") == "session" else None
    return await request.app[SESSIONS].who(token, by_cookie=False) if isinstance(token, str) else None
