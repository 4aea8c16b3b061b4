"""One provider: where its calls come from, its health, our registration there."""

from __future__ import annotations

import random
from typing import Any

import pytest

from callcenterd.model.ids import TrunkName
from callcenterd.model.site import Secret, Trunk
from callcenterd.sip.events import TrunkSeen
from callcenterd.sip.trunk import ANSWER_WITHIN, Line, Want

NAME = TrunkName("telecom")


def line(**fields: Any) -> Line:
    given: dict[str, Any] = {"name": NAME, "host": "203.0.113.5"} | fields
    made = Line(Trunk(**given), random.Random(1), 0.0)
    made.addresses = ("203.0.113.5",)
    return made


def run(trunk: Line, until: float) -> tuple[list[tuple[float, Want]], list[TrunkSeen]]:
    """Nobody answers: what was sent when, and what was told."""
    sent: list[tuple[float, Want]] = []
    told = []
    while (now := trunk.deadline()) <= until:
        wanted, changed = trunk.due(now)
        sent += [(now, want) for want in wanted]
        told += [changed] if changed else []
    return sent, told


@pytest.mark.parametrize(
    ("source", "allowed"),
    [("203.0.113.5", True), ("198.51.100.9", True), ("192.0.2.77", True), ("192.0.3.1", False), ("2001:db8::1", False)],
)
def test_calls_come_from_the_host_and_from_what_is_allowed(source: str, allowed: bool) -> None:
    assert line(allow=("198.51.100.9", "192.0.2.0/24")).sends_from(source) is allowed


def test_a_trunk_that_answers_is_up_and_asked_every_half_minute() -> None:
    trunk = line()
    assert trunk.due(0.0) == (["OPTIONS"], None)
    assert trunk.health_answered(404) == TrunkSeen(NAME, "up", "404 to OPTIONS")
    assert trunk.health_answered(404) is None
    assert trunk.deadline() == 30


def test_three_unanswered_questions_make_a_trunk_down_within_half_a_minute() -> None:
    sent, told = run(line(), 60.0)
    assert [at for at, _ in sent][:3] == [0.0, 10.0, 20.0]
    assert told == [TrunkSeen(NAME, "down", "no answer to OPTIONS")]
    assert [at for at, _ in sent][3:] == [50.0]


def test_one_answer_brings_it_back() -> None:
    trunk = line()
    run(trunk, 30.0)
    assert trunk.state == "down"
    trunk.due(50.0)
    assert trunk.health_answered(200) == TrunkSeen(NAME, "up", "200 to OPTIONS")
    assert trunk.deadline() == 80.0


def test_two_misses_are_forgotten_after_an_answer() -> None:
    trunk = line()
    for now in (0.0, ANSWER_WITHIN, 10.0, 10.0 + ANSWER_WITHIN, 20.0):
        trunk.due(now)
    trunk.health_answered(200)
    assert trunk.state == "up"
    trunk.due(50.0)
    assert trunk.due(50.0 + ANSWER_WITHIN)[1] is None


def test_a_trunk_without_address_waits_for_one() -> None:
    trunk = Line(Trunk(name=NAME, host="sbc.example", register=True), random.Random(1), 0.0)
    assert trunk.deadline() == float("inf")
    assert trunk.due(1000.0) == ([], None)
    trunk.addresses = ("203.0.113.5",)
    assert trunk.due(1000.0) == (["OPTIONS", "REGISTER"], None)


def registering() -> Line:
    trunk = line(register=True, username="62960000", password=Secret("x"))
    trunk.due(0.0)
    return trunk


def test_a_registered_trunk_comes_again_well_before_the_end() -> None:
    trunk = registering()
    assert trunk.health_answered(200) is None  # it is there, but calls do not come yet
    assert trunk.registered(600, 0.0) == TrunkSeen(NAME, "up", "registered")
    for now in range(0, 480, 30):
        trunk.due(now)
        trunk.health_answered(200)
    wanted, _ = trunk.due(540.0)
    assert "REGISTER" in wanted


def test_a_refused_registration_is_tried_ever_later_up_to_ten_minutes() -> None:
    trunk = registering()
    assert trunk.registration_refused("403 Forbidden", 0.0) == TrunkSeen(NAME, "down", "registration: 403 Forbidden")
    now, pauses = 0.0, []
    for _ in range(8):
        begun = now
        while True:
            now = trunk.deadline()
            wanted, _changed = trunk.due(now)
            if "OPTIONS" in wanted:
                trunk.health_answered(200)
            if "REGISTER" in wanted:
                break
        pauses.append(now - begun)
        assert trunk.registration_refused("403 Forbidden", now) is None
    for pause, expected in zip(pauses, [30, 60, 120, 240, 480, 600, 600, 600], strict=True):
        assert expected * 0.8 <= pause <= expected * 1.2
    assert trunk.registered(600, now) == TrunkSeen(NAME, "up", "registered")


def test_a_registrar_with_a_longer_minimum_is_asked_at_once_for_that() -> None:
    trunk = registering()
    trunk.ask_longer(7200, 1.0)
    assert trunk.registration == 7200
    assert trunk.due(1.0)[0] == ["REGISTER"]
