"""Who may call, who is refused, and whole calls between two endpoints, in virtual time."""

from __future__ import annotations

import ipaddress
import random
from typing import Any

import pytest

from callcenterd.errors import LocalError, NotFound
from callcenterd.model.ids import ExtensionNumber, TrunkName
from callcenterd.model.site import Extension, Secret, Site, Trunk
from callcenterd.sip import events
from callcenterd.sip.admission import QUESTIONS_OF_ONE_SOURCE, STRANGER_BURST
from callcenterd.sip.digest import prove
from callcenterd.sip.endpoint import Endpoint
from callcenterd.sip.events import ToExtension, ToTrunk
from callcenterd.sip.flow import Flow
from callcenterd.sip.locate import Found, Machine, Place, Wanted
from callcenterd.sip.message import Response, parse
from tests.sip.net import (
    ANNA,
    ANSWER,
    GATEWAY,
    IN,
    OFFER,
    OUT,
    PASSWORD,
    PHONE,
    SERVER,
    STRANGER,
    Host,
    Net,
    Peer,
    answering,
    office,
    phone,
    trunk_peer,
)

TO_OUT = ToTrunk(OUT, "13800001111")


# ---- whole calls -------------------------------------------------------------------------------------------


def test_a_call_to_a_trunk_is_set_up_and_hung_up() -> None:
    net = Net()
    server, gateway = office(net)
    answering(gateway)
    dialog = server.endpoint.place(TO_OUT, caller="02088886666", caller_name='张三 "Z"', sdp=OFFER, now=net.now)
    net.run(1.0)
    assert server.told[1:] == [events.Progress(dialog, None), events.Accepted(dialog, ANSWER)]
    arrived = gateway.one(events.IncomingCall)
    assert (arrived.trunk, arrived.caller, arrived.caller_name) == (IN, "02088886666", '张三 "Z"')
    assert (arrived.called, arrived.offer, arrived.local_host) == ("13800001111", OFFER, GATEWAY)
    server.endpoint.hang_up(dialog, now=net.now)
    net.run(1.0)
    assert gateway.one(events.HungUp) == events.HungUp(arrived.dialog, "normal")
    assert net.ladder() == [
        "> INVITE", "< 100 INVITE", "< 180 INVITE", "< 200 INVITE", "> ACK", "> BYE", "< 200 BYE",
    ]  # fmt: skip
    net.run(40.0)
    assert server.clean
    assert gateway.clean


def test_a_call_from_a_trunk_is_answered_and_hung_up_by_us() -> None:
    net = Net()
    server, gateway = office(net)
    answering(server)
    gateway.endpoint.place(ToTrunk(IN, "02088886666"), caller="13800001111", sdp=OFFER, now=net.now)
    net.run(1.0)
    arrived = server.one(events.IncomingCall)
    assert (arrived.trunk, arrived.extension, arrived.called) == (OUT, None, "02088886666")
    assert server.one(events.Acknowledged) == events.Acknowledged(arrived.dialog, None)
    server.endpoint.hang_up(arrived.dialog, "Q.850;cause=16", now=net.now)
    net.run(40.0)
    assert gateway.one(events.HungUp).reason == "normal"
    assert net.requests("BYE")[0].headers.get("Reason") == "Q.850;cause=16"
    assert server.clean
    assert gateway.clean


def test_a_refusal_says_its_status_to_who_called() -> None:
    net = Net()
    server, gateway = office(net)

    def busy(event: events.SipEvent) -> None:
        if isinstance(event, events.IncomingCall):
            gateway.endpoint.refuse(event.dialog, 486, "Besetzt", now=net.now)

    gateway.react = busy
    dialog = server.endpoint.place(TO_OUT, caller="1", sdp=OFFER, now=net.now)
    net.run(1.0)
    told = server.one(events.Refused)
    assert told == events.Refused(dialog, 486)
    assert (told.cause, told.words) == (0, "Besetzt")
    assert net.responses(486, "INVITE")[0].reason == "Besetzt"
    net.run(40.0)
    assert server.clean
    assert gateway.clean


