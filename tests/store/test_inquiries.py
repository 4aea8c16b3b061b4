"""Questions to an office's own databases: what they answer, and what no question can do to them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from callcenterd.store.inquiries import AT_ONCE, MOST_ROWS, CannotAsk, Databases, TooSlow
from tests.kit.database import Cluster

MADE = (
    "CREATE TABLE goods (name TEXT, price NUMERIC, sold INTEGER, day DATE)",
    "INSERT INTO goods VALUES ('茶', 12.50, 3, '2026-11-26'), ('杯', 40, 0, NULL)",
)
FOREVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS c FROM n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    place = tmp_path / "shop.db"
    with contextlib.closing(sqlite3.connect(place)) as made, made:
        for statement in MADE:
            made.execute(statement)
    return place


@contextlib.contextmanager
def unchanged(place: Path) -> Iterator[None]:
    before = place.read_bytes()
    yield
    assert place.read_bytes() == before
    assert [one.name for one in place.parent.iterdir()] == [place.name]


@pytest.fixture
async def shop(file: Path) -> AsyncIterator[Databases]:
    opened = Databases({"shop": f"sqlite:///{file}"})
    yield opened
    await opened.stop()


@pytest.fixture
async def postgres(cluster: Cluster) -> AsyncIterator[Databases]:
    address = await cluster.address()
    connection = await asyncpg.connect(host=str(cluster.folder), user="callcenterd", database="postgres")
    try:
        for statement in MADE:
            await connection.execute(statement)
        opened = Databases({"shop": address})
        yield opened
        await opened.stop()
    finally:
        await connection.execute("DROP TABLE goods")
        await connection.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest) -> Databases:
    found: Databases = request.getfixturevalue("shop" if request.param == "sqlite" else "postgres")
    return found


async def test_the_first_row_and_how_many_there_are(either: Databases) -> None:
    asked = "SELECT name, price, sold, day FROM goods WHERE name = :name OR sold < :sold ORDER BY name DESC"
    rows, first = await either.ask("shop", asked, {"name": "茶", "sold": 2}, ("name", "price", "day"), seconds=5)
    assert (rows, first) == (2, {"name": "茶", "price": 12.5, "day": "2026-11-26"})
    assert await either.ask("shop", asked, {"name": "x' OR '1'='1", "sold": -1}, ("name",), seconds=5) == (0, {})


async def test_a_huge_answer_is_counted_as_far_as_is_wanted(either: Databases) -> None:
    many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i FROM n"
    assert await either.ask("shop", many, {}, ("i",), seconds=10) == (MOST_ROWS, {"i": 1})


async def test_a_question_without_an_end_is_broken_off_and_others_are_answered(either: Databases) -> None:
    """More of them than are asked at once: were they not broken off, nobody would be answered any more."""
    slow = (either.ask("shop", FOREVER, {}, (), seconds=0.3) for _ in range(2 * AT_ONCE))
    ended = await asyncio.gather(*slow, return_exceptions=True)
    assert {type(one) for one in ended} == {TooSlow}
    assert await either.ask("shop", "SELECT count(*) AS c FROM goods", {}, ("c",), seconds=10) == (1, {"c": 2})


async def test_who_no_longer_waits_leaves_no_question_running(shop: Databases) -> None:
    asking = asyncio.create_task(shop.ask("shop", FOREVER, {}, (), seconds=3600))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    all_turns = (shop.ask("shop", "SELECT 1 AS x", {}, ("x",), seconds=10) for _ in range(AT_ONCE))
    assert await asyncio.gather(*all_turns) == [(1, {"x": 1})] * AT_ONCE


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1; DROP TABLE goods",
        "DROP TABLE goods",
        "WITH x AS (SELECT 1) DELETE FROM goods",
        "WITH x AS (SELECT 1) INSERT INTO goods (name) SELECT 'x' FROM x",
        "WITH x AS (SELECT 1) UPDATE goods SET sold = 9",
        "ATTACH DATABASE 'other.db' AS other",
        "PRAGMA query_only = OFF",
        "SELECT * FROM pragma_table_info('goods')",
        "SELECT * FROM pragma_query_only",
        "SELECT load_extension('x')",
        "SELECT zeroblob(1000000000) AS x",
        "SELECT * FROM nothing",
        "SELECT :lacking",
    ],
)
async def test_nothing_but_reading_is_done_in_a_file(shop: Databases, file: Path, statement: str) -> None:
    with unchanged(file), pytest.raises(CannotAsk, match=r"shop|wanted"):
        await shop.ask("shop", statement, {}, (), seconds=5)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1; DROP TABLE goods",
        "WITH x AS (DELETE FROM goods RETURNING 1) SELECT * FROM x",
        "WITH x AS (INSERT INTO goods (name) VALUES ('x') RETURNING 1) SELECT * FROM x",
        "SELECT set_config('transaction_read_only', 'off', true)",
        "SELECT nextval('none')",
        "SELECT * INTO other FROM goods",
        "SELECT * FROM nothing",
        "SELECT CAST(:number AS integer)",
    ],
)
async def test_nothing_but_reading_is_done_in_postgresql(postgres: Databases, statement: str) -> None:
    with pytest.raises(CannotAsk) as refused:
        await postgres.ask("shop", statement, {"number": "4711secret"} if ":" in statement else {}, (), seconds=5)
    assert "4711secret" not in str(refused.value)
    asked = "SELECT count(*) AS n, sum(sold) AS sold FROM goods"
    assert await postgres.ask("shop", asked, {}, ("n", "sold"), seconds=5) == (1, {"n": 2, "sold": 3})


async def test_a_server_that_sleeps_is_broken_off_by_its_own_clock_too(postgres: Databases, cluster: Cluster) -> None:
    with pytest.raises(TooSlow):
        await postgres.ask("shop", "SELECT pg_sleep(60)", {}, (), seconds=0.3)
    watching = await asyncpg.connect(host=str(cluster.folder), user="callcenterd", database="postgres")
    try:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"
        async with asyncio.timeout(10):
            while await watching.fetchval(asked):
                await asyncio.sleep(0.05)
    finally:
        await watching.close()


async def test_a_locked_file_is_an_answer_that_does_not_come(shop: Databases, file: Path) -> None:
    with contextlib.closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CannotAsk):
            await shop.ask("shop", "SELECT 1 FROM goods", {}, (), seconds=0.3)
    assert await shop.ask("shop", "SELECT sold FROM goods", {}, ("sold",), seconds=10) == (2, {"sold": 3})


async def test_a_server_that_never_says_a_word_holds_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        databases = Databases({"dead": f"postgresql://u@127.0.0.1:{port}/x"}, {"dead": "s3cret"})
        async with asyncio.timeout(10):
            for _ in range(2):
                asked = (databases.ask("dead", "SELECT 1", {}, (), seconds=0.2) for _ in range(AT_ONCE + 1))
                ended = await asyncio.gather(*asked, return_exceptions=True)
                assert {type(one) for one in ended} == {TooSlow}
                assert "s3cret" not in str(ended)
            await databases.stop()


async def test_what_cannot_be_asked_is_told_without_what_stands_in_it(shop: Databases, tmp_path: Path) -> None:
    for database, statement, columns, why in [
        ("other", "SELECT 1", (), "not listed in the configuration"),
        ("shop", "SELECT name FROM goods", ("price",), "has no column price"),
        ("shop", "SELECT x'00ff' AS b", ("b",), "of a kind that no variable holds"),
    ]:
        with pytest.raises(CannotAsk, match=why):
            await shop.ask(database, statement, {}, columns, seconds=5)
    with pytest.raises(CannotAsk, match="neither a text nor a number"):
        await shop.ask("shop", "SELECT :a", {"a": [1]}, (), seconds=5)
    lost = Databases({"lost": f"sqlite:///{tmp_path}/none.db"})
    with pytest.raises(CannotAsk, match="unable to open"):
        await lost.ask("lost", "SELECT 1", {}, (), seconds=5)
    await lost.stop()
    assert not (tmp_path / "none.db").exists()
