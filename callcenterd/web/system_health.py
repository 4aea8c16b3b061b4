"""How well the server is, figure by figure, for who looks after it: what /healthz and /metrics know, and what they
stand on. Each figure has a sign of its own; the page says it in words."""

from __future__ import annotations

import asyncio
import shutil
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from aiohttp import web
from pydantic import TypeAdapter

import callcenterd
from callcenterd.errors import CallcenterdError
from callcenterd.web import health
from callcenterd.web.answers import answer
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES, OFFICE, PACE, PAGE, Office
from callcenterd.web.rights import right
from callcenterd.web.socket import STREAMS

routes = web.RouteTableDef()

State = Literal["ok", "off", "warn", "fault"]
STATES: tuple[State, ...] = ("off", "ok", "warn", "fault")
"""The best first. off: it is not used here."""
CheckName = Literal[
    "trunks",
    "phones",
    "calls",
    "sound",
    "loop",
    "gateway",
    "database",
    "events",
    "workers",
    "disk",
    "recordings",
    "web_certificate",
    "sip_certificate",
    "mail",
    "sms",
]
CERTIFICATE_DAYS = 30
"""Before it runs out: time enough to get another one. Those that we make ourselves are made anew long before."""
FULL_MB = 100
"""Free octets below which the database soon cannot be written."""
MANY_JOBS = 50
MB = 1_000_000
DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """figures: by name; null: not known. names: whom it is about: trunks that are down, kinds of alarms. at: of a
    certificate, when it runs out.

    trunks: up, down, unknown. phones: registered, pages, extensions. calls: live, waiting, talking, draining (1: no new
    ones). sound: late_ms, work_ms (of a tick of 20 ms; p99 of ten seconds), stopped (seconds), skipped, faults, legs.
    loop: late, worst (seconds; worst fades over a minute). database: octets, question_ms, write_ms (median of the last
    200 transactions), write_ms_worst, backlog (writes that wait). events: pages, backlog (facts), failed. workers:
    waiting, restarts. disk: free, total, keep_free (octets). recordings: unfinished, orphans, missing, uncovered.
    certificates: days, self_made. mail, sms: waiting, failed.
    """

    name: CheckName
    state: State
    figures: Mapping[str, float | None]
    names: Sequence[str] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthNow:
    """state: the worst of the checks. memory: octets that the process holds; null: not known here."""

    at: datetime
    version: str
    started_at: datetime
    state: State
    memory: int | None
    checks: list[Check]


HEALTH = TypeAdapter(HealthNow)


@routes.get("/api/v1/system/health")
@right("system")
@shape(summary="How well the server is, figure by figure", answer=HEALTH)
async def health_now(request: web.Request) -> web.StreamResponse:
    """200 as it is now, also while parts of it are not well."""
    office = request.app[OFFICE]
    counted = {**office.board.counters(), **office.counters()}
    checks = [
        _trunks(office),
        _phones(office),
        _calls(office, counted),
        _sound(request),
        _loop(request),
        _gateway(office),
        await _database(office),
        _events(request, counted),
        _workers(office, counted),
        await _disk(office),
        _recordings(office, counted),
        *_certificates(office),
        *_letters(request, counted),
    ]
    now = HealthNow(
        at=office.clock.utc(),
        version=callcenterd.__version__,
        started_at=office.premises.started_at,
        state=worst(check.state for check in checks),
        memory=await asyncio.to_thread(_memory),
        checks=checks,
    )
    return answer(HEALTH, now)


def worst(states: Iterable[State]) -> State:
    return max(states, key=STATES.index, default="ok")


def _trunks(office: Office) -> Check:
    known = office.trunks()
    down = sorted(name for name, trunk in known.items() if trunk.state == "down")
    up = sum(trunk.state == "up" for trunk in known.values())
    state: State = "ok" if not down else "warn" if len(down) < len(known) else "fault"
    return Check(
        name="trunks",
        state=state if known else "off",
        figures={"up": up, "down": len(down), "unknown": len(known) - up - len(down)},
        names=down,
    )


def _phones(office: Office) -> Check:
    reachable = [phone for phone in office.phones().values() if phone.reachable]
    pages = sum(phone.device == PAGE for phone in reachable)
    extensions = len(office.board.site.extensions)
    return Check(
        name="phones",
        state="off" if not extensions else "ok" if reachable else "warn",
        figures={"registered": len(reachable), "pages": pages, "extensions": extensions},
    )


def _calls(office: Office, counted: Mapping[str, float]) -> Check:
    figures = {name: counted.get(f"calls_{name}") for name in ("live", "waiting", "talking")}
    draining = office.board.draining
    return Check(name="calls", state="warn" if draining else "ok", figures={**figures, "draining": float(draining)})


def _sound(request: web.Request) -> Check:
    ticks, watch = request.app[OFFICE].ticks(), request.app[health.WATCH]
    stopped = watch.stopped_for()
    stands = stopped > health.LOOK_EVERY + health.TICK_STOPPED
    return Check(
        name="sound",
        state="fault" if stands else "warn" if ticks.late_ms_p99 > health.TICK_LATE_MS else "ok",
        figures={
            "late_ms": ticks.late_ms_p99,
            "work_ms": ticks.work_ms_p99,
            "stopped": stopped if stands else 0.0,
            "skipped": ticks.skipped,
            "faults": ticks.faults,
            "legs": ticks.legs,
        },
    )


