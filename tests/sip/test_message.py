"""Whole messages: the traps of RFC 4475 and of other stacks in a table, datagrams and streams, and what is written."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callcenterd.errors import LocalError
from callcenterd.sip.headers import NameAddr, Via
from callcenterd.sip.message import (
    MAX_HEAD,
    MAX_LINES,
    MAX_OCTETS,
    PING,
    Headers,
    Message,
    Ping,
    Request,
    Response,
    StreamParser,
    encode,
    is_keepalive,
    parse,
    reply_to,
)
from callcenterd.sip.syntax import MalformedMessage
from callcenterd.sip.uri import OtherUri, SipUri
from tests.kit.messages import answer, lines, request

SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"


def options(
    *more: str, start: str = "OPTIONS sip:1001@example.com SIP/2.0", body: bytes = b"", **instead: str
) -> bytes:
    """A good OPTIONS, with lines more, or with other ones instead: `to="…"`; "" leaves one out."""
    head = {
        "via": "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1",
        "max_forwards": "Max-Forwards: 70",
        "from_": "From: <sip:a@example.com>;tag=1",
        "to": "To: <sip:1001@example.com>",
        "call_id": "Call-ID: 1@192.0.2.1",
        "cseq": "CSeq: 1 OPTIONS",
        "length": f"Content-Length: {len(body)}",
    } | instead
    written = [start, *(line for line in head.values() if line), *more]
    return "\r\n".join(written).encode(errors="surrogateescape") + b"\r\n\r\n" + body


# ---- what is good is read ----------------------------------------------------------------------------------


def test_a_tortuous_invite_is_read() -> None:
    """After RFC 4475 §3.1.1.1: every freedom of the grammar at once."""
    octets = lines(
        """
        INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0
        TO :
        """
    ).removesuffix(b"\r\n\r\n") + (
        b"\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n"
        b'\r\nfrom   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8'
        b"\r\nMaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.ndaksdj@192.0.2.1\r\nContent-Length   : 3"
        b"\r\ncseq: 0009\r\n  INVITE\r\nVia  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\ns :"
        b"\r\nNewFangledHeader:   newfangled value\r\n continued newfangled value"
        b"\r\nUnknownHeaderWithUnusualValue: ;;,,;;,;\r\nContent-Type: application/sdp"
        b"\r\nRoute:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>"
        b"\r\nv:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,"
        b"\r\n SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239"
        b'\r\nm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;'
        b"\r\n  secondparam ; q = 0.33\r\n\r\nv=0"
    )
    invite = parse(octets)
    assert isinstance(invite, Request)
    assert (invite.method, invite.body, invite.max_forwards, invite.content_type) == (
        "INVITE",
        b"v=0",
        68,
        "application/sdp",
    )
    assert [via.branch for via in invite.vias] == ["390skdjuw", "z9hG4bK9ikj8", "z9hG4bK30239"]
    assert (invite.from_.display, invite.from_.tag, invite.to.tag) == ('J Rosenberg \\"', "98asjd8", "1918181833n")
    assert (invite.cseq.number, invite.call_id) == (9, "wsinv.ndaksdj@192.0.2.1")
    assert [str(route) for route in invite.routes] == [
        "<sip:services.example.com;lr;unknownwith=value;unknown-no-value>"
    ]
    assert invite.contacts[0].display == 'Quoted string ""'
    assert invite.headers.get("Subject") == ""
    assert invite.headers.get("newfangledheader") == "newfangled value continued newfangled value"
    assert invite.headers.get("UnknownHeaderWithUnusualValue") == ";;,,;;,;"
    assert parse(encode(invite)).vias == invite.vias


GOOD: list[tuple[str, bytes, Callable[[Message], object], object]] = [
    (
        "compact names",
        options(
            via="v: SIP/2.0/UDP h;branch=z9hG4bK1",
            from_="f: <sip:a@b>;tag=1",
            to="t: <sip:c@d>",
            call_id="i: 1",
            length="l: 0",
        ),
        lambda m: (m.via.host, m.from_.tag, m.call_id),
        ("h", "1", "1"),
    ),
    (
        "compact contact",
        options("m: <sip:a@b>, <sip:c@d>"),
        lambda m: [str(c.uri) for c in m.contacts],
        ["sip:a@b", "sip:c@d"],
    ),
    ("any case", options(via="vIa: SIP/2.0/UDP h;branch=z9hG4bK1", call_id="CALL-id: x"), lambda m: m.call_id, "x"),
    ("no length in a datagram", options(length="", body=b"abc"), lambda m: m.body, b"abc"),
    ("octets after the body", options(length="Content-Length: 2", body=b"abcINVITE"), lambda m: m.body, b"ab"),
    ("an empty line first", b"\r\n\r\n" + options(), lambda m: m.call_id, "1@192.0.2.1"),
    (
        "two quoted addresses",
        options('Contact: "A, \\"B\\"" <sip:a@b>;q=1, "C" <sip:c@d>'),
        lambda m: [c.display for c in m.contacts],
        ['A, "B"', "C"],
    ),
    (
        "two Contact lines",
        options("Contact: <sip:%00@h>", "Contact: <sip:%00%00@h>"),
        lambda m: [c.uri.user for c in m.contacts],
        ["\0", "\0\0"],
    ),
    (
        "quoted sip.instance",
        options('Contact: <sip:a@b>;+sip.instance="<urn:uuid:1>";reg-id=1'),
        lambda m: m.contacts[0].params.get("+sip.instance"),
        "<urn:uuid:1>",
    ),
    (
        "Refer-To with Replaces",
        options("Refer-To: <sip:a@b?Replaces=1%3Bto-tag%3D2>"),
        lambda m: NameAddr.parse(m.headers.get("r") or "").uri,
        SipUri("sip", "a", "b", None, headers="Replaces=1%3Bto-tag%3D2"),
    ),
    (
        "no space before <",
        options(from_="From: caller<sip:caller@example.com>;tag=323"),
        lambda m: m.from_.display,
        "caller",
    ),
    ("NUL in a quoted name", options(to='To: "NUL:\\\0" <sip:a@b>'), lambda m: m.to.display, "NUL:\0"),
    ("raw UTF-8 in a name", options(to='To: "张三" <sip:a@b>'), lambda m: m.to.display, "张三"),
    (
        "octets that are no UTF-8",
        options(to='To: "\udcff" <sip:a@b>'),
        lambda m: encode(m) == options(to='To: "\udcff" <sip:a@b>'),
        True,
    ),
    (
        "a method that looks escaped",
        options(start="RE%47IST%45R sip:h SIP/2.0", cseq="CSeq: 1 RE%47IST%45R"),
        lambda m: m.method if isinstance(m, Request) else None,
        "RE%47IST%45R",
    ),
    (
        "a header name that looks escaped",
        options("C%6Fntact: <sip:evil@x>", "Contact: <sip:a@b>"),
        lambda m: len(m.contacts),
        1,
    ),
    (
        "an odd Call-ID",
        options(call_id="Call-ID: word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"),
        lambda m: m.call_id,
        "word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
    ),
    (
        "no From tag, no Max-Forwards (RFC 2543)",
        options(from_="From: <sip:a@b>", max_forwards=""),
        lambda m: (m.from_.tag, m.max_forwards),
        (None, None),
    ),
    (
        "an unknown scheme to ask for",
        options(start="OPTIONS nobodyKnows:totally/opaque SIP/2.0"),
        lambda m: m.target if isinstance(m, Request) else None,
        OtherUri("nobodyknows", "totally/opaque"),
    ),
    (
        "unknown transports",
        options("Via: SIP/2.0/SCTP a;branch=z9hG4bK2", "Via: SIP/2.0/WHAT b;branch=z9hG4bK3"),
        lambda m: [v.transport for v in m.vias],
        ["UDP", "SCTP", "WHAT"],
    ),
    (
        "IPv6 with and without brackets",
        options(via="Via: SIP/2.0/UDP [2001:db8::9]:5070;received=2001:db8::1;branch=z9hG4bK1"),
        lambda m: (m.via.host, m.via.answer_address),
        ("2001:db8::9", ("2001:db8::1", 5070)),
    ),
    ("a star", options("Contact: *"), lambda m: (m.contacts, m.contact_is_star), ((), True)),
    ("an Expires beyond all bounds", options("Expires: 1" + "0" * 100), lambda m: m.expires, 2**32 - 1),
    ("an Expires that is none", options("Expires: soon"), lambda m: m.expires, None),
    ("an empty list", options("Supported:", "Require: "), lambda m: (m.supported, m.require), ((), ())),
    ("lists over lines", options("Allow: INVITE, ACK", "Allow: bye"), lambda m: m.allow, ("INVITE", "ACK", "bye")),
    ("options in any case", options("Require: 100REL,, Timer"), lambda m: m.require, ("100rel", "timer")),
    ("small version letters", options(start="OPTIONS sip:a@b sip/2.0"), lambda m: m.call_id, "1@192.0.2.1"),
    (
        "an unusual reason",
        options(start="SIP/2.0 200 = 2**3 * 5**2 но", cseq="CSeq: 1 INVITE"),
        lambda m: m.reason if isinstance(m, Response) else None,
        "= 2**3 * 5**2 но",
    ),
    ("an empty reason", options(start="SIP/2.0 100 "), lambda m: m.status if isinstance(m, Response) else None, 100),
    ("no reason at all", options(start="SIP/2.0 100"), lambda m: m.status if isinstance(m, Response) else None, 100),
    (
        "several challenges",
        options(
            'WWW-Authenticate: Digest realm="a", nonce="b"',
            'Proxy-Authenticate: Digest realm="c", nonce="d"',
            start="SIP/2.0 401 Unauthorized",
        ),
        lambda m: [c.get("realm") for c in m.challenges],
        ["a", "c"],
    ),
    (
        "a proof",
        options('Authorization: Digest username="1001", response="x"'),
        lambda m: m.authorizations[0].get("username"),
        "1001",
    ),
    (
        "an asserted identity",
        options('P-Asserted-Identity: "A" <sip:1@h>, <tel:+8620>'),
        lambda m: [str(a.uri) for a in m.asserted],
        ["sip:1@h", "tel:+8620"],
    ),
    (
        "record routes in order",
        options("Record-Route: <sip:a;lr>", "Record-Route: <sip:b;lr>,<sip:c;lr>"),
        lambda m: [str(r.uri) for r in m.record_routes],
        ["sip:a;lr", "sip:b;lr", "sip:c;lr"],
    ),
    ("Min-Expires", options("Min-Expires: 60", start="SIP/2.0 423 Interval Too Brief"), lambda m: m.min_expires, 60),
    (
        "a type with parameters",
        options("Content-Type: Application/SDP ;charset=utf-8"),
        lambda m: m.content_type,
        "application/sdp",
    ),
]


@pytest.mark.parametrize(("octets", "read", "expected"), [pytest.param(*case[1:], id=case[0]) for case in GOOD])
def test_what_is_good_is_read(octets: bytes, read: Callable[[Message], object], expected: object) -> None:
    message = parse(octets)
    assert read(message) == expected
    again = parse(encode(message))
    assert read(again) == expected
    assert encode(again) == encode(message)


# ---- what is not is refused --------------------------------------------------------------------------------

BAD: list[tuple[str, bytes, str, int]] = [
    ("brackets around the Request-URI", options(start="OPTIONS <sip:a@b> SIP/2.0"), "start line", 400),
    ("space in the Request-URI", options(start="OPTIONS sip:a@b; lr SIP/2.0"), "start line", 400),
    ("two spaces in the start line", options(start="OPTIONS  sip:a@b SIP/2.0"), "start line", 400),
    ("spaces after the start line", options(start="OPTIONS sip:a@b SIP/2.0  "), "start line", 400),
    ("a tab in the start line", options(start="OPTIONS\tsip:a@b SIP/2.0"), "start line", 400),
    ("another version", options(start="OPTIONS sip:a@b SIP/7.0"), "start line", 505),
    ("another protocol", options(start="GET / HTTP/1.1"), "start line", 400),
    ("no version", options(start="OPTIONS sip:a@b"), "start line", 400),
    ("a method with odd letters", options(start="OPT{IONS sip:a@b SIP/2.0"), "start line", 400),
    ("a folded start line", options(start="OPTIONS sip:a@b\r\n SIP/2.0"), "start line", 400),
    ("headers in the Request-URI", options(start="OPTIONS sip:a@b?Route=%3Csip:x%3E SIP/2.0"), "Request-URI", 400),
    ("IPv6 without brackets", options(start="OPTIONS sip:2001:db8::10 SIP/2.0"), "Request-URI", 400),
    ("a status beyond 699", options(start="SIP/2.0 4294967301 no"), "start line", 400),
    ("a status of 700", options(start="SIP/2.0 700 no"), "start line", 400),
    ("a lone CR in the reason", options(start="SIP/2.0 200 O\rK"), "start line", 400),
    ("a lone LF in the reason", options(start="SIP/2.0 200 O\nK"), "start line", 400),
    ("a status of two digits", options(start="SIP/2.0 99 no"), "start line", 400),
    ("empty Via parameters", options(via="Via: SIP/2.0/UDP 192.0.2.15;;,;,,"), "Via", 400),
    ("an empty Via", options(via="Via:"), "Via", 400),
    ("no Via", options(via=""), "Via", 400),
    ("no From", options(from_=""), "From", 400),
    ("no To", options(to=""), "To", 400),
    ("no Call-ID", options(call_id=""), "Call-ID", 400),
    ("an empty Call-ID", options(call_id="Call-ID:"), "Call-ID", 400),
    ("space in the Call-ID", options(call_id="Call-ID: a b"), "Call-ID", 400),
    ("no CSeq", options(cseq=""), "CSeq", 400),
    ("two From", options("From: <sip:x@y>;tag=2"), "From", 400),
    ("two To, one compact", options("t: <sip:x@y>"), "To", 400),
    ("two CSeq", options("CSeq: 2 OPTIONS"), "CSeq", 400),
    ("two Call-ID", options("i: 2"), "Call-ID", 400),
    ("two Max-Forwards", options("Max-Forwards: 5"), "Max-Forwards", 400),
    ("two values in one From", options(from_="From: <sip:a@b>;tag=1, <sip:c@d>;tag=2"), "From", 400),
    ("an open quote", options(to='To: "Mr. J. User <sip:j.user@example.com>'), "To", 400),
    ("a comma in a name without quotes", options(from_="From: Bell, Alexander <sip:a@b>;tag=43"), "From", 400),
    ("space in the brackets", options(to='To: "Watson" < sip:t.watson@example.org >'), "To", 400),
    ("another method in the CSeq", options(cseq="CSeq: 1 INVITE"), "CSeq", 400),
    ("a CSeq beyond 2^31", options(cseq="CSeq: 36893488147419103232 OPTIONS"), "CSeq", 400),
    ("a Max-Forwards of 256", options(max_forwards="Max-Forwards: 256"), "Max-Forwards", 400),
    ("a Max-Forwards that is none", options(max_forwards="Max-Forwards: -1"), "Max-Forwards", 400),
    ("a negative length", options(length="Content-Length: -999"), "Content-Length", 400),
    ("a length that is none", options(length="Content-Length: ten"), "Content-Length", 400),
    ("a length of other digits", options(length="Content-Length: ٣"), "Content-Length", 400),
    ("an empty length", options(length="Content-Length:"), "Content-Length", 400),
    ("a length with a sign", options(length="Content-Length: +0"), "Content-Length", 400),
    ("a length beyond the message", options(length="Content-Length: 9999", body=SDP), "Content-Length", 400),
    ("a length beyond all bounds", options(length="Content-Length: " + "9" * 5000), "Content-Length", 400),
    ("two lengths", options("l: 5", body=b"abcde"), "Content-Length", 400),
    ("two lengths in one line", options(length="Content-Length: 5, 5", body=b"abcde"), "Content-Length", 400),
    ("a line without colon", options("garbage"), "header line", 400),
    ("a line without name", options(": value"), "header line", 400),
    ("a name with a space", options("My Header: value"), "header line", 400),
    ("a lone LF", options("X: a\nEvil: b"), "header line", 400),
    ("a lone CR", options("X: a\rEvil: b"), "header line", 400),
    ("a lone LF in a usual header", options("Subject: a\nEvil: b"), "header line", 400),
    ("a lone CR in a usual header", options(to="To: <sip:a@b>\r;x=1"), "header line", 400),
    ("no empty line", options().removesuffix(b"\r\n"), "header", 400),
    ("nothing after the start line", b"OPTIONS sip:a@b SIP/2.0", "header", 400),
    ("too many lines", options(*["X: y"] * MAX_LINES), "header", 513),
    ("too long a head", options("X: " + "y" * MAX_HEAD), "header", 513),
    ("too long a message", options(body=b"x" * MAX_OCTETS), "message", 513),
    ("nothing", b"", "start line", 400),
    ("an RTP packet", bytes([0x80, 8]) + bytes(range(170)), "start line", 400),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "part", "status"), [pytest.param(*case[1:], id=case[0]) for case in BAD])
def test_what_is_not_is_refused_with_what_is_at_fault(octets: bytes, part: str, status: int) -> None:
    with pytest.raises(MalformedMessage) as refused:
        parse(octets)
    assert (refused.value.part, refused.value.status) == (part, status)


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(case[1], id=case[0])
        for case in BAD
        if not case[0].startswith(
            ("a status", "a lone CR in", "a lone LF in", "nothing", "no Via", "an RTP", "too long a message")
        )
    ],
)
def test_a_malformed_request_can_be_answered_and_the_answer_can_be_read(octets: bytes) -> None:
    """Every line of the answer is a header that it must have, whatever was sent: nothing is smuggled through us."""
    with pytest.raises(MalformedMessage) as refused:
        parse(octets)
    fault = refused.value
    assert fault.request is not None
    written = encode(reply_to(fault.request, fault.status, to_tag="t"))
    names = {line.partition(b":")[0].strip().lower() for line in written.partition(b"\r\n\r\n")[0].splitlines()[1:]}
    assert names <= {b"via", b"from", b"f", b"to", b"t", b"call-id", b"i", b"cseq", b"content-length"}
    assert b"via" in names
    assert written.startswith(f"SIP/2.0 {fault.status} ".encode())


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(options(start="SIP/2.0 200 OK", cseq="CSeq: x"), id="an answer"),
        pytest.param(options(start="ACK sip:a@b SIP/2.0", cseq="CSeq: x"), id="an ACK"),
        pytest.param(options(via=""), id="no Via at all"),
        pytest.param(options(start="SIP/2.0 1000 x"), id="an answer with a broken status"),
        pytest.param(b"\x00\x01\x02", id="noise"),
    ],
)
def test_nothing_is_said_to_what_must_not_be_answered(octets: bytes) -> None:
    with pytest.raises(MalformedMessage) as refused:
        parse(octets)
    assert refused.value.request is None


@pytest.mark.parametrize("octets", [b"", b"\r\n", b"\r\n\r\n", b"\0\0\0\0", b"\0"])
def test_a_datagram_that_keeps_a_binding_open_is_none(octets: bytes) -> None:
    assert is_keepalive(octets)
    assert not is_keepalive(options())


def test_a_broken_header_that_nobody_needs_is_a_fault_only_for_who_asks_for_it() -> None:
    message = parse(
        options("Contact: sip:user@example.com?Route=%3Csip:x%3E", "Route: <sip:", 'Authorization: Digest a="x')
    )
    for ask in (lambda: message.contacts, lambda: message.routes, lambda: message.authorizations):
        with pytest.raises(MalformedMessage):
            ask()


# ---- streams -----------------------------------------------------------------------------------------------

THREE = [options(body=b"abc"), options(call_id="Call-ID: 2"), options(call_id="Call-ID: 3", body=SDP)]


def ids(found: list[Message | MalformedMessage | Ping]) -> list[str]:
    return [
        "ping" if isinstance(item, Ping) else item.part if isinstance(item, MalformedMessage) else item.call_id
        for item in found
    ]


def test_three_requests_in_one_segment_are_three() -> None:
    parser = StreamParser()
    found = parser.feed(b"".join(THREE))
    assert ids(found) == ["1@192.0.2.1", "2", "3"]
    assert [message.body for message in found if isinstance(message, Request)] == [b"abc", b"", SDP]
    assert not parser.waiting


def test_one_request_in_many_segments_is_one() -> None:
    parser = StreamParser()
    for n in range(len(THREE[2]) - 1):
        assert parser.feed(THREE[2][n : n + 1]) == []
        assert parser.waiting
    assert ids(parser.feed(THREE[2][-1:])) == ["3"]
    assert not parser.waiting


@given(st.lists(st.integers(0, 3 * 400), max_size=12))
@example([1, 2, 3, 4, 5])
def test_it_does_not_matter_where_a_stream_is_cut(cuts: list[int]) -> None:
    stream = b"\r\n\r\n" + THREE[0] + b"\r\n\r\n" + THREE[1] + b"\r\n" + THREE[2]
    parser = StreamParser()
    found: list[Message | MalformedMessage | Ping] = []
    start = 0
    for cut in [*sorted(min(cut, len(stream)) for cut in cuts), len(stream)]:
        found += parser.feed(stream[start:cut])
        start = cut
    assert ids(found) == ["ping", "1@192.0.2.1", "ping", "2", "3"]


def test_a_segment_full_of_pings_is_one_question() -> None:
    """Thousands of answers to one segment would keep everybody else waiting."""
    parser = StreamParser()
    assert ids(parser.feed(b"\r\n\r\n" * 16_000 + THREE[0])) == ["ping", "1@192.0.2.1"]


def test_a_line_end_alone_is_nothing_begun() -> None:
    """The answer to a question of ours, or what a careless sender puts behind a message."""
    parser = StreamParser()
    parser.feed(b"\r\n")
    assert not parser.waiting
    assert ids(parser.feed(b"\rX")) == []
    assert parser.waiting


def test_the_other_side_may_ask_whether_we_are_there() -> None:
    """RFC 5626 §3.5.1: two empty lines ask, one is the answer and asks nothing."""
    parser = StreamParser()
    assert parser.feed(b"\r\n") == []
    assert parser.feed(b"\r\n") == [PING]
    assert ids(parser.feed(b"\r\n" + THREE[0])) == ["1@192.0.2.1"]


def test_a_message_at_fault_is_told_and_the_next_one_is_read() -> None:
    parser = StreamParser()
    found = parser.feed(
        options(cseq="CSeq: x", body=b"abc")
        + options("no colon here", body=b"abc")
        + options(start="OPTIONS x")
        + THREE[1]
    )
    assert ids(found) == ["CSeq", "header line", "start line", "2"]
    assert all(item.request is not None for item in found if isinstance(item, MalformedMessage))
    assert not parser.broken


@pytest.mark.parametrize(
    ("octets", "part"),
    [
        pytest.param(options(length="Content-Length: -999", body=SDP), "Content-Length", id="a negative length"),
        pytest.param(options("l: 5", body=b"abcde"), "Content-Length", id="two lengths"),
        pytest.param(options(length="Content-Length: x"), "Content-Length", id="no number"),
        pytest.param(options(length=""), "Content-Length", id="no length"),
        pytest.param(options(length="Content-Length: 100000000"), "Content-Length", id="a length beyond our room"),
        pytest.param(options("X: " + "y" * MAX_HEAD), "header", id="too long a head"),
        pytest.param(b"x" * (MAX_HEAD + 1), "header", id="a head without end"),
        pytest.param(options("X: a\nContent-Length: 9"), "header line", id="a lone LF"),
        pytest.param(options(start="OPTIONS sip:a@b SIP/2.0\nl: 9"), "start line", id="a lone LF in the start line"),
        pytest.param(b"GARBAGE\r\n\r\n", "start line", id="no SIP at all"),
        pytest.param(b"SIP/2.0 9999 x\r\nContent-Length: 0\r\n\r\n", "start line", id="an answer that cannot be read"),
    ],
)
def test_where_the_next_message_cannot_be_found_the_stream_is_broken(octets: bytes, part: str) -> None:
    parser = StreamParser()
    assert ids(parser.feed(octets + THREE[1])) == [part]
    assert parser.broken
    assert parser.feed(THREE[1]) == []


@pytest.mark.parametrize("octets", [pytest.param(case[1], id=case[0]) for case in [*GOOD, *BAD]])
def test_a_stream_and_a_datagram_are_read_alike(octets: bytes) -> None:
    """But for a length: a stream must have one, and waits for what is missing."""
    found = StreamParser().feed(octets)
    if not found:
        with pytest.raises(MalformedMessage):
            parse(octets)
        return
    first = found[0] if not isinstance(found[0], Ping) else found[1]
    if isinstance(first, MalformedMessage):
        if str(first) != "Content-Length cannot be read: 'a stream needs one'":
            with pytest.raises(MalformedMessage):
                parse(octets)
        return
    assert first == parse(octets)


def test_a_length_that_does_not_come_is_waited_for() -> None:
    """The time is its caller's to limit (RFC 4475 §3.1.2.2)."""
    parser = StreamParser()
    assert parser.feed(options(length="Content-Length: 9999", body=SDP)) == []
    assert parser.waiting
    assert not parser.broken


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_no_stream_does_more_than_break(segments: list[bytes]) -> None:
    parser = StreamParser()
    for segment in segments:
        parser.feed(segment)


