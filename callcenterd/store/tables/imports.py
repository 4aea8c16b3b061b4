"""Imports of customers, and what came of each of their rows."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import JSON, Number, Plain, Utc, key, metadata, text


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")


imports = sa.Table(
    "imports",
    metadata,
    key(),
    sa.Column("name", Plain, nullable=False),
    sa.Column("titles", JSON, nullable=False),
    _count("rows"),
    sa.Column("state", Plain, nullable=False),
    sa.Column("columns", JSON, nullable=False),
    sa.Column("keys", JSON, nullable=False),
    sa.Column("duplicates", Plain, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("started_at", Utc),
    sa.Column("ended_at", Utc),
    sa.Column("place", Number, nullable=False, server_default="0"),  # octet of the file of lines: what comes next
    *(_count(name) for name in ("done", "created", "updated", "skipped", "faulty", "reverted", "left")),
    text("why"),
    sqlite_autoincrement=True,
)

import_rows = sa.Table(
    "import_rows",
    metadata,
    sa.Column("import_id", Number, sa.ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("outcome", Plain, nullable=False),
    sa.Column("customer_id", Number),  # no key of customers: it may be gone by now
    text("reason"),
    sa.Column("cells", JSON, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, server_default="0"),
    sa.Column("before", JSON),
    sa.Index("ix_import_rows_customer_id", "import_id", "customer_id"),
)
