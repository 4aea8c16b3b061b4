"""G.729 (ITU-T G.729, 06/2012, with Annexes A and B; in RTP: RFC 3551 §4.5.6), decoded by PyAV. There is no encoder.

For a carrier that sends it although we did not ask. PyAV gives the GIL away for each packet and then waits for a busy
main thread, up to a millisecond: hence SENSIBLE_LEGS. docs/decisions/0011-codecs.md has the figures.
"""

from __future__ import annotations

import numpy as np

from callcenterd.media.codecs.g711 import Samples
from callcenterd.media.codecs.native import Closed, pyav

SENSIBLE_LEGS = 8
"""At a time: beside a busy main thread they take 0.3 of the tick's 20 ms, and 8 in one tick of a hundred."""

_BLOCK = 10
"""Octets for 10 ms. One of 2 octets at the end says what the silence sounds like (Annex B): silence here."""
_NOISE = 2
_LONGEST = 12 * _BLOCK
_STEP = 80
_ERASED = bytes(2 * _BLOCK)
"""What the decoder takes for two blocks that got lost: it goes on by the Recommendation's own means (§4.4)."""


class Decoder:
    """frames.Decoder."""

    def __init__(self) -> None:
        """Raises NoLibrary."""
        self.faults = 0
        self._open = True
        self.reset()

    def decode(self, payload: bytes) -> Samples:
        self._check()
        blocks, rest = divmod(len(payload), _BLOCK)
        if rest not in (0, _NOISE) or not 0 < len(payload) <= _LONGEST:
            self.faults += 1
            return self.conceal()
        sound = self._decoded(payload[: blocks * _BLOCK])
        return np.concatenate([*sound, np.zeros(_STEP, np.int16)]) if rest else np.concatenate(sound)

    def conceal(self, following: bytes = b"") -> Samples:  # noqa: ARG002  # G.729 repeats nothing of the packet before
        self._check()
        return np.concatenate(self._decoded(_ERASED))

    def _decoded(self, blocks: bytes) -> list[Samples]:
        """All blocks in one call: PyAV lets the GIL go at each."""
        return (
            [frame.to_ndarray().reshape(-1) for frame in self._codec.decode(self._av.Packet(blocks))] if blocks else []
        )

    def reset(self) -> None:
        self._check()
        self._av = pyav()
        self._codec = self._av.CodecContext.create("g729", "r")
        self._codec.sample_rate, self._codec.layout = 8000, "mono"

    def close(self) -> None:
        self._open = False

    def _check(self) -> None:
        if not self._open:
            raise Closed("this decoder of G.729")
