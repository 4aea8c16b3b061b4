"""What leaves: packets of every agreed length and codec, on one clock without a gap, keys among them."""

from __future__ import annotations

import itertools
import random
import struct
from collections.abc import Callable, Mapping
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from callcenterd.media.codecs import frames, g711
from callcenterd.media.packing import Passed
from callcenterd.media.rtp import FRAME, HEADER, Stamps
from callcenterd.media.sdp import AudioFormat
from callcenterd.media.sending import Sending
from callcenterd.model.site import Codec
from tests.kit.tones import level, loudest, sweep, tone
from tests.media.wire import Wire

NUMBERS: Mapping[Codec, int] = {"PCMA": 8, "PCMU": 0, "G722": 9, "opus": 107}


class Way:
    """One row's way out; what it hears is given by the test."""

    def __init__(self, codec: Codec, ptime: int = 20, events: int | None = 101) -> None:
        self.wire = Wire(2)
        self.wire.add(1, 5)
        self.stamps = Stamps(2, random.Random(4))
        self.sending = Sending(2, self.wire, self.stamps, lambda rows, lengths: None)
        self.sending.begin(1)
        self.audio = AudioFormat(
            payload_type=NUMBERS[codec],
            codec=codec,
            event_payload_type=events,
            ptime=ptime,
            event_rate=48000 if codec == "opus" else 8000,
        )
        self.sending.agree(1, self.audio, may=True)
        self.laws = np.full(2, g711.PCMU if codec == "PCMU" else g711.PCMA, np.int8)

    def hear(self, sound: NDArray[np.int16], passed: Callable[[int], Mapping[int, Passed]] = lambda _: {}) -> None:
        """A tick for each 20 ms of it."""
        for n in range(len(sound) // FRAME):
            codes = g711.encode(sound[n * FRAME : (n + 1) * FRAME], int(self.laws[1]))
            self.wire.outgoing[1, HEADER : HEADER + FRAME] = codes
            self.sending.send(2, self.laws, passed(n))
            self.sending.advance(2)

    def packets(self) -> list[tuple[int, bool, int, int, bytes]]:
        """(payload type, marker, sequence, timestamp, payload) of what left."""
        found = []
        for one in self.wire.sent[1]:
            _, kind, sequence, timestamp, _ = struct.unpack("!BBHII", one[:12])
            found.append((kind & 127, kind > 127, sequence, timestamp, one[12:]))
        return found

    def sound(self) -> NDArray[np.int16]:
        """As the other side hears it."""
        payloads = [one[4] for one in self.packets() if one[0] == self.audio.payload_type]
        if self.audio.codec not in g711.CODECS:
            decoder = frames.decoder(cast("frames.Coded", self.audio.codec))
            return np.concatenate([decoder.decode(payload) for payload in payloads])
        return g711.decode(np.frombuffer(b"".join(payloads), np.uint8), int(self.laws[1]))


@pytest.mark.parametrize("codec", ["PCMA", "PCMU", "G722", "opus"])
@pytest.mark.parametrize("ptime", [10, 20, 30, 40, 50, 60])
def test_packets_have_the_agreed_length_on_a_clock_without_a_gap(codec: Codec, ptime: int) -> None:
    way = Way(codec, ptime)
    way.hear(tone(440, 1.2))
    packets = way.packets()
    held = {30: 20, 50: 40}.get(ptime, ptime) if codec == "opus" else ptime
    clock = 48 if codec == "opus" else 8
    assert len(packets) == 1200 // held
    steps = {(b - a) & 0xFFFFFFFF for a, b in itertools.pairwise(one[3] for one in packets)}
    assert steps == {held * clock}
    assert {(b - a) & 0xFFFF for a, b in itertools.pairwise(one[2] for one in packets)} == {1}
    assert [one[1] for one in packets] == [True] + [False] * (len(packets) - 1)
    if codec != "opus":
        assert {len(one[4]) for one in packets} == {held * 8}
    assert abs(loudest(way.sound()[800:8800]) - 440) < 2
    assert level(way.sound()[800:8800], 440) > 7500


def test_g711_is_only_cut_and_stays_bit_for_bit() -> None:
    way = Way("PCMA", 30)
    said = sweep(300, 3000, 0.6)
    way.hear(said)
    assert b"".join(one[4] for one in way.packets()) == g711.encode(said, g711.PCMA).tobytes()


def test_what_came_in_the_same_codec_goes_on_as_it_is() -> None:
    """And where it did not come, what concealed it is encoded: the listener's decoder has no gap."""
    way = Way("G722")
    encoder = frames.encoder("G722")
    said = sweep(300, 3000, 1.0)
    octets = [encoder.encode(said[n : n + FRAME]) for n in range(0, len(said), FRAME)]
    way.hear(said, lambda n: {1: Passed("G722", octets[n])} if n % 10 else {})
    payloads = [one[4] for one in way.packets()]
    assert len(payloads) == 50
    assert all(payloads[n] == octets[n] for n in range(50) if n % 10)
    assert all(payloads[n] != octets[n] for n in range(10, 50, 10))


def test_opus_packets_pass_with_their_own_length_and_place() -> None:
    way = Way("opus")
    encoder = frames.encoder("opus")
    said = tone(500, 1.2)
    long = [encoder.encode(said[n : n + 320]) for n in range(0, len(said), 320)]
    way.hear(said, lambda n: {1: Passed("opus", packets=[(0, long[n // 2])] if n % 2 == 0 else [])} if n < 30 else {})
    packets = way.packets()
    assert [one[4] for one in packets[:15]] == long[:15]
    stamps = [one[3] for one in packets]
    assert {(b - a) & 0xFFFFFFFF for a, b in itertools.pairwise(stamps[:16])} == {1920}
    assert {(b - a) & 0xFFFFFFFF for a, b in itertools.pairwise(stamps[15:])} == {960}
    assert level(way.sound()[-4000:], 500) > 7500


@pytest.mark.parametrize("codec", ["PCMA", "G722", "opus"])
@pytest.mark.parametrize("ptime", [10, 20, 40])
def test_keys_leave_as_events_on_any_row(codec: Codec, ptime: int) -> None:
    way = Way(codec, ptime)
    way.hear(tone(440, 0.2))
    way.sending.keys(1, "7")
    way.hear(tone(440, 0.4))
    events = [one for one in way.packets() if one[0] == 101]
    assert len(events) == 8
    assert len({one[3] for one in events}) == 1
    assert {one[4][0] for one in events} == {7}
    assert [one[1] for one in events] == [True] + [False] * 7
    durations = [one[4][2] << 8 | one[4][3] for one in events]
    assert durations[-1] == 100 * (48 if codec == "opus" else 8)
    assert [one[4][1] >> 7 for one in events] == [0] * 5 + [1] * 3
    sequences = [one[2] for one in way.packets()]
    assert {(b - a) & 0xFFFF for a, b in itertools.pairwise(sequences)} == {1}
    after = [one for one in way.packets() if one[2] > events[-1][2]]
    assert (after[-1][3] - events[0][3]) & 0xFFFFFFFF > durations[-1]


@pytest.mark.parametrize("codec", ["PCMA", "G722", "opus"])
def test_keys_are_tones_where_no_events_are_agreed(codec: Codec) -> None:
    way = Way(codec, 20, events=None)
    way.hear(np.zeros(1600, np.int16))
    way.sending.keys(1, "1")
    way.hear(np.zeros(1600, np.int16))
    heard = way.sound()[1600:2400]
    assert level(heard, 697) > 2000
    assert level(heard, 1209) > 2000


def test_a_row_that_turns_to_opus_begins_another_stream() -> None:
    """RFC 7160: one SSRC has one clock."""
    way = Way("PCMA")
    way.hear(tone(440, 0.1))
    before = int(way.stamps.ssrc[1])
    way.sending.agree(1, AudioFormat(payload_type=107, codec="opus"), may=True)
    way.hear(tone(440, 0.1))
    assert int(way.stamps.ssrc[1]) != before
    way.sending.agree(1, AudioFormat(payload_type=107, codec="opus", ptime=40), may=True)
    assert way.packets()[-1][0] == 107


def test_a_codec_that_cannot_be_spoken_changes_nothing() -> None:
    way = Way("PCMA")
    with pytest.raises(frames.CannotSpeak):
        way.sending.agree(1, AudioFormat(payload_type=18, codec="G729"), may=True)
    way.hear(tone(440, 0.1))
    assert {one[0] for one in way.packets()} == {8}
