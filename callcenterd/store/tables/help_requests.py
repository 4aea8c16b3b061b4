"""Calls of agents for help, and their steps that nobody can change."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import Number, Plain, Utc, key, metadata, text

_UP = sa.text("state IN ('open', 'taken')")

help_requests = sa.Table(
    "help_requests",
    metadata,
    key(),
    sa.Column("agent", Plain, nullable=False),
    sa.Column("asked_at", Utc, nullable=False),
    sa.Column("call_id", Plain),
    text("text"),
    sa.Column("by_phone", sa.Boolean, nullable=False),
    sa.Column("state", Plain, nullable=False, server_default="open"),
    text("taken_by"),
    sa.Column("taken_at", Utc),
    sa.Column("answered_at", Utc),
    text("ended_by"),
    sa.Column("ended_at", Utc),
    sa.Column("version", Number, nullable=False, server_default="1"),
    # An agent has one call for help at a time.
    sa.Index("ix_help_requests_up", "agent", unique=True, sqlite_where=_UP, postgresql_where=_UP),
    sa.Index("ix_help_requests_agent", "agent", "asked_at"),
    sqlite_autoincrement=True,
)

help_steps = sa.Table(
    "help_steps",
    metadata,
    key(),
    sa.Column("request_id", Number, sa.ForeignKey("help_requests.id"), nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Column("kind", Plain, nullable=False),
    text("text"),
    sa.Index("ix_help_steps_request_id", "request_id", "id"),
    sqlite_autoincrement=True,
)
