"""Sounds that are played to rows: prompts one after the other, music again and again.

What plays is heard instead of what the row is bridged to, or over it (an announcement, a beep). Sounds are int16
at 8 kHz and are shared, never copied: a thousand callers hear one music.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callcenterd.media.codecs import g711
from callcenterd.media.facts import PlayId
from callcenterd.media.rtp import FRAME

Sound = NDArray[np.int16]


@dataclass(slots=True)
class _Play:
    play: PlayId
    sounds: Sequence[Sound]
    repeat: bool
    part: int = 0
    at: int = 0

    def frame(self) -> tuple[Sound, bool]:
        """(the next 160 samples or the rest, is that the end?)."""
        sound = self.sounds[self.part]
        piece = sound[self.at : self.at + FRAME]
        self.at += FRAME
        if self.at < len(sound):
            return piece, False
        return self._across(piece)

    def _across(self, piece: Sound) -> tuple[Sound, bool]:
        """A frame that reaches or passes a sound's end goes on in the next one, without a seam."""
        pieces, missing = [piece], FRAME - len(piece)
        while True:
            self.part, self.at = self.part + 1, 0
            if self.part == len(self.sounds):
                if not self.repeat:
                    break
                self.part = 0
            if missing == 0:
                return np.concatenate(pieces), False
            more = self.sounds[self.part][:missing]
            pieces.append(more)
            self.at, missing = len(more), missing - len(more)
            if self.at < len(self.sounds[self.part]):
                return np.concatenate(pieces), False
        return np.concatenate(pieces), True


class Plays:
    """What plays on each row. over: it is added to what the row hears, and does not take its place."""

    def __init__(self, *, over: bool = False) -> None:
        self._over = over
        self._playing: dict[int, _Play] = {}

    def __len__(self) -> int:
        return len(self._playing)

    def __contains__(self, row: int) -> bool:
        return row in self._playing

    def rows(self) -> list[int]:
        return list(self._playing)

    def begin(self, row: int, play: PlayId, sounds: Sequence[Sound], *, repeat: bool) -> bool:
        """False if there is nothing in it to be played. What played before must be stopped first."""
        some = [sound for sound in sounds if len(sound)]
        if some:
            self._playing[row] = _Play(play, some, repeat)
        return bool(some)

    def stop(self, row: int) -> PlayId | None:
        """What was playing there."""
        stopped = self._playing.pop(row, None)
        return stopped.play if stopped is not None else None

    def write(
        self, ready: NDArray[np.bool_], laws: NDArray[np.int8], out: NDArray[np.uint8]
    ) -> list[tuple[int, PlayId]]:
        """Write what is played into the sound of the rows that are played to. Answers which plays came to their end.

        ready: (rows,) who can be played to now; what the others are to hear waits. laws: (rows,).
        out:   (rows, 160) codes, each row in its own law.
        """
        playing = {row: play for row, play in self._playing.items() if ready[row]}
        if not playing:
            return []
        rows = np.fromiter(playing, np.intp, len(playing))
        frames = np.zeros((len(rows), FRAME), np.int16)
        ended: list[tuple[int, PlayId]] = []
        for n, (row, play) in enumerate(playing.items()):
            piece, end = play.frame()
            frames[n, : len(piece)] = piece
            if end:
                ended.append((row, play.play))
        if self._over:
            both = g711.decode_rows(out[rows], laws[rows]).astype(np.int32) + frames
            out[rows] = g711.encode_rows(g711.clipped(both), laws[rows])
        else:
            out[rows] = g711.encode_rows(frames, laws[rows])
        for row, _ in ended:
            del self._playing[row]
        return ended
