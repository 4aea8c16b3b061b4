"""What who waits in a queue hears and can do, and the place of who was cut off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
COLUMNS = (
    ("announce_position", sa.Text, "off"),
    ("announce_wait", sa.Text, "off"),
    ("announce_first", sa.Float, "15"),
    ("announce_every", sa.Float, "60"),
    ("announce_most", sa.Integer, "10"),
    ("comfort", JSON, "[]"),
    ("exits", JSON, "{}"),
    ("place_back", sa.Float, "5"),
)


def upgrade() -> None:
    for name, kind, default in COLUMNS:
        op.add_column("queues", sa.Column(name, kind, server_default=default, nullable=False))


def downgrade() -> None:
    for name, _, _ in COLUMNS:
        op.drop_column("queues", name)