def test_early_media_is_handed_on() -> None:
    net = Net()
    server, gateway = office(net)
    gateway.react = lambda event: (
        gateway.endpoint.ring(event.dialog, ANSWER, now=net.now) if isinstance(event, events.IncomingCall) else None
    )
    dialog = server.endpoint.place(TO_OUT, caller="1", sdp=OFFER, now=net.now)
    net.run(1.0)
    assert server.one(events.Progress) == events.Progress(dialog, ANSWER)
    assert net.responses(183, "INVITE")


def test_what_is_asked_of_a_call_that_is_gone_changes_nothing() -> None:
    net = Net()
    server, gateway = office(net)
    dialog = server.endpoint.place(TO_OUT, caller="1", sdp=OFFER, now=net.now)
    net.run(1.0)
    server.endpoint.hang_up(dialog, now=net.now)
    net.run(1.0)
    arrived = gateway.one(events.IncomingCall).dialog
    assert gateway.one(events.Cancelled).dialog == arrived
    for host, gone in ((server, dialog), (gateway, arrived)):
        host.endpoint.ring(gone, now=net.now)
        host.endpoint.accept(gone, ANSWER, now=net.now)
        host.endpoint.refuse(gone, 486, now=net.now)
        host.endpoint.accept_offer(gone, ANSWER, now=net.now)
        host.endpoint.refuse_offer(gone, now=net.now)
        host.endpoint.hang_up(gone, now=net.now)
    net.run(40.0)
    assert server.clean
    assert gateway.clean


def test_an_invite_that_a_trunk_does_not_hear_is_given_up_after_8_seconds() -> None:
    net = Net()
    server, _ = trunk_peer(net)
    dialog = server.endpoint.place(TO_OUT, caller="1", sdp=OFFER, now=net.now)
    net.run(7.9)
    assert not server.all(events.Refused)
    net.run(0.2)
    assert server.one(events.Refused) == events.Refused(dialog, 408)
    assert len(net.requests("INVITE")) == 5
    net.run(10.0)
    assert server.clean


def test_what_cannot_be_sent_is_refused_with_503() -> None:
    net = Net()
    server, _ = trunk_peer(net)
    dialog = server.endpoint.place(TO_OUT, caller="1", sdp=OFFER, now=net.now)
    for parcel in server.endpoint.parcels():
        server.endpoint.unsent(parcel, "Network is unreachable", net.now)
    net.run(0.0)
    assert server.one(events.Refused) == events.Refused(dialog, 503)


# ---- where to ----------------------------------------------------------------------------------------------


def test_nowhere_to_call_is_an_error_that_leaves_nothing_behind() -> None:
    net = Net()
    server, _ = trunk_peer(net, host="sbc.example")
    endpoint = server.endpoint
    for nowhere, kind in (
        (ToTrunk(TrunkName("none"), "1"), NotFound),
        (ToExtension(ExtensionNumber("1999")), NotFound),
        (ToExtension(ANNA), LocalError),  # not registered
        (TO_OUT, LocalError),  # no address yet
    ):
        with pytest.raises(kind):
            endpoint.place(nowhere, caller="1", sdp=OFFER, now=net.now)
        with pytest.raises(kind):
            endpoint.local_host_towards(nowhere, now=net.now)
        with pytest.raises(kind):
            endpoint.is_secure_towards(nowhere, now=net.now)
    assert server.clean


def test_a_trunks_name_is_asked_for_and_its_answer_is_used() -> None:
    net = Net()
    server, _ = trunk_peer(net, host="sbc.example", port=5070)
    [wanted] = server.endpoint.lookups(net.now)
    assert wanted == Wanted("sbc.example", 5070, "UDP")
    assert server.endpoint.lookups(net.now) == []
    server.endpoint.located(wanted, Found((Machine((Place("UDP", "10.0.0.9", 5070),)),)), net.now)
    server.endpoint.place(TO_OUT, caller="1", sdp=OFFER, now=net.now)
    parcels = [parcel for parcel in server.endpoint.parcels() if parcel.octets.startswith(b"INVITE")]
    assert [parcel.flow.remote for parcel in parcels] == [("10.0.0.9", 5070)]
    assert b"INVITE sip:13800001111@sbc.example:5070 SIP/2.0" in parcels[0].octets
    assert server.endpoint.local_host_towards(TO_OUT, now=net.now) == SERVER
    assert not server.endpoint.is_secure_towards(TO_OUT, now=net.now)
    assert server.endpoint.lookups(301.0) == [wanted]


