"""Complaints and suggestions, their states that nobody can change, and the workflows that they go through."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import JSON, Number, Plain, Utc, key, metadata, text
from callcenterd.store.tables.records import record_columns, record_indexes

_OPEN = sa.text("due IS NOT NULL")

# Rows are only ever added (triggers of migration 0037): a complaint keeps the workflow with which it began.
complaint_workflows = sa.Table(
    "complaint_workflows",
    metadata,
    key(),
    sa.Column("type", Plain, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("workflow", JSON, nullable=False),  # `model.workflows.Workflow`; null: the type has none of its own now
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("created_by", Plain, nullable=False),
    sa.Index("uq_complaint_workflows_type_version", "type", "version", unique=True),
    sqlite_autoincrement=True,
)

# The triggers refuse another beginning, and any state but the one of the newest row of `complaint_states`.
complaints = sa.Table(
    "complaints",
    metadata,
    *record_columns(),
    text("queue"),
    sa.Column("kind", Plain, nullable=False),
    text("type"),
    text("project_number"),
    text("department_number"),
    text("person_number"),
    text("aspects"),  # codes between commas: ",price,effect,"
    text("reason"),
    text("note"),
    text("answer_by"),
    text("email"),
    sa.Column("workflow_id", Number, sa.ForeignKey("complaint_workflows.id"), nullable=False),
    sa.Column("state", Plain, nullable=False),
    sa.Column("state_at", Utc, nullable=False),
    sa.Column("due", Utc),
    sa.Column("duty_id", Number, sa.ForeignKey("duties.id")),
    text("responsible"),
    sa.Column("stands", sa.Boolean),
    text("result"),
    text("means"),
    text("satisfaction"),
    sa.Column("reopened", sa.Integer, nullable=False, server_default="0"),
    *record_indexes("complaints"),
    sa.Index("ix_complaints_state_due", "state", "due"),
    sa.Index("ix_complaints_duty_id", "duty_id"),
    # Of those whose answer is on its way it is asked every few seconds what became of it.
    sa.Index("ix_complaints_open", "due", sqlite_where=_OPEN, postgresql_where=_OPEN),
    sqlite_autoincrement=True,
)

# Rows are only ever added.
complaint_states = sa.Table(
    "complaint_states",
    metadata,
    key(),
    sa.Column("complaint_id", Number, sa.ForeignKey("complaints.id"), nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Column("kind", Plain, nullable=False),
    sa.Column("state", Plain, nullable=False),
    text("move"),
    text("text"),
    sa.Column("details", JSON, nullable=False),
    sa.Index("ix_complaint_states_complaint_id", "complaint_id", "id"),
    sqlite_autoincrement=True,
)
