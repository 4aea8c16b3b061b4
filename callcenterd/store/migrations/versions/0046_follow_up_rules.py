"""Rules that draw follow-ups, their drawings, and whom each drew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "follow_up_rules",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("chinese", sa.Text(), nullable=False),
        sa.Column("english", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("since", sa.Date()),
        sa.Column("category", sa.Text(), nullable=False),
        _text("date_field"),
        _count("days"),
        sa.Column("where_tree", JSON, nullable=False),
        sa.Column("query_id", NUMBER),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("deal", sa.Text(), nullable=False),
        _count("due_days"),
        _text("channel"),
        _text("content"),
        *(_count(name) for name in ("most", "again_days", "hour", "catch_up", "most_tries", "again_minutes")),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("version", NUMBER, server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_follow_up_rules"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "follow_up_drawings",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("rule_id", NUMBER, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("found", sa.Integer(), server_default="0", nullable=False),
        sa.Column("drawn", sa.Integer(), server_default="0", nullable=False),
        sa.Column("left_out", JSON, nullable=False),
        _text("fault"),
        sa.PrimaryKeyConstraint("id", name="pk_follow_up_drawings"),
        sa.ForeignKeyConstraint(["rule_id"], ["follow_up_rules.id"], name="fk_follow_up_drawings_rule_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_follow_up_drawings_rule_id_day", "follow_up_drawings", ["rule_id", "day"], unique=True)
    op.create_table(
        "follow_up_draws",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("rule_id", NUMBER, nullable=False),
        sa.Column("customer_id", NUMBER, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("drawing_id", NUMBER, nullable=False),
        sa.Column("follow_up_id", NUMBER, nullable=False),
        _text("owner"),
        sa.PrimaryKeyConstraint("id", name="pk_follow_up_draws"),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=f"fk_follow_up_draws_{column}")
            for column, table in (
                ("rule_id", "follow_up_rules"),
                ("drawing_id", "follow_up_drawings"),
                ("follow_up_id", "follow_ups"),
            )
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_follow_up_draws_rule_id_customer_id_day",
        "follow_up_draws",
        ["rule_id", "customer_id", "day"],
        unique=True,
    )
    op.create_index("ix_follow_up_draws_drawing_id", "follow_up_draws", ["drawing_id"])
    op.add_column("follow_ups", sa.Column("rule_id", NUMBER))


def downgrade() -> None:
    op.drop_column("follow_ups", "rule_id")
    for table in ("follow_up_draws", "follow_up_drawings", "follow_up_rules"):
        op.drop_table(table)
