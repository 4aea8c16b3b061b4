"""Real databases for tests: a SQLite file, and a PostgreSQL cluster of our own, started once for all tests.

The cluster listens on a Unix socket in a folder of its own only, belongs to an unprivileged user (PostgreSQL
refuses root), and dies with the tests. Debian's package `postgresql` has its programs.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import os
import pkgutil
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from callcenterd.store.database import Store
from callcenterd.store.migrations import versions
from tests.kit.virtual import VirtualClock

SHIPPED: dict[str, list[tuple[str, str, str]]] = {
    dictionary: values
    for _, name, _ in pkgutil.iter_modules(versions.__path__)
    for dictionary, values in getattr(importlib.import_module(f"{versions.__name__}.{name}"), "SHIPPED", {}).items()
}
"""Dictionary → its values: code, Chinese and English name; of every migration that ships some."""
OWNER = "callcenterd"
KINDS = ("sqlite", "postgresql")
_START_SECONDS = 20.0
_CUT_OFF = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


class Cluster:
    """One database, emptied for each test that asks for its address: making tables takes longer than most tests."""

    def __init__(self) -> None:
        self._programs = _programs()
        # Not under pytest's folder: that one is closed to other users, and a socket's path must be short.
        self.folder = Path(tempfile.mkdtemp(prefix="ccpg-"))
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        user = _unprivileged()
        if user is not None:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        data = self.folder / "data"
        making = [str(self._programs / "initdb"), "-D", str(data), "-U", OWNER, "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [*_as(user), *making, "--locale=C.UTF-8", "--no-sync"], check=True, capture_output=True, cwd=self.folder
        )
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "fsync": "off",  # these databases never outlive the tests
            "max_connections": "60",
        }
        options = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("wb") as log:
            self._server = subprocess.Popen(
                [*_as(user), str(self._programs / "postgres"), "-D", str(data), *options],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
            )
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        asking = [str(self._programs / "pg_isready"), "-q", "-h", str(self.folder), "-U", OWNER]
        until = time.monotonic() + _START_SECONDS
        while subprocess.run(asking, check=False).returncode != 0:
            assert self._server is not None
            if self._server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()}")
            time.sleep(0.05)

    def stop(self) -> None:
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)  # "immediate": there is nothing to keep
            self._server.wait(20)
        shutil.rmtree(self.folder)

    async def address(self) -> str:
        """The URL of a database with no rows but those that ship. Nobody of an earlier test is connected any more."""
        async with self._admin() as admin:
            await admin.execute(_CUT_OFF)
            tables = await admin.fetch(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
            )
            if tables:
                await self._empty(admin, [row["tablename"] for row in tables])
        return self._url("postgres")

    async def _empty(self, admin: Any, tables: list[str]) -> None:
        """As TRUNCATE does, which makes new files for each table and index, a hundred and more: of those that have
        rows only, and that is a handful."""
        asking = " UNION ALL ".join(f"(SELECT '{table}' FROM \"{table}\" LIMIT 1)" for table in tables)
        counted = await admin.fetch("SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL")
        filled = [row[0] for row in await admin.fetch(asking)]
        steps = ["SET session_replication_role = replica"]  # their order does not matter then
        steps += [f'DELETE FROM "{table}"' for table in filled]
        steps += [f'ALTER SEQUENCE "{row[0]}" RESTART' for row in counted]
        await admin.execute("; ".join(steps))
        await admin.executemany(
            "INSERT INTO dictionary_values (dictionary, code, position, chinese, english) VALUES ($1, $2, $3, $4, $5)",
            [
                (dictionary, code, n, chinese, english)
                for dictionary, shipped in SHIPPED.items()
                for n, (code, chinese, english) in enumerate(shipped)
            ],
        )

    async def nowhere(self) -> str:
        """The URL of a database without a table."""
        async with self._admin() as admin:
            await admin.execute("DROP DATABASE IF EXISTS nowhere WITH (FORCE)")
            await admin.execute("CREATE DATABASE nowhere")
        return self._url("nowhere")

    def _url(self, database: str) -> str:
        return f"postgresql://{OWNER}@/{database}?host={self.folder}"

    async def cut_off(self) -> None:
        """End every connection but our own, as a restart of the database does."""
        async with self._admin() as admin:
            await admin.execute(_CUT_OFF)

    @contextlib.asynccontextmanager
    async def _admin(self) -> AsyncIterator[Any]:
        admin = await asyncpg.connect(host=str(self.folder), user=OWNER, database="postgres")
        try:
            yield admin
        finally:
            await admin.close()


def _programs() -> Path:
    """Debian keeps them apart by version; others have them on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    beside = shutil.which("initdb")
    if not found and beside is None:
        raise RuntimeError("these tests need PostgreSQL's programs: apt-get install postgresql")
    return found[-1].parent if found else Path(str(beside)).parent


def _unprivileged() -> pwd.struct_passwd | None:
    """Who the cluster belongs to, if we are root."""
    if os.getuid() != 0:
        return None
    names = {user.pw_name: user for user in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _as(user: pwd.struct_passwd | None) -> list[str]:
    """The server must not outlive tests that are killed: it gets a signal when its parent dies."""
    who = [] if user is None else [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return ["setpriv", *who, "--pdeathsig", "INT", "--"]


@functools.cache
def _tables() -> bytes:
    """A SQLite file after all migrations, with no rows but those that ship. They are gone through once, in a thread:
    whoever asks may have a loop that runs."""

    async def make(path: Path) -> None:
        await (await Store.open(path, clock=VirtualClock())).close()

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as aside:
        path = Path(folder) / "made.db"
        aside.submit(asyncio.run, make(path)).result()
        return path.read_bytes()


def with_tables(path: Path) -> Path:
    """Put a database there as a first start leaves it: what takes half a second of CPU, without that. Answers path."""
    path.touch(mode=0o600)
    path.write_bytes(_tables())
    return path


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    running = Cluster()
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture(params=KINDS)
async def address(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    """Where a database is that has no rows but those that ship: once a file, once in PostgreSQL."""
    if request.param == "sqlite":
        return with_tables(tmp_path / "callcenter.db")
    cluster: Cluster = request.getfixturevalue("cluster")
    return await cluster.address()


@pytest.fixture(params=KINDS)
async def nowhere(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    """Where a database is to be made: no file, or no table."""
    if request.param == "sqlite":
        return tmp_path / "callcenter.db"
    cluster: Cluster = request.getfixturevalue("cluster")
    return await cluster.nowhere()


@pytest.fixture
async def store(address: str | Path, clock: VirtualClock) -> AsyncIterator[Store]:
    """An open store, on each kind of database."""
    opened = await Store.open(address, clock=clock)
    try:
        yield opened
    finally:
        await opened.close()
