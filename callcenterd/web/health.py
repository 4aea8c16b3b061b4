"""Is it well (/healthz), and how much of everything (/metrics, Prometheus). Neither names a person or a number."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from aiohttp import web
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

import callcenterd
from callcenterd.clock import Clock
from callcenterd.errors import CallcenterdError
from callcenterd.model import events
from callcenterd.model.calls import LegSound
from callcenterd.switchboard.archive import AlarmKind
from callcenterd.web.answers import plain
from callcenterd.web.office import OFFICE, PACE, Office
from callcenterd.web.socket import STREAMS

routes = web.RouteTableDef()

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, with the time of its beginning, that nobody asks for

LOOK_EVERY = 0.5
TICK_LATE_MS = 20.0
"""A whole tick: from here on callers can hear it."""
TICK_STOPPED = 1.0
DATABASE_SECONDS = 2.0
BACKLOG = 2000
"""Writes that wait: more than a busy minute's; the database does not follow."""


_ALARMS: Mapping[AlarmKind, str] = {
    "failed": "the disk does not take them",
    "space": "little room is left on their disk",
    "key": "a key to seal or open them is missing",
    "worker": "they cannot be finished",
}
"""Without the names of files: whoever asks need not be signed in."""


class Watch:
    """How late the loop is, and whether the media tick goes on. Looks twice a second."""

    def __init__(self, office: Office) -> None:
        self._clock: Clock = office.clock
        self._office = office
        self.late = 0.0
        self.worst = 0.0
        self._ticks = -1
        self._moved = office.clock.monotonic()

    async def run(self) -> None:
        while True:
            wanted = self._clock.monotonic() + LOOK_EVERY
            await asyncio.sleep(LOOK_EVERY)
            now = self._clock.monotonic()
            self.look(now, late=max(0.0, now - wanted))

    def look(self, now: float, *, late: float) -> None:
        """late: seconds that the loop came after the time for this look."""
        self.late = late
        # The worst fades over a minute, so that what was bad is still seen by who asks now and then.
        self.worst = max(late, self.worst * 0.5 ** (LOOK_EVERY / 15))
        if (ticks := self._office.ticks().ticks) != self._ticks:
            self._ticks, self._moved = ticks, now

    def stopped_for(self) -> float:
        """Seconds since the media tick was last seen to move."""
        return self._clock.monotonic() - self._moved


WATCH = web.AppKey("watch", Watch)


async def watching(app: web.Application) -> AsyncIterator[None]:
    task = asyncio.create_task(app[WATCH].run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@routes.get("/healthz")
async def healthz(request: web.Request) -> web.StreamResponse:
    """200 {"status": "ok"}, or "degraded" with reasons while something is slow · 503 when something stands still."""
    office, late = request.app[OFFICE], _late(request)
    stands = [*_standing(request), *await _database(office)]
    state = {
        "status": "degraded" if late or stands else "ok",
        "version": callcenterd.__version__,
        "draining": office.board.draining,
        "webrtc": office.gateway(),
        "reasons": [*stands, *late],
    }
    return plain(state, status=503 if stands else 200)


def _late(request: web.Request) -> list[str]:
    office, watch, reasons = request.app[OFFICE], request.app[WATCH], []
    if watch.late > request.app[PACE].loop_late:
        reasons.append(f"loop: {watch.late:.3f} s late")
    if (late := office.ticks().late_ms_p99) > TICK_LATE_MS:
        reasons.append(f"media: tick {late:.1f} ms late (p99 of ten seconds)")
    if office.gateway() == "down":
        reasons.append("webrtc: no gateway, pages cannot be phones")
    reasons += [f"recordings: {_ALARMS[alarm.kind]}" for alarm in office.archive.alarms()]
    reasons += [
        f"recordings: {why}" for why in (office.board.coverage.alarm(), *office.archive.custody.alarms()) if why
    ]
    reasons += office.mail()
    if (backlog := office.store.backlog()) > BACKLOG:
        reasons.append(f"database: {backlog} writes wait")
    return reasons


def _standing(request: web.Request) -> list[str]:
    stopped = request.app[WATCH].stopped_for()
    return [f"media: no tick for {stopped:.1f} s"] if stopped > LOOK_EVERY + TICK_STOPPED else []


async def _database(office: Office) -> list[str]:
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            await office.store.check()
    except (CallcenterdError, TimeoutError) as fault:
        return ["database: " + (str(fault) or "no answer")]
    return []


class Metrics:
    """Our own registry: what this room counts itself, and what the other rooms answer when they are asked."""

    def __init__(self, app: web.Application) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._requests = Counter(
            "callcenterd_http_requests", "Requests answered", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "callcenterd_http_request_seconds",
            "Time to an answer",
            buckets=(0.005, 0.02, 0.1, 0.5, 2.0, 10.0),
            registry=self.registry,
        )
        self._opinions = Histogram(
            "callcenterd_leg_mos",
            "Opinion of a leg's sound (E-model), by who hears it: we, or its phone",
            ("ear",),
            buckets=(1.5, 2.0, 2.6, 3.1, 3.6, 3.8, 4.0, 4.2, 4.3),
            registry=self.registry,
        )
        self._losses = Histogram(
            "callcenterd_leg_loss_ratio",
            "Packets of a leg that were lost or came too late",
            ("ear",),
            buckets=(0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2),
            registry=self.registry,
        )
        self._jitters = Histogram(
            "callcenterd_leg_jitter_seconds",
            "Mean jitter of a leg",
            ("ear",),
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.08),
            registry=self.registry,
        )
        self._round_trips = Histogram(
            "callcenterd_leg_round_trip_seconds",
            "To a leg's phone and back",
            buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0),
            registry=self.registry,
        )
        self.registry.register(_Rooms(app))
        app[OFFICE].bus.listen(events.CallSounded, lambda fact: self._sounded(fact.sound))

    def _sounded(self, sound: LegSound) -> None:
        if sound.mos is not None:
            self._opinions.labels("here").observe(sound.mos)
            self._losses.labels("here").observe((sound.lost + sound.late) / max(1, sound.received + sound.lost))
            self._jitters.labels("here").observe(sound.jitter_ms / 1000)
        if sound.mos_there is not None and sound.lost_there is not None and sound.jitter_there_ms is not None:
            self._opinions.labels("there").observe(sound.mos_there)
            self._losses.labels("there").observe(sound.lost_there / max(1, sound.sent))
            self._jitters.labels("there").observe(sound.jitter_there_ms / 1000)
        if sound.round_trip_ms is not None:
            self._round_trips.observe(sound.round_trip_ms / 1000)

    def answered(self, request: web.Request, status: int, seconds: float) -> None:
        """route: its pattern, so that no id becomes a label."""
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else "none"
        method = request.method if request.method in _METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.observe(seconds)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})
