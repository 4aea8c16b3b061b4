"""Consultations, and the numbers of sheets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SHIPPED = {
    "consultation_category": [
        ("use", "产品使用咨询", "Use of a product"),
        ("address", "地址咨询", "Address"),
        ("business", "联系业务", "Business contact"),
        ("wrong_number", "打错电话", "Wrong number"),
        ("value_added", "增值服务", "Value-added service"),
        ("other", "其他", "Other"),
    ],
}


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def upgrade() -> None:
    op.create_table(
        "sheet_numbers",
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("prefix", "day", name="pk_sheet_numbers"),
    )
    op.create_table(
        "consultations",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("customer_id", NUMBER),
        sa.Column("call_id", sa.Text()),
        *(_text(name) for name in ("phone", "card", "name", "sex", "owner", "team")),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("version", NUMBER, server_default="1", nullable=False),
        _text("words"),
        *(_text(name) for name in ("category", "project_type", "project_number", "product_number", "channel", "note")),
        sa.PrimaryKeyConstraint("id", name="pk_consultations"),
        sa.UniqueConstraint("number", name="uq_consultations_number"),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_consultations_customer_id", ondelete="SET NULL"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_consultations_at", "consultations", ["at"])
    for name in ("owner", "team", "customer_id"):
        op.create_index(f"ix_consultations_{name}_at", "consultations", [name, "at"])
    values = sa.table(
        "dictionary_values",
        *(sa.column(name) for name in ("dictionary", "code", "position", "chinese", "english")),
    )
    op.bulk_insert(
        values,
        [
            {"dictionary": name, "code": code, "position": n, "chinese": chinese, "english": english}
            for name, shipped in SHIPPED.items()
            for n, (code, chinese, english) in enumerate(shipped)
        ],
    )


def downgrade() -> None:
    op.execute("DELETE FROM dictionary_values WHERE dictionary = 'consultation_category'")
    op.drop_table("consultations")
    op.drop_table("sheet_numbers")
