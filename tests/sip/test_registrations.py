"""REGISTER of phones written by hand: what is granted, where calls to them go, and how far away they are."""

from __future__ import annotations

import random

import pytest

from callcenterd.model.ids import ExtensionNumber
from callcenterd.model.site import Extension, Secret, Site, Trunk
from callcenterd.sip import events
from callcenterd.sip.digest import prove
from callcenterd.sip.events import ToExtension
from callcenterd.sip.flow import Flow
from callcenterd.sip.message import Message, Request, Response
from callcenterd.sip.qualify import EVERY, MOST_AT_ONCE, SPREAD
from callcenterd.sip.registrar import LONGEST, MOST_BINDINGS, SHORTEST
from tests.sip.net import ANNA, ANSWER, GATEWAY, OFFER, OUT, PASSWORD, PHONE, SERVER, Host, Net, Peer

URI = "sip:callcenter.local"
STRANGE = "10.0.0.99"


class Device(Peer):
    """A phone. answers: whether it answers OPTIONS."""

    def __init__(self, net: Net, address: str = PHONE, login: str = ANNA) -> None:
        super().__init__(net, address)
        self.answers = True
        self.sequence = 0
        self._login = login
        net.peers[address] = self

    def receive(self, message: Message) -> None:
        if isinstance(message, Request) and message.method == "OPTIONS" and not self.answers:
            self.received.append(message)
        else:
            super().receive(message)

    def register(self, *more: str, call_id: str = "binding@phone") -> Response:
        """Asks, proves, and answers what came of it. more: header lines, Contact among them."""
        me = f"<sip:{self._login}@callcenter.local>"
        for proves in (False, True):
            self.sequence += 1
            lines = [*more, *([f"Authorization: {self.proof()}"] if proves else [])]
            self.request(
                "REGISTER", *lines, uri=URI, call_id=call_id, to=me, from_=f"{me};tag=r", sequence=self.sequence,
                contact=False,
            )  # fmt: skip
            answered = [one for one in self.received if isinstance(one, Response) and one.cseq.method == "REGISTER"][-1]
            if answered.status != 401:
                break
        return answered

    def proof(self) -> str:
        challenge = [one for one in self.received if isinstance(one, Response) and one.status == 401][-1]
        proof = prove(
            challenge.challenges, username=self._login, password=PASSWORD, method="REGISTER", uri=URI,
            chance=random.Random(self.sequence),
        )  # fmt: skip
        return str(proof)


@pytest.fixture
def net() -> Net:
    return Net()


def server_of(net: Net, *, extensions: int = 1) -> Host:
    """With a trunk at GATEWAY, whom no registration may reach."""
    server = net.host(SERVER)
    numbers = [ANNA, *(ExtensionNumber(str(2000 + n)) for n in range(1, extensions))]
    server.endpoint.configure(
        Site(
            trunks=(Trunk(name=OUT, host=GATEWAY, options=0),),
            extensions=tuple(Extension(number=number, password=PASSWORD) for number in numbers),
        ),
        net.now,
    )
    return server


def reached(net: Net, since: int = 0) -> set[str]:
    """Every address that the server sent anything to."""
    return {seen.target for seen in net.seen[since:] if seen.source == SERVER}


# ---- S-23: what a phone may register ------------------------------------------------------------------------


def test_a_thousand_bindings_of_one_extension_leave_ten_and_a_call_rings_ten(net: Net) -> None:
    server, device = server_of(net), Device(net)
    for first in range(0, 1000, 50):
        lines = [f"Contact: <sip:1001@{PHONE}:{10000 + n}>" for n in range(first, first + 50)]
        assert device.register(*lines, "Expires: 600").status == 200
    assert server.endpoint.counters()["registrations"] == MOST_BINDINGS
    since = len(net.seen)
    server.endpoint.place(ToExtension(ANNA), caller="900", sdp=OFFER, now=net.now)
    net.run(0.1)
    assert reached(net, since) == {PHONE}
    assert len([seen for seen in net.seen[since:] if seen.what == "INVITE"]) == MOST_BINDINGS


