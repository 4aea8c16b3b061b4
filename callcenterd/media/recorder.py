"""What is recorded in each tick, gathered for all recordings at once and handed on a second at a time.

Both sides are what was heard from them in the same tick, so they stay aligned from start to end: silence where
nothing came. The seconds of different recordings end in different ticks, so that no tick has much to hand on.
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


@dataclass(slots=True)
class Gathered:
    """A recording's sound since the last time, left and right interleaved, in A-law."""

    recording: RecordingId
    sound: bytes


@dataclass
class Recorder:
    """Rows here are legs, places are recordings."""

    places: int
    _place: dict[RecordingId, int] = field(default_factory=dict)
    _begun: int = 0

    def __post_init__(self) -> None:
        self._name: list[RecordingId | None] = [None] * self.places
        self._sides = np.full((2, self.places), NOBODY, np.intp)
        self._active = np.zeros(self.places, np.bool_)
        self._blocks = np.zeros((self.places, TICKS, FRAME, 2), np.uint8)
        self._start = np.zeros(self.places, np.int64)
        self._tick = np.zeros(self.places, np.int64)

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

    def turn_right(self, recording: RecordingId, row: int) -> None:
        """The right side is another row from now on. An unknown recording: nothing."""
        if recording in self._place:
            self._sides[1, self._place[recording]] = row

    def turn_left(self, recording: RecordingId, row: int) -> None:
        """The same for the left side."""
        if recording in self._place:
            self._sides[0, self._place[recording]] = row

    def remove_row(self, row: int) -> None:
        """The leg is gone; its side goes on in silence."""
        self._sides[self._sides == row] = NOBODY

    def end(self, recording: RecordingId) -> Gathered | None:
        """What was not handed on yet. None: there is no such recording."""
        place = self._place.pop(recording, None)
        if place is None:
            return None
        self._name[place] = None
        self._active[place] = False
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
        self._tick[places] += 1
        return [self._hand_on(place) for place in places[ticks + 1 == TICKS].tolist()]

    def _hand_on(self, place: int) -> Gathered:
        name = self._name[place]
        assert name is not None
        sound = self._blocks[place, self._start[place] :].tobytes()
        self._start[place] = self._tick[place] = 0
        return Gathered(name, sound)
