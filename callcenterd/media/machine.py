"""A person or a machine has picked up: judged by how the first seconds sound, for the rows that ask for it.

A person says a short word and then listens: 喂？, 你好, hello. A machine (语音信箱, 秘书台, 来电助手) tells its whole
text at once, and then beeps. That is all that is looked at, as everywhere in the trade; nothing is understood. What
cannot be said in time is unsure, and counts as a person: to hang up on one is worse than to let a machine through.

A look is a frame of 20 ms: how loud it is, and whether it is a single steady tone, and of how many hertz. `judge` is
the rule, and sees all frames since the answer: how loud the line's own noise is becomes known only while one listens.
Network's tones that come as sound after an answer (lines by an analogue gateway, which takes every line for answered)
are known by their cadence (ITU-T E.180); tones of two frequencies, as America's, are not.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from callcenterd.media import tones
from callcenterd.media.codecs import g711
from callcenterd.media.rtp import FRAME
from callcenterd.media.voice import power

FRAME_SECONDS = FRAME / tones.RATE

Who = Literal["human", "machine", "unsure"]
Why = Literal[
    "short",  # a short word, and then silence: human
    "greeting",  # goes on talking: machine
    "words",  # one word after the other: machine
    "beep",  # talk, and then a steady tone: machine
    "fax",  # a fax's or a modem's answer (ITU-T T.30, 2100 Hz): machine
    "busy",  # the network's tone for a busy line, as sound: machine
    "information",  # its tone for a number that cannot be reached: machine
    "silence",  # nothing is said: unsure
    "time",  # it is still open what it is: unsure
    "gone",  # the call ended before that: unsure
]


@dataclass(frozen=True, slots=True)
class Rule:
    """Seconds from the answer on.

    hush:     with nothing said until then it is unsure. total: as it is in any case.
    greeting: who talks so long, pauses below `listens` included, is a machine.
    listens:  silence after a shorter talk: a person who waits for an answer.
    words:    who says so many before that silence is a machine. word: what is shorter is a click. between: a shorter
              pause is within a word.
    beep:     a steady tone after talk that is so long is a machine's.
    """

    hush: float = 2.5
    total: float = 4.0
    greeting: float = 2.4
    listens: float = 0.6
    words: int = 6
    word: float = 0.08
    between: float = 0.1
    beep: float = 0.1


RULE = Rule()


@dataclass(frozen=True, slots=True)
class Verdict:
    """seconds: after the answer, when it was known."""

    who: Who
    why: Why
    seconds: float


# ---- the rule ----------------------------------------------------------------------------------------------------

STEP = 10 ** (9 / 10)
"""What is so much louder than the line's own noise is talk."""
QUIETEST_NOISE, LOUDEST_NOISE = power(-57.0), power(-36.0)
"""What is above the second and STEP is talk, however evenly it goes on: music is no noise."""
_NOISE_SHARE = 0.1
"""The noise is what the quietest tenth of the frames stays below: one lost packet must not make it silence."""
_STEADY_FRAMES, _STEADY_HERTZ = 4, 0.015
_BEEP = (400.0, 2000.0)
_FAX, _FAX_FRAMES = (2080.0, 2120.0), 20
_INFORMATION = ((900.0, 1000.0), (1350.0, 1450.0), (1750.0, 1850.0))
_NETWORK = (380.0, 500.0)
_EVEN = 0.25
_CHINA_INFORMATION = 0.15
"""Seconds. China's tone for a number that is not in use pulses faster than any busy tone (GB/T 3380: 0.1 s)."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Frames begin … end - 1."""

    begin: int
    end: int
    hertz: float = 0.0

    @property
    def seconds(self) -> float:
        return (self.end - self.begin) * FRAME_SECONDS


def judge(levels: Sequence[float], hertz: Sequence[float], rule: Rule = RULE) -> Verdict | None:
    """What is known by now; None: listen on.

    levels: mean squares of the samples of each frame since the answer. hertz: of each frame that is one tone, else 0.
    """
    now = len(levels) * FRAME_SECONDS
    steady = _steady(hertz)
    talk = _talk(np.asarray(levels, np.float64), steady, rule)
    found = _by_tone(steady, talk, rule) or _by_talk(talk, len(levels), rule)
    if found is None and not talk and now >= rule.hush:
        found = "unsure", "silence"
    if found is None and now >= rule.total:
        found = "unsure", "time"
    return None if found is None else Verdict(*found, round(now, 2))


