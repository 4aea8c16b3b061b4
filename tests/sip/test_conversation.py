"""What either side may ask within a call that is up."""

from __future__ import annotations

import pytest

from callcenterd.sip import events
from callcenterd.sip.message import Response
from tests.sip.net import ANSWER, GATEWAY, OFFER, Host, Net, Peer, trunk_peer
from tests.sip.test_incoming import answered, ringing


def up(net: Net) -> tuple[Host, Peer, events.DialogId, Response]:
    """A call that is answered and acknowledged, and the answer that its dialog came from."""
    server, trunk, dialog, _ = answered(net)
    answer = trunk.last_response(200, "INVITE")
    trunk.within(answer, "ACK", sequence=1)
    return server, trunk, dialog, answer


def test_their_bye_ends_the_call_once() -> None:
    net = Net()
    server, trunk, dialog, answer = up(net)
    trunk.within(answer, "BYE", sequence=2)
    trunk.within(answer, "BYE", sequence=3)
    assert trunk.what[3:] == ["200 BYE", "481 BYE"]
    assert server.all(events.HungUp) == [events.HungUp(dialog, "normal")]
    net.run(40.0)
    assert server.clean


def test_a_repeated_bye_is_answered_as_before() -> None:
    net = Net()
    _, trunk, _, answer = up(net)
    branch = trunk.within(answer, "BYE", sequence=2)
    text = trunk.last_response(200, "BYE")
    trunk.request(
        "BYE", uri="sip:10.0.0.1:5060", branch=branch, call_id=answer.call_id, sequence=2,
        from_=str(answer.from_), to=str(answer.to),
    )  # fmt: skip
    assert trunk.what[3:] == ["200 BYE", "200 BYE"]
    assert trunk.last_response(200, "BYE") == text


def test_byes_that_cross_are_both_answered() -> None:
    net = Net()
    server, trunk, dialog, answer = up(net)
    server.endpoint.hang_up(dialog, now=net.now)
    trunk.within(answer, "BYE", sequence=2)
    assert sorted(trunk.what[3:]) == ["200 BYE", "BYE"]
    trunk.answer(trunk.last_request("BYE"), 481)
    net.run(40.0)
    assert server.clean
    assert not server.all(events.HungUp)


def test_a_bye_that_nobody_answers_ends_the_dialog_all_the_same() -> None:
    net = Net()
    server, _, dialog, _ = up(net)
    server.endpoint.hang_up(dialog, now=net.now)
    net.run(70.0)
    assert server.endpoint.counters()["dialogs"] == 0


def test_a_new_offer_is_handed_on_and_answered_and_repeated_until_its_ack() -> None:
    net = Net()
    server, trunk, dialog, answer = up(net)
    trunk.within(answer, "INVITE", sequence=2, sdp=OFFER)
    assert server.one(events.Reoffered) == events.Reoffered(dialog, OFFER)
    server.endpoint.accept_offer(dialog, ANSWER, now=net.now)
    net.run(0.8)
    assert trunk.what[3:] == ["200 INVITE", "200 INVITE"]
    second = trunk.last_response(200, "INVITE")
    assert (second.body, second.cseq.number, second.to.tag) == (ANSWER, 2, answer.to.tag)
    trunk.within(answer, "ACK", sequence=2)
    net.run(5.0)
    assert trunk.what[5:] == []
    assert len(server.all(events.Acknowledged)) == 2


def test_a_refused_offer_leaves_the_call_as_it_was() -> None:
    net = Net()
    server, trunk, dialog, answer = up(net)
    trunk.within(answer, "INVITE", sequence=2, sdp=OFFER)
    server.endpoint.refuse_offer(dialog, now=net.now)
    net.run(0.05)
    assert trunk.what[3:] == ["488 INVITE"]
    assert server.endpoint.counters()["dialogs"] == 1
    assert not server.all(events.HungUp)


def test_an_invite_without_offer_asks_for_ours() -> None:
    net = Net()
    server, trunk, dialog, answer = up(net)
    trunk.within(answer, "INVITE", sequence=2)
    assert server.one(events.Reoffered) == events.Reoffered(dialog, None)
    server.endpoint.accept_offer(dialog, OFFER, now=net.now)
    net.run(0.05)
    trunk.within(answer, "ACK", sequence=2, sdp=ANSWER)
    assert server.all(events.Acknowledged)[-1] == events.Acknowledged(dialog, ANSWER)


