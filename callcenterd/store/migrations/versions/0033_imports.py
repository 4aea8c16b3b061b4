"""Imports of customers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
COUNTS = ("done", "created", "updated", "skipped", "faulty", "reverted", "left")


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default="0", nullable=False)


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("titles", JSON, nullable=False),
        _count("rows"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("columns", JSON, nullable=False),
        sa.Column("keys", JSON, nullable=False),
        sa.Column("duplicates", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.Column("place", NUMBER, server_default="0", nullable=False),
        *(_count(name) for name in COUNTS),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "import_rows",
        sa.Column(
            "import_id",
            NUMBER,
            sa.ForeignKey("imports.id", ondelete="CASCADE", name="fk_import_rows_import_id"),
            primary_key=True,
        ),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("customer_id", NUMBER),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("cells", JSON, nullable=False),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("before", JSON),
    )
    op.create_index("ix_import_rows_customer_id", "import_rows", ["import_id", "customer_id"])
    op.create_index("ix_customers_card", "customers", ["card"])
    op.create_index("ix_customers_email", "customers", ["email"])


def downgrade() -> None:
    op.drop_index("ix_customers_email", "customers")
    op.drop_index("ix_customers_card", "customers")
    op.drop_table("import_rows")
    op.drop_table("imports")
