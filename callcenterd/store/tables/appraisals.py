"""Scorecards with all their versions, sampling plans and drawings, appraisals, and what nobody can change of them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from callcenterd.store.columns import JSON, Number, Plain, Utc, key, metadata, text


def _kept() -> list[sa.Column[Any]]:
    columns: list[sa.Column[Any]] = []
    for name in ("created", "changed"):
        columns += [sa.Column(f"{name}_at", Utc, nullable=False), sa.Column(f"{name}_by", Plain, nullable=False)]
    return [*columns, sa.Column("version", Number, nullable=False, server_default="1")]


appraisal_templates = sa.Table(
    "appraisal_templates",
    metadata,
    key(),
    sa.Column("terms", JSON, nullable=False),  # `model.appraisals.TemplateTerms`
    *_kept(),
    sqlite_autoincrement=True,
)

# A score says by which version it was made. Rows are only ever added, as those of scores and steps: triggers refuse
# everything else, whoever asks.
appraisal_template_versions = sa.Table(
    "appraisal_template_versions",
    metadata,
    key(),
    sa.Column("template_id", Number, sa.ForeignKey("appraisal_templates.id"), nullable=False),
    sa.Column("version", Number, nullable=False),
    sa.Column("terms", JSON, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Index("uq_appraisal_template_versions_template_id_version", "template_id", "version", unique=True),
    sqlite_autoincrement=True,
)

appraisal_plans = sa.Table(
    "appraisal_plans",
    metadata,
    key(),
    sa.Column("terms", JSON, nullable=False),  # `model.appraisal_plans.PlanTerms`
    sa.Column("since", sa.Date),
    *_kept(),
    sqlite_autoincrement=True,
)

appraisal_drawings = sa.Table(
    "appraisal_drawings",
    metadata,
    key(),
    sa.Column("plan_id", Number, sa.ForeignKey("appraisal_plans.id"), nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Column("started_at", Utc, nullable=False),
    sa.Column("finished_at", Utc),
    sa.Column("found", sa.Integer, nullable=False, server_default="0"),
    sa.Column("drawn", sa.Integer, nullable=False, server_default="0"),
    sa.Column("left_out", JSON, nullable=False),
    text("fault"),
    # One a day: whoever draws twice finds it.
    sa.Index("uq_appraisal_drawings_plan_id_day", "plan_id", "day", unique=True),
    sqlite_autoincrement=True,
)

appraisal_calibrations = sa.Table(
    "appraisal_calibrations",
    metadata,
    key(),
    sa.Column("title", Plain, nullable=False),
    sa.Column("call_id", Plain, nullable=False),
    sa.Column("agent", Plain, nullable=False),
    sa.Column("template_id", Number, sa.ForeignKey("appraisal_templates.id"), nullable=False),
    sa.Column("template_version", Number, nullable=False),
    sa.Column("appraisers", JSON, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("created_by", Plain, nullable=False),
    sqlite_autoincrement=True,
)

# call_id is no foreign key: what was said of somebody's work outlives the call's history.
appraisals = sa.Table(
    "appraisals",
    metadata,
    key(),
    sa.Column("call_id", Plain, nullable=False),
    sa.Column("call_at", Utc, nullable=False),
    sa.Column("seconds", sa.Float),
    sa.Column("agent", Plain, nullable=False),
    text("team"),
    text("queue"),
    sa.Column("recording_id", Plain),
    sa.Column("template_id", Number, sa.ForeignKey("appraisal_templates.id"), nullable=False),
    sa.Column("template_version", Number, nullable=False),
    sa.Column("plan_id", Number, sa.ForeignKey("appraisal_plans.id")),
    sa.Column("calibration_id", Number, sa.ForeignKey("appraisal_calibrations.id")),
    sa.Column("appraiser", Plain, nullable=False),
    sa.Column("state", Plain, nullable=False, server_default="open"),
    sa.Column("due", Utc),
    sa.Column("duty_id", Number, sa.ForeignKey("duties.id")),
    sa.Column("answers", JSON, nullable=False),
    text("summary"),
    sa.Column("score", sa.Float),
    sa.Column("fatal", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("passed", sa.Boolean),
    sa.Column("scored_at", Utc),
    sa.Column("disputed_at", Utc),
    *_kept(),
    sa.Index("ix_appraisals_agent_scored_at", "agent", "scored_at"),
    sa.Index("ix_appraisals_appraiser_state", "appraiser", "state"),
    sa.Index("ix_appraisals_scored_at", "scored_at"),
    sa.Index("ix_appraisals_call_id", "call_id"),
    sqlite_autoincrement=True,
)

# One row a plan and call, in one transaction with the appraisal: that makes a drawing that was cut off go on where it
# was. period: the first day of the week or month that it counts for.
appraisal_draws = sa.Table(
    "appraisal_draws",
    metadata,
    key(),
    sa.Column("plan_id", Number, sa.ForeignKey("appraisal_plans.id"), nullable=False),
    sa.Column("call_id", Plain, nullable=False),
    sa.Column("period", sa.Date, nullable=False),
    sa.Column("agent", Plain, nullable=False),
    sa.Column("appraiser", Plain, nullable=False),
    sa.Column("drawing_id", Number, sa.ForeignKey("appraisal_drawings.id"), nullable=False),
    sa.Column("appraisal_id", Number, sa.ForeignKey("appraisals.id"), nullable=False),
    sa.Index("uq_appraisal_draws_plan_id_call_id", "plan_id", "call_id", unique=True),
    sa.Index("ix_appraisal_draws_plan_id_period", "plan_id", "period"),
    sa.Index("ix_appraisal_draws_drawing_id", "drawing_id"),
    sqlite_autoincrement=True,
)

appraisal_scores = sa.Table(
    "appraisal_scores",
    metadata,
    key(),
    sa.Column("appraisal_id", Number, sa.ForeignKey("appraisals.id"), nullable=False),
    sa.Column("kind", Plain, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("fatal", JSON, nullable=False),
    sa.Column("answers", JSON, nullable=False),
    text("summary"),
    sa.Index("ix_appraisal_scores_appraisal_id", "appraisal_id", "id"),
    sqlite_autoincrement=True,
)

appraisal_steps = sa.Table(
    "appraisal_steps",
    metadata,
    key(),
    sa.Column("appraisal_id", Number, sa.ForeignKey("appraisals.id"), nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Column("kind", Plain, nullable=False),
    text("text"),
    sa.Column("details", JSON, nullable=False),
    sa.Index("ix_appraisal_steps_appraisal_id", "appraisal_id", "id"),
    sqlite_autoincrement=True,
)
