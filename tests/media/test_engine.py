"""The tick as a whole, without threads, sockets or time: who hears whom, what is played, told and recorded."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from callcenterd.errors import NotFound
from callcenterd.media.codecs import g711
from callcenterd.media.engine import TICK, Engine
from callcenterd.media.facts import KeyHeard, LegSilent, MediaFact, PlayEnded, PlayId, SourceChosen
from callcenterd.media.mix import FADE, Hearing
from callcenterd.media.sdp import AudioFormat, Direction
from callcenterd.model.ids import LegId, RecordingId
from tests.kit.tones import gaps, level, loudest, sweep, tone
from tests.media.test_dtmf import pressed
from tests.media.wire import Beside, Talker, Wire

ALAW = AudioFormat(payload_type=8, codec="PCMA", event_payload_type=101)
ULAW = AudioFormat(payload_type=0, codec="PCMU", event_payload_type=101)


@dataclass
class Keeper:
    sounds: dict[RecordingId, bytes] = field(default_factory=dict)
    ended: list[RecordingId] = field(default_factory=list)

    def begin(self, recording: RecordingId, path: Path) -> None:
        self.sounds[recording] = b""

    def append(self, recording: RecordingId, sound: bytes) -> None:
        self.sounds[recording] += sound

    def end(self, recording: RecordingId) -> None:
        self.ended.append(recording)

    def sides(self, recording: str) -> tuple[np.ndarray, np.ndarray]:
        codes = np.frombuffer(self.sounds[RecordingId(recording)], np.uint8).reshape(-1, 2)
        return g711.decode(codes[:, 0], g711.PCMA), g711.decode(codes[:, 1], g711.PCMA)


class Room:
    """An engine, its pretended network, and a clock that moves a tick at a time."""

    def __init__(self, rows: int = 8, *, paused_tone: bool = False) -> None:
        self.wire, self.keeper, self.beside = Wire(rows), Keeper(), Beside()
        self.engine = Engine(
            rows=rows,
            chance=random.Random(5),
            sockets=self.wire,
            keeper=self.keeper,
            ports=self.beside,
            paused_tone=paused_tone,
        )
        self.now = 100.0
        self.facts: list[MediaFact] = []
        self.talkers: list[Talker] = []
        self.tick = 0

    def leg(self, number: int, audio: AudioFormat = ALAW, sound: np.ndarray | None = None) -> Talker:
        """A connected leg with this id, and who is at its other end."""
        row = len(self.talkers)
        address = ("127.0.0.9", 4000 + 2 * number)
        self.engine.open(LegId(number), row)
        self.engine.connect(LegId(number), address, audio, self.now)
        talker = Talker(self.wire, row, address, law=g711.LAW_OF.get(audio.codec, g711.PCMA), ssrc=number)
        talker.sound = np.zeros(0, np.int16) if sound is None else sound
        self.talkers.append(talker)
        return talker

    def run(self, ticks: int, each: Callable[[int], None] | None = None) -> None:
        """All talkers say a packet before each tick, unless `each` does it."""
        for n in range(ticks):
            if each is None:
                for talker in self.talkers:
                    if talker.row in self.wire.waiting:
                        talker.say()
            else:
                each(n)
            self.facts += self.engine.tick(self.now)
            self.now += TICK

    def told(self, kind: type[MediaFact]) -> list[MediaFact]:
        return [fact for fact in self.facts if isinstance(fact, kind)]


@pytest.fixture
def room() -> Room:
    return Room()


def test_two_bridged_legs_hear_each_other_bit_for_bit(room: Room) -> None:
    a = room.leg(1, sound=sweep(300, 3000, 2.0))
    b = room.leg(2, sound=sweep(3000, 300, 2.0))
    room.engine.bridge(LegId(1), LegId(2))
    room.run(100)
    for said, heard in ((a, b), (b, a)):
        codes = b"".join(one[12:] for one in room.wire.sent[heard.row])
        expected = g711.encode(said.sound[: len(codes)], g711.PCMA).tobytes()
        assert codes == expected


def test_where_the_laws_differ_the_tone_arrives_all_the_same(room: Room) -> None:
    room.leg(1, sound=tone(440, 1.0))
    b = room.leg(2, ULAW, sound=tone(1000, 1.0))
    room.engine.bridge(LegId(1), LegId(2))
    room.run(50)
    assert {one[1] & 0x7F for one in room.wire.sent[b.row]} == {0}
    assert level(b.heard(), 440) > 7700
    assert level(room.talkers[0].heard(), 1000) > 7700


def test_nobody_else_hears_a_bridge(room: Room) -> None:
    room.leg(1, sound=tone(440, 1.0))
    room.leg(2, sound=tone(700, 1.0))
    third = room.leg(3, sound=tone(1000, 1.0))
    room.engine.bridge(LegId(1), LegId(2))
    room.run(50)
    assert np.abs(third.heard()).max() <= 8
    assert level(room.talkers[1].heard(), 1000) < 50


def test_a_bridge_moves_without_a_gap_for_who_stays(room: Room) -> None:
    a = room.leg(1, sound=tone(440, 2.0))
    room.leg(2, sound=tone(700, 2.0))
    room.leg(3, sound=tone(700, 2.0))
    room.engine.bridge(LegId(1), LegId(2))
    room.run(30)
    room.engine.bridge(LegId(1), LegId(3))
    room.run(30)
    assert gaps(a.heard(), 700, 7000) == []
    assert np.abs(room.talkers[1].heard()[31 * 160 :]).max() <= 8


def steps(sound: np.ndarray) -> float:
    """The greatest step between two samples."""
    return float(np.abs(np.diff(sound.astype(np.float64))).max())


@pytest.mark.parametrize("ticks", range(30, 40))
def test_no_switch_is_heard_as_a_click(room: Room, ticks: int) -> None:
    """Tones are cut off and begun at many of their phases; a hard switch makes steps of up to 14,000 here."""
    a = room.leg(1, sound=tone(440, 2.0))
    room.leg(2, sound=tone(317, 2.0))
    room.leg(3, sound=tone(303, 2.0))
    natural = steps(g711.decode(g711.encode(tone(317, 1.0), g711.PCMA), g711.PCMA))
    room.engine.bridge(LegId(1), LegId(2))
    room.run(ticks)
    room.engine.bridge(LegId(1), LegId(3))
    room.run(ticks)
    room.engine.hear(LegId(1), [LegId(2), LegId(3)])
    room.run(ticks)
    room.engine.play(LegId(1), PlayId(1), [tone(310, 0.1)], repeat=True)
    room.run(2)
    room.engine.stop_play(LegId(1))
    room.run(2)
    room.engine.close(LegId(3))
    room.run(2)
    room.engine.unbridge(LegId(1))
    room.run(2)
    alone = a.heard()[: 2 * ticks * 160 - 1]
    assert steps(alone) <= natural + 600
    assert steps(a.heard()) <= 2 * natural + 600  # where it hears two


@pytest.mark.parametrize("ticks", range(30, 36))
def test_a_tone_that_only_goes_on_is_not_bent_when_somebody_silent_joins(room: Room, ticks: int) -> None:
    a = room.leg(1)
    room.leg(2, sound=tone(317, 2.0))
    room.leg(3)
    room.engine.bridge(LegId(1), LegId(2))
    room.run(ticks)
    room.engine.hear(LegId(1), [LegId(2), LegId(3)])
    room.run(10)
    heard = a.heard()[160:].astype(np.float64)
    bends = np.abs(np.diff(heard, 2))
    assert bends[ticks * 160 - 320 : ticks * 160].max() <= bends[: ticks * 160 - 400].max() + 300


def test_an_announcement_is_heard_over_the_conversation_and_by_one_side_only(room: Room) -> None:
    a = room.leg(1, sound=tone(440, 2.0))
    b = room.leg(2, sound=tone(700, 2.0))
    room.engine.bridge(LegId(1), LegId(2))
    room.run(10)
    room.engine.announce(LegId(1), PlayId(9), [tone(1400, 0.3, level=6000)])
    room.run(15)
    heard = a.heard()[10 * 160 :]
    assert level(heard, 1400) > 5000
    assert level(heard, 700) > 7000
    assert level(b.heard()[10 * 160 :], 1400) < 50
    assert gaps(b.heard(), 440, 7000) == []
    room.run(5)
    assert PlayEnded(LegId(1), PlayId(9), finished=True) in room.facts
    room.engine.announce(LegId(1), PlayId(10), [tone(1400, 1.0)])
    room.engine.announce(LegId(1), PlayId(11), [tone(1400, 1.0)])
    room.engine.close(LegId(1))
    room.run(1)
    assert PlayEnded(LegId(1), PlayId(10), finished=False) in room.facts
    assert PlayEnded(LegId(1), PlayId(11), finished=False) in room.facts


def test_in_a_room_of_fifty_everybody_hears_all_but_themselves() -> None:
    """Against the plain way: each listener's others decoded, summed and encoded one by one."""
    chance = np.random.default_rng(3)
    hearing, rows = Hearing(60), 60
    for row in range(50):
        hearing.hear(row, [other for other in range(50) if other != row])
    hearing.hear(50, [51])
    hearing.hear(51, [50])
    hearing.hear(52, [50, 51])  # listens to a conversation, and is not heard
    hearing.hear(53, [51, 54])  # is spoken to by one, and whispered to by another
    laws = chance.integers(0, 2, rows).astype(np.int8)
    heard = chance.integers(0, 256, (rows, 160)).astype(np.uint8)
    out = np.zeros((rows, 160), np.uint8)
    for _ in range(2):
        hearing.mix(heard, laws, out)
        for row in range(rows):
            total = np.zeros(160, np.int32)
            for other in hearing.heard_by(row):
                total += g711.decode(heard[other], int(laws[other]))
            expected = g711.encode(np.clip(total, -32768, 32767).astype(np.int16), int(laws[row]))
            difference = g711.decode(out[row], int(laws[row])) != g711.decode(expected, int(laws[row]))
            assert len(hearing.heard_by(row)) == 1 or not difference.any(), row
        for row in range(49):
            hearing.hear(row, [other for other in range(49) if other != row])
        hearing.hear(49, ())


