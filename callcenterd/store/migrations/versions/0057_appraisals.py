"""Scorecards, sampling plans, appraisals; versions, scores and steps that nobody can change."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
APPENDED = ("appraisal_template_versions", "appraisal_scores", "appraisal_steps")
FIXED = ("call_id", "agent", "template_id", "template_version", "created_at", "created_by")


def _sqlite() -> list[str]:
    made = []
    for table in APPENDED:
        refuse = f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed or removed'); END"
        made += [
            f"CREATE TRIGGER {table}_stay BEFORE UPDATE ON {table} {refuse}",
            f"CREATE TRIGGER {table}_remain BEFORE DELETE ON {table} {refuse}",
            # REPLACE removes a row without asking the trigger of DELETE.
            f"CREATE TRIGGER {table}_once BEFORE INSERT ON {table}"
            f" WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) {refuse}",
        ]
    changed = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in FIXED)
    refuse = "BEGIN SELECT RAISE(ABORT, 'the beginning of an appraisal is never changed'); END"
    made.append(
        f"CREATE TRIGGER appraisals_begin BEFORE UPDATE OF {', '.join(FIXED)} ON appraisals WHEN {changed} {refuse}"
    )
    return made


def _postgresql() -> list[str]:
    made = [
        "CREATE FUNCTION appraisals_stay() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME; END $$",
        "CREATE FUNCTION appraisals_begin() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'the beginning of an appraisal is never changed'; END $$",
    ]
    made += [
        f"CREATE TRIGGER {table}_stay BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION appraisals_stay()"
        for table in APPENDED
    ]
    old, new = (", ".join(f"{row}.{name}" for name in FIXED) for row in ("OLD", "NEW"))
    made.append(
        "CREATE TRIGGER appraisals_begin BEFORE UPDATE ON appraisals FOR EACH ROW"
        f" WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION appraisals_begin()"
    )
    return made


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _word(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _at(name: str) -> sa.Column[Any]:
    return sa.Column(name, MOMENT, nullable=False)


def _key() -> sa.Column[int]:
    return sa.Column("id", NUMBER, primary_key=True, autoincrement=True)


def _of(table: str, name: str, to: str, *, needed: bool = True) -> sa.Column[int]:
    return sa.Column(name, NUMBER, sa.ForeignKey(f"{to}.id", name=f"fk_{table}_{name}"), nullable=not needed)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, NUMBER, nullable=False)


def _kept() -> list[sa.Column[Any]]:
    columns: list[sa.Column[Any]] = []
    for name in ("created", "changed"):
        columns += [_at(f"{name}_at"), _word(f"{name}_by")]
    return [*columns, sa.Column("version", NUMBER, server_default="1", nullable=False)]


def _make(table: str, *columns: sa.Column[Any]) -> None:
    op.create_table(table, _key(), *columns, sqlite_autoincrement=True)


def upgrade() -> None:
    _make("appraisal_templates", sa.Column("terms", JSON, nullable=False), *_kept())
    versions = "appraisal_template_versions"
    _make(
        versions,
        _of(versions, "template_id", "appraisal_templates"),
        _number("version"),
        sa.Column("terms", JSON, nullable=False),
        _at("at"),
        _word("by"),
    )
    op.create_index(f"uq_{versions}_template_id_version", versions, ["template_id", "version"], unique=True)
    _make("appraisal_plans", sa.Column("terms", JSON, nullable=False), sa.Column("since", sa.Date()), *_kept())
    _make(
        "appraisal_drawings",
        _of("appraisal_drawings", "plan_id", "appraisal_plans"),
        sa.Column("day", sa.Date(), nullable=False),
        _word("by"),
        _at("started_at"),
        sa.Column("finished_at", MOMENT),
        *(sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in ("found", "drawn")),
        sa.Column("left_out", JSON, nullable=False),
        _text("fault"),
    )
    op.create_index("uq_appraisal_drawings_plan_id_day", "appraisal_drawings", ["plan_id", "day"], unique=True)
    _make(
        "appraisal_calibrations",
        *(_word(name) for name in ("title", "call_id", "agent")),
        _of("appraisal_calibrations", "template_id", "appraisal_templates"),
        _number("template_version"),
        sa.Column("appraisers", JSON, nullable=False),
        _at("created_at"),
        _word("created_by"),
    )
    _make(
        "appraisals",
        _word("call_id"),
        _at("call_at"),
        sa.Column("seconds", sa.Float()),
        _word("agent"),
        _text("team"),
        _text("queue"),
        sa.Column("recording_id", sa.Text()),
        _of("appraisals", "template_id", "appraisal_templates"),
        _number("template_version"),
        _of("appraisals", "plan_id", "appraisal_plans", needed=False),
        _of("appraisals", "calibration_id", "appraisal_calibrations", needed=False),
        _word("appraiser"),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("due", MOMENT),
        _of("appraisals", "duty_id", "duties", needed=False),
        sa.Column("answers", JSON, nullable=False),
        _text("summary"),
        sa.Column("score", sa.Float()),
        sa.Column("fatal", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("passed", sa.Boolean()),
        sa.Column("scored_at", MOMENT),
        sa.Column("disputed_at", MOMENT),
        *_kept(),
    )
    for columns in (["agent", "scored_at"], ["appraiser", "state"], ["scored_at"], ["call_id"]):
        op.create_index(f"ix_appraisals_{'_'.join(columns)}", "appraisals", columns)
    draws = "appraisal_draws"
    _make(
        draws,
        _of(draws, "plan_id", "appraisal_plans"),
        _word("call_id"),
        sa.Column("period", sa.Date(), nullable=False),
        _word("agent"),
        _word("appraiser"),
        _of(draws, "drawing_id", "appraisal_drawings"),
        _of(draws, "appraisal_id", "appraisals"),
    )
    op.create_index(f"uq_{draws}_plan_id_call_id", draws, ["plan_id", "call_id"], unique=True)
    op.create_index(f"ix_{draws}_plan_id_period", draws, ["plan_id", "period"])
    op.create_index(f"ix_{draws}_drawing_id", draws, ["drawing_id"])
    _make(
        "appraisal_scores",
        _of("appraisal_scores", "appraisal_id", "appraisals"),
        _word("kind"),
        _at("at"),
        _word("by"),
        sa.Column("score", sa.Float(), nullable=False),
        *(sa.Column(name, JSON, nullable=False) for name in ("fatal", "answers")),
        _text("summary"),
    )
    _make(
        "appraisal_steps",
        _of("appraisal_steps", "appraisal_id", "appraisals"),
        _at("at"),
        _word("by"),
        _word("kind"),
        _text("text"),
        sa.Column("details", JSON, nullable=False),
    )
    for table in ("appraisal_scores", "appraisal_steps"):
        op.create_index(f"ix_{table}_appraisal_id", table, ["appraisal_id", "id"])
    for statement in _sqlite() if op.get_bind().dialect.name == "sqlite" else _postgresql():
        op.execute(statement)


def downgrade() -> None:
    for table in (
        "appraisal_steps",
        "appraisal_scores",
        "appraisal_draws",
        "appraisals",
        "appraisal_calibrations",
        "appraisal_drawings",
        "appraisal_plans",
        "appraisal_template_versions",
        "appraisal_templates",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION appraisals_stay()")
        op.execute("DROP FUNCTION appraisals_begin()")
