"""Our certificates: read again when their files change, and one that we make ourselves where there is none.

SIP (RFC 3261 §26.2) and the web port show one each. A self-made one seals the way as well as any other, but proves
nothing: browsers warn once, and desk phones do not take it.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import ssl
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path

import ifaddr
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from callcenterd.clock import Clock
from callcenterd.errors import LocalError

_log = structlog.get_logger(__name__)

LOOKED_AT_EVERY = 2.0
"""Seconds between two looks at the files of the certificate: renewed ones are taken up without a restart."""
MODERN = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL"
"""For browsers, of TLS 1.2: keys that are of one connection only, and ciphers that vouch for what they seal. Those of
TLS 1.3 are all of this kind."""
GOOD_FOR = timedelta(days=800)
"""Some browsers take none that lasts longer than 825 days."""
RENEWED_BEFORE = timedelta(days=60)


class Certificates:
    """What we show (certificate and key, PEM) and whom we believe (ca, PEM; "" : the system's authorities).

    ciphers: for whom comes to us by TLS 1.2; "": the system's choice. Raises LocalError that names the file if one
    cannot be used; a later change that cannot be used is logged, and the old certificate goes on.
    """

    def __init__(
        self, certificate: Path | None, key: Path | None, ca: Path | None, clock: Clock, *, ciphers: str = ""
    ) -> None:
        self._certificate, self._key, self._ca = certificate, key, ca
        self._ciphers = ciphers
        self._clock = clock
        self._looked = clock.monotonic()
        self._seen = self._stamps()
        self._client = _client_context(ca)
        self._server: ssl.SSLContext | None = None
        self._read: x509.Certificate | None = None
        self._take_up()

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

    def names(self) -> frozenset[str]:
        """The DNS names that our certificate is for, without those that stand for many."""
        self._look()
        return (
            frozenset() if self._read is None else frozenset(name for name in names_of(self._read) if "*" not in name)
        )

    def until(self) -> datetime | None:
        """When our certificate runs out; None: there is none, or only `ssl` can read it."""
        self._look()
        return None if self._read is None else self._read.not_valid_after_utc

    @property
    def self_made(self) -> bool:
        """Nobody vouches for it but itself."""
        return self._read is not None and self._read.issuer == self._read.subject

    def reload(self) -> None:
        """Read the files again now (SIGHUP)."""
        self._looked = self._clock.monotonic()
        self._seen = self._stamps()
        try:
            client = _client_context(self._ca)
            self._take_up()
        except LocalError as fault:
            _log.error("certificate not taken up", why=str(fault))
            return
        self._client = client
        _log.info("certificate taken up", file=str(self._certificate or self._ca or ""))

    def _take_up(self) -> None:
        if self._certificate is None:
            return
        server = _server_context(self._certificate, self._key, self._ciphers)
        self._server, self._read = server, _read(self._certificate)

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


def _server_context(certificate: Path, key: Path | None, ciphers: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    if ciphers:
        context.set_ciphers(ciphers)
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as fault:
        raise LocalError(f"certificate {certificate} with key {key or certificate}: {why(fault)}") from fault
    return context


def _client_context(ca: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if ca is None else str(ca))
    except (OSError, ssl.SSLError) as fault:
        raise LocalError(f"authorities {ca}: {why(fault)}") from fault
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def why(fault: OSError) -> str:
    """What is wrong with a file or a handshake, in a few words."""
    if isinstance(fault, ssl.SSLError):
        return (fault.reason or "not PEM").replace("_", " ").lower()
    return fault.strerror or str(fault)


def _read(path: Path) -> x509.Certificate | None:
    """The first certificate of a file that `ssl` has taken; None if only `ssl` can read it."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())[0]
    except (OSError, ValueError, IndexError):
        return None


def names_of(certificate: x509.Certificate) -> list[str]:
    """The DNS names that a certificate is for, in small letters."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [name.lower() for name in found.get_values_for_type(x509.DNSName)]


# ---- of our own ---------------------------------------------------------------------------------------------------


def make_our_own(folder: Path, names: Collection[str], now: datetime) -> tuple[Path, Path]:
    """Certificate and key that we make ourselves, in the folder; those that are there already, while they are good.

    names: DNS names of ours; this machine's addresses stand in it too. Raises LocalError.
    """
    certificate, key = folder / "own.pem", folder / "own.key"
    wanted = {name.lower() for name in names if name.isascii()} | {"localhost"}
    found = _read(certificate)
    if found is not None and key.exists():
        lasts = found.not_valid_after_utc - RENEWED_BEFORE > now
        if lasts and found.issuer == found.subject and wanted <= set(names_of(found)):
            return certificate, key
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        _write(folder, certificate, key, wanted, now)
    except OSError as fault:
        raise LocalError(f"a certificate of our own cannot be kept in {folder}: {fault.strerror}") from fault
    _log.info("certificate made", file=str(certificate), names=sorted(wanted))
    return certificate, key


def _write(folder: Path, certificate: Path, key: Path, names: Collection[str], now: datetime) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "callcenterd")])
    known: list[x509.GeneralName] = [x509.DNSName(one) for one in sorted(names)]
    known += [x509.IPAddress(address) for address in _our_addresses()]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + GOOD_FOR)
        .add_extension(x509.SubjectAlternativeName(known), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )
    written = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # The key first: a certificate without its key is made anew at the next start.
    for path, octets in ((key, written), (certificate, made.public_bytes(serialization.Encoding.PEM))):
        beside = folder / f".{path.name}.new"
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(fd, "wb") as file:  # noqa: PTH123  # opened so that only its owner can read it
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)


def _our_addresses() -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    found = {ipaddress.ip_address("127.0.0.1")}
    for adapter in ifaddr.get_adapters():
        for one in adapter.ips:
            found.add(ipaddress.ip_address(one.ip if isinstance(one.ip, str) else one.ip[0].partition("%")[0]))
    return sorted(found, key=lambda address: (address.version, int(address)))
