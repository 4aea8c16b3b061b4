"""What an administrator has made of the roles, and the office's own; a shipped role without a row is as shipped."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import JSON, Number, Plain, metadata, text

roles = sa.Table(
    "roles",
    metadata,
    sa.Column("role", Plain, primary_key=True),
    sa.Column("rights", JSON, nullable=False),
    sa.Column("scopes", JSON, nullable=False),
    sa.Column("hidden", JSON, nullable=False),
    sa.Column("version", Number, nullable=False, server_default="1"),
    text("base"),  # of an own one: the shipped role that it stands on
    text("chinese"),
    text("english"),
)
