"""From when on the wall warns: of callers who wait, of service, of agents who are long in a state (SUP-01)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from callcenterd.errors import NotNow
from callcenterd.model.ids import QueueName

ThresholdName = Literal["waiting", "longest", "service_level", "talk", "break", "wrap_up"]
"""waiting: callers. longest, talk, break, wrap_up: seconds. service_level: 0 to 1, and it warns below."""
OF_QUEUES: frozenset[ThresholdName] = frozenset({"waiting", "longest", "service_level"})
"""Those that a queue may have of its own; the others are of agents, who serve several."""


@dataclass(frozen=True, slots=True)
class Limit:
    """warn: yellow from there on. alarm: red."""

    warn: float
    alarm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """queue None: the office's, which hold where a queue has none of its own. limits: None: it never warns.

    version: goes up with every change; 0: as it ships.
    """

    queue: QueueName | None
    limits: Mapping[ThresholdName, Limit | None] = field(default_factory=dict)
    version: int = 0
    changed_at: datetime | None = None
    changed_by: str = ""


SHIPPED = Thresholds(
    queue=None,
    limits={
        "waiting": Limit(3, 6),
        "longest": Limit(60, 120),
        "service_level": Limit(0.8, 0.6),
        "talk": Limit(600, 1200),
        "break": Limit(900, 1800),
        "wrap_up": Limit(120, 300),
    },
)


class ThresholdsAreOthers(NotNow):
    """Somebody else has changed them since they were read. now: as they are; nothing was written over them."""

    def __init__(self, now: Thresholds) -> None:
        super().__init__("somebody has changed these thresholds meanwhile")
        self.now = now
