"""Rules that draw follow-ups, their drawings, and whom each drew."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import JSON, Number, Plain, Utc, key, metadata, text

follow_up_rules = sa.Table(
    "follow_up_rules",
    metadata,
    key(),
    sa.Column("chinese", Plain, nullable=False),
    sa.Column("english", Plain, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("since", sa.Date),
    sa.Column("category", Plain, nullable=False),
    text("date_field"),
    sa.Column("days", sa.Integer, nullable=False),
    sa.Column("where_tree", JSON, nullable=False),  # `model.query.Node`; null: no conditions of its own
    sa.Column("query_id", Number),  # of a saved one, which its owner may forget
    sa.Column("team", Plain, nullable=False),
    sa.Column("deal", Plain, nullable=False),
    sa.Column("due_days", sa.Integer, nullable=False),
    text("channel"),
    text("content"),
    sa.Column("most", sa.Integer, nullable=False),
    sa.Column("again_days", sa.Integer, nullable=False),
    sa.Column("hour", sa.Integer, nullable=False),
    sa.Column("catch_up", sa.Integer, nullable=False),
    sa.Column("most_tries", sa.Integer, nullable=False),
    sa.Column("again_minutes", sa.Integer, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("created_by", Plain, nullable=False),
    sa.Column("changed_at", Utc, nullable=False),
    sa.Column("changed_by", Plain, nullable=False),
    sa.Column("version", Number, nullable=False, server_default="1"),
    sqlite_autoincrement=True,
)

follow_up_drawings = sa.Table(
    "follow_up_drawings",
    metadata,
    key(),
    sa.Column("rule_id", Number, sa.ForeignKey("follow_up_rules.id"), nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Column("started_at", Utc, nullable=False),
    sa.Column("finished_at", Utc),
    sa.Column("found", sa.Integer, nullable=False, server_default="0"),
    sa.Column("drawn", sa.Integer, nullable=False, server_default="0"),
    sa.Column("left_out", JSON, nullable=False),
    text("fault"),
    # One a day: whoever draws twice finds it.
    sa.Index("uq_follow_up_drawings_rule_id_day", "rule_id", "day", unique=True),
    sqlite_autoincrement=True,
)

# One row a customer and day of theirs, in one transaction with the follow-up: that makes a drawing that was cut off go
# on where it was. customer_id is who it was then, also after a merge, and no foreign key: the row says nothing of them.
follow_up_draws = sa.Table(
    "follow_up_draws",
    metadata,
    key(),
    sa.Column("rule_id", Number, sa.ForeignKey("follow_up_rules.id"), nullable=False),
    sa.Column("customer_id", Number, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("drawing_id", Number, sa.ForeignKey("follow_up_drawings.id"), nullable=False),
    sa.Column("follow_up_id", Number, sa.ForeignKey("follow_ups.id"), nullable=False),
    text("owner"),  # to whom it was dealt
    sa.Index("uq_follow_up_draws_rule_id_customer_id_day", "rule_id", "customer_id", "day", unique=True),
    sa.Index("ix_follow_up_draws_drawing_id", "drawing_id"),
    sqlite_autoincrement=True,
)
