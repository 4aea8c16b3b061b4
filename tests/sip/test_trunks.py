"""Our registration at a provider and its health, as messages."""

from __future__ import annotations

import random

import pytest

from callcenterd.model.site import Secret, Site, Trunk
from callcenterd.sip import events
from callcenterd.sip.digest import Guard, Verdict
from callcenterd.sip.events import ToTrunk
from callcenterd.sip.headers import Credentials
from callcenterd.sip.locate import Found, Machine, Place
from callcenterd.sip.message import Request
from tests.sip.net import GATEWAY, OFFER, OUT, Host, Net, Peer, trunk_peer

ACCOUNT = {"username": "62960000", "password": Secret("geheim"), "register": True}


def enrolling(net: Net) -> tuple[Host, Peer, Request]:
    server, trunk = trunk_peer(net, **ACCOUNT)
    net.run(0.05)
    return server, trunk, trunk.last_request("REGISTER")


def test_a_registration_says_who_and_where_and_for_how_long() -> None:
    _, _, register = enrolling(Net())
    assert register.uri == f"sip:{GATEWAY}"
    assert str(register.to) == f"<sip:62960000@{GATEWAY}>"
    assert [str(contact) for contact in register.contacts] == ["<sip:62960000@10.0.0.1:5060>"]
    assert register.expires == 3600
    assert not register.headers.has("Authorization")


def test_a_challenge_is_proved_once_and_a_second_one_is_a_refusal() -> None:
    net = Net()
    server, trunk, first = enrolling(net)
    guard = Guard("telecom", random.Random(1))
    trunk.answer(first, 401, *(f"WWW-Authenticate: {line}" for line in guard.challenges(0.0)))
    second = trunk.last_request("REGISTER")
    assert (second.call_id, second.cseq.number) == (first.call_id, first.cseq.number + 1)
    proof = Credentials.parse(second.headers.get("Authorization") or "")
    judged = guard.judge([proof], "REGISTER", second.uri, {"62960000": Secret("geheim")}.get, 0.0)
    assert judged.verdict is Verdict.PROVEN
    trunk.answer(second, 401, *(f"WWW-Authenticate: {line}" for line in guard.challenges(0.0)))
    assert trunk.what == ["REGISTER", "REGISTER"]
    assert server.one(events.TrunkSeen) == events.TrunkSeen(OUT, "down", "registration: 401 Unauthorized")


@pytest.mark.parametrize(
    ("more", "granted"),
    [
        (["Contact: <sip:62960000@10.0.0.1:5060>;expires=600", "Expires: 1200"], 600),
        (["Contact: <sip:other@x>;expires=60, <sip:62960000@10.0.0.1:5060>;expires=900"], 900),
        (["Expires: 1200"], 1200),
        ([], 3600),
    ],
)
def test_we_come_again_before_what_was_granted_is_over(more: list[str], granted: int) -> None:
    net = Net()
    server, trunk, register = enrolling(net)
    trunk.answer(register, 200, *more, contact=False)
    assert server.one(events.TrunkSeen) == events.TrunkSeen(OUT, "up", "registered")
    net.run(granted * 0.79)
    assert trunk.what == ["REGISTER"]
    net.run(granted * 0.12)
    assert trunk.what[1] == "REGISTER"
    again = trunk.last_request("REGISTER")
    assert again.call_id == register.call_id


def test_too_brief_a_wish_is_made_longer() -> None:
    net = Net()
    _, trunk, register = enrolling(net)
    trunk.answer(register, 423, "Min-Expires: 7200")
    assert trunk.last_request("REGISTER").expires == 7200
    trunk.answer(trunk.last_request("REGISTER"), 423, "Min-Expires: 999999999")
    assert trunk.what == ["REGISTER", "REGISTER"]


def test_an_unanswered_registration_is_tried_again_after_a_pause() -> None:
    net = Net()
    server, trunk, _ = enrolling(net)
    net.run(32.5)
    assert server.one(events.TrunkSeen).why == "registration: no answer"
    sent = len(trunk.what)
    net.run(20.0)
    assert len(trunk.what) == sent
    net.run(20.0)
    assert len(trunk.what) > sent


def test_a_trunk_that_stops_answering_is_told_down_and_up_again() -> None:
    net = Net()
    server, trunk = trunk_peer(net)
    net.run(1.0)
    assert server.one(events.TrunkSeen) == events.TrunkSeen(OUT, "up", "200 to OPTIONS")
    net.drop = lambda seen: seen.source == "10.0.0.1"
    net.run(90.0)
    assert server.all(events.TrunkSeen)[1:] == [events.TrunkSeen(OUT, "down", "no answer to OPTIONS")]
    net.drop = lambda _seen: False
    net.run(60.0)
    assert server.all(events.TrunkSeen)[2:] == [events.TrunkSeen(OUT, "up", "200 to OPTIONS")]
    assert trunk.what == []


def test_a_trunk_that_leaves_the_site_is_not_asked_any_more() -> None:
    net = Net()
    server, trunk, register = enrolling(net)
    server.endpoint.configure(Site(), net.now)
    trunk.answer(register, 200, "Expires: 600")
    trunk.received.clear()
    net.run(2000.0)
    assert not server.all(events.TrunkSeen)
    assert trunk.received == []
    assert server.endpoint.deadline() is None


def test_a_trunk_that_did_not_change_keeps_its_registration() -> None:
    net = Net()
    server, trunk, register = enrolling(net)
    trunk.answer(register, 200, "Expires: 600")
    for _ in range(3):
        server.endpoint.configure(Site(trunks=(Trunk(name=OUT, host=GATEWAY, **ACCOUNT),)), net.now)  # type: ignore[arg-type]
        net.run(1.0)
    assert trunk.what == ["REGISTER"]
    assert len(server.all(events.TrunkSeen)) == 1


# ---- several machines behind one name (RFC 3263 §4.3) ---------------------------------------------------------

SECOND = "10.0.0.22"
TWO = Found((Machine((Place("UDP", GATEWAY, 5060),), 10), Machine((Place("UDP", SECOND, 5060),), 20)))


def test_a_registration_goes_to_the_next_machine_and_calls_follow_it() -> None:
    net = Net()
    server, first = trunk_peer(net, host="sbc.example", **ACCOUNT)
    second = net.peer(SECOND)
    [wanted] = server.endpoint.lookups(net.now)
    server.endpoint.located(wanted, TWO, net.now)
    net.run(0.05)
    first.answer(first.last_request("REGISTER"), 503)
    net.run(60.0, until=lambda: "REGISTER" in second.what)
    register = second.last_request("REGISTER")
    second.answer(register, 200, "Expires: 600")
    server.endpoint.place(ToTrunk(OUT, "1"), caller="2", sdp=OFFER, now=net.now)
    net.run(0.05)
    assert second.last_request("INVITE").uri == "sip:1@sbc.example"
    assert not any(one.cseq.method == "INVITE" for one in first.received)


def test_a_machine_that_answers_no_question_is_asked_last() -> None:
    net = Net()
    server, first = trunk_peer(net, host="sbc.example")
    second = net.peer(SECOND)
    net.drop = lambda seen: seen.target == GATEWAY
    [wanted] = server.endpoint.lookups(net.now)
    server.endpoint.located(wanted, TWO, net.now)
    net.run(75.0)
    assert any(one.cseq.method == "OPTIONS" for one in second.received)
    assert first.received == []
    assert server.all(events.TrunkSeen)[-1].state == "up"
