"""What the media room tells: facts about legs, plays and recordings, with their ids.

Told on the event loop's thread, in the order in which they happened (`thread.Media`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NewType

from callcenterd.model.ids import LegId, RecordingId

PlayId = NewType("PlayId", int)
"""One order to play. Never used twice in a run."""


@dataclass(frozen=True, slots=True)
class KeyHeard:
    """A key was pressed on a leg's phone, told at its start and once (RFC 4733). key: 0-9 * # A-D."""

    leg: LegId
    key: str


@dataclass(frozen=True, slots=True)
class PlayEnded:
    """What a leg was played is over. finished False: stopped, replaced, or the leg was closed."""

    leg: LegId
    play: PlayId
    finished: bool


@dataclass(frozen=True, slots=True)
class LegSilent:
    """Nothing that can be heard has come from a connected leg for `seconds`: told at 10, 30, 60, 90 …

    A leg that we may not send to (hold) is not expected to talk either, and is not told about.
    """

    leg: LegId
    seconds: float


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


MediaFact = KeyHeard | PlayEnded | LegSilent | SourceChosen | RecordingFailed | RecordingClosed
