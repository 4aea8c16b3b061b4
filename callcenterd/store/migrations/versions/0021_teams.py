"""Teams: agents, and the supervisors who lead them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "teams",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("members", JSON, nullable=False),
        sa.Column("leaders", JSON, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_teams"),
    )


def downgrade() -> None:
    op.drop_table("teams")
