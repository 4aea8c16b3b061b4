"""Session descriptions of real phones and of strangers (RFC 8866, RFC 3264)."""

from __future__ import annotations

import base64
import contextlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.media import sdes, sdp
from callcenterd.media.sdes import OurKeys
from callcenterd.media.sdp import Direction, MalformedSdp, NoCommonCodec, Terms
from callcenterd.model.site import Codec

BARESIP = b"""v=0\r
o=- 3412 7 IN IP4 127.0.0.11\r
s=-\r
c=IN IP4 127.0.0.11\r
t=0 0\r
a=tool:baresip 1.0.0\r
m=audio 18376 RTP/AVP 8 0 101\r
b=AS:125\r
a=rtpmap:8 PCMA/8000\r
a=rtpmap:0 PCMU/8000\r
a=rtpmap:101 telephone-event/8000\r
a=fmtp:101 0-15\r
a=sendrecv\r
a=label:1\r
a=rtcp-rsize\r
a=ssrc:1201 cname:sip:1001@127.0.0.1\r
a=ptime:20\r
"""
VIDEO_FIRST = b"""v=0
o=- 1 1 IN IP4 10.0.0.1
s=-
c=IN IP4 10.0.0.1
t=0 0
m=video 4000 RTP/AVP 96
a=rtpmap:96 H264/90000
a=mid:v
m=audio 5000 RTP/AVP 9 0 96
a=rtpmap:9 G722/8000
a=rtpmap:96 telephone-event/8000
a=mid:a
"""


def test_a_phone_that_offers_both_laws_gets_its_first() -> None:
    answer, agreed = sdp.answer(sdp.parse(BARESIP), "127.0.0.1", 20000, session_id=5)
    assert agreed.remote == ("127.0.0.11", 18376)
    assert (agreed.audio.codec, agreed.audio.payload_type, agreed.audio.event_payload_type) == ("PCMA", 8, 101)
    assert b"m=audio 20000 RTP/AVP 8 101\r\n" in answer
    assert sdp.parse(answer).audio is not None


def test_an_answer_has_the_sections_of_the_offer_and_refuses_what_it_does_not_speak() -> None:
    answer, agreed = sdp.answer(sdp.parse(VIDEO_FIRST), "127.0.0.1", 20000, session_id=5)
    kinds = [(medium.kind, medium.port, medium.mid) for medium in sdp.parse(answer).media]
    assert kinds == [("video", 0, "v"), ("audio", 20000, "a")]
    assert (agreed.audio.codec, agreed.audio.event_payload_type) == ("PCMU", 96)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("sendrecv", "sendrecv"), ("sendonly", "recvonly"), ("recvonly", "sendonly"), ("inactive", "inactive")],
)
def test_hold_is_mirrored(theirs: str, ours: Direction) -> None:
    body, agreed = sdp.answer(
        sdp.parse(BARESIP.replace(b"a=sendrecv", b"a=" + theirs.encode())), "127.0.0.1", 20000, session_id=5
    )
    assert agreed.direction == ours
    assert f"a={ours}\r\n".encode() in body


def test_the_old_way_to_hold_stops_our_sending() -> None:
    held = BARESIP.replace(b"c=IN IP4 127.0.0.11", b"c=IN IP4 0.0.0.0")
    assert sdp.choose(Terms(("PCMA",)), sdp.parse(held)).direction == "recvonly"


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ((b"v=0", b"v=1"), "version"),
        ((b"c=IN IP4 127.0.0.11", b"c=IN IP4 host.example"), "connection"),
        ((b"c=IN IP4 127.0.0.11", b"c=IN IP4"), "connection"),
        ((b"m=audio 18376", b"m=audio 99999"), "port"),
        ((b"m=audio 18376", b"m=audio x"), "port"),
        ((b"m=audio 18376 RTP/AVP 8 0 101", b"m=audio"), "media"),
        ((b"RTP/AVP 8 0 101", b"RTP/AVP 8 0 " + b"1 " * 70), "media"),
        ((b"RTP/AVP 8 0 101", b"RTP/AVP 8 200"), "format"),
        ((b"t=0 0", b"t0 0"), "line"),
        ((b"t=0 0", b"t=0 0\r\n" + b"a=x\r\n" * 600), "body"),
        ((b"t=0 0", b"t=0 0" + b"x" * 20000), "body"),
    ],
)
def test_what_cannot_be_read_is_refused_and_named(change: tuple[bytes, bytes], part: str) -> None:
    with pytest.raises(MalformedSdp) as refused:
        sdp.parse(BARESIP.replace(*change))
    assert refused.value.part == part


