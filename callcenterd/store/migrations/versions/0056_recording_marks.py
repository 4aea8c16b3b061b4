"""Recordings have tags, notes at a moment, links for others, and can be removed; many are taken away at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

SHIPPED = {
    "recording_tag": [
        ("praise", "表扬", "Praise"),
        ("complaint", "投诉", "Complaint"),
        ("dispute", "争议", "Dispute"),
        ("training", "培训范例", "Training example"),
        ("quality", "质检", "Quality check"),
    ],
}


def upgrade() -> None:
    op.add_column("recordings", sa.Column("removed_at", MOMENT))
    for name in ("removed_by", "removed_why"):
        op.add_column("recordings", sa.Column(name, sa.Text(), server_default="", nullable=False))
    where = sa.text("removed_at IS NOT NULL AND path <> ''")
    op.create_index("ix_recordings_removed", "recordings", ["id"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "recording_tags",
        sa.Column("recording_id", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        _of_recording("recording_tags"),
        sa.PrimaryKeyConstraint("recording_id", "tag", name="pk_recording_tags"),
    )
    op.create_index("ix_recording_tags_tag", "recording_tags", ["tag", "recording_id"])
    op.create_table(
        "recording_notes",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("recording_id", sa.Text(), nullable=False),
        sa.Column("second", sa.Float(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("removed_at", MOMENT),
        sa.Column("removed_by", sa.Text(), server_default="", nullable=False),
        _of_recording("recording_notes"),
        sa.PrimaryKeyConstraint("id", name="pk_recording_notes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_recording_notes_recording_id", "recording_notes", ["recording_id", "second", "id"])
    op.create_table(
        "recording_links",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("recording_id", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), server_default="", nullable=False) for name in ("pin", "purpose")),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("most_plays", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in ("plays", "wrong_pins")),
        sa.Column("last_played_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.Column("revoked_by", sa.Text(), server_default="", nullable=False),
        _of_recording("recording_links"),
        sa.PrimaryKeyConstraint("id", name="pk_recording_links"),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_recording_links_token", "recording_links", ["token"], unique=True)
    op.create_index("ix_recording_links_recording_id", "recording_links", ["recording_id", "id"])
    op.create_table(
        "recording_openings",
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("link_id", NUMBER, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["link_id"], ["recording_links.id"], name="fk_recording_openings_link_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("secret", name="pk_recording_openings"),
    )
    op.create_index("ix_recording_openings_link_id", "recording_openings", ["link_id"])
    op.create_index("ix_recording_openings_until", "recording_openings", ["until"])
    op.create_table(
        "recording_batches",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in ("done", "missing")),
        sa.Column("octets", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recording_batches"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_recording_batches_by", "recording_batches", ["by", "id"])
    values = sa.table(
        "dictionary_values",
        *(sa.column(name) for name in ("dictionary", "code", "position", "chinese", "english", "retired")),
    )
    op.bulk_insert(
        values,
        [
            {"dictionary": name, "code": code, "position": n, "chinese": chinese, "english": english, "retired": False}
            for name, shipped in SHIPPED.items()
            for n, (code, chinese, english) in enumerate(shipped)
        ],
    )


def _of_recording(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["recording_id"], ["recordings.id"], name=f"fk_{table}_recording_id", ondelete="CASCADE"
    )


def downgrade() -> None:
    op.execute("DELETE FROM dictionary_values WHERE dictionary = 'recording_tag'")
    for table in ("recording_batches", "recording_openings", "recording_links", "recording_notes", "recording_tags"):
        op.drop_table(table)
    op.drop_index("ix_recordings_removed", "recordings")
    for name in ("removed_why", "removed_by", "removed_at"):
        op.drop_column("recordings", name)