def test_a_device_at_a_fixed_address_can_be_called_at_once() -> None:
    net = Net()
    server = net.host(SERVER)
    door = Extension(number=ExtensionNumber("1900"), contact=f"sip:door@{PHONE}:6100")
    server.endpoint.configure(Site(extensions=(door,)), net.now)
    net.run(0.0)
    assert server.told == [events.Registered(ExtensionNumber("1900"), True)]
    assert server.endpoint.registrations()[ExtensionNumber("1900")].contact == f"sip:door@{PHONE}:6100"
    server.endpoint.place(ToExtension(ExtensionNumber("1900")), caller="1", sdp=OFFER, now=net.now)
    [parcel] = server.endpoint.parcels()
    assert parcel.flow.remote == (PHONE, 6100)
    server.endpoint.configure(Site(), net.now)
    net.run(0.0)
    assert server.told[-1] == events.Registered(ExtensionNumber("1900"), False)


# ---- registration ------------------------------------------------------------------------------------------


def test_a_phone_registers_by_digest_and_is_called_where_it_registered_from() -> None:
    net = Net()
    server, _ = office(net)
    anna = phone(net)
    answering(anna)
    assert server.one(events.Registered) == events.Registered(ANNA, True)
    assert anna.one(events.TrunkSeen).state == "up"
    assert net.ladder(between=(SERVER, PHONE)) == ["< REGISTER", "> 401 REGISTER", "< REGISTER", "> 200 REGISTER"]
    dialog = server.endpoint.place(ToExtension(ANNA), caller="13800001111", caller_name="张三", sdp=OFFER, now=net.now)
    net.run(1.0)
    assert server.all(events.Accepted) == [events.Accepted(dialog, ANSWER)]
    assert anna.one(events.IncomingCall).caller == "13800001111"
    assert anna.one(events.IncomingCall).called == "1001"


def test_a_registered_phone_calls_with_a_proof() -> None:
    net = Net()
    server, _ = office(net)
    anna = phone(net)
    answering(server)
    dialog = anna.endpoint.place(ToTrunk(IN, "9001"), caller="somebody else", sdp=OFFER, now=net.now)
    net.run(1.0)
    arrived = server.one(events.IncomingCall)
    assert (arrived.trunk, arrived.extension, arrived.caller, arrived.called) == (None, ANNA, "1001", "9001")
    assert anna.all(events.Accepted) == [events.Accepted(dialog, ANSWER)]
    assert net.ladder(between=(SERVER, PHONE))[4:] == [
        "< INVITE", "> 401 INVITE", "< ACK", "< INVITE", "> 100 INVITE", "> 180 INVITE", "> 200 INVITE", "< ACK",
    ]  # fmt: skip


def test_a_registration_is_renewed_in_time_and_ends_when_it_is_not() -> None:
    net = Net()
    server, _ = office(net)
    phone(net)
    net.run(7200.0)
    assert server.all(events.Registered) == [events.Registered(ANNA, True)]
    net.drop = lambda seen: seen.source == PHONE
    net.run(3600.0)
    assert server.all(events.Registered)[1:] == [events.Registered(ANNA, False)]
    assert ANNA not in server.endpoint.registrations()


def test_a_wrong_password_registers_nobody_and_is_counted() -> None:
    net = Net()
    server, _ = office(net)
    stranger = phone(net, STRANGER, password=Secret("falsch"))
    assert not server.all(events.Registered)
    assert server.endpoint.counters()["wrong_digests_total"] == 1
    assert net.responses(403, "REGISTER")
    assert stranger.one(events.TrunkSeen).why == "registration: 403 Forbidden"


def test_a_phone_that_loses_its_extension_or_password_loses_its_binding() -> None:
    for change in (Site(), Site(extensions=(Extension(number=ANNA, password=Secret("neu")),))):
        net = Net()
        server, _ = office(net)
        phone(net)
        server.endpoint.configure(change, net.now)
        net.run(0.0)
        assert server.told[-1] == events.Registered(ANNA, False)
        assert server.endpoint.counters()["registrations"] == 0