def test_a_cancelled_offer_is_answered_487_and_the_call_goes_on() -> None:
    net = Net()
    server, trunk, dialog, answer = up(net)
    branch = trunk.within(answer, "INVITE", sequence=2, sdp=OFFER)
    trunk.request(
        "CANCEL", uri="sip:10.0.0.1:5060", branch=branch, call_id=answer.call_id, sequence=2,
        from_=str(answer.from_), to=str(answer.to),
    )  # fmt: skip
    assert trunk.what[3:] == ["200 CANCEL", "487 INVITE"]
    server.endpoint.accept_offer(dialog, ANSWER, now=net.now)
    net.run(0.05)
    assert "200 INVITE" not in trunk.what[5:]
    assert not server.all(events.HungUp)


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_second_offer_before_the_first_is_answered_comes_back_later(method: str) -> None:
    """RFC 3261 §14.2, RFC 3311 §5.2."""
    net = Net()
    server, trunk, _, answer = up(net)
    trunk.within(answer, "INVITE", sequence=2, sdp=OFFER)
    trunk.within(answer, method, sequence=3, sdp=OFFER)
    refused = trunk.last_response(500, method)
    assert refused.headers.get("Retry-After")
    assert len(server.all(events.Reoffered)) == 1


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_an_offer_before_the_last_answer_is_acknowledged_is_refused_491(method: str) -> None:
    net = Net()
    server, trunk, _, _ = answered(net)
    trunk.within(trunk.last_response(200, "INVITE"), method, sequence=2, sdp=OFFER)
    assert trunk.what[-1] == f"491 {method}"
    assert not server.all(events.Reoffered)


def test_an_update_with_an_offer_is_answered_without_an_ack() -> None:
    net = Net()
    server, trunk, dialog, answer = up(net)
    trunk.within(answer, "UPDATE", sequence=2, sdp=OFFER)
    assert server.one(events.Reoffered) == events.Reoffered(dialog, OFFER)
    server.endpoint.accept_offer(dialog, ANSWER, now=net.now)
    net.run(5.0)
    assert trunk.what[3:] == ["200 UPDATE"]
    assert trunk.last_response(200, "UPDATE").body == ANSWER


def test_an_update_without_offer_only_says_that_the_call_goes_on() -> None:
    net = Net()
    server, trunk, _, answer = up(net)
    trunk.within(answer, "UPDATE", sequence=2)
    assert trunk.what[3:] == ["200 UPDATE"]
    assert not server.all(events.Reoffered)


def test_an_offer_while_their_first_one_is_not_answered_has_to_come_again() -> None:
    """RFC 3311 §5.2."""
    net = Net()
    server, trunk, _, _ = ringing(net)
    early = trunk.last_response(180, "INVITE")
    trunk.within(early, "UPDATE", sequence=2, sdp=OFFER)
    assert trunk.what[-1] == "500 UPDATE"
    assert trunk.last_response(500, "UPDATE").headers.has("Retry-After")
    assert not server.all(events.Reoffered)


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", "5"),
        ("application/dtmf-relay", b"Signal= *\r\nDuration=160", "*"),
        ("application/dtmf-relay", b"signal=11\r\n", "#"),
        ("application/dtmf-relay", b"Duration=250\r\nSignal=7\r\n", "7"),
        ("application/dtmf", b"d", "D"),
        ("application/dtmf", b"0\r\n", "0"),
    ],
)
def test_a_key_by_info_is_told(kind: str, body: bytes, key: str) -> None:
    net = Net()
    server, trunk, dialog, answer = up(net)
    trunk.within(answer, "INFO", f"Content-Type: {kind}", sequence=2, sdp=body)
    assert trunk.what[3:] == ["200 INFO"]
    assert server.one(events.KeyByInfo) == events.KeyByInfo(dialog, key)


@pytest.mark.parametrize("body", [b"Signal=55", b"", b"x" * 5000, b"Duration=160", b"Signal=\xff"])
def test_an_info_that_holds_no_key_is_answered_and_tells_nothing(body: bytes) -> None:
    net = Net()
    server, trunk, _, answer = up(net)
    trunk.within(answer, "INFO", "Content-Type: application/dtmf-relay", sequence=2, sdp=body)
    assert trunk.what[3:] == ["200 INFO"]
    assert not server.all(events.KeyByInfo)


@pytest.mark.parametrize(
    ("method", "more", "status"),
    [
        ("OPTIONS", (), 200),
        ("INFO", ("Content-Type: text/plain",), 415),
        ("INVITE", ("Content-Type: text/plain",), 415),
        ("UPDATE", ("Content-Type: text/plain",), 415),
        ("REFER", ("Refer-To: <sip:4711@x>",), 403),
        ("NOTIFY", (), 405),
        ("PRACK", (), 481),
        ("INVITE", ("Require: precondition",), 420),
    ],
)
def test_other_requests_get_their_status_and_the_call_goes_on(method: str, more: tuple[str, ...], status: int) -> None:
    net = Net()
    server, trunk, _, answer = up(net)
    trunk.within(answer, method, *more, sequence=2, sdp=b"text" if "text/plain" in "".join(more) else b"")
    last = trunk.received[-1]
    assert isinstance(last, Response)
    assert last.status == status
    assert server.endpoint.counters()["dialogs"] == 1


