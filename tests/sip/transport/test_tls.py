"""SIP over TLS: sealed both ways, and nobody who is not believed."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from callcenterd import certificates as certificate_files
from callcenterd.certificates import Certificates
from callcenterd.clock import SystemClock
from callcenterd.config import Listen
from callcenterd.errors import CannotStart, LocalError
from callcenterd.model.site import Site, Trunk
from callcenterd.sip import events
from callcenterd.sip.endpoint import Endpoint
from callcenterd.sip.events import ToTrunk
from callcenterd.sip.locate import Answer, Naptr, Srv
from callcenterd.sip.message import Ping, Request, StreamParser, encode, reply_to
from callcenterd.sip.transport import tcp, tls
from callcenterd.sip.transport.edge import SipEdge
from callcenterd.sip.transport.tcp import MOST_OF_A_SOURCE
from tests.kit.certificates import Authority
from tests.sip.transport.server import GATEWAY, HOST, Server, sdp

OPTIONS = (
    f"OPTIONS sip:{HOST} SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.9:9;branch=z9hG4bK{{n}};rport\r\nMax-Forwards: 70\r\n"
    "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: c{n}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


class Hosts:
    """Every name is this machine."""

    async def naptr(self, name: str) -> Answer[Naptr]:
        return Answer()

    async def srv(self, name: str) -> Answer[Srv]:
        return Answer()

    async def addresses(self, name: str) -> Answer[str]:
        return Answer((HOST,))


@asynccontextmanager
async def sealed(
    authority: Authority, folder: Path, site: Site | None = None, *, ca: Path | None = None
) -> AsyncIterator[tuple[Server, int, Certificates]]:
    """A server that listens by TLS alone, and its port."""
    mine = authority.make("server", host=HOST, into=folder)
    clock = SystemClock()
    certificates = Certificates(mine.certificate, mine.key, ca or authority.ca, clock)
    server: Server
    endpoint = Endpoint(domain=HOST, chance=random.Random(1), tell=lambda event: server.hear(event))  # noqa: PLW0108
    edge = SipEdge(endpoint, [Listen("tls", HOST, 0)], clock, Hosts(), certificates)
    server = Server(endpoint, edge)
    await edge.open()
    try:
        await edge.configure(site or Site())
        yield server, edge.addresses[0][1][1], certificates
    finally:
        await edge.stop()


def believing(ca: Path, **limits: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(ca))
    for name, version in limits.items():
        setattr(context, name, version)
    return context


async def answer_to(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int = 1) -> str:
    writer.write(OPTIONS.format(n=number).encode())
    return (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).decode()


async def test_who_believes_our_certificate_is_answered_over_tls(authority: Authority, tmp_path: Path) -> None:
    async with sealed(authority, tmp_path) as (server, port, _):
        reader, writer = await asyncio.open_connection(HOST, port, ssl=believing(authority.ca), server_hostname=HOST)
        said = await answer_to(reader, writer)
        assert said.startswith("SIP/2.0 200 ")
        assert "Via: SIP/2.0/TLS" in said
        writer.write(b"\r\n\r\n")
        assert await asyncio.wait_for(reader.readexactly(2), 5) == b"\r\n"  # RFC 5626 §4.4.1
        assert server.edge.connections == 1
        writer.close()


async def test_plain_sip_and_silence_are_cut_off_on_the_sealed_port(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "HANDSHAKE_WITHIN", 0.5)
    async with sealed(authority, tmp_path) as (server, port, _):
        plain_reader, plain = await asyncio.open_connection(HOST, port)
        plain.write(OPTIONS.format(n=1).encode())
        silent_reader, silent = await asyncio.open_connection(HOST, port)
        for reader in (plain_reader, silent_reader):
            with contextlib.suppress(ConnectionError):  # cut off is cut off
                assert b"SIP/2.0" not in await asyncio.wait_for(reader.read(), 5)
        assert not server.told
        plain.close()
        silent.close()


async def test_half_handshakes_of_one_address_do_not_pile_up(authority: Authority, tmp_path: Path) -> None:
    async with sealed(authority, tmp_path) as (server, port, _):
        half = [await asyncio.open_connection(HOST, port) for _ in range(MOST_OF_A_SOURCE + 10)]
        async with asyncio.timeout(5):
            while server.edge.connections != MOST_OF_A_SOURCE:  # sockets tell nobody
                await asyncio.sleep(0.01)
        for _, writer in half:
            writer.close()


async def test_what_is_older_than_tls_1_2_is_refused(authority: Authority, tmp_path: Path) -> None:
    async with sealed(authority, tmp_path) as (_, port, _):
        with pytest.warns(DeprecationWarning, match="TLSv1"):
            old = believing(authority.ca, minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection(HOST, port, ssl=old, server_hostname=HOST)


async def test_a_renewed_certificate_is_shown_without_a_restart(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificate_files, "LOOKED_AT_EVERY", 0.0)
    async with sealed(authority, tmp_path) as (_, port, certificates):
        assert "server" in await _subject(authority, port)
        (tmp_path / "server.pem").write_text("no certificate")
        assert "server" in await _subject(authority, port)  # what cannot be used changes nothing
        newer = authority.make("renewed", host=HOST, into=tmp_path)
        newer.certificate.replace(tmp_path / "server.pem")
        newer.key.replace(tmp_path / "server.key")
        os.utime(tmp_path / "server.pem", (2e9, 2e9))
        assert "renewed" in await _subject(authority, port)
        certificates.reload()
        assert "renewed" in await _subject(authority, port)


async def _subject(authority: Authority, port: int) -> str:
    _, writer = await asyncio.open_connection(HOST, port, ssl=believing(authority.ca), server_hostname=HOST)
    subject = str(writer.get_extra_info("peercert")["subject"])
    writer.close()
    return subject


def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("nothing")
    with pytest.raises(LocalError, match=r"certificate .*bad\.pem"):
        Certificates(bad, None, None, SystemClock())
    with pytest.raises(LocalError, match=r"none\.pem.*No such file"):
        Certificates(tmp_path / "none.pem", None, None, SystemClock())
    with pytest.raises(LocalError, match=r"authorities .*bad\.pem"):
        Certificates(None, None, bad, SystemClock())


async def test_without_a_certificate_tls_cannot_be_listened_on() -> None:
    endpoint = Endpoint(domain=HOST, chance=random.Random(1), tell=lambda _: None)
    with pytest.raises(CannotStart, match="there is no certificate"):
        await SipEdge(endpoint, [Listen("tls", HOST, 0)], SystemClock()).open()


# ---- a trunk over TLS -----------------------------------------------------------------------------------------


_NUMBERS = itertools.count(1)


class Provider:
    """A provider's TLS server that answers every INVITE with 200."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parser = StreamParser()
        while octets := await reader.read(65536):
            for item in parser.feed(octets):
                if isinstance(item, Ping):
                    self.heard.append("ping")
                if not isinstance(item, Request):
                    continue
                self.heard.append(f"{item.method} {item.via.transport}")
                if item.method == "ACK":
                    continue
                response = reply_to(item, 200, to_tag="p")
                response.headers.add("Contact", f"<sip:p@{HOST}:{self.port};transport=tls>")
                if item.method == "INVITE":
                    response.headers.add("Content-Type", "application/sdp")
                    response.body = sdp(41_000)
                writer.write(encode(response))
        writer.close()


