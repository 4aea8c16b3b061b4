"""A started server of our own for the benchmarks of whole calls, and what it costs, seen from outside.

Its prompts are made and its caches are warm before anything is measured: what every call of a working day costs is
asked for, not what the first one does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp

from tests.kit.server import PLAIN, RunningServer

SETTLED_SECONDS = 60.0
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.M)


@contextlib.asynccontextmanager
async def office(site: str, *, prepare: Any = None, **flows: str) -> AsyncIterator[RunningServer]:
    """site: of a site file. flows: the text of each by its name. prepare: done with the server before its start.

    Errors in its log fail the benchmark: what it measured would mean nothing.
    """
    with tempfile.TemporaryDirectory() as folder:
        server = RunningServer(Path(folder), program=PLAIN)
        for name, text in flows.items():
            server.flow(name, text)
        if "main" not in flows:
            (server.folder / "flows" / "main.yaml").unlink()
        if prepare is not None:
            await prepare(server)
        await server.start()
        try:
            await server.apply(site)
            await prompts_made(server.pid)
            _no_errors(server)
            yield server
        finally:
            await server.end()
        _no_errors(server)


def _no_errors(server: RunningServer) -> None:
    if wrong := server.errors():
        raise RuntimeError(f"the server logged errors: {wrong[:3]}")


def cpu(pid: int) -> float:
    """CPU seconds of a process with all its threads, without its children (POSIX: a process has a CPU clock)."""
    return time.clock_gettime((~pid << 3) | 2)


def memory_mb(pid: int) -> float:
    """Its resident memory."""
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.M)
    assert found is not None
    return int(found[1]) / 1024


async def prompts_made(pid: int) -> None:
    """Returns when neither the server nor its worker has anything to do any more."""
    until = time.monotonic() + SETTLED_SECONDS
    quiet = 0
    while quiet < 3 and time.monotonic() < until:
        before = sum(cpu(one) for one in (pid, *children(pid)))
        await asyncio.sleep(0.4)
        quiet = quiet + 1 if sum(cpu(one) for one in (pid, *children(pid))) - before < 0.04 else 0


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # the thread has ended meanwhile
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


async def metrics(server: RunningServer) -> dict[str, float]:
    """Every sample of /metrics by its name, with its labels in braces where it has any."""
    async with aiohttp.ClientSession() as http, http.get(f"{server.web}/metrics") as answer:
        text = await answer.text()
    return {f"{name}{{{labels}}}" if labels else name: float(value) for name, labels, value in _SAMPLE.findall(text)}


def tick_late_ms(before: Mapping[str, float], after: Mapping[str, float], share: float) -> float:
    """How late a media tick began at most, in that share of the ticks between two readings of /metrics.

    Read from a histogram's buckets: even within a bucket, and its upper edge for the last one that ends.
    """
    name = re.compile(r'callcenterd_media_tick_late_seconds_bucket\{le="(.+)"\}')
    edges = sorted((float(found[1]), after[key] - before[key]) for key in after if (found := name.fullmatch(key)))
    wanted = share * edges[-1][1]
    low, below = 0.0, 0.0
    for high, ticks in edges:
        if ticks >= wanted:
            return 1000 * (low if high == float("inf") else low + (high - low) * (wanted - below) / (ticks - below))
        low, below = high, ticks
    return 1000 * low


def percentile(values: list[float], share: float) -> float:
    """The value that this share of them does not pass; values need not be sorted."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def yaml(value: object) -> str:
    """A value inside a site file: JSON is YAML too."""
    return json.dumps(value, ensure_ascii=False)
