"""What stands in for lost sound, against what was there: of tones by the sample, of voices by measures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from callcenterd.media.conceal import HISTORY, LASTS, RETURN, Substitutes
from callcenterd.media.rtp import FRAME
from tests.kit.tones import tone
from tests.media.measures import segmental_snr, spectral_distance
from tests.media.speech import speech

Sound = NDArray[np.int16]
ROW = np.array([1])


def concealed(sound: Sound, lost: NDArray[np.bool_]) -> Sound:
    """The sound with these ticks lost and substituted. Nothing before the third tick may be lost."""
    substitutes, out, missing = Substitutes(2), sound[: len(lost) * FRAME].copy(), LASTS + 1
    for tick in range(len(lost)):
        here, ticks = out[tick * FRAME : (tick + 1) * FRAME], np.array([missing])
        if lost[tick]:
            if missing == 0:
                substitutes.begin(ROW, out[tick * FRAME - HISTORY : tick * FRAME][None])
            here[:] = substitutes.sound(ROW, np.array([missing]))[0] if missing < LASTS else 0
            missing += 1
        else:
            if 0 < missing <= LASTS:
                here[:RETURN] = substitutes.back(ROW, ticks, here[None])[0]
            missing = 0
    return out


def repeated(sound: Sound, lost: NDArray[np.bool_]) -> Sound:
    """The plain way: the frame before again, twice at most."""
    out, missing = sound[: len(lost) * FRAME].copy(), 0
    for tick in range(len(lost)):
        here = out[tick * FRAME : (tick + 1) * FRAME]
        if lost[tick]:
            here[:] = out[(tick - 1) * FRAME : tick * FRAME] if missing < 2 else 0
        missing = missing + 1 if lost[tick] else 0
    return out


def losses(ticks: int, percent: float, seed: int = 3) -> NDArray[np.bool_]:
    lost: NDArray[np.bool_] = np.random.default_rng(seed).random(ticks) * 100 < percent
    lost[:4] = False
    return lost


@pytest.mark.parametrize("hertz", [67, 80, 100, 133, 200, 400, 1000])
def test_a_tone_goes_on_as_if_nothing_had_been_lost(hertz: int) -> None:
    """For 10 ms; then it fades. 133 Hz is no whole number of samples, and 67 Hz the lowest voice there is."""
    sound = tone(hertz, 0.2)
    lost = np.zeros(10, np.bool_)
    lost[5] = True
    out = concealed(sound, lost)
    there, here = (one[5 * FRAME : 5 * FRAME + 80].astype(float) for one in (sound, out))
    assert np.sqrt(np.mean((there - here) ** 2)) < 0.05 * np.sqrt(np.mean(there**2))


def test_a_loss_fades_to_nothing_within_60_ms() -> None:
    sound = tone(200, 0.3)
    lost = np.zeros(15, np.bool_)
    lost[5:12] = True
    loud = [np.abs(one).max() for one in concealed(sound, lost).reshape(-1, FRAME)]
    assert loud[5] > loud[6] > loud[7] > 0
    assert loud[6] < 0.85 * loud[4]
    assert loud[7] < 0.45 * loud[4]
    assert loud[8:12] == [0, 0, 0, 0]


@pytest.mark.parametrize("seed", range(5))
def test_no_step_is_greater_than_the_voice_makes_itself(seed: int) -> None:
    """Neither where the substitute begins, nor where it wraps around, nor where real sound returns."""
    sound = speech(10, seed=seed)
    lost = losses(len(sound) // FRAME, 10, seed)
    out = concealed(sound, lost).astype(int)
    steps = np.abs(np.diff(out))
    ends = [int(tick) for tick in np.flatnonzero(lost) if not lost[tick + 1 : tick + 2].any()]
    for end in ends:
        begin = max(tick for tick in range(end) if not lost[tick]) + 1
        own = np.abs(np.diff(sound[max(0, begin - 8) * FRAME : (end + 2) * FRAME].astype(int))).max()
        assert steps[begin * FRAME - 1 : (end + 2) * FRAME].max() <= 1.5 * own + 50


@pytest.mark.parametrize("percent", [5, 10])
@pytest.mark.parametrize("pitch", [95, 120, 210])
def test_a_voice_with_losses_is_nearer_to_itself_than_by_repeating(percent: int, pitch: int) -> None:
    sound = speech(30, seed=pitch, pitch=pitch)
    lost = losses(len(sound) // FRAME, percent)
    ours, theirs = concealed(sound, lost), repeated(sound, lost)
    assert segmental_snr(sound, ours, lost) > segmental_snr(sound, theirs, lost) + 2.5
    assert spectral_distance(sound, ours, lost) < spectral_distance(sound, theirs, lost) - 0.7
    assert segmental_snr(sound, ours, lost) > -0.5


def test_rows_have_nothing_to_do_with_each_other() -> None:
    """Many at once are what each would be alone."""
    sound = speech(20)
    past = np.stack([sound[n : n + HISTORY] for n in range(0, 100 * HISTORY, HISTORY)])
    rows, ticks = np.random.default_rng(1).permutation(300)[:100], np.arange(100) % LASTS
    together = Substitutes(300)
    together.begin(rows, past)
    at_once, back = together.sound(rows, ticks), together.back(rows, ticks, past[:, :RETURN])
    for k, row in enumerate(rows):
        alone = Substitutes(300)
        alone.begin(np.array([row]), past[k : k + 1])
        assert np.abs(alone.sound(np.array([row]), ticks[k : k + 1])[0].astype(int) - at_once[k]).max() <= 1
        assert (
            np.abs(alone.back(np.array([row]), ticks[k : k + 1], past[k : k + 1])[0].astype(int) - back[k]).max() <= 1
        )


@given(st.binary(min_size=2 * HISTORY, max_size=2 * HISTORY))
def test_no_history_is_too_strange_to_go_on_from(octets: bytes) -> None:
    past = np.frombuffer(octets, np.int16)
    substitutes = Substitutes(2)
    substitutes.begin(ROW, past[None])
    loudest = np.abs(past.astype(int)).max()
    for tick in range(LASTS + 1):
        assert np.abs(substitutes.sound(ROW, np.array([tick])).astype(int)).max() <= 3 * loudest + 1
    assert not substitutes.sound(ROW, np.array([LASTS])).any()
