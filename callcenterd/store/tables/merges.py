"""Customers that were merged into others, and what went over with each, so that it can come back."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import JSON, Number, Plain, Utc, key, metadata, text

# before: the kept one's card as it was, and version: what the merge made of it, to see whether it was changed since.
customer_merges = sa.Table(
    "customer_merges",
    metadata,
    key(),
    sa.Column("kept", Number, sa.ForeignKey("customers.id", ondelete="CASCADE"), nullable=False),
    sa.Column("gone", Number, sa.ForeignKey("customers.id", ondelete="CASCADE"), nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Column("before", JSON, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("undone_at", Utc),
    text("undone_by"),
    sa.Index("ix_customer_merges_kept", "kept"),
    sa.Index("ix_customer_merges_gone", "gone"),
    sqlite_autoincrement=True,
)

customer_moves = sa.Table(
    "customer_moves",
    metadata,
    sa.Column("merge_id", Number, sa.ForeignKey("customer_merges.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("what", Plain, primary_key=True),  # table and column
    sa.Column("row", Plain, primary_key=True),  # its key, as a text
    sqlite_with_rowid=False,
)
