"""SIP over WebSocket (RFC 7118): one message a frame, on sockets that the web room accepts.

The web room knows no SIP and this one no HTTP: they meet in `WebSip`, which takes frames and gives a way to send them.
"""

from __future__ import annotations

from collections.abc import Callable

from callcenterd.clock import Clock
from callcenterd.sip.flow import Address, Flow
from callcenterd.sip.message import is_keepalive, parse
from callcenterd.sip.syntax import MalformedMessage
from callcenterd.sip.transport.tcp import FIRST_MESSAGE_WITHIN, IDLE, Connections

_PONG = b"\r\n"


class WebSip:
    """One WebSocket. send and close: what the web room does for us; neither raises or waits."""

    def __init__(
        self,
        flow: Flow,
        owner: Connections,
        clock: Clock,
        send: Callable[[bytes], None],
        close: Callable[[str], None],
    ) -> None:
        self.flow = flow
        self.why = "the socket is closed"
        self._owner = owner
        self._clock = clock
        self._send, self._close = send, close
        self._opened = clock.monotonic()
        self._last: float | None = None

    def received(self, octets: bytes) -> None:
        """One frame."""
        if is_keepalive(octets):
            self.send(_PONG)
            return
        self._last = self._clock.monotonic()
        try:
            item = parse(octets)
        except MalformedMessage as fault:
            self._owner.carried.take(fault, self.flow)
        else:
            self._owner.carried.take(item, self.flow)

    def ended(self) -> None:
        self._owner.leave(self)

    # ---- as a connection ------------------------------------------------------------------------------------

    @property
    def silent(self) -> bool:
        return self._last is None

    def overdue(self, now: float) -> str:
        if self._last is None:
            return "silent" if now - self._opened > FIRST_MESSAGE_WITHIN else ""
        return "idle" if now - self._last > IDLE and not self._owner.needed(self.flow) else ""

    def keep_alive(self, now: float) -> None:
        """The web room pings by itself."""

    def send(self, octets: bytes) -> None:
        self._send(octets)

    def abort(self, why: str) -> None:
        self.why = why
        self._close(why)


def flow_of(number: int, remote: Address, local: Address, *, secure: bool) -> Flow:
    return Flow("WSS" if secure else "WS", remote, local, number)
