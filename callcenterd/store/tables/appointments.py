"""Services that can be booked, appointments, and wrong codes."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import JSON, Number, Plain, Utc, key, metadata, text
from callcenterd.store.tables.records import record_columns, record_indexes

appointment_services = sa.Table(
    "appointment_services",
    metadata,
    key(),
    sa.Column("name", Plain, nullable=False, unique=True),
    sa.Column("chinese", Plain, nullable=False),
    sa.Column("english", Plain, nullable=False),
    sa.Column("minutes", sa.Integer, nullable=False),
    sa.Column("buffer", sa.Integer, nullable=False),
    sa.Column("capacity", sa.Integer, nullable=False),
    text("calendar"),
    sa.Column("hours", JSON, nullable=False),
    sa.Column("notice", sa.Integer, nullable=False),
    sa.Column("ahead", sa.Integer, nullable=False),
    sa.Column("persons", JSON, nullable=False),
    text("team"),
    sa.Column("reminders", JSON, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("created_by", Plain, nullable=False),
    sa.Column("changed_at", Utc, nullable=False),
    sa.Column("changed_by", Plain, nullable=False),
    sa.Column("version", Number, nullable=False, server_default="1"),
    sqlite_autoincrement=True,
)

appointments = sa.Table(
    "appointments",
    metadata,
    *record_columns(),
    text("line"),  # `numbers.normalise`: what a caller's number is compared with
    sa.Column("service_id", Number, sa.ForeignKey("appointment_services.id"), nullable=False),
    sa.Column("ends_at", Utc, nullable=False),
    sa.Column("busy_until", Utc, nullable=False),  # with the buffer of its service as it was then
    text("person"),
    sa.Column("state", Plain, nullable=False, server_default="booked"),
    sa.Column("state_at", Utc, nullable=False),
    sa.Column("state_by", Plain, nullable=False),
    text("reason"),
    text("code"),
    text("remind_by"),
    text("language"),
    text("note"),
    sa.Column("moved_from", Number, sa.ForeignKey("appointments.id")),
    sa.Column("moved_to", Number, sa.ForeignKey("appointments.id")),
    *record_indexes("appointments"),
    sa.Index("ix_appointments_service_id_at", "service_id", "at"),
    sa.Index("ix_appointments_person_at", "person", "at"),
    sa.Index("ix_appointments_line", "line"),
    sqlite_autoincrement=True,
)

# Of a telephone number: how often a code was wrong, and until when none is looked at.
appointment_tries = sa.Table(
    "appointment_tries",
    metadata,
    sa.Column("line", Plain, primary_key=True),
    sa.Column("wrong", sa.Integer, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("locked_until", Utc),
)
