"""Calendars: business hours, holidays and make-up days; queues that keep them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "calendars",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("zone", sa.Text(), server_default="", nullable=False),
        sa.Column("hours", JSON, nullable=False),
        sa.Column("holidays", JSON, nullable=False),
        sa.Column("make_up", JSON, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_calendars"),
    )
    op.add_column("queues", sa.Column("calendar", sa.Text(), server_default="", nullable=False))
    op.add_column("queues", sa.Column("at_closing", sa.Text(), server_default="keep", nullable=False))


def downgrade() -> None:
    op.drop_column("queues", "at_closing")
    op.drop_column("queues", "calendar")
    op.drop_table("calendars")
