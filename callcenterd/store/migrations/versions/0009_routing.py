"""Skills, ranks, weights, priorities, and how queues give back, offer again and call back."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_COLUMNS: tuple[tuple[str, sa.types.TypeEngine[Any], str], ...] = (
    ("skills", JSON, "{}"),
    ("ranks", JSON, "{}"),
    ("weights", JSON, "{}"),
    ("priority", sa.Integer(), "0"),
    ("level_priority", JSON, "{}"),
    ("ageing", sa.Float(), "0"),
    ("sticky", sa.Text(), "off"),
    ("sticky_wait", sa.Float(), "0"),
    ("retry", sa.Float(), "10"),
    ("misses", sa.Integer(), "1"),
    ("miss_return", sa.Float(), "0"),
    ("most_waiting", sa.Integer(), "0"),
    ("callback_first", sa.Text(), "customer"),
    ("callback_ring", sa.Float(), "30"),
    ("callback_retries", JSON, "[300, 1800]"),
)


def upgrade() -> None:
    op.add_column("users", sa.Column("skills", JSON, server_default="{}", nullable=False))
    for name, kind, default in _COLUMNS:
        op.add_column("queues", sa.Column(name, kind, server_default=default, nullable=False))


def downgrade() -> None:
    for name, _, _ in reversed(_COLUMNS):
        op.drop_column("queues", name)
    op.drop_column("users", "skills")