@pytest.mark.parametrize(
    "change",
    [
        pytest.param((b"RTP/AVP 8 0 101", b"RTP/AVP 18"), id="only G.729"),
        pytest.param((b"RTP/AVP", b"RTP/SAVP"), id="sealed only"),
        pytest.param((b"m=audio 18376", b"m=audio 0"), id="refused"),
        pytest.param((b"c=IN IP4 127.0.0.11", b"c=IN IP4 224.0.0.1"), id="a group"),
        pytest.param((b"c=IN IP4 127.0.0.11", b"c=IN IP4 255.255.255.255"), id="everybody"),
        pytest.param((b"c=IN IP4 127.0.0.11", b"c=IN IP6 ::1"), id="IPv6"),
    ],
)
def test_where_no_sound_can_go_there_is_nothing_in_common(change: tuple[bytes, bytes]) -> None:
    with pytest.raises(NoCommonCodec):
        sdp.answer(sdp.parse(BARESIP.replace(*change)), "127.0.0.1", 20000, session_id=5)


@given(st.binary(max_size=600))
def test_no_octets_do_more_than_be_refused(octets: bytes) -> None:
    with contextlib.suppress(MalformedSdp):
        sdp.parse(b"v=0\r\n" + octets)


@given(st.lists(st.sampled_from(BARESIP.split(b"\r\n")), max_size=30), st.binary(max_size=20))
def test_no_mixture_of_lines_does_more_than_be_refused(lines: list[bytes], noise: bytes) -> None:
    with contextlib.suppress(MalformedSdp, NoCommonCodec):
        sdp.answer(sdp.parse(b"v=0\r\n" + b"\r\n".join(lines) + noise), "127.0.0.1", 20000, session_id=5)


def test_our_offer_reads_back_and_can_be_answered_by_ourselves() -> None:
    offer = sdp.offer("192.0.2.1", 30000, Terms(("PCMU", "PCMA")), session_id=7)
    answer, theirs = sdp.answer(sdp.parse(offer), "192.0.2.2", 30002, session_id=8)
    ours = sdp.agree(Terms(("PCMU", "PCMA")), sdp.parse(answer))
    assert theirs.audio.codec == ours.audio.codec == "PCMU"
    assert (theirs.remote, ours.remote) == (("192.0.2.1", 30000), ("192.0.2.2", 30002))


# ---- codecs ------------------------------------------------------------------------------------------------------

ALL = Terms(("PCMA", "PCMU", "G722", "opus"), taken=("G729",))
PHONE = b"""v=0\r
o=- 1 1 IN IP4 192.0.2.9\r
s=-\r
c=IN IP4 192.0.2.9\r
t=0 0\r
m=audio 4000 RTP/AVP 96 9 0 8 18 13 101 97\r
a=rtpmap:96 OPUS/48000/2\r
a=rtpmap:97 telephone-event/48000\r
a=rtpmap:101 Telephone-Event/8000\r
"""


def _offering(formats: str) -> sdp.Description:
    return sdp.parse(PHONE.replace(b"96 9 0 8 18 13 101 97", formats.encode()))


