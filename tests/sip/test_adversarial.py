"""What attackers and broken peers do to calls: races of CANCEL, BYE, ACK and re-INVITE, loops, answers never taken.

Floods are in test_admission and test_overload, lost and doubled messages in test_bad_wire, messages that cannot be
read in test_torture and test_strangers. Here: whatever order requests come in, each gets an answer of the protocol,
nothing is left of any call, and nobody is sent more than they sent.
"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from callcenterd.model.site import Site
from callcenterd.sip import events
from callcenterd.sip.events import ToTrunk
from callcenterd.sip.flow import Flow
from callcenterd.sip.message import Request, Response, encode
from callcenterd.sip.uri import SipUri
from tests.sip.net import ANSWER, GATEWAY, OFFER, OUT, SERVER, STRANGER, Host, Net, Peer, answering, trunk_peer
from tests.sip.test_bad_wire import told_in_order

DEEDS = ["INVITE", "again", "CANCEL", "ACK", "BYE", "UPDATE", "INFO", "PRACK", "re-INVITE", "REFER", "OPTIONS"]
COURSES = st.lists(
    st.tuples(
        st.sampled_from(DEEDS),
        st.sampled_from(["peer", "stranger"]),
        st.sampled_from(["right", "wrong tag", "wrong branch", "other call"]),
        st.integers(0, 5),
        st.sampled_from([0.0, 0.3, 5.0, 33.0]),
    ),
    max_size=12,
)


def _settled(net: Net, server: Host) -> None:
    """Nobody answers us any more; every timer runs out, and all calls are hung up by whoever has them."""
    net.run(40.0)
    for event in server.all(events.IncomingCall):
        server.endpoint.hang_up(event.dialog, now=net.now)
    server.endpoint.configure(Site(), net.now)
    net.run(4000.0)
    assert server.clean, server.endpoint.counters()


@settings(max_examples=150, deadline=None)
@given(COURSES, st.sampled_from(["answers", "rings", "refuses"]))
@example([("INVITE", "peer", "right", 1, 0.0), ("CANCEL", "peer", "right", 1, 0.0)], "answers")
@example([("INVITE", "peer", "right", 1, 0.0), ("BYE", "peer", "right", 2, 0.0)], "answers")
@example([("INVITE", "peer", "right", 1, 0.0), ("re-INVITE", "peer", "right", 2, 0.0)], "answers")
@example([("INVITE", "peer", "right", 1, 33.0), ("ACK", "peer", "right", 1, 0.0)], "answers")
def test_in_whatever_order_requests_come_no_call_is_left_and_each_ends_once(
    course: list[tuple[str, str, str, int, float]], we: str
) -> None:
    net = Net()
    server, trunk = trunk_peer(net)
    stranger = net.peer(STRANGER)
    if we == "answers":
        answering(server)
    elif we == "refuses":
        server.react = lambda event: (
            server.endpoint.refuse(event.dialog, 486, now=net.now) if isinstance(event, events.IncomingCall) else None
        )
    for deed, who, how, sequence, pause in course:
        _do(net, trunk if who == "peer" else stranger, deed, how, sequence)
        net.run(pause)
    told_in_order(server)
    finals = [seen.message for seen in net.seen if isinstance(seen.message, Response) and seen.message.status >= 200]
    repeated = Counter((final.call_id, str(final.cseq), final.via.branch) for final in finals)
    lives = 1 + sum(pause > 32 for *_, pause in course)  # after 64 T1 the same octets are a call of their own again
    assert max(repeated.values(), default=0) <= 11 * lives + len(course), "repeated for longer than 64 T1"
    _settled(net, server)


def _do(net: Net, peer: Peer, deed: str, how: str, sequence: int) -> None:
    """One request in the call "call@peer", whose tag of ours is known from our answers."""
    ours = [seen.message.to.tag for seen in net.seen if isinstance(seen.message, Response) and seen.message.to.tag] or [
        "guessed"
    ]
    tag = "guessed" if how == "wrong tag" else ours[-1]
    within = f"<sip:900@callcenter.local>;tag={tag}"
    call_id = "other@peer" if how == "other call" else "call@peer"
    branch = "z9hG4bKfirst" if how != "wrong branch" else None
    match deed:
        case "INVITE" | "again":
            peer.request("INVITE", sdp=OFFER, branch=branch, call_id=call_id, sequence=1)
        case "CANCEL":
            peer.request("CANCEL", branch=branch, call_id=call_id, sequence=1, contact=False)
        case "re-INVITE":
            peer.request("INVITE", to=within, call_id=call_id, sequence=sequence, sdp=OFFER)
        case "ACK":
            peer.request("ACK", to=within, call_id=call_id, sequence=sequence)
        case "REFER":
            peer.request(
                "REFER", "Refer-To: <sip:1002@callcenter.local>", to=within, call_id=call_id, sequence=sequence
            )
        case "PRACK":
            peer.request("PRACK", "RAck: 1 1 INVITE", to=within, call_id=call_id, sequence=sequence)
        case _:
            peer.request(deed, to=within, call_id=call_id, sequence=sequence)


# ---- answers that nobody takes -----------------------------------------------------------------------------


def test_a_stranger_who_takes_no_answer_is_sent_no_more_than_it_sent() -> None:
    """Two thousand INVITEs, none acknowledged: each that is let in is answered once, and nothing is kept of it."""
    net = Net()
    server, _ = trunk_peer(net)
    net.run(1.0)
    sent = 0
    for n in range(2000):
        octets = _invite(n)
        sent += len(octets)
        net.inject(octets, STRANGER, SERVER)
        net.run(0.005)
    net.run(100.0)
    got = [encode(seen.message) for seen in net.seen if seen.target == STRANGER]
    assert 0 < len(got) <= 2000
    assert sum(map(len, got)) <= 3 * sent
    assert (server.endpoint.counters()["calls"], server.endpoint.counters()["dialogs"]) == (0, 0)


def test_a_trunk_that_takes_no_refusal_is_sent_it_for_32_seconds_and_then_no_more() -> None:
    """RFC 3261 §17.2.1: timer H ends what timer G repeats, whatever their number."""
    net = Net()
    server, trunk = trunk_peer(net)
    server.react = lambda event: (
        server.endpoint.refuse(event.dialog, 404, now=net.now) if isinstance(event, events.IncomingCall) else None
    )
    begun = net.now
    for n in range(200):
        net.inject(_invite(n), GATEWAY, SERVER)
    net.run(200.0)
    del trunk
    refusals = [seen for seen in net.seen if isinstance(seen.message, Response) and seen.message.status == 404]
    assert len(refusals) == 200 * 11
    assert max(seen.at for seen in refusals) - begun < 32.5
    assert server.endpoint.counters()["calls"] == 0


def _invite(n: int) -> bytes:
    return (
        f"INVITE sip:900@callcenter.local SIP/2.0\r\nVia: SIP/2.0/UDP 10.9.9.9:5060;branch=z9hG4bKn{n};rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:f@x>;tag=t{n}\r\nTo: <sip:900@callcenter.local>\r\nCall-ID: n{n}\r\n"
        f"CSeq: 1 INVITE\r\nContact: <sip:f@10.9.9.9>\r\nContent-Type: application/sdp\r\n"
        f"Content-Length: {len(OFFER)}\r\n\r\n"
    ).encode() + OFFER


# ---- what goes round in circles ----------------------------------------------------------------------------


def test_a_call_of_ours_that_comes_back_is_refused_at_once() -> None:
    """A provider that routes a number to us which we routed to it: its proxy puts its Via before ours (§16.3)."""
    net = Net()
    server, trunk = trunk_peer(net)
    server.endpoint.place(ToTrunk(OUT, "02088886666"), caller="1001", sdp=OFFER, now=net.now)
    net.run(0.1)
    ours = next(message for message in trunk.received if isinstance(message, Request) and message.method == "INVITE")
    back = Request("INVITE", ours.uri, ours.headers.copy(), ours.body)
    back.headers.prepend("Via", f"SIP/2.0/UDP {GATEWAY}:5060;branch=z9hG4bKproxy")
    back.headers.set("Max-Forwards", "69")
    net.inject(encode(back), GATEWAY, SERVER)
    net.run(0.5)
    assert [response.status for response in net.responses(482, "INVITE")] == [482]
    assert server.all(events.IncomingCall) == []


@pytest.mark.parametrize(("left", "status"), [(0, 483), (1, None), (70, None), (255, None)])
def test_a_call_has_so_many_hops_and_no_more(left: int, status: int | None) -> None:
    net = Net()
    server, _ = trunk_peer(net)
    flow = Flow("UDP", (GATEWAY, 5060), (SERVER, 5060))
    server.endpoint.receive(_invite(1).replace(b"Max-Forwards: 70", f"Max-Forwards: {left}".encode()), flow, net.now)
    net.run(0.1)
    refused = [seen.message.status for seen in net.seen if isinstance(seen.message, Response) and seen.what[0] == "4"]
    assert refused == ([] if status is None else [status])
    assert len(server.all(events.IncomingCall)) == (status is None)


def test_a_provider_that_forks_without_end_gets_no_more_than_a_few_dialogs() -> None:
    net = Net()
    server, trunk = trunk_peer(net)
    server.endpoint.place(ToTrunk(OUT, "1"), caller="2", sdp=OFFER, now=net.now)
    net.run(0.1)
    invite = next(message for message in trunk.received if isinstance(message, Request) and message.method == "INVITE")
    assert isinstance(invite.target, SipUri)
    for n in range(30):
        trunk.answer(invite, 180, tag=f"fork{n}")
    for n in range(30):
        trunk.answer(invite, 200, tag=f"fork{n}", sdp=ANSWER)
    net.run(5.0)
    assert len(server.all(events.Accepted)) == 1
    assert server.endpoint.counters()["dialogs"] <= 32
