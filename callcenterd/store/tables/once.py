"""Requests that are done once, however often they are sent: what stands behind an `Idempotency-Key`, for a day."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import Plain, Utc, key, metadata

once_keys = sa.Table(
    "once_keys",
    metadata,
    key(),
    sa.Column("login", Plain, nullable=False),
    sa.Column("route", Plain, nullable=False),  # method and address: "POST /api/v1/complaints"
    sa.Column("key", Plain, nullable=False),
    sa.Column("fingerprint", Plain, nullable=False),  # of what was sent
    sa.Column("at", Utc, nullable=False),
    sa.Column("status", sa.Integer),  # null, like the answer: it was kept, but the answer is not known (any more)
    sa.Column("answer", Plain),
    sa.Index("ix_once_keys_place", "login", "route", "key", unique=True),
    sa.Index("ix_once_keys_at", "at"),
    sqlite_autoincrement=True,
)
