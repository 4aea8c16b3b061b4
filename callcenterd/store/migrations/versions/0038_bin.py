"""The recycle bin of customers, and merges."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    for column in (
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.Column("removed_by", sa.Text(), server_default="", nullable=False),
        sa.Column("removed_why", sa.Text(), server_default="", nullable=False),
        sa.Column("erased", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("merged_into", NUMBER, nullable=True),
    ):
        op.add_column("customers", column)
    for name in ("removed_at", "merged_into"):
        where = sa.text(f"{name} IS NOT NULL")
        op.create_index(f"ix_customers_{name}", "customers", [name], sqlite_where=where, postgresql_where=where)
    op.create_index("ix_customers_name_company", "customers", ["name", "company"])
    op.create_table(
        "customer_merges",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("kept", NUMBER, nullable=False),
        sa.Column("gone", NUMBER, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("before", JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("undone_at", MOMENT, nullable=True),
        sa.Column("undone_by", sa.Text(), server_default="", nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [name], ["customers.id"], name=f"fk_customer_merges_{name}_customers", ondelete="CASCADE"
            )
            for name in ("kept", "gone")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_customer_merges"),
        sqlite_autoincrement=True,
    )
    for name in ("kept", "gone"):
        op.create_index(f"ix_customer_merges_{name}", "customer_merges", [name])
    op.create_table(
        "customer_moves",
        sa.Column("merge_id", NUMBER, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("row", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merge_id"], ["customer_merges.id"], name="fk_customer_moves_merge_id_customer_merges", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("merge_id", "what", "row", name="pk_customer_moves"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("customer_moves")
    op.drop_table("customer_merges")
    for name in ("name_company", "merged_into", "removed_at"):
        op.drop_index(f"ix_customers_{name}", "customers")
    for name in ("merged_into", "erased", "removed_why", "removed_by", "removed_at"):
        op.drop_column("customers", name)
