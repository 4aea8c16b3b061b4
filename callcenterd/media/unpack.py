"""The packets of one stored row, Opus or G.729, become 160 samples a tick.

Packets last 10 to 60 ms and a tick 20, so what a decoder gave is kept until its ticks have come: never more than a
packet, and never across a loss, because each packet says in samples where it belongs (`jitter.Frame`). Where the
row was moved forward, what is kept loses its begin; where it was moved back, what is kept begins later.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from callcenterd.media.jitter import Frame
from callcenterd.media.kinds import OPUS, UNITS
from callcenterd.media.rtp import FRAME

Samples = NDArray[np.int16]

_MOST_KEPT = 1600
"""Samples: two packets of 100 ms that overlap are no telephone's."""


class Decoder(Protocol):
    """One direction of one leg (codecs/). Neither raises, whatever the octets are. Sound is int16 at 8 kHz."""

    def decode(self, payload: bytes) -> Samples:
        """As long as the packet's sound."""

    def conceal(self, following: bytes = b"") -> Samples:
        """20 ms in place of a packet that did not come, out of the one after it if that is here."""

    def close(self) -> None:
        """It is not used any more."""


class Unpacker:
    """One row's decoder and what is left of its last packet. decoder: makes one for a kind (kinds.py)."""

    def __init__(self, decoder: Callable[[int], Decoder]) -> None:
        self._make = decoder
        self._decoder: Decoder | None = None
        self._stream = -1
        self._clock = 0
        self._kept = np.zeros(0, np.int16)

    def read(self, frame: Frame) -> Samples | None:
        """The tick's sound, (160,). None: there is none, and what `Jitter.take` answered for the row holds.

        Only Opus conceals a tick that is missing as a whole by itself: its decoder knows more of the voice than
        its samples tell, and makes the comfort noise of a pause.
        """
        if self._decoder is None or frame.stream != self._stream:
            self.close()
            self._decoder, self._stream = self._make(frame.kind), frame.stream
            self._clock, self._kept = frame.clock, self._kept[:0]
        scale = int(UNITS[frame.kind]) // FRAME
        ahead = _signed(self._clock - frame.clock) // scale
        pieces = [(ahead, self._kept)] if len(self._kept) and ahead + len(self._kept) > 0 else []
        pieces += [(offset, self._decoder.decode(payload)) for offset, payload in frame.packets]
        self._clock = (frame.clock + FRAME * scale) & 0xFFFFFFFF
        if not any(offset < FRAME and offset + len(piece) > 0 for offset, piece in pieces):
            self._kept = self._kept[:0]
            if frame.rest == "quiet" or frame.kind != OPUS:
                return None
            return _fitted(self._decoder.conceal(frame.following), FRAME)
        sound = self._joined(sorted(pieces, key=lambda piece: piece[0]), frame)
        self._kept = sound[FRAME : FRAME + _MOST_KEPT]
        return sound[:FRAME]

    def close(self) -> None:
        """The row is gone, or another stream begins."""
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None

    def _joined(self, pieces: list[tuple[int, Samples]], frame: Frame) -> Samples:
        """All that is known from the tick's begin on, at least a tick; of two that overlap the first one holds."""
        parts: list[Samples] = []
        at = 0
        for offset, piece in pieces:
            if offset > at:
                parts.append(self._filling(offset - at, frame))
                at = offset
            rest = piece[at - offset :]
            parts.append(rest)
            at += len(rest)
        if at < FRAME:
            parts.append(self._filling(FRAME - at, frame))
        return np.concatenate(parts)

    def _filling(self, samples: int, frame: Frame) -> Samples:
        """For a hole in the middle of a tick."""
        if frame.rest == "quiet" or self._decoder is None:
            return np.zeros(samples, np.int16)
        return _fitted(self._decoder.conceal(), samples)


def _fitted(sound: Samples, samples: int) -> Samples:
    """Cut, or followed by silence."""
    sound = sound[:samples]
    return np.concatenate([sound, np.zeros(samples - len(sound), np.int16)]) if len(sound) < samples else sound


def _signed(difference: int) -> int:
    return ((difference + 0x80000000) & 0xFFFFFFFF) - 0x80000000