@asynccontextmanager
async def provider(authority: Authority, *, host: str, days: int = 2) -> AsyncIterator[Provider]:
    made = authority.make(f"provider{next(_NUMBERS)}", host=host, days=days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    one = Provider()
    server = await asyncio.start_server(one.serve, HOST, 0, ssl=context)
    one.port = server.sockets[0].getsockname()[1]
    async with server:
        yield one


def trunk(port: int) -> Site:
    return Site(trunks=(Trunk(name=GATEWAY, host="sbc.example", port=port, transport="tls"),))


async def test_a_trunk_is_called_over_tls_when_it_shows_the_certificate_of_its_name(
    authority: Authority, tmp_path: Path
) -> None:
    async with (
        provider(authority, host="sbc.example") as there,
        sealed(authority, tmp_path, trunk(there.port)) as (server, _, _),
    ):
        await server.wait_for(events.TrunkSeen, accept=lambda seen: seen.state == "up")
        server.edge.place(ToTrunk(GATEWAY, "95588"), caller="1", sdp=sdp(40_000))
        await server.wait_for(events.Accepted)
        assert "INVITE TLS" in there.heard
        assert server.edge.connections == 1  # one connection for all of it (RFC 5923)


async def test_a_quiet_connection_to_a_trunk_is_kept_alive(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 5626 §4.4.1: what stands between us forgets silent ones."""
    monkeypatch.setattr(tcp, "PING_EVERY", 0.1)
    async with (
        provider(authority, host="sbc.example") as there,
        sealed(authority, tmp_path, trunk(there.port)) as (server, _, _),
    ):
        await server.wait_for(events.TrunkSeen, accept=lambda seen: seen.state == "up")
        async with asyncio.timeout(10):
            while "ping" not in there.heard:  # the provider tells nobody
                await asyncio.sleep(0.05)
        assert server.edge.connections == 1


@pytest.mark.parametrize(
    ("host", "days", "own_ca"),
    [
        pytest.param("elsewhere.example", 2, True, id="a certificate of another name"),
        pytest.param("sbc.example", -1, True, id="one that has expired"),
        pytest.param("sbc.example", 2, False, id="one that nobody vouches for"),
    ],
)
async def test_a_trunk_that_cannot_prove_its_name_is_told_nothing(
    authority: Authority, tmp_path: Path, host: str, days: int, own_ca: bool
) -> None:
    other = Authority(tmp_path / "other")
    async with (
        provider(authority, host=host, days=days) as there,
        sealed(authority, tmp_path, trunk(there.port), ca=None if own_ca else other.ca) as (server, _, _),
    ):
        server.edge.place(ToTrunk(GATEWAY, "95588"), caller="1", sdp=sdp(40_000))
        refused = await server.wait_for(events.Refused)
        assert refused.status == 503
        assert there.heard == []