@pytest.mark.parametrize(
    ("codecs", "offered", "taken", "number"),
    [
        pytest.param(
            ("PCMA", "PCMU", "G722", "opus"), "96 9 8 0 101", "PCMA", 8, id="what trunks speak before the rest"
        ),
        pytest.param(("PCMA", "PCMU", "G722", "opus"), "96 9 0 8 101", "PCMU", 0, id="of the two laws their first"),
        pytest.param(("G722", "PCMA", "PCMU"), "96 0 8 9", "G722", 9, id="our order, as it is set"),
        pytest.param(("PCMA", "PCMU", "G722", "opus"), "9 96", "G722", 9, id="no law"),
        pytest.param(("PCMA", "PCMU", "G722", "opus"), "96", "opus", 96, id="Opus alone, by their number"),
        pytest.param(("PCMU",), "96 9 8 0", "PCMU", 0, id="only what is set"),
        pytest.param(("PCMA", "G729"), "18 8", "PCMA", 8, id="G.729 is never sent"),
    ],
)
def test_of_their_codecs_the_best_by_our_setting_is_taken(
    codecs: tuple[Codec, ...], offered: str, taken: Codec, number: int
) -> None:
    agreed = sdp.choose(Terms(codecs), _offering(offered))
    assert (agreed.audio.codec, agreed.audio.payload_type) == (taken, number)


def test_an_answer_names_what_it_takes_by_the_numbers_of_the_offer() -> None:
    body, agreed = sdp.answer(sdp.parse(PHONE), "127.0.0.1", 20000, ALL, session_id=5)
    assert b"m=audio 20000 RTP/AVP 0 18 13 101\r\n" in body
    assert b"a=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\na=rtpmap:13 CN/8000\r\n" in body
    audio = agreed.audio
    assert (audio.also, audio.noise_payload_type, audio.event_payload_type) == ({18: "G729"}, 13, 101)


def test_keys_have_the_clock_of_the_sound() -> None:
    wide = Terms(("opus",))
    body, agreed = sdp.answer(sdp.parse(PHONE), "127.0.0.1", 20000, wide, session_id=5)
    assert b"m=audio 20000 RTP/AVP 96 97\r\na=" not in body
    assert b"a=rtpmap:96 opus/48000/2\r\na=fmtp:96 minptime=10;useinbandfec=1;stereo=0;" in body
    assert b"a=rtpmap:97 telephone-event/48000\r\n" in body
    assert (agreed.audio.event_payload_type, agreed.audio.event_rate) == (97, 48000)
    narrow = sdp.choose(wide, _offering("96 101")).audio
    assert (narrow.event_payload_type, narrow.event_rate, narrow.noise_payload_type) == (101, 8000, None)
    assert sdp.choose(ALL, _offering("8 97")).audio.event_payload_type is None


def test_our_offer_has_our_order_and_events_of_both_clocks() -> None:
    offer = sdp.offer("192.0.2.1", 30000, Terms(("PCMU", "opus", "G722", "G729")), session_id=7)
    assert b"m=audio 30000 RTP/AVP 0 111 9 18 101 110\r\n" in offer
    assert b"a=rtpmap:110 telephone-event/48000\r\n" in offer
    assert b"a=rtcp-mux" not in offer


def test_what_we_offered_and_they_took_may_all_come() -> None:
    """Their numbers say what they take; what they send may have ours (RFC 3264 §5.1)."""
    audio = sdp.agree(ALL, _offering("9 8 96 101")).audio
    assert (audio.codec, audio.also) == ("G722", {8: "PCMA", 96: "opus", 111: "opus"})


def test_g729_first_in_an_answer_is_heard_and_the_next_is_sent() -> None:
    audio = sdp.agree(Terms(("PCMA", "G729")), _offering("18 8")).audio
    assert (audio.codec, audio.also) == ("PCMA", {18: "G729"})


def test_g729_alone_is_refused_by_name() -> None:
    with pytest.raises(NoCommonCodec, match=r"G\.729 alone"):
        sdp.choose(ALL, _offering("18 13 101"))


@pytest.mark.parametrize(
    ("lines", "ptime"),
    [
        ("", 20), ("a=ptime:30", 30), ("a=ptime:25", 20), ("a=ptime:5", 10), ("a=ptime:120", 60), ("a=ptime:x", 20),
        ("a=ptime:40\r\na=maxptime:30", 30), ("a=maxptime:10", 10), ("a=maxptime:150", 20), ("a=PTIME:60", 60),
    ],
)  # fmt: skip
def test_packets_are_as_long_as_they_wish_in_whole_tens(lines: str, ptime: int) -> None:
    body, agreed = sdp.answer(
        sdp.parse(BARESIP.replace(b"a=ptime:20", lines.encode())), "127.0.0.1", 20000, session_id=5
    )
    assert agreed.audio.ptime == ptime
    assert f"a=ptime:{ptime}\r\n".encode() in body


