"""A phone asks us to bring its call to somebody else (RFC 3515), or calls to take the place of a call (RFC 3891)."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.sip import events
from callcenterd.sip.message import Response
from callcenterd.sip.refer import Replaces, fragment
from callcenterd.sip.syntax import MalformedMessage
from tests.sip.net import GATEWAY, OFFER, STRANGER, Net, Peer
from tests.sip.proven import BERT, dials, of_called, speaks, two_phones, was_called
from tests.sip.test_conversation import up

TO_900 = "Refer-To: <sip:900@callcenter.local>"


def replaces(answer: Response) -> str:
    """Replaces as who called writes it: to-tag is the other side's."""
    return f"{answer.call_id};to-tag={answer.to.tag};from-tag={answer.from_.tag}"


def escaped(text: str) -> str:
    return text.replace(";", "%3B").replace("=", "%3D").replace("@", "%40")


def notified(peer: Peer) -> list[tuple[str, str]]:
    """What a phone was told of its REFER: state and status line."""
    return [
        (
            (one.headers.get("Subscription-State") or "").partition(";")[0],
            one.body.decode().partition("\r\n")[0].removeprefix("SIP/2.0 "),
        )
        for one in peer.received
        if getattr(one, "method", "") == "NOTIFY"
    ]


# ---- what a REFER may look like ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a@b;to-tag=1;from-tag=2", Replaces("a@b", "1", "2")),
        (" a@b ; from-tag = 2 ; To-Tag=1;early-only", Replaces("a@b", "1", "2", early_only=True)),
        ("a;to-tag=1;from-tag=2;x=y", Replaces("a", "1", "2")),
    ],
)
def test_replaces_is_read(text: str, read: Replaces) -> None:
    assert Replaces.parse(text) == read


@pytest.mark.parametrize(
    "text", ["", "a", "a;to-tag=1", "a;to-tag=;from-tag=2", "a;to-tag=1;to-tag=2;from-tag=3", "a b;to-tag=1;from-tag=2"]
)
def test_replaces_that_names_no_dialog_is_refused(text: str) -> None:
    with pytest.raises(MalformedMessage):
        Replaces.parse(text)


@given(st.text(max_size=300))
def test_no_text_of_replaces_does_more_than_be_refused(text: str) -> None:
    with contextlib.suppress(MalformedMessage):
        Replaces.parse(text)


def test_a_fragment_says_the_status() -> None:
    assert fragment(486) == b"SIP/2.0 486 Busy Here\r\n"
    assert fragment(599).startswith(b"SIP/2.0 599 ")


# ---- within a call -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("called", [False, True], ids=["the phone called", "the phone was called"])
def test_the_ladder_of_a_transfer(called: bool) -> None:
    """RFC 3515 §2.4: 202, then the newest state by NOTIFY, the last one ends the subscription."""
    net = Net()
    server, phone, _ = two_phones(net)
    lines = (TO_900, "Referred-By: <sip:1001@callcenter.local>")
    if called:
        dialog, invite = was_called(net, server, phone)
        phone.received.clear()
        of_called(phone, invite, "REFER", *lines, sequence=7)
    else:
        dialog, answer = speaks(net, server, phone)
        phone.received.clear()
        phone.within(answer, "REFER", *lines, sequence=7)
    assert server.one(events.Referred) == events.Referred(dialog, "900", None, "1001")
    assert phone.what == [], "nothing is said before our own rules have spoken"
    server.endpoint.tell_referral(dialog, 100, now=net.now)
    net.run(0.05)
    assert phone.what == ["202 REFER", "NOTIFY"]
    first = phone.last_request("NOTIFY")
    assert first.headers.get("Event") == "refer;id=7"
    assert first.content_type == "message/sipfrag"
    server.endpoint.tell_referral(dialog, 180, now=net.now)
    net.run(0.05)
    assert len(notified(phone)) == 1, "one at a time"
    phone.answer(first, 200)
    phone.answer(phone.last_request("NOTIFY"), 200)
    server.endpoint.tell_referral(dialog, 200, now=net.now)
    net.run(0.05)
    phone.answer(phone.last_request("NOTIFY"), 200)
    assert notified(phone) == [("active", "100 Trying"), ("active", "180 Ringing"), ("terminated", "200 OK")]
    server.endpoint.tell_referral(dialog, 486, now=net.now)
    net.run(1.0)
    assert len(notified(phone)) == 3, "it is over"


