"""From a host to addresses."""

from __future__ import annotations

import pytest

from callcenterd.errors import LocalError
from callcenterd.sip.locate import AGAIN_AFTER, AGAIN_AFTER_FAILURE, Names, Routes, literal, resolve


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("sbc.example", None),
        ("1.2.3", None),
    ],
)
def test_an_address_is_its_own_answer(host: str, address: str | None) -> None:
    assert literal(host) == address


def test_a_name_is_asked_for_once_and_again_when_its_answer_is_old() -> None:
    names = Names()
    names.want({"sbc.example", "203.0.113.5"}, 0.0)
    assert names.due(0.0) == ["sbc.example"]
    assert names.due(1.0) == []
    assert names.answered("sbc.example", ["203.0.113.9"], 1.0)
    assert names.addresses("sbc.example") == ("203.0.113.9",)
    assert names.deadline() == AGAIN_AFTER
    assert names.due(AGAIN_AFTER) == ["sbc.example"]
    assert not names.answered("sbc.example", ["203.0.113.9"], AGAIN_AFTER)


def test_an_old_answer_outlives_a_failed_question() -> None:
    names = Names()
    names.want({"sbc.example"}, 0.0)
    names.due(0.0)
    names.answered("sbc.example", ["203.0.113.9"], 0.0)
    names.due(AGAIN_AFTER)
    assert not names.answered("sbc.example", [], AGAIN_AFTER)
    assert names.addresses("sbc.example") == ("203.0.113.9",)
    assert names.deadline() == AGAIN_AFTER + AGAIN_AFTER_FAILURE


def test_a_name_that_is_not_wanted_any_more_is_forgotten() -> None:
    names = Names()
    names.want({"sbc.example"}, 0.0)
    names.answered("sbc.example", ["203.0.113.9"], 0.0)
    names.want((), 1.0)
    assert not names.answered("sbc.example", ["203.0.113.9"], 1.0)
    assert names.addresses("sbc.example") == ()
    assert names.deadline() is None


def test_the_machine_knows_itself_and_not_what_cannot_be() -> None:
    assert "127.0.0.1" in resolve("localhost")
    assert resolve("no-such-name.invalid") == ()


def test_the_address_that_faces_loopback_is_loopback() -> None:
    routes = Routes()
    assert routes("127.0.0.2") == "127.0.0.1"
    assert routes("127.0.0.2") == "127.0.0.1"
    routes.forget()
    assert routes("127.0.0.3") == "127.0.0.1"


def test_no_way_is_an_error() -> None:
    with pytest.raises(LocalError):
        Routes()("255.255.255.255")
