"""Follow-ups, and the lists of their classes and results."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WAITING = sa.text("state IN ('open', 'not_reached')")
SHIPPED = {
    "follow_up_category": [
        ("after_use", "使用后", "After use"),
        ("before_use", "使用前", "Before use"),
        ("not_reached", "未接通", "Not reached"),
    ],
    "follow_up_result": [
        ("satisfied", "满意", "Satisfied"),
        ("fair", "一般", "Fair"),
        ("dissatisfied", "不满意", "Dissatisfied"),
        ("wants_more", "有新需求", "Wants something else"),
        ("declined", "不愿回访", "Declined to answer"),
        ("wrong_number", "号码有误", "Wrong number"),
    ],
}


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def upgrade() -> None:
    op.create_table(
        "follow_ups",
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
        *(_text(name) for name in ("words", "category", "channel")),
        sa.Column("gifts_by_mail", sa.Boolean()),
        _text("content"),
        sa.Column("state", sa.Text(), nullable=False),
        _text("result"),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("most_tries", sa.Integer(), nullable=False),
        sa.Column("again_minutes", sa.Integer(), nullable=False),
        sa.Column("next_call", MOMENT),
        sa.Column("due", MOMENT),
        sa.Column("done_at", MOMENT),
        _text("done_by"),
        sa.Column("duty_id", NUMBER),
        sa.PrimaryKeyConstraint("id", name="pk_follow_ups"),
        sa.UniqueConstraint("number", name="uq_follow_ups_number"),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_follow_ups_customer_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["duty_id"], ["duties.id"], name="fk_follow_ups_duty_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_follow_ups_at", "follow_ups", ["at"])
    for name in ("owner", "team", "customer_id"):
        op.create_index(f"ix_follow_ups_{name}_at", "follow_ups", [name, "at"])
    for name, columns in (("owner_due", ["owner", "due"]), ("due", ["due"])):
        op.create_index(
            f"ix_follow_ups_{name}", "follow_ups", columns, sqlite_where=_WAITING, postgresql_where=_WAITING
        )
    op.create_index("ix_follow_ups_done_at", "follow_ups", ["done_at"])
    op.create_index("ix_follow_ups_duty_id", "follow_ups", ["duty_id"])
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
    op.execute("DELETE FROM dictionary_values WHERE dictionary IN ('follow_up_category', 'follow_up_result')")
    op.drop_table("follow_ups")
