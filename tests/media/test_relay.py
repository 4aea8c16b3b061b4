"""A key that one of two presses reaches the other, by the way that one knows, once; and nobody who does not want it."""

from __future__ import annotations

import numpy as np
import pytest

from callcenterd.media import tones
from callcenterd.media.codecs import g711
from callcenterd.media.dtmf import SAME, KeysIn, Once
from callcenterd.media.engine import TICK
from callcenterd.media.facts import KeyHeard
from callcenterd.media.rtp import HEADER
from callcenterd.media.sdp import AudioFormat
from callcenterd.model.ids import LegId
from tests.kit import speech
from tests.kit.tones import level
from tests.media.test_dtmf import pressed, told
from tests.media.test_engine import ALAW, Room
from tests.media.test_inband import heard
from tests.media.wire import Talker

NO_EVENTS = AudioFormat(payload_type=8, codec="PCMA")
TALK = speech.at_level(speech.said(speech.ENGLISH[1], "en"), -16)


def pair(agent: AudioFormat, bank: AudioFormat, sound: np.ndarray | None = None) -> tuple[Room, Talker, Talker]:
    """The agent's phone, and the other end of a trunk which wants keys."""
    room = Room()
    a, b = room.leg(1, agent, sound), room.leg(2, bank)
    room.engine.relay_keys(LegId(2), wanted=True)
    room.engine.bridge(LegId(1), LegId(2))
    room.run(10)
    return room, a, b


def press_events(room: Room, talker: Talker, keys: str) -> None:
    for key in keys:
        for one in pressed(key, sequence=talker.sequence, timestamp=talker.timestamp, ssrc=talker.ssrc):
            room.wire.waiting[talker.row].append((one, talker.address))
        talker.sequence += 8
        talker.timestamp += 8 * 160
        talker.said += 8 * 160
        room.run(12)


def events(room: Room, talker: Talker) -> str:
    return told(KeysIn(), [one for one in room.wire.sent[talker.row] if one[1] & 0x7F == 101])


def sound_of(room: Room, talker: Talker) -> np.ndarray:
    packets = [one[HEADER:] for one in room.wire.sent[talker.row] if one[1] & 0x7F != 101]
    return np.concatenate([g711.decode(np.frombuffer(one, np.uint8), g711.PCMA) for one in packets])


def test_an_event_goes_on_as_an_event() -> None:
    room, a, b = pair(ALAW, ALAW, TALK)
    press_events(room, a, "1#0")
    assert [fact.key for fact in room.told(KeyHeard) if isinstance(fact, KeyHeard)] == list("1#0")
    assert events(room, b) == "1#0"
    assert events(room, a) == ""


def test_an_event_goes_on_as_a_tone_to_who_knows_none() -> None:
    room, a, b = pair(ALAW, NO_EVENTS)
    press_events(room, a, "159D")
    room.run(30)
    assert heard(sound_of(room, b)) == "159D"
    assert [fact for fact in room.told(KeyHeard) if isinstance(fact, KeyHeard) and fact.leg == LegId(2)] == []


def dialled(keys: str) -> np.ndarray:
    return np.concatenate([np.zeros(4000, np.int16), *(tones.key(key, on=0.3, off=0.2) for key in keys)])


def test_a_tone_goes_on_as_an_event_and_is_taken_out_of_the_sound() -> None:
    room, _, b = pair(NO_EVENTS, ALAW, dialled("147"))
    room.run(110)
    assert [fact.key for fact in room.told(KeyHeard) if isinstance(fact, KeyHeard)] == list("147")
    assert events(room, b) == "147"
    assert heard(sound_of(room, b)) == ""


def test_a_tone_is_in_the_sound_already_for_who_knows_no_events() -> None:
    room, _, b = pair(NO_EVENTS, NO_EVENTS, dialled("147"))
    room.run(110)
    assert [fact.key for fact in room.told(KeyHeard) if isinstance(fact, KeyHeard)] == list("147")
    assert heard(sound_of(room, b)) == "147"


