"""Comfort noise: what is heard while the other side sends none because nobody speaks there (RFC 3389).

A packet of it tells a level, and may tell the shape of the spectrum in reflection coefficients. The level is kept to,
the shape is not: the noise here is white. At the levels of a quiet office that is told apart from silence, which
sounds like a dead line, and hardly from another noise.

One stretch of noise, made once, lies ready as codes of both laws at each level; a row that needs 20 ms takes them
from somewhere in it, a different place for each row and tick, so that no period is heard.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from callcenterd.media.codecs import g711
from callcenterd.media.rtp import FRAME

NO_NOISE = 127
"""The level of silence."""
_QUIETEST = 72
"""-dBov. Below it the smallest steps of A-law, which has no zero, are louder than the noise."""
_STRETCH = 4096
_FULL_SCALE = 32768.0
"""0 dBov as RMS (RFC 3389 §3: relative to the overload point)."""


class ComfortNoise:
    """The shared stretch. 600 kB."""

    def __init__(self) -> None:
        unit = np.random.default_rng(3389).normal(0, 1, _STRETCH + FRAME)
        codes = np.empty((2, _QUIETEST + 2, _STRETCH + FRAME), np.uint8)
        for level in range(_QUIETEST + 1):
            sound = np.clip(np.rint(unit * _FULL_SCALE * 10 ** (-level / 20)), -32768, 32767).astype(np.int16)
            for law in (g711.PCMA, g711.PCMU):
                codes[law, level] = g711.encode(sound, law)
        codes[:, _QUIETEST + 1] = g711.SILENCE[:, None]
        self._codes = codes.reshape(-1)

    def codes(
        self, rows: NDArray[np.intp], levels: NDArray[np.int16], laws: NDArray[np.int8], tick: int
    ) -> NDArray[np.uint8]:
        """(k, 160) codes for (k,) rows, each at its level in -dBov (0 to 127) and in its law."""
        which = laws.astype(np.int64) * (_QUIETEST + 2) + np.minimum(levels, _QUIETEST + 1)
        begin = (rows * 2477 + tick * 1531) % _STRETCH
        noise: NDArray[np.uint8] = self._codes.take((which * (_STRETCH + FRAME) + begin)[:, None] + np.arange(FRAME))
        return noise
