"""TLS for SIP (RFC 3261 §26.2, RFC 5922): our certificate, whom we believe, and connections that begin sealed.

A stranger who stalls in the handshake is counted and cut off like one who stalls in TCP: it is admitted first and
sealed then, so that half handshakes cannot be piled up.
"""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import structlog

from callcenterd.clock import Clock
from callcenterd.errors import LocalError
from callcenterd.sip.flow import Address
from callcenterd.sip.transport.tcp import Connections, TcpConnection

_log = structlog.get_logger(__name__)

HANDSHAKE_WITHIN = 5.0
MOST_EARLY = 64
LOOKED_AT_EVERY = 2.0
"""Seconds between two looks at the files of the certificate: renewed ones are taken up without a restart."""


class Certificates:
    """What we show (certificate and key, PEM) and whom we believe (ca, PEM; "" : the system's authorities).

    Raises LocalError that names the file if one cannot be used; a later change that cannot be used is logged, and the
    old certificate goes on.
    """

    def __init__(self, certificate: Path | None, key: Path | None, ca: Path | None, clock: Clock) -> None:
        self._certificate, self._key, self._ca = certificate, key, ca
        self._clock = clock
        self._looked = clock.monotonic()
        self._seen = self._stamps()
        self._server = _server_context(certificate, key) if certificate is not None else None
        self._client = _client_context(ca)

    def server(self) -> ssl.SSLContext:
        """For who comes to us. Raises LocalError if we have no certificate."""
        self._look()
        if self._server is None:
            raise LocalError("there is no certificate")
        return self._server

    def client(self) -> ssl.SSLContext:
        """For whom we go to: their certificate must be good, and theirs (RFC 5922 §7.1)."""
        self._look()
        return self._client

    def reload(self) -> None:
        """Read the files again now (SIGHUP)."""
        self._looked = self._clock.monotonic()
        self._seen = self._stamps()
        try:
            server = _server_context(self._certificate, self._key) if self._certificate is not None else None
            client = _client_context(self._ca)
        except LocalError as fault:
            _log.error("certificate not taken up", why=str(fault))
            return
        self._server, self._client = server, client
        _log.info("certificate taken up", file=str(self._certificate or self._ca or ""))

    def _look(self) -> None:
        now = self._clock.monotonic()
        if now - self._looked < LOOKED_AT_EVERY:
            return
        self._looked = now
        if self._stamps() != self._seen:
            self.reload()

    def _stamps(self) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for path in (self._certificate, self._key, self._ca):
            try:
                stat = path.stat() if path is not None else None
            except OSError:
                stat = None
            found.append((0, 0) if stat is None else (stat.st_mtime_ns, stat.st_size))
        return found


def _server_context(certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    assert certificate is not None
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as fault:
        raise LocalError(f"certificate {certificate} with key {key or certificate}: {_why(fault)}") from fault
    return context


def _client_context(ca: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if ca is None else str(ca))
    except (OSError, ssl.SSLError) as fault:
        raise LocalError(f"authorities {ca}: {_why(fault)}") from fault
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _why(fault: OSError) -> str:
    if isinstance(fault, ssl.SSLError):
        return (fault.reason or "not PEM").replace("_", " ").lower()
    return fault.strerror or str(fault)


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
        return _why(fault)
    return str(fault) or type(fault).__name__