def registering(net: Net, peer: Peer, server: Host, *contact: str, to: str = "1001", sequence: int = 2) -> Response:
    """REGISTER by hand, challenge and proof; the last answer."""
    address = f"<sip:{to}@callcenter.local>"
    fields: dict[str, Any] = {
        "uri": "sip:callcenter.local",
        "to": address,
        "from_": f"{address};tag=t",
        "call_id": f"reg{sequence}@p",
    }
    peer.request("REGISTER", *contact, sequence=sequence, contact=False, **fields)
    challenge = peer.last_response(401, "REGISTER")
    proof = prove(
        challenge.challenges, username="1001", password=PASSWORD, method="REGISTER", uri="sip:callcenter.local",
        chance=random.Random(1),
    )  # fmt: skip
    peer.request(
        "REGISTER",
        *contact,
        f"Authorization: {proof}",
        **fields,
        sequence=sequence + 1,
        contact=False,
    )
    last = peer.received[-1]
    assert isinstance(last, Response)
    return last


def test_a_register_is_answered_with_every_binding() -> None:
    net = Net()
    server, _ = trunk_peer(net)
    peer = net.peer(PHONE)
    registering(net, peer, server, "Contact: <sip:1001@192.168.0.9>;expires=120")
    second = registering(net, peer, server, "Contact: <sip:1001@192.168.0.8>", "Expires: 600", sequence=4)
    assert [str(contact) for contact in second.contacts] == [
        "<sip:1001@192.168.0.9>;expires=120", "<sip:1001@192.168.0.8>;expires=600",
    ]  # fmt: skip
    assert len(registering(net, peer, server, sequence=6).contacts) == 2
    assert registering(net, peer, server, "Contact: *", "Expires: 0", sequence=8).contacts == ()
    told = [fact.reachable for fact in server.all(events.Registered)]
    assert told == [True, True, False], "a new Call-ID is another phone, or one that was started anew"


def test_a_register_that_only_asks_sets_no_timer() -> None:
    net = Net()
    server = net.host(SERVER)
    server.endpoint.configure(Site(extensions=(Extension(number=ANNA, password=PASSWORD),)), net.now)
    assert registering(net, net.peer(PHONE), server).status == 200
    net.run(100.0)
    assert server.endpoint.deadline() is None


def test_too_brief_a_registration_names_the_shortest() -> None:
    net = Net()
    server, _ = trunk_peer(net)
    refused = registering(net, net.peer(PHONE), server, "Contact: <sip:1001@x>;expires=5")
    assert (refused.status, refused.min_expires) == (423, 60)


def test_nobody_registers_for_somebody_else() -> None:
    net = Net()
    server, _ = trunk_peer(net)
    assert registering(net, net.peer(PHONE), server, "Contact: <sip:1001@x>", to="1002").status == 403
    assert server.endpoint.counters()["registrations"] == 0


def test_bindings_and_calls_on_a_connection_end_with_it() -> None:
    net = Net()
    server = net.host(SERVER)
    server.endpoint.configure(Site(extensions=(Extension(number=ANNA, password=PASSWORD),)), net.now)
    stream = Flow("TCP", (PHONE, 40001), (SERVER, 5060), connection=3)

    def register(*more: str) -> Response:
        lines = [
            "REGISTER sip:callcenter.local SIP/2.0",
            f"Via: SIP/2.0/TCP {PHONE}:40001;branch=z9hG4bK{len(more)}",
            "Max-Forwards: 70", "From: <sip:1001@callcenter.local>;tag=t", "To: <sip:1001@callcenter.local>",
            "Call-ID: c", f"CSeq: {len(more) + 1} REGISTER", f"Contact: <sip:1001@{PHONE};transport=tcp>",
            "Content-Length: 0", *more,
        ]  # fmt: skip
        server.endpoint.take(parse("\r\n".join([*lines, "", ""]).encode()), stream, net.now)
        [parcel] = server.endpoint.parcels()
        assert parcel.flow == stream
        answer = parse(parcel.octets)
        assert isinstance(answer, Response)
        return answer

    proof = prove(
        register().challenges, username="1001", password=PASSWORD, method="REGISTER", uri="sip:callcenter.local",
        chance=random.Random(1),
    )  # fmt: skip
    assert register(f"Authorization: {proof}").status == 200
    assert server.endpoint.needs(stream)
    dialog = server.endpoint.place(ToExtension(ANNA), caller="1", sdp=OFFER, now=net.now)
    [invite] = server.endpoint.parcels()
    assert invite.flow == stream
    server.endpoint.connection_ended(stream, net.now)
    server.endpoint.tell_events()
    assert server.told[1:] == [events.Registered(ANNA, False), events.Refused(dialog, 503)]
    assert not server.endpoint.needs(stream)


