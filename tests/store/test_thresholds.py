"""From when on the wall warns."""

from __future__ import annotations

import pytest

from callcenterd.model.ids import QueueName
from callcenterd.model.thresholds import SHIPPED, Limit, Thresholds, ThresholdsAreOthers
from callcenterd.store.database import Store
from tests.kit.virtual import START

SALES = QueueName("sales")


async def test_they_are_as_they_ship_until_somebody_sets_them_and_a_queue_may_have_its_own(store: Store) -> None:
    assert await store.thresholds.all() == [SHIPPED]
    own = await store.thresholds.put(
        Thresholds(queue=SALES, limits={"waiting": Limit(1, 2), "longest": None}), "boss", START
    )
    assert (own.version, own.changed_by, own.changed_at) == (1, "boss", START)
    assert await store.thresholds.all() == [SHIPPED, own]
    office = await store.thresholds.put(Thresholds(queue=None, limits={"talk": Limit(60, 90)}), "root", START)
    assert await store.thresholds.all() == [office, own]
    again = await store.thresholds.put(Thresholds(queue=SALES, version=1), "boss", START)
    assert (again.version, dict(again.limits)) == (2, {})


async def test_what_somebody_else_has_changed_meanwhile_is_not_written_over(store: Store) -> None:
    first = await store.thresholds.put(Thresholds(queue=SALES), "boss", START)
    with pytest.raises(ThresholdsAreOthers) as found:
        await store.thresholds.put(Thresholds(queue=SALES), "lead", START)
    assert found.value.now == first
    with pytest.raises(ThresholdsAreOthers) as shipped:
        await store.thresholds.put(Thresholds(queue=None, version=3), "lead", START)
    assert shipped.value.now == SHIPPED
