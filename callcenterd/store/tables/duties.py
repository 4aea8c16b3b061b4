"""Duties, and their steps that nobody can change."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import JSON, Number, Plain, Utc, key, metadata, text

_OPEN = sa.text("state = 'open'")
_ABOUT = sa.text("about <> ''")

duties = sa.Table(
    "duties",
    metadata,
    key(),
    sa.Column("kind", Plain, nullable=False),
    sa.Column("title", Plain, nullable=False),
    text("note"),
    sa.Column("customer_id", Number, sa.ForeignKey("customers.id", ondelete="SET NULL")),
    sa.Column("call_id", Plain),
    text("number"),
    text("line"),  # `numbers.normalise`: what a caller's number is compared with
    text("owner"),
    text("team"),
    text("queue"),
    sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("created_by", Plain, nullable=False),
    sa.Column("changed_at", Utc, nullable=False),
    sa.Column("first_due", Utc, nullable=False),
    sa.Column("due", Utc, nullable=False),
    sa.Column("warn_at", Utc, nullable=False),
    sa.Column("warn_minutes", sa.Integer, nullable=False),
    sa.Column("escalations", JSON, nullable=False),
    sa.Column("stage", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_at", Utc),
    text("escalated_to"),
    sa.Column("state", Plain, nullable=False, server_default="open"),
    text("outcome"),
    sa.Column("closed_at", Utc),
    text("closed_by"),
    sa.Column("version", Number, nullable=False, server_default="1"),
    text("words"),  # what a search looks through: `duties.words_of`
    text("about"),
    # Each list is of open ones, which are few; closed ones stay for years.
    sa.Index("ix_duties_owner_due", "owner", "due", sqlite_where=_OPEN, postgresql_where=_OPEN),
    sa.Index("ix_duties_team_due", "team", "due", sqlite_where=_OPEN, postgresql_where=_OPEN),
    sa.Index("ix_duties_queue_due", "queue", "due", sqlite_where=_OPEN, postgresql_where=_OPEN),
    sa.Index("ix_duties_due", "due", sqlite_where=_OPEN, postgresql_where=_OPEN),
    sa.Index("ix_duties_due_any", "due"),  # a calendar's days, with what is done
    sa.Index("ix_duties_next_at", "next_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    sa.Index("ix_duties_about", "about", sqlite_where=_ABOUT, postgresql_where=_ABOUT),
    sa.Index("ix_duties_line_kind", "line", "kind"),
    sa.Index("ix_duties_customer_id", "customer_id", "state"),
    sa.Index("ix_duties_kind_first_due", "kind", "first_due"),
    sqlite_autoincrement=True,
)

# Rows are only ever added: triggers of migration 0028 refuse everything else, whoever asks.
duty_steps = sa.Table(
    "duty_steps",
    metadata,
    key(),
    sa.Column("duty_id", Number, sa.ForeignKey("duties.id"), nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Column("kind", Plain, nullable=False),
    text("text"),
    sa.Column("details", JSON, nullable=False),
    sa.Index("ix_duty_steps_duty_id", "duty_id", "id"),
    sqlite_autoincrement=True,
)
