"""Tones that the network plays to a person: 450 Hz with China's cadences (GB/T 3380-1982), and DTMF (ITU-T Q.23).

A tone is a whole number of cadences, so that repeating it has no seam. Samples are int16 at 8 kHz.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.int16]

RATE = 8000
LEVEL = 0.5 * 32767 / 2
"""Peak of a tone: about -12 dBm0, loud enough and far from clipping."""

CADENCES: Mapping[str, Sequence[tuple[float, float]]] = {
    # seconds on, seconds off
    "dial": [(1.0, 0.0)],
    "ringback": [(1.0, 4.0)],
    "busy": [(0.35, 0.35)],
    "congestion": [(0.7, 0.7)],
}

KEYS = "0123456789*#ABCD"
"""By their event codes (RFC 4733 §3.2)."""

_ROWS, _COLUMNS = (697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0, 1633.0)
_PAD = ("123A", "456B", "789C", "*0#D")
FREQUENCIES: Mapping[str, tuple[float, float]] = {
    key: (_ROWS[y], _COLUMNS[x]) for y, line in enumerate(_PAD) for x, key in enumerate(line)
}


def cadence(name: str) -> Sound:
    """One cadence of a tone by its name in CADENCES; play it with repeat. KeyError for another name.

    450 Hz has whole periods in 20 ms: every part here begins and ends at a zero crossing.
    """
    parts = [np.concatenate([tone([450.0], on), silence(off)]) for on, off in CADENCES[name]]
    return np.concatenate(parts)


def ringback() -> Sound:
    return cadence("ringback")


def busy() -> Sound:
    return cadence("busy")


def congestion() -> Sound:
    return cadence("congestion")


def dial() -> Sound:
    return cadence("dial")


def key(name: str, *, on: float = 0.1, off: float = 0.06) -> Sound:
    """One DTMF key as sound, for the legs that know no telephone-event. KeyError if it is no key."""
    return np.concatenate([tone(FREQUENCIES[name], on), silence(off)])


def tone(frequencies: Sequence[float], seconds: float, level: float = LEVEL) -> Sound:
    """Several sines together; each has its share of `level`."""
    time = np.arange(round(seconds * RATE)) / RATE
    sines = np.sin(2 * np.pi * np.asarray(frequencies)[:, None] * time)
    sound: Sound = np.round(sines.sum(axis=0) * (level / len(frequencies))).astype(np.int16)
    return sound


def silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * RATE), np.int16)
