"""Who hears whom: two people, a conference, and a supervisor who listens, whispers or barges in (SUP-02, TEL-03).

A room is the parts that legs take in one conversation. What each of them hears follows from the parts (`hearing`) and
is decided nowhere else; `Bridges` keeps the rooms and tells the media room only what is another than before. So two
people who talk stay the pair of rows that they are, whoever begins to listen: nothing is changed for them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from callcenterd.errors import LocalError
from callcenterd.model.ids import LegId

Role = Literal["talk", "listen", "whisper"]
Heard = frozenset[LegId]
NOBODY: Heard = frozenset()


@dataclass(frozen=True, slots=True)
class Part:
    """What a leg does in its room.

    role:  talk: hears all who talk, and is heard by all. listen: hears them, and is heard by nobody. whisper: as
           listen, but `to` hears it.
    guest: is no side of the conversation, which is over when its sides are (a supervisor).
    muted: is heard by nobody. away: is not heard and hears nobody (it holds).
    """

    role: Role = "talk"
    to: LegId | None = None
    guest: bool = False
    muted: bool = False
    away: bool = False

    @property
    def speaks(self) -> bool:
        return not (self.muted or self.away)


def hearing(parts: Mapping[LegId, Part]) -> dict[LegId, Heard]:
    """Whom each leg of a room hears. Nobody hears himself; a whisper is heard by whom it is for, and by nobody else."""
    voices = frozenset(leg for leg, part in parts.items() if part.role == "talk" and part.speaks)
    whispers: dict[LegId, Heard] = {}
    for leg, part in parts.items():
        if part.role == "whisper" and part.speaks and part.to is not None:
            whispers[part.to] = whispers.get(part.to, NOBODY) | {leg}
    return {leg: NOBODY if part.away else (voices | whispers.get(leg, NOBODY)) - {leg} for leg, part in parts.items()}


@dataclass(eq=False, slots=True)
class Room:
    """The parts of one conversation, in the order in which they began. Changed by `Bridges` only.

    standing: it stays when one is left in it, or nobody: a conference that people come to.
    """

    standing: bool = False
    parts: dict[LegId, Part] = field(default_factory=dict)

    def sides(self) -> list[LegId]:
        """Who speaks in it, without guests."""
        return [leg for leg, part in self.parts.items() if part.role == "talk" and not part.guest]

    def other_side(self, leg: LegId) -> LegId | None:
        """Whom the leg speaks with, if that is one; None in a conference, and for a guest."""
        sides = self.sides()
        if len(sides) != 2 or leg not in sides or self.standing:
            return None
        return sides[1] if sides[0] == leg else sides[0]


class Hearable(Protocol):
    """What this file needs of `media.thread.Media`."""

    def bridge(self, a: LegId, b: LegId) -> None: ...
    def unbridge(self, a: LegId) -> None: ...
    def hear(self, leg: LegId, others: Collection[LegId]) -> None: ...


class Bridges:
    """All rooms. Each method that changes one answers the legs whose room is another one now."""

    def __init__(self, media: Hearable) -> None:
        self._media = media
        self._room: dict[LegId, Room] = {}
        self._told: dict[LegId, Heard] = {}

    def room_of(self, leg: LegId) -> Room | None:
        return self._room.get(leg)

    def other_side(self, leg: LegId) -> LegId | None:
        room = self._room.get(leg)
        return None if room is None else room.other_side(leg)

    def heard_by(self, leg: LegId) -> Heard:
        """Whom the leg hears now."""
        return self._told.get(leg, NOBODY)

    def join(self, a: LegId, b: LegId) -> set[LegId]:
        """The two hear each other. Who spoke with `a` leaves; guests who are with `a` stay there, and who whispered
        to who leaves whispers to `b`. `b` leaves where it was."""
        room, other = self._room.get(a), self.other_side(a)
        if room is not None and other == b:
            return set()
        changed = self._take_out(b)
        stays = room is not None and room is self._room.get(a) and not room.standing and a in room.sides()
        if room is None or not stays or (other is None and len(room.sides()) > 1):
            changed |= self._take_out(a)
            room = Room()
            self._put(room, a, Part())
        elif other is not None:
            for guest, part in room.parts.items():
                if part.to == other:
                    room.parts[guest] = replace(part, to=b)
            del room.parts[other], self._room[other]
            changed.add(other)
        self._put(room, b, Part())
        return self._tell(changed | set(room.parts))

    def enter(self, room: Room, leg: LegId, part: Part) -> set[LegId]:
        """The leg comes into that room, from wherever it was. Raises LocalError for a whisper to who is not there."""
        self._check(room, part)
        changed = self._take_out(leg) if self._room.get(leg) is not room else set()
        self._put(room, leg, part)
        return self._tell(changed | set(room.parts))

    def change(self, leg: LegId, part: Part) -> set[LegId]:
        """The leg does something else in its room. Raises LocalError if it is in none."""
        room = self._room.get(leg)
        if room is None:
            raise LocalError(f"leg {leg} is in no conversation")
        self._check(room, part)
        room.parts[leg] = part
        return self._tell(set(room.parts))

    def replace(self, old: LegId, new: LegId) -> set[LegId]:
        """`new` takes the part of `old` in its room, which leaves it. Raises LocalError if `old` is in none."""
        room = self._room.get(old)
        if room is None:
            raise LocalError(f"leg {old} is in no conversation")
        changed = self._take_out(new) if self._room.get(new) is not room else set()
        # The order of the parts stays, and who whispered to the one whispers to the other.
        parts = {
            new if leg == old else leg: replace(part, to=new) if part.to == old else part
            for leg, part in room.parts.items()
            if leg != new
        }
        room.parts.clear()
        room.parts.update(parts)
        del self._room[old]
        self._room[new] = room
        return self._tell(changed | {old} | set(room.parts))

    def leave(self, leg: LegId) -> set[LegId]:
        """The leg is in no room any more. With it goes the room, where two people spoke, unless guests are in it."""
        return self._tell(self._take_out(leg))

    # ---- within ------------------------------------------------------------------------------------------

    def _put(self, room: Room, leg: LegId, part: Part) -> None:
        room.parts[leg] = part
        self._room[leg] = room

    @staticmethod
    def _check(room: Room, part: Part) -> None:
        if part.role == "whisper" and part.to not in room.parts:
            raise LocalError("a whisper is for somebody who is there")

    def _take_out(self, leg: LegId) -> set[LegId]:
        room = self._room.pop(leg, None)
        if room is None:
            return set()
        changed = set(room.parts)
        del room.parts[leg]
        for guest, part in list(room.parts.items()):
            if part.to == leg:
                room.parts[guest] = replace(part, role="listen", to=None)
        guests = any(part.guest for part in room.parts.values())
        if not room.standing and len(room.sides()) < (1 if guests else 2):
            for left in room.parts:
                del self._room[left]
            room.parts.clear()
        return changed

    def _tell(self, legs: Iterable[LegId]) -> set[LegId]:
        """What is another than the media room was told last."""
        touched = set(legs)
        rooms = {id(room): room for leg in touched if (room := self._room.get(leg)) is not None}
        now = dict.fromkeys(touched, NOBODY)
        for room in rooms.values():
            now |= hearing(room.parts)
        different = {leg: heard for leg, heard in now.items() if self._told.get(leg, NOBODY) != heard}
        if (pair := _pair(different)) is not None and not any(self._told.get(leg) for leg in pair):
            self._media.bridge(*pair)
        elif (pair := _pair({leg: self._told.get(leg, NOBODY) for leg in different})) is not None and not any(
            different.values()
        ):
            self._media.unbridge(pair[0])
        else:
            for leg, heard in different.items():
                self._media.hear(leg, sorted(heard))
        for leg, heard in different.items():
            if heard:
                self._told[leg] = heard
            else:
                self._told.pop(leg, None)
        return touched


def _pair(heard: Mapping[LegId, Heard]) -> tuple[LegId, LegId] | None:
    """The two who hear each other and nobody else, if these are all."""
    if len(heard) != 2:
        return None
    a, b = heard
    return (a, b) if heard[a] == {b} and heard[b] == {a} else None
