"""Codecs of phones, and encryption of sound on phones and trunks. What was there before goes on as it was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("trunks", sa.Column("encryption", sa.Text(), server_default="off", nullable=False))
    codecs = sa.Column("codecs", JSON, server_default='["PCMA","PCMU","G722","opus"]', nullable=False)
    op.add_column("extensions", codecs)
    op.add_column("extensions", sa.Column("encryption", sa.Text(), server_default="allowed", nullable=False))


def downgrade() -> None:
    op.drop_column("extensions", "encryption")
    op.drop_column("extensions", "codecs")
    op.drop_column("trunks", "encryption")
