"""What the office has said of itself on the set-up page, by name: "timezone"."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import Plain, Utc, metadata

office_words = sa.Table(
    "office_words",
    metadata,
    sa.Column("name", Plain, primary_key=True),
    sa.Column("value", Plain, nullable=False),
    sa.Column("changed_at", Utc, nullable=False),
    sa.Column("changed_by", Plain, nullable=False),
)
