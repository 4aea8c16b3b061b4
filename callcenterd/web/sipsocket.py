"""SIP over WebSocket (RFC 7118) at /sip: frames in and out, for the signalling that the office was built with.

Who calls or registers proves it in SIP, as over every other transport; this file only carries frames.
"""

from __future__ import annotations

import asyncio

from aiohttp import WSCloseCode, WSMsgType, web

from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE, PACE, Frames
from callcenterd.web.rights import public
from callcenterd.web.ways import sealed, source_of

routes = web.RouteTableDef()

SUBPROTOCOL = "sip"
MOST_OCTETS = 65_535
MOST_WAITING = 256
"""Frames for one that reads slowly; then it is cut off."""


@routes.get("/sip")
@public
@shape(summary="SIP over WebSocket (RFC 7118), subprotocol sip")
async def sip_socket(request: web.Request) -> web.StreamResponse:
    """101 one SIP message in each frame · 400 another subprotocol · 503 no SIP here. Too many: close code 1013.

    A page of another site may open it: what it can do there it has to prove by a password, never by a cookie.
    """
    office = request.app[OFFICE]
    asked = [one.strip() for one in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    if SUBPROTOCOL not in asked:
        return web.Response(status=400, text="Sec-WebSocket-Protocol: sip\n")
    if office.open_sip is None or request.transport is None:
        return web.Response(status=503)
    remote = request.transport.get_extra_info("peername")
    local = request.transport.get_extra_info("sockname")
    socket = web.WebSocketResponse(
        protocols=(SUBPROTOCOL,), max_msg_size=MOST_OCTETS, heartbeat=request.app[PACE].ping, compress=False
    )
    outgoing: asyncio.Queue[bytes | None] = asyncio.Queue(MOST_WAITING)
    loop = asyncio.get_running_loop()

    def end(_: str) -> None:
        if sending is not None:
            loop.call_soon(sending.cancel)

    def send(octets: bytes) -> None:
        try:
            outgoing.put_nowait(octets)
        except asyncio.QueueFull:
            end("reads too slowly")

    sending: asyncio.Task[None] | None = None
    try:
        await socket.prepare(request)
    except ConnectionResetError:
        return socket  # the browser is gone before the socket was there
    peer = (source_of(request), remote[1])
    frames = office.open_sip(peer, (local[0], local[1]), secure=sealed(request), send=send, close=end)
    if frames is None:
        await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
        return socket
    try:
        sending = asyncio.create_task(_send(socket, outgoing))
        receiving = asyncio.create_task(_receive(socket, frames))
        await asyncio.wait([sending, receiving], return_when=asyncio.FIRST_COMPLETED)
        for task in (sending, receiving):
            task.cancel()
        await asyncio.gather(sending, receiving, return_exceptions=True)
    finally:
        frames.ended()
        await socket.close(code=WSCloseCode.GOING_AWAY)
    return socket


async def _send(socket: web.WebSocketResponse, outgoing: asyncio.Queue[bytes | None]) -> None:
    """As text where it is UTF-8, which is what browsers' phones read (RFC 7118 §5.2)."""
    while (octets := await outgoing.get()) is not None:
        try:
            text = octets.decode()
        except UnicodeDecodeError:
            await socket.send_bytes(octets)
        else:
            await socket.send_str(text)


async def _receive(socket: web.WebSocketResponse, frames: Frames) -> None:
    async for frame in socket:
        if frame.type is WSMsgType.TEXT:
            frames.received(frame.data.encode())
        elif frame.type is WSMsgType.BINARY:
            frames.received(frame.data)
