"""Who talks when: each leg's own sound is speech or it is not, and what two who hear each other make of their time.

A row is looked at every second tick. A look is the mean power of a few samples of the 20 ms (every seventh: no tone
of a telephone line hides between them), by table from the codes, without decoding. It is loud if it is STEP above
the row's own noise. The noise is followed at once downwards and slowly upwards: what goes on evenly for seconds is
noise, what has pauses is speech.

What is counted is one HANGOVER late: a pause that ends within that time is part of the talk around it, a longer one
is a pause from its beginning (ITU-T P.59 §3 bridges pauses below 200 ms in the same way), and one loud look alone
is a click. Only what comes from a leg counts, never what is played to it; keys as telephone-events never get here,
a key pressed as a tone is loud for as long as it is pressed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callcenterd.media.codecs import g711

LOOK = 0.04
"""Seconds between two looks at a row."""
HANGOVER = 5
"""Looks: 200 ms."""
STEP = 10 ** (9 / 10)
QUIETEST_NOISE, LOUDEST_NOISE = -60.0, -25.0
"""dBm0. What is below the first and STEP is never speech; what is above the second and STEP always."""
AUDIBLE = -62.0
"""dBm0: below is nothing, or what an analogue line would not even hiss."""
_EXPECTED_NOISE = -54.0
_RISE = np.float32(10 ** (3 * LOOK / 10))  # 3 dB a second
_FALL = np.float32(0.3)
_STRIDE = 7
_BITS = 2 * HANGOVER + 1


def power(level: float) -> np.float32:
    """dBm0 → mean square of samples. The loudest sine of A-law is 3.14 dBm0 (ITU-T G.711 §6)."""
    return np.float32(float(g711.LEVEL[g711.PCMA].max()) ** 2 / 2 * 10 ** ((level - 3.14) / 10))


_POWER = (g711.LEVEL.astype(np.float32) ** 2).reshape(-1)
_AUDIBLE = power(AUDIBLE)
_FLOOR, _CEILING = power(QUIETEST_NOISE), power(LOUDEST_NOISE)


def _is_talk(looks: int) -> bool:
    """looks: _BITS of them, the newest is bit 0; the one that is asked about stands in the middle."""
    loud = [n for n in range(_BITS) if looks >> n & 1]
    middle = HANGOVER
    if middle in loud:
        return any(n != middle and abs(n - middle) <= 2 for n in loud)
    before, after = [n for n in loud if n > middle], [n for n in loud if n < middle]
    return bool(before and after) and min(before) - max(after) <= HANGOVER + 1


_TALK = np.array([_is_talk(looks) for looks in range(1 << _BITS)])


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds of a leg, from its opening on.

    voice_seconds:         it talked, whether somebody heard it or not (a message has only this).
    together_seconds:      it heard somebody, neither was on hold or played to. All figures below are of this time.
    talk_seconds:          it talked. over_talk_seconds: others did too, at the same time.
    quiet_seconds:         nobody talked. longest_quiet_seconds: the longest stretch of that.
    """

    voice_seconds: float
    together_seconds: float
    talk_seconds: float
    over_talk_seconds: float
    quiet_seconds: float
    longest_quiet_seconds: float


Crowd = Callable[[NDArray[np.bool_]], tuple[NDArray[np.intp], NDArray[np.int64]]]


class Voice:
    """Ears on every row."""

    def __init__(self, rows: int) -> None:
        self.talks = np.zeros(rows, np.bool_)
        """Who talked, one HANGOVER ago."""
        self.audible = np.zeros(rows, np.bool_)
        """Rows from which anything at all was heard; who asks may set it back to False."""
        self.said = np.zeros(rows, np.int32)
        """Looks in which the row talked."""
        self._noise = np.full(rows, power(_EXPECTED_NOISE), np.float32)
        self._looks = np.zeros(rows, np.int16)
        self._together = np.zeros(rows, np.int32)
        self._talk = np.zeros(rows, np.int32)
        self._over = np.zeros(rows, np.int32)
        self._quiet = np.zeros(rows, np.int32)
        self._run = np.zeros(rows, np.int32)
        self._longest = np.zeros(rows, np.int32)

    def begin(self, row: int) -> None:
        """Another leg is in the row: nothing is known of it."""
        self.talks[row] = self.audible[row] = False
        for figures in (self.said, self._looks, self._together, self._talk, self._over, self._quiet, self._run):
            figures[row] = 0
        self._longest[row] = 0
        self._noise[row] = power(_EXPECTED_NOISE)

    def look(
        self,
        tick: int,
        heard: NDArray[np.uint8],
        laws: NDArray[np.int8],
        only: NDArray[np.intp],
        crowd: Crowd,
        apart: NDArray[np.bool_],
    ) -> None:
        """A tick's sound: of the even rows in even ticks, of the odd ones in odd ticks.

        heard: (rows, 160) codes, each row in its law of (rows,). only: (rows,) the row that each hears alone, or -1.
        crowd: `mix.Hearing.crowd`. apart: (rows,) who is not part of a conversation now, whatever it hears.
        """
        half = slice(tick % 2, len(heard), 2)
        talks = self._listen(half, heard[half, tick % _STRIDE :: _STRIDE], laws[half])
        other, together = self.talks[only[half]], (only[half] >= 0) & ~(apart[half] | apart[only[half]])
        listeners, talking = crowd(self.talks[: len(heard)] & ~apart)
        if len(listeners):
            _, present = crowd(~apart)
            mine = listeners % 2 == half.start
            rows, at = listeners[mine], listeners[mine] // 2
            other[at] = talking[mine] > 0
            together[at] = (present[mine] > 0) & ~apart[rows]
        self._together[half] += together
        self._talk[half] += talks & together
        self._over[half] += talks & other & together
        quiet = ~(talks | other) & together
        self._quiet[half] += quiet
        run = self._run[half]
        run += 1
        run *= quiet
        np.maximum(self._longest[half], run, out=self._longest[half])

    def _listen(self, half: slice, codes: NDArray[np.uint8], laws: NDArray[np.int8]) -> NDArray[np.bool_]:
        """Who of the half talks. codes: (rows of it, samples looked at)."""
        each = _POWER.take(codes + (laws.astype(np.int16) << 8)[:, None])
        level = np.einsum("ij->i", each) / np.float32(codes.shape[1])
        noise = self._noise[half]
        loud = level > noise * np.float32(STEP)
        risen = np.minimum(noise * _RISE, level)
        noise += np.where(level < noise, (level - noise) * _FALL, risen - noise)
        np.clip(noise, _FLOOR, _CEILING, out=noise)
        self.audible[half] |= level > _AUDIBLE
        looks = self._looks[half]
        looks <<= 1
        looks &= (1 << _BITS) - 1
        looks |= loud
        talks = _TALK.take(looks)
        self.talks[half] = talks
        self.said[half] += talks
        return talks

    def figures(self, row: int) -> Figures:
        return Figures(
            voice_seconds=_seconds(self.said[row]),
            together_seconds=_seconds(self._together[row]),
            talk_seconds=_seconds(self._talk[row]),
            over_talk_seconds=_seconds(self._over[row]),
            quiet_seconds=_seconds(self._quiet[row]),
            longest_quiet_seconds=_seconds(self._longest[row]),
        )


def _seconds(looks: np.int32) -> float:
    return round(int(looks) * LOOK, 2)
