"""A customer's messages are found in the order of time, for their time line."""

from __future__ import annotations

from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_customer_messages_customer_id", "customer_messages")
    op.create_index("ix_customer_messages_customer_at", "customer_messages", ["customer_id", "created_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_customer_messages_customer_at", "customer_messages")
    op.create_index("ix_customer_messages_customer_id", "customer_messages", ["customer_id", "id"])
