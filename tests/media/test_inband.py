"""Keys as tones: what ITU-T Q.24 wants to be heard is heard, what it wants refused is refused, speech never dials."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest

from callcenterd.media import tones
from callcenterd.media.codecs import g711
from callcenterd.media.inband import Inband
from callcenterd.media.rtp import FRAME
from callcenterd.worker.sound import music
from tests.kit import speech
from tests.kit.speech import Sound

FULL = float(g711.LEVEL[g711.PCMA].max())


def amplitude(dbm0: float) -> float:
    """Peak of a sine of this level."""
    return float(FULL * 10 ** ((dbm0 - 3.14) / 20))


def key(
    name: str,
    *,
    ms: float = 50.0,
    level: float = -10.0,
    twist: float = 0.0,
    off: tuple[float, float] = (0.0, 0.0),
) -> np.ndarray:
    """One key, without a pause. level: dBm0 of the stronger tone; twist: dB that the high one is stronger.
    off: how far the low and the high tone are beside their frequency, as a share of it."""
    time = np.arange(round(ms * 8)) / 8000
    low, high = tones.FREQUENCIES[name]
    low_level, high_level = level - max(0.0, twist), level + min(0.0, twist)
    return amplitude(low_level) * np.sin(2 * np.pi * low * (1 + off[0]) * time) + amplitude(high_level) * np.sin(
        2 * np.pi * high * (1 + off[1]) * time + 1
    )


def line(parts: Sequence[np.ndarray], *, pause_ms: float = 50.0, noise: float | None = None, seed: int = 1) -> Sound:
    """The parts one after the other with pauses between. noise: dBm0."""
    pause = np.zeros(round(pause_ms * 8))
    wave = np.concatenate([piece for part in parts for piece in (pause, part)] + [np.zeros(800)])
    if noise is not None:
        wave = wave + speech.noise(len(wave) / 8000 + 1, noise, seed)[: len(wave)]
    return np.clip(np.round(wave), -32768, 32767).astype(np.int16)


def heard(sound: Sound, law: int = g711.PCMA, start: int = 0) -> str:
    """start: samples of silence before: where the sound begins in a tick."""
    sound = np.concatenate([np.zeros(start, np.int16), sound])
    sound = np.pad(sound, (0, -len(sound) % FRAME))
    ears = Inband(1)
    ears.listen(0)
    codes = g711.encode(sound, law)
    ticks = range(0, len(codes), FRAME)
    return "".join(
        name for at in ticks for _, name in ears.hear(codes[None, at : at + FRAME], np.array([law], np.int8))
    )


def share(parts: Sequence[np.ndarray], *, pause_ms: float = 50.0, noise: float | None = None) -> float:
    """Of how many of these keys, each at another place in its tick, something is heard."""
    found = sum(
        len(heard(line([part], pause_ms=pause_ms, noise=noise, seed=n), start=(7 * n) % FRAME)) > 0
        for n, part in enumerate(parts)
    )
    return found / len(parts)


ALL = tones.KEYS
EACH = [key for key in ALL for _ in range(10)]


@pytest.mark.parametrize("law", [g711.PCMA, g711.PCMU])
def test_every_key_is_heard_once_and_in_its_order(law: int) -> None:
    for start in range(0, FRAME, 13):
        assert heard(line([key(name) for name in ALL]), law, start) == ALL


def test_the_keys_that_we_send_ourselves_are_heard() -> None:
    assert heard(np.concatenate([tones.key(name) for name in "13800138000#"])) == "13800138000#"


@pytest.mark.parametrize("level", [0.0, -5.0, -10.0, -20.0, -25.0, -30.0])
def test_levels_of_a_line_are_heard(level: float) -> None:
    for start in range(0, FRAME, 20):
        assert heard(line([key(name, level=level) for name in ALL]), start=start) == ALL


def test_what_is_quieter_than_a_line_is_not() -> None:
    assert heard(line([key(name, level=-45.0) for name in ALL])) == ""


@pytest.mark.parametrize("twist", [-8.0, -4.0, 4.0, 6.0])
@pytest.mark.parametrize("level", [-3.0, -22.0])
def test_twist_within_the_limits_is_heard(twist: float, level: float) -> None:
    assert heard(line([key(name, twist=twist, level=level) for name in ALL])) == ALL


@pytest.mark.parametrize("twist", [-12.0, 10.0])
def test_twist_beyond_them_is_not(twist: float) -> None:
    assert heard(line([key(name, twist=twist) for name in ALL])) == ""


@pytest.mark.parametrize("low", [-0.015, 0.0, 0.015])
@pytest.mark.parametrize("high", [-0.015, 0.0, 0.015])
def test_frequencies_within_a_share_of_15_in_a_thousand_are_heard(low: float, high: float) -> None:
    assert heard(line([key(name, off=(low, high)) for name in ALL])) == ALL


@pytest.mark.parametrize("off", [(0.035, 0.0), (-0.035, 0.0), (0.0, 0.035), (0.0, -0.035), (0.035, 0.035)])
@pytest.mark.parametrize("ms", [50.0, 200.0])
def test_frequencies_35_in_a_thousand_away_are_not(off: tuple[float, float], ms: float) -> None:
    assert heard(line([key(name, off=off, ms=ms) for name in ALL])) == ""


def test_forty_milliseconds_are_always_enough() -> None:
    assert share([key(name, ms=40.0) for name in EACH]) == 1.0
    hard = [key(name, ms=40.0, off=(0.015, -0.015), twist=-6.0) for name in EACH]
    assert share(hard) == 1.0


def test_23_milliseconds_are_hardly_ever() -> None:
    assert share([key(name, ms=23.0) for name in EACH]) <= 0.02


def test_keys_twelve_decibels_above_noise_are_heard() -> None:
    """Levels are of the two tones together."""
    assert share([key(name) for name in EACH], noise=-10 + 3 - 12) >= 0.99
    assert share([key(name, off=(0.015, 0.015)) for name in EACH], noise=-10 + 3 - 12) >= 0.97


def test_the_same_key_again_after_40_ms_is_two_keys() -> None:
    for start in range(0, FRAME, 11):
        assert heard(line([key("5")] * 6, pause_ms=40.0), start=start) == "555555"


@pytest.mark.parametrize("ms", [5.0, 10.0])
def test_a_break_of_ten_milliseconds_is_no_second_key(ms: float) -> None:
    for start in range(0, FRAME, 11):
        whole = key("8", ms=200.0)
        whole[800 : 800 + round(ms * 8)] = 0
        assert heard(line([whole]), start=start) == "8"


def test_a_key_that_is_held_is_one_key() -> None:
    assert heard(line([key("0", ms=10_000)])) == "0"


def test_keys_without_a_pause_between_them_are_all_heard() -> None:
    assert heard(line([np.concatenate([key(name, ms=60) for name in "147#"])])) == "147#"


def test_a_key_goes_on_while_somebody_talks_into_it() -> None:
    talk = speech.at_level(speech.said(speech.ENGLISH[0], "en"), -22)
    pressed = key("4", ms=1000)
    pressed[800:] += talk[: len(pressed) - 800]
    assert heard(line([pressed])) == "4"


def test_the_tones_of_the_network_are_no_keys() -> None:
    for region in tones.CADENCES:
        for name in tones.TONES:
            sound = tones.cadence(name, region)
            assert heard(np.tile(sound, 1 + 16000 // max(1, len(sound)))) == "", (region, name)
    for hertz in range(300, 3400, 50):
        assert heard(tones.tone([float(hertz)], 0.5)) == ""
    for pair in ((350, 440), (440, 480), (480, 620), (1400, 2060), (950, 1400), (700, 900), (1100, 1700)):
        assert heard(tones.tone([float(hertz) for hertz in pair], 0.5)) == ""


def test_music_on_hold_presses_nothing() -> None:
    assert heard(music()) == ""


def test_twenty_minutes_of_speech_press_nothing() -> None:
    """Talk-off: in both languages, and as four more speakers would say it: an hour and a half in all."""
    ears, rows = Inband(64), 64
    for row in range(rows):
        ears.listen(row)
    laws = np.arange(rows, dtype=np.int8) % 2
    told: list[tuple[str, float, int, str]] = []
    for language in ("zh-CN", "en"):
        whole = speech.at_level(speech.reading(language, 10.0), -14)
        for pitch in (1.0, 0.8, 0.9, 1.12, 1.3):
            sound = speech.at_pitch(whole, pitch) if pitch != 1.0 else whole
            piece = -(-len(sound) // rows // FRAME) * FRAME
            sound = np.pad(sound, (0, piece * rows - len(sound))).reshape(rows, piece)
            codes = np.stack([g711.encode(sound[row], int(laws[row])) for row in range(rows)])
            for at in range(0, piece, FRAME):
                told += [(language, pitch, at, name) for _, name in ears.hear(codes[:, at : at + FRAME], laws)]
    assert told == []


@pytest.mark.parametrize("seed", range(5))
def test_loud_noise_presses_nothing(seed: int) -> None:
    assert heard(speech.noise(60, -10, seed)) == ""


def test_each_row_hears_its_own_keys_and_who_forgets_hears_none() -> None:
    chance = random.Random(3)
    dialled = ["".join(chance.choice(ALL) for _ in range(10)) for _ in range(20)]
    codes = np.stack([g711.encode(line([key(name) for name in some]), g711.PCMA) for some in dialled])
    codes = codes[:, : codes.shape[1] // FRAME * FRAME]
    ears = Inband(20)
    for row in range(20):
        ears.listen(row)
    ears.forget(7)
    told = [""] * 20
    for at in range(0, codes.shape[1], FRAME):
        for row, name in ears.hear(codes[:, at : at + FRAME], np.zeros(20, np.int8)):
            told[row] += name
    assert told == ["" if row == 7 else some for row, some in enumerate(dialled)]
    ears.listen(7)
    assert (len(ears), ears.pressed()) == (20, [])
