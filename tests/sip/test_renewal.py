"""What we ask anew within a call: our offers, their glare, and a lossy wire (RFC 3261 §14, RFC 3311)."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenterd.model.site import Secret
from callcenterd.sip import events
from callcenterd.sip.events import DialogId, SipEvent, ToTrunk
from callcenterd.sip.message import Response
from callcenterd.sip.renewal import MOST_TRIES
from tests.sip.net import ANSWER, OFFER, OUT, Host, Net, Peer, answering, office
from tests.sip.test_bad_wire import LATER, PATIENCE, WIRES, end_of_all, told_in_order
from tests.sip.test_conversation import up
from tests.sip.test_outgoing import called

OTHER = OFFER.replace(b"4000", b"6000")


def we_called(net: Net, **trunk: object) -> tuple[Host, Peer, DialogId, Response]:
    server, peer, dialog, invite = called(net, **trunk)
    peer.answer(invite, 200, "Allow: INVITE, ACK, BYE, UPDATE", sdp=ANSWER)
    peer.received.clear()
    accepted = net.responses(200, "INVITE")
    return server, peer, dialog, accepted[-1] if accepted else Response(200, "OK")


def test_the_ladder_of_our_new_offer() -> None:
    net = Net()
    server, trunk, dialog, _ = we_called(net)
    server.endpoint.offer(dialog, OTHER, now=net.now)
    net.run(0.05)
    offer = trunk.last_request("INVITE")
    assert offer.body == OTHER
    trunk.answer(offer, 200, sdp=ANSWER)
    assert trunk.what == ["INVITE", "ACK"]
    assert trunk.last_request("ACK").cseq.number == offer.cseq.number
    assert server.one(events.Reanswered) == events.Reanswered(dialog, ANSWER)
    trunk.answer(offer, 200, sdp=ANSWER)
    assert trunk.what == ["INVITE", "ACK", "ACK"], "each 2xx is acknowledged each time (§13.2.2.4)"
    assert len(server.all(events.Reanswered)) == 1


@pytest.mark.parametrize("status", [488, 603, 405, 500])
def test_a_refused_offer_leaves_all_as_it_was(status: int) -> None:
    """§14.1."""
    net = Net()
    server, trunk, dialog, _ = we_called(net)
    server.endpoint.offer(dialog, OTHER, now=net.now)
    net.run(0.05)
    trunk.answer(trunk.last_request("INVITE"), status)
    assert server.one(events.OfferRefused) == events.OfferRefused(dialog, status)
    assert not server.all(events.HungUp)
    assert server.endpoint.counters()["dialogs"] == 1


@pytest.mark.parametrize("status", [408, 481, None])
def test_an_offer_to_who_knows_nothing_of_the_call_ends_it(status: int | None) -> None:
    """§12.2.1.2."""
    net = Net()
    server, trunk, dialog, _ = we_called(net)
    server.endpoint.offer(dialog, OTHER, now=net.now)
    net.run(0.05)
    if status is not None:
        trunk.answer(trunk.last_request("INVITE"), status)
    else:
        net.run(33.0)
    assert server.one(events.HungUp).dialog == dialog
    assert trunk.last_request("BYE")
    net.run(40.0)
    assert server.clean


def test_an_offer_that_only_rings_is_given_up() -> None:
    net = Net()
    server, trunk, dialog, _ = we_called(net)
    server.endpoint.offer(dialog, OTHER, now=net.now)
    net.run(0.05)
    trunk.answer(trunk.last_request("INVITE"), 100)
    net.run(70.0)
    assert server.one(events.HungUp).dialog == dialog
    net.run(40.0)
    assert server.clean


def test_after_a_glare_who_began_the_call_waits_longer_than_who_did_not() -> None:
    """§14.1: 2.1 to 4 s, and 0 to 2 s, in units of 10 ms."""

    def pause(net: Net, server: Host, trunk: Peer, dialog: DialogId) -> float:
        server.endpoint.offer(dialog, OTHER, now=net.now)
        net.run(0.05)
        first, refused = trunk.last_request("INVITE"), net.now
        trunk.answer(first, 491)
        net.run(5.0, until=lambda: trunk.last_request("INVITE").cseq != first.cseq)
        return net.now - refused

    ours, theirs = [], []
    for seed in range(12):
        server, trunk, dialog, _ = we_called(net := Net(seed))
        ours.append(pause(net, server, trunk, dialog))
        server, trunk, dialog, _ = up(net := Net(seed))
        theirs.append(pause(net, server, trunk, dialog))
    assert min(ours) >= 2.1
    assert max(ours) <= 4.2
    assert max(theirs) <= 2.2
    assert len(set(ours)) > 6


def test_an_offer_that_always_glares_is_given_up_and_the_call_goes_on() -> None:
    net = Net()
    server, trunk, dialog, _ = we_called(net)
    server.endpoint.offer(dialog, OTHER, now=net.now)
    for _ in range(MOST_TRIES):
        net.run(0.05)
        trunk.answer(trunk.last_request("INVITE"), 491)
        net.run(4.2)
    assert server.one(events.OfferRefused) == events.OfferRefused(dialog, 491)
    assert not server.all(events.HungUp)


def test_their_offer_while_ours_is_under_way_is_491() -> None:
    """§14.2."""
    net = Net()
    server, trunk, dialog, answer = up(net)
    server.endpoint.offer(dialog, OTHER, now=net.now)
    net.run(0.05)
    ours = trunk.last_request("INVITE")
    trunk.within(answer, "INVITE", sequence=2, sdp=OFFER)
    trunk.within(answer, "UPDATE", sequence=3, sdp=OFFER)
    assert [what for what in trunk.what if what.startswith("491")] == ["491 INVITE", "491 UPDATE"]
    trunk.answer(ours, 200, sdp=ANSWER)
    assert server.one(events.Reanswered).dialog == dialog
    assert not server.all(events.Reoffered)


def test_our_offer_waits_until_theirs_is_answered_and_acknowledged() -> None:
    net = Net()
    server, trunk, dialog, answer = up(net)
    trunk.within(answer, "INVITE", sequence=2, sdp=OFFER)
    server.endpoint.offer(dialog, OTHER, now=net.now)
    server.endpoint.accept_offer(dialog, ANSWER, now=net.now)
    net.run(0.05)
    assert "INVITE" not in trunk.what
    trunk.within(answer, "ACK", sequence=2)
    assert trunk.last_request("INVITE").body == OTHER


def test_the_newest_offer_counts() -> None:
    net = Net()
    server, trunk, dialog, _ = we_called(net)
    server.endpoint.offer(dialog, OTHER, now=net.now)
    net.run(0.05)
    newest = OTHER.replace(b"6000", b"6002")
    server.endpoint.offer(dialog, b"nobody sees this", now=net.now)
    server.endpoint.offer(dialog, newest, now=net.now)
    trunk.answer(trunk.last_request("INVITE"), 200, sdp=ANSWER)
    net.run(0.05)
    assert trunk.last_request("INVITE").body == newest


def test_a_trunk_that_challenges_our_offer_gets_one_proof() -> None:
    net = Net()
    server, trunk, dialog, _ = we_called(net, username="acc", password=Secret("geheim"))
    server.endpoint.offer(dialog, OTHER, now=net.now)
    net.run(0.05)
    challenge = 'Proxy-Authenticate: Digest realm="sbc", nonce="n", algorithm=MD5, qop="auth"'
    trunk.answer(trunk.last_request("INVITE"), 407, challenge)
    again = trunk.last_request("INVITE")
    assert again.headers.has("Proxy-Authorization")
    trunk.answer(again, 407, challenge)
    assert server.one(events.OfferRefused) == events.OfferRefused(dialog, 407)


def test_our_offer_goes_to_a_strict_router_as_the_rules_say() -> None:
    """§12.2.1.1: its address becomes the Request-URI, theirs the last Route."""
    net = Net()
    server, trunk, dialog, invite = called(net)
    trunk.answer(invite, 200, "Record-Route: <sip:lr@10.0.0.2;lr>, <sip:strict@10.0.0.2>", sdp=ANSWER)
    server.endpoint.offer(dialog, OTHER, now=net.now)
    net.run(0.05)
    offer = trunk.last_request("INVITE")
    assert offer.uri == "sip:strict@10.0.0.2"
    assert [str(route) for route in offer.routes] == ["<sip:lr@10.0.0.2;lr>", "<sip:peer@10.0.0.2>"]


def test_a_hang_up_while_an_offer_is_under_way_ends_both() -> None:
    net = Net()
    server, trunk, dialog, _ = we_called(net)
    server.endpoint.offer(dialog, OTHER, now=net.now)
    net.run(0.05)
    offer = trunk.last_request("INVITE")
    server.endpoint.hang_up(dialog, now=net.now)
    net.run(0.05)
    trunk.answer(trunk.last_request("BYE"), 200)
    trunk.answer(offer, 481)
    net.run(40.0)
    assert server.clean
    assert not server.all(events.HungUp)


# ---- whatever the wire does ----------------------------------------------------------------------------------

OFFERS = st.lists(st.tuples(st.floats(0.0, 30.0), st.booleans()), max_size=6)
"""After how many seconds a new offer is made, and whether by our side."""


@settings(max_examples=80, deadline=None)
@given(WIRES, st.booleans(), OFFERS, LATER)
def test_offers_of_both_sides_on_a_bad_wire_leave_nothing_behind(
    wire: dict[str, float], early: bool, offers: list[tuple[float, bool]], hangs_up: float | None
) -> None:
    """A call with early media (so PRACKs), new offers of both sides that meet, and an end at any time."""
    net = Net(**wire)  # type: ignore[arg-type]  # the fields are Net's
    server, gateway = office(net)
    chance = random.Random(int(wire["seed"]))

    def person(host: Host) -> None:
        def hear(event: SipEvent) -> None:
            if isinstance(event, events.IncomingCall):
                host.endpoint.ring(event.dialog, ANSWER if early else None, now=net.now)
                net.plan(chance.random() * 3, lambda: host.endpoint.accept(event.dialog, ANSWER, now=net.now))
                net.plan(PATIENCE, lambda: host.endpoint.hang_up(event.dialog, now=net.now))
                for after, by_us in offers:
                    if not by_us:
                        net.plan(after, lambda: host.endpoint.offer(event.dialog, OTHER, now=net.now))
            elif isinstance(event, events.Reoffered):
                net.plan(chance.random(), lambda: host.endpoint.accept_offer(event.dialog, ANSWER, now=net.now))

        host.react = hear

    person(server)
    person(gateway)
    ours = server.endpoint.place(ToTrunk(OUT, "900"), caller="1", sdp=OFFER, now=net.now)
    for after, by_us in offers:
        if by_us:
            net.plan(after, lambda: server.endpoint.offer(ours, OTHER, now=net.now))
    for seconds in (hangs_up, PATIENCE):
        if seconds is not None:
            net.plan(seconds, lambda: server.endpoint.hang_up(ours, now=net.now))
    net.run(250.0)
    for host in (server, gateway):
        told_in_order(host)
    end_of_all(net)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), OFFERS)
def test_on_a_good_wire_every_last_offer_is_answered_however_they_meet(
    seed: int, offers: list[tuple[float, bool]]
) -> None:
    net = Net(seed)
    server, gateway = office(net)
    answering(server)
    answering(gateway)
    ours = server.endpoint.place(ToTrunk(OUT, "900"), caller="1", sdp=OFFER, now=net.now)
    net.run(1.0)
    theirs = gateway.one(events.IncomingCall).dialog
    for after, by_us in offers:
        host, dialog = (server, ours) if by_us else (gateway, theirs)
        net.plan(after, lambda host=host, dialog=dialog: host.endpoint.offer(dialog, OTHER, now=net.now))  # type: ignore[misc]
    net.run(90.0)
    for host, was_ours in ((server, True), (gateway, False)):
        assert not host.all(events.HungUp)
        assert not host.all(events.OfferRefused)
        assert bool(host.all(events.Reanswered)) == any(by_us is was_ours for _, by_us in offers)