def test_after_unbridge_nobody_hears_anybody(room: Room) -> None:
    room.leg(1, sound=tone(440, 2.0))
    room.leg(2, sound=tone(700, 2.0))
    room.engine.bridge(LegId(1), LegId(2))
    room.run(10)
    room.engine.unbridge(LegId(2))
    room.run(10)
    for talker in room.talkers:
        assert np.abs(talker.heard()[10 * 160 + FADE :]).max() <= 8


def test_three_who_hear_each_other_hear_the_sum(room: Room) -> None:
    for number, hertz in ((1, 440), (2, 700), (3, 1000)):
        room.leg(number, sound=tone(hertz, 1.0, 4000))
    for number in (1, 2, 3):
        room.engine.hear(LegId(number), [LegId(other) for other in (1, 2, 3) if other != number])
    room.run(50)
    heard = room.talkers[0].heard()
    assert level(heard, 700) > 3800
    assert level(heard, 1000) > 3800
    assert level(heard, 440) < 50


def test_a_loud_sum_is_clipped_and_does_not_wrap(room: Room) -> None:
    for number in (1, 2, 3):
        room.leg(number, sound=np.full(8000, 30000, np.int16))
    room.engine.hear(LegId(1), [LegId(2), LegId(3)])
    room.run(20)
    assert room.talkers[0].heard()[160 * 5 :].min() > 30000


