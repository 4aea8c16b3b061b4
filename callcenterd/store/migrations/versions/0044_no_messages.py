"""Customers who want no SMS, or no e-mail; what a message to a customer was made of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
MARKS = ("no_sms", "no_email")


def upgrade() -> None:
    for mark in MARKS:
        op.add_column("customers", sa.Column(mark, sa.Boolean(), server_default=sa.false(), nullable=False))
        op.add_column("customers", sa.Column(f"{mark}_at", MOMENT))
        op.add_column("customers", sa.Column(f"{mark}_by", sa.Text(), server_default="", nullable=False))
    op.create_index(
        "ix_customers_no_email",
        "customers",
        ["email"],
        sqlite_where=sa.text("no_email = 1"),
        postgresql_where=sa.text("no_email"),
    )
    with op.batch_alter_table("customer_messages", table_kwargs={"sqlite_autoincrement": True}) as messages:
        messages.add_column(sa.Column("purpose", sa.Text(), server_default="", nullable=False))
        messages.add_column(sa.Column("necessary", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("customer_messages", table_kwargs={"sqlite_autoincrement": True}) as messages:
        for name in ("necessary", "purpose"):
            messages.drop_column(name)
    op.drop_index("ix_customers_no_email", "customers")
    for mark in MARKS:
        for part in ("_by", "_at", ""):
            op.drop_column("customers", f"{mark}{part}")
