"""Custom fields, and what records have in them."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import JSON, Number, Plain, key, metadata, text

custom_fields = sa.Table(
    "custom_fields",
    metadata,
    key(),
    sa.Column("kind", Plain, nullable=False),
    sa.Column("name", Plain, nullable=False),
    sa.Column("type", Plain, nullable=False),
    sa.Column("chinese", Plain, nullable=False),
    sa.Column("english", Plain, nullable=False),
    text("dictionary"),
    text("target"),
    sa.Column("places", sa.Integer, nullable=False, server_default="0"),
    sa.Column("choices", JSON, nullable=False),
    sa.Column("required", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("readers", JSON, nullable=False),
    sa.Column("writers", JSON, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("retired", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("version", Number, nullable=False, server_default="1"),
    sa.Index("uq_custom_fields_kind_name", "kind", "name", unique=True),
    sqlite_autoincrement=True,
)

# One row a value; a multiple choice has several. The type of its field says in which column it stands:
#   key     choice and multi_choice: the code; a user: the login; text: folded, by which it is found and sorted
#   text    text and long_text as written; words: long_text, folded
#   number  number; yes_no: 1 or 0        day: date        ref: number of what a reference is to
# The index of keys has every value, also those without one: it tells what a field has at all.
custom_values = sa.Table(
    "custom_values",
    metadata,
    sa.Column("kind", Plain, primary_key=True),
    sa.Column("record_id", Number, primary_key=True, autoincrement=False),
    sa.Column("field_id", Number, sa.ForeignKey("custom_fields.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("key", Plain),
    sa.Column("text", Plain),
    sa.Column("words", Plain),
    sa.Column("number", sa.Double),
    sa.Column("day", sa.Date),
    sa.Column("ref", Number),
    sa.Index("ix_custom_values_key", "field_id", "key", "record_id"),
    *(
        sa.Index(
            f"ix_custom_values_{name}",
            "field_id",
            name,
            "record_id",
            sqlite_where=sa.text(f"{name} IS NOT NULL"),
            postgresql_where=sa.text(f"{name} IS NOT NULL"),
        )
        for name in ("number", "day", "ref")
    ),
    sqlite_with_rowid=False,
)
