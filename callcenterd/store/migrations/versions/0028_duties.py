"""Duties, their steps that nobody can change, and letters about them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
OPEN = sa.text("state = 'open'")
INDEXES: dict[str, tuple[str, ...]] = {
    "owner_due": ("owner", "due"),
    "team_due": ("team", "due"),
    "queue_due": ("queue", "due"),
    "due": ("due",),
    "next_at": ("next_at",),
}

# REPLACE removes a row without asking the trigger of DELETE: so a number that there is cannot come again either.
SQLITE = (
    "CREATE TRIGGER duty_steps_stay BEFORE UPDATE ON duty_steps"
    " BEGIN SELECT RAISE(ABORT, 'steps of a duty are never changed'); END",
    "CREATE TRIGGER duty_steps_remain BEFORE DELETE ON duty_steps"
    " BEGIN SELECT RAISE(ABORT, 'steps of a duty are never removed'); END",
    "CREATE TRIGGER duty_steps_once BEFORE INSERT ON duty_steps"
    " WHEN EXISTS (SELECT 1 FROM duty_steps WHERE id = NEW.id)"
    " BEGIN SELECT RAISE(ABORT, 'steps of a duty are never replaced'); END",
    "CREATE TRIGGER duties_once BEFORE INSERT ON duties"
    " WHEN EXISTS (SELECT 1 FROM duties WHERE id = NEW.id)"
    " BEGIN SELECT RAISE(ABORT, 'the beginning of a duty is never changed'); END",
    "CREATE TRIGGER duties_begin BEFORE UPDATE OF kind, created_at, created_by, first_due ON duties"
    " WHEN OLD.kind IS NOT NEW.kind OR OLD.created_at IS NOT NEW.created_at"
    " OR OLD.created_by IS NOT NEW.created_by OR OLD.first_due IS NOT NEW.first_due"
    " BEGIN SELECT RAISE(ABORT, 'the beginning of a duty is never changed'); END",
)
POSTGRESQL = (
    "CREATE FUNCTION duty_steps_stay() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'steps of a duty are never changed or removed'; END $$",
    "CREATE TRIGGER duty_steps_stay BEFORE UPDATE OR DELETE ON duty_steps"
    " FOR EACH ROW EXECUTE FUNCTION duty_steps_stay()",
    "CREATE FUNCTION duties_begin() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'the beginning of a duty is never changed'; END $$",
    "CREATE TRIGGER duties_begin BEFORE UPDATE ON duties FOR EACH ROW"
    " WHEN ((OLD.kind, OLD.created_at, OLD.created_by, OLD.first_due) IS DISTINCT FROM"
    " (NEW.kind, NEW.created_at, NEW.created_by, NEW.first_due)) EXECUTE FUNCTION duties_begin()",
)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def upgrade() -> None:
    op.create_table(
        "duties",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        _text("note"),
        sa.Column(
            "customer_id",
            NUMBER,
            sa.ForeignKey("customers.id", ondelete="SET NULL", name="fk_duties_customer_id"),
        ),
        sa.Column("call_id", sa.Text()),
        *(_text(name) for name in ("number", "line", "owner", "team", "queue")),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        *(sa.Column(name, MOMENT, nullable=False) for name in ("changed_at", "first_due", "due", "warn_at")),
        sa.Column("warn_minutes", sa.Integer(), nullable=False),
        sa.Column("escalations", JSON, nullable=False),
        sa.Column("stage", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", MOMENT),
        _text("escalated_to"),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        _text("outcome"),
        sa.Column("closed_at", MOMENT),
        _text("closed_by"),
        sa.Column("version", NUMBER, server_default="1", nullable=False),
        _text("words"),
        sqlite_autoincrement=True,
    )
    for name, columns in INDEXES.items():
        op.create_index(f"ix_duties_{name}", "duties", columns, sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("ix_duties_line_kind", "duties", ["line", "kind"])
    op.create_index("ix_duties_customer_id", "duties", ["customer_id", "state"])
    op.create_index("ix_duties_kind_first_due", "duties", ["kind", "first_due"])
    op.create_table(
        "duty_steps",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("duty_id", NUMBER, sa.ForeignKey("duties.id", name="fk_duty_steps_duty_id"), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        _text("text"),
        sa.Column("details", JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_duty_steps_duty_id", "duty_steps", ["duty_id", "id"])
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)
    with op.batch_alter_table("outbox", table_kwargs={"sqlite_autoincrement": True}) as outbox:
        outbox.alter_column("voicemail_id", existing_type=NUMBER, nullable=True)
        outbox.add_column(sa.Column("duty_id", NUMBER))
        outbox.add_column(_text("subject"))
        outbox.add_column(_text("text"))
        outbox.create_foreign_key("fk_outbox_duty_id", "duties", ["duty_id"], ["id"])


def downgrade() -> None:
    op.execute("DELETE FROM outbox WHERE voicemail_id IS NULL")
    with op.batch_alter_table("outbox", table_kwargs={"sqlite_autoincrement": True}) as outbox:
        outbox.drop_constraint("fk_outbox_duty_id", type_="foreignkey")
        outbox.drop_column("text")
        outbox.drop_column("subject")
        outbox.drop_column("duty_id")
        outbox.alter_column("voicemail_id", existing_type=NUMBER, nullable=False)
    op.drop_table("duty_steps")
    op.drop_table("duties")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION duty_steps_stay()")
        op.execute("DROP FUNCTION duties_begin()")