def test_the_last_word_does_not_wait_for_an_answer_to_the_one_before() -> None:
    net = Net()
    server, phone, _ = two_phones(net)
    dialog, answer = speaks(net, server, phone)
    phone.within(answer, "REFER", TO_900, sequence=3)
    server.endpoint.tell_referral(dialog, 100, now=net.now)
    server.endpoint.tell_referral(dialog, 200, now=net.now)
    server.endpoint.hang_up(dialog, now=net.now)
    net.run(0.05)
    assert notified(phone) == [("active", "100 Trying"), ("terminated", "200 OK")]
    assert phone.what[-1] == "BYE"


def test_a_transfer_that_our_rules_refuse_is_answered_so_and_the_call_goes_on() -> None:
    net = Net()
    server, phone, _ = two_phones(net)
    dialog, answer = speaks(net, server, phone)
    phone.within(answer, "REFER", TO_900, sequence=3)
    server.endpoint.tell_referral(dialog, 603, now=net.now)
    net.run(0.05)
    assert phone.what[-1] == "603 REFER"
    assert notified(phone) == []
    phone.within(answer, "REFER", TO_900, sequence=4)
    assert len(server.all(events.Referred)) == 2, "it may try again"


def test_a_second_transfer_while_one_is_under_way_waits() -> None:
    net = Net()
    server, phone, _ = two_phones(net)
    dialog, answer = speaks(net, server, phone)
    phone.within(answer, "REFER", TO_900, sequence=3)
    server.endpoint.tell_referral(dialog, 100, now=net.now)
    phone.within(answer, "REFER", TO_900, sequence=4)
    assert "491 REFER" in phone.what
    assert len(server.all(events.Referred)) == 1


def test_who_wants_no_news_gets_none() -> None:
    """RFC 4488 §4."""
    net = Net()
    server, phone, _ = two_phones(net)
    dialog, answer = speaks(net, server, phone)
    phone.within(answer, "REFER", TO_900, "Refer-Sub: false", "Supported: norefersub", sequence=3)
    server.endpoint.tell_referral(dialog, 100, now=net.now)
    server.endpoint.tell_referral(dialog, 200, now=net.now)
    net.run(0.05)
    assert phone.last_response(202, "REFER").headers.get("Refer-Sub") == "false"
    assert notified(phone) == []


def test_a_phone_that_does_not_take_the_news_is_told_no_more_and_keeps_its_call() -> None:
    net = Net()
    server, phone, _ = two_phones(net)
    dialog, answer = speaks(net, server, phone)
    phone.within(answer, "REFER", TO_900, sequence=3)
    server.endpoint.tell_referral(dialog, 100, now=net.now)
    net.run(0.05)
    phone.answer(phone.last_request("NOTIFY"), 481)
    server.endpoint.tell_referral(dialog, 200, now=net.now)
    net.run(40.0)
    assert len(notified(phone)) == 1
    assert server.endpoint.counters()["dialogs"] == 1


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ((), 400),
        ((TO_900, TO_900), 400),
        (("Refer-To: <http://example.com/>",), 400),
        (("Refer-To: <sip:callcenter.local>",), 400),
        (("Refer-To: <sip:900@x?Replaces=a%3Bto-tag%3D1>",), 400),
        (("Refer-To: <sip:900@x?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2>",), 404),
    ],
)
def test_a_wish_that_names_nobody_is_refused(lines: tuple[str, ...], status: int) -> None:
    net = Net()
    server, phone, _ = two_phones(net)
    _, answer = speaks(net, server, phone)
    phone.within(answer, "REFER", *lines, sequence=3)
    assert phone.what[-1] == f"{status} REFER"
    assert not server.all(events.Referred)


