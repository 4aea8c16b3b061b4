"""G.722: golden audio against PyAV's own, by both of our ways, and what a stranger may send."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callcenterd.errors import LocalError
from callcenterd.media.codecs import g722, g722_pyav
from callcenterd.media.codecs.native import Closed
from tests.kit.tones import level, sweep, tone
from tests.media.codecs.foreign import decoded, encoded, narrowed, stretched
from tests.media.codecs.likeness import Sound, distance_db, frames_of, likeness, speech

SWEEP = sweep(100, 3600, 4.0)
SOUNDS = {"sweep": SWEEP, "speech": speech()}
WAYS: dict[str, Any] = {"spandsp": g722, "pyav": g722_pyav}
DELAY = {"spandsp": (5.75, 5.25), "pyav": (42.5, 42.5)}
"""Samples from us to another decoder, from another encoder to us. The two filters of G.722 delay by 22 samples at
16 kHz together (ITU-T G.722 §3.1, 4.4), and spandsp has neither of them; the half-band filter adds 31.5."""


def heard(packets: list[bytes], way: str) -> Sound:
    decoder = WAYS[way].Decoder()
    return np.concatenate([decoder.decode(packet) for packet in packets])


def said(sound: Sound, way: str, samples: int = 160) -> list[bytes]:
    encoder = WAYS[way].Encoder()
    return [encoder.encode(frame) for frame in frames_of(sound, samples)]


# ---- golden audio ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SOUNDS)
@pytest.mark.parametrize("way", WAYS)
def test_another_decoder_hears_what_we_say(way: str, name: str) -> None:
    sound = SOUNDS[name]
    other = narrowed(decoded("g722", said(sound, way), 16000), 2)
    like = likeness(sound, other)
    assert abs(like.delay - DELAY[way][0]) <= 0.25
    assert abs(like.gain_db) < 0.1
    assert like.snr_db > 30
    assert distance_db(sound, other, round(like.delay)) < 0.4


@pytest.mark.parametrize("name", SOUNDS)
@pytest.mark.parametrize("way", WAYS)
def test_we_hear_what_another_encoder_says(way: str, name: str) -> None:
    sound = SOUNDS[name]
    packets = encoded("g722", stretched(sound, 2), 16000, 320, options=[("frame_size", "320")])
    assert {len(packet) for packet in packets} == {160}
    ours = heard(packets, way)
    like = likeness(sound, ours)
    assert abs(like.delay - DELAY[way][1]) <= 0.25
    assert abs(like.gain_db) < 0.1
    assert like.snr_db > 30
    assert distance_db(sound, ours, round(like.delay)) < 0.4


@pytest.mark.parametrize("name", SOUNDS)
def test_between_two_of_us_there_is_no_delay(name: str) -> None:
    like = likeness(SOUNDS[name], heard(said(SOUNDS[name], "spandsp"), "spandsp"))
    assert like.delay == 0
    assert abs(like.gain_db) < 0.05
    assert like.snr_db > 32


@pytest.mark.parametrize("hertz", [200, 1000, 2000, 3000, 3300])
@pytest.mark.parametrize("there", WAYS)
@pytest.mark.parametrize("here", WAYS)
def test_the_level_is_the_same_at_each_frequency_of_the_telephone(here: str, there: str, hertz: int) -> None:
    sound = heard(said(tone(hertz, 1.0), here), there)
    assert abs(20 * np.log10(level(sound[800:7200], hertz) / 8000)) < 0.4


def test_what_is_above_4_khz_does_not_come_down_into_speech() -> None:
    """A tone of 6 kHz in a wide-band phone is nothing that 8 kHz could say."""
    time = np.arange(16000) / 16000
    high = np.round(8000 * np.sin(2 * np.pi * 6000 * time)).astype(np.int16)
    packets = encoded("g722", high, 16000, 320, options=[("frame_size", "320")])
    for way in WAYS:
        assert np.abs(heard(packets, way)[800:]).max() < 250, way  # 30 dB down


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("samples", [80, 160, 240, 320, 400, 480])
def test_packets_of_10_to_60_ms_are_the_same_stream(way: str, samples: int) -> None:
    sound = SWEEP[: 2400 * 4]
    packets = said(sound, way, samples)
    assert {len(packet) for packet in packets} == {samples}
    assert b"".join(packets) == b"".join(said(sound, way))
    assert np.array_equal(heard(packets, way), heard(said(sound, way), way))


# ---- many at once ------------------------------------------------------------------------------------------------


@given(st.lists(st.binary(min_size=480, max_size=480), min_size=1, max_size=5))
def test_many_rows_are_decoded_as_one_by_one(streams: list[bytes]) -> None:
    """Each stream's three packets; rows that lie apart in memory, as in a block of datagrams."""
    block = np.zeros((len(streams), 3, 200), np.uint8)
    for n, octets in enumerate(streams):
        block[n, :, 12:172] = np.frombuffer(octets, np.uint8).reshape(3, 160)
    many = [g722.Decoder() for _ in streams]
    out = np.zeros((3, len(streams), 320), np.int16)
    for k in range(3):
        g722.decode_rows(many, block[:, k, 12:172], out[k, :, 100:260])
    for n, octets in enumerate(streams):
        one = g722.Decoder()
        for k in range(3):
            assert np.array_equal(one.decode(octets[160 * k : 160 * (k + 1)]), out[k, n, 100:260])
    assert not out[:, :, :100].any()
    assert not out[:, :, 260:].any()


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=6))
def test_many_rows_are_encoded_as_one_by_one(levels: list[int]) -> None:
    rng = np.random.default_rng(abs(levels[0]))
    sounds = (np.array(levels)[:, None] * rng.uniform(-1, 1, (len(levels), 320))).astype(np.int16)
    many = [g722.Encoder() for _ in levels]
    out = np.zeros((len(levels), 2, 180), np.uint8)
    for k in range(2):
        g722.encode_rows(many, sounds[:, 160 * k : 160 * (k + 1)], out[:, k, 12:172])
    for n in range(len(levels)):
        one = g722.Encoder()
        packets = [one.encode(frame) for frame in frames_of(sounds[n])]
        assert [row.tobytes() for row in out[n, :, 12:172]] == packets
    assert not out[:, :, :12].any()
    assert not out[:, :, 172:].any()


