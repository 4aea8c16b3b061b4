"""What pages changed of the site since a site file last had its say."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "site_edits",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("revision", NUMBER, nullable=False),
        sa.Column("was", sa.JSON().with_variant(JSONB(), "postgresql")),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_site_edits"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_site_edits_section", "site_edits", ["section", "key"])


def downgrade() -> None:
    op.drop_table("site_edits")
