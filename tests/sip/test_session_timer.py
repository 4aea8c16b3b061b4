"""A call whose other side has vanished ends (RFC 4028)."""

from __future__ import annotations

import pytest

from callcenterd.sip import events, session_timer
from callcenterd.sip.message import Headers, Request, Response
from callcenterd.sip.session_timer import Agreement, SessionTimer
from tests.sip.net import ANSWER, OFFER, Host, Net, Peer, trunk_peer
from tests.sip.test_conversation import up
from tests.sip.test_incoming import ringing
from tests.sip.test_outgoing import called


def headers(*lines: str) -> Headers:
    return Headers([(name, value) for name, _, value in (line.partition(": ") for line in lines)])


@pytest.mark.parametrize(
    ("lines", "read"),
    [
        ((), None),
        (("Session-Expires: 1800",), (1800, "")),
        (("Session-Expires: 90 ; refresher=UAS",), (90, "uas")),
        (("x: 1800;refresher=uac",), (1800, "uac")),
        (("Session-Expires: 600;refresher=us",), (600, "")),
        (("Session-Expires: soon",), None),
    ],
)
def test_what_they_want_is_read(lines: tuple[str, ...], read: tuple[int, str] | None) -> None:
    assert session_timer.wanted(headers(*lines)) == read


@pytest.mark.parametrize(
    ("lines", "agreement"),
    [
        pytest.param((), Agreement(1800, ours=True, said=False), id="who has no timers is asked by us"),
        pytest.param(("Supported: timer",), Agreement(1800, ours=False), id="who has them asks"),
        pytest.param(
            ("Supported: timer", "Session-Expires: 600"), Agreement(600, ours=False), id="their interval if it is less"
        ),
        pytest.param(
            ("Supported: timer", "Session-Expires: 7200"), Agreement(1800, ours=False), id="ours if theirs is more"
        ),
        pytest.param(
            ("Supported: timer", "Session-Expires: 7200", "Min-SE: 3600"),
            Agreement(3600, ours=False),
            id="never less than their Min-SE",
        ),
        pytest.param(
            ("Supported: timer", "Session-Expires: 600;refresher=uas"), Agreement(600, ours=True), id="they want us to"
        ),
    ],
)
def test_what_our_answer_says(lines: tuple[str, ...], agreement: Agreement) -> None:
    """The table 2 of §9."""
    assert session_timer.answered(Request("INVITE", "sip:a@b", headers(*lines))) == agreement


@pytest.mark.parametrize(
    ("lines", "agreement"),
    [
        ((), Agreement(1800, ours=True, said=False)),
        (("Session-Expires: 600;refresher=uac",), Agreement(600, ours=True)),
        (("Session-Expires: 600;refresher=uas",), Agreement(600, ours=False)),
        (("Session-Expires: 1;refresher=uac",), Agreement(90, ours=True)),
    ],
)
def test_what_their_answer_means(lines: tuple[str, ...], agreement: Agreement) -> None:
    assert session_timer.agreed(Response(200, "OK", headers(*lines)), 1800) == agreement


@pytest.mark.parametrize(
    ("agreement", "due"), [(Agreement(1800, ours=True), 900.0), (Agreement(1800, ours=False), 1768.0),
                           (Agreement(90, ours=False), 60.0)]
)  # fmt: skip
def test_half_the_interval_to_refresh_and_nearly_all_of_it_to_wait(agreement: Agreement, due: float) -> None:
    """§7.2 and §10."""
    timer = SessionTimer()
    assert timer.deadline() is None
    timer.agree(agreement, 100.0)
    assert timer.deadline() == 100.0 + due
    assert timer.due(99.0 + due) is None
    assert timer.due(100.0 + due) == ("refresh" if agreement.ours else "over")
    assert timer.due(200.0 + due) is None, "each is told once"


# ---- in a call -----------------------------------------------------------------------------------------------


