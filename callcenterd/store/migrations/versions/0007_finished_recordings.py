"""Recordings that are made small after the call: format, state, and what they were before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_UNFINISHED = sa.text("finishing IN ('waiting', 'kept')")


def upgrade() -> None:
    """What an older release recorded stays as it is."""
    op.add_column("recordings", sa.Column("format", sa.Text(), server_default="wav", nullable=False))
    op.add_column("recordings", sa.Column("finishing", sa.Text(), server_default="done", nullable=False))
    op.add_column("recordings", sa.Column("original_path", sa.Text(), nullable=True))
    op.add_column("recordings", sa.Column("original_octets", sa.BigInteger(), nullable=True))
    op.add_column("recordings", sa.Column("original_sha256", sa.Text(), nullable=True))
    op.create_index(
        "ix_recordings_unfinished",
        "recordings",
        ["started_at"],
        unique=False,
        sqlite_where=_UNFINISHED,
        postgresql_where=_UNFINISHED,
    )


def downgrade() -> None:
    op.drop_index("ix_recordings_unfinished", table_name="recordings")
    for name in ("original_sha256", "original_octets", "original_path", "finishing", "format"):
        op.drop_column("recordings", name)
