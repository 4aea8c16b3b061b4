"""The way in of rows that do not speak G.711: their payloads become codes like everybody's, in the tick they play.

G.722 of all rows is decoded at once out of the jitter buffer's octets; Opus and G.729 packet by packet (unpack.py).
What came is answered too: to a leg of the same codec it goes on unchanged (packing.py).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from callcenterd.media.codecs import frames
from callcenterd.media.codecs.frames import Decoder
from callcenterd.media.jitter import Jitter
from callcenterd.media.kinds import G729, OPUS
from callcenterd.media.packing import Passed
from callcenterd.media.unpack import Unpacker


class Decoding:
    """The decoders of all rows that have one."""

    def __init__(self) -> None:
        self._g722: dict[int, Decoder] = {}
        self._unpackers: dict[int, Unpacker] = {}

    def forget(self, row: int) -> None:
        """The leg is gone."""
        for known in (self._g722.pop(row, None), self._unpackers.pop(row, None)):
            if known is not None:
                known.close()

    def decode(self, jitter: Jitter, heard: NDArray[np.uint8]) -> Mapping[int, Passed]:
        """Put this tick's sound of the coded rows into `heard`, which is what `jitter.take` answered.

        Answers what came for each of them, by row.
        """
        came = jitter.came(len(heard))
        passed = self._octets(jitter, heard, came)
        rows: list[int] = []
        sounds: list[NDArray[np.int16]] = []
        for row in jitter.stored_rows:
            if row >= len(heard):
                continue
            frame = jitter.frame(row)
            sound = self._unpacker(row).read(frame)
            if sound is not None:
                rows.append(row)
                sounds.append(sound)
            if came[row] and frame.kind == OPUS:
                passed[row] = Passed("opus", packets=frame.packets)
        if rows:
            jitter.put(np.array(rows, np.intp), np.stack(sounds))
        return passed

    def _octets(self, jitter: Jitter, heard: NDArray[np.uint8], came: NDArray[np.bool_]) -> dict[int, Passed]:
        rows = np.array([row for row in jitter.octet_rows if row < len(heard) and came[row]], np.intp)
        if len(rows) == 0:
            return {}
        payloads = heard[rows]
        sounds = np.empty(payloads.shape, np.int16)
        frames.decode_g722([self._decoder(row) for row in rows.tolist()], payloads, sounds)
        jitter.put(rows, sounds)
        return {row: Passed("G722", payload.tobytes()) for row, payload in zip(rows.tolist(), payloads, strict=True)}

    def _decoder(self, row: int) -> Decoder:
        if row not in self._g722:
            self._g722[row] = frames.decoder("G722")
        return self._g722[row]

    def _unpacker(self, row: int) -> Unpacker:
        if row not in self._unpackers:
            self._unpackers[row] = Unpacker(lambda kind: frames.decoder(_STORED[kind]))
        return self._unpackers[row]


_STORED: Mapping[int, frames.Coded] = {OPUS: "opus", G729: "G729"}