def test_a_played_sound_is_heard_instead_of_the_bridge_and_its_end_is_told(room: Room) -> None:
    a = room.leg(1)
    room.leg(2, sound=tone(700, 2.0))
    room.engine.bridge(LegId(1), LegId(2))
    room.engine.play(LegId(1), PlayId(9), [tone(440, 0.25), tone(1000, 0.25)], repeat=False)
    room.run(50)
    heard = a.heard()
    assert loudest(heard[:2000]) == pytest.approx(440, abs=5)
    assert loudest(heard[2100:3900]) == pytest.approx(1000, abs=5)
    assert loudest(heard[4200:]) == pytest.approx(700, abs=5)
    assert room.told(PlayEnded) == [PlayEnded(LegId(1), PlayId(9), finished=True)]


def test_music_repeats_without_a_seam_until_it_is_stopped(room: Room) -> None:
    a = room.leg(1)
    room.engine.play(LegId(1), PlayId(1), [tone(400, 0.1)], repeat=True)
    room.run(100)
    assert gaps(a.heard(), 400, 7500) == []
    room.engine.stop_play(LegId(1))
    room.run(5)
    assert np.abs(a.heard()[100 * 160 + FADE :]).max() <= 8
    assert room.told(PlayEnded) == [PlayEnded(LegId(1), PlayId(1), finished=False)]


