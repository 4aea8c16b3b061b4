"""What an administrator has made of the roles; values before and after a change, for the audit trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from callcenterd.store.columns import Utc

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    data = sa.JSON().with_variant(JSONB(), "postgresql")
    op.create_table(
        "roles",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("rights", data, nullable=False),
        sa.Column("scopes", data, nullable=False),
        sa.Column("hidden", data, nullable=False),
        sa.Column("version", number, server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("role", name="pk_roles"),
    )
    op.create_table(
        "audit_values",
        sa.Column("audit_id", number, autoincrement=False, nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("changes", data, nullable=False),
        sa.PrimaryKeyConstraint("audit_id", name="pk_audit_values"),
        sa.ForeignKeyConstraint(["audit_id"], ["audit.id"], name="fk_audit_values_audit_id", ondelete="CASCADE"),
    )
    op.create_index("ix_audit_values_target", "audit_values", ["target"])


def downgrade() -> None:
    op.drop_table("audit_values")
    op.drop_table("roles")
