"""Only who knows a page's password gets an answer, and only such an address is the page's."""

from __future__ import annotations

import random
from typing import Any

import pytest
from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.media.webrtc.ice import MOST_ADDRESSES, Address, Way, Ways, is_stun

HOME: Address = ("192.0.2.7", 40000)
ELSEWHERE: Address = ("192.0.2.66", 41000)


def check(way: Way, *, password: str = "", name: str = "", chosen: bool = False, controlled: bool = False) -> bytes:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = name or f"{way.fragment}:{way.theirs}"
    message.attributes["PRIORITY"] = 1
    message.attributes["ICE-CONTROLLED" if controlled else "ICE-CONTROLLING"] = 5
    if chosen:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity((password or way.password).encode())
    return bytes(message)


@pytest.fixture
def ways() -> Ways:
    return Ways(random.Random(3))


def test_a_right_check_is_answered_and_its_address_is_the_pages(ways: Ways) -> None:
    way = ways.add("page", "Qv4K")
    assert ways.of(HOME) is None
    checked = ways.check(check(way), HOME)
    assert checked is not None
    assert ways.of(HOME) is way
    assert way.best == HOME
    reply = stun.parse_message(checked.reply)
    assert reply.message_class == stun.Class.RESPONSE
    assert reply.attributes["XOR-MAPPED-ADDRESS"] == HOME
    assert reply.check_message_integrity(way.password.encode())


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"password": "guess"}, id="a wrong password"),
        pytest.param({"name": "Qv4K:Qv4K"}, id="no fragment of ours"),
        pytest.param({"name": "nocolon"}, id="no pair of fragments"),
    ],
)
def test_a_stranger_gets_no_answer_and_no_way_in(ways: Ways, wrong: dict[str, Any]) -> None:
    way = ways.add("page", "Qv4K")
    assert ways.check(check(way, **wrong), ELSEWHERE) is None
    assert ways.check(check(way, name=f"{way.fragment}:Other"), ELSEWHERE) is None
    assert ways.of(ELSEWHERE) is None
    assert way.best is None


def test_other_messages_and_old_checks_are_none(ways: Ways) -> None:
    way = ways.add("page", "Qv4K")
    message = stun.Message(stun.Method.ALLOCATE, stun.Class.REQUEST)
    message.add_message_integrity(way.password.encode())
    assert ways.check(bytes(message), HOME) is None
    kept = check(way)
    assert ways.check(kept[:-1] + bytes([kept[-1] ^ 1]), HOME) is None
    ways.remove(way)
    assert ways.check(kept, HOME) is None
    assert ways.of(HOME) is None


def test_the_page_says_which_address_is_best(ways: Ways) -> None:
    way = ways.add("page", "Qv4K")
    ways.check(check(way), HOME)
    ways.check(check(way), ELSEWHERE)
    assert way.best == HOME
    ways.check(check(way, chosen=True), ELSEWHERE)
    assert way.best == ELSEWHERE
    assert ways.of(HOME) is way  # what was under way from there is still heard


def test_two_that_both_want_to_be_led_are_told_so(ways: Ways) -> None:
    way = ways.add("page", "Qv4K")
    checked = ways.check(check(way, controlled=True), HOME)
    assert checked is not None
    assert stun.parse_message(checked.reply).error_code == 487
    assert ways.of(HOME) is None


def test_addresses_of_a_page_are_bounded_and_the_best_one_stays(ways: Ways) -> None:
    way = ways.add("page", "Qv4K")
    ways.check(check(way, chosen=True), HOME)
    for port in range(100):
        ways.check(check(way), ("192.0.2.8", 1000 + port))
    assert len(way.addresses) == MOST_ADDRESSES
    assert ways.of(HOME) is way
    assert sum(ways.of(("192.0.2.8", 1000 + port)) is way for port in range(100)) == MOST_ADDRESSES - 1


def test_an_address_that_another_page_proves_is_its_own(ways: Ways) -> None:
    """A reload from the same port: the page that is gone must not hear what the new one says."""
    old, new = ways.add("old", "Qv4K"), ways.add("new", "Aa11")
    ways.check(check(old), HOME)
    ways.check(check(new), HOME)
    assert ways.of(HOME) is new
    ways.remove(old)
    assert ways.of(HOME) is new


@given(st.binary(max_size=200))
def test_no_datagram_does_more_than_be_ignored(octets: bytes) -> None:
    ways = Ways(random.Random(1))
    ways.add("page", "Qv4K")
    is_stun(octets)
    assert ways.check(octets, HOME) is None
