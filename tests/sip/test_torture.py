"""The tests that were made to break parsers: RFC 4475 and RFC 5118 against a real server, over UDP and TCP.

Their messages are not ours to copy. They are read from the folder that CALLCENTERD_SIP_TORTURE names (beside the
repository by default), each with what its manifest allows, and where there is no such folder these tests say so and
are left out. A table of messages of our own covers the same rules and always runs.

No test waits for silence: on one socket the server answers in order, so that what has not been answered before the
OPTIONS that follows it is not going to be.
"""

from __future__ import annotations

import asyncio
import csv
import os
import re
import socket
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from callcenterd.sip import events
from callcenterd.sip.flow import Flow
from tests.sip.net import STRANGER, Net, trunk_peer
from tests.sip.transport.server import HOST, TRUNK_HOST, Server, serving
from tests.sip.transport.test_edge import SteppedClock

FOLDER = Path(
    os.environ.get("CALLCENTERD_SIP_TORTURE", Path(__file__).resolve().parents[2] / ".." / "shared" / "sip-torture")
)
_VIA = re.compile(rb"(?im)^((?:via|v)\s*:\s*SIP\s*/\s*\d\.0\s*/\s*)\w+(\s+)[^\s;,]+")
_CANARY = b"canary-of-the-torture"
STRANGER_HOST = "127.0.0.66"
SILENCE = frozenset({"-"})


@dataclass(frozen=True)
class Torment:
    """name; what is sent; the answers that are right: "400", "2xx", "-" for none."""

    name: str
    octets: bytes
    right: frozenset[str]

    def is_right(self, statuses: Collection[int]) -> bool:
        """The last final answer counts, or the last one if there is no final one."""
        last = [status for status in statuses if status >= 200] or list(statuses)
        return bool(SILENCE & self.right) if not last else bool({str(last[-1]), f"{last[-1] // 100}xx"} & self.right)


