"""Prepaid cards, tries of their PINs, and postings, which the database itself lets nobody change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

SQLITE = (
    """CREATE TRIGGER postings_stay BEFORE UPDATE ON postings
    BEGIN SELECT RAISE(ABORT, 'postings are never changed'); END""",
    """CREATE TRIGGER postings_remain BEFORE DELETE ON postings
    BEGIN SELECT RAISE(ABORT, 'postings are never removed'); END""",
    # INSERT OR REPLACE removes the row in its way without asking the trigger above.
    """CREATE TRIGGER postings_are_new BEFORE INSERT ON postings
    WHEN EXISTS (
        SELECT 1 FROM postings
        WHERE id = NEW.id OR (card_id = NEW.card_id AND key = NEW.key) OR reverses = NEW.reverses
    )
    BEGIN SELECT RAISE(ABORT, 'postings are never replaced'); END""",
)
POSTGRESQL = (
    """CREATE FUNCTION postings_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'postings are never changed or removed'; END $$""",
    """CREATE TRIGGER postings_stay BEFORE UPDATE OR DELETE ON postings
    FOR EACH ROW EXECUTE FUNCTION postings_stay()""",
)


def upgrade() -> None:
    op.create_table(
        "cards",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("customer_id", NUMBER, sa.ForeignKey("customers.id"), nullable=False),
        sa.Column("pin_hash", sa.Text(), nullable=False, server_default=""),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("blocked", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("overdraft", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False, server_default=""),
        sa.UniqueConstraint("number", name="uq_cards_number"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_cards_customer_id", "cards", ["customer_id"])
    op.create_table(
        "card_tries",
        sa.Column("number", sa.Text(), primary_key=True),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("locks", sa.Integer(), nullable=False),
        sa.Column("locked_until", MOMENT, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Index("ix_card_tries_at", "at"),
    )
    op.create_table(
        "postings",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("card_id", NUMBER, sa.ForeignKey("cards.id"), nullable=False),
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("reference", sa.Text(), nullable=False, server_default=""),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("reverses", NUMBER, sa.ForeignKey("postings.id"), nullable=True),
        sa.UniqueConstraint("card_id", "key", name="uq_postings_card_id_key"),
        sa.UniqueConstraint("reverses", name="uq_postings_reverses"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_postings_card_id", "postings", ["card_id", "ledger", "id"])
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("postings")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION postings_stay()")
    op.drop_table("card_tries")
    op.drop_table("cards")
