"""Header values: what real phones send is read, what could be read in two ways is refused, and all is written back."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callcenterd.sip import headers
from callcenterd.sip.headers import (
    MAX_SECONDS,
    MAX_VALUES,
    Challenge,
    Credentials,
    CSeq,
    NameAddr,
    Via,
    auth_params,
    parse_params,
    readable,
    seconds,
    split,
)
from callcenterd.sip.syntax import MalformedMessage, Params
from tests.sip.test_uri import HOSTS, URIS

TOKENS = st.text("abcXYZ019.!%*_+`'~-", min_size=1, max_size=8)
PARAMS = st.lists(st.tuples(TOKENS, st.none() | TOKENS), max_size=4).map(Params)

# ---- Via ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "transport", "host", "port", "branch"),
    [
        ("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1", "UDP", "192.0.2.1", 5060, "z9hG4bK1"),
        ("SIP/2.0/tcp host.example.com", "TCP", "host.example.com", None, ""),
        (
            "  SIP  / 2.0  / TCP     spindle.example.com   ; branch  =   z9hG4bK9  ",
            "TCP",
            "spindle.example.com",
            None,
            "z9hG4bK9",
        ),
        (
            "SIP/2.0/UDP [2001:db8::9:1]:5070;received=[2001:db8::9:255];branch=z9hG4bKas3",
            "UDP",
            "2001:db8::9:1",
            5070,
            "z9hG4bKas3",
        ),
        (
            "SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3",
            "UDP",
            "2001:db8::9:1",
            None,
            "z9hG4bKas3",
        ),
        (
            "SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bK.!%66*_+`'~-",
            "UNKNOWN",
            "t4.example.com",
            None,
            "z9hG4bK.!%66*_+`'~-",
        ),
        ("SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw", "UDP", "c.example.com", None, "z9hG4bKkdjuw"),
        ("SIP/2.0/UDP h;branch=z9hG4bKYWJj==;x", "UDP", "h", None, "z9hG4bKYWJj=="),
        ("SIP/2.0/UDP h:5060 ;BRANCH=z9hG4bKx;rport", "UDP", "h", 5060, "z9hG4bKx"),
        ('SIP/2.0/UDP h : 5060;x="a;b,c\\"d";branch=z9hG4bKx', "UDP", "h", 5060, "z9hG4bKx"),
    ],
)
def test_a_via_is_read(text: str, transport: str, host: str, port: int | None, branch: str) -> None:
    via = Via.parse(text)
    assert (via.transport, via.host, via.port, via.branch) == (transport, host, port, branch)
    assert via.reliable == (transport != "UDP")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP ",
        "UDP 192.0.2.1",
        "SIP/2.0/UDP192.0.2.1",
        "SIP/2.0/UDP 192.0.2.15;;,;,,",
        "SIP/2.0/UDP 192.0.2.1:99999",
        "SIP/2.0/UDP 192.0.2.1:0",
        "SIP/2.0/UDP 2001:db8::1;branch=z9hG4bK1",
        "SIP/2.0/UDP 192.0.2.1;branch=",
        "SIP/2.0/UDP 192.0.2.1;branch=a b",
        "SIP/2.0/UDP 192.0.2.1 x",
        "HTTP/1.1/UDP 192.0.2.1",
        'SIP/2.0/UDP 192.0.2.1;x="open',
        "SIP/2.0/UDP 192.0.2.1, SIP/2.0/UDP 192.0.2.2",
    ],
)
def test_a_broken_via_is_refused(text: str) -> None:
    with pytest.raises(MalformedMessage, match="Via"):
        Via.parse(text)


def test_a_request_through_a_nat_is_answered_where_it_came_from() -> None:
    """RFC 3581 §4: rport without a value asks for it, received goes with it."""
    seen = Via.parse("SIP/2.0/UDP 10.1.1.1:4540;rport;branch=z9hG4bKkjsh77").seen_from("192.0.2.1", 9988)
    assert str(seen) == "SIP/2.0/UDP 10.1.1.1:4540;rport=9988;branch=z9hG4bKkjsh77;received=192.0.2.1"
    assert seen.answer_address == ("192.0.2.1", 9988)
    direct = Via.parse("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport").seen_from("192.0.2.1", 5060)
    assert str(direct) == "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport=5060;received=192.0.2.1"


def test_without_rport_the_answer_goes_to_the_port_that_the_via_says() -> None:
    """RFC 3261 §18.2.1, §18.2.2."""
    seen = Via.parse("SIP/2.0/UDP bob.example.com;branch=z9hG4bK1").seen_from("192.0.2.4", 9988)
    assert str(seen) == "SIP/2.0/UDP bob.example.com;branch=z9hG4bK1;received=192.0.2.4"
    assert seen.answer_address == ("192.0.2.4", 5060)
    same = Via.parse("SIP/2.0/UDP 192.0.2.4:5080;branch=z9hG4bK1")
    assert same.seen_from("192.0.2.4", 9988) is same
    assert same.answer_address == ("192.0.2.4", 5080)


def test_what_a_stranger_says_of_its_own_address_is_overwritten() -> None:
    via = Via.parse("SIP/2.0/UDP a;received=203.0.113.9;rport=1;branch=z9hG4bK1;maddr=203.0.113.8")
    assert via.seen_from("192.0.2.4", 9988).answer_address == ("192.0.2.4", 9988)


@pytest.mark.parametrize("rport", ["x", "123456", "٣"])
def test_an_rport_that_is_no_port_is_not_followed(rport: str) -> None:
    assert Via("UDP", "192.0.2.4", None, Params((("rport", rport),))).answer_address == ("192.0.2.4", 5060)


VIAS = st.builds(Via, st.sampled_from(["UDP", "TCP", "TLS", "WSS"]), HOSTS, st.none() | st.integers(1, 65535), PARAMS)


@given(VIAS)
def test_a_via_that_is_written_reads_back_the_same(via: Via) -> None:
    assert Via.parse(str(via)) == via


# ---- addresses ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "display", "uri", "params"),
    [
        ("<sip:a@b>;tag=x", "", "sip:a@b", ";tag=x"),
        ("sip:a@b;tag=x", "", "sip:a@b", ";tag=x"),
        ("sip:a@b", "", "sip:a@b", ""),
        ("Alice <sip:a@b>", "Alice", "sip:a@b", ""),
        ("caller<sip:caller@example.com>;tag=323", "caller", "sip:caller@example.com", ";tag=323"),
        (
            '"J Rosenberg \\\\\\"" <sip:j@example.com> ; tag = 98asjd8',
            'J Rosenberg \\"',
            "sip:j@example.com",
            ";tag=98asjd8",
        ),
        (
            '"Quoted string \\"\\"" <sip:a@b> ; newparam = newvalue ; secondparam ; q = 0.33',
            'Quoted string ""',
            "sip:a@b",
            ";newparam=newvalue;secondparam;q=0.33",
        ),
        ('"张三, 销售部" <sip:1001@b>', "张三, 销售部", "sip:1001@b", ""),
        ("张三 <sip:1001@b>", "张三", "sip:1001@b", ""),
        ('"" <sip:a@b>', "", "sip:a@b", ""),
        ('"<sip:evil@x>" <sip:a@b>', "<sip:evil@x>", "sip:a@b", ""),
        (
            'token1~` token2\'+_ token3*%!.- <sip:a@b>;x="\u0440\u0430"',
            "token1~` token2'+_ token3*%!.-",
            "sip:a@b",
            ';x="\u0440\u0430"',
        ),
        # A quoted instance id with a colon and <> (RFC 5626 §4.1) is one value.
        (
            '<sip:1001@192.0.2.7:5062;ob>;reg-id=1;+sip.instance="<urn:uuid:0c67446e-f1a1-11d9-000a95a0e128>"',
            "",
            "sip:1001@192.0.2.7:5062;ob",
            ';reg-id=1;+sip.instance="<urn:uuid:0c67446e-f1a1-11d9-000a95a0e128>"',
        ),
        # A Refer-To with a header: everything in the brackets is the URI (RFC 3891 §2).
        (
            "<sip:b@c?Replaces=1%40a%3Bto-tag%3Dx%3Bfrom-tag%3Dy>",
            "",
            "sip:b@c?Replaces=1%40a%3Bto-tag%3Dx%3Bfrom-tag%3Dy",
            "",
        ),
        ("<sip:a@b;unknownparam>", "", "sip:a@b;unknownparam", ""),
        ("<sip:a@b>;unknownparam", "", "sip:a@b", ";unknownparam"),
        ("<tel:+8620-8888>;tag=1", "", "tel:+8620-8888", ";tag=1"),
        ("<isbn:2983792873>", "", "isbn:2983792873", ""),
        ("\t <sip:a@b>", "", "sip:a@b", ""),
    ],
)
def test_an_address_is_read(text: str, display: str, uri: str, params: str) -> None:
    address = NameAddr.parse(text)
    assert (address.display, str(address.uri), str(address.params)) == (display, uri, params)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "Alice",
        '"Mr. J. User <sip:j.user@example.com>',
        '"Watson" < sip:t.watson@example.org >',
        "Bell, Alexander <sip:a.g.bell@example.com>;tag=43",
        "<sip:a@b",
        "sip:a@b>",
        "<>",
        "<sip:a@b>>",
        "<sip:a@b> x",
        "<sip:a@b>;;;;",
        "<sip:a@b>;tag",
        "sip:user@example.com?Route=%3Csip:sip.example.com%3E",
        "sip:a,b@c",
        "<sip:a@b>, <sip:c@d>",
        'Al"ice <sip:a@b>',
        "Al\x07ice <sip:a@b>",
        "<sip:a@b\r\n>",
    ],
)
def test_a_broken_address_is_refused_and_named(text: str) -> None:
    if text == "<sip:a@b>;tag":
        assert NameAddr.parse(text, "To").tag is None  # a tag without a value is no tag; nothing to refuse
        return
    with pytest.raises(MalformedMessage, match="To cannot be read"):
        NameAddr.parse(text, "To")


def test_a_name_in_quotes_keeps_odd_octets() -> None:
    """RFC 4475 §3.1.1.2: BEL, NUL and DEL after a backslash in the name; what is written has them again."""
    text = '"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:a@b>'
    address = NameAddr.parse(text)
    assert address.display == "BEL:\x07 NUL:\x00 DEL:\x7f"
    assert NameAddr.parse(str(address)) == address
    assert readable(address.display) == "BEL: NUL: DEL:"


def test_a_tag_is_set_and_found() -> None:
    address = NameAddr.parse("<sip:a@b>;x=1")
    assert address.tag is None
    assert str(address.with_tag("t1")) == "<sip:a@b>;x=1;tag=t1"
    assert address.with_tag("t1").with_tag("t2").tag == "t2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<sip:a@b>", None),
        ("<sip:a@b>;expires=60", 60),
        ("<sip:a@b>;Expires=0", 0),
        ("<sip:a@b>;expires=280297596632815", MAX_SECONDS),
        ("<sip:a@b>;expires=" + "9" * 5000, MAX_SECONDS),
        ("<sip:a@b>;expires=-1", None),
        ("<sip:a@b>;expires=soon", None),
        ("<sip:a@b>;expires", None),
    ],
)
def test_how_long_a_contact_is_to_last(text: str, expected: int | None) -> None:
    assert NameAddr.parse(text).expires == expected


ADDRESSES = st.builds(NameAddr, st.text(max_size=12).map(str.strip), URIS, PARAMS)


@given(ADDRESSES)
@example(NameAddr.parse('"\\\\" <sip:a@b>'))
def test_an_address_that_is_written_reads_back_the_same(address: NameAddr) -> None:
    assert NameAddr.parse(str(address)) == address


# ---- comma lists -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a", ["a"]),
        ("a, b,c ", ["a", "b", "c"]),
        ("a,, ,b,", ["a", "b"]),
        ("", []),
        (",", []),
        (
            '"Bell, A" <sip:a@b>, <sip:c,d@e>;x="1,2" ,sip:f@g',
            ['"Bell, A" <sip:a@b>', '<sip:c,d@e>;x="1,2"', "sip:f@g"],
        ),
        ('"a\\",b" <sip:x>,<sip:y>', ['"a\\",b" <sip:x>', "<sip:y>"]),
        ('"<" <sip:x>, ">" <sip:y>', ['"<" <sip:x>', '">" <sip:y>']),
    ],
)
def test_a_comma_list_is_cut_outside_quotes_and_brackets(text: str, values: list[str]) -> None:
    assert split(text, "Contact") == values


@pytest.mark.parametrize("text", ['"a, b', "<a, b", 'a, "b\\"', "<sip:a>, <sip:b"])
def test_an_open_quote_or_bracket_in_a_comma_list_is_refused(text: str) -> None:
    with pytest.raises(MalformedMessage, match="Contact"):
        split(text, "Contact")


def test_a_comma_list_is_bounded() -> None:
    assert len(split(",".join("a" * MAX_VALUES), "Via")) == MAX_VALUES
    with pytest.raises(MalformedMessage):
        split(",".join("a" * (MAX_VALUES + 1)), "Via")


def test_the_parameters_of_one_value_are_bounded() -> None:
    assert len(NameAddr.parse("<sip:a@b>" + ";x" * MAX_VALUES).params) == MAX_VALUES
    with pytest.raises(MalformedMessage):
        NameAddr.parse("<sip:a@b>" + ";x" * (MAX_VALUES + 1))


@given(st.lists(ADDRESSES, max_size=5))
def test_a_comma_list_that_is_written_is_cut_where_it_was_joined(addresses: list[NameAddr]) -> None:
    cut = split(", ".join(map(str, addresses)), "Contact")
    assert [NameAddr.parse(value) for value in cut if value] == addresses


# ---- CSeq and numbers --------------------------------------------------------------------------------------


def test_a_cseq_is_read_and_written() -> None:
    assert CSeq.parse(" 0009   INVITE ") == CSeq(9, "INVITE")
    assert CSeq.parse("2147483647 RE%47IST%45R") == CSeq(2147483647, "RE%47IST%45R")
    assert str(CSeq(9, "INVITE")) == "9 INVITE"


@pytest.mark.parametrize(
    "text",
    ["", "INVITE", "9", "9INVITE", "-1 INVITE", "2147483648 INVITE", "36893488147419103232 REGISTER", "1 A B", "٣ BYE"],
)
def test_a_broken_cseq_is_refused(text: str) -> None:
    with pytest.raises(MalformedMessage, match="CSeq"):
        CSeq.parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [(None, None), ("0", 0), ("0060", 60), ("4294967295", MAX_SECONDS), ("1" + "0" * 100, MAX_SECONDS), ("-1", None),
     ("1.5", None), ("", None), ("²", None), ("٣", None)],
)  # fmt: skip
def test_seconds_are_bounded_and_nothing_else_is_a_number(text: str | None, expected: int | None) -> None:
    assert seconds(text) == expected


# ---- digest ------------------------------------------------------------------------------------------------

CHALLENGE = 'Digest realm="callcenter.local", nonce="abc,def==", algorithm=SHA-256, qop="auth,auth-int", stale=TRUE'
PROOF = (
    'Digest username="1001",realm="callcenter.local" , nonce="abc", uri="sip:callcenter.local;a=b", response="6629fae4"'
)


def test_a_challenge_is_read_and_written_back() -> None:
    challenge = Challenge.parse(CHALLENGE)
    assert challenge.scheme == "Digest"
    assert challenge.get("realm") == "callcenter.local"
    assert challenge.get("nonce") == "abc,def=="
    assert challenge.get("qop") == "auth,auth-int"
    assert challenge.get("opaque") is None
    assert str(challenge) == CHALLENGE


def test_a_proof_is_read_and_never_shown() -> None:
    proof = Credentials.parse(PROOF)
    assert (proof.get("username"), proof.get("response")) == ("1001", "6629fae4")
    assert proof.get("uri") == "sip:callcenter.local;a=b"
    assert "6629fae4" not in repr(proof)
    assert "6629fae4" in str(proof)


def test_a_proof_that_cannot_be_read_is_not_shown_either() -> None:
    with pytest.raises(MalformedMessage) as refused:
        Credentials.parse('Digest username="1001", response="6629fae4')
    assert str(refused.value) == "Authorization cannot be read"


def test_an_unknown_scheme_is_read() -> None:
    assert Credentials.parse('NoOneKnowsThisScheme opaque-data="here"').scheme == "NoOneKnowsThisScheme"


def test_parameters_of_ours_are_quoted_but_for_those_that_must_not_be() -> None:
    written = str(Challenge("Digest", auth_params([("realm", 'a"b'), ("algorithm", "MD5")], bare=["algorithm"])))
    assert written == 'Digest realm="a\\"b", algorithm=MD5'
    assert Challenge.parse(written).get("realm") == 'a"b'


@pytest.mark.parametrize("text", ["", "Digest", "Digest x", 'Digest a="b" c="d"', "Digest =b", 'Digest a="b",,c=d'])
def test_a_broken_challenge_is_refused(text: str) -> None:
    with pytest.raises(MalformedMessage, match="challenge"):
        Challenge.parse(text)


# ---- whatever comes ----------------------------------------------------------------------------------------

READERS: list[Callable[[str], object]] = [
    Via.parse,
    NameAddr.parse,
    CSeq.parse,
    Challenge.parse,
    Credentials.parse,
    lambda text: split(text, "x"),
    lambda text: parse_params(text, "x"),
]
ODD = st.text('SIP/2.0 UDP;=,:"\\<>@[]%a1\t\r\n\0ü\udc80', max_size=80) | st.text(max_size=200)


@given(st.sampled_from(READERS), ODD)
def test_no_text_does_more_than_be_refused(reader: Callable[[str], object], text: str) -> None:
    with contextlib.suppress(MalformedMessage):
        reader(text)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "unit",
    [
        '"',
        '"\\',
        "\\",
        "<",
        ";",
        ";a",
        ";a=",
        ';a="',
        ";a=b ",
        ",",
        "a ",
        " ",
        "\t\r\n",
        "a=b,",
        '"a" ',
        "SIP/2.0/UDP ",
    ],
)
def test_no_long_text_takes_long(reader: Callable[[str], object], unit: str) -> None:
    """A reader that goes back over what it has seen would need minutes for one of these. CPU of this process."""
    for head in ("", "<sip:a@b>", "SIP/2.0/UDP h", "Digest ", '"', "1 "):
        text = (head + unit * 60000)[:60000]
        started = time.process_time()
        with contextlib.suppress(MalformedMessage):
            reader(text)
        assert time.process_time() - started < 1.0


@given(st.text(max_size=300), st.integers(1, 120))
def test_what_is_shown_of_a_stranger_can_be_shown(text: str, room: int) -> None:
    shown = readable(text, room)
    assert len(shown) <= room
    assert shown.isprintable()
    assert shown.encode().decode() == shown


def test_what_is_shown_has_no_broken_octets() -> None:
    assert readable("a\udcffb\x00\u202e张 ") == "a\ufffdb张"


def test_addresses_that_came_before_are_read_the_same() -> None:
    """The reader keeps some; a kept one is no other."""
    for n in range(5000):
        headers.NameAddr.parse(f"<sip:{n}@b>", "From")
    assert str(NameAddr.parse("<sip:7@b>", "To").uri) == "sip:7@b"
    with pytest.raises(MalformedMessage, match="To"):
        NameAddr.parse("<sip:", "To")
