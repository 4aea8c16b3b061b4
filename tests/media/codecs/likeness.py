"""How like what was heard is to what was said: delay, level, and what is between the two otherwise."""

from __future__ import annotations

import io
import itertools
import shutil
import subprocess
import wave
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

RATE = 8000
Sound = NDArray[np.int16]
Wave = NDArray[np.float64]
_FINE = 8
_EDGE = 400  # samples at both ends that do not count: a codec gets going there


@dataclass(frozen=True)
class Likeness:
    """delay: samples, to an eighth. gain_db: of the sound heard. snr_db: when delay and gain are taken out."""

    delay: float
    gain_db: float
    snr_db: float


def likeness(said: Sound, heard: Sound) -> Likeness:
    """Both at the same rate. The delay is where their cross-correlation is greatest, between samples too."""
    size = 2 ** int(np.ceil(np.log2(len(said) + len(heard))))
    spectrum = np.fft.rfft(said, size)
    crossed = np.conj(spectrum) * np.fft.rfft(heard, size)
    fine = np.fft.irfft(crossed, size * _FINE)
    delay = int(np.argmax(fine[: size * _FINE // 2])) / _FINE
    turned = spectrum * np.exp(-2j * np.pi * np.arange(len(spectrum)) * delay / size)
    moved: Wave = np.fft.irfft(turned, size)
    inside = slice(_EDGE + int(delay), min(len(said) + int(delay), len(heard)) - _EDGE)
    a, b = moved[inside], heard[inside].astype(np.float64)
    gain = float(a @ b / (a @ a))
    rest = b - gain * a
    return Likeness(delay, 20 * np.log10(abs(gain)), 10 * np.log10(float(gain**2 * (a @ a) / (rest @ rest))))


def distance_db(said: Sound, heard: Sound, delay: int, highest: float = 3400.0) -> float:
    """How far apart their loudness is, in dB, over 20 bands and all frames of 20 ms in which something is said.

    What a codec does to the phase does not count: a model of speech keeps the spectrum, not the wave.
    """
    a, b = _bands(said, highest), _bands(heard[delay:], highest)
    frames = min(len(a), len(b))
    a, b = a[:frames], b[:frames]
    loud = a.sum(axis=1) > a.sum(axis=1).max() * 1e-3
    floor = a[loud].max(axis=1, keepdims=True) * 1e-3  # what is 30 dB below the loudest band of its frame is not heard
    apart: Wave = 10 * np.log10((a[loud] + floor) / (b[loud] + floor))
    return float(np.sqrt((apart**2).mean()))


def _bands(sound: Sound, highest: float) -> Wave:
    frames = np.lib.stride_tricks.sliding_window_view(sound.astype(np.float64), 320)[::160]
    power = np.abs(np.fft.rfft(frames * np.hanning(320))) ** 2
    edges = (np.linspace(100, highest, 21) / RATE * 320).astype(int)
    return np.stack([power[:, a:b].sum(axis=1) for a, b in itertools.pairwise(edges)], axis=1)


@cache
def speech() -> Sound:
    """Six seconds of espeak-ng at 8 kHz, its peak at half of full: the same on each machine with the same program."""
    program = shutil.which("espeak-ng")
    assert program is not None, "espeak-ng is not installed: tools/set_up_system test"
    text = "She had your dark suit in greasy wash water all year. Please hold the line, the next agent is for you."
    said = subprocess.run([program, "-v", "en", "--stdout", text], capture_output=True, check=True, timeout=30).stdout
    with wave.open(io.BytesIO(said)) as file:
        rate, octets = file.getframerate(), file.readframes(file.getnframes())
    sound = np.frombuffer(octets, np.int16).astype(np.float64)
    spectrum = np.fft.rfft(sound)
    kept = int(len(spectrum) * RATE / rate)
    narrow: Wave = np.fft.irfft(spectrum[:kept], 2 * (kept - 1))
    narrow = narrow[: len(narrow) // 160 * 160]
    sound_at_8_khz: Sound = np.round(narrow / np.abs(narrow).max() * 16000).astype(np.int16)
    return sound_at_8_khz


def frames_of(sound: Sound, samples: int = 160) -> list[Sound]:
    """The sound in whole frames; a rest at the end is left out."""
    whole = len(sound) // samples * samples
    return list(sound[:whole].reshape(-1, samples))
