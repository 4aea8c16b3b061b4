"""Opening: what is made, what is left alone, and the one sentence when it cannot be."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest

from callcenterd.errors import CannotStart
from callcenterd.model.calls import CallFilter
from callcenterd.model.ids import CallId
from callcenterd.store.database import CannotStore, Store
from tests.kit.database import Cluster
from tests.kit.virtual import START, VirtualClock
from tests.store.rows import begin, call


async def test_what_was_kept_is_there_after_opening_again(nowhere: str | Path, clock: VirtualClock) -> None:
    first = await Store.open(nowhere, clock=clock)
    await begin(first, call("a"))
    await first.close()
    second = await Store.open(nowhere, clock=clock)
    assert await second.calls.get(CallId("a")) == call("a")
    await second.close()


async def test_a_store_that_is_closed_refuses_to_write(store: Store) -> None:
    await store.close()
    with pytest.raises(CannotStore, match="closed"):
        await begin(store, call("a"))


async def test_closing_waits_for_what_was_told_before(address: str | Path, clock: VirtualClock) -> None:
    store = await Store.open(address, clock=clock, gather_seconds=30)
    writes = [asyncio.create_task(store.calls.begin(call(f"{number:03}"))) for number in range(50)]
    await asyncio.sleep(0)
    assert store.backlog() == 50
    await store.close()
    await asyncio.gather(*writes)
    again = await Store.open(address, clock=clock)
    assert (await again.calls.search())[1] == 50
    await again.close()


async def test_an_open_store_says_that_it_is_well(store: Store) -> None:
    await store.check()


async def test_a_missing_folder_is_said(tmp_path: Path, clock: VirtualClock) -> None:
    with pytest.raises(CannotStart, match="there is no folder"):
        await Store.open(tmp_path / "nowhere" / "callcenter.db", clock=clock)


async def test_a_folder_in_the_place_of_the_file_is_said(tmp_path: Path, clock: VirtualClock) -> None:
    with pytest.raises(CannotStart, match="it is a folder"):
        await Store.open(tmp_path, clock=clock)


async def test_a_folder_that_cannot_be_written_to_is_said(clock: VirtualClock) -> None:
    with pytest.raises(CannotStart, match=r"database /proc/callcenter.db cannot be opened: \w+"):
        await Store.open("/proc/callcenter.db", clock=clock)  # root may write anywhere but there


async def test_only_its_owner_may_read_the_file(tmp_path: Path, clock: VirtualClock) -> None:
    store = await Store.open(tmp_path / "callcenter.db", clock=clock)
    await begin(store, call("a"))
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("callcenter.db*")}
    await store.close()
    assert modes == dict.fromkeys(("callcenter.db", "callcenter.db-wal", "callcenter.db-shm"), 384)


async def test_readers_leave_nothing_behind_that_keeps_the_log_from_being_emptied(
    tmp_path: Path, clock: VirtualClock
) -> None:
    path = tmp_path / "callcenter.db"
    store = await Store.open(path, clock=clock)
    await begin(store, call("a"))
    await asyncio.gather(*(store.calls.search(CallFilter(text="138")) for _ in range(20)))
    await begin(store, call("b"))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
    await store.close()


async def test_a_file_that_is_no_database_is_said_and_left_as_it_is(tmp_path: Path, clock: VirtualClock) -> None:
    path = tmp_path / "callcenter.db"
    path.write_bytes(b"Dear diary, " * 1000)
    with pytest.raises(CannotStart, match="file is not a database") as said:
        await Store.open(path, clock=clock)
    assert "\n" not in str(said.value)
    assert path.read_bytes() == b"Dear diary, " * 1000


async def test_a_database_that_another_program_writes_to_is_said(tmp_path: Path, clock: VirtualClock) -> None:
    path = tmp_path / "callcenter.db"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CannotStart, match="locked"):
            await Store.open(path, clock=clock)


async def test_a_table_in_the_way_is_said_and_nothing_is_made(tmp_path: Path, clock: VirtualClock) -> None:
    path = tmp_path / "callcenter.db"
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE voicemail (something TEXT)")
    with pytest.raises(CannotStart, match="table voicemail already exists"):
        await Store.open(path, clock=clock)
    with contextlib.closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("voicemail",)]


async def test_tables_of_a_newer_version_are_not_touched(tmp_path: Path, clock: VirtualClock) -> None:
    path = tmp_path / "callcenter.db"
    await (await Store.open(path, clock=clock)).close()
    with contextlib.closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(CannotStart, match=r"newer callcenterd .*9999"):
        await Store.open(path, clock=clock)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        pytest.param("mysql://x/y", "mysql is not known", id="a database that we do not know"),
        pytest.param("postgresql://a b:c@@[::/x", "cannot be read", id="no address"),
        pytest.param("postgresql://u:geheim@127.0.0.1:1/x", "cannot be opened", id="nobody there"),
    ],
)
async def test_an_address_that_leads_nowhere_is_said_without_its_password(
    address: str, said: str, clock: VirtualClock
) -> None:
    with pytest.raises(CannotStart, match=said) as fault:
        await Store.open(address, clock=clock)
    assert "geheim" not in str(fault.value)
    assert "\n" not in str(fault.value)


async def test_sqlite_is_opened_so_that_readers_and_the_writer_do_not_wait_for_each_other(
    tmp_path: Path, clock: VirtualClock
) -> None:
    path = tmp_path / "callcenter.db"
    store = await Store.open(path, clock=clock)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM calls").fetchone()
        await begin(store, call("a"))
    await store.close()


async def test_a_postgresql_that_was_restarted_costs_no_more_than_what_was_under_way(
    cluster: Cluster, clock: VirtualClock
) -> None:
    store = await Store.open(await cluster.address(), clock=clock)
    await begin(store, call("a"))
    assert (await store.calls.search())[1] == 1
    await cluster.cut_off()
    assert (await store.calls.search())[1] == 1
    await begin(store, call("b"))
    await cluster.cut_off()
    with contextlib.suppress(CannotStore):  # a person is told, and tries again
        await store.calls.note(CallId("b"), "first", None)
    await store.calls.note(CallId("b"), "second", None)
    assert (await store.calls.get(CallId("b"))).note == "second"
    await store.close()


async def test_a_row_that_points_nowhere_is_refused(store: Store) -> None:
    with pytest.raises(CannotStore, match=r"(?i)foreign key"):
        await store.calls.append(CallId("unknown"), START, "call.started", {})


async def test_what_no_database_can_keep_costs_nothing_else(store: Store) -> None:
    """A caller's broken name, and questions with it: NUL and half a surrogate pair."""
    await begin(store, call("a", caller_name="张\0三\ud800"))
    await store.calls.append(CallId("a"), START, "call.started", {"caller_name\0": ["\udfff", {"x": "\0"}]})
    assert (await store.calls.get(CallId("a"))).caller_name == "张\ufffd三\ufffd"
    assert (await store.calls.story(CallId("a")))[0].details == {"caller_name\ufffd": ["\ufffd", {"x": "\ufffd"}]}
    assert (await store.calls.search(CallFilter(text="\ud800\0")))[1] == 1
    assert (await store.calls.search(CallFilter(caller="\0\ud800")))[1] == 0