def test_opus_has_no_packets_of_thirty_milliseconds() -> None:
    assert sdp.choose(Terms(("opus",)), sdp.parse(PHONE + b"a=ptime:30\r\n")).audio.ptime == 20


@pytest.mark.parametrize(
    ("lines", "reports", "shared"),
    [
        ("", ("192.0.2.9", 4001), False),
        ("a=rtcp:5003", ("192.0.2.9", 5003), False),
        ("a=rtcp:5003 IN IP4 192.0.2.77", ("192.0.2.77", 5003), False),
        ("a=rtcp:5003 IN IP4 224.0.0.1", None, False),
        ("a=rtcp:5003 IN IP6 ::1", ("192.0.2.9", 4001), False),
        ("a=rtcp:0", ("192.0.2.9", 4001), False),
        ("a=rtcp-mux", ("192.0.2.9", 4000), True),
        ("c=IN IP4 0.0.0.0", None, False),
    ],
)
def test_reports_go_where_they_say(lines: str, reports: tuple[str, int] | None, shared: bool) -> None:
    body, agreed = sdp.answer(sdp.parse(PHONE + lines.encode() + b"\r\n"), "127.0.0.1", 20000, session_id=5)
    assert (agreed.audio.reports, agreed.audio.reports_shared) == (reports, shared)
    assert (b"a=rtcp-mux" in body) is shared


def test_the_last_port_leaves_no_room_for_reports() -> None:
    assert sdp.choose(ALL, sdp.parse(PHONE.replace(b"4000", b"65535"))).audio.reports is None


# ---- encryption --------------------------------------------------------------------------------------------------

KEY = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
"""From RFC 4568 §6.1 and §9."""
SEALED = PHONE.replace(b"RTP/AVP", b"RTP/SAVP") + f"a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\r\n".encode()


def _terms(sealing: sdp.Sealing, seed: int = 1) -> Terms:
    return Terms(("PCMA", "PCMU"), sealing=sealing, keys=OurKeys(random.Random(seed)))


def test_sealed_sound_is_answered_with_our_key_under_their_tag() -> None:
    terms = _terms("answered")
    body, agreed = sdp.answer(sdp.parse(SEALED), "127.0.0.1", 20000, terms, session_id=5)
    seal = agreed.audio.seal
    assert seal is not None
    assert terms.keys is not None
    assert seal.theirs == base64.b64decode(KEY)
    assert seal.ours == terms.keys.of("AES_CM_128_HMAC_SHA1_80") != seal.theirs
    ours = base64.b64encode(seal.ours)
    assert b"m=audio 20000 RTP/SAVP 0 13 101\r\n" in body
    assert b"a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:" + ours + b"\r\n" in body


def test_keys_do_not_print() -> None:
    seal = sdp.choose(_terms("answered"), sdp.parse(SEALED)).audio.seal
    assert seal is not None
    for text in (repr(seal), str(seal.ours), f"{seal.theirs}", repr(sdp.parse(SEALED))):
        assert KEY not in text
        assert "***" in text
    assert sdes.redacted(SEALED.decode()) == SEALED.decode().replace(KEY, "***")