def test_what_is_played_before_the_leg_is_connected_waits_for_it(room: Room) -> None:
    room.engine.open(LegId(1), 0)
    room.engine.play(LegId(1), PlayId(1), [tone(400, 0.2)], repeat=False)
    room.run(30)
    assert room.facts == []
    room.engine.connect(LegId(1), ("127.0.0.9", 4002), ALAW, room.now)
    room.run(20)
    assert level(Talker(room.wire, 0, ("", 0)).heard()[:1600], 400) > 7500
    assert room.told(PlayEnded) == [PlayEnded(LegId(1), PlayId(1), finished=True)]


def test_a_play_for_a_leg_that_is_gone_ends_at_once(room: Room) -> None:
    room.engine.play(LegId(7), PlayId(1), [tone(400, 0.2)], repeat=False)
    room.run(1)
    assert room.facts == [PlayEnded(LegId(7), PlayId(1), finished=False)]


def test_keys_are_told_and_not_heard(room: Room) -> None:
    a = room.leg(1, sound=tone(440, 1.0))
    b = room.leg(2)
    room.engine.bridge(LegId(1), LegId(2))
    room.run(10)
    for one in pressed("5", sequence=a.sequence, timestamp=a.timestamp, ssrc=1):
        room.wire.waiting[a.row].append((one, a.address))
    room.run(1, each=lambda _: None)
    a.sequence += 8
    a.timestamp += 160
    a.said += 160
    room.run(10)
    assert room.told(KeyHeard) == [KeyHeard(LegId(1), "5")]
    assert level(b.heard(), 440) > 7000


def test_a_key_by_event_and_by_info_is_told_once(room: Room) -> None:
    a = room.leg(1, sound=tone(440, 1.0))
    room.run(10)
    for one in pressed("5", sequence=a.sequence, timestamp=a.timestamp, ssrc=1):
        room.wire.waiting[a.row].append((one, a.address))
    room.run(1, each=lambda _: None)
    room.engine.press(LegId(1), "5")
    room.run(1, each=lambda _: None)
    assert room.told(KeyHeard) == [KeyHeard(LegId(1), "5")]


def test_a_recording_has_each_side_on_its_own_channel_aligned(room: Room) -> None:
    room.leg(1, sound=tone(440, 3.0))
    room.leg(2, ULAW, sound=tone(1000, 3.0))
    room.engine.bridge(LegId(1), LegId(2))
    room.run(5)
    room.engine.record(RecordingId("r"), Path("r.wav"), LegId(1), LegId(2))
    room.run(77)
    room.engine.stop_recording(RecordingId("r"))
    left, right = room.keeper.sides("r")
    assert len(left) == 77 * 160
    assert (level(left, 440) > 7700, level(left, 1000) < 20) == (True, True)
    assert (level(right, 1000) > 7700, level(right, 440) < 20) == (True, True)
    assert gaps(left, 440, 7500) == gaps(right, 1000, 7500) == []
    assert room.keeper.ended == [RecordingId("r")]


def test_a_message_has_only_its_speaker(room: Room) -> None:
    room.leg(1, sound=tone(440, 3.0))
    room.leg(2, sound=tone(1000, 3.0))
    room.engine.record(RecordingId("r"), Path("r.wav"), LegId(1), None)
    room.run(60)
    room.engine.stop_recording(RecordingId("r"))
    left, right = room.keeper.sides("r")
    assert level(left, 440) > 7500
    assert np.abs(right).max() <= 8


