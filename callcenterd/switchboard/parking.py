"""A call is parked: it waits at a slot, with music, until somebody fetches it from any phone (TEL-05).

A phone parks by handing its call on (transfer) to `*68`, or `*68` and the number of a slot, and fetches by dialling
`*88` and the slot; a page does both by the API. A lamp for `*88` and the slot is lit while a call waits there. Who is
not fetched in time rings at the phone that parked it, and goes on waiting if nobody takes it there.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from callcenterd.calls.call import Call, Leg, LegState
from callcenterd.errors import CallcenterdError, NotFound, NotNow, Refused
from callcenterd.model import events
from callcenterd.model.ids import AgentId, CallId, ExtensionNumber
from callcenterd.model.prompts import Music
from callcenterd.model.rooms import ParkedCall
from callcenterd.sip.events import ToExtension
from callcenterd.switchboard.holding import agent_leg, agent_of
from callcenterd.switchboard.journey import Journey

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

PARK, FETCH = "*68", "*88"
"""What phones dial."""
SECONDS = 90.0
SLOTS = 20
RING_SECONDS = 30.0


@dataclass(eq=False, slots=True)
class Parked:
    """A call at a slot. by, number: who parked it, and their phone. fetching: a phone that fetches it rings."""

    journey: Journey
    slot: str
    by: AgentId | None
    number: ExtensionNumber
    since: datetime
    recorded: bool
    fetched: asyncio.Event = field(default_factory=asyncio.Event)
    fetching: bool = False
    task: asyncio.Task[None] | None = None


class Parking:
    """seconds: until a call goes back to who parked it. slots: how many there are; they are numbered from 1."""

    def __init__(self, board: Switchboard, seconds: float = SECONDS, slots: int = SLOTS) -> None:
        self._board = board
        self._seconds = seconds
        self._slots = tuple(str(n) for n in range(1, slots + 1))
        self._parked: dict[str, Parked] = {}
        self._was_parked: set[CallId] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def slots(self) -> tuple[str, ...]:
        return self._slots

    def parked(self) -> list[ParkedCall]:
        """In the order of the slots."""
        return [self._described(self._parked[slot]) for slot in self._slots if slot in self._parked]

    @staticmethod
    def _described(parked: Parked) -> ParkedCall:
        call = parked.journey.call
        return ParkedCall(
            slot=parked.slot, call=call.id, caller=call.caller, by=parked.by, number=parked.number, since=parked.since
        )

    # ---- parking ---------------------------------------------------------------------------------------------

    def asked_for(self, number: str) -> bool:
        """Is it the number by which a phone parks a call?"""
        return number.startswith(PARK) and number.removeprefix(PARK) in ("", *self._slots)

    def park(self, call: CallId, slot: str | None = None) -> str:
        """From a page: the customer of an agent. Answers the slot. Raises NotFound for a call that is over, Refused for
        a slot that there is not, NotNow if nothing can be parked or it is taken."""
        journey = self._board.journeys.get(call)
        if journey is None:
            raise NotFound("call", call)
        if journey.consult is not None:
            raise NotNow("somebody is being asked about this call")
        leg = agent_leg(self._board, journey)
        if leg is None or leg.joined is None or journey.joined_at is None:
            raise NotNow("nobody speaks with an agent in this call now")
        return self.put(journey, leg, slot)

    def put(self, journey: Journey, leg: Leg, slot: str | None) -> str:
        """Who speaks with `leg` is parked, and that leg is let go."""
        board, other = self._board, leg.joined
        if other is None or leg.extension is None:
            raise NotNow("nobody speaks with an agent in this call now")
        slot = self.check(slot)
        by, recorded = agent_of(board, leg), journey.recording is not None
        parked = Parked(journey, slot, by, leg.extension, board.clock.utc(), recorded)
        if by is not None:
            board.takes_no_part(journey, by, leg)
        board.leave_flow(journey)
        board.leave_person(journey, leg)
        board.calls.hang_up(leg)
        board.calls.make_first(other)
        self._parked[slot] = parked
        self._was_parked.add(journey.call.id)
        journey.state, journey.state_at = "parked", parked.since
        board.bus.publish(
            events.CallParked(at=parked.since, call=journey.call.id, slot=slot, by=by, number=leg.extension)
        )
        parked.task = self._own(self._stay(parked))
        return slot

    def check(self, slot: str | None) -> str:
        """The slot, or a free one. Raises Refused for one that there is not, NotNow for one that is taken."""
        if slot is not None and slot not in self._slots:
            raise Refused(f"there is no slot {slot}", {"slot": f"one of 1 to {len(self._slots)} is wanted"})
        if slot in self._parked:
            raise NotNow(f"a call is parked at slot {slot} already")
        free = slot or next((slot for slot in self._slots if slot not in self._parked), None)
        if free is None:
            raise NotNow("all slots are taken")
        return free

    async def _stay(self, parked: Parked) -> None:
        """Until it is fetched, or over."""
        journey, board = parked.journey, self._board
        try:
            await self._music(parked)
            while not parked.fetched.is_set():
                try:
                    await asyncio.wait_for(parked.fetched.wait(), self._seconds)
                except TimeoutError:
                    if not parked.fetching:
                        await self._ring(parked, parked.number)
        except Exception:  # noqa: BLE001  # one call's fault must not reach another's
            _log.exception("parking failed", call=journey.call.id)
            board.finish(journey, "system", "fault")

    async def _music(self, parked: Parked) -> None:
        try:
            sound = await self._board.prompts.sound(Music(""))
        except CallcenterdError as fault:
            _log.error("no music for a parked call", call=parked.journey.call.id, why=str(fault))
            return
        if not parked.fetched.is_set() and parked.journey.call.first.alive:
            self._board.calls.play(parked.journey.call.first, [sound], repeat=True)

    # ---- fetching --------------------------------------------------------------------------------------------

    def dialled(self, call: Call) -> bool:
        """Does a phone fetch a parked call? It then takes part in that one, and its own call is over."""
        slot = call.called.removeprefix(FETCH)
        if call.extension is None or slot == call.called or slot not in self._slots:
            return False
        parked, leg = self._parked.get(slot), call.first
        if parked is None:
            self._board.calls.refuse(leg, 404)
            return True
        self._board.calls.answer(leg)
        if leg.state is LegState.UP:
            self._board.calls.adopt(leg, parked.journey.call)
            self._give(parked, leg)
        return True

    def fetch(self, slot: str, login: str) -> None:
        """From a page: the phone of that user is rung, and has the call when it answers. Raises NotFound if nothing is
        parked there, NotNow if there is no phone or another one fetches it already."""
        parked = self._parked.get(slot)
        if parked is None:
            raise NotFound("parked call", slot)
        number = self._board.desk.phone_of(login)
        if parked.fetching:
            raise NotNow("somebody fetches this call already")
        self._own(self._fetch(parked, number))

    async def _fetch(self, parked: Parked, number: ExtensionNumber) -> None:
        try:
            await self._ring(parked, number, at_once=True)
        except Exception:  # noqa: BLE001  # as above
            _log.exception("fetching failed", call=parked.journey.call.id)

    async def _ring(self, parked: Parked, number: ExtensionNumber, *, at_once: bool = False) -> None:
        """The phone rings for it. If nobody takes it there, it goes on waiting."""
        journey = parked.journey
        parked.fetching = True
        try:
            await self._board.outbound.dial(
                journey,
                [ToExtension(number, at_once=at_once)],
                seconds=RING_SECONDS,
                record=parked.recorded,
                caller=journey.call.first.number,
                joined=lambda _journey, leg, _agent, _record: self._give(parked, leg),
                quiet=True,
            )
        finally:
            parked.fetching = False

    def _give(self, parked: Parked, leg: Leg) -> None:
        board, journey = self._board, parked.journey
        if parked.fetched.is_set() or journey.ended:
            board.calls.hang_up(leg)
            return
        self._over(parked, leg.extension or leg.number)
        board.join(journey, leg, None, parked.recorded)

    # ---- the end ---------------------------------------------------------------------------------------------

    def parted(self, journey: Journey) -> None:
        """A conversation is over. After one with a call that was parked nothing follows: the call is over too."""
        if journey.call.id in self._was_parked:
            self._board.finish(journey, "system", "parked")

    def finished(self, journey: Journey) -> None:
        self._was_parked.discard(journey.call.id)
        for parked in list(self._parked.values()):
            if parked.journey is journey:
                self._over(parked, "")

    def _over(self, parked: Parked, number: str) -> None:
        del self._parked[parked.slot]
        parked.fetched.set()
        for leg in parked.journey.call.legs:
            if leg.state in (LegState.DIALLING, LegState.RINGING):  # another phone was quicker
                self._board.calls.hang_up(leg)
        self._board.bus.publish(
            events.CallFetched(at=self._board.clock.utc(), call=parked.journey.call.id, slot=parked.slot, number=number)
        )

    def _own(self, work: object) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