@pytest.mark.parametrize(
    "line",
    [
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|1048576 WSH=128",
        f"1 aes_cm_128_hmac_sha1_80 INLINE:{KEY} -future=1",
        f"1 AES_CM_128_HMAC_SHA1_32 inline:{KEY}",
        f"1 AES_CM_256_HMAC_SHA1_80 inline:{base64.b64encode(bytes(46)).decode().rstrip('=')}",
        f"1 AEAD_AES_256_GCM inline:{base64.b64encode(bytes(44)).decode()}",
    ],
)
def test_lines_of_keys_as_phones_write_them_are_taken(line: str) -> None:
    offer = PHONE.replace(b"RTP/AVP", b"RTP/SAVP") + f"a=crypto:{line}\r\n".encode()
    body, agreed = sdp.answer(sdp.parse(offer), "127.0.0.1", 20000, _terms("answered"), session_id=5)
    assert agreed.audio.seal is not None
    assert f"a=crypto:1 {line.split()[1]} inline:".encode() in body


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4", "master key identifier"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|1:4", "master key identifier"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY};inline:{KEY}", "second key"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^9", "so few packets"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^x", "lifetime"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP", "UNENCRYPTED_SRTP"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNAUTHENTICATED_SRTP", "UNAUTHENTICATED_SRTP"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} KDR=3", "KDR"),
        (f"1 F8_128_HMAC_SHA1_80 inline:{KEY}", "F8_128_HMAC_SHA1_80"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:AAAA", "3 octets"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:%%%%", "base64"),
        (f"x AES_CM_128_HMAC_SHA1_80 inline:{KEY}", "without tag"),
        ("1 AES_CM_128_HMAC_SHA1_80", "without tag"),
    ],
)
def test_keys_that_cannot_be_used_are_refused_with_the_reason_and_without_the_key(line: str, why: str) -> None:
    offer = PHONE.replace(b"RTP/AVP", b"RTP/SAVP") + f"a=crypto:{line}\r\n".encode()
    with pytest.raises(NoCommonCodec, match=why) as refused:
        sdp.choose(_terms("answered"), sdp.parse(offer))
    assert KEY not in str(refused.value)


@pytest.mark.parametrize(
    ("sealing", "offer", "sealed"),
    [
        ("no", PHONE, False),
        ("no", SEALED, None),
        ("answered", PHONE, False),
        ("answered", SEALED, True),
        ("answered", SEALED.replace(b"SAVP", b"AVP"), True),
        ("answered", SEALED.replace(b"SAVP", b"SAVPF"), True),
        ("required", PHONE, None),
        ("required", SEALED, True),
        ("required", SEALED.replace(b"SAVP", b"AVP"), True),
        ("no", SEALED.replace(b"SAVP", b"AVP"), False),
    ],
)
def test_who_wants_what_of_sealed_sound(sealing: sdp.Sealing, offer: bytes, sealed: bool | None) -> None:
    if sealed is None:
        with pytest.raises(NoCommonCodec, match="SRTP"):
            sdp.choose(_terms(sealing), sdp.parse(offer))
    else:
        assert (sdp.choose(_terms(sealing), sdp.parse(offer)).audio.seal is not None) is sealed


@pytest.mark.parametrize("sealed_first", [True, False])
@pytest.mark.parametrize(("sealing", "port"), [("answered", 6000), ("required", 6000), ("no", 5000)])
def test_of_two_sections_the_sealed_one_is_taken_if_we_may(sealing: sdp.Sealing, port: int, sealed_first: bool) -> None:
    plain = b"m=audio 5000 RTP/AVP 8 0\r\n"
    sealed = f"m=audio 6000 RTP/SAVP 8 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\r\n".encode()
    sections = sealed + plain if sealed_first else plain + sealed
    offer = sdp.parse(b"v=0\r\nc=IN IP4 192.0.2.9\r\n" + sections)
    body, agreed = sdp.answer(offer, "127.0.0.1", 20000, _terms(sealing), session_id=5)
    assert agreed.remote == ("192.0.2.9", port)
    assert [m.port > 0 for m in sdp.parse(body).media] == [m.port == port for m in offer.media]


def test_of_two_sections_the_plain_one_is_taken_if_the_sealed_one_cannot_be() -> None:
    offer = b"v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 6000 RTP/SAVP 8\r\nm=audio 5000 RTP/AVP 8\r\n"
    assert sdp.choose(_terms("answered"), sdp.parse(offer)).remote[1] == 5000
    with pytest.raises(NoCommonCodec, match="no key"):
        sdp.choose(_terms("required"), sdp.parse(offer))


def test_a_short_tag_is_taken_only_if_there_is_no_longer_one() -> None:
    short = f"a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:{KEY}\r\n".encode()
    offer = PHONE.replace(b"RTP/AVP", b"RTP/SAVP") + short + SEALED.split(b"\r\n")[-2] + b"\r\n"
    seal = sdp.choose(_terms("answered"), sdp.parse(offer)).audio.seal
    assert seal is not None
    assert seal.suite == "AES_CM_128_HMAC_SHA1_80"


