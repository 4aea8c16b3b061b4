"""Addresses: read and written back as they came, compared as RFC 3261 §19.1.4 says, and never a crash."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callcenterd.sip import uri as uris
from callcenterd.sip.syntax import MalformedMessage, Params
from callcenterd.sip.uri import OtherUri, SipUri, TelUri, escaped, unescaped


@pytest.mark.parametrize(
    ("text", "user", "host", "port"),
    [
        ("sip:1001@callcenter.local", "1001", "callcenter.local", None),
        ("sip:192.0.2.1", None, "192.0.2.1", None),
        ("SIP:192.0.2.1:5080", None, "192.0.2.1", 5080),
        ("sips:alice@example.com:5061;transport=tcp", "alice", "example.com", 5061),
        ("sip:[2001:db8::10]", None, "2001:db8::10", None),
        ("sip:user@[2001:db8::10]:5070", "user", "2001:db8::10", 5070),
        # The port may be meant, but the brackets say that it is part of the address (RFC 5118 §4.4).
        ("sip:[2001:db8::10:5070]", None, "2001:db8::10:5070", None),
        # The three colons of a fault in RFC 3261's grammar (RFC 5118 §4.10).
        ("sip:user@[2001:db8:::192.0.2.1]", "user", "2001:db8:::192.0.2.1", None),
        ("sip:alice:secret@example.com", "alice", "example.com", None),
        ("sip:%61lice@example.com", "alice", "example.com", None),
        # What is escaped is a character of the user, not a new address (RFC 4475 §3.1.1.3).
        ("sip:sips%3Auser%40example.com@example.net", "sips:user@example.com", "example.net", None),
        ("sip:user;par=u%40example.net@example.com", "user;par=u@example.net", "example.com", None),
        ("sip:null-%00-null@example.com", "null-\0-null", "example.com", None),
        ("sip:%E5%BC%A0@example.com", "张", "example.com", None),
        ("sip:%FF@example.com", "%FF", "example.com", None),  # no UTF-8: stays as it is
        ("sip:50%@example.com", "50%", "example.com", None),
        ("sip:*97#@example.com", "*97#", "example.com", None),  # "#" should be escaped, phones send it all the same
        ("sip:a/b?c&d=e+$,f@example.com", "a/b?c&d=e+$,f", "example.com", None),
        ("sip:@192.0.2.1", "", "192.0.2.1", None),  # a caller that its gateway does not know
        ("sip:gw_1@my_host.local", "gw_1", "my_host.local", None),
    ],
)
def test_a_sip_address_is_read_and_written_back_as_it_came(
    text: str, user: str | None, host: str, port: int | None
) -> None:
    uri = uris.parse(text)
    assert isinstance(uri, SipUri)
    assert (uri.user, uri.host, uri.port) == (user, host, port)
    scheme, colon, rest = text.partition(":")
    assert str(uri) == scheme.lower() + colon + rest


def test_parameters_and_headers_are_kept_in_their_order() -> None:
    uri = uris.parse(
        "sip:+13035550100;phone-context=x@gw.example;user=phone;lr;Transport=UDP;x=%25?Subject=a&Route=%3Cb%3E"
    )
    assert isinstance(uri, SipUri)
    assert uri.user == "+13035550100;phone-context=x"
    assert uri.params == (("user", "phone"), ("lr", None), ("Transport", "UDP"), ("x", "%25"))
    assert uri.transport == "udp"
    assert uri.headers == "Subject=a&Route=%3Cb%3E"


def test_a_password_is_read_and_has_no_part_in_the_user() -> None:
    uri = uris.parse("sip:alice:se%20cret@example.com")
    assert isinstance(uri, SipUri)
    assert (uri.user, uri.password) == ("alice", "se cret")
    assert SipUri.of("alice", "example.com").password is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1001",
        ":1001@example.com",
        "sip:",
        "sip:user@",
        "sip:user@example.com:",
        "sip:user@example.com:0",
        "sip:user@example.com:65536",
        "sip:user@example.com:5060x",
        "sip:user@example.com:-5060",
        "sip:user@exa mple.com",
        "sip:us er@example.com",
        " sip:user@example.com",
        "sip:user@example.com; lr",
        "sip:user@example.com;;lr",
        "sip:user@example.com;=x",
        "\u017fip:user@example.com",  # a long s is no s
        "sip:user@\u212aelvin.com",
        "sip:2001:db8::10",
        "sip:[2001:db8::10",
        "sip:[::1]x",
        "sip:a@b@c",
        "<sip:user@example.com>",
        'sip:"x"@example.com',
        "sip:user@example.com\r\nVia: x",
        "sip:user\0@example.com",
        "sip:user@example.com\x7f",
        "tel:",
        "tel:xyz",
        "tel:+",
        "tel:()-.",
        "tel:+1 303",
        "1st:scheme",
        "isbn:",
        "isbn:a b",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(MalformedMessage):
        uris.parse(text)


def test_the_refusal_names_where_the_address_stood() -> None:
    with pytest.raises(MalformedMessage, match="Request-URI cannot be read: 'sip:'") as refused:
        uris.parse("sip:", "Request-URI")
    assert (refused.value.part, refused.value.status, refused.value.request) == ("Request-URI", 400, None)


def test_a_telephone_number_is_read_with_and_without_its_separators() -> None:
    uri = uris.parse("tel:+86-20-(8888)6666;ext=12;isub=a")
    assert isinstance(uri, TelUri)
    assert (uri.number, uri.digits, uri.user) == ("+86-20-(8888)6666", "+862088886666", "+862088886666")
    assert uri.params.get("ext") == "12"
    assert str(uri) == "tel:+86-20-(8888)6666;ext=12;isub=a"
    assert uri.same_as(TelUri("+862088886666", Params((("ISUB", "A"), ("ext", "12")))))
    assert not uri.same_as(TelUri("+862088886666"))
    assert not uri.same_as(SipUri.of("+862088886666", "example.com"))


def test_a_scheme_that_we_do_not_speak_is_kept() -> None:
    uri = uris.parse("ISBN:2983792873")
    assert uri == OtherUri("isbn", "2983792873")
    assert (str(uri), uri.user) == ("isbn:2983792873", None)
    assert uri.same_as(OtherUri("isbn", "2983792873"))
    assert not uri.same_as(OtherUri("isbn", "1"))


def test_an_address_of_ours_is_escaped() -> None:
    uri = SipUri.of("张 三@x:y%", "::1", 5070, params=[("user", "phone")], scheme="sips")
    assert str(uri) == "sips:%E5%BC%A0%20%E4%B8%89%40x%3Ay%25@[::1]:5070;user=phone"
    assert uris.parse(str(uri)).user == "张 三@x:y%"
    assert str(SipUri.of(None, "example.com")) == "sip:example.com"


# RFC 3261 §19.1.4 has most of these.
SAME = [
    ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
    ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
    (
        "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
        "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
    ),
    (
        "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
    ),
    ("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0:0::1]"),
    ("sip:a@[2001:db8:::192.0.2.1]", "sip:a@[2001:DB8:::192.0.2.1]"),
    ("sip:a%3bb@c", "sip:a%3Bb@c"),
]
DIFFERENT = [
    ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
    ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
    ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
    ("sip:bob@biloxi.com", "sips:bob@biloxi.com"),
    ("sip:bob@biloxi.com", "sip:biloxi.com"),
    ("sip:bob:x@biloxi.com", "sip:bob@biloxi.com"),
    ("sip:a@b;user=phone", "sip:a@b"),
    ("sip:a@b;maddr=c", "sip:a@b"),
    ("sip:a%3Bb@c", "sip:a;b@c"),
    ("sip:%00@host", "sip:%00%00@host"),
    ("sip:+8620@c", "tel:+8620"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_that_are_the_same(one: str, other: str) -> None:
    assert uris.parse(one).same_as(uris.parse(other))
    assert uris.parse(other).same_as(uris.parse(one))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_two_that_are_different(one: str, other: str) -> None:
    assert not uris.parse(one).same_as(uris.parse(other))
    assert not uris.parse(other).same_as(uris.parse(one))


WORDS = st.text("abcXYZ019-_.!~*'()", min_size=1, max_size=8)
PARAMS = st.lists(st.tuples(WORDS, st.none() | WORDS), max_size=4).map(Params)
HOSTS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z]{2,4})?", fullmatch=True) | st.sampled_from(
    ["192.0.2.1", "::1", "2001:db8::192.0.2.1"]
)
URIS = st.builds(
    SipUri.of,
    st.none() | st.text(min_size=1, max_size=12),
    HOSTS,
    st.none() | st.integers(1, 65535),
    params=PARAMS,
    scheme=st.sampled_from(["sip", "sips"]),
)


@given(URIS)
def test_what_is_written_reads_back_the_same(uri: SipUri) -> None:
    again = uris.parse(str(uri))
    assert again == uri
    assert again.same_as(uri)


@given(st.text(max_size=20))
@example("%00%")
@example("%25FF")
def test_a_user_comes_out_of_its_escapes_as_it_went_in(user: str) -> None:
    assert unescaped(escaped(user)) == user
    assert escaped(user).isascii()


@given(st.text(max_size=200) | st.text('sip:tel@[];=?%01.<>" ', max_size=60).map(lambda text: "sip:" + text))
@example("sip:" + ";a" * 30000)
@example("sip:" + "a" * 30000 + "@")
@example("sip:" + "%" * 30000)
@example("tel:" + "-" * 30000)
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with contextlib.suppress(MalformedMessage):
        uri = uris.parse(text)
        assert uris.parse(str(uri)) == uri
        assert uri.same_as(uri)
        assert not uri.same_as(OtherUri("x", "y"))


# ---- parameters --------------------------------------------------------------------------------------------


def test_parameters_are_found_whatever_their_case_and_out_of_their_quotes() -> None:
    params = Params((("Tag", "x"), ("rport", None), ("q", '"a \\"b\\\\"'), ("tag", "y")))
    assert (params.get("tag"), params.get("rport"), params.get("q"), params.get("z")) == ("x", None, 'a "b\\', None)
    assert (params.has("TAG".lower()), params.has("rport"), params.has("z")) == (True, True, False)
    assert str(params) == ';Tag=x;rport;q="a \\"b\\\\";tag=y'


def test_a_parameter_is_set_where_it_stood_or_at_the_end() -> None:
    params = Params((("a", "1"), ("Rport", None), ("b", "2"), ("rport", "7")))
    assert str(params.with_("rport", "5060")) == ";a=1;Rport=5060;b=2"
    assert str(params.with_("c", None)) == ";a=1;Rport;b=2;rport=7;c"
    assert str(params.without("rport")) == ";a=1;b=2"
    assert str(params.without("z")) == str(params)
