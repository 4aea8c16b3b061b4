"""The chain of evidence."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import Number, Plain, Utc, metadata

# Triggers (its migration) let nobody change or remove a link. Numbers have no gap: a link that is gone is seen.
evidence = sa.Table(
    "evidence",
    metadata,
    sa.Column("seq", Number, primary_key=True, autoincrement=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("kind", Plain, nullable=False),
    sa.Column("ref", Plain, nullable=False),
    sa.Column("upto", Number, nullable=False, server_default="0"),
    sa.Column("digest", Plain, nullable=False),
    sa.Column("hash", Plain, nullable=False),
    sa.Index("ix_evidence_ref", "kind", "ref", "upto"),
    sa.Index("ix_evidence_at", "at"),
)
