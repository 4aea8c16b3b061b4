"""An office with 1,000,000 customers, three fields of its own, and up to 10,000,000 calls of two years, as a file.

Written past the store, for that would take hours: tables first, then their indexes, and what the triggers would have
written. It is kept beside git, in the user's cache folder (XDG_CACHE_HOME), and made anew when the tables are others.
"""

from __future__ import annotations

import functools
import os
import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.pops import _GIVEN, _SURNAMES, number_of
from callcenterd.clock import SystemClock
from callcenterd.errors import CannotStart
from callcenterd.model.fields import FieldChoice, NewField
from callcenterd.store.customers import readings
from callcenterd.store.database import Store
from callcenterd.store.words import words_of

CUSTOMERS = 1_000_000
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "callcenterd-bench"
TRUNK = "02088886666"
"""The office's own number: on every call."""
_CHUNK = 20_000
_LEVELS = ("normal", "normal", "normal", "silver", "gold", "vip", "")
_QUEUES = ("sales", "service", "complaints", None)
_AGENTS = tuple(str(n) for n in range(1001, 1031))
_OUTCOMES = ("answered", "answered", "answered", "abandoned", "no_answer", "voicemail", "flow")
_INDEXED = (
    "INSERT INTO customer_search (rowid, words) SELECT id, words || char(10, 10) FROM customers ORDER BY id",
    "INSERT INTO phone_search (rowid, words) SELECT customer_id * 1000 + position, digits || char(10, 10) FROM phones"
    " ORDER BY customer_id, position",
    "INSERT INTO call_line_search (rowid, words) SELECT id, words || char(10, 10) FROM call_lines ORDER BY id",
)
"""What the triggers of a migration write, see `store.search`: all at once takes a tenth of the time."""


async def office(calls: int) -> Path:
    """The file. calls: how many."""
    CACHE.mkdir(parents=True, exist_ok=True)
    path = CACHE / f"million-{calls}.db"
    if path.exists():
        try:
            await (await Store.open(path, clock=SystemClock())).close()
        except CannotStart:
            path.unlink()
        else:
            return path
    making = path.with_suffix(".part")
    for one in CACHE.glob(f"{making.name}*"):
        one.unlink()
    store = await Store.open(making, clock=SystemClock())
    choices = tuple(FieldChoice(code=code, chinese=code, english=code) for code in ("a", "b", "c"))
    for name, type_, more in (
        ("score", "number", {}),
        ("plan", "choice", {"choices": choices}),
        ("birthday", "date", {}),
    ):
        await store.fields.add(
            NewField(kind="customer", name=name, type=type_, chinese=name, english=name, **more)  # type: ignore[arg-type]  # three types of fields
        )
    await store.close()
    _fill(making, calls)
    making.rename(path)
    return path


def _fill(path: Path, calls: int) -> None:
    chance = random.Random(1)
    base = sqlite3.connect(path, isolation_level=None)
    base.execute("PRAGMA journal_mode=OFF")
    base.execute("PRAGMA synchronous=OFF")
    base.execute("PRAGMA cache_size=-500000")
    kept = base.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
        " AND tbl_name IN ('customers', 'phones', 'calls', 'custom_values', 'call_lines')"
    ).fetchall()
    for type_, name, _ in kept:
        base.execute(f"DROP {type_} {name}")
    now = datetime.now(UTC)
    for first in range(0, CUSTOMERS, _CHUNK):
        base.execute("BEGIN")
        _customers(base, range(first, first + _CHUNK), chance, now)
        base.execute("COMMIT")
    called = bytearray(CUSTOMERS)
    for first in range(0, calls, _CHUNK):
        base.execute("BEGIN")
        rows = (_call(n, calls, chance, now, called) for n in range(first, min(first + _CHUNK, calls)))
        _insert(base, "calls", _CALL, rows)
        base.execute("COMMIT")
    base.execute("BEGIN")
    lines = (
        (f"+86{written}", f"{written}\n+86{written}")
        for n in range(CUSTOMERS)
        if called[n]
        for written in [number_of(n)]
    )
    _insert(base, "call_lines", ("line", "words"), lines)
    _insert(base, "call_lines", ("line", "words"), iter([("+862088886666", f"{TRUNK}\n+862088886666")]))
    base.execute("COMMIT")
    for type_, _, sql in sorted(kept):
        if type_ == "index":
            base.execute(sql)
    for sql in _INDEXED:
        base.execute(sql)
    for type_, _, sql in kept:
        if type_ == "trigger":
            base.execute(sql)
    base.execute("ANALYZE")
    base.execute("PRAGMA journal_mode=WAL")
    base.close()


