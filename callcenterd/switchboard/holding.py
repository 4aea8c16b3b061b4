"""Somebody puts the other side on hold, by the phone or from a page: who waits hears music, and everybody can see it
(TEL-03)."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING

import structlog

from callcenterd.calls.call import Leg, LegState
from callcenterd.errors import CallcenterdError, NotNow
from callcenterd.model import events
from callcenterd.model.ids import AgentId
from callcenterd.model.prompts import Music
from callcenterd.switchboard.journey import Journey, LineState

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)


class Holding:
    """The two stay joined while somebody holds: music is heard instead of it, the recording goes on.

    In a conference nobody hears music: the others speak with each other, and who holds from a page is away.
    """

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._tasks: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def changed(self, leg: Leg) -> None:
        """`leg.holds` is another. A leg that speaks with nobody holds nobody."""
        journey = self._board.journeys.get(leg.call.id)
        if journey is None or leg.joined is None or journey.joined_at is None or leg.kept:
            return
        self._tell(journey, leg)

    def keep(self, journey: Journey, login: str | None) -> None:
        """From a page: the agent's other side is on hold, whom the agent does not hear meanwhile. Twice is as once.

        login: whose phone holds; None: whichever agent's. Raises NotNow if nobody can be held.
        """
        leg = self._to_hold(journey, login)
        if leg.holding:
            return
        self._step(leg, kept=True)
        self._tell(journey, leg)

    def take_back(self, journey: Journey, login: str | None) -> None:
        """Raises NotNow if nobody can be held, or if it is the phone that holds: only the phone can end that."""
        leg = self._to_hold(journey, login)
        if not leg.kept:
            if leg.holds:
                raise NotNow("the phone itself holds the call")
            return
        self._step(leg, kept=False)
        if not leg.holds:
            self._tell(journey, leg)

    def let_hear(self, leg: Leg) -> None:
        """The leg holds nobody any more from a page; whom it speaks with is another now."""
        if leg.kept:
            self._step(leg, kept=False)

    def over(self, journey: Journey) -> None:
        """The conversation is over: nobody holds anybody any more."""
        for leg in (journey.call.first, journey.with_person):
            if leg is not None:
                leg.kept = False

    def show(self, journey: Journey) -> None:
        """The state of a call whose sides are joined."""
        legs = (journey.call.first, journey.with_person)
        waits = journey.consult is not None and not journey.consult.with_caller
        held = waits or (not journey.others and any(leg is not None and leg.holding for leg in legs))
        state: LineState = "held" if held else "talking"
        if journey.state != state:
            journey.state, journey.state_at = state, self._board.clock.utc()

    def play(self, leg: Leg, other: Leg) -> None:
        """`other` hears music if `leg` holds, and otherwise whom it speaks with."""
        if not leg.holding:
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
        if leg.holding and leg.joined is other:
            self._board.calls.play(other, [sound], repeat=True)

    # ---- within ----------------------------------------------------------------------------------------------

    def _to_hold(self, journey: Journey, login: str | None) -> Leg:
        if journey.consult is not None:
            raise NotNow("somebody is being asked about this call")
        return self.leg_of(journey, login)

    def leg_of(self, journey: Journey, login: str | None) -> Leg:
        """The agent's phone in a conversation. login: whose; None: whichever agent's. Raises NotNow."""
        for leg in (journey.with_person, journey.call.first):
            if leg is None or leg.state is not LegState.UP or journey.joined_at is None:
                continue
            agent = agent_of(self._board, leg)
            if agent is not None and login in (None, agent):
                return leg
        raise NotNow("nobody speaks with an agent in this call now")

    def _step(self, leg: Leg, *, kept: bool) -> None:
        calls = self._board.calls
        leg.kept = kept
        part = calls.part_of(leg)
        if part is not None:
            calls.change_part(leg, dataclasses.replace(part, away=kept))

    def _tell(self, journey: Journey, leg: Leg) -> None:
        board = self._board
        kind = events.CallHeld if leg.holding else events.CallResumed
        board.bus.publish(
            kind(at=board.clock.utc(), call=leg.call.id, agent=agent_of(board, leg), number=_number(journey, leg))
        )
        self.show(journey)
        if leg.joined is not None:
            self.play(leg, leg.joined)


def agent_of(board: Switchboard, leg: Leg) -> AgentId | None:
    """Whose phone it is, if an agent sits there."""
    return None if leg.extension is None else board.queueing.agent_at(leg.extension)


def agent_leg(board: Switchboard, journey: Journey) -> Leg | None:
    """The leg of the agent in a conversation: who was called, or who dialled."""
    for leg in (journey.with_person, journey.call.first):
        if leg is not None and leg.alive and agent_of(board, leg) is not None:
            return leg
    return None


def _number(journey: Journey, leg: Leg) -> str:
    return leg.extension or (journey.call.caller if leg is journey.call.first else leg.number)
