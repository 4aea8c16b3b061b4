"""A phone puts the other side on hold: who waits hears music, and everybody can see it (TEL-03)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from callcenterd.calls.call import Leg
from callcenterd.errors import CallcenterdError
from callcenterd.model import events
from callcenterd.model.ids import AgentId
from callcenterd.model.prompts import Music
from callcenterd.switchboard.journey import Journey, LineState

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)


class Holding:
    """The bridge stays as it is while somebody holds: music is heard instead of it, the recording goes on."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._tasks: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def changed(self, leg: Leg) -> None:
        """`leg.holds` is another. A leg that speaks with nobody holds nobody."""
        board = self._board
        journey = board.journeys.get(leg.call.id)
        if journey is None or leg.joined is None or journey.joined_at is None:
            return
        kind = events.CallHeld if leg.holds else events.CallResumed
        board.bus.publish(
            kind(at=board.clock.utc(), call=leg.call.id, agent=agent_of(board, leg), number=_number(journey, leg))
        )
        self.show(journey)
        self.play(leg, leg.joined)

    def show(self, journey: Journey) -> None:
        """The state of a call whose two sides are joined."""
        legs = (journey.call.first, journey.with_person)
        state: LineState = "held" if any(leg is not None and leg.holds for leg in legs) else "talking"
        if journey.state != state:
            journey.state, journey.state_at = state, self._board.clock.utc()

    def play(self, leg: Leg, other: Leg) -> None:
        """`other` hears music if `leg` holds, and otherwise whom it speaks with."""
        if not leg.holds:
            self._board.calls.stop_play(other)
            return
        task = asyncio.create_task(self._music(leg, other))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _music(self, leg: Leg, other: Leg) -> None:
        try:
            sound = await self._board.prompts.sound(Music(""))
        except CallcenterdError as fault:
            _log.error("no music on hold", call=leg.call.id, why=str(fault))
            return
        if leg.holds and leg.joined is other:
            self._board.calls.play(other, [sound], repeat=True)


def agent_of(board: Switchboard, leg: Leg) -> AgentId | None:
    """Whose phone it is, if an agent sits there."""
    return None if leg.extension is None else board.queueing.agent_at(leg.extension)


def _number(journey: Journey, leg: Leg) -> str:
    return leg.extension or (journey.call.caller if leg is journey.call.first else leg.number)
