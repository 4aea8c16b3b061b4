"""Custom fields, and what records have in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
INDEXED = ("number", "day", "ref")


def upgrade() -> None:
    op.create_table(
        "custom_fields",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("chinese", sa.Text(), nullable=False),
        sa.Column("english", sa.Text(), nullable=False),
        sa.Column("dictionary", sa.Text(), server_default="", nullable=False),
        sa.Column("target", sa.Text(), server_default="", nullable=False),
        sa.Column("places", sa.Integer(), server_default="0", nullable=False),
        sa.Column("choices", JSON, nullable=False),
        sa.Column("required", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("readers", JSON, nullable=False),
        sa.Column("writers", JSON, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("version", NUMBER, server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_custom_fields"),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_custom_fields_kind_name", "custom_fields", ["kind", "name"], unique=True)
    op.create_table(
        "custom_values",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", NUMBER, nullable=False),
        sa.Column("field_id", NUMBER, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("ref", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(["field_id"], ["custom_fields.id"], name="fk_custom_values_field_id"),
        sa.PrimaryKeyConstraint("kind", "record_id", "field_id", "position", name="pk_custom_values"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_custom_values_key", "custom_values", ["field_id", "key", "record_id"])
    for name in INDEXED:
        there = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"ix_custom_values_{name}",
            "custom_values",
            ["field_id", name, "record_id"],
            sqlite_where=there,
            postgresql_where=there,
        )


def downgrade() -> None:
    op.drop_table("custom_values")
    op.drop_table("custom_fields")
