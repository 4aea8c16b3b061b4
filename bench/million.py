"""crm.million: an office with 1,000,000 customers, three fields of its own, and 10,000,000 calls of two years.

It is measured in the store, on the file alone: what a pop asks, what people type into the search, lists and groups of
the query page. Making the office takes many minutes; it is kept beside git, in the user's cache folder, and made anew
when the tables are others. CALLS=n has fewer calls. Only when asked for: `make bench ONLY=crm.million`.
"""

from __future__ import annotations

import asyncio
import functools
import os
import random
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bench.office import percentile
from bench.pops import _GIVEN, _SURNAMES, number_of
from callcenterd.clock import SystemClock
from callcenterd.errors import CannotStart
from callcenterd.model.fields import FieldChoice, NewField
from callcenterd.model.query import Query
from callcenterd.store.customers import readings
from callcenterd.store.database import Store
from callcenterd.store.engine import TooLong
from callcenterd.store.query.kinds import QuerySight
from callcenterd.store.words import words_of

CUSTOMERS = 1_000_000
CALLS = int(os.environ.get("CALLS", "10_000_000"))
POPS, SEARCHES, LISTS = 300, 240, 5
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "callcenterd-bench"
ZONE = ZoneInfo("Asia/Shanghai")
_CHUNK = 20_000
_LEVELS = ("normal", "normal", "normal", "silver", "gold", "vip", "")
_QUEUES = ("sales", "service", "complaints", None)
_AGENTS = tuple(str(n) for n in range(1001, 1031))
_OUTCOMES = ("answered", "answered", "answered", "abandoned", "no_answer", "voicemail", "flow")
_ADMIN = QuerySight(login="1001", role="admin")


def run() -> dict[str, Any]:
    return asyncio.run(_measure())


BENCHES: Mapping[str, Callable[..., dict[str, Any]]] = {"crm.million": run}
ASKED = frozenset(BENCHES)
"""Not among those that plain `make bench` runs."""


# ---- the office -------------------------------------------------------------------------------------------------


async def _office() -> Path:
    CACHE.mkdir(parents=True, exist_ok=True)
    path = CACHE / f"million-{CALLS}.db"
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
    _fill(making)
    making.rename(path)
    return path


def _fill(path: Path) -> None:
    chance = random.Random(1)
    base = sqlite3.connect(path, isolation_level=None)
    base.execute("PRAGMA journal_mode=OFF")
    base.execute("PRAGMA synchronous=OFF")
    base.execute("PRAGMA cache_size=-500000")
    indexes = base.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN"
        " ('customers', 'phones', 'calls', 'custom_values')"
    ).fetchall()
    for name, _ in indexes:
        base.execute(f"DROP INDEX {name}")
    now = datetime.now(UTC)
    for first in range(0, CUSTOMERS, _CHUNK):
        base.execute("BEGIN")
        _customers(base, range(first, first + _CHUNK), chance, now)
        base.execute("COMMIT")
    for first in range(0, CALLS, _CHUNK):
        base.execute("BEGIN")
        _insert(base, "calls", _CALL, (_call(n, chance, now) for n in range(first, min(first + _CHUNK, CALLS))))
        base.execute("COMMIT")
    for _, sql in indexes:
        base.execute(sql)
    base.execute("ANALYZE")
    base.execute("PRAGMA journal_mode=WAL")
    base.close()


