"""What pages changed of the site since a site file last had its say (`model.site_edits`)."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import JSON, Number, Plain, Utc, key, metadata

site_edits = sa.Table(
    "site_edits",
    metadata,
    key(),
    sa.Column("section", Plain, nullable=False),
    sa.Column("key", Plain, nullable=False),
    sa.Column("revision", Number, nullable=False),
    sa.Column("was", JSON),  # the row of the thing; null: there was none
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Index("ix_site_edits_section", "section", "key"),
    sqlite_autoincrement=True,
)
