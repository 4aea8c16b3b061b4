"""Answers to complaints by letter are messages to customers, as all others; open complaints are found by an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

OPEN = sa.text("due IS NOT NULL")
LETTERS = """
INSERT INTO customer_messages
    (key, channel, address, subject, text, customer_id, kind, record, owner, team, created_at, created_by, not_before,
     state, tries, next_at, sent_at, why, purpose)
SELECT 'complaint_answer/' || CAST(outbox.duty_id AS TEXT), 'email', outbox.address, outbox.subject, outbox.text,
       complaints.customer_id, 'complaint', CAST(complaints.id AS TEXT), complaints.owner, complaints.team,
       outbox.created_at, 'system', outbox.created_at, outbox.state, outbox.tries,
       CASE WHEN outbox.state = 'waiting' THEN outbox.next_at END, outbox.sent_at, outbox.why, 'complaint_answer'
  FROM outbox JOIN complaints ON outbox.about = 'complaint/' || CAST(complaints.id AS TEXT)
 WHERE outbox.duty_id IS NOT NULL
"""
THEIR_MESSAGES = """
UPDATE outbox
   SET message_id = (SELECT id FROM customer_messages WHERE key = 'complaint_answer/' || CAST(outbox.duty_id AS TEXT)),
       duty_id = NULL
 WHERE about <> '' AND duty_id IS NOT NULL
"""


def upgrade() -> None:
    op.execute(LETTERS)
    op.execute(THEIR_MESSAGES)
    op.drop_column("outbox", "about")
    op.create_index("ix_complaints_open", "complaints", ["due"], sqlite_where=OPEN, postgresql_where=OPEN)


def downgrade() -> None:
    op.drop_index("ix_complaints_open", "complaints")
    op.add_column("outbox", sa.Column("about", sa.Text(), server_default="", nullable=False))
