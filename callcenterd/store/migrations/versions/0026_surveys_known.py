"""What callers said of their conversations, and what flows learned of the callers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "survey_answers",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_survey_answers_call_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_survey_answers"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_survey_answers_call_id", "survey_answers", ["call_id"])
    op.create_index("ix_survey_answers_at", "survey_answers", ["at"])
    _from_stories()
    op.add_column("calls", sa.Column("known", JSON, nullable=False, server_default="{}"))


def _from_stories() -> None:
    """What callers have said before stands in the stories of their calls."""
    story = sa.table(
        "story", sa.column("id"), sa.column("call_id"), sa.column("at"), sa.column("kind"), sa.column("details", JSON)
    )
    names = ("question", "score", "most", "agent", "queue")
    answers = sa.table("survey_answers", sa.column("call_id"), sa.column("at"), *(sa.column(name) for name in names))
    details = story.c.details
    told = sa.select(
        story.c.call_id,
        story.c.at,
        details["question"].as_string(),
        details["score"].as_integer(),
        details["most"].as_integer(),
        details["agent"].as_string(),
        details["queue"].as_string(),
    )
    op.execute(
        answers.insert().from_select(
            ["call_id", "at", *names], told.where(story.c.kind == "call.survey").order_by(story.c.id)
        )
    )


def downgrade() -> None:
    op.drop_column("calls", "known")
    op.drop_table("survey_answers")
