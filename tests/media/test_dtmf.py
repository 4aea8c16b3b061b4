"""Keys by RFC 4733: told once, whatever is lost, doubled or late."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.media import tones
from callcenterd.media.codecs import g711
from callcenterd.media.dtmf import KeysIn, KeysOut, Once, Way
from callcenterd.media.rtp import FRAME, Stamps
from tests.kit.tones import level
from tests.media.packets import block, packet


def pressed(key: str, *, sequence: int, timestamp: int, ssrc: int = 7) -> list[bytes]:
    """Eight packets of one key: five while it is down, three that tell its end."""
    event = tones.KEYS.index(key)
    parts = [struct.pack("!BBH", event, 10, FRAME * (n + 1)) for n in range(5)]
    parts += [struct.pack("!BBH", event, 0x80 | 10, FRAME * 5)] * 3
    return [
        packet(part, sequence=sequence + n, timestamp=timestamp, ssrc=ssrc, kind=101, marker=n == 0)
        for n, part in enumerate(parts)
    ]


def told(keys: KeysIn, packets: list[bytes]) -> str:
    octets, headers = block(packets)
    chosen = np.arange(len(packets))
    return "".join(key for _, key in keys.take_out(np.zeros(len(packets), np.intp), headers, chosen, octets))


def test_a_key_is_told_once_at_its_start() -> None:
    keys = KeysIn()
    whole = pressed("5", sequence=10, timestamp=8000)
    assert [told(keys, [one]) for one in whole] == ["5", "", "", "", "", "", "", ""]


def test_a_key_that_comes_by_event_and_info_and_as_sound_is_one_key() -> None:
    ways: tuple[Way, ...] = ("event", "info", "tone")
    for order in (ways, ways[::-1]):
        once = Once()
        assert [once.is_new(7, "1", way, 0.05 * n) for n, way in enumerate(order)] == [True, False, False]


def test_the_same_key_twice_by_two_ways_each_is_two_keys() -> None:
    once = Once()
    arrived: list[tuple[Way, float]] = [("event", 0.0), ("info", 0.05), ("event", 0.25), ("info", 0.3)]
    assert [once.is_new(7, "1", way, at) for way, at in arrived] == [True, False, True, False]
    assert once.is_new(8, "1", "info", 0.3), "another phone's"


def test_the_same_key_twice_is_two_keys() -> None:
    keys = KeysIn()
    assert told(keys, pressed("5", sequence=1, timestamp=8000) + pressed("5", sequence=9, timestamp=9600)) == "55"


@given(st.text(tones.KEYS, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_lost_doubled_and_swapped_packets_change_no_keys(text: str, chance: random.Random) -> None:
    """Any packets of a key may be missing but one; neighbours may come the wrong way round; any may come twice."""
    keys, heard = KeysIn(), ""
    for n, key in enumerate(text):
        whole = pressed(key, sequence=10 * n, timestamp=5000 + 2000 * n)
        kept = [one for one in whole if chance.random() > 0.4] or [whole[-1]]
        kept += [one for one in kept if chance.random() > 0.7]
        chance.shuffle(kept)
        heard += told(keys, kept)
    assert heard == text


def test_a_straggler_of_the_key_before_is_no_new_key() -> None:
    keys = KeysIn()
    first = pressed("1", sequence=1, timestamp=8000)
    assert told(keys, first[:6] + pressed("2", sequence=9, timestamp=9600) + first[6:]) == "12"


@given(st.binary(max_size=12))
def test_no_event_octets_do_harm(octets: bytes) -> None:
    told(KeysIn(), [packet(octets, kind=101)])


@pytest.mark.parametrize("law", [g711.PCMA, g711.PCMU])
def test_a_leg_without_events_gets_the_key_as_sound(law: int) -> None:
    keys, stamps = KeysOut(), Stamps(1, random.Random(1))
    keys.send(0, "7")
    sound = []
    while keys.rows():
        one = np.zeros(512, np.uint8)
        assert keys.write(0, one, -1, law, stamps) == 0
        sound.append(g711.decode(one[12 : 12 + FRAME], law))
    heard = np.concatenate(sound)[: 5 * FRAME]
    low, high = tones.FREQUENCIES["7"]
    assert level(heard, low) > 1000
    assert level(heard, high) > 1000
    assert level(heard, 697) < 300


def test_keys_that_are_sent_are_heard_by_our_own_ears() -> None:
    keys, ears, stamps = KeysOut(), KeysIn(), Stamps(1, random.Random(1))
    stamps.begin(0)
    keys.send(0, "19#x*")
    packets = []
    for _ in range(100):
        one = np.zeros((1, 512), np.uint8)
        stamps.stamp(one, np.array([0]), np.array([8], np.uint8))
        if keys.rows() and (octets := keys.write(0, one[0], 101, g711.PCMA, stamps)):
            packets.append(one[0, :octets].tobytes())
        stamps.advance(1)
    assert told(ears, packets) == "19#*"
    durations = {int.from_bytes(one[14:16], "big") for one in packets}
    assert durations == {160, 320, 480, 640, 800}
