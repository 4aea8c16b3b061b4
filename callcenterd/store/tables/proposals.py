"""Proposals: the office's templates and letterhead, and what was made of them for customers."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import Number, Plain, Utc, key, metadata, text

# One row at most.
letterheads = sa.Table(
    "letterheads",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    *(text(name) for name in ("name_zh", "name_en", "address_zh", "address_en", "phone", "email")),
    sa.Column("version", Number, nullable=False, server_default="1"),
    sa.Column("changed_at", Utc, nullable=False),
    sa.Column("changed_by", Plain, nullable=False),
)

proposal_templates = sa.Table(
    "proposal_templates",
    metadata,
    key(),
    sa.Column("name_zh", Plain, nullable=False),
    sa.Column("name_en", Plain, nullable=False),
    text("text_zh"),
    text("text_en"),
    sa.Column("retired", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("version", Number, nullable=False, server_default="1"),
    sa.Column("changed_at", Utc, nullable=False),
    sa.Column("changed_by", Plain, nullable=False),
    sqlite_autoincrement=True,
)

# A row for each version of each proposal.
proposals = sa.Table(
    "proposals",
    metadata,
    key(),
    sa.Column("number", Plain, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("customer_id", Number, sa.ForeignKey("customers.id", ondelete="SET NULL")),
    sa.Column("template_id", Number, sa.ForeignKey("proposal_templates.id", ondelete="SET NULL")),
    sa.Column("template_version", Number, nullable=False),
    text("kind"),
    text("record"),
    sa.Column("language", Plain, nullable=False),
    text("title"),
    text("text"),
    sa.Column("attachment_id", Number, sa.ForeignKey("attachments.id", ondelete="SET NULL")),
    sa.Column("sha256", Plain, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.UniqueConstraint("number", "version"),
    sa.Index("ix_proposals_customer_id_at", "customer_id", "at"),
    sa.Index("ix_proposals_attachment_id", "attachment_id"),
    sa.Index("ix_proposals_template_id", "template_id"),
    sqlite_autoincrement=True,
)
