"""What a trunk may be told besides its address; limits of what may be dialled; addresses that are banned."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def trunk_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("in_strip", sa.Integer(), server_default="0", nullable=False),
        sa.Column("in_prepend", sa.Text(), server_default="", nullable=False),
        sa.Column("out_form", sa.Text(), server_default="dialled", nullable=False),
        sa.Column("out_strip", sa.Integer(), server_default="0", nullable=False),
        sa.Column("out_prepend", sa.Text(), server_default="", nullable=False),
        sa.Column("caller", sa.Text(), server_default="", nullable=False),
        sa.Column("caller_id", sa.Text(), server_default="from", nullable=False),
        sa.Column("codecs", JSON, server_default='["PCMA","PCMU"]', nullable=False),
        sa.Column("options", sa.Integer(), server_default="30", nullable=False),
        sa.Column("channels", sa.Integer(), server_default="0", nullable=False),
        sa.Column("transport", sa.Text(), server_default="udp", nullable=False),
    ]


def upgrade() -> None:
    for column in trunk_columns():
        op.add_column("trunks", column)
    op.create_table(
        "limits",
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("per_hour", sa.Integer(), nullable=False),
        sa.Column("forbid", JSON, nullable=False),
        sa.Column("permit", JSON, nullable=False),
        sa.Column("international", sa.Boolean(), nullable=False),
        sa.Column("premium", sa.Boolean(), nullable=False),
        sa.Column("night", sa.Text(), server_default="", nullable=False),
        sa.Column("longest", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("who", name="pk_limits"),
    )
    op.create_table(
        "bans",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("address", name="pk_bans"),
    )


def downgrade() -> None:
    op.drop_table("bans")
    op.drop_table("limits")
    for column in reversed(trunk_columns()):
        op.drop_column("trunks", column.name)
