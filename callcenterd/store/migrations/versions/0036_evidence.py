"""The chain of evidence, which nobody can change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SQLITE = (
    "CREATE TRIGGER evidence_stays BEFORE UPDATE ON evidence"
    " BEGIN SELECT RAISE(ABORT, 'evidence is never changed'); END",
    "CREATE TRIGGER evidence_remains BEFORE DELETE ON evidence"
    " BEGIN SELECT RAISE(ABORT, 'evidence is never removed'); END",
    # REPLACE removes a row without asking the trigger of DELETE.
    "CREATE TRIGGER evidence_once BEFORE INSERT ON evidence"
    " WHEN EXISTS (SELECT 1 FROM evidence WHERE seq = NEW.seq)"
    " BEGIN SELECT RAISE(ABORT, 'evidence is never replaced'); END",
)
POSTGRESQL = (
    "CREATE FUNCTION evidence_stays() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'evidence is never changed or removed'; END $$",
    "CREATE TRIGGER evidence_stays BEFORE UPDATE OR DELETE ON evidence FOR EACH ROW EXECUTE FUNCTION evidence_stays()",
)


def upgrade() -> None:
    op.create_table(
        "evidence",
        sa.Column("seq", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("upto", NUMBER, server_default="0", nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
    )
    op.create_index("ix_evidence_ref", "evidence", ["kind", "ref", "upto"])
    op.create_index("ix_evidence_at", "evidence", ["at"])
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("evidence")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION evidence_stays()")
