"""A call to us, and what a trunk may do with it before it is answered."""

from __future__ import annotations

import pytest

from callcenterd.sip import events
from tests.sip.net import ANSWER, GATEWAY, OFFER, STRANGER, Host, Net, Peer, trunk_peer


def ringing(net: Net) -> tuple[Host, Peer, events.DialogId, str]:
    """Our server, the trunk, the call and the branch of its INVITE."""
    server, trunk = trunk_peer(net)
    branch = trunk.request("INVITE", sdp=OFFER)
    dialog = server.one(events.IncomingCall).dialog
    server.endpoint.ring(dialog, now=net.now)
    net.run(0.05)
    return server, trunk, dialog, branch


def answered(net: Net) -> tuple[Host, Peer, events.DialogId, str]:
    """The same, answered and not acknowledged."""
    server, trunk, dialog, branch = ringing(net)
    server.endpoint.accept(dialog, ANSWER, now=net.now)
    net.run(0.05)
    return server, trunk, dialog, branch


def test_trying_comes_at_once_and_ringing_makes_an_early_dialog() -> None:
    net = Net()
    _, trunk, _, _ = ringing(net)
    assert trunk.what == ["100 INVITE", "180 INVITE"]
    rings = trunk.last_response(180, "INVITE")
    assert rings.to.tag is not None
    assert [str(contact) for contact in rings.contacts] == ["<sip:10.0.0.1:5060>"]


def test_record_routes_come_back_with_every_answer_that_makes_a_dialog() -> None:
    net = Net()
    server, trunk = trunk_peer(net)
    routes = ["<sip:p2.example;lr>", "<sip:p1.example;lr>"]
    trunk.request("INVITE", f"Record-Route: {routes[0]}, {routes[1]}", sdp=OFFER)
    dialog = server.one(events.IncomingCall).dialog
    server.endpoint.ring(dialog, now=net.now)
    server.endpoint.accept(dialog, ANSWER, now=net.now)
    net.run(0.05)
    for status in (180, 200):
        assert [str(one) for one in trunk.last_response(status, "INVITE").record_routes] == routes


def test_a_cancelled_call_is_answered_200_and_487_and_told_once() -> None:
    net = Net()
    server, trunk, dialog, branch = ringing(net)
    trunk.request("CANCEL", branch=branch)
    assert trunk.what[2:] == ["200 CANCEL", "487 INVITE"]
    trunk.request("CANCEL", branch=branch)  # repeated
    assert trunk.what[4:] == ["200 CANCEL"]
    assert server.all(events.Cancelled) == [events.Cancelled(dialog)]
    refused = trunk.last_response(487, "INVITE")
    trunk.request("ACK", branch=branch, to=str(refused.to))
    net.run(40.0)
    assert trunk.what[5:] == []
    assert server.clean


def test_a_cancel_that_crosses_our_answer_changes_nothing() -> None:
    net = Net()
    server, trunk, dialog, branch = answered(net)
    trunk.request("CANCEL", branch=branch)
    assert trunk.what[3:] == ["200 CANCEL"]
    trunk.within(trunk.last_response(200, "INVITE"), "ACK", sequence=1)
    assert not server.all(events.Cancelled)
    assert server.one(events.Acknowledged).dialog == dialog
    assert server.endpoint.counters()["dialogs"] == 1


def test_our_answer_after_their_cancel_is_not_sent() -> None:
    net = Net()
    server, trunk, dialog, branch = ringing(net)
    trunk.request("CANCEL", branch=branch)
    server.endpoint.accept(dialog, ANSWER, now=net.now)
    net.run(0.05)
    assert "200 INVITE" not in trunk.what


def test_a_stranger_who_knows_the_branch_cannot_cancel() -> None:
    net = Net()
    server, trunk, _, branch = ringing(net)
    text = (
        f"CANCEL sip:900@callcenter.local SIP/2.0\r\nVia: SIP/2.0/UDP {GATEWAY}:5060;branch={branch}\r\n"
        "From: <sip:13800001111@peer>;tag=theirs\r\nTo: <sip:900@callcenter.local>\r\n"
        "Call-ID: call@peer\r\nCSeq: 1 CANCEL\r\nContent-Length: 0\r\n\r\n"
    )
    net.inject(text.encode(), STRANGER, "10.0.0.1")
    net.run(0.1)
    assert net.responses(481, "CANCEL")
    assert not server.all(events.Cancelled)
    assert "487 INVITE" not in trunk.what


def test_a_bye_before_the_answer_ends_the_call_as_a_cancel_does() -> None:
    """RFC 3261 §15.1.2."""
    net = Net()
    server, trunk, dialog, _ = ringing(net)
    trunk.within(trunk.last_response(180, "INVITE"), "BYE", sequence=2)
    assert trunk.what[2:] == ["200 BYE", "487 INVITE"]
    assert server.all(events.Cancelled) == [events.Cancelled(dialog)]
    net.run(40.0)
    assert server.clean


