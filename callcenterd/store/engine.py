"""The two ways into the database: many readers, one writer; the same for SQLite and PostgreSQL.

SQLite: a WAL file, so that readers never wait for the writer nor it for them; foreign keys on. PostgreSQL is
reached by asyncpg. Readers are in autocommit: each question sees what was committed when it was asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from callcenterd.errors import Refused
from callcenterd.store import pages
from callcenterd.store.faults import DRIVER_FAULTS, CannotStore, ours
from callcenterd.store.hidden import replaced
from callcenterd.store.pages import MOST_ROWS, bounded
from callcenterd.store.schema import storable
from callcenterd.store.search import Words
from callcenterd.store.writer import Entry, T, Work, Writer

__all__ = ["MOST_ROWS", "Beside", "CannotStore", "Database", "TooLong", "address_of", "bounded"]

_TOGETHER: ContextVar[list[asyncio.Future[Any]] | None] = ContextVar("together", default=None)
_BESIDE: ContextVar[Beside | None] = ContextVar("beside", default=None)
READERS = 6
MOST_MADE_UP = 2
"""Questions that somebody makes up, at a time."""
MOST_LISTS = 3
"""Pages of lists that are read at a time."""
LIST_SECONDS = 2.0
"""For one page of a list."""
LEAST_LOOKED_OVER = 32_000_000
"""Octets of a file of SQLite, from which on it matters which way a question goes."""
_SAMPLE = 1000
"""Rows that are read of each index, to tell how many there are of a kind."""
_LOOK_EACH = 10_000
"""Steps of SQLite's machine between two looks at the time: about a millisecond."""
SQLITE_FILES = ("", "-wal", "-shm")
"""What stands behind a database's name in those of its files."""
_CANCELLED = "57014"
"""PostgreSQL's word for a statement that was ended."""
BUSY_SECONDS = 2.0
"""How long SQLite waits for another process that writes (a restore check, an operator's shell)."""


def address_of(database: str | Path) -> sa.URL:
    """A path, or a URL. Raises sqlalchemy.exc.ArgumentError if it is neither that we know."""
    text = str(database)
    if isinstance(database, Path) or "://" not in text:
        return sa.URL.create("sqlite+aiosqlite", database=text)
    address = sa.make_url(text)
    match address.get_backend_name():
        case "sqlite":
            return address.set(drivername="sqlite+aiosqlite")
        case "postgresql" | "postgres":
            return address.set(drivername="postgresql+asyncpg")
        case other:
            raise sa.exc.ArgumentError(f"{other} is not known, only sqlite and postgresql")


