"""One bound UDP socket (RFC 3261 §18). Reads until nothing is left, so that a busy socket costs one wake-up a batch.

What is too large for a datagram has been sent another way before it comes here: `post.py` (§18.1.1).
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from callcenterd.sip.flow import Address, Flow

LARGEST = 65_535
BATCH = 128
"""Datagrams of one wake-up; the loop then serves others before it comes back."""
_ROOM = 4 << 20


class UdpSocket:
    def __init__(self, bound: socket.socket, receive: Callable[[bytes, Flow], None]) -> None:
        """receive: told each datagram; never raises."""
        self._socket = bound
        self._receive = receive
        host, port = bound.getsockname()[:2]
        self.local: Address = (host, port)
        self._flows: dict[Address, Flow] = {}

    @classmethod
    def open(cls, host: str, port: int, receive: Callable[[bytes, Flow], None]) -> UdpSocket:
        """Raises OSError if it cannot be bound."""
        bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            if ":" in host:
                bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
            bound.setblocking(False)
            bound.bind((host, port))
        except OSError:
            bound.close()
            raise
        return cls(bound, receive)

    def fileno(self) -> int:
        return self._socket.fileno()

    def drain(self) -> None:
        """What waits in the socket, up to a batch."""
        for _ in range(BATCH):
            try:
                octets, source = self._socket.recvfrom(LARGEST)
            except BlockingIOError:
                return
            except OSError:  # what a sent datagram met on its way (ICMP); timers find out who does not answer
                continue
            self._receive(octets, self._flow(source[:2]))

    def send(self, octets: bytes, target: Address) -> str:
        """Answers what went wrong, or "". A full buffer is a loss like any other: it is sent again by its timer."""
        try:
            self._socket.sendto(octets, target)
        except BlockingIOError:
            return ""
        except OSError as fault:
            return fault.strerror or str(fault)
        return ""

    def close(self) -> None:
        self._socket.close()

    def _flow(self, source: Address) -> Flow:
        """The same object for the same sender, as long as there are not too many."""
        flow = self._flows.get(source)
        if flow is None:
            if len(self._flows) > 4096:
                self._flows.clear()
            flow = self._flows[source] = Flow("UDP", source, self.local)
        return flow