@pytest.mark.parametrize(
    ("expires", "status", "granted"),
    [("0", 200, None), ("1", 423, None), ("59", 423, None), ("60", 200, SHORTEST), ("4294967296", 200, LONGEST),
     ("99999999999999999999999", 200, LONGEST)],
)  # fmt: skip
def test_odd_expiries_are_bounded(net: Net, expires: str, status: int, granted: int | None) -> None:
    server_of(net)
    answered = Device(net).register(f"Contact: <sip:1001@{PHONE}>", f"Expires: {expires}")
    assert answered.status == status
    assert [contact.expires for contact in answered.contacts] == ([] if granted is None else [granted])
    if status == 423:
        assert answered.headers.get("Min-Expires") == str(SHORTEST)


def test_a_star_with_a_time_is_refused_and_one_with_0_takes_all(net: Net) -> None:
    server_of(net)
    device = Device(net)
    device.register(f"Contact: <sip:1001@{PHONE}>", "Expires: 600")
    assert device.register("Contact: *", "Expires: 3600").status == 400
    assert device.register("Contact: *").status == 400
    assert len(device.register().contacts) == 1, "a question only"
    assert device.register("Contact: *", "Expires: 0").status == 200
    assert device.register().contacts == ()


@pytest.mark.parametrize(
    "contact",
    [
        f"<sip:1001@{SERVER}:5060>",
        "<sip:1001@127.0.0.1:5060>",
        "<sip:1001@[::1]>",
        f"<sip:13800138000@{GATEWAY}>",
        "<sip:1001@255.255.255.255>",
        "<sip:1001@224.0.1.75>",
        f"<sip:1001@{PHONE};maddr={STRANGE}>",
        f"<sip:1001@{PHONE}?Route=%3Csip:{STRANGE};lr%3E>",
        f"<sips:1001@{STRANGE};transport=tls>",
    ],
)
def test_a_call_goes_to_the_phone_that_registered_whatever_its_contact_says(net: Net, contact: str) -> None:
    """Neither the INVITE nor ACK, BYE or OPTIONS goes anywhere else; so an answer with such a Contact leads nowhere."""
    server, device = server_of(net), Device(net)
    assert device.register(f"Contact: {contact}", "Expires: 600").status == 200
    since = len(net.seen)
    dialog = server.endpoint.place(ToExtension(ANNA), caller="900", sdp=OFFER, now=net.now)
    net.run(0.1)
    device.answer(
        device.last_request("INVITE"), 200, f"Contact: {contact}", f"Record-Route: <sip:{STRANGE};lr>", sdp=ANSWER,
        contact=False,
    )  # fmt: skip
    assert server.all(events.Accepted)
    net.run(2 * EVERY)
    server.endpoint.hang_up(dialog, now=net.now)
    net.run(40.0)
    assert reached(net, since) == {PHONE}
    assert {"INVITE", "ACK", "BYE", "OPTIONS"} <= {seen.what for seen in net.seen[since:]}
    assert not any("?" in seen.message.uri for seen in net.seen[since:] if isinstance(seen.message, Request))


def test_a_phone_is_asked_to_pick_up_by_itself_in_both_ways_that_there_are(net: Net) -> None:
    server, device = server_of(net), Device(net)
    device.register(f"Contact: <sip:1001@{PHONE}>", "Expires: 600")
    for at_once, told in ((True, 1), (False, 0)):
        server.endpoint.place(ToExtension(ANNA, at_once=at_once), caller="900", sdp=OFFER, now=net.now)
        net.run(0.1)
        headers = device.last_request("INVITE").headers
        assert headers.values("Alert-Info") == ["<http://callcenter.local>;info=alert-autoanswer;delay=0"] * told
        assert headers.values("Call-Info") == ["<sip:callcenter.local>;answer-after=0"] * told


def test_a_contact_that_is_no_sip_address_is_refused(net: Net) -> None:
    server_of(net)
    assert Device(net).register("Contact: <tel:+8613800138000>", "Expires: 600").status == 400


# ---- Path and outbound --------------------------------------------------------------------------------------


