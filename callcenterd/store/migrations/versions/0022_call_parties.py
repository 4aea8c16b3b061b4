"""Who had to do with a call, beside the last agent and the last queue that its own row names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "call_parties",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_call_parties_call_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "kind", "name", name="pk_call_parties"),
    )
    _from_stories()
    op.create_index("ix_call_parties_name", "call_parties", ["kind", "name", "call_id"])


def _from_stories() -> None:
    """What a new call is told of as it happens, for those that there are: each agent and queue that its story names."""
    parties = sa.table("call_parties", sa.column("call_id"), sa.column("kind"), sa.column("name"))
    calls = sa.table("calls", sa.column("id"), sa.column("queue"))
    story = sa.table("story", sa.column("call_id"), sa.column("details", JSON))
    agent, queue = story.c.details["agent"].as_string(), story.c.details["queue"].as_string()
    columns = ["call_id", "kind", "name"]
    agents = sa.select(story.c.call_id, sa.literal("agent"), agent).where(agent.is_not(None)).distinct()
    op.execute(parties.insert().from_select(columns, agents))
    others = (
        sa.select(story.c.call_id, sa.literal("queue"), queue)
        .join(calls, calls.c.id == story.c.call_id)
        .where(queue.is_not(None), sa.or_(calls.c.queue.is_(None), queue != calls.c.queue))
        .distinct()
    )
    op.execute(parties.insert().from_select(columns, others))


def downgrade() -> None:
    op.drop_table("call_parties")
