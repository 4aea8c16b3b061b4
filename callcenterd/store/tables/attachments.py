"""Files attached to records: a row for each; equal files share their octets, which are on the disk (`store.blobs`)."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import Plain, Utc, key, metadata

attachments = sa.Table(
    "attachments",
    metadata,
    key(),
    sa.Column("kind", Plain, nullable=False),
    sa.Column("record", Plain, nullable=False),
    sa.Column("name", Plain, nullable=False),
    sa.Column("octets", sa.BigInteger, nullable=False),
    sa.Column("type", Plain, nullable=False),
    sa.Column("sha256", Plain, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Index("ix_attachments_record", "kind", "record", "at"),
    sa.Index("ix_attachments_sha256", "sha256"),
    sqlite_autoincrement=True,
)