class Database:
    """One for a store. Used from the event loop's thread only."""

    def __init__(self, address: sa.URL, *, gather_seconds: float = 0.0) -> None:
        self.address = address
        self._writing = _engine(address, size=1, reading=False)
        self._reading = _engine(address, size=READERS, reading=True)
        self.writer = Writer(self._writing, gather_seconds)
        self._made_up = asyncio.Semaphore(MOST_MADE_UP)
        self._lists = asyncio.Semaphore(MOST_LISTS)

    @property
    def is_sqlite(self) -> bool:
        return self.address.get_backend_name() == "sqlite"

    async def close(self) -> None:
        await self.writer.stop()
        await self._reading.dispose()
        await self._writing.dispose()

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[AsyncConnection]:
        """The writer's connection in a transaction, before the writer is started: for migrations."""
        async with self._writing.begin() as connection:
            if self.is_sqlite:
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    async def rows(self, query: sa.Executable, values: Mapping[str, Any] | None = None) -> Sequence[sa.Row[Any]]:
        """All rows of one question. The question says its bound. Raises CannotStore.

        values: of its bound parameters, for a question that is built once and asked in every call.
        """
        with ours():
            async with self._reading.connect() as connection:
                return (await connection.execute(query, values)).all()

    async def row(self, query: sa.Executable) -> sa.Row[Any] | None:
        """The first row, or None. Raises CannotStore."""
        with ours():
            async with self._reading.connect() as connection:
                return (await connection.execute(query)).first()

    async def read(self, work: Work[T]) -> T:
        """Several questions on one connection of readers. Raises CannotStore."""
        with ours():
            async with self._reading.connect() as connection:
                return await work(connection)

    async def page(
        self,
        query: sa.Select[Any],
        order: Sequence[sa.ColumnElement[Any]],
        limit: int,
        offset: int,
        key: sa.ColumnElement[Any] | None = None,
        words: Sequence[Words] = (),
    ) -> tuple[Sequence[sa.Row[Any]], int]:
        """One page of the rows in that order, and how many there are in all.

        key: of the rows of a list that may be very long, see `pages.page`; words: what is looked for in it. Raises
        TooLong, CannotStore.
        """
        async with self.listing() as connection:
            if words:
                assert key is not None, "candidates are keys"
                conditions, _ = await pages.narrowed(connection, key, words)
                query = query.where(*conditions)
            return await pages.page(connection, query, order, limit, offset, key)

    def listing(self) -> contextlib.AbstractAsyncContextManager[AsyncConnection]:
        """A reader for a page of a list: what takes too long is ended. Raises TooLong, CannotStore."""
        return self._timed(LIST_SECONDS, self._lists)

    def timed(self, seconds: float) -> contextlib.AbstractAsyncContextManager[AsyncConnection]:
        """A reader for questions that somebody makes up: all of them together take so long at most, then the database
        ends the one that runs. Few at a time, so that there are always readers for calls. Raises TooLong, CannotStore.
        """
        return self._timed(seconds, self._made_up)

    @contextlib.asynccontextmanager
    async def _timed(self, seconds: float, places: asyncio.Semaphore) -> AsyncIterator[AsyncConnection]:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        guard = _Guard(loop.time, until)
        async with contextlib.AsyncExitStack() as held:
            try:
                async with asyncio.timeout(seconds):
                    await held.enter_async_context(places)
                    connection = await self._reading.connect()
            except TimeoutError:
                raise TooLong(seconds) from None
            try:
                with ours():
                    await self._limit(connection, guard, until - loop.time())
                    yield connection
            except CannotStore as fault:
                if guard.ended or getattr(getattr(fault.__cause__, "orig", None), "sqlstate", "") == _CANCELLED:
                    raise TooLong(seconds) from fault
                raise
            finally:
                guard.until = math.inf  # at once, whatever ends this: the next one's questions have a time of their own
                with ours():
                    await self._unlimit(connection)
                    await connection.close()

    async def _limit(self, connection: AsyncConnection, guard: _Guard, seconds: float) -> None:
        if self.is_sqlite:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None, "it was just opened"
            await driver.set_progress_handler(guard.look, _LOOK_EACH)
        else:
            await connection.exec_driver_sql(f"SET statement_timeout = {max(int(seconds * 1000), 1)}")

    async def _unlimit(self, connection: AsyncConnection) -> None:
        if connection.invalidated or connection.closed:
            return
        if self.is_sqlite:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None, "it is open"
            await driver.set_progress_handler(None, 0)
        else:
            try:
                await connection.exec_driver_sql("RESET statement_timeout")
            except DRIVER_FAULTS:
                # It has the limit itself, and may be ended by it: nobody shall have this connection again.
                await connection.invalidate()

    async def keep(self, *entries: Entry) -> None:
        given = self.writer.put(entries)
        together = _TOGETHER.get()
        if together is None:
            await given
        else:
            together.append(given)

    @contextlib.asynccontextmanager
    async def together(self) -> AsyncIterator[list[BaseException]]:
        """What this task keeps in here is waited for at the end, all at once: a task for each would cost far more.

        Answers a list, which then holds the fault of each entry that could not be kept.
        """
        given: list[asyncio.Future[Any]] = []
        faults: list[BaseException] = []
        before = _TOGETHER.set(given)
        try:
            yield faults
        finally:
            _TOGETHER.reset(before)
        for one in given:
            try:
                await one
            except CannotStore as fault:
                faults.append(fault)

    async def look_over(self) -> None:
        """See `Store.look_over`. Raises CannotStore."""
        if self.is_sqlite:
            await self.writer.run(self.look_over_in, durable=False)
            await self._reading.dispose()  # readers know it when they are opened

    async def look_over_in(self, connection: AsyncConnection) -> None:
        """A sample of each index is read: 0.1 s with ten million rows. A small file needs none."""
        if not self.is_sqlite:
            return
        pages_, size = [
            int((await connection.exec_driver_sql(f"PRAGMA {what}")).scalar_one())
            for what in ("page_count", "page_size")
        ]
        if pages_ * size >= LEAST_LOOKED_OVER:
            await connection.exec_driver_sql(f"PRAGMA analysis_limit={_SAMPLE}")
            await connection.exec_driver_sql("ANALYZE")

    async def octets(self) -> int:
        """What the database takes on its disk; of SQLite with the files beside it. Raises CannotStore."""
        if not self.is_sqlite:
            row = await self.row(sa.text("SELECT pg_database_size(current_database()) AS octets"))
            return 0 if row is None else int(row.octets)
        return await asyncio.to_thread(lambda: sum(file.stat().st_size for file in self.files() if file.exists()))

    def files(self) -> list[Path]:
        """Of SQLite, whether they are there now or not; of PostgreSQL none are ours."""
        return [Path(f"{self.address.database}{end}") for end in SQLITE_FILES] if self.is_sqlite else []

    async def write(self, work: Work[T], *, durable: bool = True) -> T:
        beside = _BESIDE.get() if durable else None
        if beside is None or not beside.wanted:
            return await self.writer.run(work, durable=durable)
        answer = await self.writer.run(beside.with_(work))
        beside.kept = True
        return answer