def test_we_refresh_for_a_trunk_that_has_no_timers_by_an_invite_with_the_same_sdp() -> None:
    net = Net()
    server, trunk, dialog, _ = up(net)
    net.run(899.0)
    assert trunk.what[3:] == []
    net.run(2.0)
    again = trunk.last_request("INVITE")
    assert again.body == ANSWER, "what was agreed, unchanged"
    assert again.headers.get("Session-Expires") == "1800;refresher=uac"
    trunk.answer(again, 200, sdp=OFFER)
    assert trunk.what[-1] == "ACK"
    net.run(890.0)
    assert trunk.last_request("INVITE") == again, "not before half of the interval is over again"
    net.run(10.0)
    assert trunk.last_request("INVITE").cseq.number == again.cseq.number + 1
    trunk.answer(trunk.last_request("INVITE"), 200, sdp=OFFER)
    assert not server.all(events.HungUp), dialog


def test_a_trunk_that_has_gone_ends_the_call_when_the_refresh_is_not_answered() -> None:
    net = Net()
    server, trunk, dialog, _ = up(net)
    net.run(900.0 + 31.0)
    assert not server.all(events.HungUp)
    net.run(5.0)
    assert server.one(events.HungUp).dialog == dialog
    assert trunk.what[-1] == "BYE"
    net.run(40.0)
    assert server.clean


def timed_call(net: Net, *lines: str) -> tuple[Host, Peer, events.DialogId, Response]:
    """They call, with these lines, and are answered."""
    server, trunk = trunk_peer(net)
    trunk.request("INVITE", *lines, sdp=OFFER)
    dialog = server.one(events.IncomingCall).dialog
    server.endpoint.accept(dialog, ANSWER, now=net.now)
    net.run(0.05)
    answer = trunk.last_response(200, "INVITE")
    trunk.within(answer, "ACK", sequence=1)
    return server, trunk, dialog, answer


def test_a_trunk_that_promised_to_refresh_and_does_not_is_hung_up() -> None:
    net = Net()
    server, trunk, _, answer = timed_call(net, "Supported: timer", "Session-Expires: 300;refresher=uac")
    assert answer.headers.get("Session-Expires") == "300;refresher=uac"
    assert "timer" in answer.require
    net.run(200.0)
    trunk.within(answer, "UPDATE", "Supported: timer", "Session-Expires: 300;refresher=uac", sequence=2)
    assert trunk.last_response(200, "UPDATE").headers.get("Session-Expires") == "300;refresher=uac"
    net.run(260.0)
    assert not server.all(events.HungUp)
    net.run(20.0)
    assert server.one(events.HungUp).reason == "session expired"
    assert trunk.what[-1] == "BYE"


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_too_brief_an_interval_is_refused_with_what_is_granted(method: str) -> None:
    """§6: in a call, and for a new one."""
    net = Net()
    _, trunk, _, answer = up(net)
    trunk.within(answer, method, "Session-Expires: 30", sequence=2, sdp=OFFER)
    refusal = trunk.last_response(422, method)
    assert refusal.headers.get("Min-SE") == "90"
    trunk.request("INVITE", "Session-Expires: 30", call_id="another@peer", sdp=OFFER)
    assert trunk.last_response(422, "INVITE").headers.get("Min-SE") == "90"


def test_a_trunk_that_wants_to_be_asked_less_often_gets_a_longer_interval() -> None:
    """§7.3."""
    net = Net()
    server, trunk, dialog, invite = called(net)
    assert invite.headers.get("Session-Expires") == "1800"
    trunk.answer(invite, 422, "Min-SE: 3600")
    again = trunk.last_request("INVITE")
    assert (again.headers.get("Session-Expires"), again.headers.get("Min-SE")) == ("3600", "3600")
    assert again.cseq.number == invite.cseq.number + 1
    trunk.answer(again, 422, "Min-SE: 7200")
    assert server.one(events.Refused) == events.Refused(dialog, 422), "not for ever"


def test_who_does_updates_is_refreshed_by_one() -> None:
    net = Net()
    server, trunk, _, invite = called(net)
    trunk.answer(invite, 200, "Allow: INVITE, ACK, BYE, UPDATE", sdp=ANSWER)
    net.run(901.0)
    update = trunk.last_request("UPDATE")
    assert update.body == b""
    trunk.answer(update, 405)  # not done there after all
    assert trunk.last_request("INVITE").body == OFFER
    assert not server.all(events.HungUp)


def test_a_call_that_is_not_answered_has_no_timer() -> None:
    net = Net()
    server, trunk, dialog, _ = ringing(net)
    server.endpoint.hang_up(dialog, now=net.now)
    net.run(2000.0)
    assert "BYE" not in trunk.what