def _by_talk(talk: Sequence[_Run], frames: int, rule: Rule) -> tuple[Who, Why] | None:
    """talk: words. The first talk goes to the first pause that is long enough to listen in."""
    if not talk:
        return None
    first = [talk[0]]
    for word in talk[1:]:
        if (word.begin - first[-1].end) * FRAME_SECONDS >= rule.listens:
            break
        first.append(word)
    if (first[-1].end - first[0].begin) * FRAME_SECONDS >= rule.greeting:
        return "machine", "greeting"
    if len(first) >= rule.words:
        return "machine", "words"
    if (frames - first[-1].end) * FRAME_SECONDS >= rule.listens:
        return "human", "short"
    return None


def _by_tone(steady: Sequence[_Run], talk: Sequence[_Run], rule: Rule) -> tuple[Who, Why] | None:
    for n, tone in enumerate(steady):
        if _is_in(tone.hertz, _FAX) and tone.end - tone.begin >= _FAX_FRAMES:
            return "machine", "fax"
        if n and _is_information(steady[n - 1], tone):
            return "machine", "information"
        if n and (off := _even_pulses(steady[n - 1], tone)):
            return "machine", "information" if off < _CHINA_INFORMATION else "busy"
        after_talk = bool(talk) and talk[0].begin < tone.begin
        if after_talk and _is_in(tone.hertz, _BEEP) and tone.seconds >= rule.beep - FRAME_SECONDS:
            return "machine", "beep"
    return None


def _is_in(hertz: float, band: tuple[float, float]) -> bool:
    return band[0] <= hertz <= band[1]


def _is_information(before: _Run, tone: _Run) -> bool:
    """Two of the three tones that rise (ITU-T E.180 §8)."""
    if (tone.begin - before.end) * FRAME_SECONDS > 0.1:
        return False
    rises = itertools.pairwise(_INFORMATION)
    return any(_is_in(before.hertz, low) and _is_in(tone.hertz, high) for low, high in rises)


def _even_pulses(before: _Run, tone: _Run) -> float:
    """The seconds between two pulses of one network's tone, if both are as long as the pause between them, else 0. The
    first may have begun before the answer, and the last go on."""
    off = (tone.begin - before.end) * FRAME_SECONDS
    low, high = off * (1 - _EVEN) - FRAME_SECONDS, off * (1 + _EVEN) + FRAME_SECONDS
    same = abs(before.hertz - tone.hertz) <= _STEADY_HERTZ * tone.hertz and _is_in(tone.hertz, _NETWORK)
    return off if same and 0.06 <= off <= 0.8 and before.seconds <= high and low <= tone.seconds <= high else 0.0


def _steady(hertz: Sequence[float]) -> list[_Run]:
    """Tones that stay the same for some frames."""
    runs: list[_Run] = []
    begin = 0
    for n in range(1, len(hertz) + 1):
        if n < len(hertz) and hertz[n] and abs(hertz[n] - hertz[begin]) <= _STEADY_HERTZ * hertz[n]:
            continue
        if hertz[begin] and n - begin >= _STEADY_FRAMES:
            runs.append(_Run(begin, n, float(np.median(hertz[begin:n]))))
        begin = n
    return runs


def _talk(levels: NDArray[np.float64], steady: Sequence[_Run], rule: Rule) -> list[_Run]:
    """The words: what is louder than the noise, and no tone."""
    if not len(levels):
        return []
    noise = min(max(float(np.quantile(levels, _NOISE_SHARE)), float(QUIETEST_NOISE)), float(LOUDEST_NOISE))
    loud = levels > noise * STEP
    for tone in steady:  # a tone's edges are no tone, and no word either
        loud[max(0, tone.begin - 1) : tone.end + 1] = False
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]])))
    words: list[_Run] = []
    for begin, end in edges.reshape(-1, 2).tolist():
        if words and (begin - words[-1].end) * FRAME_SECONDS < rule.between:
            words[-1] = _Run(words[-1].begin, end)
        else:
            words.append(_Run(begin, end))
    return [word for word in words if word.seconds >= rule.word - FRAME_SECONDS / 2]


