"""Who hears whom. A bridge is an index: the codes of one row become the other's, octet for octet.

Where the laws differ the codes are translated by table; only a row that hears more than one is decoded, summed
and encoded. Sums are clipped, not scaled: three voices at once are rare, and short.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from callcenterd.media.codecs import g711


class Hearing:
    """For each row the rows that it hears."""

    def __init__(self, rows: int) -> None:
        self._one = np.full(rows, -1, np.intp)
        self._several: dict[int, tuple[int, ...]] = {}

    def hear(self, row: int, others: Iterable[int]) -> None:
        """The row hears all of `others` and nothing else from now on. None of them: silence."""
        heard = tuple(dict.fromkeys(other for other in others if other != row))
        self._one[row] = heard[0] if len(heard) == 1 else -1
        if len(heard) > 1:
            self._several[row] = heard
        else:
            self._several.pop(row, None)

    def heard_by(self, row: int) -> tuple[int, ...]:
        """The rows that `row` hears."""
        if row in self._several:
            return self._several[row]
        return (int(self._one[row]),) if self._one[row] >= 0 else ()

    def remove(self, row: int) -> None:
        """The row hears nobody, and nobody hears it."""
        self.hear(row, ())
        for listener in np.flatnonzero(self._one == row).tolist():
            self.hear(listener, ())
        for listener, heard in list(self._several.items()):
            if row in heard:
                self.hear(listener, [other for other in heard if other != row])

    def mix(self, heard: NDArray[np.uint8], laws: NDArray[np.int8], out: NDArray[np.uint8]) -> None:
        """Write into out[row] what each row hears; rows that hear nobody get silence.

        heard: (rows, 160) codes that came from each row, in that row's law. laws: (rows,). out: (rows, 160), in
        the listener's law.
        """
        rows = len(heard)
        speaker = self._one[:rows]
        deaf = speaker < 0
        if deaf.any():
            quiet = np.flatnonzero(deaf)
            out[quiet] = g711.SILENCE[laws[quiet]][:, None]
        listeners = np.flatnonzero(~deaf)
        speakers = speaker[listeners]
        out[listeners] = heard[speakers]
        for k in np.flatnonzero(laws[listeners] != laws[speakers]):
            out[listeners[k]] = g711.translate(heard[speakers[k]], int(laws[speakers[k]]))
        for row, others in self._several.items():
            total = np.zeros(heard.shape[1], np.int32)
            for other in others:
                total += g711.decode(heard[other], int(laws[other]))
            out[row] = g711.encode(np.clip(total, -32768, 32767).astype(np.int16), int(laws[row]))
