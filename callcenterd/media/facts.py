"""What the media room tells: facts about legs, plays and recordings, with their ids.

Told on the event loop's thread, in the order in which they happened (`thread.Media`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NewType

from callcenterd.media.machine import Verdict
from callcenterd.model.calls import SoundFigures
from callcenterd.model.ids import LegId, RecordingId

PlayId = NewType("PlayId", int)
"""One order to play. Never used twice in a run."""


OneWay = Literal["no packets", "only silence"]
"""Why somebody is not heard: nothing comes from there, or what comes holds nothing audible."""


@dataclass(frozen=True, slots=True)
class KeyHeard:
    """A key was pressed on a leg's phone, told at its start and once: by event, tone or INFO. key: 0-9 * # A-D."""

    leg: LegId
    key: str


@dataclass(frozen=True, slots=True)
class PlayEnded:
    """What a leg was played is over. finished False: stopped, replaced, or the leg was closed."""

    leg: LegId
    play: PlayId
    finished: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LegStatistics(SoundFigures):
    """How a leg sounds, since it was opened.

    source:  where its sound comes from and ours goes to; None while that is not known.
    reports: those of the other side that said anything of this leg.
    voice_seconds: it talked, whether somebody heard it or not.
    forged:  packets whose seal was not the other side's; replayed: that came a second time. Sealed legs only.
    """

    source: tuple[str, int] | None
    reports: int
    voice_seconds: float = 0.0
    forged: int = 0
    replayed: int = 0


@dataclass(frozen=True, slots=True)
class LegEnded:
    """A leg is closed; these are its last figures. Told once for every leg that was opened."""

    leg: LegId
    sound: LegStatistics


@dataclass(frozen=True, slots=True)
class LegSilent:
    """Nothing that can be heard has come from a connected leg for `seconds`: told at 10, 30, 60, 90 …

    A leg that we may not send to (hold) is not expected to talk either, and is not told about.
    """

    leg: LegId
    seconds: float


@dataclass(frozen=True, slots=True)
class LegOneWay:
    """A leg is not heard by who is joined with it, though that one is heard: told once, within ten seconds of it.

    why: "no packets" arrive from it, or "only silence" in them from the beginning on.
    """

    leg: LegId
    why: OneWay


@dataclass(frozen=True, slots=True)
class LegJudged:
    """Who has picked up on a leg, as far as that can be heard: told once for each time that it was asked."""

    leg: LegId
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class SourceChosen:
    """A leg's sound comes from this address, and ours goes there. It is not always the one in its SDP."""

    leg: LegId
    source: tuple[str, int]
    announced: tuple[str, int]


@dataclass(frozen=True, slots=True)
class RecordingFailed:
    """A recording cannot be written any more; the call goes on. Its RecordingClosed follows when it is stopped."""

    recording: RecordingId
    why: str


@dataclass(frozen=True, slots=True)
class RecordingClosed:
    """A recording is whole on the disk under `path`. complete False: something is missing at its end.

    octets and sha256 are of the whole file; both are empty values if there is no file at all.
    """

    recording: RecordingId
    path: Path
    seconds: float
    octets: int
    sha256: str
    complete: bool


MediaFact = (
    KeyHeard
    | LegEnded
    | PlayEnded
    | LegSilent
    | LegOneWay
    | LegJudged
    | SourceChosen
    | RecordingFailed
    | RecordingClosed
)