def test_an_older_request_that_comes_late_is_refused() -> None:
    """RFC 3261 §12.2.2."""
    net = Net()
    server, trunk, _, answer = up(net)
    trunk.within(answer, "INFO", sequence=7)
    trunk.within(answer, "BYE", sequence=6)
    assert trunk.what[3:] == ["200 INFO", "500 BYE"]
    assert not server.all(events.HungUp)


def test_requests_go_where_the_route_set_leads_then_to_their_newest_contact() -> None:
    net = Net()
    server, trunk, dialog, answer = up(net)
    trunk.within(answer, "UPDATE", "Contact: <sip:elsewhere@10.0.0.77:5080>", sequence=2)  # the first Contact counts
    text = (
        f"UPDATE sip:10.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP {GATEWAY}:5060;branch=z9hG4bKmove\r\n"
        f"From: {answer.from_}\r\nTo: {answer.to}\r\nCall-ID: {answer.call_id}\r\nCSeq: 3 UPDATE\r\n"
        "Contact: <sip:moved@10.0.0.78:5080>\r\nContent-Length: 0\r\n\r\n"
    )
    net.inject(text.encode(), GATEWAY, "10.0.0.1")
    net.run(0.05)
    server.endpoint.hang_up(dialog, now=net.now)
    [parcel] = server.endpoint.parcels()
    assert parcel.flow.remote == ("10.0.0.78", 5080)
    assert parcel.octets.startswith(b"BYE sip:moved@10.0.0.78:5080 SIP/2.0\r\n")


def test_a_route_set_is_followed() -> None:
    net = Net()
    server, trunk = trunk_peer(net)
    trunk.request("INVITE", "Record-Route: <sip:10.0.0.50:5070;lr>, <sip:p1.example;lr>", sdp=OFFER)
    dialog = server.one(events.IncomingCall).dialog
    server.endpoint.accept(dialog, ANSWER, now=net.now)
    net.run(0.05)
    trunk.within(trunk.last_response(200, "INVITE"), "ACK", sequence=1)
    server.endpoint.hang_up(dialog, now=net.now)
    [parcel] = server.endpoint.parcels()
    assert parcel.flow.remote == ("10.0.0.50", 5070)
    assert b"BYE sip:peer@10.0.0.2 SIP/2.0\r\n" in parcel.octets
    assert b"\r\nRoute: <sip:10.0.0.50:5070;lr>\r\nRoute: <sip:p1.example;lr>\r\n" in parcel.octets


# ---- is anybody there ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 404, 405, 501])
def test_who_answers_is_there_whatever_the_answer_says(status: int) -> None:
    """§11: OPTIONS in the dialog; one at a time."""
    net = Net()
    server, trunk, dialog, _ = up(net)
    trunk.is_there = status
    server.endpoint.ask_if_there(dialog, now=net.now)
    server.endpoint.ask_if_there(dialog, now=net.now)
    net.run(40.0)
    assert not server.all(events.HungUp)
    assert trunk.asked_if_there() == 1
    server.endpoint.ask_if_there(dialog, now=net.now)
    net.run(0.05)
    assert trunk.asked_if_there() == 2


@pytest.mark.parametrize("status", [408, 481, None])
def test_who_does_not_answer_or_knows_no_such_call_is_in_it_no_more(status: int | None) -> None:
    """§12.2.1.2. None: silence."""
    net = Net()
    server, trunk, dialog, _ = up(net)
    trunk.is_there = status
    server.endpoint.ask_if_there(dialog, now=net.now)
    if status is None:
        net.run(31.0)
        assert not server.all(events.HungUp)
        net.run(2.0)
    net.run(0.05)
    assert server.one(events.HungUp) == events.HungUp(dialog, events.NOT_THERE)
    assert trunk.what[-1] == "BYE"
    net.run(40.0)
    assert server.clean


def test_who_was_hung_up_meanwhile_is_not_told_of_again() -> None:
    net = Net()
    server, trunk, dialog, _ = up(net)
    trunk.is_there = None
    server.endpoint.ask_if_there(dialog, now=net.now)
    net.run(0.05)
    server.endpoint.hang_up(dialog, now=net.now)
    net.run(0.05)
    trunk.answer(trunk.last_request("BYE"), 200)
    net.run(40.0)
    assert not server.all(events.HungUp)
    assert server.clean
