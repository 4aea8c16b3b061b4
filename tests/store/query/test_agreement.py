"""What the database finds is what a few lines of Python find: for hundreds of trees, over small offices."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from callcenterd.model.query import Query
from callcenterd.store.database import Store
from callcenterd.store.engine import Database, address_of
from callcenterd.store.query import run
from callcenterd.store.query.kinds import QuerySight
from callcenterd.store.query.run import Queries
from tests.kit.virtual import VirtualClock
from tests.store.query.plain import ZONE, meets, tree
from tests.store.query.rows import small_office

ADMIN = QuerySight(login="1005", role="admin")
TREES = 150


@pytest.mark.parametrize(("seed", "few"), [(0, 20_000), (1, 20_000), (2, 0), (3, 3)])
async def test_a_query_finds_what_its_plain_twin_finds(
    store: Store, address: str | Path, clock: VirtualClock, seed: int, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """few: what stands beside records is collected first, or looked up for each, or now this and now that."""
    monkeypatch.setattr(run, "SECONDS", 60.0)  # it is not about time, and others use this machine
    database = Database(address_of(address))
    queries = Queries(database, clock, "CN", store.fields, few)
    try:
        await _agrees(store, queries, seed)
    finally:
        await database.close()


async def _agrees(store: Store, queries: Queries, seed: int) -> None:
    chance = random.Random(seed)
    office = await small_office(store, chance)
    some = 0
    for n in range(TREES):
        kind = chance.choice(("customer", "call"))
        where = tree(kind, chance)
        query = Query(kind=kind, where=where, columns=("note",), limit=500)
        page = await queries.page(query, ADMIN, ZONE)
        wanted = {record.key for record in office[kind] if meets(record, where)}
        assert {key for key, _ in page.items} == wanted, f"seed {seed}, tree {n}: {where!r}"
        assert page.total == len(wanted)
        some += 0 < len(wanted) < len(office[kind])
    assert some > TREES / 3, "most of the trees tell records apart"
