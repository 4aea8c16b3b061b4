"""What the office has said of itself on the set-up page."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from callcenterd.store.database import Store
from callcenterd.store.tables.office import office_words
from tests.kit.virtual import START


async def test_its_time_zone_is_nobodys_until_said_and_the_last_word_holds(store: Store) -> None:
    assert await store.office.timezone() is None
    await store.office.put_timezone("Asia/Shanghai", "boss", START)
    assert await store.office.timezone() == "Asia/Shanghai"
    later = START + timedelta(days=1)
    await store.office.put_timezone("Asia/Urumqi", "root", later)
    assert await store.office.timezone() == "Asia/Urumqi"
    rows = await store._database.rows(sa.select(office_words))
    assert [(row.name, row.value, row.changed_by, row.changed_at) for row in rows] == [
        ("timezone", "Asia/Urumqi", "root", later)
    ]