def _insert(base: sqlite3.Connection, table: str, columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> None:
    marks = ", ".join("?" * len(columns))
    base.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


@functools.lru_cache(maxsize=100_000)
def readings_of(name: str) -> tuple[str, ...]:
    return tuple(readings(name))


_CUSTOMER = ("id", "name", "card", "company", "level", "words", "created_at", "changed_at", "owner")
_PHONE = ("customer_id", "position", "written", "number", "digits")
_VALUE = ("kind", "record_id", "field_id", "position", "key", "number", "day")
_CALL = (
    "id", "direction", "caller", "called", "started_at", "queue", "agent", "answered_at", "ended_at", "wait_seconds",
    "talk_seconds", "outcome", "caller_line", "called_line", "words",
)  # fmt: skip


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def _customers(base: sqlite3.Connection, numbers: range, chance: random.Random, now: datetime) -> None:
    rows, phones, values = [], [], []
    for n in numbers:
        name = chance.choice(_SURNAMES) + "".join(chance.choices(_GIVEN, k=chance.choice((1, 2, 2))))
        card, company = f"C{n:07}", f"{chance.choice(_GIVEN)}{chance.choice(_GIVEN)}公司"
        words = words_of(name, *readings_of(name), card, company)
        at = _stamp(now - timedelta(minutes=chance.randrange(60 * 24 * 700)))
        rows.append((n + 1, name, card, company, chance.choice(_LEVELS), words, at, at, chance.choice(_AGENTS)))
        written = number_of(n)
        phones.append((n + 1, 0, written, f"+86{written}", words_of(written, f"86{written}")))
        day = f"{chance.randrange(1950, 2010)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
        values += [
            ("customer", n + 1, 1, 0, None, float(chance.randrange(1000)), None),
            ("customer", n + 1, 2, 0, chance.choice("abc"), None, None),
            ("customer", n + 1, 3, 0, None, None, day),
        ]
    _insert(base, "customers", _CUSTOMER, iter(rows))
    _insert(base, "phones", _PHONE, iter(phones))
    _insert(base, "custom_values", _VALUE, iter(values))


def _call(n: int, calls: int, chance: random.Random, now: datetime, called: bytearray) -> tuple[Any, ...]:
    """called: marks whose number it is."""
    at = now - timedelta(seconds=(calls - n) * (2 * 365 * 86400 / calls))
    dice = chance.random()
    whose = int(dice * CUSTOMERS)
    called[whose] = 1
    written, name = number_of(whose), f"call-{n:09}"
    line, talk = f"+86{written}", n * 7919 % 600
    inbound, outcome = n * 31 % 10 < 7, _OUTCOMES[n * 17 % 7]
    rest = int(dice * 1e15)
    answered = _stamp(at + timedelta(seconds=9)) if outcome == "answered" else None
    both = (written, TRUNK, line, "+862088886666") if inbound else (TRUNK, written, "+862088886666", line)
    return (
        name, "inbound" if inbound else "outbound", both[0], both[1], _stamp(at), _QUEUES[rest // 7 % 4],
        _AGENTS[rest % 30], answered, _stamp(at + timedelta(seconds=talk + 9)), 9.0, float(talk), outcome,
        both[2], both[3], f"{name}\n{both[0]}\n{both[2]}\n{both[1]}\n{both[3]}",
    )  # fmt: skip
