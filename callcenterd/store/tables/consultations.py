"""Consultations."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import metadata, text
from callcenterd.store.tables.records import record_columns, record_indexes

consultations = sa.Table(
    "consultations",
    metadata,
    *record_columns(),
    text("category"),
    text("project_type"),
    text("project_number"),
    text("product_number"),
    text("channel"),
    text("note"),
    *record_indexes("consultations"),
    sqlite_autoincrement=True,
)
