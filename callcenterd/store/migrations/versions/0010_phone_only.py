"""PINs for phones, reasons of breaks, dispositions, parts that are switched off, forwarding of extensions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def _position() -> sa.Column[int]:
    return sa.Column("position", sa.Integer(), nullable=False)


def _title() -> sa.Column[str]:
    return sa.Column("title", sa.Text(), server_default="", nullable=False)


def upgrade() -> None:
    op.add_column("users", sa.Column("pin_hash", sa.Text(), server_default="", nullable=False))
    op.add_column("calls", sa.Column("disposition", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_calls_disposition_started_at_id", "calls", ["disposition", "started_at", "id"])
    op.create_table(
        "breaks",
        sa.Column("name", sa.Text(), nullable=False),
        _position(),
        _title(),
        sa.Column("limit", sa.Float(), nullable=False),
        sa.Column("per_day", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_breaks"),
    )
    op.create_table(
        "dispositions",
        sa.Column("code", sa.Text(), nullable=False),
        _position(),
        _title(),
        sa.Column("queues", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_dispositions"),
    )
    op.create_table(
        "modules",
        sa.Column("name", sa.Text(), nullable=False),
        _position(),
        sa.Column("on", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_modules"),
    )
    op.create_table(
        "forwarding",
        sa.Column("extension", sa.Text(), nullable=False),
        sa.Column("do_not_disturb", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Text(), server_default="", nullable=False) for name in ("always", "busy", "no_answer")),
        sa.Column("ring", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("extension", name="pk_forwarding"),
    )


def downgrade() -> None:
    for table in ("forwarding", "modules", "dispositions", "breaks"):
        op.drop_table(table)
    op.drop_index("ix_calls_disposition_started_at_id", "calls")
    op.drop_column("calls", "disposition")
    op.drop_column("users", "pin_hash")