# ---- ears ----------------------------------------------------------------------------------------------------------

_EVERY = 5
"""Frames between two looks at the whole, not of all rows in the same: a verdict may be 100 ms late, and a tick has
little to do."""
_PURE = 0.93
_QUIETEST_TONE = float(power(-40.0))
_WINDOW = np.hanning(FRAME + 1)[:-1].astype(np.float32)
_BIN = tones.RATE / FRAME
_BINS = FRAME // 2 + 1
_NEAR = 2
"""Bins on each side that hold what a single tone leaves in a Hann window."""
_LEVEL = g711.LEVEL.astype(np.float32).reshape(-1)


class Machines:
    """Ears for who has picked up, on the rows that ask for it; the others cost nothing."""

    def __init__(self) -> None:
        self._rules: dict[int, Rule] = {}
        self._levels: dict[int, list[float]] = {}
        self._hertz: dict[int, list[float]] = {}
        self._rows = np.zeros(0, np.intp)

    def __len__(self) -> int:
        return len(self._rules)

    def listen(self, row: int, rule: Rule) -> None:
        """From now on, which is the moment of the answer. Anew, if one listens there already."""
        self._rules[row], self._levels[row], self._hertz[row] = rule, [], []
        self._count()

    def forget(self, row: int) -> bool:
        """Did one listen there?"""
        if self._rules.pop(row, None) is None:
            return False
        del self._levels[row], self._hertz[row]
        self._count()
        return True

    def _count(self) -> None:
        self._rows = np.fromiter(self._rules, np.intp, len(self._rules))

    def hear(self, heard: NDArray[np.uint8], laws: NDArray[np.int8]) -> list[tuple[int, Verdict]]:
        """The verdicts of this tick; each row that has one is forgotten. heard: (rows, 160) codes, each row in its law
        of (rows,)."""
        rows = self._rows
        samples = _LEVEL.take(heard[rows] + (laws[rows].astype(np.int16) << 8)[:, None])
        levels, hertz = np.einsum("ij,ij->i", samples, samples) / FRAME, single_tones(samples)
        found: list[tuple[int, Verdict]] = []
        for row, level, tone in zip(rows.tolist(), levels.tolist(), hertz.tolist(), strict=True):
            self._levels[row].append(level)
            self._hertz[row].append(tone)
            if (len(self._levels[row]) + row) % _EVERY == 0:
                verdict = judge(self._levels[row], self._hertz[row], self._rules[row])
                if verdict is not None:
                    found.append((row, verdict))
        for row, _ in found:
            self.forget(row)
        return found


def single_tones(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """The hertz of each frame that is a single tone, else 0. samples: (frames, 160)."""
    spectrum = np.abs(np.fft.rfft(samples * _WINDOW, axis=1))
    spectrum[:, :2] = 0  # what is below 75 Hz is hum, or the law's own offset
    share = spectrum**2
    peak = np.clip(share.argmax(axis=1), _NEAR + 1, _BINS - _NEAR - 2)
    at = np.arange(len(samples))
    near = sum(share[at, peak + step] for step in range(-_NEAR, _NEAR + 1))
    pure = (near >= _PURE * share.sum(axis=1)) & (np.einsum("ij,ij->i", samples, samples) / FRAME > _QUIETEST_TONE)
    left, middle, right = (spectrum[at, peak + step] for step in (-1, 0, 1))
    side = np.where(right >= left, 1, -1)
    ratio = np.maximum(left, right) / np.maximum(middle, np.float32(math.ulp(1.0)))
    beside = side * (2 * ratio - 1) / (ratio + 1)  # of a bin: exact for one sine in a Hann window
    return np.where(pure, (peak + np.clip(beside, -1, 1)) * _BIN, 0.0)
