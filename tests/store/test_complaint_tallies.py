"""Complaints as journals count them, in both databases."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

from callcenterd.model.complaints import ComplaintFilter
from callcenterd.model.duties import DutySight
from callcenterd.model.ids import AgentId
from callcenterd.store.database import Store
from tests.kit.database import with_tables
from tests.kit.virtual import START, VirtualClock
from tests.store.test_complaints import HOUR, dispatched, made, state

SECOND = timedelta(seconds=1)
ALL = ComplaintFilter()


async def test_limits_are_kept_by_the_second_and_not_by_putting_them_off(store: Store) -> None:
    """Its first step has an hour, and so has its second."""
    one = await made(store)
    at = one.id
    tallies = store.complaint_tallies
    assert await tallies.lateness(at, START + HOUR - SECOND) == "open"
    assert await tallies.lateness(at, START + HOUR) == "late"
    after = await dispatched(store, one)  # at the last moment
    assert await tallies.lateness(at, START + HOUR) == "open"
    assert after.duty is not None
    put_off = {"due": START + 9 * HOUR}
    await store.duties.change(after.duty, None, put_off, "postponed", "lead", START + HOUR)
    assert await tallies.lateness(at, START + 3 * HOUR) == "late"
    end = state("moved", "closed", START + 2 * HOUR + SECOND, move="close")
    await store.complaints.move(after, end, {}, outcome="moved")
    assert await tallies.lateness(at, START + 3 * HOUR) == "late"
    other = await made(store)
    await store.complaints.move(other, state("moved", "closed", START + HOUR), {"stands": False}, outcome="moved")
    assert await tallies.lateness(other.id, START + 30 * HOUR) == "on_time"
    assert await tallies.tally(ALL, "lateness", START + 3 * HOUR) == {"late": 1, "on_time": 1}
    assert await tallies.tally(ALL, "stands", START) == {"": 1, "no": 1}


async def test_each_is_counted_once_and_an_aspect_as_often_as_it_was_ticked(store: Store) -> None:
    await made(store, aspects=("price", "effect"), kind="suggestion")
    await made(store, aspects=("price",), type="person")
    await dispatched(store, await made(store, type="person"))
    tallies = store.complaint_tallies
    assert await tallies.tally(ALL, "aspects", START) == {"price": 2, "effect": 1, "": 1}
    assert await tallies.tally(ALL, "type", START) == {"product": 1, "person": 2}
    assert await tallies.tally(ALL, "kind", START) == {"suggestion": 1, "complaint": 2}
    assert await tallies.tally(ALL, "state", START) == {"registered": 2, "review": 1}
    assert await tallies.tally(ALL, "team", START) == {"": 2, "one": 1}
    assert await tallies.tally(ALL, "satisfaction", START) == {"": 3}
    assert await tallies.tally(ComplaintFilter(type="person"), "kind", START) == {"complaint": 2}
    nobody = ComplaintFilter(sight=DutySight(agents=(AgentId("9"),)))
    assert await tallies.tally(nobody, "type", START) == {}


async def test_all_are_read_one_after_the_other(store: Store) -> None:
    known = [(await made(store)).id for _ in range(7)]
    found = await store.complaint_tallies.following(ALL, None, START)
    assert [one.complaint.id for one in found] == known
    assert {one.lateness for one in found} == {"open"}
    assert [one.complaint.id for one in await store.complaint_tallies.following(ALL, found[3].complaint, START)] == (
        known[4:]
    )


async def test_steps_of_a_complaint_are_found_by_their_index(tmp_path: Path, clock: VirtualClock) -> None:
    await (await Store.open(with_tables(tmp_path / "callcenter.db"), clock=clock)).close()
    with sqlite3.connect(tmp_path / "callcenter.db") as connection:
        query = (
            "SELECT id FROM complaints WHERE EXISTS (SELECT 1 FROM duties WHERE about = 'complaint/' || complaints.id"
        )
        plan = connection.execute(f"EXPLAIN QUERY PLAN {query} AND about <> '')").fetchall()
    connection.close()
    assert "ix_duties_about" in str(plan)
