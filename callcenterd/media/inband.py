"""Keys that come as tones in the sound (DTMF, ITU-T Q.23), heard as Q.24 wants it, for all such rows at once.

The sound is cut into blocks of 10 ms; a window is two of them, and each block begins one. The eight tones' share of
every block is one matrix product for all rows; a window's is the sum of its two blocks', turned into the same phase.
A row is a candidate while one low and one high tone hold most of a window's energy. Where three windows in a row
name the same key, it is looked at closely:

- frequency, by how far the phase of each tone has moved from window to window: within OFF of its nominal one
  (Q.24: 1.5 % must be taken, 3.5 % must not; the phase tells it to a hertz or two);
- purity: both tones, corrected for what a tone beside its nominal frequency loses in a window, hold PURITY of the
  energy of the three. Speech has harmonics and breath there: this is what keeps it from dialling;
- twist between -8 dB (high tone weaker) and +6 dB, and a level that a line can deliver;
- evenness: the tone fills the three windows. 40 ms always do (three windows of it have at least three quarters),
  23 ms never.

A key is told at its start, about 40 ms after it. It lasts until two windows have lost it, so that a break of 10 ms is
no second key, and a pause of 40 ms always is one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from callcenterd.media import tones
from callcenterd.media.codecs import g711
from callcenterd.media.rtp import FRAME

BLOCK = FRAME // 2
WINDOW = 2 * BLOCK
OFF = 0.025
PURITY = 0.75
TWIST = (10 ** (-9 / 10), 10 ** (7 / 10))
"""High over low tone, as energy; a decibel beyond what must be taken."""
EVEN = 0.66
"""The weakest of the three windows has this share of the strongest one's energy."""
LOST = 10 ** (-8 / 10)
LOST_WINDOWS = 2
QUIETEST = -36.0
"""dBm0 of one tone."""
_LIKELY = 0.2
_LIKELY_TWIST = 30.0
_LEAST_GAIN = 0.2

_LOW = sorted({low for low, _ in tones.FREQUENCIES.values()})
_HIGH = sorted({high for _, high in tones.FREQUENCIES.values()})
_HERTZ = np.array([*_LOW, *_HIGH])
_KEYS = [next(key for key, pair in tones.FREQUENCIES.items() if pair == (low, high)) for low in _LOW for high in _HIGH]
"""By 4 * low tone + high tone."""
_NONE = -1

_ANGLES = -2j * np.pi * _HERTZ / tones.RATE
_TURN = np.exp(np.arange(BLOCK)[:, None] * _ANGLES).astype(np.complex64).view(np.float32)
"""(80, 16): cosine and sine of each tone, side by side."""
_BLOCK_ON = np.exp(BLOCK * _ANGLES).astype(np.complex64)
_LEVEL = (g711.LEVEL / np.float32(32768)).astype(np.float32).reshape(-1)


def _energy(dbm0: float) -> float:
    """Of one tone of this level in a window, as it is found in |sum|²."""
    full = float(g711.LEVEL[g711.PCMA].max()) / 32768
    return (full * 10 ** ((dbm0 - 3.14) / 20) * WINDOW / 2) ** 2


_QUIETEST = _energy(QUIETEST)


