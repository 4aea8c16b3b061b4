"""Settings of boxes for messages, personal boxes, who has heard a message and whose affair it is."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def message_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("extension", sa.Text(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("heard_by", sa.Text(), server_default="", nullable=False),
        sa.Column("heard_at", MOMENT, nullable=True),
        sa.Column("assigned_to", sa.Text(), server_default="", nullable=False),
        sa.Column("assigned_by", sa.Text(), server_default="", nullable=False),
        sa.Column("assigned_at", MOMENT, nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
    ]


def upgrade() -> None:
    for column in message_columns():
        op.add_column("voicemail", column)
    op.create_table(
        "voicemail_begun",
        sa.Column("recording_id", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("extension", sa.Text(), nullable=True),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_voicemail_begun_call_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name="fk_voicemail_begun_recording_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("recording_id", name="pk_voicemail_begun"),
    )
    op.create_table(
        "mailboxes",
        sa.Column("box", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("greeting", sa.Text(), server_default="", nullable=False),
        sa.Column("longest", sa.Float(), nullable=False),
        sa.Column("shortest", sa.Float(), nullable=False),
        sa.Column("silence", sa.Float(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("mail", JSON, nullable=False),
        sa.PrimaryKeyConstraint("box", name="pk_mailboxes"),
    )


def downgrade() -> None:
    op.drop_table("mailboxes")
    op.drop_table("voicemail_begun")
    for column in reversed(message_columns()):
        op.drop_column("voicemail", column.name)
