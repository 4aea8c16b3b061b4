"""Every try of a callback, whose affair it is, and what is done where a machine answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("callbacks", sa.Column("assigned_to", sa.Text(), server_default="", nullable=False))
    op.add_column("callbacks", sa.Column("assigned_by", sa.Text(), server_default="", nullable=False))
    op.add_column("callbacks", sa.Column("assigned_at", MOMENT))
    op.add_column("callbacks", sa.Column("note", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "callback_tries",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("callback_id", NUMBER, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text()),
        sa.Column("agent", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cause", sa.Integer(), server_default="0", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["callback_id"], ["callbacks.id"], name="fk_callback_tries_callback_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_callback_tries"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_callback_tries_callback", "callback_tries", ["callback_id"], unique=False)
    op.create_index("ix_callback_tries_call", "callback_tries", ["call_id"], unique=False)
    op.add_column("queues", sa.Column("callback_machine", sa.Text(), server_default="hang_up", nullable=False))


def downgrade() -> None:
    op.drop_column("queues", "callback_machine")
    op.drop_table("callback_tries")
    for name in ("note", "assigned_at", "assigned_by", "assigned_to"):
        op.drop_column("callbacks", name)
