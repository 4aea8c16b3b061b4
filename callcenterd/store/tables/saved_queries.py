"""Queries that somebody keeps."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import JSON, Number, Plain, Utc, key, metadata, text

saved_queries = sa.Table(
    "saved_queries",
    metadata,
    key(),
    sa.Column("name", Plain, nullable=False),
    sa.Column("query", JSON, nullable=False),
    sa.Column("owner", Plain, nullable=False),
    sa.Column("shared", Plain, nullable=False),
    text("team"),
    sa.Column("changed_at", Utc, nullable=False),
    sa.Column("version", Number, nullable=False, server_default="1"),
    sa.Index("ix_saved_queries_owner", "owner"),
    sqlite_autoincrement=True,
)
