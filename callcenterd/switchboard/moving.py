"""A supervisor with who waits: up, to another queue, to a chosen agent (SUP-02). Each is told, and kept in the audit
trail with who did it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callcenterd.errors import LocalError, NotFound, NotNow
from callcenterd.model import events
from callcenterd.model.events import WaitingMove
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.switchboard.journey import Journey

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard


class Moving:
    def __init__(self, board: Switchboard) -> None:
        self._board = board

    async def up(self, queue: QueueName, call: CallId, by: str, *, of_all: bool = False) -> None:
        """One place ahead, or before all. Raises NotFound if the call does not wait in that queue."""
        self._waits(queue, call)
        self._board.queueing.put_ahead(call, of_all=of_all)
        await self._moved(call, queue, by, "front" if of_all else "up", "")

    async def to_queue(self, queue: QueueName, call: CallId, by: str, to: QueueName) -> None:
        """With the time that was waited. Raises NotFound, also if there is no such queue, and NotNow if it is closed,
        nobody works there, or they wait there already."""
        journey = self._waits(queue, call)
        if not self._board.opening.takes_callers(self._board.queueing.settings(to)):
            raise NotNow(f"queue {to} is closed")
        try:
            self._board.queueing.requeue(journey, to)
        except NotFound:
            raise
        except LocalError as fault:
            raise NotNow(str(fault)) from fault
        await self._moved(call, queue, by, "queue", to)

    async def to_agent(self, queue: QueueName, call: CallId, by: str, agent: AgentId) -> None:
        """It is that agent's next call. Raises NotFound, also if there is no such agent, and NotNow for one who takes
        no calls of that queue now."""
        self._waits(queue, call)
        try:
            self._board.queueing.give_to(call, agent)
        except NotFound:
            raise
        except LocalError as fault:
            raise NotNow(str(fault)) from fault
        await self._moved(call, queue, by, "agent", agent)

    def _waits(self, queue: QueueName, call: CallId) -> Journey:
        journey = self._board.journeys.get(call)
        if journey is None or self._board.queueing.waits_in(call) != queue:
            raise NotFound("waiting call", call)
        return journey

    async def _moved(self, call: CallId, queue: QueueName, by: str, how: WaitingMove, to: str) -> None:
        now = self._board.clock.utc()
        self._board.bus.publish(events.CallerMoved(at=now, call=call, queue=queue, by=by, how=how, to=to))
        details = {"queue": queue, "how": how, "to": to}
        await self._board.store.audit.append(now, by, "call.caller_moved", f"call/{call}", details)
