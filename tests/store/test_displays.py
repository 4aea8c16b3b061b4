"""Links of televisions: good until they are too old or revoked, and the database does not give them away."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.ids import QueueName
from callcenterd.store.database import Store
from callcenterd.store.displays import MOST, TOUCH
from callcenterd.store.tables.displays import displays
from tests.kit.virtual import START

YEAR, MOMENT = timedelta(days=365), timedelta(microseconds=1)
QUEUES = (QueueName("sales"), QueueName("service"))


async def test_a_link_shows_what_it_was_made_for_until_it_is_too_old(store: Store) -> None:
    made, token = await store.displays.create("大厅", QUEUES, "boss", START, YEAR)
    assert (made.name, made.queues, made.created_by, made.seen_at) == ("大厅", QUEUES, "boss", None)
    assert len(token) >= 43  # 256 bits, six a character
    found = await store.displays.find(token, START + YEAR - MOMENT)
    assert found is not None
    assert found.id == made.id
    assert await store.displays.find(token, START + YEAR) is None


async def test_a_link_that_is_revoked_shows_nothing_and_the_others_go_on(store: Store) -> None:
    first, token = await store.displays.create("大厅", QUEUES, "boss", START, YEAR)
    second, other = await store.displays.create("走廊", QUEUES, "boss", START, YEAR)
    assert [one.id for one in await store.displays.all()] == [second.id, first.id]
    assert await store.displays.revoke(first.id) == first
    assert await store.displays.find(token, START) is None
    assert await store.displays.find(other, START) is not None
    with pytest.raises(NotFound):
        await store.displays.revoke(first.id)


@pytest.mark.parametrize("token", ["", "x", "' OR 1=1 --", "\0", "\ud800", "x" * 100_000])
async def test_what_is_no_link_shows_nothing(store: Store, token: str) -> None:
    await store.displays.create("大厅", QUEUES, "boss", START, YEAR)
    assert await store.displays.find(token, START) is None


async def test_when_it_was_last_there_is_kept_to_the_minute(store: Store) -> None:
    _, token = await store.displays.create("大厅", QUEUES, "boss", START, YEAR)
    for at in (START, START + TOUCH - MOMENT):
        await store.displays.find(token, at)
    assert (await store.displays.all())[0].seen_at == START
    await store.displays.find(token, START + TOUCH)
    assert (await store.displays.all())[0].seen_at == START + TOUCH


async def test_the_database_holds_no_token(store: Store) -> None:
    _, token = await store.displays.create("大厅", QUEUES, "boss", START, YEAR)
    rows = await store._database.rows(sa.select(displays))
    assert token not in str([tuple(row) for row in rows])


async def test_there_is_an_end_to_their_number(store: Store) -> None:
    for _ in range(MOST):
        await store.displays.create("大厅", QUEUES, "boss", START, YEAR)
    with pytest.raises(NotNow):
        await store.displays.create("大厅", QUEUES, "boss", START, YEAR)
