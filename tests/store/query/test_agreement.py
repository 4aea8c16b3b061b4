"""What the database finds is what a few lines of Python find: for hundreds of trees, over small offices."""

from __future__ import annotations

import random

import pytest

from callcenterd.model.query import Query
from callcenterd.store.database import Store
from callcenterd.store.query.kinds import QuerySight
from tests.store.query.plain import ZONE, meets, tree
from tests.store.query.rows import small_office

ADMIN = QuerySight(login="1005", role="admin")
TREES = 150


@pytest.mark.parametrize("seed", range(3))
async def test_a_query_finds_what_its_plain_twin_finds(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    office = await small_office(store, chance)
    some = 0
    for n in range(TREES):
        kind = chance.choice(("customer", "call"))
        where = tree(kind, chance)
        query = Query(kind=kind, where=where, columns=("note",), limit=500)
        page = await store.queries.page(query, ADMIN, ZONE)
        wanted = {record.key for record in office[kind] if meets(record, where)}
        assert {key for key, _ in page.items} == wanted, f"seed {seed}, tree {n}: {where!r}"
        assert page.total == len(wanted)
        some += 0 < len(wanted) < len(office[kind])
    assert some > TREES / 3, "most of the trees tell records apart"
