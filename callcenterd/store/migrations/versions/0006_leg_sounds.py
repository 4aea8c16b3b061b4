"""How calls sounded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("calls", sa.Column("mos", sa.Float(), nullable=True))
    op.create_index("ix_calls_mos", "calls", ["mos"])
    op.create_table(
        "leg_sounds",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("leg", NUMBER, autoincrement=False, nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), server_default="", nullable=False),
        sa.Column("extension", sa.Text(), nullable=True),
        sa.Column("trunk", sa.Text(), nullable=True),
        sa.Column("codec", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("received", "lost", "late", "duplicates", "concealed", "strangers", "junk", "sent")
        ),
        sa.Column("jitter_ms", sa.Float(), nullable=False),
        sa.Column("jitter_ms_max", sa.Float(), nullable=False),
        sa.Column("lost_there", sa.BigInteger(), nullable=True),
        *(
            sa.Column(name, sa.Float(), nullable=True)
            for name in ("jitter_there_ms", "round_trip_ms", "mos", "mos_there")
        ),
        *(
            sa.Column(f"{name}_seconds", sa.Float(), nullable=False)
            for name in ("together", "talk", "over_talk", "quiet", "longest_quiet")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_leg_sounds_call_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "leg", name="pk_leg_sounds"),
    )


def downgrade() -> None:
    op.drop_table("leg_sounds")
    op.drop_index("ix_calls_mos", "calls")
    op.drop_column("calls", "mos")
