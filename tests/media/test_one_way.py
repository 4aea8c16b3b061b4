"""One of two is not heard: told within ten seconds, once, and with the cause."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from callcenterd.media.engine import TICK
from callcenterd.media.facts import LegOneWay
from callcenterd.media.sdp import AudioFormat
from callcenterd.model.ids import LegId
from tests.kit import speech
from tests.media.test_engine import Room

SECOND = round(1 / TICK)
TALK = np.concatenate(speech.conversation() * 2)


def two(first: np.ndarray | None = None, second: np.ndarray | None = None) -> Room:
    room = Room()
    room.leg(1, sound=first)
    room.leg(2, sound=second)
    room.engine.bridge(LegId(1), LegId(2))
    return room


def only(room: Room, *talkers: int) -> Callable[[int], None]:
    def each(_: int) -> None:
        for n in talkers:
            room.talkers[n].say()

    return each


def test_nothing_from_one_side_is_told_within_ten_seconds_and_once() -> None:
    room = two(TALK)
    room.run(7 * SECOND, only(room, 0))
    assert room.told(LegOneWay) == []
    room.run(3 * SECOND, only(room, 0))
    assert room.told(LegOneWay) == [LegOneWay(LegId(2), "no packets")]
    room.run(30 * SECOND, only(room, 0))
    assert len(room.told(LegOneWay)) == 1


def test_packets_of_pure_silence_are_told_from_no_packets() -> None:
    room = two(TALK)
    room.run(10 * SECOND)
    assert room.told(LegOneWay) == [LegOneWay(LegId(2), "only silence")]


def test_who_is_quiet_because_nobody_talks_is_not_told_of() -> None:
    room = two()
    room.run(30 * SECOND)
    assert room.told(LegOneWay) == []


def test_who_listens_with_a_room_around_is_not_told_of() -> None:
    room = two(TALK, speech.noise(40, -58))
    room.run(30 * SECOND)
    assert room.told(LegOneWay) == []


def test_who_was_heard_and_is_muted_later_is_not_told_of() -> None:
    room = two(TALK, speech.said(speech.ENGLISH[0], "en"))
    room.run(30 * SECOND)
    assert room.told(LegOneWay) == []


def test_both_silent_is_no_one_way_call() -> None:
    room = two()
    room.run(30 * SECOND, lambda _: None)
    assert room.told(LegOneWay) == []


def test_who_said_that_it_sends_nothing_for_a_while_is_not_told_of() -> None:
    """Comfort noise and then nothing (RFC 3389, DTX): a phone that only listens."""
    room = two(TALK)
    room.run(SECOND)
    room.talkers[1].send(bytes([60]), kind=13)
    room.run(30 * SECOND, only(room, 0))
    assert room.told(LegOneWay) == []


def test_packets_that_stop_in_the_middle_are_told() -> None:
    room = two(TALK, TALK)
    room.run(10 * SECOND)
    room.run(10 * SECOND, only(room, 0))
    assert room.told(LegOneWay) == [LegOneWay(LegId(2), "no packets")]


def test_who_is_on_hold_is_not_expected_to_be_heard() -> None:
    room = two(TALK)
    held = AudioFormat(payload_type=8, codec="PCMA", direction="inactive")
    room.engine.connect(LegId(2), room.talkers[1].address, held, room.now)
    room.run(30 * SECOND, only(room, 0))
    assert room.told(LegOneWay) == []


@pytest.mark.parametrize("again", [LegId(2), LegId(3)])
def test_another_leg_or_another_bridge_is_told_anew(again: LegId) -> None:
    """A new leg may stand in the row of the one before."""
    room = two(TALK)
    room.run(10 * SECOND, only(room, 0))
    if again == LegId(3):
        room.engine.close(LegId(2))
        room.talkers.pop()
        room.leg(3)
    else:
        room.engine.unbridge(LegId(2))
        room.run(SECOND, only(room, 0))
    room.engine.bridge(LegId(1), again)
    room.run(10 * SECOND, only(room, 0))
    assert room.told(LegOneWay) == [LegOneWay(LegId(2), "no packets"), LegOneWay(again, "no packets")]