def test_a_path_is_told_back_and_is_the_route_of_calls(net: Net) -> None:
    """RFC 3327 §5.3: through the proxy that the REGISTER came by."""
    server, device = server_of(net), Device(net)
    path = f"<sip:edge@{PHONE};lr>"
    answered = device.register("Contact: <sip:1001@192.168.0.9>", "Expires: 600", f"Path: {path}", "Require: path")
    assert (answered.status, answered.headers.values("Path")) == (200, [path])
    server.endpoint.place(ToExtension(ANNA), caller="900", sdp=OFFER, now=net.now)
    net.run(0.1)
    invite = device.last_request("INVITE")
    assert invite.headers.values("Route") == [path]
    assert invite.uri == "sip:1001@192.168.0.9"


def test_a_phone_with_two_flows_is_rung_on_the_newest_one(net: Net) -> None:
    """RFC 5626 §5.3."""
    server, device = server_of(net), Device(net)
    instance = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"'
    for number in (1, 2):
        line = f"Contact: <sip:1001@{PHONE}:{5000 + number}>;reg-id={number};{instance}"
        assert device.register(line, "Expires: 600", "Supported: outbound", call_id=f"flow{number}").status == 200
    assert server.endpoint.counters()["registrations"] == 2
    server.endpoint.place(ToExtension(ANNA), caller="900", sdp=OFFER, now=net.now)
    net.run(0.1)
    assert [request.uri for request in net.requests("INVITE")] == [f"sip:1001@{PHONE}:5002"]


def test_outbound_is_agreed_on_where_pings_are_answered(net: Net) -> None:
    """RFC 5626 §6: by UDP it would need STUN, which there is not."""
    server, device = server_of(net), Device(net)
    line = f'Contact: <sip:1001@{PHONE}>;reg-id=1;+sip.instance="<urn:uuid:0>"'
    answered = device.register(line, "Expires: 600", "Supported: outbound, path", "Require: outbound")
    assert (answered.status, answered.headers.get("Require")) == (200, None)
    stream = Flow("TCP", (PHONE, 40000), (SERVER, 5060), connection=3)
    for proof in ("", "Authorization: {}\r\n"):
        device.sequence += 1
        text = (
            f"REGISTER {URI} SIP/2.0\r\nVia: SIP/2.0/TCP {PHONE};branch=z9hG4bKtcp{device.sequence}\r\n"
            "Max-Forwards: 70\r\nFrom: <sip:1001@callcenter.local>;tag=r\r\nTo: <sip:1001@callcenter.local>\r\n"
            f"Call-ID: tcp@phone\r\nCSeq: {device.sequence} REGISTER\r\n{line}\r\nSupported: outbound\r\n"
            f"{proof.format(device.proof()) if proof else ''}Content-Length: 0\r\n\r\n"
        )
        server.endpoint.receive(text.encode(), stream, net.now)
        net.run(0.1)
    answers = net.responses(200, "REGISTER")
    assert answers[-1].headers.get("Require") == "outbound"


def test_one_register_cannot_number_two_flows(net: Net) -> None:
    server_of(net)
    instance = '+sip.instance="<urn:uuid:0>"'
    lines = [f"Contact: <sip:1001@{PHONE}:{5000 + n}>;reg-id={n};{instance}" for n in (1, 2)]
    assert Device(net).register(*lines, "Expires: 600").status == 400


# ---- how far away it is -------------------------------------------------------------------------------------


def test_a_phone_is_asked_soon_after_it_has_registered_and_then_every_minute(net: Net) -> None:
    server, device = server_of(net), Device(net)
    device.register(f"Contact: <sip:1001@{PHONE}>", "Expires: 3600", "User-Agent: Acme 7")
    [seen] = server.endpoint.phones(net.now)
    assert (seen.extension, seen.device, seen.transport, seen.latency) == (ANNA, "Acme 7", "UDP", None)
    assert seen.source == f"{PHONE}:5060"
    registered_at = seen.since
    net.run(6.0)
    [seen] = server.endpoint.phones(net.now)
    assert seen.latency == pytest.approx(0.02)
    assert not seen.silent
    net.run(10 * EVERY)
    asked = [request for request in net.requests("OPTIONS") if request.uri == f"sip:1001@{PHONE}"]
    assert 10 / (1 + SPREAD) <= len(asked) <= 2 + 10 / (1 - SPREAD)
    device.register(f"Contact: <sip:1001@{PHONE}>", "Expires: 3600")
    assert server.endpoint.phones(net.now)[0].since == registered_at, "a refreshed one is no new one"
    device.register(f"Contact: <sip:1001@{PHONE}>", "Expires: 3600", call_id="anew")
    assert server.endpoint.phones(net.now)[0].since > registered_at


