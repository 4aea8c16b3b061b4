"""Messages to customers, and the texts that they are made of."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import Number, Plain, Utc, key, metadata, text

_WAITING = sa.text("state = 'waiting'")

customer_messages = sa.Table(
    "customer_messages",
    metadata,
    key(),
    sa.Column("key", Plain, nullable=False, unique=True),
    sa.Column("channel", Plain, nullable=False),
    sa.Column("address", Plain, nullable=False),
    text("subject"),
    sa.Column("text", Plain, nullable=False),
    text("language"),
    sa.Column("customer_id", Number, sa.ForeignKey("customers.id", ondelete="SET NULL")),
    sa.Column("call_id", Plain),
    text("kind"),
    text("record"),
    text("owner"),
    text("team"),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("created_by", Plain, nullable=False),
    sa.Column("not_before", Utc, nullable=False),
    sa.Column("until", Utc),
    sa.Column("state", Plain, nullable=False, server_default="waiting"),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_at", Utc),
    sa.Column("sent_at", Utc),
    text("cancelled_by"),
    text("why"),
    sa.Column("units", sa.Integer, nullable=False, server_default="0"),
    sa.Column("segments", sa.Integer, nullable=False, server_default="0"),
    text("purpose"),
    sa.Column("necessary", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("ix_customer_messages_customer_at", "customer_id", "created_at", "id"),
    sa.Index("ix_customer_messages_kind", "kind", "record"),
    # The senders look for what is due every few seconds; sent ones stay for years.
    sa.Index("ix_customer_messages_next_at", "next_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
    sqlite_autoincrement=True,
)

# Only those that an office has changed: the others are as they ship (`model.message_texts`).
message_templates = sa.Table(
    "message_templates",
    metadata,
    sa.Column("purpose", Plain, primary_key=True),
    sa.Column("channel", Plain, primary_key=True),
    sa.Column("language", Plain, primary_key=True),
    text("subject"),
    sa.Column("text", Plain, nullable=False),
    sa.Column("version", Number, nullable=False, server_default="1"),
    sa.Column("changed_at", Utc),
    text("changed_by"),
)
