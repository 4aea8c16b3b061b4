"""One writer for the whole database: everything that is written goes through its queue, in order.

What waits together is committed together. That is what makes a history of hundreds of facts a second cheap: one
transaction costs as much CPU as a dozen rows, so bookkeeping is gathered, changes of one row are merged, and rows
of one table go in one statement. Who waits for `keep` or `run` is told after the commit, never before.

Two kinds of surety. Bookkeeping (call facts, heartbeats, agent states) survives the end of this process; a business
record that a person was told is kept (a note, a customer, the site, a user) survives a power cut as well.
In SQLite that is `synchronous` NORMAL and FULL of a WAL database, in PostgreSQL `synchronous_commit` off and on.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from callcenterd.store.faults import DRIVER_FAULTS, CannotStore, has_no_room, in_a_line, our_fault
from callcenterd.store.schema import metadata

_log = structlog.get_logger(__name__)

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]

MOST_IN_ONE = 500
"""Jobs in one transaction: bounds how long an urgent one waits behind others."""

PAUSE_SECONDS = 0.25
"""Between two tries while the database is locked, full or gone. Bookkeeping waits; a person is told at once."""
_CLOSED = "the database is closed"
MOST_TIMED = 200
"""Transactions of which it is known how long they took."""


@dataclass(frozen=True, slots=True)
class Insert:
    """A new row of bookkeeping. row: every column of the table that has no default of its own."""

    table: sa.Table
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """Columns of one row that are others now. A row that is not there is left so."""

    table: sa.Table
    key: str
    fields: Mapping[str, Any]


Entry = Insert | Change


@dataclass(eq=False, slots=True)
class _Job:
    """Either entries or work, and who waits for it."""

    done: asyncio.Future[Any]
    durable: bool
    entries: Sequence[Entry] = ()
    work: Work[Any] | None = None


class _CommitFailed(Exception):
    """It is not known whether the transaction is in the database: it must not be tried again."""


class _OutOfReach(Exception):
    """The database was locked, full or gone: nothing of the transaction was written."""


class Writer:
    """gather_seconds: how long bookkeeping may wait for more of its kind. Urgent work is never kept waiting."""

    def __init__(self, engine: AsyncEngine, gather_seconds: float) -> None:
        self._engine = engine
        self._gather = gather_seconds
        self._waiting: deque[_Job] = deque()
        self._arrived = asyncio.Event()
        self._urgent = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._out_of_reach_since: float | None = None
        self._took: deque[float] = deque(maxlen=MOST_TIMED)

    def start(self) -> None:
        self._task = asyncio.create_task(self._write(), name="store writer")

    async def stop(self) -> None:
        """Everything given before is written; what comes later is refused."""
        self._stopping = True
        self._arrived.set()
        self._urgent.set()
        if self._task is not None:
            await asyncio.wait([self._task])

    def backlog(self) -> int:
        return len(self._waiting)

    def took(self) -> list[float]:
        """Seconds of each of the last transactions, from its beginning to its commit, the oldest first."""
        return list(self._took)

    async def keep(self, entries: Sequence[Entry]) -> None:
        """Bookkeeping: returns when it is committed. Raises CannotStore, then none of the entries is kept."""
        await self.put(entries)

    def put(self, entries: Sequence[Entry]) -> asyncio.Future[Any]:
        """The same for who has more to put before anybody waits: done when it is committed, with CannotStore if not."""
        return self._give(_Job(asyncio.get_running_loop().create_future(), durable=False, entries=entries))

    async def run(self, work: Work[T], *, durable: bool = True) -> T:
        """One transaction around `work`, and its answer after the commit.

        work may be called twice: if something else in the same transaction failed, each is tried again alone.
        It raises what it likes; then nothing of it is kept, and that error comes back to the caller.
        """
        job = _Job(asyncio.get_running_loop().create_future(), durable=durable, work=work)
        return cast(T, await self._give(job))

    def hurry(self) -> None:
        """Somebody waits for what was put: it is not kept waiting for more."""
        self._urgent.set()

    def _give(self, job: _Job) -> asyncio.Future[Any]:
        if self._stopping or (self._task is not None and self._task.done()):
            raise CannotStore(_CLOSED)
        self._waiting.append(job)
        self._arrived.set()
        if job.work is not None:
            self._urgent.set()
        return job.done

    async def _write(self) -> None:
        try:
            await self._write_on()
        finally:
            _fail(self._waiting, CannotStore(_CLOSED))  # cancelled with the whole loop: nobody is left waiting

    async def _write_on(self) -> None:
        while True:
            await self._arrived.wait()
            if not self._waiting:
                return  # woken to stop
            if self._gather and not self._urgent.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._gather):
                        await self._urgent.wait()
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_IN_ONE))]
            if not self._waiting and not self._stopping:
                self._arrived.clear()
            if not self._stopping and not any(job.work for job in self._waiting):
                self._urgent.clear()
            try:
                await self._together(batch)
            except BaseException:
                _fail(batch, CannotStore(_CLOSED))  # cancelled in the middle: who is not told now never would be
                raise

    async def _together(self, batch: Sequence[_Job]) -> None:
        """All in one transaction; if one of them fails, each by itself, so that it fails alone."""
        begun = asyncio.get_running_loop().time()
        try:
            answers = await self._transaction(batch)
        except _CommitFailed as failed:
            _fail(batch, failed.__cause__ or failed)
        except _OutOfReach as failed:
            await self._keep_for_later(batch, failed.__cause__ or failed)
        except Exception as fault:  # noqa: BLE001  # goes to whoever waits for the job that failed
            if len(batch) == 1:
                _fail(batch, fault)
                return
            for job in batch:
                await self._together([job])
        else:
            self._took.append(asyncio.get_running_loop().time() - begun)
            self._in_reach_again()
            for job, answer in zip(batch, answers, strict=True):
                if not job.done.done():  # who waited may have been cancelled; the row is kept all the same
                    job.done.set_result(answer)

    async def _keep_for_later(self, batch: Sequence[_Job], fault: BaseException) -> None:
        """Bookkeeping goes back to the head of the queue until it can be written; who asks in person is told now.

        How much may wait is bounded by who brings it (`switchboard.history`).
        """
        if self._out_of_reach_since is None:
            self._out_of_reach_since = asyncio.get_running_loop().time()
            _log.error("the database cannot be written, what happens is kept in memory", why=in_a_line(fault))
        again = [job for job in batch if not self._stopping and job.work is None]
        _fail((job for job in batch if job not in again), fault)
        if again:
            self._waiting.extendleft(reversed(again))
            self._arrived.set()
            await asyncio.sleep(PAUSE_SECONDS)

    def _in_reach_again(self) -> None:
        if self._out_of_reach_since is not None:
            seconds = asyncio.get_running_loop().time() - self._out_of_reach_since
            _log.warning("the database can be written again", seconds=round(seconds, 1))
            self._out_of_reach_since = None

    async def _transaction(self, batch: Sequence[_Job]) -> list[Any]:
        async with contextlib.AsyncExitStack() as ending:
            try:
                connection = await ending.enter_async_context(self._engine.connect())
                await _begin(connection, durable=any(job.durable for job in batch))
            except DRIVER_FAULTS as fault:
                raise _OutOfReach from fault
            try:
                answers = await _write_all(connection, batch)
            except sa.exc.DBAPIError as fault:
                if fault.connection_invalidated or has_no_room(fault):
                    raise _OutOfReach from fault
                raise
            try:
                await connection.commit()
            except Exception as fault:
                raise (_OutOfReach if has_no_room(fault) else _CommitFailed) from fault
        return answers


async def _write_all(connection: AsyncConnection, batch: Sequence[_Job]) -> list[Any]:
    """Every job's answer. Entries are gathered up to the next work, which sees what was told before it."""
    answers: list[Any] = []
    gathered: list[Entry] = []
    for job in batch:
        if job.work is None:
            gathered += job.entries
            answers.append(None)
        else:
            await _keep(connection, gathered)
            gathered.clear()
            answers.append(await job.work(connection))
    await _keep(connection, gathered)
    return answers


