"""Encrypted legs beside plain ones in the tick; at their other end is libsrtp."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from callcenterd.media import rtcp
from callcenterd.media.codecs import g711
from callcenterd.media.facts import KeyHeard, SourceChosen
from callcenterd.media.mix import FADE
from callcenterd.media.rtcp import Block, Report
from callcenterd.media.sdes import Seal, Suite
from callcenterd.model.ids import LegId, RecordingId
from tests.kit.tones import level, sweep, tone
from tests.media.packets import packet
from tests.media.test_dtmf import pressed
from tests.media.test_engine import ALAW, Room, steps
from tests.media.test_srtp import LIBSRTP, key_for, libsrtp
from tests.media.wire import Address, Talker

SUITE: Suite = "AES_CM_128_HMAC_SHA1_80"
_PATH = Path("r.wav")


class Phone:
    """Seals what a talker says and opens what it hears. theirs: our key, which it opens with."""

    def __init__(self, talker: Talker, seal: Seal) -> None:
        self.talker = talker
        self.turn(seal)

    def turn(self, seal: Seal) -> None:
        """From now on with these keys."""
        self.seals = libsrtp(seal.suite, seal.theirs, inbound=False)
        self.opens = libsrtp(seal.suite, seal.ours, inbound=True)

    def say(self, change: Callable[[bytes], bytes] = lambda octets: octets) -> bytes:
        self.talker.say()
        return self.pack(change)

    def pack(self, change: Callable[[bytes], bytes] = lambda octets: octets) -> bytes:
        """Seal what stands last in the queue, and change it on the way."""
        octets, source = self.talker.wire.waiting[self.talker.row].pop()
        sealed = change(self.seals.protect(octets))
        self.put(sealed, source)
        return sealed

    def put(self, octets: bytes, source: Address | None = None) -> None:
        self.talker.wire.waiting[self.talker.row].append((octets, source or self.talker.address))

    def open(self) -> None:
        """What came is plain from now on, for `Talker.heard`. Raises if any of it is not sealed for this phone."""
        sent = self.talker.wire.sent[self.talker.row]
        sent[:] = [self.opens.unprotect(one) for one in sent]


def seal(suite: Suite = SUITE, ours: int = 1, theirs: int = 2) -> Seal:
    return Seal(suite, key_for(suite, ours), key_for(suite, theirs))


def sealed_leg(room: Room, number: int, sound: np.ndarray, keys: Seal | None = None) -> Phone:
    keys = keys or seal()
    return Phone(room.leg(number, dataclasses.replace(ALAW, seal=keys), sound), keys)


def talk(room: Room, ticks: int, *phones: Phone) -> None:
    plain = [talker for talker in room.talkers if talker not in [phone.talker for phone in phones]]

    def each(_: int) -> None:
        for talker in plain:
            talker.say()
        for phone in phones:
            phone.say()

    room.run(ticks, each)


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.mark.parametrize("suite", LIBSRTP)
def test_a_sealed_leg_and_a_plain_one_hear_each_other_and_are_recorded(room: Room, suite: Suite) -> None:
    plain = room.leg(1, sound=sweep(300, 3000, 2.0))
    phone = sealed_leg(room, 2, sweep(3000, 300, 2.0), seal(suite))
    room.engine.bridge(LegId(1), LegId(2))
    room.engine.record(RecordingId("r"), _PATH, LegId(1), LegId(2))
    talk(room, 100, phone)
    room.engine.stop_recording(RecordingId("r"))
    phone.open()
    recorded = np.frombuffer(room.keeper.sounds[RecordingId("r")], np.uint8).reshape(-1, 2)
    for side, (said, heard) in enumerate(((plain, phone.talker), (phone.talker, plain))):
        expected = g711.encode(said.sound[:16_000], g711.PCMA)
        assert b"".join(one[12:] for one in room.wire.sent[heard.row]) == expected.tobytes()
        assert (recorded[:, side] == expected).all()


def test_forged_and_repeated_packets_are_neither_heard_nor_recorded(room: Room) -> None:
    """R-32: a wrong tag, a replay, and plain RTP where sealed was agreed."""
    plain = room.leg(1, sound=np.zeros(0, np.int16))
    phone = sealed_leg(room, 2, np.zeros(0, np.int16))
    room.engine.bridge(LegId(1), LegId(2))
    room.engine.record(RecordingId("r"), _PATH, LegId(1), LegId(2))
    loud = g711.encode(tone(1000, 0.02), g711.PCMA).tobytes()
    kept: list[bytes] = []

    def each(n: int) -> None:
        plain.say()
        kept.append(phone.say())
        ahead = phone.talker.sequence + 2
        forged = packet(loud, sequence=ahead, timestamp=phone.talker.timestamp + 320, ssrc=2, kind=8)
        phone.put(forged)
        phone.put(forged + bytes(10))
        phone.put(kept[-1][:-1] + bytes([kept[-1][-1] ^ 1]))
        phone.put(kept[n // 2])

    room.run(50, each)
    room.engine.stop_recording(RecordingId("r"))
    assert np.abs(plain.heard()).max() <= 8
    assert max(np.abs(side).max() for side in room.keeper.sides("r")) <= 8
    figures = room.engine.statistics(LegId(2))
    assert (figures.received, figures.forged, figures.replayed, figures.strangers) == (50, 100, 100, 0)


def test_their_counter_rolls_over_in_the_middle_of_the_sound(room: Room) -> None:
    """R-32: ROC wrap. Ours is proved in test_srtp.py, 70,000 packets long."""
    plain, phone = room.leg(1), sealed_leg(room, 2, tone(1000, 3.0))
    room.engine.bridge(LegId(1), LegId(2))
    phone.talker.sequence = 65_500
    talk(room, 100, phone)
    assert level(plain.heard()[10 * 160 : 95 * 160], 1000) > 7700
    figures = room.engine.statistics(LegId(2))
    assert (figures.received, figures.forged, figures.replayed, figures.lost) == (100, 0, 0, 0)


def test_keys_are_sealed_too(room: Room) -> None:
    phone = sealed_leg(room, 1, np.zeros(0, np.int16))
    for one in pressed("5", sequence=100, timestamp=4000):
        phone.put(phone.seals.protect(one))
        room.run(1, lambda _: None)
    assert [fact.key for fact in room.facts if isinstance(fact, KeyHeard)] == ["5"]


def test_a_sealed_phone_is_followed_wherever_it_is_from_its_first_packet_on(room: Room) -> None:
    """The tag proves more than any address: neither the SDP's nor that of who talks most is waited for."""
    phone = sealed_leg(room, 1, tone(440, 20.0))
    for n in range(50):  # a spray from the very address of the SDP
        phone.put(packet(b"\xaa" * 160, sequence=n, timestamp=160 * n, ssrc=9, kind=8))
    phone.talker.address = ("203.0.113.77", 40_000)
    phone.say()
    room.run(1, lambda _: None)
    assert [fact.source for fact in room.facts if isinstance(fact, SourceChosen)] == [("203.0.113.77", 40_000)]
    talk(room, 20, phone)
    phone.talker.address = ("198.51.100.5", 5)  # its network changes: after two seconds of silence, so does its place
    room.run(110, lambda _: None)
    talk(room, 1, phone)
    assert room.engine.statistics(LegId(1)).source == ("198.51.100.5", 5)