# ---- whatever comes ----------------------------------------------------------------------------------------


@given(st.binary(max_size=400))
@example(b"\r\n\r\n")
@example(b"SIP/2.0 200\r\n\r\n")
@example(b"A b SIP/2.0\r\n \r\n\r\n")
def test_no_octets_do_more_than_be_refused(octets: bytes) -> None:
    with contextlib.suppress(MalformedMessage):
        parse(octets)


MUTATIONS = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 3), st.binary(min_size=1, max_size=4)), max_size=8)
ASKED = ("via", "vias", "from_", "to", "call_id", "cseq", "contacts", "contact_is_star", "routes", "record_routes",
         "asserted", "expires", "min_expires", "max_forwards", "content_type", "require", "supported", "allow",
         "authorizations", "challenges", "target")  # fmt: skip


@given(st.sampled_from([case[1] for case in GOOD]), MUTATIONS)
def test_a_message_with_some_octets_changed_is_read_or_refused(
    octets: bytes, mutations: list[tuple[int, int, bytes]]
) -> None:
    """What is read has what every message needs, and can be answered, written and read again."""
    changed = bytearray(octets)
    for anywhere, length, new in mutations:
        place = anywhere % (len(changed) + 1)
        changed[place : place + length] = new
    try:
        message = parse(bytes(changed))
    except MalformedMessage as fault:
        if fault.request is not None:
            encode(reply_to(fault.request, fault.status, to_tag="x"))
        return
    _ = message.via, message.from_, message.to, message.call_id, message.cseq
    for name in ASKED:
        with contextlib.suppress(MalformedMessage, AttributeError):
            getattr(message, name)
    again = parse(encode(message))
    assert (again.headers.get_all("Via"), again.body) == (message.headers.get_all("Via"), message.body)
    if isinstance(message, Request):
        reply = parse(encode(reply_to(message, 486, to_tag="x")))
        assert reply.headers.get_all("Via") == message.headers.get_all("Via")
        assert (reply.call_id, reply.cseq) == (message.call_id, message.cseq)