# ---- strangers ---------------------------------------------------------------------------------------------


def test_a_strangers_call_is_challenged_counted_and_leaves_nothing_behind() -> None:
    net = Net()
    server, _ = trunk_peer(net)
    stranger = net.peer(STRANGER)
    branch = stranger.request("INVITE", sdp=OFFER)
    challenge = stranger.last_response(401, "INVITE")
    stranger.request("ACK", branch=branch, to=str(challenge.to))
    net.run(40.0)
    assert stranger.what == ["401 INVITE"]
    assert not server.all(events.IncomingCall)
    assert server.endpoint.counters()["unknown_sources_total"] == 1
    assert server.clean


def test_proofs_that_strangers_make_up_leave_nothing_behind() -> None:
    """From enough addresses they would fill the room for transactions, and trunks would be told 503."""
    net = Net()
    server, _ = trunk_peer(net)
    made_up = 'username="1001", realm="callcenter.local", nonce="1.2.3", uri="sip:900@callcenter.local", '
    rest = f'response="{"0" * 32}", algorithm=MD5, qop=auth, nc=00000001, cnonce="a"'
    for n in range(40):
        stranger = net.peer(f"10.0.1.{n}")
        for method in ("INVITE", "REGISTER"):
            stranger.request(method, f"Authorization: Digest {made_up}{rest}", call_id=f"{n}@{method}")
        assert stranger.what == ["401 INVITE", "401 REGISTER"]
    net.run(6.0)  # our own OPTIONS to the trunk is over by then; a transaction of theirs would last for 32 s
    assert server.clean


@pytest.mark.parametrize("method", ["REGISTER", "INVITE"])
def test_a_stranger_cannot_tell_a_known_extension_from_an_unknown_one(method: str) -> None:
    def answers(name: str) -> list[list[tuple[str, str]]]:
        net = Net()
        trunk_peer(net)
        stranger = net.peer(STRANGER)
        address = f"<sip:{name}@callcenter.local>"
        fields: dict[str, Any] = {"uri": f"sip:{name}@callcenter.local", "from_": f"{address};tag=t", "to": address}
        stranger.request(method, **fields)
        challenge = stranger.last_response(401, method)
        for sequence in range(2, 9):  # into the lock
            proof = prove(
                challenge.challenges, username=name, password=Secret("guess"), method=method,
                uri=fields["uri"], chance=random.Random(1),
            )  # fmt: skip
            stranger.request(method, f"Authorization: {proof}", **fields, sequence=sequence)
        found = []
        for message in stranger.received:
            assert isinstance(message, Response)
            found.append([("status", str(message.status)), *message.headers])
        return [[(key, value) for key, value in one if key not in ("From", "To", "WWW-Authenticate")] for one in found]

    known, unknown = answers("1001"), answers("1009")
    assert known == unknown
    assert len(known) == 8


