"""What people prove themselves by beside their password, and of which roles that is asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "second_factors",
        sa.Column("login", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), server_default="", nullable=False) for name in ("key", "next_key")),
        sa.Column("since", MOMENT),
        sa.Column("last_step", NUMBER, server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["login"], ["users.login"], name="fk_second_factors_login_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("login", name="pk_second_factors"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["login"], ["users.login"], name="fk_recovery_codes_login_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("login", "hash", name="pk_recovery_codes"),
    )
    op.create_table(
        "second_factor_roles",
        sa.Column("role", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("role", name="pk_second_factor_roles"),
    )


def downgrade() -> None:
    for table in ("second_factor_roles", "recovery_codes", "second_factors"):
        op.drop_table(table)
