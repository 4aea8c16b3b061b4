"""SMS [短信] to customers: from the outbox to a gateway, until it has taken each.

Which gateway there is, says the configuration; without one they wait, that is told (`reasons`), and what has waited
too long has failed. A crash between the gateway's yes and ours sends one a second time, with the same key.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

import structlog

from callcenterd.bus import Bus
from callcenterd.channels.mail import EVERY, GIVE_UP, PAUSES, NotTaken
from callcenterd.clock import Clock
from callcenterd.errors import CallcenterdError
from callcenterd.model import events
from callcenterd.model.customer_messages import TOO_LATE, CustomerMessage
from callcenterd.model.site import Site
from callcenterd.store.database import Store

_log = structlog.get_logger(__name__)

SEND_SECONDS = 60.0
STOP_SECONDS = 10.0


class SmsGateway(Protocol):
    """One way to the mobile networks."""

    async def send(self, number: str, text: str, key: str) -> str:
        """Answers what the gateway said when it took the message. key: the same at every try of one message.

        Raises NotTaken, OSError.
        """


class SmsSender:
    """gateway None: there is none yet. site: as it is now."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        clock: Clock,
        gateway: SmsGateway | None = None,
        site: Callable[[], Site] = Site,
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self.gateway = gateway
        self._site = site
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._waiting = 0
        self.sent = self.refusals = 0

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """A message that is just being given to the gateway gets some seconds: it would be sent twice."""
        if self._task is None:
            return
        self._stopping.set()
        await asyncio.wait([self._task], timeout=STOP_SECONDS)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def reasons(self) -> Sequence[str]:
        """What is not well, for /healthz: without numbers of people."""
        if self._waiting and self.gateway is None:
            return [f"sms: {self._waiting} messages wait, and no gateway is configured"]
        return []

    def counters(self) -> Mapping[str, float]:
        """For /metrics."""
        return {"sms_waiting": self._waiting, "sms_sent_total": self.sent, "sms_refusals_total": self.refusals}

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self.look()
            except CallcenterdError as fault:  # the database, first of all: it is tried again
                _log.warning("SMS are sent later", why=str(fault))
            except Exception:  # noqa: BLE001  # what is at fault with one must not end the work for all
                _log.exception("SMS are sent later")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._stopping.wait()

    async def look(self) -> None:
        """Send everything that is due now, and give up what is too late. Its own task does it again and again. What is
        about records of a module that is switched off waits, and everything where messages themselves are."""
        now, messages, site = self._clock.utc(), self._store.customer_messages, self._site()
        if not site.has("customer_messages"):
            self._waiting = 0
            return
        if (late := await messages.expire(now, TOO_LATE)) > 0:
            _log.error("messages to customers were not sent in time", messages=late)
        await messages.withdraw_refused(now)
        for message in await messages.due_sms(now, without=site.kinds_off) if self.gateway is not None else ():
            if self._stopping.is_set():
                break
            await self._one(self.gateway, message)
        self._waiting = await messages.waiting_sms(self._clock.utc(), without=site.kinds_off)

    async def _one(self, gateway: SmsGateway | None, message: CustomerMessage) -> None:
        """Raises CannotStore: then nothing is known of it but that it may have been sent."""
        assert gateway is not None
        try:
            async with asyncio.timeout(SEND_SECONDS):
                said = await gateway.send(message.address, message.text, message.key)
        except (NotTaken, OSError, TimeoutError) as fault:
            for_good = isinstance(fault, NotTaken) and fault.for_good
            await self._not_sent(message, str(fault) or type(fault).__name__, for_good=for_good)
            return
        await self._store.customer_messages.sent(message.id, self._clock.utc(), said)
        self.sent += 1
        self._bus.publish(events.CustomerMessageSettled(at=self._clock.utc(), message=message.id, state="sent"))
        _log.info("SMS sent", message=message.id, tries=message.tries + 1)

    async def _not_sent(self, message: CustomerMessage, why: str, *, for_good: bool) -> None:
        now = self._clock.utc()
        self.refusals += 1
        pause = timedelta(seconds=PAUSES[min(message.tries, len(PAUSES) - 1)])
        if not for_good and now + pause < max(message.created_at, message.not_before) + GIVE_UP:
            _log.warning("SMS is sent later", message=message.id, why=why, seconds=pause.total_seconds())
            await self._store.customer_messages.later(message.id, now + pause, why)
            return
        _log.error("SMS not delivered", message=message.id, why=why)
        await self._store.customer_messages.failed(message.id, why)
        self._bus.publish(events.CustomerMessageSettled(at=now, message=message.id, state="failed"))
