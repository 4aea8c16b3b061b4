"""Services that can be booked, appointments, and wrong codes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _stamps() -> list[sa.Column[object]]:
    return [
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("version", NUMBER, server_default="1", nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "appointment_services",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("name", "chinese", "english")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("minutes", "buffer", "capacity")),
        _text("calendar"),
        sa.Column("hours", JSON, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("notice", "ahead")),
        sa.Column("persons", JSON, nullable=False),
        _text("team"),
        sa.Column("reminders", JSON, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        *_stamps(),
        sa.PrimaryKeyConstraint("id", name="pk_appointment_services"),
        sa.UniqueConstraint("name", name="uq_appointment_services_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "appointments",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("customer_id", NUMBER),
        sa.Column("call_id", sa.Text()),
        *(_text(name) for name in ("phone", "card", "name", "sex", "owner", "team")),
        *_stamps(),
        _text("words"),
        _text("line"),
        sa.Column("service_id", NUMBER, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("busy_until", MOMENT, nullable=False),
        _text("person"),
        sa.Column("state", sa.Text(), server_default="booked", nullable=False),
        sa.Column("state_at", MOMENT, nullable=False),
        sa.Column("state_by", sa.Text(), nullable=False),
        *(_text(name) for name in ("reason", "code", "remind_by", "language", "note")),
        sa.Column("moved_from", NUMBER),
        sa.Column("moved_to", NUMBER),
        sa.PrimaryKeyConstraint("id", name="pk_appointments"),
        sa.UniqueConstraint("number", name="uq_appointments_number"),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_appointments_customer_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["service_id"], ["appointment_services.id"], name="fk_appointments_service_id"),
        sa.ForeignKeyConstraint(["moved_from"], ["appointments.id"], name="fk_appointments_moved_from"),
        sa.ForeignKeyConstraint(["moved_to"], ["appointments.id"], name="fk_appointments_moved_to"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_appointments_at", "appointments", ["at"])
    for name in ("owner", "team", "customer_id", "service_id", "person"):
        op.create_index(f"ix_appointments_{name}_at", "appointments", [name, "at"])
    op.create_index("ix_appointments_line", "appointments", ["line"])
    op.create_table(
        "appointment_tries",
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("locked_until", MOMENT),
        sa.PrimaryKeyConstraint("line", name="pk_appointment_tries"),
    )


def downgrade() -> None:
    op.drop_table("appointment_tries")
    op.drop_table("appointments")
    op.drop_table("appointment_services")
