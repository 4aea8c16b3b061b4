"""Follow-ups."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import Number, Plain, Utc, metadata, text
from callcenterd.store.tables.records import record_columns, record_indexes

_WAITING = sa.text("state IN ('open', 'not_reached')")

follow_ups = sa.Table(
    "follow_ups",
    metadata,
    *record_columns(),
    text("category"),
    text("channel"),
    sa.Column("gifts_by_mail", sa.Boolean),
    text("content"),
    sa.Column("state", Plain, nullable=False),
    text("result"),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("most_tries", sa.Integer, nullable=False),
    sa.Column("again_minutes", sa.Integer, nullable=False),
    sa.Column("next_call", Utc),
    sa.Column("due", Utc),
    sa.Column("done_at", Utc),
    text("done_by"),
    sa.Column("duty_id", Number, sa.ForeignKey("duties.id")),
    sa.Column("rule_id", Number),  # that drew it; None: somebody wrote it down
    *record_indexes("follow_ups"),
    # What is owed is little; what was done stays for years.
    sa.Index("ix_follow_ups_owner_due", "owner", "due", sqlite_where=_WAITING, postgresql_where=_WAITING),
    sa.Index("ix_follow_ups_due", "due", sqlite_where=_WAITING, postgresql_where=_WAITING),
    sa.Index("ix_follow_ups_done_at", "done_at"),
    sa.Index("ix_follow_ups_duty_id", "duty_id"),
    sqlite_autoincrement=True,
)
