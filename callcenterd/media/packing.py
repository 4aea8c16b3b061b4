"""The way out of rows whose packets are not 20 ms of G.711: coded, and cut into packets of the agreed length.

What such a row hears is mixed as everybody's is, 160 G.711 codes a tick. Here it becomes payloads: encoded anew, or,
where the row hears one other that speaks the same codec, that one's own payload, unchanged (`Passed`): then nothing
is lost by coding twice, and the costly half of transcoding is not done. What did not come to be passed is encoded from
what concealed it.

G.711 and G.722 have eight octets a millisecond and are cut anywhere (RFC 3551 §4.5.2, §4.5.14); an Opus packet is
encoded as a whole (RFC 7587 §4.2).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from numpy.typing import NDArray

from callcenterd.media.codecs import frames, g711
from callcenterd.media.codecs.frames import Encoder
from callcenterd.media.codecs.opus import EXPECTED_LOSS
from callcenterd.media.rtp import FRAME
from callcenterd.media.sdp import AudioFormat

OCTETS = 8
"""Of a millisecond, of G.711 and of G.722."""
REMEMBERED = 8
"""Ticks of what was heard while another's payload passed. A codec with a memory has to have heard them too before it
speaks again: the listener's decoder goes on from there, and one that begins with an empty memory is heard as a bang."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A payload to be sent. behind: samples (8 kHz) by which its sound begins before this tick; below 0: after."""

    row: int
    payload: bytes
    behind: int


@dataclass(frozen=True, slots=True)
class Passed:
    """What came in the same codec for a row in this tick: octets of G.722 (160), or packets of Opus with their places.

    packets: (samples from the tick's begin, payload); none: a longer one goes on.
    """

    codec: str
    octets: bytes = b""
    packets: Sequence[tuple[int, bytes]] = ()


@dataclass(slots=True)
class _Packer:
    """asked, ptime: milliseconds of a packet, as agreed and as it can be. kept: octets not sent yet, of codecs that are
    cut; waiting: samples not encoded yet, of Opus. slept: what was heard while another's payload passed."""

    codec: str
    asked: int
    ptime: int
    encoder: Encoder | None
    kept: bytearray = field(default_factory=bytearray)
    waiting: list[NDArray[np.int16]] = field(default_factory=list)
    slept: deque[NDArray[np.int16]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def wake(self) -> Encoder:
        """The encoder, with what it slept through in its memory."""
        assert self.encoder is not None
        while self.slept:
            self.encoder.encode(self.slept.popleft())
        return self.encoder


class Packing:
    """Rows that are not plain. last: the last two codes that each of them heard, since its packets do not hold it."""

    def __init__(self) -> None:
        self._packers: dict[int, _Packer] = {}
        self.last: dict[int, NDArray[np.uint8]] = {}

    def __len__(self) -> int:
        return len(self._packers)

    def __contains__(self, row: int) -> bool:
        return row in self._packers

    def rows(self) -> list[int]:
        return list(self._packers)

    def codec(self, row: int) -> str:
        return self._packers[row].codec

    def agree(self, row: int, audio: AudioFormat) -> None:
        """How the row's packets are from now on. Raises frames.CannotSpeak; the row then stays as it is."""
        known = self._packers.get(row)
        if known is not None and (known.codec, known.asked) == (audio.codec, audio.ptime):
            return
        codec, encoder, ptime = audio.codec, None, audio.ptime
        if codec not in g711.CODECS:
            encoder = frames.encoder(cast("frames.Coded", codec))
            if codec == "opus":
                ptime = max((length for length in encoder.frames if length <= audio.ptime), default=20)
        self.forget(row)
        if encoder is not None or ptime != 20:
            self._packers[row] = _Packer(codec, audio.ptime, ptime, encoder)

    def forget(self, row: int) -> None:
        gone = self._packers.pop(row, None)
        self.last.pop(row, None)
        if gone is not None and gone.encoder is not None:
            gone.encoder.close()

    def expect_loss(self, row: int, percent: int) -> None:
        """The other side says that it missed so many of our packets of late.

        Where it missed none, the next loss comes unannounced all the same: less than the usual is not expected.
        """
        packer = self._packers.get(row)
        if packer is not None and packer.encoder is not None:
            packer.encoder.expect_loss(max(percent, EXPECTED_LOSS))

    def pause(self, rows: Iterable[int]) -> None:
        """Nothing of this tick is sent there: what is kept would come too late."""
        for row in rows:
            packer = self._packers[row]
            packer.kept.clear()
            packer.waiting.clear()

    def pack(
        self,
        rows: Sequence[int],
        codes: NDArray[np.uint8],
        laws: NDArray[np.int8],
        passed: Mapping[int, Passed],
    ) -> list[Packed]:
        """The payloads that are whole with this tick. rows: who sends. codes: (all rows, 160) what each hears."""
        packed: list[Packed] = []
        self._encode_g722(rows, codes, laws, passed)
        for row in rows:
            packer = self._packers[row]
            self.last[row] = codes[row, -2:].copy()
            if packer.codec == "opus":
                packed += self._opus(row, packer, codes[row], int(laws[row]), passed.get(row))
            else:
                if packer.codec != "G722":
                    packer.kept += codes[row].tobytes()
                packed += self._cut(row, packer)
        return packed

    def _encode_g722(
        self,
        rows: Sequence[int],
        codes: NDArray[np.uint8],
        laws: NDArray[np.int8],
        passed: Mapping[int, Passed],
    ) -> None:
        """All of this tick's G.722 at once."""
        some = []
        for row in rows:
            if self._packers[row].codec != "G722":
                continue
            if row in passed:
                self._packers[row].kept += passed[row].octets
                self._packers[row].slept.append(g711.decode(codes[row], int(laws[row])))
            else:
                some.append(row)
        if not some:
            return
        sounds = g711.decode_rows(codes[some], laws[some])
        payloads = np.empty((len(some), FRAME), np.uint8)
        frames.encode_g722([self._packers[row].wake() for row in some], sounds, payloads)
        for row, payload in zip(some, payloads, strict=True):
            self._packers[row].kept += payload.tobytes()

    @staticmethod
    def _cut(row: int, packer: _Packer) -> list[Packed]:
        size, packed = packer.ptime * OCTETS, []
        while len(packer.kept) >= size:
            packed.append(Packed(row, bytes(packer.kept[:size]), len(packer.kept) - FRAME))
            del packer.kept[:size]
        return packed

    @staticmethod
    def _opus(row: int, packer: _Packer, codes: NDArray[np.uint8], law: int, passed: Passed | None) -> list[Packed]:
        if passed is not None:
            packer.waiting.clear()
            packer.slept.append(g711.decode(codes, law))
            return [Packed(row, payload, -at) for at, payload in passed.packets]
        encoder = packer.wake()
        packer.waiting.append(g711.decode(codes, law))
        sound = np.concatenate(packer.waiting)
        size, packed = packer.ptime * 8, []
        while len(sound) >= size:
            packed.append(Packed(row, encoder.encode(sound[:size]), len(sound) - FRAME))
            sound = sound[size:]
        packer.waiting = [sound] if len(sound) else []
        return packed
