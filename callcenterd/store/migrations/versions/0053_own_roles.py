"""Roles of the office's own, and departments of teams."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

ADDED = (
    ("roles", "base"),
    ("roles", "chinese"),
    ("roles", "english"),
    ("users", "own_role"),
    ("teams", "department"),
)


def upgrade() -> None:
    for table, column in ADDED:
        op.add_column(table, sa.Column(column, sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.execute("DELETE FROM roles WHERE base <> ''")
    for table, column in reversed(ADDED):
        op.drop_column(table, column)
