"""What a disposition says of the callback that its call was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dispositions", sa.Column("callback", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("dispositions", "callback")
