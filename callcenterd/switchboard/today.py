"""The day's figures of queues and calls, counted as it goes (SUP-01); after a start from what is kept.

Counted by facts and never by looking through a day: a fact changes a handful of numbers. Each visit to a queue and each
call is booked to the half hour, and so to the day, in which it began; what began before midnight is in none of the new
day's figures, whatever comes of it. Percentages and means are computed from sums when somebody asks. The waits of the
day are kept sorted, so that a service level that is changed at noon holds for the whole day, as after a restart.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.model import events
from callcenterd.model.calls import Direction
from callcenterd.model.events import LeftReason
from callcenterd.model.ids import CallId, QueueName
from callcenterd.model.today import CallOfDay, HalfHour, QueueToday, Visit

SHORT = 5.0
"""Seconds: who abandons within them did not really wait (acd-notes: net abandon rate)."""
MOST_SLEEP = 3600.0
"""Seconds after which the time of midnight is looked at again: the clock may have been set."""

Told = Callable[[QueueName | None, datetime | None], None]


@dataclass(slots=True)
class _Half:
    inbound: int = 0
    outbound: int = 0
    answered: int = 0
    abandoned: int = 0


@dataclass(slots=True)
class _Queue:
    """answered, abandoned: how long each of them waited, sorted."""

    offered: int = 0
    left: Counter[LeftReason] = field(default_factory=Counter)
    answered: list[float] = field(default_factory=list)
    abandoned: list[float] = field(default_factory=list)


class Today:
    """zone: whose midnight begins the day."""

    def __init__(self, bus: Bus, clock: Clock, zone: tzinfo) -> None:
        self._clock = clock
        self._zone = zone
        self._midnight = self._begin_of(clock.utc())
        self._queues: dict[QueueName, _Queue] = {}
        self._halves: dict[tuple[QueueName | None, datetime], _Half] = {}
        self._directions: dict[CallId, Direction] = {}
        self._began: dict[CallId, datetime] = {}
        self._answered: set[CallId] = set()
        self._entered: dict[tuple[CallId, QueueName], datetime] = {}
        self._watchers: list[Told] = []
        self._timer: asyncio.TimerHandle | None = None
        bus.listen(events.CallStarted, self._call_started)
        bus.listen(events.CallerQueued, self._queued)
        bus.listen(events.CallerLeftQueue, self._left_queue)
        bus.listen(events.CallAnswered, self._call_answered)
        bus.listen(events.CallEnded, self._call_ended)

    def watch(self, told: Told) -> None:
        """told: of every queue (None: the whole office) and half hour whose figures are others now, at once; a half
        hour that is none of today's any more has no figures; half None: all of the queue's."""
        self._watchers.append(told)

    def start(self) -> None:
        """The day turns by itself from now on, also when nobody calls."""
        self._turn()
        tomorrow = self._begin_of(self._midnight + timedelta(hours=36))
        left = (tomorrow - self._clock.utc()).total_seconds()
        self._timer = asyncio.get_running_loop().call_later(min(MOST_SLEEP, max(1.0, left)), self.start)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def restore(self, visits: Iterable[Visit], calls: Iterable[CallOfDay]) -> None:
        """After a start: what was counted before it. A visit in whose midst the server stopped has failed."""
        for visit in visits:
            if visit.at >= self._midnight:
                self._offer(visit.queue, visit.at)
                self._leave(visit.queue, visit.at, visit.left or "failed", visit.waited)
        for call in calls:
            if call.at >= self._midnight:
                self._begin(call.direction, call.at)
                self._count(None, call.at, answered=call.answered, abandoned=call.outcome == "abandoned")

    @property
    def since(self) -> datetime:
        """The midnight that began the day."""
        self._turn()
        return self._midnight

    # ---- what there is to know --------------------------------------------------------------------------

    def queue(self, name: QueueName, target: float) -> QueueToday:
        """target: seconds in which callers are to be answered."""
        self._turn()
        day = self._queues.get(name, _Queue())
        short = bisect_right(day.abandoned, SHORT)
        within = bisect_right(day.answered, target)
        counted = sum(day.left.values()) - short
        return QueueToday(
            offered=day.offered,
            answered=len(day.answered),
            abandoned=len(day.abandoned),
            short=short,
            within=within,
            target=target,
            service_level=round(within / counted, 4) if counted else None,
            asa=round(sum(day.answered) / len(day.answered), 1) if day.answered else None,
        )

    def half(self, queue: QueueName | None, at: datetime) -> HalfHour | None:
        """None: nobody called then, or it is none of today's."""
        self._turn()
        kept = self._halves.get((queue, at))
        return None if kept is None else _shown(queue, at, kept)

    def halves(self) -> list[HalfHour]:
        """Those in which somebody called, of the office and of each queue, in their order."""
        self._turn()
        order = sorted(self._halves.items(), key=lambda one: (one[0][0] or "", one[0][1]))
        return [_shown(queue, at, kept) for (queue, at), kept in order]

    # ---- what happens -----------------------------------------------------------------------------------

    def _call_started(self, fact: events.CallStarted) -> None:
        self._turn()
        self._directions[fact.call] = fact.direction
        if fact.direction != "internal":
            self._began[fact.call] = fact.at
            self._begin(fact.direction, fact.at)

    def _queued(self, fact: events.CallerQueued) -> None:
        self._turn()
        if self._directions.get(fact.call) != "outbound":
            self._entered[fact.call, fact.queue] = fact.at
            self._offer(fact.queue, fact.at)

    def _left_queue(self, fact: events.CallerLeftQueue) -> None:
        self._turn()
        at = self._entered.pop((fact.call, fact.queue), None)
        if at is not None and at >= self._midnight:
            self._leave(fact.queue, at, fact.reason, fact.wait_seconds)

    def _call_answered(self, fact: events.CallAnswered) -> None:
        self._turn()
        at = self._began.get(fact.call)
        if at is not None and fact.call not in self._answered:
            self._answered.add(fact.call)
            self._count(None, at, answered=True)

    def _call_ended(self, fact: events.CallEnded) -> None:
        self._turn()
        self._directions.pop(fact.call, None)
        self._answered.discard(fact.call)
        at = self._began.pop(fact.call, None)
        if at is not None:
            self._count(None, at, abandoned=fact.outcome == "abandoned")

    # ---- within -----------------------------------------------------------------------------------------

    def _begin(self, direction: Direction, at: datetime) -> None:
        self._count(None, at, inbound=direction == "inbound", outbound=direction == "outbound")

    def _offer(self, queue: QueueName, at: datetime) -> None:
        self._queues.setdefault(queue, _Queue()).offered += 1
        self._count(queue, at, inbound=True)

    def _leave(self, queue: QueueName, at: datetime, reason: LeftReason, waited: float) -> None:
        day = self._queues.setdefault(queue, _Queue())
        day.left[reason] += 1
        if reason == "answered":
            insort(day.answered, waited)
        elif reason == "abandoned":
            insort(day.abandoned, waited)
        self._count(queue, at, answered=reason == "answered", abandoned=reason == "abandoned")

    def _count(
        self,
        queue: QueueName | None,
        at: datetime,
        *,
        inbound: bool = False,
        outbound: bool = False,
        answered: bool = False,
        abandoned: bool = False,
    ) -> None:
        if at < self._midnight:
            return
        begin = self._half_of(at)
        half = self._halves.setdefault((queue, begin), _Half())
        half.inbound += inbound
        half.outbound += outbound
        half.answered += answered
        half.abandoned += abandoned
        self._tell(queue, begin)

    def _half_of(self, at: datetime) -> datetime:
        local = at.astimezone(self._zone)
        return local.replace(minute=local.minute // 30 * 30, second=0, microsecond=0)

    def _begin_of(self, at: datetime) -> datetime:
        return at.astimezone(self._zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)

    def _turn(self) -> None:
        """At midnight the figures begin anew; also when the clock is set to another day."""
        midnight = self._begin_of(self._clock.utc())
        if midnight == self._midnight:
            return
        self._midnight = midnight
        gone, queues = list(self._halves), list(self._queues)
        self._halves.clear()
        self._queues.clear()
        self._entered = {key: at for key, at in self._entered.items() if at >= midnight}
        for queue, half in gone:
            self._tell(queue, half)
        for queue in queues:
            self._tell(queue, None)

    def _tell(self, queue: QueueName | None, half: datetime | None) -> None:
        for told in self._watchers:
            told(queue, half)


def _shown(queue: QueueName | None, at: datetime, kept: _Half) -> HalfHour:
    return HalfHour(
        at=at,
        queue=queue,
        inbound=kept.inbound,
        outbound=kept.outbound,
        answered=kept.answered,
        abandoned=kept.abandoned,
    )
