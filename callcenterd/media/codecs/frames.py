"""Codecs with a memory, as a leg sees them: octets of one packet in, 8 kHz sound out, and back.

Everything that is mixed, recorded and listened to here is 8 kHz; G.711 needs none of this, it is a table (g711.py).
A decoder and an encoder belong to one leg and are used by one thread at a time. What comes in is a stranger's:
whatever its octets, `decode` answers sound and counts the fault.

Libraries are found and loaded when a codec is first asked for, which can take a quarter of a second:
`available` does that, at the start and not in a tick.
"""

from __future__ import annotations

import ctypes
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, assert_never, get_args

import numpy as np
import structlog
from numpy.typing import NDArray

from callcenterd.errors import LocalError
from callcenterd.media.codecs import g722, g722_pyav, g729, opus
from callcenterd.media.codecs.g711 import Samples
from callcenterd.media.codecs.native import NoLibrary

_log = structlog.get_logger(__name__)

Coded = Literal["G722", "opus", "G729"]
CODED: tuple[Coded, ...] = get_args(Coded)


class CannotSpeak(LocalError):
    """This machine lacks what the codec needs, or it can only be heard (G.729)."""

    def __init__(self, codec: str, why: str) -> None:
        super().__init__(f"{codec}: {why}")
        self.codec = codec


class Decoder(Protocol):
    """Of one stream. faults: packets so far that were no sound of this codec."""

    faults: int

    def decode(self, payload: bytes) -> Samples:
        """(n*80,) int16: as long as the packet's sound, 10 to 120 ms. Never raises for what is in the octets.

        What is none of this codec's packets, is no whole 10 ms or claims more than 120 is a fault: it is answered like
        a frame that did not come.
        """

    def conceal(self, following: bytes = b"") -> Samples:
        """(160,) samples for 20 ms that did not come. following: the packet after the gap, if it is there already."""

    def reset(self) -> None:
        """Another stream begins."""

    def close(self) -> None:
        """Gives the memory back; after that the decoder must not be used (raises Closed). A second time is no fault."""


class Encoder(Protocol):
    """Of one stream. frames: how many milliseconds one packet may hold."""

    frames: Collection[int]

    def encode(self, sound: Samples) -> bytes:
        """(n*80,) int16, in length one of `frames` → one packet's payload, at most 480 octets. Raises LocalError."""

    def expect_loss(self, percent: int) -> None:
        """So many of our packets get lost (0 to 100, as the other side's reports say)."""

    def reset(self) -> None:
        """Another stream begins."""

    def close(self) -> None:
        """As a decoder's."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the libraries may be, the best place first. PyAV is where Python finds it."""

    libopus: tuple[str, ...] = opus.PLACES
    spandsp: tuple[str, ...] = g722.PLACES


HERE = Places()


def decoder(codec: Coded, places: Places = HERE) -> Decoder:
    """Raises CannotSpeak."""
    try:
        match codec:
            case "G722":
                native = _spandsp(places)
                return g722_pyav.Decoder() if native is None else g722.Decoder(native)
            case "opus":
                return opus.Decoder(opus.library(places.libopus))
            case "G729":
                return g729.Decoder()
    except NoLibrary as fault:
        raise CannotSpeak(codec, str(fault)) from fault
    assert_never(codec)


def encoder(codec: Coded, places: Places = HERE) -> Encoder:
    """Raises CannotSpeak; for G.729 always: there is no free encoder of it that Python could call."""
    try:
        match codec:
            case "G722":
                native = _spandsp(places)
                return g722_pyav.Encoder() if native is None else g722.Encoder(native)
            case "opus":
                return opus.Encoder(opus.library(places.libopus))
            case "G729":
                raise CannotSpeak(codec, "it can be decoded only")
    except NoLibrary as fault:
        raise CannotSpeak(codec, str(fault)) from fault
    assert_never(codec)


def decode_g722(decoders: Sequence[Decoder], payloads: NDArray[np.uint8], out: NDArray[np.int16]) -> None:
    """A packet of each of these legs, all of one length: (k, n) octets → (k, n) samples, n of 80, 160 … 960.

    Each decoder stands there once. Rows may lie anywhere in memory, the octets of one row must be neighbours.
    """
    native = [one for one in decoders if isinstance(one, g722.Decoder)]
    if len(native) == len(decoders):
        g722.decode_rows(native, payloads, out)
    else:
        for one, payload, sound in zip(decoders, payloads, out, strict=True):
            sound[:] = one.decode(payload.tobytes())


def encode_g722(encoders: Sequence[Encoder], sounds: NDArray[np.int16], out: NDArray[np.uint8]) -> None:
    """The next packet of each of these legs: (k, n) samples → (k, n) octets. As decode_g722."""
    native = [one for one in encoders if isinstance(one, g722.Encoder)]
    if len(native) == len(encoders):
        g722.encode_rows(native, sounds, out)
    else:
        for one, sound, payload in zip(encoders, sounds, out, strict=True):
            payload[:] = np.frombuffer(one.encode(sound), np.uint8)


def available(wanted: Collection[Coded] = CODED, places: Places = HERE) -> tuple[Coded, ...]:
    """Which of these this machine can speak (G.729: hear), in our order. Each is tried, which loads its library."""
    return tuple(codec for codec in CODED if codec in wanted and _works(codec, places))


def _works(codec: Coded, places: Places) -> bool:
    try:
        decoder(codec, places).close()
        if codec != "G729":
            encoder(codec, places).close()
    except CannotSpeak as fault:
        _log.warning("a codec cannot be spoken", codec=codec, why=str(fault))
        return False
    return True


def _spandsp(places: Places) -> ctypes.PyDLL | None:
    try:
        return g722.library(places.spandsp)
    except NoLibrary as fault:
        g722_pyav.tell_once(str(fault))
        return None
