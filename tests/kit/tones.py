"""Sound for tests: made so that it can be found again at the other end."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8000
Sound = NDArray[np.int16]


def tone(hertz: float, seconds: float, level: int = 8000) -> Sound:
    """A sine with this peak."""
    return np.round(level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.int16)


def sweep(start: float, end: float, seconds: float, level: int = 8000) -> Sound:
    """A sine whose frequency rises evenly: a part that is lost, twice, or out of place shows."""
    time = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * (start * time + (end - start) * time**2 / (2 * seconds))
    return np.round(level * np.sin(phase)).astype(np.int16)


def level(sound: Sound, hertz: float) -> float:
    """Peak of the sine of this frequency in the sound (Goertzel, one bin)."""
    turn = np.exp(-2j * np.pi * hertz * np.arange(len(sound)) / RATE)
    return float(2 * abs(np.dot(sound.astype(np.float64), turn)) / max(1, len(sound)))


def loudest(sound: Sound) -> float:
    """The frequency with the most energy, in hertz."""
    spectrum = np.abs(np.fft.rfft(sound.astype(np.float64) * np.hanning(len(sound))))
    return float(np.argmax(spectrum[1:]) + 1) * RATE / len(sound)


def gaps(sound: Sound, hertz: float, least: float, window: float = 0.02) -> list[float]:
    """Where, in seconds, windows of the sound have less than `least` of this tone."""
    size = round(window * RATE)
    starts = range(0, len(sound) - size + 1, size)
    return [n / RATE for n in starts if level(sound[n : n + size], hertz) < least]


def read_stereo_alaw(path: Path) -> tuple[Sound, Sound]:
    """A stereo A-law WAV as (left, right). Reads the header by itself: it does not trust our own reader."""
    octets = path.read_bytes()
    assert octets[:4] == b"RIFF"
    assert octets[8:12] == b"WAVE"
    at, kind, sound = 12, (0, 0, 0), b""
    while at + 8 <= len(octets):
        name, size = octets[at : at + 4], struct.unpack("<I", octets[at + 4 : at + 8])[0]
        if name == b"fmt ":
            kind = struct.unpack("<HHI", octets[at + 8 : at + 16])
        if name == b"data":
            sound = octets[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    assert kind == (6, 2, RATE), kind
    codes = np.frombuffer(sound, np.uint8).reshape(-1, 2)
    levels = np.array([_alaw(code) for code in range(256)], np.int16)
    return levels[codes[:, 0]], levels[codes[:, 1]]


def _alaw(code: int) -> int:
    """ITU-T G.711 table 1, written a second time so that a wrong table cannot agree with itself."""
    code ^= 0x55
    mantissa, exponent = code & 0x0F, (code & 0x70) >> 4
    value = (mantissa * 2 + 1) << 3
    if exponent:
        value = (value + 0x100) << (exponent - 1)
    return value if code & 0x80 else -value