def test_what_nobody_may_ask_is_refused_with_the_right_status() -> None:
    net = Net()
    server, _ = trunk_peer(net)
    stranger = net.peer(STRANGER)
    for method, more, expected in (
        ("OPTIONS", {}, 200),
        ("MESSAGE", {}, 401),
        ("SUBSCRIBE", {}, 401),
        ("REFER", {}, 405),
        ("NEWMETHOD", {}, 501),
        ("BYE", {}, 481),
        ("INFO", {}, 481),
        ("CANCEL", {}, 481),
        ("OPTIONS", {"uri": "soap.beep://192.0.2.103:3002"}, 416),
        ("BYE", {"to": "<sip:900@x>;tag=guessed"}, 481),
        ("UPDATE", {"to": "<sip:900@x>;tag=guessed"}, 481),
        ("INVITE", {"to": "<sip:900@x>;tag=guessed"}, 401),
    ):
        stranger.request(method, **more)  # type: ignore[arg-type]
        answer = stranger.received[-1]
        assert isinstance(answer, Response)
        assert answer.status == expected, (method, more)
        assert answer.status not in (405, 501) or "INVITE" in answer.allow
    assert server.endpoint.counters()["transactions"] == 1  # our OPTIONS to the trunk


def test_a_required_extension_that_we_lack_is_named() -> None:
    net = Net()
    trunk_peer(net)
    stranger = net.peer(STRANGER)
    stranger.request("OPTIONS", "Require: precondition", "Proxy-Require: Nothing")
    assert stranger.last_response(420, "OPTIONS").headers.get("Unsupported") == "precondition, nothing"


def test_what_cannot_be_read_is_answered_400_if_it_says_where_to() -> None:
    net = Net()
    server, _ = trunk_peer(net)
    head = "INVITE sip:9@x SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.66;branch=z9hG4bK1\r\n"
    rest = "To: <sip:9@x>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    for text, answered in (
        (head + 'From: "open <sip:1@x>;tag=t\r\n' + rest, True),
        (head + "From: <sip:1@x>;tag=t\r\nContact: <sip:open\r\n" + rest, True),
        (head + 'From: <sip:1@x>;tag=t\r\nAuthorization: Digest x="open\r\n' + rest, True),
        ("\0\xff nonsense", False),
        ("INVITE sip:x SIP/2.0\r\nVia: nonsense\r\n\r\n", False),
        ("\r\n\r\n", False),
    ):
        server.endpoint.parcels()
        server.endpoint.receive(text.encode(), Flow("UDP", (STRANGER, 5060), (SERVER, 5060)), net.now)
        assert [parcel.octets[:11] for parcel in server.endpoint.parcels()] == [b"SIP/2.0 400"] * answered
    assert server.endpoint.counters()["malformed_total"] == 5


def test_a_flood_of_strangers_is_cut_before_it_is_parsed_and_a_trunk_still_calls() -> None:
    net = Net()
    server, trunk = trunk_peer(net)
    stranger = net.peer(STRANGER)
    text = (
        "INVITE sip:9@x SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.66;branch=z9hG4bK{0}\r\nFrom: <sip:1@x>;tag=t\r\n"
        "To: <sip:9@x>\r\nCall-ID: {0}\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    )
    for n in range(500):
        net.inject(text.format(n).encode(), STRANGER, SERVER)
    net.run(1.0)
    assert len(stranger.received) == QUESTIONS_OF_ONE_SOURCE < STRANGER_BURST
    assert server.endpoint.counters()["held_back_total"] == 500 - QUESTIONS_OF_ONE_SOURCE
    trunk.request("INVITE", sdp=OFFER)
    assert server.one(events.IncomingCall).trunk == OUT


# ---- a trunk's INVITE --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "to", "called"),
    [
        ("sip:02088886666@10.0.0.1", "<sip:x@y>", "02088886666"),
        ("sip:+86-20-8888-6666@10.0.0.1;user=phone", "<sip:x@y>", "+862088886666"),
        ("sip:%30208888%36666@10.0.0.1", "<sip:x@y>", "02088886666"),
        ("tel:+86(20)88886666", "<sip:x@y>", "+862088886666"),
        ("sip:62960000@10.0.0.1", "<sip:02088886666@y>", "02088886666"),
        ("sip:10.0.0.1", "<sip:02088886666@y>", "02088886666"),
        ("sip:sales;phone-context=x@10.0.0.1", "<sip:x@y>", "sales"),
        ("sip:1%00%0D2@10.0.0.1", "<sip:x@y>", "12"),
    ],
)
def test_the_called_number_is_the_requests_unless_that_is_our_own_account(uri: str, to: str, called: str) -> None:
    net = Net()
    server, trunk = trunk_peer(net, username="62960000")
    trunk.request("INVITE", uri=uri, to=to, sdp=OFFER)
    assert server.one(events.IncomingCall).called == called


