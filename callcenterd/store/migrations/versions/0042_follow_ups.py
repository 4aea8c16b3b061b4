"""Follow-ups, the rules that draw them, and their lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
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


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default="0", nullable=False)


def _changed() -> list[sa.Column[object]]:
    return [
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("version", NUMBER, server_default="1", nullable=False),
    ]


def _key(table: str, column: str, of: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{of}.id"], name=f"fk_{table}_{column}")


def upgrade() -> None:
    op.create_table(
        "follow_up_rules",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("terms", JSON, nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date()),
        *_changed(),
        sa.PrimaryKeyConstraint("id", name="pk_follow_up_rules"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "follow_ups",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("customer_id", NUMBER),
        sa.Column("call_id", sa.Text()),
        *(_text(name) for name in ("phone", "card", "name", "sex", "owner", "team")),
        *_changed(),
        *(_text(name) for name in ("words", "category", "channel")),
        sa.Column("gifts_by_mail", sa.Boolean()),
        _text("content"),
        sa.Column("state", sa.Text(), nullable=False),
        _text("result"),
        _whole("tries"),
        sa.Column("most_tries", sa.Integer(), nullable=False),
        sa.Column("again_minutes", sa.Integer(), nullable=False),
        sa.Column("next_call", MOMENT),
        sa.Column("due", MOMENT),
        sa.Column("done_at", MOMENT),
        _text("done_by"),
        sa.Column("rule_id", NUMBER),
        _text("rule_name"),
        sa.Column("rule_day", sa.Date()),
        sa.Column("duty_id", NUMBER),
        sa.PrimaryKeyConstraint("id", name="pk_follow_ups"),
        sa.UniqueConstraint("number", name="uq_follow_ups_number"),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_follow_ups_customer_id", ondelete="SET NULL"
        ),
        _key("follow_ups", "rule_id", "follow_up_rules"),
        _key("follow_ups", "duty_id", "duties"),
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
    op.create_index("ix_follow_ups_rule_id", "follow_ups", ["rule_id", "customer_id", "rule_day"])
    op.create_table(
        "follow_up_runs",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("rule_id", NUMBER, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        *(_whole(name) for name in ("drawn", "barred", "left_over")),
        _text("fault"),
        sa.Column("finished_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_follow_up_runs"),
        _key("follow_up_runs", "rule_id", "follow_up_rules"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_follow_up_runs_rule_id", "follow_up_runs", ["rule_id", "id"])
    op.create_table(
        "follow_up_draws",
        sa.Column("rule_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("customer", NUMBER, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("run_id", NUMBER, nullable=False),
        sa.Column("follow_up_id", NUMBER, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", "customer", "day", name="pk_follow_up_draws"),
        _key("follow_up_draws", "rule_id", "follow_up_rules"),
        _key("follow_up_draws", "run_id", "follow_up_runs"),
        _key("follow_up_draws", "follow_up_id", "follow_ups"),
    )
    op.create_index("ix_follow_up_draws_follow_up_id", "follow_up_draws", ["follow_up_id"])
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
    for table in ("follow_up_draws", "follow_up_runs", "follow_ups", "follow_up_rules"):
        op.drop_table(table)
