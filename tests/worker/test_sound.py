"""Files become sound as the calls want it, measured."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from callcenterd.worker import sound
from tests.kit import tones

HEADROOM = 20 * np.log10(32767)


def wav(path: Path, *channels: NDArray[np.int16], rate: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.stack(channels, axis=1).astype("<i2").tobytes())
    return path


def sine(hertz: float, seconds: float, rate: int, level: int = 8000) -> NDArray[np.int16]:
    return np.round(level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.int16)


def decibels(wave: NDArray[np.float32]) -> tuple[float, float]:
    """(RMS of the parts where something is said, peak), in dBFS."""
    frames = wave[: len(wave) // 80 * 80].astype(np.float64).reshape(-1, 80)
    power = (frames**2).mean(axis=1)
    said = power[power > power.max() / 1e3]
    return float(10 * np.log10(said.mean())), float(20 * np.log10(np.abs(wave).max()))


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
def test_a_tone_keeps_its_pitch_and_level_from_any_rate(tmp_path: Path, rate: int) -> None:
    made = sound.read(wav(tmp_path / "a.wav", sine(1000, 1.0, rate), rate=rate), "a.wav")
    assert abs(len(made) - 8000) <= 80
    assert tones.loudest(made) == pytest.approx(1000, abs=2)
    assert tones.level(made[800:7200], 1000) == pytest.approx(8000, rel=0.02)


@pytest.mark.parametrize("hertz", [4500, 5000, 7000, 11000, 20000])
def test_what_8_khz_cannot_carry_is_left_out_instead_of_folded_back(tmp_path: Path, hertz: float) -> None:
    made = sound.read(wav(tmp_path / "a.wav", sine(hertz, 1.0, 48000, 20000), rate=48000), "a.wav")
    inside = made[800:-800].astype(np.float64)
    assert np.sqrt((inside**2).mean()) < 20000 * 10 ** (-40 / 20)


def test_both_channels_are_heard(tmp_path: Path) -> None:
    made = sound.read(wav(tmp_path / "a.wav", sine(500, 1, 8000), sine(1200, 1, 8000), rate=8000), "a.wav")
    assert tones.level(made, 500) > 3000
    assert tones.level(made, 1200) > 3000


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        pytest.param(b"", "cannot be read", id="nothing"),
        pytest.param(b"this is no sound" * 100, "cannot be read", id="text"),
        pytest.param(b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\0\0\0\0",
                     "empty|cannot be read", id="a WAV without a sample"),
    ],
)  # fmt: skip
def test_what_is_no_sound_is_said_so(tmp_path: Path, octets: bytes, why: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(octets)
    with pytest.raises(sound.NotSound, match=why):
        sound.read(path, "a.wav")


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(sound.NotSound, match="cannot be read"):
        sound.read(tmp_path / "none.wav", "none.wav")


@pytest.mark.parametrize("level", [0.001, 0.02, 0.3, 1.0, 4.0])
def test_speech_of_any_level_comes_out_at_one_level(level: float) -> None:
    spoken = np.concatenate([np.zeros(2000), sine(300, 0.5, 8000, 30000), np.zeros(2000)]).astype(np.float32)
    rms, peak = decibels(sound.levelled(spoken / np.float32(32767) * np.float32(level)))
    assert rms == pytest.approx(-20, abs=0.5)
    assert peak <= -3


def test_a_sharp_peak_is_made_quieter_for_a_moment_and_not_cut() -> None:
    """Nothing is added that was not there: each sample is what it was, times a gain that changes slowly."""
    rng = np.random.default_rng(3)
    spoken = (0.05 * rng.standard_normal(16000)).astype(np.float32)
    spoken[8000] = 1.0
    shaped = sound.levelled(spoken)
    _, peak = decibels(shaped)
    assert peak == pytest.approx(-3, abs=0.1)
    gain = shaped / spoken
    assert np.abs(np.diff(gain)).max() < 0.1 * gain.max()
    assert gain[:7000] == pytest.approx(gain[0], rel=1e-3)  # 0.1 s away nothing is held down
    assert gain[8000] < 0.5 * gain[0]


@given(arrays.arrays(np.float32, st.integers(0, 3000), elements=st.floats(-8, 8, width=32)))
@settings(deadline=None)
def test_no_sample_of_any_wave_passes_the_limit(wave: NDArray[np.float32]) -> None:
    shaped = sound.limited(wave)
    assert shaped.shape == wave.shape
    assert np.abs(shaped).max(initial=0) <= sound.PEAK * 1.0001


def test_loudness_is_that_of_the_recommendation() -> None:
    """EBU Tech 3341: a sine of 1 kHz at -23 dBFS in both channels is -23 LUFS; in one of them 3 LU less."""
    time = np.arange(8000 * 5) / 8000
    wave = (10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * time)).astype(np.float32)
    assert sound.loudness(wave) == pytest.approx(-26, abs=0.2)
    assert sound.loudness(np.zeros(8000, np.float32)) == -70


def test_silence_before_and_after_is_cut_and_the_speech_is_whole() -> None:
    spoken = np.concatenate([np.zeros(4000), sine(400, 1, 8000) / 32767, np.zeros(9000)]).astype(np.float32)
    kept = sound.trimmed(spoken)
    assert 8000 <= len(kept) <= 8000 + 2 * 480
    assert np.abs(kept).max() == np.abs(spoken).max()
    assert not len(sound.trimmed(np.zeros(5000, np.float32)))


@given(arrays.arrays(np.float32, st.integers(0, 2000), elements=st.floats(-8, 8, width=32)))
@settings(deadline=None)
def test_no_wave_overflows(wave: NDArray[np.float32]) -> None:
    for shaped in (wave, sound.levelled(wave), sound.trimmed(wave)):
        made = sound.to_int16(shaped)
        assert made.dtype == np.int16
        agree = np.sign(made) * np.sign(shaped) >= 0
        assert agree.all()  # an overflow would change the sign


def test_the_tone_before_a_message_is_one_kilohertz_without_a_click() -> None:
    beep = sound.beep()
    assert tones.loudest(beep) == pytest.approx(1000, abs=5)
    assert abs(int(beep[0])) < 50
    assert abs(int(beep[-1])) < 50


def test_the_music_fills_its_loop_and_repeats_without_a_seam() -> None:
    music = sound.music()
    assert len(music) == 32 * 8000
    seam = np.concatenate([music[-400:], music[:400]]).astype(np.int64)
    steps = np.abs(np.diff(music.astype(np.int64)))
    assert np.abs(np.diff(seam)).max() <= steps.max()
    seconds = music.reshape(32, 8000).astype(np.float64)
    loud = 20 * np.log10(np.sqrt((seconds**2).mean(axis=1))) - HEADROOM
    assert loud.min() > -34  # no second of silence
    assert loud.max() < -18
    assert np.abs(music.astype(np.int64)).max() < 32767 * 0.71


def test_the_music_is_the_same_each_time() -> None:
    assert np.array_equal(sound.music(), sound.music())