# ---- headers of a message ----------------------------------------------------------------------------------


def test_headers_keep_their_order_and_their_spelling() -> None:
    octets = options("X-One: 1", "x-two:2", "Contact: <sip:a@b>", "X-ONE: 3", length="")
    message = parse(octets)
    assert encode(message) == octets.removesuffix(b"\r\n") + b"Content-Length: 0\r\n\r\n"
    assert message.headers.get_all("x-one") == ["1", "3"]
    assert list(message.headers)[-2:] == [("Contact", "<sip:a@b>"), ("X-ONE", "3")]
    assert len(message.headers) == 10


def test_headers_are_set_added_and_removed() -> None:
    headers = Headers([("Via", "a"), ("X", "1"), ("x", "2"), ("To", "t")])
    headers.set("X", "3")
    assert list(headers) == [("Via", "a"), ("X", "3"), ("To", "t")]
    headers.set("Z", "4")
    headers.add("v", "b")
    headers.prepend("Via", "z")
    assert headers.get_all("Via") == ["z", "a", "b"]
    headers.remove("X")
    headers.remove("None-Such")
    assert list(headers) == [("Via", "z"), ("Via", "a"), ("To", "t"), ("Z", "4"), ("v", "b")]
    assert headers.get("X") is None
    assert (headers.has("t"), headers.has("X")) == (True, False)
    assert repr(headers) == "Headers(via, via, to, z, via)"


