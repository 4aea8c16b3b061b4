"""Kinds of duties as an administrator has changed them; and an index for the calendar of duties."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "duty_kinds",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("name", "chinese", "english")),
        sa.Column("limit", sa.Integer(), nullable=False),
        sa.Column("warn", sa.Integer(), nullable=False),
        sa.Column("escalations", JSON, nullable=False),
        sa.Column("closes", sa.Text(), server_default="", nullable=False),
        sa.Column("by_people", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_duty_kinds"),
    )
    op.create_index("ix_duties_due_any", "duties", ["due"])


def downgrade() -> None:
    op.drop_index("ix_duties_due_any", "duties")
    op.drop_table("duty_kinds")
