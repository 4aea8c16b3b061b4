"""Beside the audit trail: what stood in a record before a change, and after it.

The trail itself holds no personal data, and triggers refuse every change of it. These values can be erased with a
customer's, and only once the trail says so.
"""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import JSON, Number, Plain, Utc, metadata

audit_values = sa.Table(
    "audit_values",
    metadata,
    sa.Column("audit_id", Number, sa.ForeignKey("audit.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    sa.Column("target", Plain, nullable=False),
    sa.Column("at", Utc, nullable=False),
    # Of each field that is another: [before, after].
    sa.Column("changes", JSON, nullable=False),
    sa.Index("ix_audit_values_target", "target"),
)