def test_names_and_numbers_of_strangers_are_fit_to_be_shown() -> None:
    net = Net()
    server, trunk = trunk_peer(net)
    trunk.request(
        "INVITE", from_=f'"{"N" * 500}\x07\\"" <sip:1380\x7f0001111@x>;tag=t'.replace("\x7f", "%0A"), sdp=OFFER
    )
    arrived = server.one(events.IncomingCall)
    assert arrived.caller == "13800001111"
    assert arrived.caller_name == "N" * 100


@pytest.mark.parametrize(
    ("more", "sdp", "expected"),
    [
        pytest.param(["Content-Type: text/plain"], b"hello", 415, id="a body that is no SDP"),
        pytest.param(["Content-Encoding: gzip"], OFFER, 415, id="packed"),
        pytest.param(["Accept: text/nobodyKnowsThis"], OFFER, 406, id="they take no SDP"),
        pytest.param(["Require: precondition"], OFFER, 420, id="an extension that we lack"),
        pytest.param(["Accept: application/sdp;level=1, text/html"], OFFER, 100, id="they take SDP"),
        pytest.param(["Supported: 100rel, timer", "Session-Expires: 1800"], OFFER, 100, id="what they merely support"),
    ],
)
def test_a_call_that_cannot_be_answered_is_refused_at_once(more: list[str], sdp: bytes, expected: int) -> None:
    net = Net()
    _, trunk = trunk_peer(net)
    trunk.request("INVITE", *more, sdp=sdp)
    assert trunk.what == [f"{expected} INVITE"]


