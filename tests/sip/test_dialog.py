"""Tags, sequence numbers, route set and target (RFC 3261 §12)."""

from __future__ import annotations

import pytest

from callcenterd.sip.dialog import Dialog
from callcenterd.sip.flow import Flow
from callcenterd.sip.matching import DialogKey, dialog_key
from callcenterd.sip.message import Request, Response, parse

FLOW = Flow("UDP", ("10.0.0.2", 5060), ("10.0.0.1", 5060))
CONTACT = "<sip:10.0.0.1:5060>"


def invite(*more: str, contact: str = "Contact: <sip:peer@10.0.0.2:5062;x=1?Subject=no>") -> Request:
    lines = [
        "INVITE sip:900@10.0.0.1 SIP/2.0", "Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1",
        'From: "张" <sip:1@peer>;tag=theirs', "To: <sip:900@10.0.0.1>", "Call-ID: c", "CSeq: 7 INVITE",
        *([contact] if contact else []), *more, "Content-Length: 0", "", "",
    ]  # fmt: skip
    message = parse("\r\n".join(lines).encode())
    assert isinstance(message, Request)
    return message


def theirs(*more: str, contact: str = "Contact: <sip:peer@10.0.0.2:5062;x=1?Subject=no>") -> Dialog:
    return Dialog.of_their_invite(invite(*more, contact=contact), "ours", CONTACT, FLOW, 0)


def answer(*more: str) -> Response:
    lines = [
        "SIP/2.0 200 OK", "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1", "From: <sip:1@peer>;tag=theirs",
        "To: <sip:900@10.0.0.1>;tag=b", "Call-ID: c", "CSeq: 7 INVITE", *more, "Content-Length: 0", "", "",
    ]  # fmt: skip
    message = parse("\r\n".join(lines).encode())
    assert isinstance(message, Response)
    return message


def test_a_dialog_of_their_invite_is_found_by_what_their_requests_say() -> None:
    dialog = theirs()
    assert dialog.key == DialogKey("c", "ours", "theirs")
    bye = invite()
    bye.headers.set("To", "<sip:900@10.0.0.1>;tag=ours")
    assert dialog_key(bye) == dialog.key


def test_our_request_turns_from_and_to_around_and_counts_on() -> None:
    dialog = theirs()
    bye = dialog.request("BYE", "SIP/2.0/UDP x;branch=z9hG4bK2")
    assert bye.headers.get("From") == "<sip:900@10.0.0.1>;tag=ours"
    assert bye.headers.get("To") == '"张" <sip:1@peer>;tag=theirs'
    assert (bye.call_id, bye.cseq.number, bye.max_forwards) == ("c", 1, 70)
    assert dialog.request("INFO", "SIP/2.0/UDP x;branch=z9hG4bK3").cseq.number == 2


def test_the_target_is_their_contact_without_what_it_would_make_us_say() -> None:
    """RFC 3261 §19.1.5."""
    assert theirs().request("BYE", "SIP/2.0/UDP x;branch=z9hG4bK2").uri == "sip:peer@10.0.0.2:5062;x=1"


def test_without_a_contact_their_from_has_to_serve() -> None:
    assert theirs(contact="").request("BYE", "SIP/2.0/UDP x;branch=z9hG4bK2").uri == "sip:1@peer"


def test_a_callee_keeps_the_route_set_and_a_caller_turns_it_around() -> None:
    """§12.1.1, §12.1.2."""
    routes = "Record-Route: <sip:a;lr>, <sip:b;lr>"
    ours = Dialog.of_our_invite(invite(), answer("Contact: <sip:them@x>", routes), CONTACT, FLOW)
    via = "SIP/2.0/UDP x;branch=z9hG4bK2"
    assert [str(one) for one in theirs(routes).request("BYE", via).routes] == ["<sip:a;lr>", "<sip:b;lr>"]
    assert [str(one) for one in ours.request("BYE", via).routes] == ["<sip:b;lr>", "<sip:a;lr>"]
    assert ours.request("ACK", via, sequence=7).cseq.number == 7


def test_a_strict_router_gets_the_request_itself() -> None:
    """§12.2.1.1: its address is the Request-URI, the target goes last into Route."""
    bye = theirs("Record-Route: <sip:old.example>, <sip:b;lr>").request("BYE", "SIP/2.0/UDP x;branch=z9hG4bK2")
    assert bye.uri == "sip:old.example"
    assert [str(one) for one in bye.routes] == ["<sip:b;lr>", "<sip:peer@10.0.0.2:5062;x=1>"]


@pytest.mark.parametrize(("numbers", "in_order"), [([8, 9, 20], True), ([7], False), ([9, 8], False)])
def test_their_requests_come_in_order(numbers: list[int], in_order: bool) -> None:
    dialog = theirs()
    results = []
    for number in numbers:
        request = invite()
        request.headers.set("CSeq", f"{number} INVITE")
        results.append(dialog.in_order(request))
    assert results[-1] is in_order


def test_a_later_contact_is_where_they_are_now() -> None:
    dialog = theirs()
    dialog.refresh(invite(contact="Contact: <sip:new@10.0.0.9>").contacts)
    assert str(dialog.target) == "sip:new@10.0.0.9"
    dialog.refresh(())
    assert str(dialog.target) == "sip:new@10.0.0.9"


def test_the_final_answer_of_an_early_dialog_says_the_way_anew() -> None:
    dialog = Dialog.of_our_invite(invite(), answer("Contact: <sip:early@x>", "Record-Route: <sip:a;lr>"), CONTACT, FLOW)
    dialog.confirm(answer("Contact: <sip:late@x>"))
    assert (str(dialog.next_hop), dialog.routes) == ("sip:late@x", ())