class Inband:
    """Ears for tones on the rows that ask for it; the others cost nothing."""

    def __init__(self, rows: int) -> None:
        self._listening = np.zeros(rows, np.bool_)
        self._rows = np.zeros(0, np.intp)
        self._block = np.zeros((rows, 8), np.complex64)
        self._block_energy = np.zeros(rows, np.float32)
        self._found = np.zeros((rows, 2, 8), np.complex64)  # of the last two windows
        self._energy = np.zeros((rows, 2), np.float32)
        self._named = np.full((rows, 2), _NONE, np.int8)
        self._held = np.full(rows, _NONE, np.int8)
        self._strength = np.zeros((rows, 2), np.float32)
        self._lost = np.zeros(rows, np.int8)

    def __len__(self) -> int:
        return len(self._rows)

    def listen(self, row: int) -> None:
        """From now on, and from nothing. Twice is as once."""
        if not self._listening[row]:
            self._listening[row] = True
            self._block[row] = self._block_energy[row] = self._found[row] = self._energy[row] = 0
            self._named[row] = self._held[row] = _NONE
            self._rows = np.flatnonzero(self._listening)

    def forget(self, row: int) -> None:
        if self._listening[row]:
            self._listening[row] = False
            self._held[row] = _NONE
            self._rows = np.flatnonzero(self._listening)

    def pressed(self) -> list[int]:
        """Rows in whose sound a key is heard now."""
        return np.flatnonzero(self._held >= 0).tolist() if len(self._rows) else []

    def hear(self, heard: NDArray[np.uint8], laws: NDArray[np.int8]) -> list[tuple[int, str]]:
        """(row, key) of each key that begins in a tick's sound. heard: (rows, 160) codes, each row in its law."""
        rows = self._rows
        samples = _LEVEL.take(heard[rows] + (laws[rows].astype(np.int16) << 8)[:, None]).reshape(-1, BLOCK)
        blocks = (samples @ _TURN).view(np.complex64).reshape(-1, 2, 8)
        energies = np.einsum("ij,ij->i", samples, samples).reshape(-1, 2)

        found = np.empty((len(rows), 4, 8), np.complex64)  # windows: two of the tick before, two of this one
        found[:, :2] = self._found[rows]
        found[:, 2] = self._block[rows] + _BLOCK_ON * blocks[:, 0]
        found[:, 3] = blocks[:, 0] + _BLOCK_ON * blocks[:, 1]
        energy = np.empty((len(rows), 4), np.float32)
        energy[:, :2] = self._energy[rows]
        energy[:, 2] = self._block_energy[rows] + energies[:, 0]
        energy[:, 3] = energies[:, 0] + energies[:, 1]
        power = found[:, 2:].real ** 2 + found[:, 2:].imag ** 2
        named = np.concatenate([self._named[rows], _name(power, energy[:, 2:])], axis=1)

        self._block[rows], self._block_energy[rows] = blocks[:, 1], energies[:, 1]
        self._found[rows], self._energy[rows], self._named[rows] = found[:, 2:], energy[:, 2:], named[:, 2:]
        keys: list[tuple[int, str]] = []
        for window in (2, 3):
            self._let_go(rows, power[:, window - 2])
            last = named[:, window]
            agree = np.flatnonzero((last >= 0) & (last == named[:, window - 1]) & (last == named[:, window - 2]))
            agree = agree[last[agree] != self._held[rows[agree]]]
            if len(agree):
                three = slice(window - 2, window + 1)
                sure = agree[_is_key(last[agree], found[agree, three], energy[agree, three])]
                keys += self._hold(rows[sure], last[sure], power[sure, window - 2])
        return keys

    def _hold(
        self, rows: NDArray[np.intp], keys: NDArray[np.int8], power: NDArray[np.float32]
    ) -> list[tuple[int, str]]:
        one = np.arange(len(rows))
        self._held[rows], self._lost[rows] = keys, 0
        self._strength[rows, 0], self._strength[rows, 1] = power[one, keys // 4], power[one, 4 + keys % 4]
        return [(row, _KEYS[key]) for row, key in zip(rows.tolist(), keys.tolist(), strict=True)]

    def _let_go(self, rows: NDArray[np.intp], power: NDArray[np.float32]) -> None:
        """Of the keys that are held: which does this window still have? power: (rows, 8)."""
        held = np.flatnonzero(self._held[rows] >= 0)
        if len(held):
            row, key = rows[held], self._held[rows[held]]
            lost = power[held, key // 4] < LOST * self._strength[row, 0]
            lost |= power[held, 4 + key % 4] < LOST * self._strength[row, 1]
            self._lost[row] = np.where(lost, self._lost[row] + 1, 0)
            self._held[row[self._lost[row] >= LOST_WINDOWS]] = _NONE


def _name(power: NDArray[np.float32], energy: NDArray[np.float32]) -> NDArray[np.int8]:
    """Which key each window may hold, or -1. power: (rows, windows, 8). energy: (rows, windows)."""
    groups = power.reshape(*energy.shape, 2, 4)
    low, high = np.moveaxis(groups.max(axis=3), 2, 0)
    likely = (low + high > _LIKELY * (WINDOW / 2) * energy) & (np.minimum(low, high) > _LEAST_GAIN * _QUIETEST)
    likely &= (high < _LIKELY_TWIST * low) & (low < _LIKELY_TWIST * high)
    named = np.full(energy.shape, _NONE, np.int8)
    some = np.nonzero(likely)
    if len(some[0]):
        best = groups[some].argmax(axis=2)
        named[some] = 4 * best[:, 0] + best[:, 1]
    return named


def _is_key(keys: NDArray[np.int8], found: NDArray[np.complex64], energy: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Are these three windows that key? keys: (k,). found: (k, 3, 8). energy: (k, 3)."""
    bins = np.stack([keys // 4, 4 + keys % 4], axis=1).astype(np.intp)  # (k, 2): low, high
    windows = np.take_along_axis(found, bins[:, None, :], axis=2)  # (k, 3, 2)
    moved = (windows[:, 1:] * windows[:, :-1].conj()).sum(axis=1) * _BLOCK_ON[bins]
    beside = np.angle(moved) * (tones.RATE / (2 * np.pi * BLOCK))  # hertz
    gain = np.maximum(np.sinc(beside * WINDOW / tones.RATE) ** 2, _LEAST_GAIN)
    strength = (windows.real**2 + windows.imag**2).sum(axis=1) / gain  # of three windows
    low, high = strength[:, 0], strength[:, 1]
    sure: NDArray[np.bool_] = (np.abs(beside) <= OFF * _HERTZ[bins]).all(axis=1)
    sure &= low + high >= PURITY * (WINDOW / 2) * energy.sum(axis=1)
    sure &= (high >= TWIST[0] * low) & (high <= TWIST[1] * low) & (np.minimum(low, high) >= 2 * _QUIETEST)
    sure &= energy.min(axis=1) >= EVEN * energy.max(axis=1)
    return sure