def test_a_call_that_went_in_circles_is_refused() -> None:
    net = Net()
    server, _ = trunk_peer(net)
    text = (
        "INVITE sip:9@x SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1\r\nMax-Forwards: 0\r\n"
        "From: <sip:1@x>;tag=a\r\nTo: <sip:9@x>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    )
    net.inject(text.encode(), GATEWAY, SERVER)
    net.run(0.1)
    assert net.responses(483, "INVITE")
    assert not server.all(events.IncomingCall)


def test_the_same_call_on_a_second_way_is_merged() -> None:
    """RFC 3261 §8.2.2.2."""
    net = Net()
    server, trunk = trunk_peer(net)
    trunk.request("INVITE", sdp=OFFER)
    trunk.request("INVITE", sdp=OFFER)
    assert trunk.what == ["100 INVITE", "482 INVITE"]
    assert len(server.all(events.IncomingCall)) == 1


def test_a_retransmitted_invite_rings_once_and_is_answered_each_time() -> None:
    net = Net()
    server, trunk = trunk_peer(net)
    branch = trunk.request("INVITE", sdp=OFFER)
    server.endpoint.ring(server.one(events.IncomingCall).dialog, now=net.now)
    trunk.request("INVITE", branch=branch, sdp=OFFER)
    assert trunk.what == ["100 INVITE", "180 INVITE", "180 INVITE"]
    assert len(server.all(events.IncomingCall)) == 1


def test_a_draining_server_takes_no_new_call_and_says_when_to_come_back() -> None:
    net = Net()
    server, trunk = trunk_peer(net)
    server.endpoint.drain()
    trunk.request("INVITE", sdp=OFFER)
    assert trunk.last_response(503, "INVITE").headers.get("Retry-After") == "30"
    assert not server.all(events.IncomingCall)


def test_trunks_behind_one_address_differ_by_port_or_by_account() -> None:
    net = Net()
    server = net.host(SERVER)
    names = [TrunkName("one"), TrunkName("two"), TrunkName("three")]
    server.endpoint.configure(
        Site(
            trunks=(
                Trunk(name=names[0], host=GATEWAY, port=5062),
                Trunk(name=names[1], host=GATEWAY, port=5064, username="555"),
                Trunk(name=names[2], host=GATEWAY, port=5060),
            )
        ),
        net.now,
    )
    peer = net.peer(GATEWAY)
    peer.request("INVITE", sdp=OFFER)
    assert server.all(events.IncomingCall)[-1].trunk == names[2]
    text = (
        "INVITE sip:555@x SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKz\r\n"
        "From: <sip:1@x>;tag=a\r\nTo: <sip:9@x>\r\nCall-ID: d\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    )
    net.inject(text.encode(), GATEWAY, SERVER, port=40000)
    net.run(0.1)
    assert server.all(events.IncomingCall)[-1].trunk == names[1]


def test_a_phone_behind_a_trunks_address_is_still_a_phone() -> None:
    net = Net()
    server, _ = trunk_peer(net)
    peer = net.peer(GATEWAY)
    registering(net, peer, server, f"Contact: <sip:1001@{GATEWAY}>")
    peer.request("INVITE", from_="<sip:1001@callcenter.local>;tag=q", sdp=OFFER)
    assert peer.what[-1] == "401 INVITE"
    assert not server.all(events.IncomingCall)


def test_an_answer_goes_to_the_address_it_came_from_whatever_via_says() -> None:
    """RFC 3261 §18.2.2, RFC 3581: a forged Via makes us send to nobody else."""
    net = Net()
    trunk_peer(net)
    text = (
        "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:7777{};branch=z9hG4bK1;maddr=192.0.2.9\r\n"
        "From: <sip:1@x>;tag=a\r\nTo: <sip:9@x>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    )
    server = net.hosts[SERVER].endpoint
    for rport, port in (("", 7777), (";rport", 40000)):
        server.parcels()
        server.receive(text.format(rport).encode(), Flow("UDP", (STRANGER, 40000), (SERVER, 5060)), net.now)
        [parcel] = server.parcels()
        assert parcel.flow.remote == (STRANGER, port)


def test_a_listener_that_fails_does_not_keep_the_next_event_away() -> None:
    heard: list[events.SipEvent] = []

    def tell(event: events.SipEvent) -> None:
        heard.append(event)
        raise ValueError("listener")

    endpoint = Endpoint(domain="x", chance=random.Random(1), tell=tell, facing=lambda _: SERVER)
    contacts = (("1", "sip:a@10.0.0.9"), ("2", "sip:b@10.0.0.9"))
    endpoint.configure(
        Site(extensions=tuple(Extension(number=ExtensionNumber(n), contact=c) for n, c in contacts)), 0.0
    )
    assert endpoint.tell_events()
    assert len(heard) == 2


# ---- bans -----------------------------------------------------------------------------------------------------


def test_who_lists_the_extensions_learns_nothing_and_is_banned() -> None:
    """svwar: a REGISTER for each number, and no proof. Whoever is named, the answers are alike until there are none."""
    net = Net()
    server, _ = trunk_peer(net)
    scanner, other = net.peer(STRANGER), net.peer("10.0.0.67")
    for n in range(300):
        scanner.request(
            "REGISTER", uri="sip:callcenter.local", to=f"<sip:{900 + n}@callcenter.local>", call_id=f"c{n}", sequence=n
        )
    assert set(scanner.what) == {"401 REGISTER"}
    assert 50 < len(scanner.what) < 100
    [ban] = server.endpoint.bans(net.now)
    assert (ban.source, ban.why) == (STRANGER, "scan")
    assert server.endpoint.counters()["bans_total"] == 1
    other.request("OPTIONS", uri="sip:callcenter.local")
    other.last_response(200, "OPTIONS")
    heard = len(scanner.received)
    scanner.request("OPTIONS", uri="sip:callcenter.local", call_id="again")
    assert len(scanner.received) == heard
    assert server.endpoint.lift_ban(STRANGER)
    scanner.request("OPTIONS", uri="sip:callcenter.local", call_id="lifted")
    scanner.last_response(200, "OPTIONS")


def test_a_trunk_is_never_banned_nor_is_what_the_office_spares() -> None:
    net = Net(never_banned=[ipaddress.ip_network("192.168.7.0/24")])
    server, trunk = trunk_peer(net)
    spared = net.peer("192.168.7.9")
    for n in range(300):
        trunk.request("REGISTER", uri="sip:callcenter.local", call_id=f"t{n}", sequence=n)
        spared.request("REGISTER", uri="sip:callcenter.local", call_id=f"s{n}", sequence=n)
    assert server.endpoint.bans(net.now) == []