def _rows(folder: str) -> list[dict[str, str]]:
    with (FOLDER / folder / "manifest.tsv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def _of_the_rfcs() -> list[Torment]:
    found = []
    for folder in ("rfc4475", "rfc5118_wire"):
        for row in _rows(folder):
            name = row["file"].removesuffix(".dat")
            octets = (FOLDER / folder / f"{name}.dat").read_bytes()
            found.append(Torment(name, octets, frozenset(row["ok_answers_udp"].split(","))))
    return found


RFCS = _of_the_rfcs() if (FOLDER / "rfc4475" / "manifest.tsv").exists() else []
_WHY = f"the messages of RFC 4475 are not at {FOLDER}: CALLCENTERD_SIP_TORTURE names their folder"
TORMENTS = [pytest.param(one, id=one.name) for one in RFCS] or [
    pytest.param(None, id="missing", marks=pytest.mark.skip(reason=_WHY))
]


# ---- messages of our own, for the same rules ---------------------------------------------------------------

_SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
_NUMBERED = iter(range(1_000_000))


def own(method: str = "OPTIONS", *more: str, start: str = "", body: bytes = b"", **instead: str) -> bytes:
    """A good request with lines more, or with another line in the place of one: `to="…"`; "" leaves it out."""
    n = next(_NUMBERED)
    head = {
        "via": f"Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKown{n}",
        "max_forwards": "Max-Forwards: 70",
        "from_": f"From: <sip:a@example.com>;tag={n}",
        "to": "To: <sip:9@example.com>",
        "call_id": f"Call-ID: own-{n}",
        "cseq": f"CSeq: 8 {method}",
        "contact": "Contact: <sip:a@192.0.2.1>",
        "length": f"Content-Length: {len(body)}",
        "kind": "Content-Type: application/sdp" if body else "",
    } | instead
    lines = [start or f"{method} sip:9@example.com SIP/2.0", *(line for line in head.values() if line), *more]
    return "\r\n".join(lines).encode(errors="surrogateescape") + b"\r\n\r\n" + body


def _stray(start: str, via: str = "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKstray") -> bytes:
    return own(start=start, max_forwards="", contact="", via=via, cseq="CSeq: 1 INVITE")


OWN = [
    # the rule; what is sent; what is right from a stranger, and from a trunk
    ("folded, compact and oddly spaced lines", own("INVITE", "s  :", "Subject:\r\n\t two\r\n lines", body=_SDP,
        call_id="i :  own-folded", cseq="cseq: 0008\r\n   INVITE", to="t:\r\n <sip:9@example.com>"), "401", "200"),
    ("a method of odd but allowed letters", own("!in-V_a%l.i~d*'`+d!"), "501", "501"),
    ("an escape does not make a method", own("R%45GISTER"), "501", "501"),
    ("an escaped NUL in an address", own("REGISTER", contact="Contact: <sip:%00@192.0.2.1>",
        to="To: <sip:nul%00l@example.com>"), "401", "401"),
    ("no space before <", own(from_='From: caller<sip:a@example.com>;tag=1'), "200", "200"),
    ("a long header and many Vias", own("OPTIONS", *(f"Via: SIP/2.0/TCP hop{n}.example.com;branch=z9hG4bK{n}"
        for n in range(30)), "Unknown: " + "x" * 2000), "200", "200"),
    ("a semicolon in the user part", own(start="OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0"),
        "200", "200"),
    ("transports that nobody knows in further Vias", own("OPTIONS", "Via: SIP/2.0/UNKNOWN t6.example.com",
        "Via: SIP/2.0/TLS t2.example.com"), "200", "200"),
    ("octets that are no text in a body", own("PUBLISH", body=bytes(range(256)), kind="Content-Type: a/b"),
        "405", "405"),
    ("an answer to nothing with an odd reason", _stray("SIP/2.0 200 = 2**3 * 5**2 но сто"),
        "-", "-"),
    ("an answer to nothing without a reason", _stray("SIP/2.0 100 "), "-", "-"),
    ("an answer whose code is no code", _stray("SIP/2.0 4294967301 better not"), "-", "-"),
    ("an answer whose Via is somebody else's", _stray("SIP/2.0 200 OK",
        via="Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1"), "-", "-"),
    ("separators with nothing between them", own("INVITE", contact="Contact: <sip:a@x>;;,;,,", body=_SDP),
        "400", "400"),
    ("a CSeq beyond 2**31", own("OPTIONS", cseq="CSeq: 36893488147419103232 OPTIONS"), "400", "400"),
    ("a quote that is never closed", own("INVITE", to='To: "Mr. J. User <sip:9@example.com>', body=_SDP),
        "400", "400"),
    ("an address in < > as Request-URI", own(start="OPTIONS <sip:9@example.com> SIP/2.0"), "400", "400"),
    ("a space in the Request-URI", own(start="OPTIONS sip:9@example.com; lr SIP/2.0"), "400", "400"),
    ("two spaces in the request line", own(start="OPTIONS  sip:9@example.com SIP/2.0"), "400", "400"),
    ("a space at the end of the request line", own(start="OPTIONS sip:9@example.com SIP/2.0 "), "400", "400"),
    ("headers in a Request-URI are not acted on", own(start="OPTIONS sip:9@example.com?Route=%3Csip:x%3E SIP/2.0"),
        "400 200", "400 200"),
    ("a Date that is none", own("OPTIONS", "Date: Fri, 01 Jan 2010 16:00:00 EST"), "200", "200"),
    ("a Contact with ? and no < >", own("REGISTER", contact="Contact: sip:a@192.0.2.1?Route=%3Csip:x%3E"),
        "400 401", "400 401"),
    ("spaces within an address", own("OPTIONS", to="To: <sip:9@ example.com>"), "400", "400"),
    ("a comma in a name without quotes", own("OPTIONS", from_="From: Bell, A <sip:a@example.com>;tag=1"),
        "400", "400"),
    ("a version of the future", own(start="OPTIONS sip:9@example.com SIP/7.0"), "505", "505"),
    ("another method in CSeq", own("OPTIONS", cseq="CSeq: 8 INVITE"), "400", "400"),
    ("an unknown method with another in CSeq", own("NEWMETHOD", cseq="CSeq: 8 INVITE"), "400 501", "400 501"),
    ("a branch that is only the cookie", own("OPTIONS", via="Via: SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bK"),
        "200 400", "200 400"),
    ("no Call-ID, From and To", own("INVITE", call_id="", from_="", to="", body=_SDP), "400", "400"),
    ("a scheme that nobody knows", own(start="OPTIONS nobodyKnowsThisScheme:totallyopaque SIP/2.0"), "416", "416"),
    ("a scheme that is not SIP's", own(start="OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0"), "416", "416"),
    ("a To that is no SIP address in a REGISTER", own("REGISTER", to="To: isbn:2983792873"), "400", "400"),
    ("options that nobody supports", own("OPTIONS", "Require: nothingSupportsThis", "Proxy-Require: norThis"),
        "420", "420"),
    ("a body of a kind that nobody reads", own("INVITE", body=b"<audio/>", kind="Content-Type: application/unknown"),
        "401 415", "415"),
    ("a proof of a scheme that nobody knows", own("REGISTER", "Authorization: NoOneKnows opaque-data=here"),
        "401", "401"),
    ("single values given twice", own("INVITE", "CSeq: 59 INVITE", "Call-ID: another", "To: <sip:b@x>", body=_SDP),
        "400", "400"),
    ("our SDP is not wanted", own("INVITE", "Accept: text/nobodyKnowsThis", body=_SDP), "401 406", "406"),
    ("no Max-Forwards left", own("OPTIONS", max_forwards="Max-Forwards: 0"), "200 483", "200 483"),
    ("a call that went in circles", own("INVITE", max_forwards="Max-Forwards: 0", body=_SDP), "401 483", "483"),
    ("a Contact with an unknown parameter", own("REGISTER", contact="Contact: <sip:a@192.0.2.1>;unknownparam"),
        "401", "401"),
    ("an address of IPv6", own(start="OPTIONS sip:[2001:db8::10]:5070 SIP/2.0"), "200", "200"),
    ("an address of IPv6 without brackets", own(start="OPTIONS sip:2001:db8::10 SIP/2.0"), "400", "400"),
    ("a port that may be part of the address", own(start="OPTIONS sip:[2001:db8::10:5070] SIP/2.0"), "200", "200"),
    ("Vias of both families", own("OPTIONS",
        "Via: SIP/2.0/UDP [2001:db8::9]:6050;received=[2001:db8::9];branch=z9hG4bKa",
        "Via: SIP/2.0/UDP 192.0.2.9;received=2001:db8::9;branch=z9hG4bKb"), "200", "200"),
    ("SDP with an address of IPv6", own("INVITE", body=_SDP.replace(b"IP4 127.0.0.2", b"IP6 2001:db8::20")),
        "401", "200"),
    ("an INVITE as RFC 2543 wrote it", own("INVITE", via="Via: SIP/2.0/UDP 192.0.2.1:5060;rport",
        from_="From: <sip:+13035551111@example.com;user=phone>", body=_SDP), "400 401", "200 400"),
    ("more octets in the datagram than the body has", own("OPTIONS") + b"\r\n" + own("INVITE", body=_SDP),
        "200", "200"),
    ("a length that is more than there is", own("INVITE", length="Content-Length: 9999", body=_SDP), "400", "400"),
    ("a length below nothing", own("INVITE", length="Content-Length: -999", body=_SDP), "400", "400"),
    ("two lengths", own("OPTIONS", "Content-Length: 5", body=b"There"), "400", "400"),
]  # fmt: skip
OWN_STRANGERS = [Torment(name, octets, frozenset(right.split())) for name, octets, right, _ in OWN]
OWN_TORMENTS = [pytest.param(one, id=one.name) for one in OWN_STRANGERS]
OWN_FROM_A_TRUNK = [
    pytest.param(Torment(name, octets, frozenset(right.split())), id=name) for name, octets, _, right in OWN
]
STREAMS_THAT_END = frozenset(
    {"a length that is more than there is", "a length below nothing", "two lengths", "clerr", "ncl", "mcl01"}
)
UNBOUNDED = frozenset({"baddn", "inv2543", "dblreq", "bigcode", "an answer whose code is no code"})
"""They have no empty line at their end, no length, more octets than they say, or a first line that says nothing."""
GIVEN_TWICE = frozenset({"multi01", "single values given twice"})
TWO_ON_A_STREAM = {"more octets in the datagram than the body has", "dblreq"}
"""On a stream what follows a message is the next message."""


# ---- how they are sent -------------------------------------------------------------------------------------


def _aimed(octets: bytes, transport: str, host: str, port: int) -> bytes:
    """The same message with our own socket in its first Via, so that the answer comes to us (§18.2.2)."""
    return _VIA.sub(lambda found: found[1] + transport.encode() + found[2] + f"{host}:{port}".encode(), octets, count=1)


def _canary(transport: str, host: str, port: int) -> bytes:
    return (
        f"OPTIONS sip:{HOST} SIP/2.0\r\nVia: SIP/2.0/{transport} {host}:{port};rport;branch=z9hG4bKcanary{port}\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:canary@{host}>;tag=c\r\nTo: <sip:{HOST}>\r\nCall-ID: {_CANARY.decode()}\r\n"
        "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def said(octets: bytes) -> list[bytes]:
    """The answers in what came, without that to the canary. Not by our own parser: they repeat what cannot be read."""
    pieces = re.split(rb"(?m)^(?=SIP/2\.0 \d{3} )", octets)
    return [piece for piece in pieces if piece.startswith(b"SIP/2.0 ") and _CANARY not in piece]


def statuses(octets: bytes) -> list[int]:
    return [int(answer[8:11]) for answer in said(octets)]


async def by_datagram(server: Server, octets: bytes, host: str) -> bytes:
    """What the server says to this message. host: the address of ours that it is sent from."""
    loop = asyncio.get_running_loop()
    came = b""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.bind((host, 0))
        asker.setblocking(False)
        port = asker.getsockname()[1]
        await loop.sock_sendto(asker, _aimed(octets, "UDP", host, port), (HOST, server.port))
        async with asyncio.timeout(10):
            for asked in (1, 2):  # who answers a call does it when both datagrams have been read
                await loop.sock_sendto(asker, _canary("UDP", host, port), (HOST, server.port))
                while came.count(_CANARY) < asked:
                    came += await loop.sock_recv(asker, 65535)
    return came


async def by_stream(server: Server, clock: SteppedClock, octets: bytes, host: str) -> tuple[bytes, bool]:
    """The same over TCP. Also answers whether the server ended the connection instead of answering the OPTIONS.

    A server that waits for octets that the message promised and that do not come is waited for by the clock.
    """
    reader, writer = await asyncio.open_connection(HOST, server.port, local_addr=(host, 0))
    port = writer.get_extra_info("sockname")[1]
    writer.write(_aimed(octets, "TCP", host, port) + _canary("TCP", host, port))
    came = b""
    try:
        async with asyncio.timeout(10):
            while _CANARY not in came:
                piece = await _some(reader)
                if piece is None:
                    clock.ahead += 11.0
                elif piece:
                    came += piece
                else:
                    return came, True
        return came, False
    finally:
        writer.close()


async def _some(reader: asyncio.StreamReader) -> bytes | None:
    """What came next; nothing when it is over; None when nothing came for a while."""
    try:
        async with asyncio.timeout(0.3):
            return await reader.read(65535)
    except TimeoutError:
        return None
    except ConnectionError:
        return b""


@contextmanager
def no_line_of_a_fault() -> Iterator[None]:
    """Nothing is logged as an error meanwhile: a message that somebody sent is never our fault."""
    with structlog.testing.capture_logs() as lines:
        yield
    assert [line for line in lines if line["log_level"] in ("error", "critical")] == []


# ---- the tests ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("torment", [*TORMENTS, *OWN_TORMENTS])
async def test_each_gets_the_answer_that_it_should_over_udp(torment: Torment) -> None:
    with no_line_of_a_fault():
        async with serving() as server:
            came = await by_datagram(server, torment.octets, STRANGER_HOST)
            assert torment.is_right(statuses(came)), statuses(came)
            calls = {line for answer in said(came) for line in re.findall(rb"(?im)^(?:call-id|i)\s*:.*$", answer)}
            assert len(calls) <= 1 + (torment.name in GIVEN_TWICE), "two requests in one datagram"
            assert server.all(events.IncomingCall) == []


@pytest.mark.parametrize("torment", [*TORMENTS, *OWN_TORMENTS])
async def test_each_gets_the_answer_that_it_should_over_tcp(torment: Torment) -> None:
    clock = SteppedClock()
    with no_line_of_a_fault():
        async with serving(clock=clock) as server:
            came, ended = await by_stream(server, clock, torment.octets, STRANGER_HOST)
            got = statuses(came)[:1] if torment.name in TWO_ON_A_STREAM else statuses(came)
            if torment.name in STREAMS_THAT_END:
                assert ended, "where the next message begins cannot be known"
            assert torment.is_right(got) or (ended and not got), got
            assert server.all(events.IncomingCall) == []


@pytest.mark.parametrize("torment", OWN_FROM_A_TRUNK)
async def test_a_trunk_gets_the_answer_that_it_should_as_well(torment: Torment) -> None:
    """What is let in by its address meets the rules that a stranger is challenged before."""
    with no_line_of_a_fault():
        async with serving() as server:
            came = await by_datagram(server, torment.octets, TRUNK_HOST)
            assert torment.is_right(statuses(came)), statuses(came)
            calls = torment.octets.startswith(b"INVITE") and "200" in torment.right and statuses(came)[-1] == 200
            assert len(server.all(events.IncomingCall)) == calls


@pytest.mark.parametrize("torment", TORMENTS)
async def test_from_a_trunk_none_of_them_is_our_fault_and_no_bad_one_makes_a_call(torment: Torment) -> None:
    """A trunk's INVITE is not challenged: more of it is read. One within a dialog that is gone is 481 (§12.2.2)."""
    with no_line_of_a_fault():
        async with serving() as server:
            got = statuses(await by_datagram(server, torment.octets, TRUNK_HOST))
            assert torment.is_right(got) or got[-1:] == [481], got
            if not {"200", "2xx"} & torment.right:
                assert server.all(events.IncomingCall) == []


@pytest.mark.parametrize("torment", TORMENTS)
def test_as_they_stand_in_the_rfc_they_make_us_send_to_nobody_but_the_sender(torment: Torment) -> None:
    """Without a change to their Via: by RFC 3261 §18.2.2 what is said goes to the address that it came from."""
    net = Net()
    server, _ = trunk_peer(net)
    net.run(1.0)
    server.endpoint.receive(torment.octets, Flow("UDP", (STRANGER, 40_000), (server.address, 5060)), net.now)
    parcels = server.endpoint.parcels()
    assert {parcel.flow.remote[0] for parcel in parcels} <= {STRANGER}
    assert torment.is_right(statuses(b"".join(parcel.octets for parcel in parcels)))


@pytest.mark.parametrize("pieces", ["in one go", "octet by octet"])
async def test_all_that_can_be_told_apart_are_answered_one_after_the_other_on_one_stream(pieces: str) -> None:
    """Messages of our own, and those of the RFCs where they are: those that say where the next one begins."""
    torments = [one for one in [*RFCS, *OWN_STRANGERS] if one.name not in STREAMS_THAT_END | UNBOUNDED]
    octets = b"".join(one.octets for one in torments) + _canary("TCP", TRUNK_HOST, 9)
    with no_line_of_a_fault():
        async with serving() as server:
            reader, writer = await asyncio.open_connection(HOST, server.port, local_addr=(TRUNK_HOST, 0))
            came = asyncio.create_task(_until_the_canary(reader))
            if pieces == "in one go":
                writer.write(octets)
            else:
                for octet in octets:
                    writer.write(bytes((octet,)))
                    await asyncio.sleep(0)
            async with asyncio.timeout(60):
                answered = {int(number) for number in re.findall(rb"(?m)^SIP/2\.0 (\d{3}) ", await came)}
            assert {200, 400, 401, 405, 416, 420, 501, 505} <= answered
            writer.close()


async def _until_the_canary(reader: asyncio.StreamReader) -> bytes:
    came = b""
    while _CANARY not in came:
        piece = await reader.read(65535)
        assert piece, "the connection was ended"
        came += piece
    return came
