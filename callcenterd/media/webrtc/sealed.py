"""DTLS-SRTP with one page, by aiortc (RFC 5763, RFC 5764). The only file that knows aiortc's inner names.

aiortc's own ICE is not used (docs/decisions/0013-pages-as-phones.md): a datagram of any address would reach the
handshake. Its DTLS transport takes what `Wire` gives it and hands on packets that are opened and checked; we hand
those on as they are, undecoded. `tests/media/webrtc/test_sealed.py` fails when a name that is used here is another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pylibsrtp
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport

MOST_WAITING = 64
"""Datagrams of a page that are not opened yet; what is more is dropped: over a second of sound is of no use."""


class Wire:
    """What the DTLS transport takes for ICE: datagrams of one page, in and out."""

    role = "controlled"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(MOST_WAITING)
        self.send = send

    def received(self, octets: bytes) -> None:
        """Only from an address that has proved to be the page's."""
        if octets and not self._queue.full():
            self._queue.put_nowait(octets)

    def close(self) -> None:
        """Whoever waits for a datagram waits no more."""
        while self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait(None)

    async def _recv(self) -> bytes:
        octets = await self._queue.get()
        if octets is None:
            raise ConnectionError
        return octets

    async def _send(self, octets: bytes) -> None:
        self.send(octets)


class Sealed(RTCDtlsTransport):
    """One page's seal. We are the passive side: the page begins the handshake."""

    def __init__(
        self,
        wire: Wire,
        certificate: RTCCertificate,
        *,
        sound: Callable[[bytes], None],
        reports: Callable[[bytes], None],
    ) -> None:
        """sound, reports: told each RTP and RTCP packet that the page has sealed, opened."""
        super().__init__(wire, [certificate])  # type: ignore[arg-type]  # all that it asks of ICE
        self._set_role("server")
        self._wire = wire
        self._sound = sound
        self._reports = reports

    async def shake_hands(self, fingerprints: tuple[tuple[str, str], ...]) -> bool:
        """True: it is up, with the one whose certificate has these fingerprints; False: it is not and will not be."""
        await self.start(RTCDtlsParameters([RTCDtlsFingerprint(function, value) for function, value in fingerprints]))
        return self.state == "connected"

    async def over(self) -> None:
        """Returns when the page has ended it, or the wire is closed."""
        ended = asyncio.Event()
        self.on("statechange", ended.set)
        while self.state == "connected":
            ended.clear()
            await ended.wait()

    async def end(self) -> None:
        """Tell the page, and stop."""
        await self.stop()
        self._wire.close()

    def send_sound(self, packet: bytes) -> None:
        """Seal an RTP packet and send it. What cannot be sealed is dropped: a bad packet must not end a call."""
        if self.state != "connected":
            return
        try:
            self._wire.send(self._tx_srtp.protect(packet))
        except pylibsrtp.Error:
            return

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:  # noqa: ARG002  # aiortc's signature
        self._sound(data)

    async def _handle_rtcp_data(self, data: bytes) -> None:
        self._reports(data)


def new_certificate() -> tuple[RTCCertificate, tuple[str, str]]:
    """A certificate for one page, and its fingerprint: (hash function, value)."""
    certificate = RTCCertificate.generateCertificate()
    fingerprint = next(each for each in certificate.getFingerprints() if each.algorithm == "sha-256")
    return certificate, (fingerprint.algorithm, fingerprint.value)
