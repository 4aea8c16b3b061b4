"""A colleague's question waits in a queue for one of its agents (TEL-03).

It is in the line like who is to be called back: an agent is kept for it, so that nothing else is offered to them, and
their phone is rung. Who does not pick up is passed over, and the next one is asked. It is no customer: it counts in no
figure of the queue, and not among those who wait. If the agent hands the customer on before anybody has picked up, the
customer has its place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from callcenterd.calls.call import Leg
from callcenterd.model import events
from callcenterd.model.events import ConsultEnd, DeclineReason, LeftReason
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.switchboard.outbound import DialResult

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard
    from callcenterd.switchboard.journey import Journey

_log = structlog.get_logger(__name__)

MARGIN = 10.0
"""Seconds that an agent is kept beyond the ring time: it is this file, and not the lease, that ends the ringing."""
_DECLINED: dict[DialResult, DeclineReason] = {"busy": "busy", "no_answer": "no_answer"}


@dataclass(eq=False)
class AskedQueue:
    """One question. Implements `queueing.Expected`.

    key: by which the ACD knows it; it is no call of its own. by: the leg of who asks. since: monotonic.
    picked_up: told the leg of who answers. quiet: nobody rings any more, and the next one is waited for. ended: why
    nobody is to be had. own: begins a task that ends with the server.
    """

    board: Switchboard
    journey: Journey
    by: Leg
    name: QueueName
    key: CallId
    since: float
    picked_up: Callable[[Leg], None]
    quiet: Callable[[], None]
    ended: Callable[[ConsultEnd], None]
    own: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
    over: bool = False
    ringing: asyncio.Task[None] | None = None
    timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Raises NotFound for a queue that there is not."""
        settings = self.board.queueing.settings(self.name)
        if settings.max_wait > 0:
            self.timer = asyncio.get_running_loop().call_later(settings.max_wait, self._too_long)
        self.board.queueing.expect(self.key, self.name, self, self.since, settings.ring + MARGIN)

    def give_up(self) -> None:
        """Nobody is asked any more. Twice is as once, and after the answer nothing."""
        if not self.over:
            self._close()
            self._stop_ringing()
            self.board.queueing.expect_no_more(self.key, "left")

    # ---- what the ACD tells ------------------------------------------------------------------------------------

    def offered(self, agent: AgentId) -> None:
        if not self.over and self.board.queueing.kept_for(self.key) == agent:
            self._stop_ringing()
            self.ringing = self.own(self._ring(agent))

    def withdrawn(self) -> None:
        """The agent is not to be had after all: on break, or gone."""
        if not self.over and self.board.queueing.kept_for(self.key) is None:
            self._stop_ringing()
            self.quiet()

    def left(self, reason: LeftReason) -> None:
        """The queue has lost its last member, or is there no more."""
        if not self.over:
            _log.info("question ended", call=self.journey.call.id, queue=self.name, why=reason)
            self._close()
            self._stop_ringing()
            self.ended("failed")

    # ---- within ------------------------------------------------------------------------------------------------

    async def _ring(self, agent: AgentId) -> None:
        """Until the agent does not pick up, or has left the call again."""
        board, queueing = self.board, self.board.queueing
        if queueing.kept_for(self.key) != agent:  # somebody has just picked up
            return
        to = queueing.way_to(agent)
        extension = self.by.extension
        result: DialResult = "failed"
        try:
            if to is not None and extension is not None:
                result = await board.outbound.dial(
                    self.journey,
                    [to],
                    seconds=queueing.settings(self.name).ring,
                    record=False,
                    caller=extension,
                    extension=extension,
                    agent=agent,
                    hears=self.by,
                    joined=lambda _journey, leg, _agent, _record: self._answered(agent, leg),
                    quiet=True,
                    offered=True,
                )
        except Exception:  # noqa: BLE001  # one call's fault must not reach another's
            _log.exception("nobody asked", call=self.journey.call.id, queue=self.name)
        if self.over:
            return
        self.ringing = None
        reason = _DECLINED.get(result, "unreachable")
        call, now = self.journey.call.id, board.clock.utc()
        board.bus.publish(events.OfferDeclined(at=now, call=call, agent=agent, reason=reason))
        self.quiet()
        queueing.not_taken(self.key, agent, reason)

    def _answered(self, agent: AgentId, leg: Leg) -> None:
        if self.over or self.journey.ended:
            self.board.calls.hang_up(leg)
            return
        self._close()
        self.board.queueing.consulted(self.key, agent, self.journey.call.id)
        self.picked_up(leg)

    def _too_long(self) -> None:
        self.give_up()
        self.ended("no_answer")

    def _close(self) -> None:
        self.over = True
        if self.timer is not None:
            self.timer.cancel()

    def _stop_ringing(self) -> None:
        if self.ringing is not None:
            self.ringing.cancel()  # and with it the phone
            self.ringing = None