def _fail(batch: Iterable[_Job], fault: BaseException) -> None:
    for job in batch:
        if not job.done.done():
            job.done.set_exception(our_fault(fault))


async def _begin(connection: AsyncConnection, *, durable: bool) -> None:
    if connection.dialect.name != "sqlite":
        if not durable:
            await connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
        return
    wanted = "FULL" if durable else "NORMAL"
    if connection.info.get("synchronous") != wanted:
        await connection.exec_driver_sql(f"PRAGMA synchronous={wanted}")
        connection.info["synchronous"] = wanted
    # At once, not at the first write: a reader that becomes a writer half-way can only fail, not wait.
    await connection.exec_driver_sql("BEGIN IMMEDIATE")


async def _keep(connection: AsyncConnection, entries: Iterable[Entry]) -> None:
    """New rows first, in the order in which tables refer to each other; then what changed, each row once.

    What changed in a row that is itself new is written with it: a call that is answered at once is one row.
    """
    new: dict[sa.Table, list[dict[str, Any]]] = {}
    by_id: dict[tuple[sa.Table, str], dict[str, Any]] = {}
    changed: dict[tuple[sa.Table, str], dict[str, Any]] = {}
    for entry in entries:
        match entry:
            case Insert():
                row = dict(entry.row)
                new.setdefault(entry.table, []).append(row)
                if "id" in row:
                    by_id[entry.table, row["id"]] = row
            case Change():
                fresh = by_id.get((entry.table, entry.key))
                if fresh is not None and fresh.keys() >= entry.fields.keys():
                    fresh.update(entry.fields)
                else:
                    changed.setdefault((entry.table, entry.key), {}).update(entry.fields)
    if len(new) > 1:
        new = {table: new[table] for table in metadata.sorted_tables if table in new}
    for table, rows in new.items():
        await connection.execute(table.insert(), rows)
    alike: dict[tuple[sa.Table, tuple[str, ...]], list[dict[str, Any]]] = {}
    for (table, key), fields in changed.items():
        values = {f"new_{name}": value for name, value in fields.items()}
        alike.setdefault((table, tuple(sorted(fields))), []).append({"the_id": key, **values})
    for (table, columns), changes in alike.items():
        await connection.execute(_update(table, columns), changes)


@functools.lru_cache(maxsize=256)
def _update(table: sa.Table, columns: tuple[str, ...]) -> sa.Update:
    return (
        table.update()
        .where(table.c.id == sa.bindparam("the_id"))
        .values({name: sa.bindparam(f"new_{name}") for name in columns})
    )