def test_new_keys_in_the_middle_of_the_sound_lose_nothing(room: Room) -> None:
    """A re-INVITE brings new keys of both sides; what they had sealed before is still on its way."""
    plain = room.leg(1, sound=tone(440, 3.0))
    phone = sealed_leg(room, 2, tone(1000, 3.0))
    room.engine.bridge(LegId(1), LegId(2))
    talk(room, 50, phone)
    phone.open()
    before = len(phone.talker.heard())
    then = seal(ours=3, theirs=4)
    room.engine.connect(LegId(2), phone.talker.address, dataclasses.replace(ALAW, seal=then), room.now)
    talk(room, 5, phone)  # the answer has not reached it yet
    phone.turn(then)
    talk(room, 45, phone)
    sent = room.wire.sent[phone.talker.row]
    sent[50:] = [phone.opens.unprotect(one) for one in sent[50:]]
    assert before == 50 * 160
    assert len(phone.talker.heard()) == 100 * 160
    assert steps(phone.talker.heard()[160:-FADE]) < 8000
    assert level(plain.heard()[30 * 160 : 95 * 160], 1000) > 7700
    figures = room.engine.statistics(LegId(2))
    assert (figures.received, figures.forged, figures.lost) == (100, 0, 0)


def test_a_hold_changes_no_counter(room: Room) -> None:
    phone = sealed_leg(room, 1, np.zeros(0, np.int16))
    talk(room, 10, phone)
    audio = dataclasses.replace(ALAW, seal=seal())
    room.engine.connect(LegId(1), phone.talker.address, dataclasses.replace(audio, direction="recvonly"), room.now)
    talk(room, 10, phone)
    room.engine.connect(LegId(1), phone.talker.address, audio, room.now)
    talk(room, 10, phone)
    phone.open()
    assert len(room.wire.sent[phone.talker.row]) == 20
    assert room.engine.statistics(LegId(1)).forged == 0


def test_a_place_that_was_sealed_is_plain_for_the_next_leg(room: Room) -> None:
    sealed_leg(room, 1, np.zeros(0, np.int16))
    room.engine.close(LegId(1))
    room.talkers.clear()
    talker = room.leg(2, sound=tone(440, 1.0))
    room.run(20)
    assert room.engine.statistics(LegId(2)).received == 20
    assert {len(one) for one in room.wire.sent[talker.row]} == {172}


def test_reports_on_a_shared_port_are_sealed_both_ways(room: Room) -> None:
    keys = seal()
    audio = dataclasses.replace(ALAW, seal=keys, reports=("127.0.0.9", 4002), reports_shared=True)
    phone = Phone(room.leg(1, audio, np.zeros(0, np.int16)), keys)
    talk(room, 400, phone)
    told = room.wire.said[phone.talker.row]
    assert told
    for one in told:
        assert phone.opens.unprotect_rtcp(one)[1] in (200, 201)
    figures = room.engine.statistics(LegId(1))
    ours = int.from_bytes(phone.opens.unprotect(room.wire.sent[phone.talker.row][0])[8:12])
    block = rtcp.write(Report(phone.talker.ssrc, (Block(ours, 0, 5, 0, 0, 0, 0),)), "phone")
    phone.put(phone.seals.protect_rtcp(block))
    talk(room, 1, phone)
    assert room.engine.statistics(LegId(1)).reports == figures.reports + 1
    phone.put(block)  # plain
    talk(room, 1, phone)
    assert room.engine.statistics(LegId(1)).reports == figures.reports + 1
