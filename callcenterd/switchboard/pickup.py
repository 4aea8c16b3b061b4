"""A call that rings at another phone is taken at one's own (TEL-05): by dialling `*8`, or `*8` and the phone's number,
or by an order from a page.

What an agent may take: callers of the own queues, and what rings at colleagues with whom one shares a queue or a team;
who leads the team may, too. The phones that rang are told that the call was completed elsewhere; whose they are has no
miss. A queue's call is that of who takes it as if it had been offered to them: with wrap-up, disposition and figures.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from callcenterd.calls.call import Call, Leg, LegState
from callcenterd.errors import LocalError, NotNow
from callcenterd.model import events
from callcenterd.model.ids import AgentId, CallId, ExtensionNumber
from callcenterd.sip.events import ToExtension
from callcenterd.switchboard.holding import agent_of
from callcenterd.switchboard.journey import Journey

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

CODE = "*8"
RING_SECONDS = 15.0
"""How long one's own phone rings for what one takes from a page."""


@dataclass(frozen=True, slots=True)
class Ringing:
    """A call that could be taken. leg: the phone that rings; of several, the first."""

    journey: Journey
    leg: Leg


class Pickup:
    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._fetching: dict[Leg, tuple[CallId, asyncio.TimerHandle]] = {}

    # ---- by the phone ----------------------------------------------------------------------------------------

    def dialled(self, call: Call) -> bool:
        """Does a phone take a call that rings elsewhere? Its own call is over then."""
        number, board = call.called.removeprefix(CODE), self._board
        inside = number in ("", *(extension.number for extension in board.site.extensions))
        if call.extension is None or number == call.called or not inside:
            return False
        agent = board.queueing.agent_at(call.extension)
        found = None if agent is None else self._find(agent, call.extension, number)
        if found is None or agent is None:
            board.calls.refuse(call.first, 404)
            return True
        leg = call.first
        board.calls.answer(leg)
        if leg.state is LegState.UP:
            board.calls.adopt(leg, found.journey.call)
            self._take(found, leg, agent)
        return True

    def _find(self, agent: AgentId, phone: ExtensionNumber, number: str) -> Ringing | None:
        """Who waits longest of those that ring at `number` ("": anywhere) and that the agent may take."""
        found = [
            one
            for one in self._ringing()
            if number in ("", one.leg.extension) and one.leg.extension != phone and self._may(agent, one)
        ]
        return min(found, key=lambda one: one.journey.call.started, default=None)

    def _ringing(self) -> list[Ringing]:
        board = self._board
        legs = [leg for journey in board.journeys.values() for leg in journey.rung.values()]
        legs += board.outbound.rung_inside()
        return [Ringing(board.journeys[leg.call.id], leg) for leg in legs if leg.call.id in board.journeys]

    def _may(self, agent: AgentId, ringing: Ringing) -> bool:
        queues = set(self._board.queueing.view(agent).queues)
        rung = agent_of(self._board, ringing.leg)
        if rung is not None and self._board.site.share_a_team(agent, rung):
            return True
        if ringing.leg in ringing.journey.rung.values():
            return ringing.journey.queue in queues
        return rung is not None and bool(queues & set(self._board.queueing.view(rung).queues))

    def may_take(self, login: str, call: CallId) -> bool:
        """Does the call ring somewhere where that agent could take it by their phone's code?"""
        agent = AgentId(login)
        if not self._board.queueing.knows(agent):
            return False
        own = self._board.queueing.extension_of(agent)
        return any(
            one.journey.call.id == call and one.leg.extension != own and self._may(agent, one)
            for one in self._ringing()
        )

    # ---- from a page -----------------------------------------------------------------------------------------

    def begin(self, call: CallId, login: str) -> None:
        """Ring one's own phone, which has the call as soon as it answers. Whether one may is for who asks to know.

        Raises NotFound for a call that is over, NotNow if it rings at nobody else's phone, or one has no phone.
        """
        board = self._board
        journey = board.desk.journey(call)
        number = board.desk.phone_of(login)
        view = board.desk.view(login)
        if view is not None and view.state == "talking":
            raise NotNow("you are in a call")
        if self._in(journey, number) is None:
            raise NotNow("this call rings at nobody else's phone")
        try:
            caller = journey.call.caller
            leg = board.calls.dial(ToExtension(number, at_once=True), call=None, caller=caller, direction="internal")
        except LocalError as fault:
            raise NotNow(str(fault)) from fault
        leg.call.told = False
        timer = asyncio.get_running_loop().call_later(RING_SECONDS, self._too_late, leg)
        self._fetching[leg] = (call, timer)

    def _in(self, journey: Journey, phone: ExtensionNumber) -> Ringing | None:
        found = [one for one in self._ringing() if one.journey is journey and one.leg.extension != phone]
        return found[0] if found else None

    def knows(self, leg: Leg) -> bool:
        return leg in self._fetching

    def answered(self, leg: Leg) -> None:
        """One's own phone is up. The call may be answered, or over, meanwhile."""
        board = self._board
        journey = board.journeys.get(self._forget(leg))
        assert leg.extension is not None
        found = None if journey is None else self._in(journey, leg.extension)
        if found is None:
            board.calls.hang_up(leg)
            return
        board.calls.adopt(leg, found.journey.call)
        self._take(found, leg, agent_of(board, leg))

    def refused(self, leg: Leg) -> None:
        self._forget(leg)

    def stop(self) -> None:
        for leg in list(self._fetching):
            self._too_late(leg)

    def _too_late(self, leg: Leg) -> None:
        self._forget(leg)
        self._board.calls.hang_up(leg)

    def _forget(self, leg: Leg) -> CallId:
        call, timer = self._fetching.pop(leg)
        timer.cancel()
        return call

    # ---- both ------------------------------------------------------------------------------------------------

    def _take(self, ringing: Ringing, leg: Leg, agent: AgentId | None) -> None:
        """`leg`, which is up and of the call, takes the place of the phone that rings."""
        board, journey, old = self._board, ringing.journey, ringing.leg
        fact = events.CallPickedUp(
            at=board.clock.utc(),
            call=journey.call.id,
            agent=agent,
            number=leg.extension or leg.number,
            from_number=old.extension or old.number,
        )
        board.bus.publish(fact)
        if old not in journey.rung.values():
            board.outbound.picked_up(old, leg)
        elif agent is None or not board.queueing.taken(journey, leg, agent):
            settings = next((queue for queue in board.site.queues if queue.name == journey.queue), None)
            board.join(journey, leg, agent, settings is None or settings.record)
            if agent is not None:
                board.takes_part(journey, agent, dialled=False)
            board.queueing.taken_beside(journey)
        board.desk.pop_for(leg)
