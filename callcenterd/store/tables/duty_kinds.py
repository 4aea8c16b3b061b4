"""Kinds of duties that an administrator has changed; what is not here is as it ships (`tickets.kinds`)."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import JSON, Number, Plain, Utc, metadata, text

duty_kinds = sa.Table(
    "duty_kinds",
    metadata,
    sa.Column("name", Plain, primary_key=True),
    sa.Column("chinese", Plain, nullable=False),
    sa.Column("english", Plain, nullable=False),
    sa.Column("limit", sa.Integer, nullable=False),
    sa.Column("warn", sa.Integer, nullable=False),
    sa.Column("escalations", JSON, nullable=False),
    text("closes"),
    sa.Column("by_people", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("version", Number, nullable=False),
    sa.Column("changed_at", Utc, nullable=False),
    sa.Column("changed_by", Plain, nullable=False),
)
