"""What people of the office write to each other, who has read it, and calls for help."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
UNREAD = sa.text("done = 0")
KEYED = sa.text("key <> ''")
UP = sa.text("state IN ('open', 'taken')")
WRITTEN = ("kind", "at", "by", "to", "subject", "text", "audience", "confirm", "since", "until", "key")

# REPLACE removes a row without asking the trigger of DELETE: so a number that there is cannot come again either.
SQLITE = (
    "CREATE TRIGGER staff_messages_stay BEFORE UPDATE OF "
    + ", ".join(f'"{name}"' for name in WRITTEN)
    + " ON staff_messages BEGIN SELECT RAISE(ABORT, 'what was written is never changed'); END",
    "CREATE TRIGGER staff_messages_remain BEFORE DELETE ON staff_messages"
    " BEGIN SELECT RAISE(ABORT, 'what was written is never removed'); END",
    "CREATE TRIGGER staff_messages_once BEFORE INSERT ON staff_messages"
    " WHEN EXISTS (SELECT 1 FROM staff_messages WHERE id = NEW.id)"
    " BEGIN SELECT RAISE(ABORT, 'what was written is never replaced'); END",
    "CREATE TRIGGER help_steps_stay BEFORE UPDATE ON help_steps"
    " BEGIN SELECT RAISE(ABORT, 'steps of a call for help are never changed'); END",
    "CREATE TRIGGER help_steps_remain BEFORE DELETE ON help_steps"
    " BEGIN SELECT RAISE(ABORT, 'steps of a call for help are never removed'); END",
    "CREATE TRIGGER help_steps_once BEFORE INSERT ON help_steps"
    " WHEN EXISTS (SELECT 1 FROM help_steps WHERE id = NEW.id)"
    " BEGIN SELECT RAISE(ABORT, 'steps of a call for help are never replaced'); END",
)
POSTGRESQL = (
    "CREATE FUNCTION staff_messages_stay() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'what was written is never changed or removed'; END $$",
    "CREATE TRIGGER staff_messages_stay BEFORE UPDATE OF "
    + ", ".join(f'"{name}"' for name in WRITTEN)
    + " ON staff_messages FOR EACH ROW EXECUTE FUNCTION staff_messages_stay()",
    "CREATE TRIGGER staff_messages_remain BEFORE DELETE ON staff_messages"
    " FOR EACH ROW EXECUTE FUNCTION staff_messages_stay()",
    "CREATE FUNCTION help_steps_stay() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'steps of a call for help are never changed or removed'; END $$",
    "CREATE TRIGGER help_steps_stay BEFORE UPDATE OR DELETE ON help_steps"
    " FOR EACH ROW EXECUTE FUNCTION help_steps_stay()",
)


def _key() -> sa.Column[int]:
    return sa.Column("id", NUMBER, primary_key=True, autoincrement=True)


def _plain(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), server_default="", nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "staff_messages",
        _key(),
        *_plain("kind"),
        sa.Column("at", MOMENT, nullable=False),
        *_plain("by"),
        *_texts("to", "subject"),
        *_plain("text"),
        sa.Column("audience", JSON, nullable=False),
        sa.Column("confirm", sa.Boolean(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("until", MOMENT),
        sa.Column("withdrawn_at", MOMENT),
        *_texts("key", "words"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_staff_messages_by", "staff_messages", ["by", "to"])
    op.create_index("ix_staff_messages_to", "staff_messages", ["to", "by"])
    op.create_index("ix_staff_messages_kind", "staff_messages", ["kind", "since"])
    op.create_index(
        "ix_staff_messages_key",
        "staff_messages",
        ["by", "key"],
        unique=True,
        sqlite_where=KEYED,
        postgresql_where=KEYED,
    )
    op.create_table(
        "staff_readers",
        sa.Column(
            "message_id",
            NUMBER,
            sa.ForeignKey("staff_messages.id", name="fk_staff_readers_message_id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("login", sa.Text(), primary_key=True, nullable=False),
        sa.Column("read_at", MOMENT),
        sa.Column("confirmed_at", MOMENT),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
    )
    op.create_index("ix_staff_readers_login", "staff_readers", ["login", "message_id"])
    op.create_index("ix_staff_readers_unread", "staff_readers", ["login"], sqlite_where=UNREAD, postgresql_where=UNREAD)
    op.create_table(
        "help_requests",
        _key(),
        *_plain("agent"),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("call_id", sa.Text()),
        *_texts("text"),
        sa.Column("by_phone", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        *_texts("taken_by"),
        sa.Column("taken_at", MOMENT),
        sa.Column("answered_at", MOMENT),
        *_texts("ended_by"),
        sa.Column("ended_at", MOMENT),
        sa.Column("version", NUMBER, server_default="1", nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_help_requests_up", "help_requests", ["agent"], unique=True, sqlite_where=UP, postgresql_where=UP
    )
    op.create_index("ix_help_requests_agent", "help_requests", ["agent", "asked_at"])
    op.create_table(
        "help_steps",
        _key(),
        sa.Column(
            "request_id", NUMBER, sa.ForeignKey("help_requests.id", name="fk_help_steps_request_id"), nullable=False
        ),
        sa.Column("at", MOMENT, nullable=False),
        *_plain("by", "kind"),
        *_texts("text"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_help_steps_request_id", "help_steps", ["request_id", "id"])
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    for table in ("help_steps", "help_requests", "staff_readers", "staff_messages"):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION staff_messages_stay()")
        op.execute("DROP FUNCTION help_steps_stay()")
