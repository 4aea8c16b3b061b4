"""Televisions on the wall: who may see which queues' figures on one, without anybody signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from callcenterd.model.ids import QueueName


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """queues: whose figures it may show. expires_at: from then on its link shows nothing. seen_at: when it last asked,
    to the minute; null: never yet."""

    id: int
    name: str
    queues: tuple[QueueName, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime
    seen_at: datetime | None
