"""From when on the wall warns, of the office ("") and of queues that have their own (`model.thresholds`)."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import JSON, Number, Plain, Utc, metadata

thresholds = sa.Table(
    "thresholds",
    metadata,
    sa.Column("queue", Plain, primary_key=True),
    sa.Column("limits", JSON, nullable=False),
    sa.Column("version", Number, nullable=False),
    sa.Column("changed_at", Utc, nullable=False),
    sa.Column("changed_by", Plain, nullable=False),
)
