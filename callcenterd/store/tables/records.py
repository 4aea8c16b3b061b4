"""What tables of business records have in common, and the numbers of their sheets."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from callcenterd.store.columns import Number, Plain, Utc, key, metadata, text

# The last number that was given, by kind of sheet and day of the office.
sheet_numbers = sa.Table(
    "sheet_numbers",
    metadata,
    sa.Column("prefix", Plain, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)


def record_columns() -> list[sa.Column[Any]]:
    """Of a table of records; see `model.records`."""
    return [
        key(),
        sa.Column("number", Plain, nullable=False, unique=True),
        sa.Column("at", Utc, nullable=False),
        sa.Column("customer_id", Number, sa.ForeignKey("customers.id", ondelete="SET NULL")),
        sa.Column("call_id", Plain),
        text("phone"),
        text("card"),
        text("name"),
        text("sex"),
        text("owner"),
        text("team"),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("created_by", Plain, nullable=False),
        sa.Column("changed_at", Utc, nullable=False),
        sa.Column("changed_by", Plain, nullable=False),
        sa.Column("version", Number, nullable=False, server_default="1"),
        text("words"),  # what a search looks through
    ]


def record_indexes(table: str) -> list[sa.Index]:
    """Lists and journals are of a period: of all, of a person, of a team, of a customer."""
    return [
        sa.Index(f"ix_{table}_{name}", *columns)
        for name, columns in (
            ("at", ("at",)),
            ("owner_at", ("owner", "at")),
            ("team_at", ("team", "at")),
            ("customer_id_at", ("customer_id", "at")),
        )
    ]
