"""What is heard for a frame that did not come, where the codec has no means of its own."""

from __future__ import annotations

import numpy as np

from callcenterd.media.codecs.g711 import Samples

FRAME = 160
_SLOPE = np.linspace(1.0, 0.0, 2 * FRAME + 1, dtype=np.float32)[1:]
_NOTHING = np.zeros(FRAME, np.int16)


class Fading:
    """The last 20 ms backwards, then forwards again, down to silence within 40 ms.

    Backwards, since then the sound goes on from the very sample where it stopped: no click.
    """

    __slots__ = ("_last", "_missing")

    def __init__(self) -> None:
        self._last = _NOTHING
        self._missing = 0

    def heard(self, sound: Samples) -> None:
        """Sound that came, (n,) samples. It is kept, so it must not be a view of what will change."""
        self._last = sound
        self._missing = 0

    def next(self) -> Samples:
        """(160,) samples instead of the frame that did not come."""
        at = self._missing * FRAME
        self._missing += 1
        if at >= len(_SLOPE) or not len(self._last):
            return _NOTHING.copy()
        last = np.resize(self._last[-FRAME:], FRAME)
        forwards = last if self._missing % 2 == 0 else last[::-1]
        return (forwards * _SLOPE[at : at + FRAME]).astype(np.int16)

    def forget(self) -> None:
        self._last = _NOTHING
        self._missing = 0
