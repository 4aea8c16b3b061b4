"""Duties are found by what they are about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

SOMETHING = sa.text("about <> ''")


def upgrade() -> None:
    op.create_index("ix_duties_about", "duties", ["about"], sqlite_where=SOMETHING, postgresql_where=SOMETHING)


def downgrade() -> None:
    op.drop_index("ix_duties_about", "duties")