@pytest.mark.parametrize(("ours", "protocol"), [("required", b"RTP/SAVP"), ("preferred", b"RTP/AVP")])
@pytest.mark.parametrize("theirs", ["required", "answered"])
def test_our_sealed_offer_is_answered_by_ourselves_and_the_keys_cross(
    ours: sdp.Sealing, protocol: bytes, theirs: sdp.Sealing
) -> None:
    we, they = _terms(ours), _terms(theirs, seed=2)
    offer = sdp.offer("192.0.2.1", 30000, we, session_id=7)
    assert b"m=audio 30000 " + protocol + b" " in offer
    answer, far = sdp.answer(sdp.parse(offer), "192.0.2.2", 30002, they, session_id=8)
    near = sdp.agree(we, sdp.parse(answer))
    assert near.audio.seal is not None
    assert far.audio.seal is not None
    assert (near.audio.seal.ours, near.audio.seal.theirs) == (far.audio.seal.theirs, far.audio.seal.ours)


def test_who_cannot_seal_answers_our_keys_beside_plain_sound_in_plain() -> None:
    we = _terms("preferred")
    answer, _ = sdp.answer(sdp.parse(sdp.offer("192.0.2.1", 30000, we, session_id=7)), "192.0.2.2", 30002, session_id=8)
    assert sdp.agree(we, sdp.parse(answer)).audio.seal is None
    with pytest.raises(NoCommonCodec, match="SRTP"):
        sdp.agree(_terms("required"), sdp.parse(answer))


@pytest.mark.parametrize("line", [f"4 AES_CM_128_HMAC_SHA1_80 inline:{KEY}", f"2 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"])
def test_an_answer_by_a_suite_that_we_did_not_offer_under_that_tag_is_no_answer(line: str) -> None:
    answer = PHONE.replace(b"RTP/AVP", b"RTP/SAVP") + f"a=crypto:{line}\r\n".encode()
    with pytest.raises(NoCommonCodec, match="SRTP"):
        sdp.agree(_terms("required"), sdp.parse(answer))


def test_a_key_that_we_never_asked_for_seals_nothing() -> None:
    answer = SEALED.replace(b"SAVP", b"AVP").replace(b"crypto:7", b"crypto:1")
    assert sdp.agree(_terms("answered"), sdp.parse(answer)).audio.seal is None


CRYPTO = st.text(alphabet=st.sampled_from("0129 AESCM_inline:;|^=+/" + KEY), max_size=120)


@given(st.lists(CRYPTO, max_size=6), st.sampled_from(["answered", "required", "preferred"]))
def test_no_lines_of_keys_do_more_than_be_refused(lines: list[str], sealing: sdp.Sealing) -> None:
    offer = SEALED + "".join(f"a=crypto:{line}\r\n" for line in lines).encode()
    with contextlib.suppress(MalformedSdp, NoCommonCodec):
        body, agreed = sdp.answer(sdp.parse(offer), "127.0.0.1", 20000, _terms(sealing), session_id=5)
        assert agreed.audio.seal is not None
        assert sdp.parse(body).media[0].crypto


@given(
    st.permutations([f"{n}" for n in (96, 9, 0, 8, 18, 13, 101, 97, 3, 110)]).flatmap(
        lambda all_: st.integers(1, len(all_)).map(lambda n: " ".join(all_[:n]))
    ),
    st.permutations(["PCMA", "PCMU", "G722", "opus", "G729"]).flatmap(
        lambda all_: st.integers(1, len(all_)).map(lambda n: tuple(all_[:n]))
    ),
)
def test_whatever_is_offered_our_answer_is_read_back_as_what_we_agreed(offered: str, codecs: tuple[Codec, ...]) -> None:
    terms = Terms(codecs, taken=("G729",))
    with contextlib.suppress(NoCommonCodec):
        body, agreed = sdp.answer(_offering(offered), "127.0.0.1", 20000, terms, session_id=5)
        back = sdp.agree(terms, sdp.parse(body)).audio if agreed.audio.codec in terms.codecs else None
        assert back is not None
        assert (back.codec, back.payload_type) == (agreed.audio.codec, agreed.audio.payload_type)
        assert set(sdp.parse(body).media[0].formats) <= set(offered.split())
