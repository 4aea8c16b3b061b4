"""Requests that are done once, however often they are sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "once_keys",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("answer", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_once_keys"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_once_keys_place", "once_keys", ["login", "route", "key"], unique=True)
    op.create_index("ix_once_keys_at", "once_keys", ["at"])


def downgrade() -> None:
    op.drop_table("once_keys")
