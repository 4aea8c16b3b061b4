"""Sound in place of packets that did not come: the last pitch period again and again, fading, all rows at once.

In the spirit of ITU-T G.711 Appendix I (09/1999), with these differences. The sound before a loss has been sent
already when the loss is known, so nothing can be overlapped with it; the step at the seam, if there is one, fades
within SEAM samples instead, and no row is delayed for the sake of losses. One period is repeated, not up to three.

    history      what a row played in the last 40 ms
    pitch        the lag at which its last 20 ms are most like themselves: 40 to 120 samples, 66 to 200 Hz
    cycle        its last period, whose end is blended into what stood before its begin: it can be repeated
    substitute   the cycle from its begin on, at full loudness for 10 ms, then falling to nothing at 60 ms
    back         where real sound returns, it is blended in over RETURN samples

Of a hiss or of silence the pitch is whatever it is; that it is repeated for 60 ms at most is why one does not hear it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from callcenterd.media.rtp import FRAME

Floats = NDArray[np.float32]
Rows = NDArray[np.intp]

LASTS = 3
"""Ticks after which a substitute is silence."""
HISTORY = 2 * FRAME
"""Samples of the past that a substitute is made of."""
SHORTEST, LONGEST = 40, 120
"""Samples of a pitch period (Appendix I, §I.2.2)."""
SEAM = 24
RETURN = 40

_COARSE = 4
_WINDOW = 160
_NEAR = 3
_FULL = 80

_FADE = np.concatenate(
    [np.ones(_FULL), np.linspace(1, 0, LASTS * FRAME - _FULL, endpoint=False), np.zeros(FRAME)]
).astype(np.float32)
_SEAM = np.linspace(1, 0, SEAM, endpoint=False).astype(np.float32)
_RISE = ((np.arange(RETURN) + 1) / (RETURN + 1)).astype(np.float32)


class Substitutes:
    """What each row would go on with. Rows are added by `begin`; what they had before is overwritten."""

    def __init__(self, rows: int) -> None:
        self._cycle = np.zeros((rows, LONGEST), np.float32)
        self._pitch = np.full(rows, SHORTEST, np.int64)
        self._step = np.zeros(rows, np.float32)

    def begin(self, rows: Rows, history: NDArray[np.int16]) -> None:
        """The first tick of a loss. history: (k, HISTORY) samples before it."""
        past = history.astype(np.float32)
        pitch = _pitch(past)
        self._pitch[rows] = pitch
        self._cycle[rows] = _cycle(past, pitch)
        self._step[rows] = past[:, -1] - past[np.arange(len(past)), HISTORY - 1 - pitch]

    def sound(self, rows: Rows, ticks: NDArray[np.int64]) -> NDArray[np.int16]:
        """(k, 160) that follow `ticks` whole ticks of substitute, 0 to LASTS of them."""
        return _int16(self._sound(rows, ticks, FRAME))

    def _sound(self, rows: Rows, ticks: NDArray[np.int64], samples: int) -> Floats:
        at = FRAME * ticks[:, None] + np.arange(samples)
        sound = self._cycle.reshape(-1).take(LONGEST * rows[:, None] + at % self._pitch[rows][:, None])
        first = np.flatnonzero(ticks == 0)
        if len(first):
            sound[first, :SEAM] += self._step[rows[first]][:, None] * _SEAM[:samples]
        faded: Floats = sound * _FADE[at]
        return faded

    def back(self, rows: Rows, ticks: NDArray[np.int64], sound: NDArray[np.int16]) -> NDArray[np.int16]:
        """Real sound after `ticks` of substitute: its first RETURN samples, blended. sound: (k, >= RETURN)."""
        mine = self._sound(rows, ticks, RETURN)
        return _int16(mine + (sound[:, :RETURN] - mine) * _RISE)

    def within(self, rows: Rows, ticks: NDArray[np.int64], sound: NDArray[np.int16], start: int) -> NDArray[np.int16]:
        """A tick of which nothing came before `start`: the substitute until there, blended after. sound: (k, 160)."""
        mine = self._sound(rows, ticks, FRAME)
        rise = np.ones(FRAME, np.float32)
        rise[:start] = 0
        rise[start : start + RETURN] = _RISE[: FRAME - start]
        return _int16(mine + (sound - mine) * rise)


def _int16(sound: Floats) -> NDArray[np.int16]:
    whole: NDArray[np.int16] = np.clip(sound, -32768, 32767).astype(np.int16)
    return whole


def _pitch(past: Floats) -> NDArray[np.int64]:
    """(k,) by normalised cross-correlation: every fourth lag on a quarter of the samples, then near the best."""
    late = past[:, HISTORY - _WINDOW - LONGEST :]
    rough = late[:, 0::_COARSE] + late[:, 1::_COARSE] + late[:, 2::_COARSE] + late[:, 3::_COARSE]
    likeness = _likeness(rough, _WINDOW // _COARSE)  # of lags LONGEST, LONGEST - 4 … 4
    lags = LONGEST - _COARSE * np.arange(likeness.shape[1])
    best = lags[np.argmax(likeness[:, lags >= SHORTEST], axis=1)]
    low = np.clip(best - _NEAR, SHORTEST, LONGEST - 2 * _NEAR)
    reach = _FULL + 2 * _NEAR
    start = HISTORY - _FULL - low - 2 * _NEAR
    near = past.reshape(-1).take((HISTORY * np.arange(len(past)) + start)[:, None] + np.arange(reach))
    windows = np.lib.stride_tricks.sliding_window_view(near, _FULL, axis=1)
    fine = _score(past[:, -_FULL:], windows)
    pitch: NDArray[np.int64] = low + 2 * _NEAR - np.argmax(fine, axis=1)
    return pitch


def _likeness(sound: Floats, window: int) -> Floats:
    """(k, n): how like its last `window` samples are to the `window` samples that begin at 0, 1, 2 …"""
    windows = np.lib.stride_tricks.sliding_window_view(sound, window, axis=1)[:, :-1]
    return _score(sound[:, -window:], windows)


def _score(sound: Floats, windows: Floats) -> Floats:
    """(k, n) for (k, w) and (k, n, w): the square of the correlation over the window's energy, with its sign.

    windows: a sliding view, so that the energy of each is the one before with a sample more and a sample less.
    """
    product = np.einsum("ij,ikj->ik", sound, windows)
    squares = np.cumsum(np.concatenate([windows[:, 0], windows[:, 1:, -1]], axis=1) ** 2, axis=1)
    width = windows.shape[2]
    energy = squares[:, width - 1 :].copy()
    energy[:, 1:] -= squares[:, :-width]
    score: Floats = product * np.abs(product) / (energy + np.float32(1000))
    return score


def _cycle(past: Floats, pitch: NDArray[np.int64]) -> Floats:
    """(k, LONGEST): the last period of each; what stands beyond its length means nothing."""
    ends = HISTORY * (np.arange(len(past)) + 1)[:, None]
    n = np.arange(LONGEST)[None, :]
    period = pitch[:, None]
    flat = past.reshape(-1)
    cycle = flat.take(ends - period + np.minimum(n, period - 1))
    before = flat.take(ends - 2 * period + np.minimum(n, 2 * period - 1))
    quarter = period // 4
    share = np.clip((n - period + quarter + 1) / (quarter + 1), 0, 1).astype(np.float32)
    blended: Floats = cycle + (before - cycle) * share
    return blended
