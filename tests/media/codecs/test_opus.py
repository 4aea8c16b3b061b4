"""Opus: golden audio against PyAV's own, loss with and without FEC, and what a stranger may send."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callcenterd.errors import LocalError
from callcenterd.media.codecs import opus
from callcenterd.media.codecs.native import inside_av, load
from tests.kit.tones import level, sweep, tone
from tests.media.codecs.foreign import decoded, encoded, narrowed, stretched
from tests.media.codecs.likeness import Sound, distance_db, frames_of, likeness, speech

SOUNDS = {"sweep": sweep(100, 3600, 4.0), "speech": speech()}
FURTHEST = {"sweep": 1.0, "speech": 1.2}
"""dB over all bands."""


def heard(packets: list[bytes]) -> Sound:
    decoder = opus.Decoder()
    return np.concatenate([decoder.decode(packet) for packet in packets])


def said(sound: Sound, samples: int = 160) -> list[bytes]:
    encoder = opus.Encoder()
    return [encoder.encode(frame) for frame in frames_of(sound, samples)]


# ---- golden audio ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SOUNDS)
def test_another_decoder_hears_what_we_say(name: str) -> None:
    sound = SOUNDS[name]
    other = narrowed(decoded("opus", said(sound), 48000), 6)
    like = likeness(sound, other)
    assert 50 <= like.delay <= 54  # 6.6 ms
    assert -1.2 < like.gain_db < 0.2
    assert distance_db(sound, other, round(like.delay)) < FURTHEST[name]


@pytest.mark.parametrize("name", SOUNDS)
@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_we_hear_what_another_encoder_says_in_mono_or_stereo_at_48_khz(layout: str, name: str) -> None:
    sound = SOUNDS[name]
    options = [("b", "32000"), ("application", "voip")]
    packets = encoded("libopus", stretched(sound, 6), 48000, 960, layout=layout, options=options)
    ours = heard(packets)
    assert len(ours) == 160 * len(packets)
    like = likeness(sound, ours)
    assert 50 <= like.delay <= 54
    assert abs(like.gain_db) < 0.6
    assert distance_db(sound, ours, round(like.delay)) < FURTHEST[name]


@pytest.mark.parametrize("name", SOUNDS)
def test_between_two_of_us(name: str) -> None:
    like = likeness(SOUNDS[name], ours := heard(said(SOUNDS[name])))
    assert 50 <= like.delay <= 54
    assert -1.2 < like.gain_db < 0.2
    assert like.snr_db > 8
    assert distance_db(SOUNDS[name], ours, round(like.delay)) < FURTHEST[name]


@pytest.mark.parametrize("hertz", [300, 1000, 2000, 3000])
def test_the_level_of_a_tone_stays(hertz: int) -> None:
    sound = heard(said(tone(hertz, 1.0)))
    assert abs(20 * np.log10(level(sound[1600:7200], hertz) / 8000)) < 1.0


@pytest.mark.parametrize("milliseconds", opus.FRAMES)
def test_packets_of_10_to_60_ms(milliseconds: int) -> None:
    sound = SOUNDS["speech"]
    packets = said(sound, 8 * milliseconds)
    assert [len(heard([packet])) for packet in packets[:3]] == [8 * milliseconds] * 3
    ours = heard(packets)
    like = likeness(sound, ours)
    assert 50 <= like.delay <= 54
    assert distance_db(sound, ours, round(like.delay)) < 2.5


@pytest.mark.parametrize("milliseconds", opus.FRAMES)
def test_what_we_send_is_small_and_never_absent(milliseconds: int) -> None:
    """24 kbit/s on the whole; no DTX: silence is sent too; no packet above 400 octets, even of noise at full level."""
    rng = np.random.default_rng(7)
    noise = rng.integers(-32768, 32768, 8 * 60 * 40).astype(np.int16)
    for sound in (SOUNDS["speech"], noise, np.zeros(8 * 60 * 40, np.int16)):
        packets = said(sound, 8 * milliseconds)
        assert all(0 < len(packet) <= opus.MOST_OCTETS for packet in packets)
        seconds = len(packets) * milliseconds / 1000
        assert sum(map(len, packets)) * 8 / seconds < opus.BITS_PER_SECOND * 1.15
    silence = said(np.zeros(160 * 100, np.int16))
    assert min(len(packet) for packet in silence) > 2  # DTX would send packets of 1 or 2 octets


# ---- loss --------------------------------------------------------------------------------------------------------


def through_loss(packets: list[bytes], *, repair: bool) -> Sound:
    """Each fifth packet is lost. repair: the packet behind the gap is there already and says what it repeats."""
    decoder = opus.Decoder()
    sound = []
    for n, packet in enumerate(packets):
        lost = n % 5 == 4
        following = packets[n + 1] if repair and n + 1 < len(packets) else b""
        sound.append(decoder.conceal(following) if lost else decoder.decode(packet))
    return np.concatenate(sound)


def test_a_packet_lost_is_heard_from_the_one_behind_it() -> None:
    sound = speech()
    encoder = opus.Encoder()
    encoder.expect_loss(20)
    packets = [encoder.encode(frame) for frame in frames_of(sound)]
    whole, repaired, guessed = heard(packets), through_loss(packets, repair=True), through_loss(packets, repair=False)
    assert len(repaired) == len(guessed) == len(whole)
    by_fec, by_guess = likeness(whole, repaired).snr_db, likeness(whole, guessed).snr_db
    assert by_fec > by_guess + 3
    assert distance_db(whole, repaired, 0) < 0.8 * distance_db(whole, guessed, 0)


def test_without_expected_loss_nothing_is_repeated() -> None:
    sound = speech()
    encoder = opus.Encoder()
    encoder.expect_loss(0)
    packets = [encoder.encode(frame) for frame in frames_of(sound)]
    assert np.array_equal(through_loss(packets, repair=True), through_loss(packets, repair=False))


@pytest.mark.parametrize("percent", [-5, 0, 100, 1000])
def test_any_report_of_loss_is_taken(percent: int) -> None:
    encoder = opus.Encoder()
    encoder.expect_loss(percent)
    assert len(heard([encoder.encode(tone(400, 0.02))])) == 160


def test_a_long_gap_dies_away() -> None:
    decoder = opus.Decoder()
    for packet in said(tone(400, 0.4)):
        decoder.decode(packet)
    gap = [decoder.conceal() for _ in range(50)]
    assert {len(frame) for frame in gap} == {160}
    assert np.abs(gap[0].astype(int)).max() > 2000
    assert np.abs(gap[-1].astype(int)).max() < 100


# ---- strangers, anew ---------------------------------------------------------------------------------------------

SHORT = bytes([0xE0]) + bytes(40)  # CELT, narrow band, one frame of 2.5 ms (RFC 6716 §3.1)
TOO_LONG = bytes([0x1B, 3]) + bytes(30)  # SILK, three frames of 60 ms: 180 ms
FIFTEEN = bytes([0xE3, 6]) + bytes(60)  # six frames of 2.5 ms


@given(st.lists(st.binary(max_size=1600), max_size=6))
@example([b""])
@example([SHORT, TOO_LONG, FIFTEEN])
@example([bytes([0x1B, 2]) + bytes(1398)])  # 120 ms in 1,400 octets of nothing
@example([bytes([0xFF] * 1400)])
def test_no_octets_do_more_than_be_counted(packets: list[bytes]) -> None:
    decoder = opus.Decoder()
    faults = 0
    for payload in packets:
        sound = decoder.decode(payload)
        assert sound.dtype == np.int16
        assert len(sound) % 80 == 0
        assert 80 <= len(sound) <= 960
        assert decoder.faults in (faults, faults + 1)
        assert decoder.faults == faults or len(sound) == 160
        faults = decoder.faults
        assert len(decoder.conceal(payload)) == 160


@pytest.mark.parametrize("payload", [b"", SHORT, TOO_LONG, FIFTEEN, bytes(1501)])
def test_what_is_no_whole_10_ms_up_to_120_is_a_fault(payload: bytes) -> None:
    decoder = opus.Decoder()
    assert len(decoder.decode(payload)) == 160
    assert decoder.faults == 1


def test_120_ms_in_a_packet_are_heard() -> None:
    """Two frames of 60 ms, put together by hand (RFC 6716 §3.2.3, code 1 wants them equally long)."""
    encoder = opus.Encoder()
    first, second = (encoder.encode(frame) for frame in frames_of(speech()[:960], 480))
    both = bytes([first[0] | 3, 0x80 | 2, len(first) - 1]) + first[1:] + second[1:]
    decoder, twice = opus.Decoder(), opus.Decoder()
    assert np.array_equal(decoder.decode(both), np.concatenate([twice.decode(first), twice.decode(second)]))
    assert decoder.faults == 0


def test_after_noise_the_next_good_packets_are_heard_well() -> None:
    packets = said(speech())
    decoder = opus.Decoder()
    rng = np.random.default_rng(3)
    for _ in range(50):
        decoder.decode(rng.bytes(60))
    sound = np.concatenate([decoder.decode(packet) for packet in packets])
    assert distance_db(heard(packets)[1600:], sound[1600:], 0) < 1.0


def test_after_a_reset_a_stream_is_a_new_one() -> None:
    encoder, decoder = opus.Encoder(), opus.Decoder()
    frames = frames_of(speech()[8000:11200])
    first = [encoder.encode(frame) for frame in frames]
    sound = [decoder.decode(packet) for packet in first]
    encoder.reset()
    decoder.reset()
    again = [encoder.encode(frame) for frame in frames]
    assert again == first
    assert np.array_equal([decoder.decode(packet) for packet in again], sound)


@pytest.mark.parametrize("samples", [0, 79, 161, 240, 400, 800])
def test_what_is_no_frame_length_is_refused(samples: int) -> None:
    with pytest.raises(LocalError):
        opus.Encoder().encode(np.zeros(samples, np.int16))


@pytest.mark.parametrize("places", [inside_av("libopus"), [opus.SYSTEM]], ids=["PyAV's", "the system's"])
def test_each_build_of_libopus_will_do(places: list[str]) -> None:
    """The system's comes with the foreign phones of the tests; a server takes it where PyAV brings none."""
    using = load(places, opus.SIGNATURES)
    encoder, decoder = opus.Encoder(using), opus.Decoder(using)
    sound = np.concatenate([decoder.decode(encoder.encode(frame)) for frame in frames_of(speech())])
    assert distance_db(speech(), sound, 52) < 2.0