@pytest.mark.parametrize(
    "target", ["<sip:900@evil.example>", "<sip:900@evil.example;transport=tls>", "tel:900", "<sip:900@10.0.0.66:9>"]
)
def test_only_the_number_of_an_address_counts(target: str) -> None:
    net = Net()
    server, phone, _ = two_phones(net)
    dialog, answer = speaks(net, server, phone)
    phone.within(answer, "REFER", f"Refer-To: {target}", sequence=3)
    assert server.one(events.Referred).number == "900"
    server.endpoint.tell_referral(dialog, 100, now=net.now)
    net.run(5.0)
    assert {seen.target for seen in net.seen} <= {"10.0.0.3", GATEWAY}


def test_nobody_but_a_proved_phone_may_transfer() -> None:
    """Toll fraud: a trunk, a stranger, and a stranger who guessed the tags."""
    net = Net()
    server, trunk, _, answer = up(net)
    trunk.within(answer, "REFER", TO_900, sequence=2)
    assert trunk.what[-1] == "403 REFER"
    stranger = net.peer(STRANGER)
    stranger.request("REFER", TO_900)
    assert stranger.what == ["405 REFER"]
    assert not server.all(events.Referred)

    net = Net()
    server, phone, _ = two_phones(net)
    _, answer = speaks(net, server, phone)
    net.peer(STRANGER).within(answer, "REFER", TO_900, sequence=3)
    assert net.peer(STRANGER).what == ["403 REFER"]
    assert not server.all(events.Referred)


# ---- Replaces ------------------------------------------------------------------------------------------------


def test_an_attended_transfer_names_the_other_call_of_the_same_phone() -> None:
    net = Net()
    server, phone, _ = two_phones(net)
    first, held = speaks(net, server, phone)
    second, consult = speaks(net, server, phone, call_id="consult@phone")
    target = f"Refer-To: <sip:1002@callcenter.local?Replaces={escaped(replaces(consult))}>"
    phone.within(held, "REFER", target, sequence=3)
    assert server.one(events.Referred) == events.Referred(first, "1002", second, "1001")


def test_a_call_cannot_take_its_own_place() -> None:
    net = Net()
    server, phone, _ = two_phones(net)
    _, held = speaks(net, server, phone)
    phone.within(held, "REFER", f"Refer-To: <sip:900@x?Replaces={escaped(replaces(held))}>", sequence=3)
    assert phone.what[-1] == "404 REFER"
    assert not server.all(events.Referred)


def test_nobody_takes_over_the_call_of_another() -> None:
    net = Net()
    server, phone, berts = two_phones(net)
    _, held = speaks(net, server, phone)
    _, others = speaks(net, server, berts, login=BERT, call_id="call@bert")
    phone.within(held, "REFER", f"Refer-To: <sip:1@x?Replaces={escaped(replaces(others))}>", sequence=3)
    assert phone.what[-1] == "403 REFER"
    assert not server.all(events.Referred)
    calls = len(server.all(events.IncomingCall))
    for line, status in (
        (f"Replaces: {replaces(others)}", 403),
        ("Replaces: nobody;to-tag=1;from-tag=2", 481),
        ("Replaces: rubbish", 400),
        (f"Replaces: {replaces(held)};early-only", 486),
    ):
        dials(server, phone, "900", line, call_id=f"{status}@phone")
        assert phone.last_response(status, "INVITE").call_id == f"{status}@phone"
    assert len(server.all(events.IncomingCall)) == calls


def test_a_call_with_replaces_says_whose_place_it_takes() -> None:
    net = Net()
    server, phone, _ = two_phones(net)
    dialog, held = speaks(net, server, phone)
    line = f"Replaces: {replaces(held)}"
    arrived = dials(server, phone, "900", line, "Require: replaces", call_id="second@phone")
    assert arrived.replaces == dialog


def test_a_trunk_cannot_take_over_a_call() -> None:
    net = Net()
    server, trunk, _, answer = up(net)
    trunk.request("INVITE", f"Replaces: {replaces(answer)}", call_id="second@trunk", sdp=OFFER)
    assert trunk.what[-1] == "403 INVITE"
    assert len(server.all(events.IncomingCall)) == 1
