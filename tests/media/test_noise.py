"""Comfort noise is as loud as it was told to be, in both laws, and is never the same twice."""

from __future__ import annotations

import numpy as np
import pytest

from callcenterd.media.codecs import g711
from callcenterd.media.noise import ComfortNoise

NOISE = ComfortNoise()


def heard(level: int, law: int, *, ticks: int = 50) -> np.ndarray:
    rows, laws, levels = np.array([7]), np.array([law], np.int8), np.array([level], np.int16)
    return np.concatenate([g711.decode(NOISE.codes(rows, levels, laws, tick)[0], law) for tick in range(ticks)])


@pytest.mark.parametrize("law", [g711.PCMA, g711.PCMU])
@pytest.mark.parametrize("level", [20, 30, 40, 50, 60, 65])
def test_its_level_is_what_was_told(level: int, law: int) -> None:
    """In dB below the overload point; a dB of quantising noise at the quiet end is A-law's own."""
    rms = np.sqrt(np.mean(heard(level, law).astype(float) ** 2))
    assert 20 * np.log10(rms / 32768) == pytest.approx(-level, abs=1.0 if level < 60 else 2.0)


@pytest.mark.parametrize("law", [g711.PCMA, g711.PCMU])
@pytest.mark.parametrize("level", [73, 100, 127])
def test_below_what_the_law_can_tell_it_is_silence(level: int, law: int) -> None:
    assert set(heard(level, law).tolist()) == {int(g711.LEVEL[law][g711.SILENCE[law]])}


def test_no_two_rows_and_no_two_ticks_hear_the_same() -> None:
    rows = np.arange(40)
    levels, laws = np.full(40, 40, np.int16), np.zeros(40, np.int8)
    found = {NOISE.codes(rows, levels, laws, tick)[row].tobytes() for tick in range(20) for row in rows}
    assert len(found) > 0.8 * 40 * 20


def test_rows_of_different_levels_and_laws_go_together() -> None:
    codes = NOISE.codes(np.array([1, 2, 3]), np.array([30, 60, 30], np.int16), np.array([0, 0, 1], np.int8), 5)
    loud = [
        np.sqrt(np.mean(g711.decode(one, law).astype(float) ** 2)) for one, law in zip(codes, (0, 0, 1), strict=True)
    ]
    assert loud[0] > 20 * loud[1]
    assert loud[0] == pytest.approx(loud[2], rel=0.2)