def test_the_answer_is_repeated_until_it_is_acknowledged() -> None:
    """RFC 3261 §13.3.1.4: at T1, doubled up to T2; over any transport."""
    net = Net()
    server, trunk, dialog, _ = answered(net)
    net.run(3.0)
    sent = [seen.at for seen in net.seen if seen.what == "200 INVITE"]
    assert [round(at - sent[0], 3) for at in sent] == [0.0, 0.5, 1.5]
    trunk.within(trunk.last_response(200, "INVITE"), "ACK", sequence=1)
    net.run(30.0)
    assert len([seen for seen in net.seen if seen.what == "200 INVITE"]) == 3
    assert server.one(events.Acknowledged) == events.Acknowledged(dialog, None)


def test_an_answer_that_is_never_acknowledged_ends_in_a_bye_after_32_seconds() -> None:
    net = Net()
    server, trunk, dialog, _ = answered(net)
    net.run(31.9)
    assert "BYE" not in trunk.what
    net.run(0.2)
    assert server.all(events.HungUp) == [events.HungUp(dialog, "no ACK")]
    trunk.answer(trunk.last_request("BYE"), 200)
    net.run(40.0)
    assert server.clean


def test_a_hang_up_before_the_ack_waits_for_it() -> None:
    """RFC 3261 §15: no BYE before the ACK."""
    net = Net()
    server, trunk, dialog, _ = answered(net)
    server.endpoint.hang_up(dialog, now=net.now)
    net.run(0.2)
    assert "BYE" not in trunk.what
    trunk.within(trunk.last_response(200, "INVITE"), "ACK", sequence=1)
    assert trunk.what[-1] == "BYE"
    trunk.answer(trunk.last_request("BYE"), 200)
    net.run(40.0)
    assert server.clean
    assert not server.all(events.Acknowledged)
    assert not server.all(events.HungUp)


def test_a_hang_up_whose_ack_never_comes_ends_all_the_same() -> None:
    net = Net()
    server, trunk, dialog, _ = answered(net)
    server.endpoint.hang_up(dialog, now=net.now)
    net.run(33.0)
    assert trunk.what[-1] == "BYE"
    net.run(60.0)
    assert server.endpoint.counters()["dialogs"] == 0
    assert not server.all(events.HungUp)


@pytest.mark.parametrize("status", [480, 486, 603])
def test_a_refusal_is_repeated_until_it_is_acknowledged(status: int) -> None:
    net = Net()
    server, trunk, dialog, branch = ringing(net)
    server.endpoint.refuse(dialog, status, now=net.now)
    net.run(1.0)
    assert trunk.what[2:] == [f"{status} INVITE"] * 2
    trunk.request("ACK", branch=branch, to=str(trunk.last_response(status, "INVITE").to))
    net.run(40.0)
    assert trunk.what[4:] == []
    assert server.clean


def test_a_hang_up_while_it_rings_is_a_refusal() -> None:
    net = Net()
    server, trunk, dialog, _ = ringing(net)
    server.endpoint.hang_up(dialog, now=net.now)
    net.run(0.1)
    assert trunk.what[-1] == "480 INVITE"


def test_a_call_without_offer_gets_ours_and_its_answer_comes_with_the_ack() -> None:
    net = Net()
    server, trunk = trunk_peer(net)
    trunk.request("INVITE")
    arrived = server.one(events.IncomingCall)
    assert arrived.offer is None
    server.endpoint.accept(arrived.dialog, OFFER, now=net.now)
    net.run(0.05)
    assert trunk.last_response(200, "INVITE").body == OFFER
    trunk.within(trunk.last_response(200, "INVITE"), "ACK", sequence=1, sdp=ANSWER)
    assert server.one(events.Acknowledged) == events.Acknowledged(arrived.dialog, ANSWER)


def test_an_ack_on_the_invites_own_branch_counts_too() -> None:
    net = Net()
    server, trunk, dialog, branch = answered(net)
    trunk.request("ACK", branch=branch, to=str(trunk.last_response(200, "INVITE").to))
    assert server.one(events.Acknowledged).dialog == dialog


def test_answering_twice_and_ringing_after_the_answer_change_nothing() -> None:
    net = Net()
    server, trunk, dialog, _ = answered(net)
    server.endpoint.accept(dialog, ANSWER, now=net.now)
    server.endpoint.ring(dialog, now=net.now)
    net.run(0.05)
    assert trunk.what == ["100 INVITE", "180 INVITE", "200 INVITE"]


def test_a_refusal_after_the_answer_is_a_bye() -> None:
    net = Net()
    server, trunk, dialog, _ = answered(net)
    trunk.within(trunk.last_response(200, "INVITE"), "ACK", sequence=1)
    server.endpoint.refuse(dialog, 503, now=net.now)
    net.run(0.05)
    assert trunk.what[-1] == "BYE"
