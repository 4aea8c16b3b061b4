"""Answers to complaints that an older release kept as letters alone are messages to customers after the upgrade."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from callcenterd.model.customer_messages import CustomerMessageFilter
from callcenterd.store.database import MIGRATIONS, Store
from tests.kit.virtual import START, VirtualClock
from tests.store.test_complaints import answer, duty, made, state
from tests.store.test_schema import on

BEFORE = "0047"
HOUR = timedelta(hours=1)


async def test_a_letter_that_waits_goes_on_and_answers(nowhere: str | Path, clock: VirtualClock) -> None:
    store = await Store.open(nowhere, clock=clock)
    one = await made(store)
    moved = await store.complaints.move(
        one, state("moved", "handled"), {"means": "email"}, outcome="moved", duty=duty(), message=answer(one)
    )
    await store.close()

    def back(connection: sa.Connection) -> None:
        """As it was: the letter with its duty and its complaint, and no message."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, BEFORE)
        old = f"message_id = NULL, duty_id = {moved.complaint.duty}, about = 'complaint/{one.id}'"
        connection.execute(sa.text(f"UPDATE outbox SET {old}"))
        connection.execute(sa.text("DELETE FROM customer_messages"))

    await on(nowhere, back)
    store = await Store.open(nowhere, clock=clock)
    try:
        assert await store.complaints.messages_settled() == []
        (letter,) = await store.outbox.due(START + HOUR)
        assert (letter.address, letter.text, letter.duty) == ("z@example.com", "好", None)
        (kept,), _ = await store.customer_messages.list(CustomerMessageFilter())
        assert (kept.id, kept.state, kept.record, kept.purpose) == (
            letter.message,
            "waiting",
            str(one.id),
            "complaint_answer",
        )
        await store.outbox.sent(letter, START + HOUR, "250 OK")
        ((known, settled),) = await store.complaints.messages_settled()
        assert (known, settled.state, settled.channel) == (moved.complaint, "sent", "email")
    finally:
        await store.close()
