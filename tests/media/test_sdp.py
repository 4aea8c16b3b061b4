"""Session descriptions of real phones and of strangers (RFC 8866, RFC 3264)."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.media import sdp
from callcenterd.media.sdp import Direction, MalformedSdp, NoCommonCodec

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
    assert sdp.agree(("PCMA",), sdp.parse(held)).direction == "recvonly"


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
    offer = sdp.offer("192.0.2.1", 30000, ("PCMU", "PCMA"), session_id=7)
    answer, theirs = sdp.answer(sdp.parse(offer), "192.0.2.2", 30002, session_id=8)
    ours = sdp.agree(("PCMU", "PCMA"), sdp.parse(answer))
    assert theirs.audio.codec == ours.audio.codec == "PCMU"
    assert (theirs.remote, ours.remote) == (("192.0.2.1", 30000), ("192.0.2.2", 30002))
