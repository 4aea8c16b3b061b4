"""A voice for tests, made by rule and by seed: syllables with a pitch that moves, hisses between them, pauses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 8000
_VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))
"""Formants in Hz: a, i, u, e, o (Peterson and Barney 1952)."""


def speech(seconds: float, *, seed: int = 1, pitch: float = 120.0) -> NDArray[np.int16]:
    """int16 at 8 kHz. pitch: the middle of the voice in Hz."""
    chance = np.random.default_rng(seed)
    parts: list[NDArray[np.float64]] = []
    length = 0
    while length < seconds * RATE:
        part = _syllable(chance, pitch)
        parts.append(part)
        length += len(part)
        if chance.random() < 0.25:
            parts.append(np.zeros(int(RATE * chance.uniform(0.1, 0.5))))
            length += len(parts[-1])
    sound = np.concatenate(parts)[: int(seconds * RATE)]
    sound += chance.normal(0, 6, len(sound))  # no room is silent
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)


def _syllable(chance: np.random.Generator, pitch: float) -> NDArray[np.float64]:
    hiss = chance.normal(0, 1, int(RATE * chance.uniform(0.03, 0.09)))
    hiss = np.diff(hiss, prepend=0.0) * np.hanning(len(hiss)) * chance.uniform(200, 900)
    samples = int(RATE * chance.uniform(0.12, 0.28))
    time = np.linspace(0, 1, samples)
    hertz = pitch * (1 + chance.uniform(-0.15, 0.15) + chance.uniform(-0.2, 0.2) * time + 0.01 * np.sin(40 * time))
    phase = 2 * np.pi * np.cumsum(hertz) / RATE
    begin, end = (np.array(_VOWELS[chance.integers(len(_VOWELS))], float) for _ in range(2))
    voice = np.zeros(samples)
    for n in range(1, int(3600 / hertz.max()) + 1):
        gain = np.zeros(samples)
        for formant, width, loud in zip(range(3), (90, 110, 170), (1.0, 0.5, 0.25), strict=True):
            middle = begin[formant] + (end[formant] - begin[formant]) * time
            gain += loud / (1 + ((n * hertz - middle) / width) ** 2)
        voice += gain * np.cos(n * phase + n * n * 0.3)
    rise = np.minimum(1, np.minimum(time * samples / 200, (1 - time) * samples / 400))
    return np.concatenate([hiss, voice * rise * chance.uniform(1500, 6000)])
