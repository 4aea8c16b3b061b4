"""What people of the office write to each other, and who has read it."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import JSON, Number, Plain, Utc, key, metadata, text

_UNREAD = sa.text("done = 0")
_KEYED = sa.text("key <> ''")

# What was written stays as it was: triggers of the migration refuse to change or remove it.
staff_messages = sa.Table(
    "staff_messages",
    metadata,
    key(),
    sa.Column("kind", Plain, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", Plain, nullable=False),
    text("to"),
    text("subject"),
    sa.Column("text", Plain, nullable=False),
    sa.Column("audience", JSON, nullable=False),
    sa.Column("confirm", sa.Boolean, nullable=False),
    sa.Column("since", Utc, nullable=False),
    sa.Column("until", Utc),
    sa.Column("withdrawn_at", Utc),
    text("key"),
    text("words"),  # what a search looks through
    sa.Index("ix_staff_messages_by", "by", "to"),
    sa.Index("ix_staff_messages_to", "to", "by"),
    sa.Index("ix_staff_messages_kind", "kind", "since"),
    sa.Index("ix_staff_messages_key", "by", "key", unique=True, sqlite_where=_KEYED, postgresql_where=_KEYED),
    sqlite_autoincrement=True,
)

# Of a message or notice a row for everybody to whom it goes; of an announcement one for everybody who has read it.
staff_readers = sa.Table(
    "staff_readers",
    metadata,
    sa.Column("message_id", Number, sa.ForeignKey("staff_messages.id"), primary_key=True, autoincrement=False),
    sa.Column("login", Plain, primary_key=True),
    sa.Column("read_at", Utc),
    sa.Column("confirmed_at", Utc),
    # 1: nothing more is asked of them.
    sa.Column("done", sa.Integer, nullable=False, server_default="0"),
    sa.Index("ix_staff_readers_login", "login", "message_id"),
    sa.Index("ix_staff_readers_unread", "login", sqlite_where=_UNREAD, postgresql_where=_UNREAD),
)
