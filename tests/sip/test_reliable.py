"""Provisional answers that must not be lost (RFC 3262), both ways."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from callcenterd.sip import events, reliable
from callcenterd.sip.message import Headers, Request, Response
from callcenterd.sip.reliable import Ordered
from tests.sip.net import ANSWER, OFFER, Host, Net, Peer, trunk_peer
from tests.sip.test_outgoing import called


def invite(*lines: str) -> Request:
    return Request(
        "INVITE", "sip:a@b", Headers([(name, value) for name, _, value in (line.partition(": ") for line in lines)])
    )


@pytest.mark.parametrize(
    ("lines", "sdp", "wanted"),
    [
        ((), True, False),
        (("Supported: 100rel",), False, False),
        (("Supported: 100rel",), True, True),
        (("Require: 100rel",), False, True),
    ],
)
def test_an_answer_is_reliable_if_they_require_it_or_could_and_it_carries_sdp(
    lines: tuple[str, ...], sdp: bool, wanted: bool
) -> None:
    assert reliable.wants_reliable(invite(*lines), sdp=sdp) is wanted


@pytest.mark.parametrize(
    ("status", "lines", "number"),
    [
        (183, [("RSeq", "7"), ("Require", "100rel")], 7),
        (183, [("RSeq", "7")], None),
        (183, [("Require", "100rel")], None),
        (100, [("RSeq", "7"), ("Require", "100rel")], None),
        (200, [("RSeq", "7"), ("Require", "100rel")], None),
        (183, [("RSeq", "٧"), ("Require", "100rel")], None),
        (183, [("RSeq", "99999999999"), ("Require", "100rel")], None),
    ],
)
def test_their_number_is_read(status: int, lines: list[tuple[str, str]], number: int | None) -> None:
    assert reliable.number_of(Response(status, "x", Headers(lines))) == number


def test_their_answers_are_taken_once_and_in_order() -> None:
    """§4: the first may have any number."""
    ordered = Ordered()
    assert [ordered.takes(number) for number in (5, 5, 7, 6, 6, 7, 8)] == [True, False, False, True, False, True, True]


# ---- we are called -------------------------------------------------------------------------------------------


def early(net: Net, *lines: str, sdp: bytes | None = ANSWER) -> tuple[Host, Peer, events.DialogId]:
    """They call, and hear early media."""
    server, trunk = trunk_peer(net)
    trunk.request("INVITE", *(lines or ("Supported: 100rel",)), sdp=OFFER)
    dialog = server.one(events.IncomingCall).dialog
    server.endpoint.ring(dialog, sdp, now=net.now)
    net.run(0.05)
    return server, trunk, dialog


def prack(trunk: Peer, response: Response, *, rack: str = "", sequence: int = 2, sdp: bytes = b"") -> None:
    rack = rack or f"{response.headers.get('RSeq')} 1 INVITE"
    trunk.within(response, "PRACK", f"RAck: {rack}", sequence=sequence, sdp=sdp)


def test_the_ladder_of_early_media_and_its_prack() -> None:
    net = Net()
    server, trunk, dialog = early(net)
    rings = trunk.last_response(183, "INVITE")
    assert (rings.body, rings.require) == (ANSWER, ("100rel",))
    server.endpoint.accept(dialog, ANSWER, now=net.now)
    net.run(0.3)
    assert trunk.what == ["100 INVITE", "183 INVITE"], "the 200 waits for the PRACK (§3)"
    prack(trunk, rings)
    assert trunk.what[2:] == ["200 PRACK", "200 INVITE"]
    prack(trunk, rings, sequence=3)
    assert trunk.what[-1] == "481 PRACK", "once"


@pytest.mark.parametrize("rack", ["1 1 INVITE", "{number} 2 INVITE", "{number} 1 BYE", "rubbish"])
def test_a_prack_for_something_else_is_481(rack: str) -> None:
    net = Net()
    _, trunk, _ = early(net)
    rings = trunk.last_response(183, "INVITE")
    prack(trunk, rings, rack=rack.format(number=rings.headers.get("RSeq")))
    assert trunk.what[-1] == "481 PRACK"


def test_without_a_prack_it_is_repeated_at_doubled_times_and_then_the_call_is_refused() -> None:
    """§3: T1, 2·T1, 4·T1 … without the bound of other answers; after 64·T1 it is over."""
    net = Net()
    server, trunk, dialog = early(net)
    net.run(31.6)
    times = [seen.at for seen in net.seen if seen.what == "183 INVITE"]
    assert [round(later - sooner, 3) for sooner, later in pairwise(times)] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0]
    assert not server.all(events.Cancelled)
    net.run(2.0)
    assert trunk.last_response(504, "INVITE")
    assert server.one(events.Cancelled).dialog == dialog
    trunk.request("ACK", branch=trunk.last_response(504, "INVITE").via.branch)
    net.run(40.0)
    assert server.clean


def test_ringing_is_reliable_only_if_they_require_it() -> None:
    net = Net()
    _, trunk, _ = early(net, sdp=None)
    assert not trunk.last_response(180, "INVITE").headers.has("RSeq")
    net = Net()
    server, trunk, dialog = early(net, "Require: 100rel", sdp=None)
    assert trunk.last_response(180, "INVITE").headers.has("RSeq")
    server.endpoint.accept(dialog, ANSWER, now=net.now)
    net.run(0.05)
    assert trunk.what[-1] == "200 INVITE", "a 180 without SDP does not hold the answer back"
    net.run(1.0)
    assert trunk.what.count("180 INVITE") == 1, "nothing provisional after the answer"


def test_a_second_one_waits_for_the_prack_of_the_first() -> None:
    net = Net()
    server, trunk, dialog = early(net, "Require: 100rel", sdp=None)
    server.endpoint.ring(dialog, ANSWER, now=net.now)
    net.run(0.05)
    assert trunk.what[-1] == "180 INVITE"
    first = trunk.last_response(180, "INVITE")
    prack(trunk, first)
    second = trunk.last_response(183, "INVITE")
    assert int(second.headers.get("RSeq") or 0) == int(first.headers.get("RSeq") or 0) + 1


def test_a_caller_who_goes_away_while_we_wait_is_gone() -> None:
    net = Net()
    server, trunk, _ = early(net)
    rings = trunk.last_response(183, "INVITE")
    trunk.within(rings, "BYE", sequence=2)
    assert trunk.what[-2:] == ["200 BYE", "487 INVITE"]
    trunk.request("ACK", branch=trunk.last_response(487, "INVITE").via.branch)
    net.run(70.0)
    assert server.clean


def test_the_numbers_begin_anywhere_in_the_lower_half() -> None:
    first = {int(number_of_first(seed)) for seed in range(20)}
    assert len(first) == 20
    assert max(first) < 2**31


def number_of_first(seed: int) -> str:
    response = Response(183, "x")
    reliable.Reliable(1, random.Random(seed)).stamp(response)
    return response.headers.get("RSeq") or ""


# ---- we call -------------------------------------------------------------------------------------------------


def test_their_reliable_answers_are_acknowledged_in_their_order_and_told_once() -> None:
    net = Net()
    server, trunk, dialog, ours = called(net)
    more = ("Require: 100rel", "RSeq: 41")
    trunk.answer(ours, 183, *more, sdp=ANSWER)
    first = trunk.last_request("PRACK")
    assert first.headers.get("RAck") == f"41 {ours.cseq.number} INVITE"
    assert first.cseq.number == ours.cseq.number + 1
    trunk.answer(first, 200)
    trunk.answer(ours, 183, *more, sdp=ANSWER)  # repeated: their PRACK came late
    trunk.answer(ours, 180, "Require: 100rel", "RSeq: 43")  # 42 was lost
    assert trunk.what.count("PRACK") == 1
    trunk.answer(ours, 180, "Require: 100rel", "RSeq: 42")
    assert trunk.what.count("PRACK") == 2
    trunk.answer(trunk.last_request("PRACK"), 200)
    assert server.all(events.Progress) == [events.Progress(dialog, ANSWER), events.Progress(dialog, None)]
    trunk.answer(ours, 200, sdp=ANSWER)
    ack = trunk.last_request("ACK")
    assert ack.cseq.number == ours.cseq.number
    server.endpoint.hang_up(dialog, now=net.now)
    net.run(0.05)
    bye = trunk.last_request("BYE")
    assert bye.cseq.number > trunk.last_request("PRACK").cseq.number
    trunk.answer(bye, 200)
    net.run(40.0)
    assert server.clean


def test_each_branch_of_a_fork_counts_for_itself() -> None:
    net = Net()
    _, trunk, _, ours = called(net)
    trunk.answer(ours, 183, "Require: 100rel", "RSeq: 1", tag="one", sdp=ANSWER)
    trunk.answer(ours, 183, "Require: 100rel", "RSeq: 900", tag="two", sdp=ANSWER)
    assert [one.headers.get("RAck") for one in net.requests("PRACK")] == ["1 1 INVITE", "900 1 INVITE"]


def test_an_update_in_an_early_dialog_is_handed_on() -> None:
    """RFC 3311 §5.2: once the first offer is answered reliably, a new one may come before the call is answered."""
    net = Net()
    server, trunk, dialog, ours = called(net)
    trunk.answer(ours, 183, "Require: 100rel", "RSeq: 1", "Allow: UPDATE, PRACK", sdp=ANSWER)
    trunk.answer(trunk.last_request("PRACK"), 200)
    [contact] = ours.contacts
    trunk.request(
        "UPDATE", uri=str(contact.uri), call_id=ours.call_id, from_=f"{ours.to};tag=peer", to=str(ours.from_), sdp=OFFER
    )
    assert server.one(events.Reoffered) == events.Reoffered(dialog, OFFER)
    server.endpoint.accept_offer(dialog, ANSWER, now=net.now)
    net.run(0.05)
    assert trunk.last_response(200, "UPDATE").body == ANSWER
