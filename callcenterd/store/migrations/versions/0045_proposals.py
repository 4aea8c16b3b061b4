"""Proposals, their templates, and the office's letterhead."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _changed() -> list[sa.Column[object]]:
    return [
        sa.Column("version", NUMBER, server_default="1", nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "letterheads",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        *(_text(name) for name in ("name_zh", "name_en", "address_zh", "address_en", "phone", "email")),
        *_changed(),
        sa.PrimaryKeyConstraint("id", name="pk_letterheads"),
    )
    op.create_table(
        "proposal_templates",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        _text("text_zh"),
        _text("text_en"),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        *_changed(),
        sa.PrimaryKeyConstraint("id", name="pk_proposal_templates"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "proposals",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("customer_id", NUMBER),
        sa.Column("template_id", NUMBER),
        sa.Column("template_version", NUMBER, nullable=False),
        _text("kind"),
        _text("record"),
        sa.Column("language", sa.Text(), nullable=False),
        _text("title"),
        _text("text"),
        sa.Column("attachment_id", NUMBER),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_proposals"),
        sa.UniqueConstraint("number", "version", name="uq_proposals_number_version"),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_proposals_customer_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["template_id"], ["proposal_templates.id"], name="fk_proposals_template_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["attachment_id"], ["attachments.id"], name="fk_proposals_attachment_id", ondelete="SET NULL"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_proposals_customer_id_at", "proposals", ["customer_id", "at"])
    op.create_index("ix_proposals_attachment_id", "proposals", ["attachment_id"])
    op.create_index("ix_proposals_template_id", "proposals", ["template_id"])


def downgrade() -> None:
    op.drop_table("proposals")
    op.drop_table("proposal_templates")
    op.drop_table("letterheads")
