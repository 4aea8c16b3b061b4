"""Campaigns, whom they call, and each call of theirs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def _campaign() -> sa.Column[int]:
    return sa.Column("campaign_id", NUMBER, sa.ForeignKey("campaigns.id", ondelete="CASCADE"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("plan", JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.UniqueConstraint("name", name="uq_campaigns_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "campaign_entries",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        _campaign(),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("customer_id", NUMBER, sa.ForeignKey("customers.id", ondelete="SET NULL")),
        sa.Column("fields", JSON, nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), server_default="", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due", MOMENT, nullable=False),
        sa.Column("agreed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("call_id", sa.Text()),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", sa.Text(), server_default="", nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_campaign_entries_line", "campaign_entries", ["campaign_id", "line"], unique=True)
    op.create_index(
        "ix_campaign_entries_next",
        "campaign_entries",
        ["campaign_id", "state", "agreed", "turn", "attempts", "due", "id"],
    )
    op.create_index("ix_campaign_entries_customer_id", "campaign_entries", ["customer_id"])
    op.create_table(
        "campaign_attempts",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        _campaign(),
        sa.Column("entry_id", NUMBER, sa.ForeignKey("campaign_entries.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("result", sa.Text(), server_default="", nullable=False),
        sa.Column("agent", sa.Text()),
        sa.Column("without_agent", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("disposition", sa.Text(), server_default="", nullable=False),
        sa.UniqueConstraint("call_id", name="uq_campaign_attempts_call_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_campaign_attempts_entry_id", "campaign_attempts", ["entry_id", "at"])
    op.create_index("ix_campaign_attempts_campaign_id", "campaign_attempts", ["campaign_id", "at"])


def downgrade() -> None:
    op.drop_table("campaign_attempts")
    op.drop_table("campaign_entries")
    op.drop_table("campaigns")
