"""crm.million: an office with 1,000,000 customers, three fields of its own, and 10,000,000 calls of two years.

It is measured in the store: what a pop asks, what people type into the searches, pages of lists, and what is asked on
the query page; meanwhile media ticks with fifty calls in the same process. Of each kind there is the time on the
clock, and the CPU of all threads but the media's (`_cpu`): on a machine that others use, only that one tells of the
program. See `bigoffice` for the office, which takes many minutes to make. CALLS=n has fewer calls. Only when asked for:
`make bench ONLY=crm.million`.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bench.bigoffice import CUSTOMERS, office, readings_of
from bench.office import percentile
from bench.pops import _GIVEN, _SURNAMES, number_of
from callcenterd.clock import SystemClock
from callcenterd.media.sdp import AudioFormat
from callcenterd.media.thread import Media
from callcenterd.model.calls import CallFilter
from callcenterd.model.ids import AgentId
from callcenterd.model.query import Query
from callcenterd.store.database import Store
from callcenterd.store.engine import TooLong
from callcenterd.store.query.kinds import QuerySight

CALLS = int(os.environ.get("CALLS", "10_000_000"))
POPS, SEARCHES, LISTS, TIMES = 300, 240, 60, 5
TALKING = 50
"""Calls that the media carries meanwhile."""
ZONE = ZoneInfo("Asia/Shanghai")
_PCMA = AudioFormat(payload_type=8, codec="PCMA", event_payload_type=101)
_ADMIN = QuerySight(login="1001", role="admin")


def run() -> dict[str, Any]:
    return asyncio.run(_measure())


BENCHES: Mapping[str, Callable[..., dict[str, Any]]] = {"crm.million": run}
ASKED = frozenset(BENCHES)
"""Not among those that plain `make bench` runs."""


def _typed(chance: random.Random) -> tuple[str, str]:
    """What a person looks for, and what kind of thing it is."""
    n = chance.randrange(CUSTOMERS)
    surname, given = chance.choice(_SURNAMES), "".join(chance.choices(_GIVEN, k=2))
    return chance.choice(
        (
            ("name", surname + given),
            ("part_of_name", given),
            ("one_character", given[:1]),
            ("pinyin", readings_of(surname + given)[0]),
            ("initials", readings_of(surname + given)[1]),
            ("number", number_of(n)),
            ("part_of_number", number_of(n)[-4:]),
            ("card", f"C{n:07}"),
            ("two_words", f"{surname}{given[:1]} {chance.choice(_GIVEN)}公司"),
            ("nobody", f"{given}{n}"),
        )
    )


QUERIES: Mapping[str, dict[str, Any]] = {
    "list_gold_by_score": {
        "kind": "customer",
        "where": {"group": "all", "of": [
            {"field": "level", "op": "is", "values": ["gold"]}, {"field": "x_score", "op": "between", "least": 900}]},
        "columns": ["name", "phones", "level", "x_score"], "sort": [{"field": "x_score", "descending": True}],
    },
    "list_gold_without_call": {
        "kind": "customer",
        "where": {"group": "all", "of": [
            {"field": "level", "op": "is", "values": ["gold"]},
            {"related": "call", "at_most": 0, "where": {"field": "started_at", "op": "within", "span": {"last": 30}}}]},
    },
    "list_three_calls_this_week": {
        "kind": "customer",
        "where": {"related": "call", "at_least": 3,
                  "where": {"field": "started_at", "op": "within", "span": {"last": 7}}},
    },
    "list_calls_of_a_day": {
        "kind": "call", "where": {"field": "started_at", "op": "within", "span": {"last": 1}},
        "sort": [{"field": "talk_seconds", "descending": True}],
    },
    "group_levels": {"kind": "customer", "group": {"by": [{"field": "level"}]}},
    "group_plan_and_level": {
        "kind": "customer",
        "group": {"by": [{"field": "x_plan"}, {"field": "level"}],
                  "figures": [{"what": "average", "field": "x_score"}]},
    },
    "group_calls_by_day_this_month": {
        "kind": "call", "where": {"field": "started_at", "op": "within", "span": {"last": 30}},
        "group": {"by": [{"field": "started_at", "step": "day"}],
                  "figures": [{"what": "sum", "field": "talk_seconds"}]},
    },
    "group_calls_by_agent_this_week": {
        "kind": "call", "where": {"field": "started_at", "op": "within", "span": {"last": 7}},
        "group": {"by": [{"field": "agent"}, {"field": "outcome"}]},
    },
}  # fmt: skip


class _Watch:
    """Milliseconds of each kind of question, and of those that were ended."""

    def __init__(self, media: Media) -> None:
        self._media = media
        self.took: dict[str, list[float]] = {}
        self.cpu: dict[str, list[float]] = {}
        self.ended: dict[str, int] = {}

    def _spent(self) -> float:
        return time.process_time() - self._media.lateness().cpu_seconds

    async def of(self, kind: str, work: Awaitable[Any]) -> None:
        begun, spent = time.perf_counter(), self._spent()
        try:
            await work
        except TooLong:
            self.ended[kind] = self.ended.get(kind, 0) + 1
        self.took.setdefault(kind, []).append(1000 * (time.perf_counter() - begun))
        self.cpu.setdefault(kind, []).append(1000 * (self._spent() - spent))

    def figures(self, kinds: str, share: float) -> dict[str, float]:
        """Of all kinds that begin so: at a time, CPU."""
        name = f"{kinds}_ms_p{100 * share:.0f}"
        return {
            name + more: round(
                percentile([ms for kind, each in of.items() if kind.startswith(kinds) for ms in each], share), 2
            )
            for more, of in (("", self.took), ("_cpu", self.cpu))
        }


async def _pops(store: Store, watch: _Watch) -> None:
    for n in range(POPS):
        await watch.of("pop", store.customers.by_phone(number_of(n * 601 % CUSTOMERS)))


async def _searches(store: Store, watch: _Watch, chance: random.Random) -> None:
    for _ in range(SEARCHES):
        kind, text = _typed(chance)
        await watch.of(f"search_{kind}", store.customers.search(text, 50))
    for _ in range(LISTS):
        number = number_of(chance.randrange(CUSTOMERS))
        text = chance.choice((number, number[-4:], number[3:9], f"call-{chance.randrange(CALLS):09}"))
        await watch.of("calls_search", store.calls.search(CallFilter(text=text), 50))


async def _lists(store: Store, watch: _Watch, chance: random.Random) -> None:
    """Pages that the pager of a list leads to, and some far beyond."""
    for _ in range(LISTS):
        offset = 50 * chance.randrange(200)
        agent = AgentId(str(chance.randrange(1001, 1031)))
        await watch.of("page_customers", store.customers.search("", 50, offset))
        await watch.of("page_calls", store.calls.search(CallFilter(), 50, offset))
        await watch.of("page_calls_of_agent", store.calls.search(CallFilter(agent=agent), 50, offset))
        await watch.of("page_abandoned", store.calls.search(CallFilter(outcome="abandoned"), 50, offset))
        three = CallFilter(direction="inbound", outcome="abandoned", agent=agent)
        await watch.of("narrow_calls", store.calls.search(three, 50, offset))
    for _ in range(TIMES):
        await watch.of("deep_customers", store.customers.search("", 50, chance.randrange(CUSTOMERS)))
        await watch.of("deep_calls", store.calls.search(CallFilter(), 50, chance.randrange(CALLS)))


async def _queries(store: Store, watch: _Watch) -> None:
    for name, asked in QUERIES.items():
        query = Query.model_validate(asked, strict=False)
        run = store.queries.groups if query.group is not None else store.queries.page
        for _ in range(TIMES):
            await watch.of(name, run(query, _ADMIN, ZONE))


def _talk(media: Media) -> None:
    legs = [media.open_leg("127.0.0.1")[0] for _ in range(2 * TALKING)]
    for n, leg in enumerate(legs):
        media.connect(leg, ("127.0.0.2", 40000 + 2 * n), _PCMA)
    for n in range(0, len(legs), 2):
        media.bridge(legs[n], legs[n + 1])


async def _measure() -> dict[str, Any]:
    path = await office(CALLS)
    store = await Store.open(path, clock=SystemClock())
    chance = random.Random(3)
    with tempfile.TemporaryDirectory() as folder:
        media = Media(clock=SystemClock(), ports=range(20000, 32768), tell=lambda _: None, recordings=Path(folder))
        media.start(asyncio.get_running_loop())
        watch = _Watch(media)
        try:
            _talk(media)
            await asyncio.sleep(10)
            alone = media.lateness(450)
            await _pops(store, watch)
            await _searches(store, watch, chance)
            await _lists(store, watch, chance)
            await _queries(store, watch)
            beside = media.lateness()
        finally:
            media.stop()
            await store.close()
    kinds = [
        kind for kind in watch.took if kind.startswith(("search_", "page_", "list_", "group_", "deep_", "narrow_"))
    ]
    figures: dict[str, float] = {**watch.figures("pop", 0.99), **watch.figures("pop", 0.5)}
    for kind in ("search_", "calls_search", "page_", "list_", "group_", *sorted(kinds)):
        figures |= watch.figures(kind, 0.95)
    return {
        **figures,
        "ended_after_2_s": watch.ended,
        "tick_late_ms_p99": round(beside.late_ms_p99, 2),
        "tick_late_ms_max": round(beside.late_ms_max, 2),
        "tick_late_ms_p99_before": round(alone.late_ms_p99, 2),
        "tick_late_ms_max_before": round(alone.late_ms_max, 2),
        "ticks_skipped": beside.skipped - alone.skipped,
        "customers": CUSTOMERS,
        "calls": CALLS,
        "file_mb": round(path.stat().st_size / 1e6),
    }
