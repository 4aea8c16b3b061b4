"""How far it is with callbacks: the place, tries in vain, the next one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    op.add_column("callbacks", sa.Column("place_at", MOMENT))
    op.add_column("callbacks", sa.Column("tries", sa.Integer(), server_default="0", nullable=False))
    op.add_column("callbacks", sa.Column("next_at", MOMENT))
    op.add_column("callbacks", sa.Column("result", sa.Text(), server_default="", nullable=False))
    op.add_column("callbacks", sa.Column("line", sa.Text(), server_default="", nullable=False))
    op.add_column("queues", sa.Column("callback_hours", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("queues", "callback_hours")
    for name in ("line", "result", "next_at", "tries", "place_at"):
        op.drop_column("callbacks", name)
