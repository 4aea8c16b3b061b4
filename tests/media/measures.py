"""How near one sound is to another: what it was before, and what became of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from callcenterd.media.rtp import FRAME

Sound = NDArray[np.int16]
_HEARD = 1e4
"""Mean square above which a stretch counts: 100 RMS, -50 dBov."""


def segmental_snr(sound: Sound, other: Sound, ticks: NDArray[np.bool_] | None = None) -> float:
    """dB, on average of the frames of 20 ms in which there is something, each within -10 and 35. ticks: only these."""
    frames = min(len(sound), len(other)) // FRAME
    a, b = (one[: frames * FRAME].reshape(-1, FRAME).astype(float) for one in (sound, other))
    counts = (a**2).mean(axis=1) > _HEARD
    if ticks is not None:
        counts &= ticks[:frames]
    a, b = a[counts], b[counts]
    snr = 10 * np.log10((a**2).sum(axis=1) / (((a - b) ** 2).sum(axis=1) + 1))
    return float(np.clip(snr, -10, 35).mean())


def spectral_distance(sound: Sound, other: Sound, ticks: NDArray[np.bool_] | None = None) -> float:
    """dB between the spectra of 32 ms, root of the mean square over frequency, on average. ticks: that touch these."""
    window, distances = np.hanning(256), []
    for at in range(0, min(len(sound), len(other)) - 256, 80):
        here = sound[at : at + 256].astype(float)
        touched = ticks is None or ticks[at // FRAME : (at + 255) // FRAME + 1].any()
        if touched and (here**2).mean() > _HEARD:
            a, b = (np.abs(np.fft.rfft(one * window)) ** 2 + 1e5 for one in (here, other[at : at + 256].astype(float)))
            distances.append(np.sqrt(((10 * np.log10(a / b)) ** 2).mean()))
    return float(np.mean(distances))


def envelope(sound: Sound) -> NDArray[np.float64]:
    """Its loudness each 20 ms, smoothed over 60 as an ear does."""
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME).astype(float)
    loudness = np.sqrt((frames**2).mean(axis=1))
    smooth: NDArray[np.float64] = np.convolve(loudness, np.ones(3) / 3, mode="same")
    return smooth


def envelope_correlation(sound: Sound, other: Sound, *, most: int = 20) -> tuple[float, int]:
    """(correlation of the envelopes, ticks by which the other is later): the best within `most` ticks of delay."""
    a, b = envelope(sound), envelope(other)
    found = []
    for delay in range(most + 1):
        length = min(len(a), len(b) - delay)
        found.append((float(np.corrcoef(a[:length], b[delay : delay + length])[0, 1]), delay))
    return max(found)