def test_a_leg_that_ends_leaves_its_recording_going_on_in_silence(room: Room) -> None:
    room.leg(1, sound=tone(440, 3.0))
    room.leg(2, sound=tone(1000, 3.0))
    room.engine.record(RecordingId("r"), Path("r.wav"), LegId(1), LegId(2))
    room.run(50)
    room.engine.close(LegId(2))
    room.run(50)
    room.engine.stop_recording(RecordingId("r"))
    left, right = room.keeper.sides("r")
    assert gaps(left[160:], 440, 7500) == []
    assert np.abs(right[50 * 160 :]).max() <= 8


@pytest.mark.parametrize("turn", ["caller", "other"])
def test_a_recording_goes_on_with_another_leg_on_one_of_its_sides(room: Room, turn: str) -> None:
    """A transfer: not a sample is lost or moved."""
    room.leg(1, sound=tone(440, 3.0))
    room.leg(2, sound=tone(1000, 3.0))
    room.leg(3, sound=tone(2000, 3.0))
    room.run(5)
    room.engine.record(RecordingId("r"), Path("r.wav"), LegId(1), LegId(2))
    room.run(40)
    if turn == "caller":
        room.engine.record_caller(RecordingId("r"), LegId(3))
    else:
        room.engine.record_other(RecordingId("r"), LegId(3))
    room.engine.record_caller(RecordingId("nobody's"), LegId(3))
    room.run(40)
    room.engine.stop_recording(RecordingId("r"))
    left, right = room.keeper.sides("r")
    changed, kept = (left, right) if turn == "caller" else (right, left)
    before, stays = (440, 1000) if turn == "caller" else (1000, 440)
    assert len(left) == 80 * 160
    assert gaps(changed[: 40 * 160], before, 7500) == gaps(changed[40 * 160 :], 2000, 7500) == []
    assert gaps(kept, stays, 7500) == []


@pytest.mark.parametrize("tone_instead", [False, True])
def test_what_is_said_while_a_recording_is_paused_is_not_in_it_and_its_time_is(tone_instead: bool) -> None:
    room = Room(paused_tone=tone_instead)
    room.leg(1, sound=tone(440, 4.0))
    room.leg(2, ULAW, sound=tone(1000, 4.0))
    room.run(5)
    room.engine.record(RecordingId("r"), Path("r.wav"), LegId(1), LegId(2))
    room.run(40)
    for _ in range(2):
        room.engine.pause_recording(RecordingId("r"))
    room.run(75)  # over the ends of two blocks
    room.engine.resume_recording(RecordingId("r"))
    room.engine.pause_recording(RecordingId("nobody's"))
    room.run(40)
    room.engine.stop_recording(RecordingId("r"))
    paused = slice(40 * 160, 115 * 160)
    for side, hertz in zip(room.keeper.sides("r"), (440, 1000), strict=True):
        assert len(side) == 155 * 160
        assert gaps(side[: 40 * 160], hertz, 7500) == gaps(side[115 * 160 :], hertz, 7500) == []
        assert level(side[paused], hertz) < 5, "it was said, and must not be there"
        assert (level(side[paused], 400) > 400) == tone_instead
        assert np.abs(side[paused]).max() <= (600 if tone_instead else 8)


def test_a_pause_is_over_with_its_recording(room: Room) -> None:
    room.leg(1, sound=tone(440, 4.0))
    room.engine.record(RecordingId("r"), Path("r.wav"), LegId(1), None)
    room.engine.pause_recording(RecordingId("r"))
    room.run(10)
    room.engine.stop_recording(RecordingId("r"))
    room.engine.record(RecordingId("s"), Path("s.wav"), LegId(1), None)
    room.run(60)
    room.engine.stop_recording(RecordingId("s"))
    assert level(room.keeper.sides("s")[0], 440) > 7500


