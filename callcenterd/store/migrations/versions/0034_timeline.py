"""Messages are found by their call: the time line of a customer asks for them."""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_voicemail_call_id", "voicemail", ["call_id"])
    op.create_index("ix_callbacks_call_id", "callbacks", ["call_id"])


def downgrade() -> None:
    op.drop_index("ix_callbacks_call_id", "callbacks")
    op.drop_index("ix_voicemail_call_id", "voicemail")