def test_what_was_read_is_read_anew_after_a_change() -> None:
    message = request()
    tags = [message.to.tag]
    message.headers.set("To", "<sip:a@b>;tag=new")
    assert [*tags, message.to.tag] == [None, "new"]
    message.headers.prepend("Via", "SIP/2.0/TCP x;branch=z9hG4bKx")
    assert message.via == Via.parse("SIP/2.0/TCP x;branch=z9hG4bKx")
    message.headers.remove("Via")
    with pytest.raises(MalformedMessage, match="Via"):
        _ = message.via
    assert str(message.target) == "sip:1001@callcenter.example"
    message.uri = "sip:x@y"
    assert str(message.target) == "sip:x@y"


def test_a_copy_is_changed_alone() -> None:
    message = request()
    copied = message.headers.copy()
    assert copied == message.headers
    copied.set("To", "<sip:x@y>")
    copied.add("X", "1")
    assert str(message.to.uri) == "sip:1001@callcenter.example"
    assert not message.headers.has("X")
    assert copied != message.headers


@pytest.mark.parametrize(
    ("name", "value"),
    [("X", "a\r\nEvil: b"), ("X", "a\n"), ("X", "a\rb"), ("X y", "a"), ("X:", "a"), ("", "a"), ("X\r\nY", "a")],
)
def test_a_text_of_ours_cannot_break_the_lines(name: str, value: str) -> None:
    for change in (Headers().add, Headers().set, Headers().prepend):
        with pytest.raises(LocalError, match="one line"):
            change(name, value)