class Beside:
    """Something that is written with the first durable thing that is written within it: both are kept, or neither.

    kept: it is in the database.
    """

    def __init__(self, work: Work[None]) -> None:
        self._work = work
        self._over = False
        self.kept = False

    @property
    def wanted(self) -> bool:
        """Tasks that were begun within it write on when it is over."""
        return not (self.kept or self._over)

    def with_(self, work: Work[T]) -> Work[T]:
        async def both(connection: AsyncConnection) -> T:
            answer = await work(connection)
            await self._work(connection)
            return answer

        return both

    @contextlib.contextmanager
    def within(self) -> Iterator[None]:
        before = _BESIDE.set(self)
        try:
            yield
        finally:
            self._over = True
            _BESIDE.reset(before)


class TooLong(Refused):
    """The database was told to end a question that took too long."""

    def __init__(self, seconds: float) -> None:
        why = f"takes longer than {seconds:g} seconds"
        super().__init__(f"the query {why}: ask for less", {"where": why})


@dataclass(slots=True)
class _Guard:
    """Asked by SQLite's thread, every now and then, whether to go on. until: of the same clock as now."""

    now: Callable[[], float]
    until: float
    ended: bool = False

    def look(self) -> int:
        """Not 0: no."""
        if self.now() < self.until:
            return 0
        self.ended = True
        return 1


def _engine(address: sa.URL, *, size: int, reading: bool) -> AsyncEngine:
    ways: dict[str, Any] = {}
    if address.get_backend_name() == "sqlite":
        ways["connect_args"] = {"timeout": BUSY_SECONDS}
    else:
        ways["connect_args"] = {
            "timeout": 10,
            "command_timeout": 60,
            # No question of ours is worth being compiled: that alone takes longer than most of them.
            "server_settings": {"application_name": "callcenterd", "timezone": "UTC", "jit": "off"},
        }
        ways["pool_pre_ping"] = reading  # a database that was restarted costs no reader its answer
    if reading:
        ways |= {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}
    engine = create_async_engine(
        address,
        pool_size=size,
        max_overflow=0,
        pool_timeout=30,
        # A transaction of ours is always ended by us; the pool's own roll-back would be a thread's round trip more.
        pool_reset_on_return=None,
        json_serializer=_json,
        **ways,
    )
    if address.get_backend_name() == "sqlite":
        _prepare_sqlite(engine, reading=reading)
    return engine


def _json(value: Any) -> str:
    """Chinese stays Chinese, so that it can be searched and read."""
    return json.dumps(_storable(value), ensure_ascii=False, separators=(",", ":"))


def _storable(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case dict():
            return {storable(str(key)): _storable(item) for key, item in value.items()}
        case list() | tuple():
            return [_storable(item) for item in value]
        case _:
            return value


def _prepare_sqlite(engine: AsyncEngine, *, reading: bool) -> None:
    @sa.event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver begins no transaction by itself: the writer says BEGIN
        cursor = connection.cursor()
        if not reading:
            cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA cache_size=-{4_000 if reading else 16_000}")  # KiB; the system caches the file too
        if reading:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()
        connection.create_function("regexp_replace", 4, replaced, deterministic=True)
