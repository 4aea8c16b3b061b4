"""Who is told of a recording and by what tone, and agents who are recorded always or never."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("record", sa.Text(), server_default="queue", nullable=False))
    op.add_column("queues", sa.Column("announce_recording", sa.Text(), server_default="none", nullable=False))
    op.add_column("queues", sa.Column("recording_beep", sa.Float(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("queues", "recording_beep")
    op.drop_column("queues", "announce_recording")
    op.drop_column("users", "record")