def _loop(request: web.Request) -> Check:
    watch = request.app[health.WATCH]
    return Check(
        name="loop",
        state="warn" if watch.late > request.app[PACE].loop_late else "ok",
        figures={"late": watch.late, "worst": watch.worst},
    )


def _gateway(office: Office) -> Check:
    """Of pages that are phones. It starts with the first of them."""
    state = office.gateway()
    return Check(name="gateway", state="warn" if state == "down" else "ok", figures={}, names=[state])


async def _database(office: Office) -> Check:
    store, clock = office.store, office.clock
    octets = seconds = None
    state: State = "ok" if store.backlog() <= health.BACKLOG else "warn"
    begun = clock.monotonic()
    try:
        async with asyncio.timeout(health.DATABASE_SECONDS):
            await store.check()
            seconds = clock.monotonic() - begun
            octets = await store.octets()
    except (CallcenterdError, OSError, TimeoutError):
        state = "fault"
    took = store.writes_took()
    return Check(
        name="database",
        state=state,
        figures={
            "octets": octets,
            "question_ms": None if seconds is None else seconds * 1000,
            "write_ms": statistics.median(took) * 1000 if took else None,
            "write_ms_worst": max(took) * 1000 if took else None,
            "backlog": store.backlog(),
        },
        names=["sqlite" if store.files() else "postgresql"],
    )


def _events(request: web.Request, counted: Mapping[str, float]) -> Check:
    """What happened, on its way to the pages and into the history."""
    backlog, failed = counted.get("history_backlog", 0), counted.get("history_failed_total", 0)
    return Check(
        name="events",
        state="warn" if backlog > health.BACKLOG or failed else "ok",
        figures={"pages": len(request.app[STREAMS]), "backlog": backlog, "failed": failed},
    )


def _workers(office: Office, counted: Mapping[str, float]) -> Check:
    jobs = office.premises.jobs()
    return Check(
        name="workers",
        state="warn" if any(waiting > MANY_JOBS for waiting in jobs.values()) else "ok",
        figures={"waiting": sum(jobs.values()), "restarts": counted.get("worker_restarts_total")},
    )


async def _disk(office: Office) -> Check:
    """That of the data folder; the page of the storage has all of them."""
    keep_free = office.premises.keep_free_mb * MB
    try:
        usage = await asyncio.to_thread(shutil.disk_usage, office.premises.data)
    except OSError:
        return Check(name="disk", state="fault", figures={"free": None, "total": None, "keep_free": keep_free})
    state: State = "fault" if usage.free < FULL_MB * MB else "warn" if usage.free < keep_free else "ok"
    return Check(name="disk", state=state, figures={"free": usage.free, "total": usage.total, "keep_free": keep_free})


def _recordings(office: Office, counted: Mapping[str, float]) -> Check:
    names = ("unfinished", "orphans", "missing")
    uncovered = office.board.coverage.alarm() is not None
    figures = {name: counted.get(f"recordings_{name}") for name in names}
    alarms = [alarm.kind for alarm in office.archive.alarms()]
    ill = alarms or uncovered or any(figures[name] for name in ("orphans", "missing"))
    return Check(
        name="recordings",
        state="fault" if "failed" in alarms else "warn" if ill else "ok",
        figures={**figures, "uncovered": float(uncovered)},
        names=alarms,
    )


def _certificates(office: Office) -> list[Check]:
    now, found = office.clock.utc(), {one.name: one for one in office.premises.certificates()}
    checks = []
    names: tuple[tuple[Literal["web", "sip"], CheckName], ...] = (
        ("web", "web_certificate"),
        ("sip", "sip_certificate"),
    )
    for name, check in names:
        shown = found.get(name)
        if shown is None:
            checks.append(Check(name=check, state="off", figures={}))
            continue
        days = None if shown.until is None else (shown.until - now).total_seconds() / DAY
        soon = days is None or days < CERTIFICATE_DAYS
        state: State = "fault" if days is not None and days <= 0 else "warn" if soon else "ok"
        figures = {"days": days, "self_made": float(shown.self_made)}
        checks.append(Check(name=check, state=state, figures=figures, at=shown.until))
    return checks


def _letters(request: web.Request, counted: Mapping[str, float]) -> list[Check]:
    """What goes out: e-mail, and SMS where messages to customers are switched on."""
    office, found = request.app[OFFICE], []
    reasons = office.mail()
    names: tuple[Literal["mail", "sms"], ...] = ("mail", "sms")
    for name in names:
        ill = any(reason.startswith(f"{name}:") for reason in reasons)
        figures = {"waiting": counted.get(f"{name}_waiting"), "failed": counted.get(f"{name}_failed")}
        unused = name == "sms" and request.app[MODULES].sms.gateway is None and not figures["waiting"]
        found.append(Check(name=name, state="off" if unused else "warn" if ill else "ok", figures=figures))
    return found


def _memory() -> int | None:
    """Octets of this process that lie in memory (Linux)."""
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return None
    found = next((line.split() for line in lines if line.startswith("VmRSS:")), None)
    return None if found is None else int(found[1]) * 1024
