"""What a browser offers is read or refused in a sentence; the answer says what a browser needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.media.webrtc.offer import Offer, Ours, UnusableOffer, answer, read

SHA256 = ":".join(["AB"] * 32)
CHROMIUM = f"""v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
a=msid-semantic: WMS stream
m=audio 46243 UDP/TLS/RTP/SAVPF 8 0 126
c=IN IP4 192.0.2.2
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1 1 udp 2113937151 192.0.2.2 46243 typ host generation 0
a=candidate:2 1 tcp 1518280447 192.0.2.2 9 typ host tcptype active
a=ice-ufrag:Qv4K
a=ice-pwd:0aHpBLgGvoYEQO9nJqGfTyA1
a=ice-options:trickle
a=fingerprint:sha-256 {SHA256}
a=setup:actpass
a=mid:0
a=sendrecv
a=rtcp-mux
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:126 telephone-event/8000
""".replace("\n", "\r\n")
OURS = Ours("abcd1234", "p" * 32, ("sha-256", SHA256), ["192.0.2.9", "127.0.0.1"], 39999, 7, 99)


def test_chromiums_offer_is_read() -> None:
    assert read(CHROMIUM) == Offer("Qv4K", "0aHpBLgGvoYEQO9nJqGfTyA1", (("sha-256", SHA256),), "0", 126)


@pytest.mark.parametrize(
    ("gone", "there", "why"),
    [
        ("v=0", "v=1", "no session description"),
        ("m=audio", "m=video", "not audio sealed"),
        ("UDP/TLS/RTP/SAVPF", "RTP/AVP", "not audio sealed"),
        ("SAVPF 8 0 126", "SAVPF 0 126", "no PCMA"),
        ("a=rtcp-mux", "a=x", "rtcp-mux"),
        ("a=setup:actpass", "a=setup:passive", "handshake"),
        ("a=ice-ufrag:Qv4K", "a=ice-ufrag:Q 4", "ice-ufrag"),
        ("a=ice-pwd:0aHp", "a=ice-pwd:\x00aHp", "ice-pwd"),
        ("0aHpBLgGvoYEQO9nJqGfTyA1", "tooshort", "ice-pwd"),
        ("sha-256", "sha-1", "no fingerprint"),
        (SHA256, SHA256[:-3], "fingerprint"),
        (SHA256, SHA256.replace("AB", "XY", 1), "fingerprint"),
        ("a=mid:0", "a=mid:" + "x" * 40, "name"),
        ("a=mid:0", "a=mid:0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96", "2 sections"),
    ],
)
def test_what_is_missing_or_wrong_is_said(gone: str, there: str, why: str) -> None:
    assert gone in CHROMIUM
    with pytest.raises(UnusableOffer, match=why):
        read(CHROMIUM.replace(gone, there))


def test_a_second_fingerprint_must_fit_too() -> None:
    """RFC 8122 §5: none that we know is passed over, or a wrong certificate could hide behind a right one."""
    longer = ":".join(["CD"] * 64)
    offered = CHROMIUM.replace("a=setup", f"a=fingerprint:sha-512 {longer}\r\na=setup")
    assert read(offered).fingerprints == (("sha-256", SHA256), ("sha-512", longer))


def test_an_offer_without_keys_has_none() -> None:
    assert read(CHROMIUM.replace("a=rtpmap:126 telephone-event/8000", "")).keys is None
    assert read(CHROMIUM.replace("telephone-event/8000", "telephone-event/48000")).keys is None


def test_our_answer_is_lite_passive_and_names_every_address() -> None:
    lines = answer(read(CHROMIUM), OURS).split("\r\n")
    for wanted in (
        "a=ice-lite",
        "a=setup:passive",
        "a=rtcp-mux",
        "a=mid:0",
        "a=group:BUNDLE 0",
        "m=audio 39999 UDP/TLS/RTP/SAVPF 8 126",
        f"a=fingerprint:sha-256 {SHA256}",
        "a=ssrc:7 cname:callcenter",
        "a=candidate:1 1 udp 2130706431 192.0.2.9 39999 typ host",
        "a=candidate:2 1 udp 2130706175 127.0.0.1 39999 typ host",
    ):
        assert wanted in lines


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda octets: octets.decode("latin-1")))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with pytest.raises(UnusableOffer):
        read(text)


@given(st.integers(0, len(CHROMIUM)), st.integers(0, 40), st.text(max_size=8))
def test_no_damage_to_an_offer_does_more_than_change_or_refuse_it(at: int, length: int, text: str) -> None:
    try:
        offered = read(CHROMIUM[:at] + text + CHROMIUM[at + length :])
    except UnusableOffer:
        return
    assert "\r\n\r\n" not in answer(offered, OURS)
    assert len(answer(offered, OURS).split("\r\n")) == len(answer(read(CHROMIUM), OURS).split("\r\n")) - (
        2 * (offered.mid is None) + 2 * (offered.keys is None)
    )
