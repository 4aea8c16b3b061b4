"""G.729 by PyAV. Nobody offers a free encoder, so speech cannot be compared: what is said here is made by hand, as
parameters of the Recommendation's table 8 (§4.1), and must be heard with the pitch that they name."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callcenterd.media.codecs import g729
from callcenterd.media.codecs.native import Closed
from tests.media.codecs.likeness import Sound

WIDTHS = (1, 7, 5, 5, 8, 1, 13, 4, 3, 4, 5, 13, 4, 3, 4)
"""Bits of L0 L1 L2 L3, P1 P0, C1 S1 GA1 GB1, P2, C2 S2 GA2 GB2: 80, the most significant first."""
GAINS = (3, 11)
"""GA, GB: the pitch goes on nearly as loud as it was, the pulses add little."""


def block(lag: int, chance: random.Random) -> bytes:
    """10 ms whose pitch repeats after `lag` samples, 20 to 143 (§3.7: an integer lag in both subframes)."""
    first = lag + 112 if lag > 85 else 3 * (lag - 19) - 1
    parity = (bin(first >> 2).count("1") + 1) % 2
    second = 3 * (lag - min(max(lag - 5, 20), 134)) + 2
    here, there = (chance.getrandbits(13) for _ in range(2))  # places of the pulses: no pitch of their own
    values = (0, 60, 16, 16, first, parity, here, 5, *GAINS, second, there, 5, *GAINS)
    bits = "".join(f"{value:0{width}b}" for value, width in zip(values, WIDTHS, strict=True))
    return int(bits, 2).to_bytes(10, "big")


def spoken(decoder: g729.Decoder, lag: int, packets: int = 50) -> Sound:
    chance = random.Random(lag)
    return np.concatenate([decoder.decode(block(lag, chance) + block(lag, chance)) for _ in range(packets)])


def pitch(sound: Sound) -> int:
    """The lag, in samples, at which the sound is most like itself."""
    wave = sound.astype(np.float64)
    pairs = [(wave[lag:], wave[:-lag]) for lag in range(30, 144)]
    return 30 + int(np.argmax([a @ b / (np.linalg.norm(a) * np.linalg.norm(b)) for a, b in pairs]))


@pytest.mark.parametrize("lag", [40, 57, 80, 100, 131])
def test_what_is_said_is_heard_with_its_pitch(lag: int) -> None:
    decoder = g729.Decoder()
    sound = spoken(decoder, lag)
    assert pitch(sound[4000:]) == lag
    assert 1000 < np.abs(sound[4000:].astype(int)).max() < 32767
    assert decoder.faults == 0


@pytest.mark.parametrize(
    ("octets", "samples"),
    [(10, 80), (20, 160), (40, 320), (60, 480), (120, 960), (2, 80), (12, 160), (22, 240)],
    ids=["10 ms", "20 ms", "40 ms", "60 ms", "120 ms", "noise alone", "10 ms and noise", "20 ms and noise"],
)
def test_a_packet_is_as_long_as_its_blocks(octets: int, samples: int) -> None:
    decoder = g729.Decoder()
    sound = decoder.decode(bytes(range(1, octets + 1)))
    assert sound.shape == (samples,)
    assert sound.dtype == np.int16
    assert decoder.faults == 0


def test_the_same_packets_are_the_same_sound() -> None:
    packets = [np.random.default_rng(n).bytes(20) for n in range(40)]
    one, two = g729.Decoder(), g729.Decoder()
    first = [one.decode(packet) for packet in packets]
    assert np.array_equal(first, [two.decode(packet) for packet in packets])
    one.reset()
    assert np.array_equal(first, [one.decode(packet) for packet in packets])


def test_a_gap_goes_on_with_the_voice_and_dies_away() -> None:
    decoder = g729.Decoder()
    sound = spoken(decoder, 80)
    gap = [decoder.conceal() for _ in range(50)]
    assert {frame.shape for frame in gap} == {(160,)}
    loud = [float(np.abs(frame.astype(int)).max()) for frame in (sound[-160:], gap[0], gap[-1])]
    assert loud[1] > loud[0] / 4
    assert loud[2] < loud[0] / 20


BLOCKS = st.integers(1, 12).flatmap(lambda n: st.binary(min_size=10 * n, max_size=10 * n))


@given(st.lists(BLOCKS | st.binary(max_size=1500), max_size=6))
@example([b""])
@example([bytes(1400)])
@example([bytes(122)])
@example([b"\xff" * 120, bytes(120)])
def test_no_octets_do_more_than_be_counted(packets: list[bytes]) -> None:
    decoder = g729.Decoder()
    for payload in packets:
        sound = decoder.decode(payload)
        assert sound.dtype == np.int16
        assert 0 < len(sound) <= 960
        assert len(sound) % 80 == 0
    assert decoder.faults == sum(not 0 < len(p) <= 120 or len(p) % 10 not in (0, 2) for p in packets)


def test_a_closed_decoder_is_told() -> None:
    decoder = g729.Decoder()
    decoder.close()
    decoder.close()
    for use in (lambda: decoder.decode(bytes(10)), decoder.conceal, decoder.reset):
        with pytest.raises(Closed):
            use()
