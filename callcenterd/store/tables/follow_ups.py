"""Follow-ups, the rules that draw them, and what each rule has drawn."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import JSON, Number, Plain, Utc, key, metadata, text
from callcenterd.store.tables.records import record_columns, record_indexes

_WAITING = sa.text("state IN ('open', 'not_reached')")

follow_up_rules = sa.Table(
    "follow_up_rules",
    metadata,
    key(),
    sa.Column("name", Plain, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("terms", JSON, nullable=False),  # `model.follow_up_rules.RuleTerms`, without name and active
    # Dates before that day are nobody's affair; the last day that was drawn by the clock.
    sa.Column("since", sa.Date, nullable=False),
    sa.Column("last_day", sa.Date),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("created_by", Plain, nullable=False),
    sa.Column("changed_at", Utc, nullable=False),
    sa.Column("changed_by", Plain, nullable=False),
    sa.Column("version", Number, nullable=False, server_default="1"),
    sqlite_autoincrement=True,
)

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
    sa.Column("rule_id", Number, sa.ForeignKey("follow_up_rules.id")),
    text("rule_name"),
    sa.Column("rule_day", sa.Date),
    sa.Column("duty_id", Number, sa.ForeignKey("duties.id")),
    *record_indexes("follow_ups"),
    # What is owed is little; what was done stays for years.
    sa.Index("ix_follow_ups_owner_due", "owner", "due", sqlite_where=_WAITING, postgresql_where=_WAITING),
    sa.Index("ix_follow_ups_due", "due", sqlite_where=_WAITING, postgresql_where=_WAITING),
    sa.Index("ix_follow_ups_done_at", "done_at"),
    sa.Index("ix_follow_ups_duty_id", "duty_id"),
    sa.Index("ix_follow_ups_rule_id", "rule_id", "customer_id", "rule_day"),
    sqlite_autoincrement=True,
)

# A run of a rule: by the clock, or by somebody. Without finished_at: it was broken off, and goes on.
follow_up_runs = sa.Table(
    "follow_up_runs",
    metadata,
    key(),
    sa.Column("rule_id", Number, sa.ForeignKey("follow_up_rules.id"), nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Column("drawn", sa.Integer, nullable=False, server_default="0"),
    sa.Column("barred", sa.Integer, nullable=False, server_default="0"),
    sa.Column("left_over", sa.Integer, nullable=False, server_default="0"),
    text("fault"),
    sa.Column("finished_at", Utc),
    sa.Index("ix_follow_up_runs_rule_id", "rule_id", "id"),
    sqlite_autoincrement=True,
)

# Whom a rule has drawn for which of their dates (for a rule without one, on which day): once. The customer is named by
# a plain number: whoever is merged into another was drawn all the same.
follow_up_draws = sa.Table(
    "follow_up_draws",
    metadata,
    sa.Column("rule_id", Number, sa.ForeignKey("follow_up_rules.id"), primary_key=True, autoincrement=False),
    sa.Column("customer", Number, primary_key=True, autoincrement=False),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("run_id", Number, sa.ForeignKey("follow_up_runs.id"), nullable=False),
    sa.Column("follow_up_id", Number, sa.ForeignKey("follow_ups.id"), nullable=False),
    sa.Column("owner", Plain, nullable=False),
    sa.Index("ix_follow_up_draws_follow_up_id", "follow_up_id"),
)
