"""Short texts between our own extensions (RFC 3428), and nobody else's."""

from __future__ import annotations

import pytest

from callcenterd.sip.message import Response
from tests.sip.net import GATEWAY, STRANGER, Net, Peer
from tests.sip.proven import BERT, asks, registers, two_phones
from tests.sip.test_bad_wire import end_of_all

TEXT = "客户在等回电".encode()
PLAIN = "Content-Type: text/plain;charset=UTF-8"


def writes(
    peer: Peer, to: str = BERT, *more: str, text: bytes = TEXT, call_id: str = "text@phone", kind: str = PLAIN
) -> Response:
    return asks(peer, "MESSAGE", f"sip:{to}@callcenter.local", kind, *more, call_id=call_id, sdp=text)


def test_a_text_goes_to_the_colleagues_phone_and_its_answer_comes_back() -> None:
    net = Net()
    _, anna, bert = two_phones(net)
    registers(bert, login=BERT)
    assert writes(anna).status == 401, "nothing is said before the phone has taken it"
    arrived = bert.last_request("MESSAGE")
    assert arrived.body == TEXT
    assert arrived.content_type == "text/plain"
    assert str(arrived.from_.uri) == "sip:1001@callcenter.local", "who has proved it, whatever From said"
    assert not arrived.headers.has("Contact")
    assert not arrived.headers.has("Authorization")
    bert.answer(arrived, 200, contact=False)
    assert anna.what[-1] == "200 MESSAGE"
    end_of_all(net)


@pytest.mark.parametrize("status", [486, 415, None])
def test_a_text_that_no_phone_takes_is_480(status: int | None) -> None:
    net = Net()
    _, anna, bert = two_phones(net)
    registers(bert, login=BERT)
    writes(anna)
    if status is not None:
        bert.answer(bert.last_request("MESSAGE"), status)
    net.run(33.0)
    assert anna.what[-1] == "480 MESSAGE"
    end_of_all(net)


@pytest.mark.parametrize(
    ("to", "kind", "text", "status"),
    [
        (BERT, PLAIN, TEXT, 480),  # not registered
        ("1999", PLAIN, TEXT, 404),
        ("013800001111", PLAIN, TEXT, 404),  # no text leaves the house
        (BERT, "Content-Type: text/html", TEXT, 415),
        (BERT, "Content-Type: message/cpim", TEXT, 415),
        (BERT, PLAIN, b"x" * 1301, 413),
    ],
)
def test_what_cannot_be_delivered_is_refused(to: str, kind: str, text: bytes, status: int) -> None:
    _, anna, _ = two_phones(Net())
    assert writes(anna, to, text=text, kind=kind).status == status


def test_strangers_and_trunks_write_to_nobody() -> None:
    net = Net()
    _, _, bert = two_phones(net)
    registers(bert, login=BERT)
    for address in (STRANGER, GATEWAY):
        peer = net.peer(address)
        peer.request("MESSAGE", PLAIN, uri="sip:1002@callcenter.local", sdp=TEXT)
        assert peer.what == ["401 MESSAGE"]
    assert "MESSAGE" not in bert.what


def test_a_text_that_goes_in_circles_ends() -> None:
    net = Net()
    _, anna, bert = two_phones(net)
    registers(bert, login=BERT)
    writes(anna)
    assert bert.last_request("MESSAGE").max_forwards == 69