def test_a_silent_phone_is_shown_as_such_and_stays_registered(net: Net) -> None:
    server, device = server_of(net), Device(net)
    device.register(f"Contact: <sip:1001@{PHONE}>", "Expires: 3600")
    net.run(6.0)
    device.answers = False
    net.run(EVERY * (1 + SPREAD) + 40.0)
    [seen] = server.endpoint.phones(net.now)
    assert seen.silent
    assert seen.latency == pytest.approx(0.02), "of the last answer"
    device.answers = True
    net.run(EVERY * (1 + SPREAD) + 1.0)
    assert not server.endpoint.phones(net.now)[0].silent


def test_nobody_is_asked_once_the_binding_is_gone(net: Net) -> None:
    server, device = server_of(net), Device(net)
    device.register(f"Contact: <sip:1001@{PHONE}>", "Expires: 60")
    net.run(70.0)
    assert server.endpoint.phones(net.now) == []
    since = len(net.seen)
    net.run(3 * EVERY)
    assert net.seen[since:] == []
    device.register(f"Contact: <sip:1001@{PHONE}>", "Expires: 600")
    device.register("Contact: *", "Expires: 0")
    since = len(net.seen)
    net.run(3 * EVERY)
    assert net.seen[since:] == []


def test_many_phones_that_come_together_are_asked_a_few_at_a_time(net: Net) -> None:
    server = server_of(net, extensions=200)
    for n in range(1, 200):
        number = ExtensionNumber(str(2000 + n))
        Device(net, f"10.1.0.{n}", number).register(
            f"Contact: <sip:{number}@10.1.0.{n}>", "Expires: 3600", call_id=f"phone{n}"
        )
    net.run(2 * EVERY)
    asked = [seen.at for seen in net.seen if seen.source == SERVER and seen.what == "OPTIONS"]
    assert len(asked) >= 199
    assert max(sum(at <= other < at + 0.1 for other in asked) for at in asked) <= MOST_AT_ONCE
    assert all(seen.latency is not None for seen in server.endpoint.phones(net.now))


def test_a_site_without_the_extension_ends_the_questions(net: Net) -> None:
    server, device = server_of(net), Device(net)
    device.register(f"Contact: <sip:1001@{PHONE}>", "Expires: 3600")
    server.endpoint.configure(Site(extensions=(Extension(number=ExtensionNumber("7"), password=Secret("x")),)), net.now)
    since = len(net.seen)
    net.run(3 * EVERY)
    assert net.seen[since:] == []


def test_a_phone_that_says_so_is_told_to_answer_what_rings_there_and_no_other_one(net: Net) -> None:
    server, device = server_of(net), Device(net)
    device.register(f"Contact: <sip:1001@{PHONE}>", "Expires: 600")
    for more, told in (("Allow-Events: conference, Talk,hold", True), ("Allow-Events: presence", False)):
        dialog = server.endpoint.place(ToExtension(ANNA), caller="900", sdp=OFFER, now=net.now)
        net.run(0.1)
        assert not server.endpoint.pick_up(dialog, now=net.now), "it has not rung yet"
        invite = device.last_request("INVITE")
        device.answer(invite, 180, more)
        net.run(0.1)
        since = len(net.seen)
        assert server.endpoint.pick_up(dialog, now=net.now) is told
        net.run(0.1)
        assert [seen.what for seen in net.seen[since:]] == ["NOTIFY"] * told
        if told:
            notify = device.last_request("NOTIFY")
            assert notify.headers.values("Event") == ["talk"]
            assert (notify.call_id, notify.cseq.number) == (invite.call_id, invite.cseq.number + 1)
            device.answer(notify, 200)
            device.answer(invite, 200, sdp=ANSWER)
            assert server.all(events.Accepted)
            assert not server.endpoint.pick_up(dialog, now=net.now), "it is up"
        server.endpoint.hang_up(dialog, now=net.now)
        net.run(1.0)
