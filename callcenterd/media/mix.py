"""Who hears whom. A bridge is an index: the codes of one row become the other's, octet for octet.

Where the laws differ the codes are translated by table. Rows that hear more than one are summed in groups: a group
is everybody who is heard or hears in one room, its sum is made once, and who speaks there hears the sum without
themselves, so that a room of fifty costs fifty decodings and not two thousand. Sums are clipped, not scaled: three
loud voices at once are rare, and short.

Where a row begins to hear something else, the step to the first new sample fades away within FADE samples: a step is
heard as a click, a fading offset is not. The step is measured from where the old sound was going, or from where it
ended, whichever is nearer: a tone that only goes on (a third one joined, and is silent) must not be bent.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from callcenterd.media.codecs import g711

FADE = 80
"""Samples: 10 ms."""
_FALLING = (0.5 + 0.5 * np.cos(np.pi * (np.arange(FADE) + 1) / (FADE + 1))).astype(np.float32)
STEP = 64
"""A smaller step than this is below what a line's own noise does."""


class Hearing:
    """For each row the rows that it hears."""

    def __init__(self, rows: int) -> None:
        self._one = np.full(rows, -1, np.intp)
        self._several: dict[int, tuple[int, ...]] = {}
        self._groups: _Groups | None = None
        self.turned: set[int] = set()
        """Rows that hear something else since the last tick; emptied by who has seen to it."""

    def hear(self, row: int, others: Iterable[int]) -> None:
        """The row hears all of `others` and nothing else from now on. None of them: silence."""
        heard = tuple(dict.fromkeys(other for other in others if other != row))
        if heard == self.heard_by(row):
            return
        self.turned.add(row)
        if len(heard) > 1 or row in self._several:
            self._groups = None
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

    def only(self, rows: int) -> NDArray[np.intp]:
        """(rows,) the one row that each of the first rows hears; -1: none, or several."""
        return self._one[:rows]

    def crowd(self, flags: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """(the rows that hear more than one, how many of those whom each of them hears have the flag)."""
        return self._grouped().count(flags)

    def remove(self, row: int) -> None:
        """The row hears nobody, and nobody hears it."""
        self.hear(row, ())
        for listener in np.flatnonzero(self._one == row).tolist():
            self.hear(listener, ())
        for listener, heard in list(self._several.items()):
            if row in heard:
                self.hear(listener, [other for other in heard if other != row])
        self.turned.discard(row)

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
        if self._several:
            self._grouped().mix(heard, laws, out)

    def _grouped(self) -> _Groups:
        if self._groups is None:
            self._groups = _Groups(self._several)
        return self._groups


class _Groups:
    """All who hear several, by the rooms in which they do; made anew when somebody comes or goes.

    A room is who is heard and who hears it, together: all members of a conference have the same one, and so have a
    supervisor who listens to two people (who do not hear the supervisor, and so are in no such group themselves).
    """

    def __init__(self, several: dict[int, tuple[int, ...]]) -> None:
        rooms: dict[frozenset[int], list[int]] = {}
        for listener, heard in several.items():
            rooms.setdefault(frozenset((*heard, listener)), []).append(listener)
        members: list[int] = []
        starts: list[int] = []
        listeners: list[int] = []
        own: list[int] = []
        of_room: list[int] = []
        for n, (room, who) in enumerate(rooms.items()):
            ordered = sorted(room)
            place = {row: len(members) + k for k, row in enumerate(ordered)}
            starts.append(len(members))
            members += ordered
            listeners += who
            own += [place[row] for row in who]
            of_room += [n] * len(who)
        self._members, self._starts = np.array(members, np.intp), np.array(starts, np.intp)
        self._listeners, self._own = np.array(listeners, np.intp), np.array(own, np.intp)
        self._of_room = np.array(of_room, np.intp)

    def count(self, flags: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        if len(self._members) == 0:
            return self._listeners, np.zeros(0, np.int64)
        each = flags[self._members].astype(np.int64)
        return self._listeners, np.add.reduceat(each, self._starts)[self._of_room] - each[self._own]

    def mix(self, heard: NDArray[np.uint8], laws: NDArray[np.int8], out: NDArray[np.uint8]) -> None:
        samples = g711.decode_rows(heard[self._members], laws[self._members]).astype(np.int32)
        sums = np.add.reduceat(samples, self._starts, axis=0)[self._of_room] - samples[self._own]
        out[self._listeners] = g711.encode_rows(g711.clipped(sums), laws[self._listeners])


def smooth(rows: NDArray[np.intp], last: NDArray[np.uint8], laws: NDArray[np.int8], out: NDArray[np.uint8]) -> None:
    """Let the step from what each of `rows` heard last to what it hears now fade away.

    rows: (k,). last: (k, 2) the last two codes of the tick before. laws: (all rows,). out: (all rows, 160), changed in
    place.
    """
    before = g711.decode_rows(last, laws[rows]).astype(np.float32)
    now = g711.decode_rows(out[rows, :FADE], laws[rows]).astype(np.float32)
    ended, going = before[:, 1] - now[:, 0], 2 * before[:, 1] - before[:, 0] - now[:, 0]
    step = np.where(np.abs(going) < np.abs(ended), going, ended)
    felt = np.abs(step) >= STEP
    if felt.any():
        some = rows[felt]
        faded = np.rint(now[felt] + step[felt, None] * _FALLING)
        out[some, :FADE] = g711.encode_rows(g711.clipped(faded), laws[some])
