"""A customer who complained has the answer (CMP-04): the call reached them, or the mail server took the letter.

What was told is worked through in order. What a crash took from here is found in the store at the next start: the duty
that a call has closed, and the letter that was sent, stay there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from callcenterd.bus import Bus
from callcenterd.errors import CallcenterdError, NotNow
from callcenterd.model import events
from callcenterd.model.records import RecordIsAnother
from callcenterd.store.database import Store
from callcenterd.tickets.complaints import KIND, Complaints

_log = structlog.get_logger(__name__)

STOP_SECONDS = 10.0
CALLED = "complaint_answer"
TRIES = 5
"""Against people who change the same complaint at the same moment."""


class AnswersHeard:
    def __init__(self, store: Store, bus: Bus, complaints: Complaints) -> None:
        self._store = store
        self._complaints = complaints
        self._waiting: asyncio.Queue[Callable[[], Awaitable[None]] | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        bus.listen(events.DutyChanged, self._duty)
        bus.listen(events.LetterSent, self._letter)
        bus.listen(events.MailFailed, self._failed)

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
        while (work := await self._waiting.get()) is not None:
            try:
                await work()
            except CallcenterdError as fault:
                _log.error("an answer to a complaint is not kept", why=str(fault))
            except Exception:  # noqa: BLE001  # one complaint's fault must not stop the others' answers
                _log.exception("an answer to a complaint is not kept")

    # ---- facts ------------------------------------------------------------------------------------------

    def _duty(self, fact: events.DutyChanged) -> None:
        if fact.kind == CALLED and fact.state == "done":
            self._waiting.put_nowait(lambda: self._reached(fact.duty, fact.by, "call"))

    def _letter(self, fact: events.LetterSent) -> None:
        duty = fact.duty
        if duty is not None and fact.about.startswith(f"{KIND}/"):
            self._waiting.put_nowait(lambda: self._reached(duty, "system", "email"))

    def _failed(self, fact: events.MailFailed) -> None:
        duty = fact.duty
        if duty is not None:
            self._waiting.put_nowait(lambda: self._came_to_nothing(duty, fact.letter, fact.why))

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

    async def _came_to_nothing(self, duty: int, letter: int, why: str) -> None:
        """Of the customer's letter; one that warned a colleague is the mail room's affair."""
        if not (await self._store.outbox.get(letter)).about:
            return
        for _ in range(TRIES):
            complaint = await self._store.complaints.of_duty(duty)
            if complaint is None:
                return
            try:
                await self._complaints.not_answered(complaint, why)
            except RecordIsAnother:
                continue
            return

    async def catch_up(self) -> None:
        for complaint, duty in await self._store.complaints.settled_meanwhile(CALLED):
            await self._reached(duty.id, duty.closed_by, "call")
            _log.warning("an answer by call was found in the ledger", complaint=complaint.id)
        for complaint in await self._store.complaints.sent_meanwhile():
            if complaint.duty is not None:
                await self._reached(complaint.duty, "system", "email")
                _log.warning("an answer by letter was found in the outbox", complaint=complaint.id)
