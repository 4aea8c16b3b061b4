"""Desk phones that fetch their settings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "devices",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("mac", sa.Text(), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("extension", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.Column("fetched_at", MOMENT, nullable=True),
        sa.Column("fetched_from", sa.Text(), server_default="", nullable=False),
        sa.Column("fetched_by", sa.Text(), server_default="", nullable=False),
        sa.Column("fetches", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["extension"], ["extensions.number"], name="fk_devices_extension_extensions", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
        sa.UniqueConstraint("mac", name="uq_devices_mac"),
        sa.UniqueConstraint("token", name="uq_devices_token"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_devices_extension", "devices", ["extension"], unique=False)


def downgrade() -> None:
    op.drop_table("devices")
