"""Whatever comes, from whomever: the room goes on, answers the next one, and sends to nobody but who asked."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from callcenterd.model.site import Secret
from callcenterd.sip import events
from callcenterd.sip.digest import prove
from callcenterd.sip.flow import Flow
from callcenterd.sip.message import Response
from callcenterd.sip.strangers import Strangers
from tests.sip.net import ANSWER, GATEWAY, OFFER, PHONE, SERVER, STRANGER, Host, Net, phone, short, trunk_peer

HEAD = (
    "Via: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK{n};rport\r\nMax-Forwards: 70\r\n"
    'From: "张三" <sip:1001@callcenter.local>;tag=t{n}\r\nTo: <sip:9@callcenter.local>\r\nCall-ID: c{n}\r\n'
)
AUTHORIZATION = (
    'Authorization: Digest username="1001", realm="callcenter.local", nonce="1.2.3", uri="sip:9@callcenter.local", '
    'response="00000000000000000000000000000000", algorithm=MD5, qop=auth, nc=00000001, cnonce="a"\r\n'
)
BODY = "Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n"
MESSAGES = [
    "INVITE sip:9@callcenter.local SIP/2.0\r\n" + HEAD + "CSeq: 1 INVITE\r\nContact: <sip:a@10.0.0.2>\r\n" + BODY,
    "INVITE sip:9@x SIP/2.0\r\n" + HEAD + "CSeq: 1 INVITE\r\n" + AUTHORIZATION + BODY,
    "REGISTER sip:x SIP/2.0\r\n" + HEAD + "CSeq: 1 REGISTER\r\nContact: *\r\nExpires: 0\r\n" + AUTHORIZATION + BODY,
    "REGISTER sip:x SIP/2.0\r\n" + HEAD + "CSeq: 1 REGISTER\r\nContact: <sip:1@x>;q=1, <sip:2@x>\r\n" + BODY,
    "OPTIONS sip:x SIP/2.0\r\n" + HEAD + "CSeq: 1 OPTIONS\r\nRequire: a, b\r\nAccept: */*\r\n" + BODY,
    "CANCEL sip:9@callcenter.local SIP/2.0\r\n" + HEAD + "CSeq: 1 CANCEL\r\n" + BODY,
    "ACK sip:9@callcenter.local SIP/2.0\r\n" + HEAD + "CSeq: 1 ACK\r\n" + BODY,
    "BYE sip:9@callcenter.local SIP/2.0\r\n" + HEAD + "CSeq: 2 BYE\r\n" + BODY,
    "INFO sip:9@x SIP/2.0\r\n" + HEAD + "CSeq: 2 INFO\r\nRecord-Route: <sip:a;lr>\r\nRoute: <sip:b>\r\n" + BODY,
    "SIP/2.0 200 OK\r\n" + HEAD + "CSeq: 1 OPTIONS\r\nContact: <sip:a@b>\r\n" + BODY,
    "SIP/2.0 401 No\r\n" + HEAD + 'CSeq: 1 INVITE\r\nWWW-Authenticate: Digest realm="x", nonce="y"\r\n' + BODY,
]
INTERESTING = [
    b"\x00", b"\r\n", b"\n", b"\r", b" ", b"\t", b'"', b"<", b">", b",", b";", b":", b"@", b"%00", b"%", b"\\", b"\xff",
    b"z9hG4bK", b"99999999999999999999", b"-1", b"0", b"sip:", b"tel:+1", b";tag=", b"[::1]", b";lr", b"?", b"*", b"",
]  # fmt: skip


@st.composite
def datagrams(draw: st.DrawFn) -> bytes:
    text = draw(st.sampled_from(MESSAGES)).format(n=draw(st.integers(0, 3)), length=len(OFFER))
    octets = text.encode() + OFFER
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(octets)))
        end = min(len(octets), start + draw(st.integers(0, 30)))
        piece = draw(st.sampled_from(INTERESTING) | st.binary(max_size=20))
        octets = octets[:start] + piece * draw(st.sampled_from([1, 1, 1, 300])) + octets[end:]
    return octets


def canary(host: Host, now: float) -> bool:
    text = (
        "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 10.9.9.9;branch=z9hG4bKcanary\r\nFrom: <sip:c@x>;tag=c\r\n"
        "To: <sip:x>\r\nCall-ID: canary\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    )
    host.endpoint.parcels()
    host.endpoint.receive(text.encode(), Flow("UDP", ("10.9.9.9", 5060), (SERVER, 5060)), now)
    return [parcel.octets[:11] for parcel in host.endpoint.parcels()] == [b"SIP/2.0 200"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(datagrams(), st.sampled_from([GATEWAY, STRANGER, PHONE])), max_size=6))
def test_no_datagram_stops_the_room_or_makes_it_send_elsewhere(sent: list[tuple[bytes, str]]) -> None:
    net = Net()
    server, _ = trunk_peer(net)
    net.run(1.0)
    server.endpoint.parcels()
    for octets, source in sent:
        server.endpoint.receive(octets, Flow("UDP", (source, 5060), (SERVER, 5060)), net.now)
        assert {parcel.flow.remote[0] for parcel in server.endpoint.parcels()} <= {source}
        for event in server.all(events.IncomingCall):
            server.endpoint.accept(event.dialog, ANSWER, now=net.now)
        server.endpoint.parcels()
        server.endpoint.tell_events()
    assert canary(server, net.now)
    server.endpoint.advance(net.now + 100.0)
    assert server.endpoint.counters()["registrations"] == 0


@settings(max_examples=60, deadline=None)
@given(datagrams())
def test_a_call_that_is_up_survives_whatever_others_send(octets: bytes) -> None:
    net = Net()
    server, trunk = trunk_peer(net)
    phone(net)
    trunk.request("INVITE", call_id="held", branch="z9hG4bKheld", sdp=OFFER)
    dialog = server.one(events.IncomingCall).dialog
    server.endpoint.accept(dialog, ANSWER, now=net.now)
    net.run(0.05)
    trunk.within(trunk.last_response(200, "INVITE"), "ACK", sequence=1)
    server.endpoint.receive(octets, Flow("UDP", (STRANGER, 5060), (SERVER, 5060)), net.now)
    server.endpoint.parcels()  # an answer gives back what it came with, readable or not
    net.run(0.5)
    assert not server.all(events.HungUp)
    assert server.endpoint.counters()["dialogs"] == 1
    assert server.endpoint.counters()["registrations"] == 1


def test_a_stranger_who_guesses_tags_ends_no_call() -> None:
    net = Net()
    server, trunk = trunk_peer(net)
    trunk.request("INVITE", sdp=OFFER)
    server.endpoint.accept(server.one(events.IncomingCall).dialog, ANSWER, now=net.now)
    net.run(0.05)
    stranger = net.peer(STRANGER)
    for n in range(50):
        stranger.request("BYE", call_id="call@peer", to=f"<sip:900@callcenter.local>;tag={n:016x}", sequence=2 + n)
    assert set(stranger.what) == {"481 BYE"}
    assert not server.all(events.HungUp)


def turned_away(server: Host) -> list[tuple[str, str, str, str, int]]:
    return [(one.source, one.method, one.user, one.why, one.times) for one in server.endpoint.strangers()]


def test_who_is_turned_away_is_remembered_with_the_cause_that_they_are_not_told() -> None:
    net = Net()
    server, _ = trunk_peer(net)
    net.run(0.1)
    stranger = net.peer(STRANGER)
    stranger.request("INVITE", from_="<sip:8613800001111@x>;tag=1", sdp=OFFER, uri="sip:02088886666@callcenter.local")
    assert turned_away(server) == [(STRANGER, "INVITE", "8613800001111", "not_a_trunk", 1)]
    assert server.endpoint.strangers()[0].called == "02088886666"


def test_wrong_passwords_and_unknown_names_are_told_apart_and_counted() -> None:
    net = Net()
    server, _ = trunk_peer(net)
    peer = net.peer(PHONE)
    for sequence, (name, times) in enumerate([("1001", 2), ("8888", 1)], start=1):
        for again in range(times):
            call_id = f"{name}-{again}"
            from_, to = f"<sip:{name}@callcenter.local>;tag={sequence}{again}", f"<sip:{name}@callcenter.local>"
            peer.request("REGISTER", call_id=call_id, from_=from_, to=to, uri="sip:callcenter.local")
            [challenge, *_] = peer.last_response(401, "REGISTER").challenges
            proof = prove(
                [challenge],
                username=name,
                password=Secret("wrong"),
                method="REGISTER",
                uri="sip:callcenter.local",
                chance=random.Random(1),
            )
            more = f"Authorization: {proof}"
            peer.request("REGISTER", more, call_id=call_id, sequence=2, from_=from_, to=to, uri="sip:callcenter.local")
    assert turned_away(server) == [
        (PHONE, "REGISTER", "8888", "unknown_user", 1),
        (PHONE, "REGISTER", "1001", "wrong_password", 2),
    ]
    assert {short(message) for message in peer.received if isinstance(message, Response)} == {
        "401 REGISTER",
        "403 REGISTER",
    }, "both are told the same"


def test_a_crowd_of_strangers_takes_no_more_room_than_there_is() -> None:
    strangers = Strangers()
    for n in range(1000):
        strangers.turned_away(f"192.0.2.{n % 250}", "UDP", "INVITE", str(n), "9", "not_a_trunk", float(n))
    found = strangers.lately()
    assert (len(found), found[0].user) == (100, "999")