def _insert(base: sqlite3.Connection, table: str, columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> None:
    marks = ", ".join("?" * len(columns))
    base.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


@functools.lru_cache(maxsize=100_000)
def _readings(name: str) -> tuple[str, ...]:
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
        words = words_of(name, *_readings(name), card, company)
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


def _call(n: int, chance: random.Random, now: datetime) -> tuple[Any, ...]:
    at = now - timedelta(seconds=(CALLS - n) * (2 * 365 * 86400 / CALLS))
    written, name = number_of(chance.randrange(CUSTOMERS)), f"call-{n:09}"
    inbound, outcome, talk = chance.random() < 0.7, chance.choice(_OUTCOMES), chance.randrange(600)
    caller, called = (written, "02088886666") if inbound else ("02088886666", written)
    lines = f"+86{written}", "+862088886666"
    answered = _stamp(at + timedelta(seconds=9)) if outcome == "answered" else None
    return (
        name, "inbound" if inbound else "outbound", caller, called, _stamp(at), chance.choice(_QUEUES),
        chance.choice(_AGENTS), answered, _stamp(at + timedelta(seconds=talk + 9)), 9.0, float(talk), outcome,
        lines[not inbound], lines[inbound], words_of(name, caller, called, *lines),
    )  # fmt: skip


# ---- what is measured -------------------------------------------------------------------------------------------


def _typed(chance: random.Random) -> tuple[str, str]:
    """What a person looks for, and what kind of thing it is."""
    n = chance.randrange(CUSTOMERS)
    surname, given = chance.choice(_SURNAMES), "".join(chance.choices(_GIVEN, k=2))
    return chance.choice(
        (
            ("name", surname + given),
            ("part_of_name", given),
            ("one_character", given[:1]),
            ("pinyin", _readings(surname + given)[0]),
            ("initials", _readings(surname + given)[1]),
            ("number", number_of(n)),
            ("part_of_number", number_of(n)[-4:]),
            ("card", f"C{n:07}"),
            ("two_words", f"{surname}{given[:1]} {chance.choice(_GIVEN)}公司"),
        )
    )


QUERIES: Mapping[str, dict[str, Any]] = {
    "list_ms_gold_by_score": {
        "kind": "customer",
        "where": {"group": "all", "of": [
            {"field": "level", "op": "is", "values": ["gold"]}, {"field": "x_score", "op": "between", "least": 900}]},
        "columns": ["name", "phones", "level", "x_score"], "sort": [{"field": "x_score", "descending": True}],
    },
    "list_ms_gold_without_call": {
        "kind": "customer",
        "where": {"group": "all", "of": [
            {"field": "level", "op": "is", "values": ["gold"]},
            {"related": "call", "at_most": 0, "where": {"field": "started_at", "op": "within", "span": {"last": 30}}}]},
    },
    "list_ms_three_calls_this_week": {
        "kind": "customer",
        "where": {"related": "call", "at_least": 3,
                  "where": {"field": "started_at", "op": "within", "span": {"last": 7}}},
    },
    "list_ms_calls_of_a_day": {
        "kind": "call", "where": {"field": "started_at", "op": "within", "span": {"last": 1}},
        "sort": [{"field": "talk_seconds", "descending": True}],
    },
    "group_ms_levels": {"kind": "customer", "group": {"by": [{"field": "level"}]}},
    "group_ms_plan_and_level": {
        "kind": "customer",
        "group": {"by": [{"field": "x_plan"}, {"field": "level"}],
                  "figures": [{"what": "average", "field": "x_score"}]},
    },
    "group_ms_calls_by_day_this_month": {
        "kind": "call", "where": {"field": "started_at", "op": "within", "span": {"last": 30}},
        "group": {"by": [{"field": "started_at", "step": "day"}],
                  "figures": [{"what": "sum", "field": "talk_seconds"}]},
    },
    "group_ms_calls_by_agent_this_week": {
        "kind": "call", "where": {"field": "started_at", "op": "within", "span": {"last": 7}},
        "group": {"by": [{"field": "agent"}, {"field": "outcome"}]},
    },
}  # fmt: skip


async def _took(work: Awaitable[Any]) -> float:
    begun = time.perf_counter()
    await work
    return 1000 * (time.perf_counter() - begun)


async def _measure() -> dict[str, Any]:
    store = await Store.open(await _office(), clock=SystemClock())
    chance = random.Random(3)
    try:
        pops = [await _took(store.customers.by_phone(number_of(n * 601 % CUSTOMERS))) for n in range(POPS)]
        searched: dict[str, list[float]] = {}
        for _ in range(SEARCHES):
            kind, text = _typed(chance)
            searched.setdefault(kind, []).append(await _took(store.customers.search(text, 50)))
        queries: dict[str, float | None] = {}
        for name, asked in QUERIES.items():
            query = Query.model_validate(asked, strict=False)
            run = store.queries.groups if query.group is not None else store.queries.page
            try:
                took = [await _took(run(query, _ADMIN, ZONE)) for _ in range(LISTS)]
            except TooLong:
                queries[name] = None
            else:
                queries[name] = round(sorted(took)[LISTS // 2], 1)
    finally:
        await store.close()
    everything = [ms for each in searched.values() for ms in each]
    return {
        "pop_ms_p99": round(percentile(pops, 0.99), 2),
        "search_ms_p50": round(percentile(everything, 0.5), 1),
        "search_ms_p95": round(percentile(everything, 0.95), 1),
        **{f"search_ms_p95_{kind}": round(percentile(each, 0.95), 1) for kind, each in sorted(searched.items())},
        **{f"{kind}_ms_p95": max((ms for name, ms in queries.items() if ms is not None and name.startswith(kind)),
                                 default=None) for kind in ("list", "group")},
        **queries,
        "ended_after_2_s": [name for name, ms in queries.items() if ms is None],
        "customers": CUSTOMERS,
        "calls": CALLS,
    }  # fmt: skip
