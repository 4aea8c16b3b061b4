"""Televisions that show figures by a link of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "displays",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("queues", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_displays"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_displays_token", "displays", ["token"], unique=True)


def downgrade() -> None:
    op.drop_table("displays")
