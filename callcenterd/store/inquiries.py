"""Databases of the office's that flows may ask (the node sql): to read, never for ever, never by the one that we keep.

What a caller keys goes in as values, but the question itself stands in a file that is passed on by mail; so it is the
connection that can write nothing. SQLite: opened to read (`mode=ro`), `query_only`, an authorizer that lets nothing
through but reading, bounds on lengths, and a progress handler that breaks a question off. PostgreSQL: a transaction
that is READ ONLY, a time of its own on the server, and one statement, as its protocol has it for questions with values.

A database that hangs holds up at most AT_ONCE questions, which wait for nobody's call: whoever asks is answered in
time, and what still runs is broken off, or left to end by itself with its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol, TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from callcenterd.errors import CallcenterdError
from callcenterd.model import statements
from callcenterd.store.engine import address_of
from callcenterd.store.faults import DRIVER_FAULTS, in_a_line

AT_ONCE = 4
"""Questions that one database is asked at the same time; others wait for their turn, within their own time."""
MOST_ROWS = 200
MAX_OCTETS = 1_000_000
"""Of one value or row within SQLite."""
LOOK_EVERY = 10_000
"""Steps of SQLite's machine between two looks whether the answer is still wanted: about a millisecond."""

Value: TypeAlias = str | int | float | bool | None
Answer: TypeAlias = tuple[int, dict[str, Value]]
"""How many rows there are, up to MOST_ROWS, and the wanted columns of the first."""


class CannotAsk(CallcenterdError):
    """The question cannot be asked, or its answer is none. Says nothing of what stands in the database."""


class TooSlow(CannotAsk):
    """It has not answered in time."""


class _Source(Protocol):
    async def ask(
        self, statement: str, values: Mapping[str, Value], columns: Sequence[str], seconds: float
    ) -> Answer: ...

    async def stop(self) -> None: ...


class Databases:
    """addresses: by name, sqlite:///path or postgresql://user@host/name. passwords: by name, if not in the address."""

    def __init__(self, addresses: Mapping[str, str] | None = None, passwords: Mapping[str, str] | None = None) -> None:
        self._addresses = {name: address_of(text) for name, text in (addresses or {}).items()}
        for name, password in (passwords or {}).items():
            if name in self._addresses:
                self._addresses[name] = self._addresses[name].set(password=password)
        self._sources: dict[str, _Source] = {}
        self._running: set[asyncio.Task[Answer]] = set()

    async def ask(
        self,
        database: str,
        statement: str,
        values: Mapping[str, Any],
        columns: Sequence[str] = (),
        *,
        seconds: float,
    ) -> Answer:
        """Raises CannotAsk, TooSlow. columns: that the first row must have."""
        if (fault := statements.fault_of(statement)) or len(statement) > statements.MAX_STATEMENT:
            raise CannotAsk(fault or f"at most {statements.MAX_STATEMENT} characters of SQL are wanted")
        for name, value in values.items():
            if not (value is None or isinstance(value, str | int | float)):
                raise CannotAsk(f"the value of :{name} is neither a text nor a number")
        asking = asyncio.create_task(self._source(database).ask(statement, values, columns, seconds))
        self._running.add(asking)
        asking.add_done_callback(self._over)
        try:
            # Not `timeout`: that would wait for the end of what is cancelled, which a dead database can put off.
            await asyncio.wait({asking}, timeout=seconds)
            if not asking.done():
                raise TooSlow(f"{database} has not answered in {seconds:g} s")
            return asking.result()
        except TimeoutError:
            raise TooSlow(f"{database} has not answered in {seconds:g} s") from None
        except CannotAsk as why:
            raise type(why)(f"{database}: {why}") from None if not isinstance(why, TooSlow) else why
        finally:
            asking.cancel()

    async def stop(self) -> None:
        """What still runs is broken off; one that does not let itself be is not waited for."""
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=1)
        for source in self._sources.values():
            await source.stop()

    def _over(self, asking: asyncio.Task[Answer]) -> None:
        self._running.discard(asking)
        if not asking.cancelled():
            asking.exception()  # nobody may wait for it any more; then it is no news that it failed

    def _source(self, database: str) -> _Source:
        if database not in self._addresses:
            raise CannotAsk(f"{database} is not listed in the configuration (business.databases)")
        if database not in self._sources:
            address = self._addresses[database]
            known = address.get_backend_name() == "sqlite"
            self._sources[database] = _Sqlite(address) if known else _Postgresql(address)
        return self._sources[database]


# ---- SQLite -----------------------------------------------------------------------------------------------


