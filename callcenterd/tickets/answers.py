"""A customer who complained has the answer (CMP-04): the call reached them, or the message has gone out. One that came
to nothing, or is not wanted, becomes a call.

What was told is worked through in order. What nobody told, or a crash took from here, is found in the store: the duty
that a call has closed at the next start, what became of messages every few seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from callcenterd.bus import Bus
from callcenterd.errors import CallcenterdError, NotNow
from callcenterd.model import events
from callcenterd.model.customer_messages import CANCELLED
from callcenterd.model.records import RecordIsAnother
from callcenterd.model.site import Site
from callcenterd.store.database import Store
from callcenterd.tickets.complaints import Complaints

_log = structlog.get_logger(__name__)

STOP_SECONDS = 10.0
CALLED = "complaint_answer"
EVERY = 5.0
"""Seconds between two looks at messages that are on their way."""
TRIES = 5
"""Against people who change the same complaint at the same moment."""


class AnswersHeard:
    """site: as it is now."""

    def __init__(self, store: Store, bus: Bus, complaints: Complaints, site: Callable[[], Site] = Site) -> None:
        self._store = store
        self._site = site
        self._complaints = complaints
        self._waiting: asyncio.Queue[Callable[[], Awaitable[None]] | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        bus.listen(events.DutyChanged, self._duty)
        bus.listen(events.CustomerMessageSettled, lambda _: self._waiting.put_nowait(self._settle))

    def start(self) -> None:
        self._waiting.put_nowait(self.catch_up)
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
        while (work := await self._next()) is not None:
            try:
                await work()
            except CallcenterdError as fault:
                _log.error("an answer to a complaint is not kept", why=str(fault))
            except Exception:  # noqa: BLE001  # one complaint's fault must not stop the others' answers
                _log.exception("an answer to a complaint is not kept")

    async def _next(self) -> Callable[[], Awaitable[None]] | None:
        try:
            async with asyncio.timeout(EVERY):
                return await self._waiting.get()
        except TimeoutError:
            return self._settle

    # ---- facts ------------------------------------------------------------------------------------------

    def _duty(self, fact: events.DutyChanged) -> None:
        if fact.kind == CALLED and fact.state == "done":
            self._waiting.put_nowait(lambda: self._reached(fact.duty, fact.by, "call"))

    # ---- what they mean ---------------------------------------------------------------------------------

    async def _reached(self, duty: int, by: str, means: str) -> None:
        for _ in range(TRIES):
            complaint = await self._store.complaints.of_duty(duty)
            if complaint is None or complaint.means != means:
                return  # another answer was chosen meanwhile
            try:
                await self._complaints.answered(complaint, by, {"means": means})
            except RecordIsAnother:
                continue
            except NotNow:  # it has gone on already
                pass
            return

    async def _settle(self) -> None:
        """What became of the messages that answer. Where complaints are switched off it is found later."""
        if not self._site().has("complaints"):
            return
        for complaint, message in await self._store.complaints.messages_settled():
            try:
                if message.state == "sent":
                    await self._complaints.answered(complaint, "system", {"means": message.channel})
                else:
                    why = message.why or CANCELLED
                    await self._complaints.not_answered(complaint, why)
            except (RecordIsAnother, NotNow):  # somebody was faster; what is left to do is found the next time
                continue

    async def catch_up(self) -> None:
        if not self._site().has("complaints"):
            return
        for complaint, duty in await self._store.complaints.settled_meanwhile(CALLED):
            await self._reached(duty.id, duty.closed_by, "call")
            _log.warning("an answer by call was found in the ledger", complaint=complaint.id)
        await self._settle()
