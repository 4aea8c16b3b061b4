"""What people say of recordings: tags, and notes at a moment; and the ways by which others may hear one."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import Number, Plain, Utc, key, metadata, text

recording_tags = sa.Table(
    "recording_tags",
    metadata,
    sa.Column("recording_id", Plain, sa.ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("tag", Plain, primary_key=True),
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Index("ix_recording_tags_tag", "tag", "recording_id"),
)

# A note is never changed; one that was removed stays, and is shown to nobody.
recording_notes = sa.Table(
    "recording_notes",
    metadata,
    key(),
    sa.Column("recording_id", Plain, sa.ForeignKey("recordings.id", ondelete="CASCADE"), nullable=False),
    sa.Column("second", sa.Float, nullable=False),
    sa.Column("text", Plain, nullable=False),
    sa.Column("words", Plain, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Column("removed_at", Utc),
    text("removed_by"),
    sa.Index("ix_recording_notes_recording_id", "recording_id", "second", "id"),
    sqlite_autoincrement=True,
)

# Of tokens and PINs only hashes are kept.
recording_links = sa.Table(
    "recording_links",
    metadata,
    key(),
    sa.Column("recording_id", Plain, sa.ForeignKey("recordings.id", ondelete="CASCADE"), nullable=False),
    sa.Column("token", Plain, nullable=False),
    text("pin"),
    text("purpose"),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("created_by", Plain, nullable=False),
    sa.Column("expires_at", Utc, nullable=False),
    sa.Column("most_plays", sa.Integer, nullable=False),
    sa.Column("plays", sa.Integer, nullable=False, server_default="0"),
    sa.Column("wrong_pins", sa.Integer, nullable=False, server_default="0"),
    sa.Column("last_played_at", Utc),
    sa.Column("revoked_at", Utc),
    text("revoked_by"),
    sa.Index("uq_recording_links_token", "token", unique=True),
    sa.Index("ix_recording_links_recording_id", "recording_id", "id"),
    sqlite_autoincrement=True,
)

recording_openings = sa.Table(
    "recording_openings",
    metadata,
    sa.Column("secret", Plain, primary_key=True),
    sa.Column("link_id", Number, sa.ForeignKey("recording_links.id", ondelete="CASCADE"), nullable=False),
    sa.Column("until", Utc, nullable=False),
    sa.Index("ix_recording_openings_link_id", "link_id"),
    sa.Index("ix_recording_openings_until", "until"),
)

recording_batches = sa.Table(
    "recording_batches",
    metadata,
    key(),
    sa.Column("by", Plain, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("state", Plain, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("done", sa.Integer, nullable=False, server_default="0"),
    sa.Column("missing", sa.Integer, nullable=False, server_default="0"),
    sa.Column("octets", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("expires_at", Utc),
    text("why"),
    sa.Index("ix_recording_batches_by", "by", "id"),
    sqlite_autoincrement=True,
)
