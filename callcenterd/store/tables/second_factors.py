"""What people prove themselves by beside their password, and of which roles that is asked."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import Number, Plain, Utc, metadata, text

second_factors = sa.Table(
    "second_factors",
    metadata,
    sa.Column("login", Plain, sa.ForeignKey("users.login", ondelete="CASCADE"), primary_key=True),
    text("key"),  # Base32; empty: none is in force yet
    text("next_key"),  # shown, and not proven yet
    sa.Column("since", Utc),
    sa.Column("last_step", Number, nullable=False, server_default="0"),  # of the code that was taken last
)

recovery_codes = sa.Table(
    "recovery_codes",
    metadata,
    sa.Column("login", Plain, sa.ForeignKey("users.login", ondelete="CASCADE"), primary_key=True),
    sa.Column("hash", Plain, primary_key=True),  # SHA-256 of 120 random bits
)

second_factor_roles = sa.Table(
    "second_factor_roles",
    metadata,
    sa.Column("role", Plain, primary_key=True),
)
