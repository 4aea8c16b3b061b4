"""TLS for SIP (RFC 3261 §26.2, RFC 5922): connections that begin sealed.

A stranger who stalls in the handshake is counted and cut off like one who stalls in TCP: it is admitted first and
sealed then, so that half handshakes cannot be piled up.
"""

from __future__ import annotations

import asyncio
import ssl

from callcenterd.certificates import Certificates, why
from callcenterd.clock import Clock
from callcenterd.errors import LocalError
from callcenterd.sip.flow import Address
from callcenterd.sip.transport.tcp import Connections, TcpConnection

HANDSHAKE_WITHIN = 5.0
MOST_EARLY = 64


class TlsConnection(TcpConnection):
    """One that came to us: admitted as TCP is, then sealed."""

    def __init__(
        self, number: int, local: Address, owner: Connections, clock: Clock, certificates: Certificates
    ) -> None:
        super().__init__(number, local, owner, clock, transport="TLS")
        self._certificates = certificates
        self._sealing: asyncio.Task[None] | None = None
        self._sealed = False
        self._early: list[bytes] = []  # answers to what came together with the end of the handshake

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if not transport.is_closing():
            self._sealing = asyncio.get_running_loop().create_task(self._seal())

    async def _seal(self) -> None:
        assert self._transport is not None
        plain = self._transport
        try:
            sealed = await asyncio.get_running_loop().start_tls(
                plain, self, self._certificates.server(), server_side=True, ssl_handshake_timeout=HANDSHAKE_WITHIN
            )
        except (OSError, LocalError) as fault:
            self._owner.handshake_failed(self.flow, _said(fault))
            plain.abort()
            return
        assert isinstance(sealed, asyncio.Transport)
        self._transport = sealed
        self._sealed = True
        for octets in self._early:
            super().send(octets)
        self._early.clear()

    def send(self, octets: bytes) -> None:
        if self._sealed:
            super().send(octets)
        elif len(self._early) < MOST_EARLY:
            self._early.append(octets)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._sealing is not None:
            self._sealing.cancel()
        super().connection_lost(exc)


def _said(fault: Exception) -> str:
    if isinstance(fault, ssl.SSLError):
        return why(fault)
    return str(fault) or type(fault).__name__