def test_no_rows_at_all_are_no_fault() -> None:
    g722.decode_rows([], np.zeros((0, 160), np.uint8), np.zeros((0, 160), np.int16))
    g722.encode_rows([], np.zeros((0, 160), np.int16), np.zeros((0, 160), np.uint8))


@pytest.mark.parametrize(
    ("payloads", "out"),
    [
        pytest.param(np.zeros((2, 160), np.uint8), np.zeros((1, 160), np.int16), id="fewer rows out"),
        pytest.param(np.zeros((1, 160), np.uint8), np.zeros((1, 80), np.int16), id="too narrow"),
        pytest.param(np.zeros((1, 320), np.uint8)[:, ::2], np.zeros((1, 160), np.int16), id="octets apart"),
        pytest.param(np.zeros((1, 160), np.uint8), np.zeros((1, 320), np.int16)[:, ::2], id="samples apart"),
        pytest.param(np.zeros((2, 160), np.uint8), np.zeros((2, 160), np.int16), id="more rows than legs"),
    ],
)
def test_rows_that_would_be_written_past_are_refused(payloads: Any, out: Any) -> None:
    with pytest.raises(LocalError):
        g722.decode_rows([g722.Decoder()], payloads, out)


def test_a_closed_leg_among_many_is_refused_before_anything_is_decoded() -> None:
    legs = [g722.Decoder(), g722.Decoder()]
    legs[1].close()
    out = np.full((2, 160), 7, np.int16)
    with pytest.raises(Closed):
        g722.decode_rows(legs, np.zeros((2, 160), np.uint8), out)
    assert (out == 7).all()


# ---- strangers, gaps, anew ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
@given(st.lists(st.binary(max_size=1500), max_size=4))
@example([b""])
@example([bytes(1400)])
@example([bytes(159), bytes(161)])
def test_no_octets_do_more_than_be_counted(way: str, packets: list[bytes]) -> None:
    decoder = WAYS[way].Decoder()
    for payload in packets:
        sound = decoder.decode(payload)
        assert sound.dtype == np.int16
        whole = 0 < len(payload) <= 960 and len(payload) % 80 == 0
        assert len(sound) == (len(payload) if whole else 160)
    assert decoder.faults == sum(not 0 < len(p) <= 960 or len(p) % 80 != 0 for p in packets)


@pytest.mark.parametrize("way", WAYS)
def test_a_gap_fades_without_a_click_and_ends_in_silence(way: str) -> None:
    decoder = WAYS[way].Decoder()
    packets = said(tone(400, 0.2), way)
    before = np.concatenate([decoder.decode(packet) for packet in packets])
    gap = [decoder.conceal() for _ in range(4)]
    assert [len(frame) for frame in gap] == [160] * 4
    joined = np.concatenate([before, *gap]).astype(int)
    steepest = np.abs(np.diff(before.astype(int))[-320:]).max()
    assert np.abs(np.diff(joined)[len(before) - 1 :]).max() <= steepest * 1.1
    loud = [np.abs(frame.astype(int)).max() for frame in gap]
    assert loud[0] > loud[1] > 0
    assert loud[2] == loud[3] == 0


@pytest.mark.parametrize("way", WAYS)
def test_before_anything_came_a_gap_is_silence(way: str) -> None:
    assert not WAYS[way].Decoder().conceal().any()


@pytest.mark.parametrize("way", WAYS)
def test_after_a_reset_a_stream_is_a_new_one(way: str) -> None:
    encoder, decoder = WAYS[way].Encoder(), WAYS[way].Decoder()
    first = [encoder.encode(frame) for frame in frames_of(SWEEP[:3200])]
    sound = [decoder.decode(packet) for packet in first]
    encoder.reset()
    decoder.reset()
    assert not decoder.conceal().any()
    again = [encoder.encode(frame) for frame in frames_of(SWEEP[:3200])]
    assert again == first
    assert np.array_equal([decoder.decode(packet) for packet in again], sound)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("samples", [0, 79, 161, 560, 800])
def test_what_is_no_packet_length_is_refused(way: str, samples: int) -> None:
    with pytest.raises(LocalError):
        WAYS[way].Encoder().encode(np.zeros(samples, np.int16))


def test_the_slow_way_closes_too() -> None:
    encoder, decoder = g722_pyav.Encoder(), g722_pyav.Decoder()
    encoder.expect_loss(50)
    encoder.close()
    decoder.close()
    for use in (lambda: encoder.encode(np.zeros(160, np.int16)), lambda: decoder.decode(bytes(160)), decoder.conceal):
        with pytest.raises(Closed):
            use()