def test_what_cannot_be_written_is_our_fault() -> None:
    with pytest.raises(LocalError, match="start line"):
        encode(Response(200, "OK\r\nX: y", request().headers))
    with pytest.raises(LocalError, match="half a character"):
        encode(Response(200, "\ud800", request().headers))


def test_the_length_is_that_of_the_body_whatever_the_header_said() -> None:
    message = request(body=SDP)
    message.headers.prepend("l", "7")
    message.headers.add("Content-Length", "8")
    assert parse(encode(message)).body == SDP
    assert encode(message).count(b"ontent-Length") == 1


# ---- answers -----------------------------------------------------------------------------------------------


def test_an_answer_repeats_what_it_must() -> None:
    """RFC 3261 §8.2.6.2: all Vias in their order, From, To with our tag, Call-ID, CSeq."""
    asked = parse(options("Via: SIP/2.0/UDP b;branch=z9hG4bK2, SIP/2.0/UDP c;branch=z9hG4bK3", "Timestamp: 54", "X: y"))
    assert isinstance(asked, Request)
    reply = reply_to(asked, 486, to_tag="mine")
    assert (reply.status, reply.reason, reply.vias) == (486, "Busy Here", asked.vias)
    assert (reply.from_, reply.to.tag, reply.call_id, reply.cseq) == (asked.from_, "mine", asked.call_id, asked.cseq)
    assert not reply.headers.has("Timestamp")
    assert not reply.headers.has("X")
    assert asked.to.tag is None


