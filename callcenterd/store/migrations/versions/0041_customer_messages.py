"""Messages to customers, and the texts that they are made of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WAITING = sa.text("state = 'waiting'")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default="0", nullable=False)


def upgrade() -> None:
    op.create_table(
        "customer_messages",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        _text("subject"),
        sa.Column("text", sa.Text(), nullable=False),
        _text("language"),
        sa.Column("customer_id", NUMBER),
        sa.Column("call_id", sa.Text()),
        *(_text(name) for name in ("kind", "record", "owner", "team")),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("not_before", MOMENT, nullable=False),
        sa.Column("until", MOMENT),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        _whole("tries"),
        sa.Column("next_at", MOMENT),
        sa.Column("sent_at", MOMENT),
        _text("cancelled_by"),
        _text("why"),
        _whole("units"),
        _whole("segments"),
        sa.PrimaryKeyConstraint("id", name="pk_customer_messages"),
        sa.UniqueConstraint("key", name="uq_customer_messages_key"),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_customer_messages_customer_id", ondelete="SET NULL"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_customer_messages_customer_id", "customer_messages", ["customer_id", "id"])
    op.create_index("ix_customer_messages_kind", "customer_messages", ["kind", "record"])
    op.create_index(
        "ix_customer_messages_next_at",
        "customer_messages",
        ["next_at"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    op.create_table(
        "message_templates",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("purpose", "channel", "language")),
        _text("subject"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("version", NUMBER, server_default="1", nullable=False),
        sa.Column("changed_at", MOMENT),
        _text("changed_by"),
        sa.PrimaryKeyConstraint("purpose", "channel", "language", name="pk_message_templates"),
    )
    with op.batch_alter_table("outbox", table_kwargs={"sqlite_autoincrement": True}) as outbox:
        outbox.add_column(sa.Column("message_id", NUMBER))
        outbox.create_foreign_key("fk_outbox_message_id", "customer_messages", ["message_id"], ["id"])
        outbox.create_index("ix_outbox_message_id", ["message_id"])


def downgrade() -> None:
    op.execute("DELETE FROM outbox WHERE message_id IS NOT NULL")
    with op.batch_alter_table("outbox", table_kwargs={"sqlite_autoincrement": True}) as outbox:
        outbox.drop_index("ix_outbox_message_id")
        outbox.drop_constraint("fk_outbox_message_id", type_="foreignkey")
        outbox.drop_column("message_id")
    op.drop_table("message_templates")
    op.drop_table("customer_messages")
