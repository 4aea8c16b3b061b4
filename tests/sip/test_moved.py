"""Who is called says to call elsewhere (3xx, RFC 3261 §8.1.3.4): within limits that keep strangers' addresses out."""

from __future__ import annotations

import pytest

from callcenterd.model.ids import ExtensionNumber
from callcenterd.model.site import Secret
from callcenterd.sip import events
from callcenterd.sip.events import ToExtension
from callcenterd.sip.outgoing import MOST_MOVES
from tests.sip.net import ANNA, ANSWER, GATEWAY, OFFER, Net
from tests.sip.proven import BERT, registers, two_phones
from tests.sip.test_bad_wire import end_of_all
from tests.sip.test_outgoing import called


@pytest.mark.parametrize(
    ("contact", "number"),
    [
        ("<sip:1002@callcenter.local>", "1002"),
        ("<sip:1002@evil.example;transport=tcp>;q=0.5, <sip:1003@x>;q=0.4", "1002"),
        ("<tel:+86-20-8888>", "+86208888"),
        ("<sip:evil.example>", ""),
        (None, ""),
    ],
)
@pytest.mark.parametrize("status", [300, 301, 302])
def test_of_a_phones_302_only_the_number_counts(contact: str | None, number: str, status: int) -> None:
    net = Net()
    server, phone, _ = two_phones(net)
    registers(phone)
    dialog = server.endpoint.place(ToExtension(ANNA), caller="1", sdp=OFFER, now=net.now)
    net.run(0.05)
    phone.answer(phone.last_request("INVITE"), status, *([f"Contact: {contact}"] if contact else []), contact=False)
    assert server.one(events.Refused) == events.Refused(dialog, status, number)
    net.run(5.0)
    assert len(net.requests("INVITE")) == 1
    end_of_all(net)


def test_a_colleagues_phone_that_rings_too_may_still_take_the_call() -> None:
    """One of two phones of an extension forwards, the other one rings."""
    net = Net()
    server, first, second = two_phones(net)
    registers(first)
    registers(second, device="mobile")
    server.endpoint.place(ToExtension(ExtensionNumber(ANNA)), caller="1", sdp=OFFER, now=net.now)
    net.run(0.05)
    first.answer(first.last_request("INVITE"), 302, f"Contact: <sip:{BERT}@x>", contact=False)
    assert not server.all(events.Refused)
    second.answer(second.last_request("INVITE"), 200, sdp=ANSWER)
    assert server.one(events.Accepted)


def test_a_trunk_may_send_a_call_on_within_its_own_host() -> None:
    net = Net()
    server, trunk, dialog, invite = called(net, username="acc", password=Secret("x"))
    trunk.answer(invite, 302, f"Contact: <sip:13900002222@{GATEWAY};x=1?Subject=hello>", contact=False)
    again = trunk.last_request("INVITE")
    assert again.uri == f"sip:13900002222@{GATEWAY};x=1"
    assert not again.headers.has("Subject")
    assert (again.call_id, again.cseq.number) == (invite.call_id, invite.cseq.number + 1)
    trunk.answer(again, 200, sdp=ANSWER)
    assert server.one(events.Accepted).dialog == dialog


@pytest.mark.parametrize(
    "contact", ["<sip:1@evil.example>", "<sip:1@10.0.0.66>", "<sips:1@evil.example>", "<tel:110>", "rubbish;", None]
)
def test_a_trunk_never_makes_us_call_somebody_else(contact: str | None) -> None:
    net = Net()
    server, trunk, dialog, invite = called(net)
    trunk.answer(invite, 302, *([f"Contact: {contact}"] if contact else []), contact=False)
    net.run(10.0)
    assert server.one(events.Refused) == events.Refused(dialog, 408 if contact == "rubbish;" else 302)
    assert {seen.target for seen in net.seen} == {GATEWAY}
    assert len({one.uri for one in net.requests("INVITE")}) == 1


def test_a_call_that_is_sent_round_and_round_ends() -> None:
    net = Net()
    server, trunk, dialog, invite = called(net)
    for n in range(MOST_MOVES + 2):
        if not server.all(events.Refused):
            trunk.answer(trunk.last_request("INVITE"), 302, f"Contact: <sip:{n}@{GATEWAY}>", contact=False)
    assert server.one(events.Refused) == events.Refused(dialog, 302)
    assert len(net.requests("INVITE")) <= MOST_MOVES + 2

    net = Net()
    server, trunk, dialog, invite = called(net)
    trunk.answer(invite, 302, f"Contact: <{invite.uri}>", contact=False)
    assert server.one(events.Refused).dialog == dialog, "where it comes from already"
