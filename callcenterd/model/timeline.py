"""The time line of a customer (CRM-04): everything that was between them and the office, in one order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from callcenterd.model.calls import CallSight
from callcenterd.model.duties import DutySight
from callcenterd.model.records import RecordSight
from callcenterd.model.surveys import SurveySight
from callcenterd.model.voicemail import MessageSight

TimelineKind = Literal[
    "call",
    "voicemail",
    "callback",
    "survey",
    "consultation",
    "complaint",
    "follow_up",
    "appointment",
    "duty",
    "message",
    "file",
    "proposal",
    "posting",
    "change",
]
TIMELINE_KINDS: tuple[TimelineKind, ...] = get_args(TimelineKind)
"""Of two of one moment that of the earlier kind comes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """id: of the thing of that kind. by: a login, "" for nobody of ours. details: what its kind has to say."""

    at: datetime
    kind: TimelineKind
    id: str
    by: str = ""
    text: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TimelinePlace:
    """Where a page of the time line ended: at that entry."""

    at: datetime
    kind: TimelineKind
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineSight:
    """What of it somebody may see. None: all of that kind. messages: that callers left; written: that were written to
    the customer. kinds: those that they may read at all; None: all. records: by kind."""

    calls: CallSight | None = None
    messages: MessageSight | None = None
    written: RecordSight | None = None
    duties: DutySight | None = None
    complaints: DutySight | None = None
    surveys: SurveySight | None = None
    kinds: frozenset[TimelineKind] | None = None
    records: Mapping[str, RecordSight | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineQuery:
    """kinds: none: all. text: every word of it stands in the entry. after: the entry where the last page ended."""

    kinds: tuple[TimelineKind, ...] = ()
    text: str = ""
    after: TimelinePlace | None = None
    sight: TimelineSight = TimelineSight()
