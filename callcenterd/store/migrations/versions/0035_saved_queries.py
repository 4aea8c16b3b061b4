"""Queries that somebody keeps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from callcenterd.store.columns import Utc

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "saved_queries",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("shared", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), server_default="", nullable=False),
        sa.Column("changed_at", Utc(), nullable=False),
        sa.Column("version", number, server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_saved_queries"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_saved_queries_owner", "saved_queries", ["owner"])


def downgrade() -> None:
    op.drop_table("saved_queries")