def test_the_right_side_of_a_conference_is_all_the_others(room: Room) -> None:
    for number, (hertz, kind) in enumerate(((440, ALAW), (1000, ULAW), (2000, ALAW)), start=1):
        room.leg(number, kind, sound=tone(hertz, 6.0))
    room.run(5)
    room.engine.record(RecordingId("r"), Path("r.wav"), LegId(1), LegId(2))
    room.run(20)
    room.engine.record_others(RecordingId("r"), [LegId(2), LegId(3), LegId(2)])
    room.run(80)
    room.engine.close(LegId(2))
    room.run(50)
    room.engine.record_others(RecordingId("r"), [])
    room.run(50)
    room.engine.record_others(RecordingId("r"), [LegId(3)])
    room.run(20)
    room.engine.stop_recording(RecordingId("r"))
    left, right = room.keeper.sides("r")
    assert len(left) == 220 * 160
    assert gaps(left, 440, 7500) == []
    both, one, none, last = (right[a * 160 : b * 160] for a, b in ((20, 100), (100, 150), (150, 200), (200, 220)))
    assert gaps(both, 1000, 7300) == gaps(both, 2000, 7300) == []
    assert (gaps(one, 2000, 7500), level(one[800:], 1000) < 20) == ([], True)
    assert np.abs(none).max() <= 8
    assert gaps(last, 2000, 7500) == []


def test_voices_that_are_too_loud_together_are_clipped_in_a_recording(room: Room) -> None:
    for number in (1, 2, 3):
        room.leg(number, sound=tone(440, 3.0, level=30000))
    room.run(5)
    room.engine.record(RecordingId("r"), Path("r.wav"), LegId(1), None)
    room.engine.record_others(RecordingId("r"), [LegId(2), LegId(3)])
    room.run(50)
    room.engine.stop_recording(RecordingId("r"))
    right = room.keeper.sides("r")[1]
    assert np.abs(right).max() == 32256, "the loudest that A-law knows"
    assert gaps(right, 440, 30000) == []


def test_time_that_the_engine_slept_through_is_silence_in_the_recording(room: Room) -> None:
    room.leg(1, sound=tone(440, 3.0))
    room.engine.record(RecordingId("r"), Path("r.wav"), LegId(1), None)
    room.run(20)
    room.engine.skip(30)
    room.run(10)
    room.engine.stop_recording(RecordingId("r"))
    assert len(room.keeper.sides("r")[0]) == 60 * 160


def test_a_strangers_packets_are_neither_heard_nor_recorded(room: Room) -> None:
    a = room.leg(1, sound=tone(440, 2.0))
    b = room.leg(2)
    room.engine.bridge(LegId(1), LegId(2))
    room.engine.record(RecordingId("r"), Path("r.wav"), LegId(1), LegId(2))
    stranger = Talker(room.wire, a.row, ("127.0.0.66", 4002), ssrc=1, sound=tone(2000, 2.0))

    def each(_: int) -> None:
        stranger.say()
        a.say()
        b.say()

    room.run(80, each)
    room.engine.stop_recording(RecordingId("r"))
    assert level(b.heard(), 2000) < 50
    assert level(room.keeper.sides("r")[0], 2000) < 50
    assert room.engine.statistics(LegId(1)).strangers == 80


@pytest.mark.parametrize(
    ("direction", "sent"), [("sendrecv", True), ("sendonly", True), ("recvonly", False), ("inactive", False)]
)
def test_a_leg_is_sent_to_as_it_was_agreed(room: Room, direction: Direction, sent: bool) -> None:
    a = room.leg(1, AudioFormat(payload_type=8, codec="PCMA", direction=direction))
    room.run(5)
    assert bool(room.wire.sent[a.row]) == sent


def test_our_stream_has_no_seam_when_the_description_changes(room: Room) -> None:
    a = room.leg(1)
    room.run(10)
    room.engine.connect(LegId(1), ("127.0.0.9", 6000), ULAW, room.now)
    room.run(10)
    numbers = [int.from_bytes(one[2:4], "big") for one in room.wire.sent[a.row]]
    assert numbers == [(numbers[0] + n) & 0xFFFF for n in range(20)]
    assert len({one[8:12] for one in room.wire.sent[a.row]}) == 1


def test_silence_is_told_at_10_30_and_60_seconds_and_not_while_on_hold(room: Room) -> None:
    room.leg(1)
    room.leg(2, AudioFormat(payload_type=8, codec="PCMA", direction="inactive"))
    room.run(round(61 / TICK), each=lambda _: None)
    assert room.told(LegSilent) == [LegSilent(LegId(1), seconds) for seconds in (10.0, 30.0, 60.0)]


def test_who_sends_from_elsewhere_is_told_with_both_addresses(room: Room) -> None:
    a = room.leg(1)
    a.address = ("127.0.0.1", 4002)
    room.run(10)
    assert room.told(SourceChosen) == [SourceChosen(LegId(1), ("127.0.0.1", 4002), ("127.0.0.9", 4002))]