def test_who_does_not_want_keys_gets_none() -> None:
    room, _, b = pair(ALAW, ALAW)
    press_events(room, b, "4111")
    room.run(20)
    assert [fact.key for fact in room.told(KeyHeard) if isinstance(fact, KeyHeard)] == list("4111")
    assert events(room, room.talkers[0]) == ""


def test_keys_go_nowhere_without_a_bridge_and_with_three() -> None:
    room, a, b = pair(ALAW, ALAW)
    third = room.leg(3)
    for leg in (1, 2, 3):
        room.engine.relay_keys(LegId(leg), wanted=True)
        room.engine.hear(LegId(leg), [LegId(other) for other in (1, 2, 3) if other != leg])
    press_events(room, a, "5")
    for leg in (1, 2, 3):
        room.engine.hear(LegId(leg), [])
    press_events(room, a, "6")
    assert events(room, b) == events(room, third) == events(room, a) == ""


def test_a_supervisor_who_listens_keeps_no_key_from_going_on() -> None:
    room, a, b = pair(ALAW, ALAW)
    room.leg(3)
    room.engine.hear(LegId(3), [LegId(1), LegId(2)])
    press_events(room, a, "8")
    assert events(room, b) == "8"


def test_the_sound_goes_on_around_a_key() -> None:
    room, a, b = pair(ALAW, ALAW, np.tile(TALK, 3))
    press_events(room, a, "2")
    room.run(100)
    assert level(sound_of(room, b)[-8000:], 300) > 0
    assert np.abs(sound_of(room, b)[-8000:].astype(int)).max() > 2000


def test_a_phone_that_sends_event_and_tone_at_once_presses_once() -> None:
    """Its agreement has events: its sound is not listened to."""
    room, a, _ = pair(ALAW, NO_EVENTS, dialled("5"))
    room.run(15)
    press_events(room, a, "5")
    room.run(60)
    assert [fact.key for fact in room.told(KeyHeard) if isinstance(fact, KeyHeard)] == ["5"]


def test_a_key_by_signalling_is_told_and_goes_on_and_counts_once_with_its_event() -> None:
    room, a, b = pair(ALAW, ALAW)
    room.engine.press(LegId(1), "9")
    press_events(room, a, "9")
    room.engine.press(LegId(1), "9")
    room.run(round(SAME / TICK) + 1)
    press_events(room, a, "3")
    room.engine.press(LegId(1), "3")
    room.run(20)
    room.engine.press(LegId(77), "3")
    assert [fact.key for fact in room.told(KeyHeard) if isinstance(fact, KeyHeard)] == ["9", "9", "3"]
    assert events(room, b) == "993"


def test_an_agreement_with_events_ends_the_listening_and_one_without_begins_it() -> None:
    room, _, _ = pair(NO_EVENTS, NO_EVENTS, np.concatenate([dialled("1"), dialled("2"), dialled("3")]))
    for audio in (NO_EVENTS, ALAW, NO_EVENTS):
        room.engine.connect(LegId(1), room.talkers[0].address, audio, room.now)
        room.run(50)
    assert [fact.key for fact in room.told(KeyHeard) if isinstance(fact, KeyHeard)] == ["1", "3"]


@pytest.mark.parametrize(
    ("presses", "new"),
    [
        ([("1", "event", 0.0), ("1", "info", 0.1)], [True, False]),
        ([("1", "info", 0.0), ("1", "event", 0.1)], [True, False]),
        ([("1", "event", 0.0), ("1", "event", 0.1)], [True, True]),
        ([("1", "event", 0.0), ("1", "info", 0.5)], [True, True]),
        ([("1", "event", 0.0), ("2", "info", 0.1)], [True, True]),
        ([("1", "event", 0.0), ("1", "info", 0.05), ("1", "event", 0.3), ("1", "info", 0.35)], [True, False] * 2),
    ],
)
def test_the_same_press_by_two_ways_is_one(presses: list[tuple[str, str, float]], new: list[bool]) -> None:
    once = Once()
    assert [once.is_new(0, key, way, at) for key, way, at in presses] == new  # type: ignore[arg-type]
