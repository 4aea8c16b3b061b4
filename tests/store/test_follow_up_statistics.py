"""Follow-ups counted in both databases: by what one likes, in the office's days."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from callcenterd.model.follow_ups import FollowUpFilter, FollowUpKey
from callcenterd.model.ids import AgentId
from callcenterd.model.records import RecordSight
from callcenterd.store.database import Store
from tests.kit.virtual import START
from tests.store.test_follow_ups import kept

ZONE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
EVENING = datetime(2026, 8, 2, 16, 30, tzinfo=START.tzinfo)
"""Sunday by UTC, Monday in the office."""


async def counted(
    store: Store, by: FollowUpKey, across: FollowUpKey | None = None, **chosen: Any
) -> dict[Any, tuple[int, int, int]]:
    found = await store.follow_ups.statistics(
        FollowUpFilter(**chosen), START - 7 * DAY, START + 40 * DAY, by, across, ZONE
    )
    keys = [one.key if across is None else (one.key, one.across) for one in found]
    assert len(set(keys)) == len(keys)
    return {key: (one.done, one.late, one.tries) for key, one in zip(keys, found, strict=True)}


async def test_done_ones_are_counted_by_any_key_and_pair(store: Store) -> None:
    await kept(store, at=EVENING, result="satisfied", channel="web")
    await kept(store, at=START, result="fair", owner="1002")
    await kept(store, at=START + 8 * DAY, result="satisfied", category="before_use")
    await kept(store, at=START + 30 * DAY, result="satisfied", owner="1002", channel="web")
    await kept(store)  # is owed, and counts for nobody
    assert await counted(store, "person") == {"1001": (2, 0, 0), "1002": (2, 0, 0)}
    assert await counted(store, "category") == {"after_use": (3, 0, 0), "before_use": (1, 0, 0)}
    assert await counted(store, "channel") == {"": (2, 0, 0), "web": (2, 0, 0)}
    assert await counted(store, "rule") == {"": (4, 0, 0)}
    assert await counted(store, "month") == {"2026-08": (3, 0, 0), "2026-09": (1, 0, 0)}
    assert await counted(store, "day") == {
        "2026-08-03": (2, 0, 0),
        "2026-08-11": (1, 0, 0),
        "2026-09-02": (1, 0, 0),
    }
    assert list(await counted(store, "week")) == ["2026-08-03", "2026-08-10", "2026-08-31"]
    assert await counted(store, "person", "result") == {
        ("1001", "satisfied"): (2, 0, 0),
        ("1002", "fair"): (1, 0, 0),
        ("1002", "satisfied"): (1, 0, 0),
    }
    assert await counted(store, "result", owner="1001", channel="web") == {"satisfied": (1, 0, 0)}
    sight = RecordSight(agents=(AgentId("1002"),))
    assert await counted(store, "person", sight=sight) == {"1002": (2, 0, 0)}, "and nothing of 1001's"
