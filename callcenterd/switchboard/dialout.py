"""Click to dial: an agent's own phone is rung, and when it is answered the number that was clicked (ACD-06, TEL-03).

From the moment the phone rings it is one call of that agent, who is busy for the queues. Once the phone is up nothing
is special any more: the call goes where it would if the phone had dialled the number, by the same rules and limits.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from callcenterd.calls.call import Leg
from callcenterd.calls.listening import RefusalReason
from callcenterd.errors import CallcenterdError, LocalError, NotNow, Refused
from callcenterd.model import events, numbers
from callcenterd.model.ids import AgentId, CallId, ExtensionNumber
from callcenterd.sip.events import ToExtension, ToTrunk
from callcenterd.switchboard import outbound
from callcenterd.switchboard.inbound import flow_for
from callcenterd.switchboard.journey import Journey

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

RING_SECONDS = 30.0
"""How long the agent's own phone rings."""


class DialOut:
    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._ringing: dict[Leg, tuple[Journey, asyncio.TimerHandle]] = {}

    async def begin(
        self,
        login: str,
        number: str,
        *,
        extension: ExtensionNumber | None = None,
        caller_id: str = "",
        wished: bool = False,
    ) -> CallId:
        """Ring the phone of that user, then the number. extension: the phone to be rung; None: the one where they sit.
        caller_id: what the other side is shown, one of the office's own numbers; "": what its trunk shows always.

        Raises Refused for a number or caller ID that cannot be, NotFound for an extension that there is not, and
        NotNow: the user is in a call, there is no phone of theirs that could be rung, or the number must not be called.
        wished: whom it reaches has asked for it, so that a do-not-call list does not count.
        """
        board, agent, number = self._board, AgentId(login), numbers.tidy(number)
        if not wished and await self.is_barred(number):
            raise NotNow(f"number {number} must not be called: it is on the do-not-call list")
        if board.draining:
            raise NotNow("the server is about to stop")
        view = board.desk.view(login)
        if view is not None and view.state in ("talking", "offered"):
            raise NotNow("you are in a call, or are rung for one")
        phone = board.desk.phone_of(login, extension)
        settings = next((known for known in board.site.extensions if known.number == phone), None)
        if settings is None:
            raise NotNow("this page has no number of its own")
        if board.queueing.agent_at(phone) not in (None, agent):
            raise NotNow(f"somebody else sits at phone {phone}")
        inside = self._check(number, phone, caller_id)
        at_once = settings.auto_answer or board.page_of(login) == phone
        try:
            leg = board.calls.dial(
                ToExtension(phone, at_once=at_once),
                call=None,
                caller=number,
                direction="internal" if inside else "outbound",
            )
        except LocalError as fault:
            raise NotNow(str(fault)) from fault
        leg.call.caller, leg.call.called, leg.call.extension = phone, number, phone
        journey = board.begin(leg.call)
        journey.caller_id, journey.wished = caller_id, wished
        journey.result = "failed"  # until the agent's own phone is up
        journey.state, journey.state_at = "ringing", board.clock.utc()
        timer = asyncio.get_running_loop().call_later(RING_SECONDS, self._not_taken, leg, "no_answer")
        self._ringing[leg] = (journey, timer)
        board.occupy(journey, agent)
        return leg.call.id

    async def is_barred(self, *forms: str) -> bool:
        """Is a number on the do-not-call list, in one of the ways in which it is written? Emergency numbers never are.

        A store that does not answer bars nobody: phones work without it.
        """
        board = self._board
        if any(numbers.is_emergency(form, board.region) for form in forms):
            return False
        try:
            return any([await board.store.do_not_call.find(form) is not None for form in forms])
        except CallcenterdError as fault:
            _log.error("do-not-call list not read", why=str(fault))
            return False

    def _check(self, number: str, phone: ExtensionNumber, caller_id: str) -> bool:
        """Does the number lead inside? Raises Refused."""
        board = self._board
        wanted = outbound.targets(board.site, number, None, board.region)
        name = flow_for(board.site, number)
        flow = None if name is None else board.flows.get(name)
        if number == phone or (flow is None and not wanted):
            raise Refused(f"number {number} cannot be dialled", {"number": "leads nowhere"})
        if caller_id and caller_id not in outbound.own_numbers(board.site):
            raise Refused(f"{caller_id} is no number of the office", {"caller_id": "no number of the office"})
        return flow is not None or not isinstance(wanted[0], ToTrunk)

    # ---- what the agent's own phone does -------------------------------------------------------------------

    def knows(self, leg: Leg) -> bool:
        return leg in self._ringing

    def ringing(self, leg: Leg) -> None:
        journey, _ = self._ringing[leg]
        self._board.bus.publish(
            events.CallRinging(at=self._board.clock.utc(), call=leg.call.id, agent=journey.agent, number=leg.number)
        )

    def answered(self, leg: Leg) -> None:
        """The number is dialled now, as if this phone had done so."""
        journey = self._forget(leg)
        journey.result = None
        journey.state, journey.state_at = "flow", self._board.clock.utc()
        self._board.inbound.arrived(journey)

    def refused(self, leg: Leg, why: RefusalReason) -> None:
        self._not_taken(leg, why)

    def over(self, journey: Journey) -> None:
        """The call is over: its phone does not ring any more."""
        for leg, (rung_for, _) in list(self._ringing.items()):
            if rung_for is journey:
                self._forget(leg)

    def _not_taken(self, leg: Leg, why: RefusalReason) -> None:
        journey = self._forget(leg)
        _log.info("own phone did not take a call", call=leg.call.id, number=leg.number, why=why)
        self._board.finish(journey, "agent", f"own phone: {why}")

    def _forget(self, leg: Leg) -> Journey:
        journey, timer = self._ringing.pop(leg)
        timer.cancel()
        return journey