class _Sqlite:
    def __init__(self, address: sa.URL) -> None:
        self._uri = f"{Path(address.database or '').resolve().as_uri()}?mode=ro"
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="inquiry")

    async def ask(self, statement: str, values: Mapping[str, Value], columns: Sequence[str], seconds: float) -> Answer:
        unwanted = threading.Event()
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._threads, self._ask, statement, values, columns, seconds, unwanted)
        try:
            return await work
        finally:
            unwanted.set()

    async def stop(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask(
        self,
        statement: str,
        values: Mapping[str, Value],
        columns: Sequence[str],
        seconds: float,
        unwanted: threading.Event,
    ) -> Answer:
        if unwanted.is_set():
            raise CannotAsk("nobody waits for it any more")
        try:
            with contextlib.closing(sqlite3.connect(self._uri, uri=True, timeout=seconds)) as connection:
                connection.isolation_level = None
                connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_OCTETS)
                connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
                connection.execute("PRAGMA query_only = ON")
                connection.execute("PRAGMA trusted_schema = OFF")
                connection.set_authorizer(_may)
                connection.set_progress_handler(unwanted.is_set, LOOK_EVERY)
                found = connection.execute(statement, dict(values))
                named = [name for name, *_ in found.description or ()]
                return _answer(named, found, columns)
        except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeError) as fault:
            raise CannotAsk(in_a_line(fault)) from None


_READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})


def _may(action: int, _first: str | None, second: str | None, _database: str | None, _inside: str | None) -> int:
    """What a question may do while SQLite compiles it. Functions load no code."""
    loads = action == sqlite3.SQLITE_FUNCTION and (second or "").lower() == "load_extension"
    return sqlite3.SQLITE_OK if action in _READING and not loads else sqlite3.SQLITE_DENY


# ---- PostgreSQL -------------------------------------------------------------------------------------------


class _Postgresql:
    """A connection for each question: none is kept that the database has meanwhile forgotten, and none brings what an
    earlier question left behind."""

    def __init__(self, address: sa.URL) -> None:
        self._engine = create_async_engine(address, poolclass=NullPool, hide_parameters=True)
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def ask(self, statement: str, values: Mapping[str, Value], columns: Sequence[str], seconds: float) -> Answer:
        asked = sa.text(statements.with_escaped_colons(statement))
        try:
            async with self._turns, asyncio.timeout(seconds), self._engine.connect() as connection, connection.begin():
                await connection.execute(sa.text("SET TRANSACTION READ ONLY"))
                limit = {"limit": f"{math.ceil(seconds * 1000)}ms"}
                await connection.execute(sa.text("SELECT set_config('statement_timeout', :limit, true)"), limit)
                wanted = asked.execution_options(yield_per=20)
                async with connection.stream(wanted, dict(values)) as found:
                    rows = [tuple(row) async for row in _some(found)]
                    return _answer(list(found.keys()), rows, columns)
        except DRIVER_FAULTS as fault:
            if isinstance(fault, TimeoutError):
                raise
            raise CannotAsk(_kind_of(fault)) from None

    async def stop(self) -> None:
        await self._engine.dispose()


async def _some(found: Any) -> Any:
    n = 0
    async for row in found:
        yield row
        n += 1
        if n == MOST_ROWS:
            return


def _kind_of(fault: BaseException) -> str:
    """PostgreSQL quotes values in what it says ("invalid input syntax for type integer: …"): only its kind is told."""
    told = getattr(fault, "orig", None) or fault
    inner = getattr(told, "__cause__", None) or told
    return type(inner).__name__


# ---- rows -------------------------------------------------------------------------------------------------


def _answer(named: Sequence[str], rows: Iterable[Sequence[Any]], columns: Sequence[str]) -> Answer:
    if lacking := [column for column in columns if column not in named]:
        raise CannotAsk(f"the answer has no column {lacking[0]}")
    count, first = 0, {}
    for row in rows:
        if not count:
            first = {column: _plain(column, row[named.index(column)]) for column in columns}
        count += 1
        if count == MOST_ROWS:
            break
    return count, first


_WRITTEN: Mapping[type, Callable[[Any], str]] = {
    datetime: lambda value: str(value.isoformat(sep=" ", timespec="seconds")),
    date: date.isoformat,
    time: lambda value: str(value.isoformat(timespec="seconds")),
    UUID: str,
}


def _plain(column: str, value: Any) -> Value:
    """As a variable can hold it: an amount as a number, a date as people sort it."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Decimal) and value.is_finite():
        return int(value) if value == value.to_integral_value() else float(value)
    if (written := _WRITTEN.get(type(value))) is not None:
        return written(value)
    raise CannotAsk(f"column {column} has a value of a kind that no variable holds ({type(value).__name__})")
