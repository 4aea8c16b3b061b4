"""What is recorded in each tick, gathered for all recordings at once and handed on a second at a time.

Both sides are what was heard from them in the same tick, so they stay aligned from start to end: silence where
nothing came, and while it is paused (a card number) silence or a soft tone in place of both. A side may be the sum of
several legs: the others of a conference. The seconds of different recordings end in different ticks, so that no tick
has much to hand on.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from callcenterd.media.codecs import g711
from callcenterd.media.rtp import FRAME
from callcenterd.model.ids import RecordingId

TICKS = 50
"""Of one block: a second."""
NOBODY = -1
LEFT, RIGHT = 0, 1
_TONE = 400.0  # Hz: whole periods in a tick, so that every tick of it is the same
_TONE_LEVEL = 500.0
"""Peak: 36 dB below full scale. Who listens hears that something is left out on purpose, and is not startled."""


@dataclass(slots=True)
class Gathered:
    """A recording's sound since the last time, left and right interleaved, in A-law."""

    recording: RecordingId
    sound: bytes


def paused_sound(*, tone: bool) -> NDArray[np.uint8]:
    """(160,) A-law codes of one tick of what stands where a recording is paused."""
    if not tone:
        return np.full(FRAME, g711.SILENCE[g711.PCMA], np.uint8)
    times = np.arange(FRAME) / (TICKS * FRAME)
    return g711.encode((_TONE_LEVEL * np.sin(2 * np.pi * _TONE * times)).astype(np.int16), g711.PCMA)


@dataclass
class Recorder:
    """Rows here are legs, places are recordings. paused_tone: a soft tone stands for what is paused, not silence."""

    places: int
    paused_tone: bool = False
    _place: dict[RecordingId, int] = field(default_factory=dict)
    _begun: int = 0

    def __post_init__(self) -> None:
        self._name: list[RecordingId | None] = [None] * self.places
        self._sides = np.full((2, self.places), NOBODY, np.intp)
        self._active = np.zeros(self.places, np.bool_)
        self._blocks = np.zeros((self.places, TICKS, FRAME, 2), np.uint8)
        self._start = np.zeros(self.places, np.int64)
        self._tick = np.zeros(self.places, np.int64)
        self._sums: dict[tuple[int, int], tuple[int, ...]] = {}  # (side, place) that is several rows
        self._paused: set[int] = set()
        self._instead = paused_sound(tone=self.paused_tone)[:, None]

    def __len__(self) -> int:
        return len(self._place)

    def names(self) -> list[RecordingId]:
        return list(self._place)

    def begin(self, recording: RecordingId, left: int, right: int) -> None:
        """left, right: rows, or NOBODY. The first block is shorter than a second, each time by another amount."""
        place = self._name.index(None)
        self._place[recording], self._name[place] = place, recording
        self._sides[:, place] = left, right
        self._start[place] = self._tick[place] = self._begun * 7 % TICKS
        self._begun += 1
        self._active[place] = True

    def turn_right(self, recording: RecordingId, *rows: int) -> None:
        """The right side is another row from now on, or the sum of several. An unknown recording: nothing."""
        self._turn(RIGHT, recording, rows)

    def turn_left(self, recording: RecordingId, *rows: int) -> None:
        """The same for the left side."""
        self._turn(LEFT, recording, rows)

    def _turn(self, side: int, recording: RecordingId, rows: tuple[int, ...]) -> None:
        place = self._place.get(recording)
        if place is None:
            return
        known = tuple(dict.fromkeys(row for row in rows if row != NOBODY))
        self._sides[side, place] = known[0] if len(known) == 1 else NOBODY
        if len(known) > 1:
            self._sums[side, place] = known
        else:
            self._sums.pop((side, place), None)

    def pause(self, recording: RecordingId) -> None:
        """From the next tick on neither side is kept, but their time is. Twice is as once."""
        if recording in self._place:
            self._paused.add(self._place[recording])

    def resume(self, recording: RecordingId) -> None:
        """Both sides are kept again from the next tick on."""
        if recording in self._place:
            self._paused.discard(self._place[recording])

    def remove_row(self, row: int) -> None:
        """The leg is gone; its side goes on without it, in silence if nobody else is on it."""
        self._sides[self._sides == row] = NOBODY
        for (side, place), rows in list(self._sums.items()):
            name = self._name[place]
            if row in rows and name is not None:
                self._turn(side, name, tuple(other for other in rows if other != row))

    def end(self, recording: RecordingId) -> Gathered | None:
        """What was not handed on yet. None: there is no such recording."""
        place = self._place.pop(recording, None)
        if place is None:
            return None
        self._name[place] = None
        self._active[place] = False
        self._paused.discard(place)
        for side in (LEFT, RIGHT):
            self._sums.pop((side, place), None)
        rest = self._blocks[place, self._start[place] : self._tick[place]].tobytes()
        return Gathered(recording, rest)

    def append(self, heard: NDArray[np.uint8], laws: NDArray[np.int8]) -> list[Gathered]:
        """One tick of all recordings. heard: (rows, 160) codes in each row's law. Answers the seconds that are full."""
        places = np.flatnonzero(self._active)
        if len(places) == 0:
            return []
        ticks = self._tick[places]
        for side in (0, 1):
            rows = self._sides[side, places]
            spoken = rows >= 0
            codes = np.full((len(places), FRAME), g711.SILENCE[g711.PCMA], np.uint8)
            codes[spoken] = heard[rows[spoken]]
            for k in np.flatnonzero(spoken)[laws[rows[spoken]] != g711.PCMA]:
                codes[k] = g711.translate(codes[k], g711.PCMU)
            self._blocks[places, ticks, :, side] = codes
        for (side, place), several in self._sums.items():
            self._blocks[place, self._tick[place], :, side] = _sum_of(several, heard, laws)
        for place in self._paused:
            self._blocks[place, self._tick[place]] = self._instead
        self._tick[places] += 1
        return [self._hand_on(place) for place in places[ticks + 1 == TICKS].tolist()]

    def _hand_on(self, place: int) -> Gathered:
        name = self._name[place]
        assert name is not None
        sound = self._blocks[place, self._start[place] :].tobytes()
        self._start[place] = self._tick[place] = 0
        return Gathered(name, sound)


def _sum_of(rows: tuple[int, ...], heard: NDArray[np.uint8], laws: NDArray[np.int8]) -> NDArray[np.uint8]:
    """(160,) A-law codes of these rows together: clipped, not scaled, as who listens hears them (`mix`)."""
    some = list(rows)
    total = g711.decode_rows(heard[some], laws[some]).sum(axis=0, dtype=np.int32)
    return g711.encode(g711.clipped(total), g711.PCMA)
