"""G.722 by PyAV, where spandsp is missing: 16 kHz inside, brought to 8 kHz and back by a half-band filter.

It costs several times as much and gives the GIL away twice a packet (docs/decisions/0011-codecs.md): for a few legs,
not for hundreds. The filter adds 3.9 ms to the sound in each direction.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

import numpy as np
import structlog
from numpy.typing import NDArray

from callcenterd.errors import LocalError
from callcenterd.media.codecs.fading import Fading
from callcenterd.media.codecs.g711 import Samples
from callcenterd.media.codecs.g722 import FRAMES, LONGEST
from callcenterd.media.codecs.native import Closed, pyav

_log = structlog.get_logger(__name__)

_STEP = 80
_TAPS = 127
_CENTRE = _TAPS // 2


def _half_band() -> NDArray[np.float64]:
    """(127,) taps of a low pass at a quarter of the rate: flat to 3.7 kHz, 6 dB down at 4, 60 from 4.3 on (Kaiser)."""
    n = np.arange(_TAPS) - _CENTRE
    taps = 0.5 * np.sinc(n / 2) * np.kaiser(_TAPS, 6.0)
    even: NDArray[np.float64] = taps / taps.sum()
    return even


_TAP = _half_band()
_ODD = 2 * _TAP[0::2]
"""The taps that are not 0, but for the one in the middle: between two samples, the sound as these see it."""


@cache
def tell_once(why: str) -> None:
    _log.warning("G.722 by PyAV, slower", why=why, remedy="apt-get install libspandsp2")


class Downwards:
    """16 kHz → 8 kHz, any even number of samples at a time."""

    def __init__(self) -> None:
        self._before = np.zeros(_TAPS - 1)

    def next(self, wide: NDArray[np.int16]) -> Samples:
        heard = np.concatenate([self._before, wide])
        self._before = heard[-(_TAPS - 1) :]
        return _rounded(np.convolve(heard, _TAP, "valid")[::2])


class Upwards:
    """8 kHz → 16 kHz: each sample as it was (half the filter later), and one between two."""

    def __init__(self) -> None:
        self._before = np.zeros(len(_ODD) - 1)

    def next(self, narrow: Samples) -> NDArray[np.int16]:
        heard = np.concatenate([self._before, narrow])
        self._before = heard[-(len(_ODD) - 1) :]
        wide = np.empty(2 * len(narrow))
        wide[0::2] = np.convolve(heard, _ODD, "valid")
        wide[1::2] = heard[_CENTRE - _CENTRE // 2 :][: len(narrow)]
        return _rounded(wide)


def _rounded(wave: NDArray[np.float64]) -> NDArray[np.int16]:
    return np.clip(np.rint(wave), -32768, 32767).astype(np.int16)


class Decoder:
    """frames.Decoder."""

    def __init__(self) -> None:
        """Raises NoLibrary."""
        self.faults = 0
        self._open = True
        self.reset()

    def decode(self, payload: bytes) -> Samples:
        self._check()
        octets = len(payload)
        if not 0 < octets <= LONGEST or octets % _STEP:
            self.faults += 1
            return self.conceal()
        frames = self._codec.decode(pyav().Packet(payload))
        sound = self._down.next(np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]))
        self._fading.heard(sound)
        return sound

    def conceal(self, following: bytes = b"") -> Samples:  # noqa: ARG002  # G.722 repeats nothing of the packet before
        self._check()
        return self._fading.next()

    def reset(self) -> None:
        self._check()
        self._codec = pyav().CodecContext.create("g722", "r")
        self._down, self._fading = Downwards(), Fading()

    def close(self) -> None:
        self._open = False

    def _check(self) -> None:
        if not self._open:
            raise Closed("this decoder of G.722")


class Encoder:
    """frames.Encoder. PyAV codes 10 ms at a time here, so that each packet length is some of them."""

    def __init__(self) -> None:
        """Raises NoLibrary."""
        self.frames: Collection[int] = FRAMES
        self._open = True
        self.reset()

    def encode(self, sound: Samples) -> bytes:
        self._check()
        if len(sound) % _STEP or len(sound) // 8 not in FRAMES:
            raise LocalError(f"{len(sound)} samples are no packet of G.722")
        wide = self._up.next(sound).reshape(-1, 1, 2 * _STEP)
        return b"".join(self._coded(frame) for frame in wide)

    def _coded(self, samples: NDArray[np.int16]) -> bytes:
        frame = pyav().AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = 16000
        return b"".join(bytes(packet) for packet in self._codec.encode(frame))

    def expect_loss(self, percent: int) -> None:
        """G.722 has no means against loss."""

    def reset(self) -> None:
        self._check()
        self._codec = pyav().CodecContext.create("g722", "w")
        self._codec.sample_rate, self._codec.format, self._codec.layout = 16000, "s16", "mono"
        self._codec.options = {"frame_size": str(2 * _STEP)}
        self._up = Upwards()

    def close(self) -> None:
        self._open = False

    def _check(self) -> None:
        if not self._open:
            raise Closed("this encoder of G.722")