def test_statistics_count_what_came_and_what_was_lost(room: Room) -> None:
    a = room.leg(1, sound=tone(440, 3.0))

    def each(n: int) -> None:
        if n % 10 == 5:
            a.sequence += 1
            a.timestamp += 160
            a.said += 160
        else:
            a.say()
        if n == 20:
            room.wire.waiting[a.row].append((b"\x00" * 40, a.address))

    room.run(100, each)
    found = room.engine.statistics(LegId(1))
    assert (found.received, found.lost, found.junk, found.sent) == (90, 10, 1, 100)
    with pytest.raises(NotFound):
        room.engine.statistics(LegId(2))


def test_a_row_that_is_used_again_keeps_nothing_of_the_leg_before(room: Room) -> None:
    room.leg(1, sound=tone(440, 1.0))
    room.leg(2)
    room.engine.bridge(LegId(1), LegId(2))
    room.engine.play(LegId(1), PlayId(1), [tone(700, 5)], repeat=True)
    room.run(20)
    room.engine.close(LegId(1))
    room.wire.sent[0].clear()
    room.engine.open(LegId(3), 0)
    room.engine.connect(LegId(3), ("127.0.0.9", 4100), ALAW, room.now)
    room.run(20, each=lambda _: None)
    assert np.abs(Talker(room.wire, 0, ("", 0)).heard()).max() <= 8
    assert room.engine.statistics(LegId(3)).received == 0


def test_shutting_closes_recordings_and_legs(room: Room) -> None:
    room.leg(1)
    room.engine.record(RecordingId("r"), Path("r.wav"), LegId(1), None)
    room.run(7)
    room.engine.shut()
    assert room.keeper.ended == [RecordingId("r")]
    assert len(room.keeper.sides("r")[0]) == 7 * 160
    assert room.engine.legs == 0


def test_random_orders_and_packets_never_break_a_tick() -> None:
    """Two thousand ticks of orders that cross and octets that mean nothing: no exception, no row lost."""
    chance, room = random.Random(11), Room(rows=6)
    alive: dict[int, int] = {}
    free = list(range(6))
    for n in range(1, 2000):
        match chance.randrange(9):
            case 0 if free:
                row = free.pop(0)
                room.engine.open(LegId(n), row)
                alive[n] = row
            case 1 if alive and chance.random() < 0.5:
                leg = chance.choice(list(alive))
                free = sorted([*free, alive.pop(leg)])
                room.engine.close(LegId(leg))
            case 2 | 3 if alive:
                leg = chance.choice(list(alive))
                room.engine.connect(LegId(leg), ("127.0.0.9", 4000 + alive[leg]), chance.choice([ALAW, ULAW]), room.now)
            case 4:
                room.engine.bridge(LegId(chance.randrange(n)), LegId(chance.choice([*alive, 1])))
            case 5:
                room.engine.hear(LegId(chance.choice([*alive, 1])), [LegId(leg) for leg in alive])
            case 6:
                room.engine.play(LegId(chance.choice([*alive, 1])), PlayId(n), [tone(440, 0.1)], repeat=bool(n % 2))
            case 7:
                room.engine.record(RecordingId(str(n)), Path("x"), LegId(chance.choice([*alive, 1])), None)
                room.engine.stop_recording(RecordingId(str(n - chance.randrange(40))))
            case _:
                room.engine.send_keys(LegId(chance.choice([*alive, 1])), "1#")
        if len(room.keeper.sounds) - len(room.keeper.ended) > 4:
            for name in list(room.keeper.sounds):
                room.engine.stop_recording(name)
        for row in room.wire.waiting:
            for _ in range(chance.randrange(3)):
                data = bytearray(chance.randbytes(chance.randrange(200)))
                if len(data) > 12 and chance.random() < 0.8:
                    data[0], data[1] = 0x80, chance.choice([8, 0, 101, 13])
                room.wire.waiting[row].append((bytes(data), ("127.0.0.9", 4000 + row)))
        room.engine.tick(room.now)
        room.now += TICK
    assert room.engine.legs == len(alive)
