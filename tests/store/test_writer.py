"""One writer: what waits together is committed together, in order, and told only when it is kept."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from callcenterd.errors import NotFound
from callcenterd.store.database import Store
from callcenterd.store.engine import address_of
from callcenterd.store.faults import CannotStore
from callcenterd.store.schema import calls, story
from callcenterd.store.writer import Change, Entry, Insert, Writer
from tests.kit.virtual import START, VirtualClock

FEW = 20


def new(name: str) -> Insert:
    known = {"direction": "inbound", "caller": "1", "called": "2"}
    return Insert(calls, {"id": name, "started_at": START, **known})


def step(call: str, kind: str) -> Insert:
    return Insert(story, {"call_id": call, "at": START, "kind": kind, "details": {}})


async def nothing(_: AsyncConnection) -> None:
    """A transaction that writes nothing."""


class Watched:
    """A writer on a real database, whose transactions are counted."""

    def __init__(self, engine: AsyncEngine, gather_seconds: float) -> None:
        self.engine = engine
        self.writer = Writer(engine, gather_seconds)
        self.commits = 0
        self.rollbacks = 0
        sa.event.listen(engine.sync_engine, "commit", self._committed)
        sa.event.listen(engine.sync_engine, "rollback", self._rolled_back)
        self.writer.start()

    def _committed(self, _: Any) -> None:
        self.commits += 1

    def _rolled_back(self, _: Any) -> None:
        self.rollbacks += 1

    async def names(self, query: sa.Select[Any]) -> list[Any]:
        async with self.engine.connect() as connection:
            return list((await connection.execute(query)).scalars())


@asynccontextmanager
async def watched(address: str | Path, clock: VirtualClock, gather_seconds: float = 0.0) -> AsyncIterator[Watched]:
    await (await Store.open(address, clock=clock)).close()
    ways = {"isolation_level": None, "timeout": 0.02} if isinstance(address, Path) else {}
    engine = create_async_engine(address_of(address), connect_args=ways)

    @sa.event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        if isinstance(address, Path):
            connection.execute("PRAGMA foreign_keys=ON").close()

    watched = Watched(engine, gather_seconds)
    try:
        yield watched
    finally:
        await watched.writer.stop()
        await engine.dispose()


async def test_what_waits_together_is_one_transaction(address: str | Path, clock: VirtualClock) -> None:
    async with watched(address, clock) as kept:
        await asyncio.gather(*(kept.writer.keep([new(f"{number}")]) for number in range(FEW)))
        assert kept.commits == 1


async def test_who_is_told_that_it_is_kept_finds_it(address: str | Path, clock: VirtualClock) -> None:
    async with watched(address, clock) as kept:
        for number in range(FEW):
            await kept.writer.keep([new(f"{number}")])
            assert len(await kept.names(sa.select(calls.c.id))) == number + 1


async def test_rows_come_before_what_points_to_them_whatever_order_they_were_told_in(
    address: str | Path, clock: VirtualClock
) -> None:
    async with watched(address, clock) as kept:
        await kept.writer.keep([step("a", "first"), new("a"), step("a", "second")])
        assert await kept.names(sa.select(story.c.kind).order_by(story.c.id)) == ["first", "second"]


async def test_the_last_change_of_a_row_holds(address: str | Path, clock: VirtualClock) -> None:
    async with watched(address, clock) as kept:
        told: list[Entry] = [
            new("a"),
            Change(calls, "a", {"queue": "first", "flow": "main"}),
            Change(calls, "a", {"queue": "second"}),
        ]
        await asyncio.gather(*(kept.writer.keep([entry]) for entry in told))
        assert await kept.names(sa.select(calls.c.queue)) == ["second"]
        assert await kept.names(sa.select(calls.c.flow)) == ["main"]


async def test_a_row_that_is_new_is_written_as_it_is_by_now(address: str | Path, clock: VirtualClock) -> None:
    async with watched(address, clock) as kept:
        statements: list[str] = []
        sa.event.listen(kept.engine.sync_engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
        told: list[Entry] = [new("a"), Change(calls, "a", {"caller": "7"}), new("b")]
        told.append(Change(calls, "a", {"outcome": "answered"}))
        await asyncio.gather(*(kept.writer.keep([entry]) for entry in told))
        assert await kept.names(sa.select(calls.c.caller).order_by(calls.c.id)) == ["7", "1"]
        assert await kept.names(sa.select(calls.c.outcome).where(calls.c.id == "a")) == ["answered"]
        assert [one.split()[0] for one in statements if "calls" in one].count("UPDATE") == 1  # outcome has a default


async def test_what_fails_fails_alone(address: str | Path, clock: VirtualClock) -> None:
    async with watched(address, clock) as kept:
        writes = [kept.writer.keep([new("a")]), kept.writer.keep([step("nobody", "x")]), kept.writer.keep([new("b")])]
        first, wrong, last = await asyncio.gather(*writes, return_exceptions=True)
        assert (first, last) == (None, None)
        assert isinstance(wrong, CannotStore)
        assert sorted(await kept.names(sa.select(calls.c.id))) == ["a", "b"]


async def test_work_sees_what_was_told_before_it(address: str | Path, clock: VirtualClock) -> None:
    async with watched(address, clock) as kept:

        async def count(connection: AsyncConnection) -> int:
            return (await connection.execute(sa.select(sa.func.count()).select_from(calls))).scalar_one()

        told = await asyncio.gather(
            kept.writer.keep([new("a")]), kept.writer.run(count), kept.writer.keep([new("b")]), kept.writer.run(count)
        )
        assert list(told) == [None, 1, None, 2]
        assert kept.commits == 1


async def test_work_that_raises_keeps_nothing_and_says_its_own_error(address: str | Path, clock: VirtualClock) -> None:
    async with watched(address, clock) as kept:

        async def half(connection: AsyncConnection) -> None:
            await connection.execute(calls.insert(), [dict(new("half").row)])
            raise NotFound("customer", 7)

        outcomes = await asyncio.gather(kept.writer.run(half), kept.writer.keep([new("whole")]), return_exceptions=True)
        assert isinstance(outcomes[0], NotFound)
        assert await kept.names(sa.select(calls.c.id)) == ["whole"]


async def test_who_stops_waiting_stops_nobody_else(address: str | Path, clock: VirtualClock) -> None:
    async with watched(address, clock) as kept:
        waiting = [asyncio.create_task(kept.writer.keep([new(name)])) for name in ("a", "b", "c")]
        await asyncio.sleep(0)
        waiting[1].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await kept.writer.keep([new("d")])
        assert {"a", "c", "d"} <= set(await kept.names(sa.select(calls.c.id)))


async def test_bookkeeping_may_wait_for_more_but_never_keeps_a_person_waiting(
    address: str | Path, clock: VirtualClock
) -> None:
    async with watched(address, clock, gather_seconds=60) as kept:
        bookkeeping = asyncio.create_task(kept.writer.keep([new("a")]))
        await asyncio.sleep(0.01)
        assert not bookkeeping.done()

        async def note(connection: AsyncConnection) -> None:
            await connection.execute(calls.update().values(note="urgent"))

        async with asyncio.timeout(10):
            await kept.writer.run(note)
            await bookkeeping
        assert await kept.names(sa.select(calls.c.note)) == ["urgent"]


async def test_business_records_are_synced_to_the_disk_and_bookkeeping_is_not(
    address: str | Path, clock: VirtualClock
) -> None:
    async with watched(address, clock) as kept:
        sqlite = isinstance(address, Path)
        question = "PRAGMA synchronous" if sqlite else "SHOW synchronous_commit"
        full, normal = (2, 1) if sqlite else ("on", "off")

        async def how(connection: AsyncConnection) -> Any:
            return (await connection.exec_driver_sql(question)).scalar_one()

        assert await kept.writer.run(how, durable=True) == full
        assert await kept.writer.run(how, durable=False) == normal
        together = await asyncio.gather(kept.writer.run(how, durable=False), kept.writer.run(how, durable=True))
        assert set(together) == {full}


async def test_a_flood_is_cut_into_transactions_of_bounded_size(address: str | Path, clock: VirtualClock) -> None:
    async with watched(address, clock) as kept:
        await asyncio.gather(*(kept.writer.keep([new(f"{number}")]) for number in range(1200)))
        assert kept.commits == 3
        assert len(await kept.names(sa.select(calls.c.id))) == 1200


async def test_bookkeeping_waits_for_a_locked_database_and_a_person_is_told_at_once(
    tmp_path: Path, clock: VirtualClock
) -> None:
    path = tmp_path / "callcenter.db"
    async with watched(path, clock) as kept:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            bookkeeping = [asyncio.create_task(kept.writer.keep([new(f"{number}")])) for number in range(FEW)]
            for _ in range(2):
                with pytest.raises(CannotStore, match="locked"):
                    await kept.writer.run(nothing)
            assert not any(task.done() for task in bookkeeping)
        await asyncio.gather(*bookkeeping)
        assert len(await kept.names(sa.select(calls.c.id))) == FEW
        assert kept.commits == 1


async def test_a_locked_database_does_not_keep_the_store_from_closing(tmp_path: Path, clock: VirtualClock) -> None:
    path = tmp_path / "callcenter.db"
    async with watched(path, clock) as kept:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            bookkeeping = asyncio.create_task(kept.writer.keep([new("a")]))
            await asyncio.sleep(0)
            async with asyncio.timeout(10):
                await kept.writer.stop()
            with pytest.raises(CannotStore, match="locked"):
                await bookkeeping


async def test_a_writer_that_was_cancelled_leaves_nobody_waiting(address: str | Path, clock: VirtualClock) -> None:
    """As the end of an event loop does it to every task."""
    async with watched(address, clock) as kept:
        waiting = [asyncio.create_task(kept.writer.keep([new(f"{number}")])) for number in range(FEW)]
        await asyncio.sleep(0.001)
        late = asyncio.create_task(kept.writer.keep([new("late")]))
        await asyncio.sleep(0)
        [writing] = [task for task in asyncio.all_tasks() if task.get_name() == "store writer"]
        writing.cancel()
        async with asyncio.timeout(10):
            outcomes = await asyncio.gather(*waiting, late, return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} <= {CannotStore, type(None)}
            with pytest.raises(CannotStore, match="closed"):
                await kept.writer.keep([new("later")])


async def test_bookkeeping_waits_for_room_on_a_full_disk_and_a_person_is_told_at_once(
    tmp_path: Path, clock: VirtualClock
) -> None:
    """As SQLite says it: nothing of that transaction is kept. Once there is room, all of it is."""
    async with watched(tmp_path / "callcenter.db", clock) as kept:
        most_pages = 1  # no more than there are now

        def limit(connection: Any, *_: Any) -> None:
            connection.execute(f"PRAGMA max_page_count={most_pages}").close()

        sa.event.listen(kept.engine.sync_engine, "checkout", limit)
        async with asyncio.TaskGroup() as group:
            steps = [step("a", "x" * 4000) for _ in range(FEW * 10)]
            bookkeeping = group.create_task(kept.writer.keep([new("a"), *steps]))
            await asyncio.sleep(0)
            for _ in range(2):
                with pytest.raises(CannotStore, match="full"):
                    await kept.writer.run(nothing)
            assert not bookkeeping.done()
            most_pages = 100_000
        assert await kept.names(sa.select(calls.c.id)) == ["a"]
        assert len(await kept.names(sa.select(story.c.id))) == FEW * 10
