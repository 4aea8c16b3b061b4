"""What calls do to duties: a lost caller is owed a call, and who was spoken with is owed one no more (NEW-03, NEW-04).

Facts are worked through one after the other, so that a caller who is lost and rings again a second later is owed
nothing. What a crash took from here is found in the history at the next start.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import structlog

from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.errors import CallcenterdError
from callcenterd.model import events
from callcenterd.model.ids import CallId, CustomerId
from callcenterd.model.site import Site
from callcenterd.store.database import Store
from callcenterd.tickets.kinds import CALLED_AGAIN, Kind
from callcenterd.tickets.ledger import Ledger, Wanted

_log = structlog.get_logger(__name__)

LOOKED_BACK = timedelta(days=2)
"""At a start: older calls that were lost in a crash are nobody's memory any more."""
STOP_SECONDS = 10.0
SYSTEM = "system"
"""Who has spoken in a call that no agent had."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A call that is up: who is at its outside end."""

    direction: Literal["inbound", "outbound", "internal"]
    number: str


class CallsAndDuties:
    """site: as it is now; what is owed by modules that are switched off rests."""

    def __init__(self, store: Store, bus: Bus, clock: Clock, ledger: Ledger, site: Callable[[], Site] = Site) -> None:
        self._store = store
        self._site = site
        self._clock = clock
        self._ledger = ledger
        self._lines: dict[CallId, _Line] = {}
        self._waiting: asyncio.Queue[Callable[[], Awaitable[None]] | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        bus.listen(events.CallStarted, self._started)
        bus.listen(events.CallAnswered, self._answered)
        bus.listen(events.CallEnded, self._ended)

    def start(self) -> None:
        self._waiting.put_nowait(self._catch_up)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """What was told before is worked through."""
        if self._task is None:
            return
        self._waiting.put_nowait(None)
        await asyncio.wait([self._task], timeout=STOP_SECONDS)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def settled(self) -> None:
        """Everything told until now has been worked through."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def say() -> None:
            done.set_result(None)

        self._waiting.put_nowait(say)
        await done

    async def _run(self) -> None:
        while (work := await self._waiting.get()) is not None:
            try:
                await work()
            except CallcenterdError as fault:
                _log.error("what a call means for duties is not kept", why=str(fault))
            except Exception:  # noqa: BLE001  # one call's fault must not stop what others mean
                _log.exception("what a call means for duties is not kept")

    # ---- facts ------------------------------------------------------------------------------------------

    def _started(self, fact: events.CallStarted) -> None:
        number = fact.called if fact.direction == "outbound" else fact.caller
        self._lines[fact.call] = _Line(fact.direction, number)

    def _answered(self, fact: events.CallAnswered) -> None:
        line = self._lines.get(fact.call)
        if line is None or line.direction == "internal" or not line.number:
            return
        self._waiting.put_nowait(lambda: self._spoken(fact.call, line, fact.agent or SYSTEM))

    def _ended(self, fact: events.CallEnded) -> None:
        line = self._lines.pop(fact.call, None)
        if line is None or line.direction != "inbound" or not line.number:
            return
        owner, queue = "" if fact.queue else fact.agent or "", fact.queue or ""
        for kind in self._from_calls():
            if fact.outcome in kind.from_calls:
                lost = functools.partial(self._lost, kind, fact.call, line.number, queue, owner)
                self._waiting.put_nowait(lost)

    def _from_calls(self) -> tuple[Kind, ...]:
        return tuple(kind for kind in self._ledger.kinds.values() if kind.from_calls)

    # ---- what they mean ---------------------------------------------------------------------------------

    async def _spoken(self, call: CallId, line: _Line, by: str) -> None:
        reached = line.direction == "outbound"
        kinds = self._ledger.kinds
        rest = self._site().duties_off
        closed = tuple(name for name, kind in kinds.items() if kind.closes is not None and name not in rest)
        for duty in await self._store.duties.open_for(line.number, closed):
            kind = kinds[duty.kind]
            if kind.by_people and by == SYSTEM:
                continue
            if not reached and kind.closes == "reached":
                await self._ledger.called_in(duty, by, call)
                continue
            outcome = (kind.closed_as or kind.outcomes[0]) if reached else CALLED_AGAIN
            if reached and kind.closed_late and self._clock.utc() > duty.first_due:
                outcome = kind.closed_late
            await self._ledger.settled(duty, outcome, by, call)

    async def _lost(self, kind: Kind, call: CallId, number: str, queue: str, owner: str) -> None:
        if await self._store.callbacks.open_ones(number=number):
            return  # who waits to be called back has the place, and is not lost
        customers = await self._store.customers.by_phone(number)
        level = any(customer.level in kind.priority_levels for customer in customers)
        customer: CustomerId | None = customers[0].id if len(customers) == 1 else None
        await self._ledger.owe(
            kind,
            Wanted(
                kind=kind.name,
                number=number,
                call=call,
                queue=queue,
                owner=owner,
                customer=customer,
                priority=int(level),
            ),
        )

    async def _catch_up(self) -> None:
        since = self._clock.utc() - LOOKED_BACK
        for kind in self._from_calls():
            found = await self._store.duties.lost_calls(since, kind.name, kind.from_calls)
            for record in found:
                await self._lost(kind, record.id, record.caller, record.queue or "", "")
            if found:
                _log.warning("lost callers found in the history that were owed nothing yet", calls=len(found))
