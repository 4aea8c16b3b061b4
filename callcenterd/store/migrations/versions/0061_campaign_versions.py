"""A campaign's plan has a version, so that two who change it do not write over each other."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("version", NUMBER, server_default="1", nullable=False))


def downgrade() -> None:
    op.drop_column("campaigns", "version")