def test_a_trying_has_the_timestamp_and_no_tag() -> None:
    asked = parse(options("Timestamp: 54"))
    assert isinstance(asked, Request)
    trying = reply_to(asked, 100, to_tag="mine")
    assert (trying.to.tag, trying.headers.get("Timestamp")) == (None, "54")


def test_a_tag_that_is_there_is_kept() -> None:
    assert reply_to(request(to_tag="theirs"), 200, to_tag="mine").to.tag == "theirs"


def test_a_reason_of_ours_is_said_and_an_unknown_status_has_none() -> None:
    assert reply_to(request(), 486, "Talking").reason == "Talking"
    assert encode(answer(request(), 299)).startswith(b"SIP/2.0 299 \r\n")


def test_where_a_request_came_from_is_written_into_its_first_via() -> None:
    asked = parse(options(via="Via: SIP/2.0/UDP 10.0.0.1;rport;branch=z9hG4bK1, SIP/2.0/UDP b;branch=z9hG4bK2"))
    assert isinstance(asked, Request)
    asked.stamp_source("192.0.2.9", 1024)
    assert asked.headers.get_all("Via") == [
        "SIP/2.0/UDP 10.0.0.1;rport=1024;branch=z9hG4bK1;received=192.0.2.9, SIP/2.0/UDP b;branch=z9hG4bK2"
    ]
    assert asked.via.answer_address == ("192.0.2.9", 1024)
    plain = request(sent_by="192.0.2.1:5060")
    written = encode(plain)
    plain.stamp_source("192.0.2.1", 5060)
    assert encode(plain) == written
