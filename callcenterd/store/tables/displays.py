"""Televisions that show figures by a link of their own."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import JSON, Plain, Utc, key, metadata, text

displays = sa.Table(
    "displays",
    metadata,
    key(),
    sa.Column("token", Plain, nullable=False),  # its SHA-256: who reads this cannot show anything with it
    text("name"),
    sa.Column("queues", JSON, nullable=False),
    sa.Column("created_by", Plain, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("expires_at", Utc, nullable=False),
    sa.Column("seen_at", Utc),
    sa.Index("ix_displays_token", "token", unique=True),
    sqlite_autoincrement=True,
)
