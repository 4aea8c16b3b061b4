"""G.722 at 64 kbit/s by spandsp (ITU-T G.722, 09/2012; in RTP: RFC 3551 §4.5.2, whose clock is 8 kHz by mistake).

G.722 splits 16 kHz into two bands and codes each at 8 kHz. Here only what is below 4 kHz is wanted, and spandsp can
be asked for that band alone (G722_SAMPLE_RATE_8000): no filters, half the work, and one octet is one sample. In what
we send the upper band is nearly nothing.

The library is Debian's libspandsp2. Without it g722_pyav.py does the same, slower.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callcenterd.errors import LocalError
from callcenterd.media.codecs.fading import Fading
from callcenterd.media.codecs.g711 import Samples
from callcenterd.media.codecs.native import Closed, Memory, Signature, load

FRAMES = (10, 20, 30, 40, 50, 60)
LONGEST = 960
"""Octets, and samples: 120 ms."""

_BITS_PER_SECOND = 64_000
_SAMPLE_RATE_8000 = 1
_STEP = 80

_void, _int, _octets = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
SIGNATURES: Mapping[str, Signature] = {
    "g722_decode_init": (_void, [_void, _int, _int]),
    "g722_decode_free": (_int, [_void]),
    "g722_decode": (_int, [_void, _void, _void, _int]),
    "g722_encode_init": (_void, [_void, _int, _int]),
    "g722_encode_free": (_int, [_void]),
    "g722_encode": (_int, [_void, _void, _void, _int]),
}
"""The first argument of `init` is where to put the state (None: it allocates one). Of `decode` and `encode`: state,
out, in, how many octets or samples come in."""


PLACES = ("libspandsp.so.2", "libspandsp.so.3")


@cache
def library(places: tuple[str, ...] = PLACES) -> ctypes.PyDLL:
    """Raises NoLibrary."""
    return load(places, SIGNATURES)


class Decoder:
    """frames.Decoder."""

    __slots__ = ("_fading", "_library", "_memory", "faults")

    def __init__(self, using: ctypes.PyDLL | None = None) -> None:
        """Raises NoLibrary."""
        self._library = using or library()
        made = self._library.g722_decode_init(None, _BITS_PER_SECOND, _SAMPLE_RATE_8000)
        self._memory = Memory(made, self._library.g722_decode_free)
        self._fading = Fading()
        self.faults = 0

    def decode(self, payload: bytes) -> Samples:
        octets = len(payload)
        if not 0 < octets <= LONGEST or octets % _STEP:
            self.faults += 1
            return self.conceal()
        sound = np.empty(octets, np.int16)
        decode_rows([self], np.frombuffer(payload, np.uint8)[None], sound[None])
        return sound

    def conceal(self, following: bytes = b"") -> Samples:  # noqa: ARG002  # G.722 repeats nothing of the packet before
        return self._fading.next()

    def reset(self) -> None:
        self._library.g722_decode_init(address_of(self), _BITS_PER_SECOND, _SAMPLE_RATE_8000)
        self._fading.forget()

    def close(self) -> None:
        self._memory.close()


class Encoder:
    """frames.Encoder."""

    __slots__ = ("_library", "_memory", "frames")

    def __init__(self, using: ctypes.PyDLL | None = None) -> None:
        """Raises NoLibrary."""
        self._library = using or library()
        made = self._library.g722_encode_init(None, _BITS_PER_SECOND, _SAMPLE_RATE_8000)
        self._memory = Memory(made, self._library.g722_encode_free)
        self.frames: Collection[int] = FRAMES

    def encode(self, sound: Samples) -> bytes:
        if len(sound) % _STEP or len(sound) // 8 not in FRAMES:
            raise LocalError(f"{len(sound)} samples are no packet of G.722")
        octets = np.empty((1, len(sound)), np.uint8)
        encode_rows([self], np.ascontiguousarray(sound, np.int16)[None], octets)
        return octets.tobytes()

    def expect_loss(self, percent: int) -> None:
        """G.722 has no means against loss."""

    def reset(self) -> None:
        self._library.g722_encode_init(address_of(self), _BITS_PER_SECOND, _SAMPLE_RATE_8000)

    def close(self) -> None:
        self._memory.close()


def address_of(stream: Decoder | Encoder) -> int:
    """Raises Closed."""
    address = stream._memory.address
    if not address:
        raise Closed("this stream of G.722")
    return address


def decode_rows(decoders: Sequence[Decoder], payloads: NDArray[np.uint8], out: NDArray[np.int16]) -> None:
    """Many legs' packets of one length at once: (k, n) octets → (k, n) samples. Rows may lie anywhere, octets of one
    row must be neighbours. Each decoder stands there once. Raises Closed, before anything is decoded."""
    call = decoders[0]._library.g722_decode if decoders else None
    _for_each_row(call, [address_of(stream) for stream in decoders], out, payloads)
    for stream, sound in zip(decoders, out, strict=True):
        stream._fading.heard(sound.copy())


def encode_rows(encoders: Sequence[Encoder], sounds: NDArray[np.int16], out: NDArray[np.uint8]) -> None:
    """Many legs' sound of one length at once: (k, n) samples → (k, n) octets. As decode_rows."""
    call = encoders[0]._library.g722_encode if encoders else None
    _for_each_row(call, [address_of(stream) for stream in encoders], out, sounds)


def _for_each_row(call: Any, streams: Sequence[int], out: NDArray[Any], given: NDArray[Any]) -> None:
    """call(stream, address of its row of out, of given, n), a row after the other, with as little Python as can be."""
    rows, width = given.shape
    if out.shape != given.shape or rows != len(streams):
        raise LocalError(f"{len(streams)} streams, {given.shape} in, {out.shape} out")
    if not rows:
        return
    if given.strides[1] != given.itemsize or out.strides[1] != out.itemsize:
        raise LocalError("a row's octets and samples must be neighbours")
    deque(map(call, streams, _addresses(out), _addresses(given), repeat(width)), maxlen=0)


def _addresses(rows: NDArray[Any]) -> list[int]:
    first, step = rows.ctypes.data, rows.strides[0]
    return [first + n * step for n in range(len(rows))]