METRICS = web.AppKey("metrics", Metrics)


class _Rooms(Collector):
    """Read at each scrape."""

    def __init__(self, app: web.Application) -> None:
        self._app = app

    def collect(self) -> Iterator[Metric]:
        office: Office = self._app[OFFICE]
        yield from _ticks(office)
        for name, value in sorted({**office.board.counters(), **office.counters()}.items()):
            full = f"callcenterd_{name}"
            if name.endswith("_total"):
                yield CounterMetricFamily(full.removesuffix("_total"), name, value=value)
            else:
                yield GaugeMetricFamily(full, name, value=value)
        yield from _queues(office)
        yield _labelled("callcenterd_trunk_up", "1 up, 0 down, -1 not known", "trunk", _trunks(office))
        phones = sum(phone.reachable for phone in office.phones().values())
        yield GaugeMetricFamily("callcenterd_phones_registered", "Extensions that can be reached", value=phones)
        yield GaugeMetricFamily("callcenterd_streams_open", "Open event streams", value=len(self._app[STREAMS]))
        watch = self._app[WATCH]
        yield GaugeMetricFamily(
            "callcenterd_loop_late_seconds", "Worst lateness of the loop, fading", value=watch.worst
        )


def _ticks(office: Office) -> Iterator[Metric]:
    ticks = office.ticks()
    buckets = [("+Inf" if math.isinf(most) else repr(most / 1000), float(n)) for most, n in ticks.late_buckets.items()]
    lateness = HistogramMetricFamily("callcenterd_media_tick_late_seconds", "How late a media tick began")
    lateness.add_metric([], buckets, ticks.late_ms_sum / 1000)
    yield lateness
    yield CounterMetricFamily("callcenterd_media_ticks_skipped", "Ticks left out", value=ticks.skipped)
    yield CounterMetricFamily("callcenterd_media_faults", "Faults on the media thread", value=ticks.faults)
    yield CounterMetricFamily("callcenterd_media_cpu_seconds", "CPU of the media thread", value=ticks.cpu_seconds)
    work = GaugeMetricFamily("callcenterd_media_tick_work_seconds", "Length of a tick", labels=["quantile"])
    work.add_metric(["0.5"], ticks.work_ms_p50 / 1000)
    work.add_metric(["0.99"], ticks.work_ms_p99 / 1000)
    yield work
    yield GaugeMetricFamily("callcenterd_media_legs", "Legs with sound", value=ticks.legs)
    yield GaugeMetricFamily("callcenterd_media_recordings", "Recordings being written", value=ticks.recordings)


def _queues(office: Office) -> Iterator[Metric]:
    now = [office.board.live.queue(name) for name in office.board.queueing.queue_names()]
    waiting = {queue["name"]: float(len(queue["waiting"])) for queue in now}
    yield _labelled("callcenterd_queue_waiting", "Callers who wait", "queue", waiting)
    told = {name: known for name in waiting if (known := office.board.waiting.accuracy(name)) is not None}
    for figure in ("mean", "p90"):
        values = {name: getattr(known, figure) for name, known in told.items()}
        text = f"Seconds between the wait that callers were told and the true one, {figure}"
        yield _labelled(f"callcenterd_queue_foretold_error_{figure}_seconds", text, "queue", values)
    yield _labelled("callcenterd_queue_ready", "Agents ready", "queue", {q["name"]: float(q["ready"]) for q in now})


def _trunks(office: Office) -> dict[str, float]:
    return {name: {"up": 1.0, "down": 0.0}.get(trunk.state, -1.0) for name, trunk in office.trunks().items()}


def _labelled(name: str, text: str, label: str, values: dict[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.StreamResponse:
    """200 Prometheus' text format."""
    text = generate_latest(request.app[METRICS].registry)
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})


@web.middleware
async def counted(request: web.Request, handler: Any) -> web.StreamResponse:
    """Outermost: counts every answer. An event stream counts when it ends, and has no time to an answer."""
    clock: Clock = request.app[OFFICE].clock
    begun = clock.monotonic()
    status = 500
    try:
        answered: web.StreamResponse = await handler(request)
        status = answered.status
    except web.HTTPException as fault:
        status = fault.status
        raise
    finally:
        if status != 101:
            request.app[METRICS].answered(request, status, clock.monotonic() - begun)
    return answered
