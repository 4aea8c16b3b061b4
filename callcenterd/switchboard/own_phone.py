"""Rings the phone of somebody who works here, for what is no call of the office: in no history, and in no figure."""

from __future__ import annotations

import abc
import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from callcenterd.calls.call import Leg
from callcenterd.errors import LocalError, NotNow
from callcenterd.model.ids import AgentId, ExtensionNumber
from callcenterd.sip.events import ToExtension

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

RING_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class OwnPhone:
    """agent: who sits there, and is not rung by a queue meanwhile."""

    leg: Leg
    agent: AgentId | None


def ring(board: Switchboard, login: str, extension: ExtensionNumber | None) -> OwnPhone:
    """extension None: of the phone where they sit. `let_go` follows in any case.

    Raises NotFound for an extension that there is not, and NotNow: no phone can be rung, or it is in a call.
    """
    if board.draining:
        raise NotNow("the server is about to stop")
    number = board.desk.phone_of(login, extension)
    agent = board.queueing.agent_at(number)
    if agent is not None and board.queueing.view(agent).state in ("talking", "offered"):
        raise NotNow("you are in a call, or are rung for one")
    if any(room.rings_at(number) for room in (board.recorder, board.rehearsals, board.replays)):
        raise NotNow("you are in a call, or are rung for one")
    try:
        at_once = board.page_of(login) == number
        leg = board.calls.dial(ToExtension(number, at_once=at_once), call=None, caller=number, direction="internal")
    except LocalError as fault:
        raise NotNow(str(fault)) from fault
    leg.call.told = False
    if agent is not None:
        board.queueing.occupied(agent, leg.call.id)
    return OwnPhone(leg, agent)


def let_go(board: Switchboard, phone: OwnPhone) -> None:
    call = phone.leg.call
    board.in_flow.pop(call.id, None)
    board.calls.end(call)
    if phone.agent is not None:
        board.queueing.free(phone.agent, call.id)


@dataclass(eq=False)
class OwnCall:
    """A phone that was rung so. timer: until when it rings. task: what is heard at it, once somebody has picked up."""

    phone: OwnPhone
    timer: asyncio.TimerHandle = field(init=False)
    task: asyncio.Task[None] | None = field(init=False, default=None)

    @property
    def leg(self) -> Leg:
        return self.phone.leg


One = TypeVar("One", bound=OwnCall)


class OwnCalls(abc.ABC, Generic[One]):
    """All that are under way, of one sort."""

    WHAT: ClassVar[str]
    """As a task is named."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._under_way: dict[Leg, One] = {}

    @abc.abstractmethod
    async def _serve(self, one: One) -> None:
        """Somebody has picked up. When it is over, `gone` is called in it."""

    async def stop(self) -> None:
        tasks = [one.task for one in self._under_way.values() if one.task is not None]
        for leg in list(self._under_way):
            self.gone(leg)
        await asyncio.gather(*tasks, return_exceptions=True)

    def rings_at(self, number: str) -> bool:
        """Does that phone ring for one of them, or hear it?"""
        return any(leg.number == number for leg in self._under_way)

    def knows(self, leg: Leg) -> bool:
        return leg in self._under_way

    def answered(self, leg: Leg) -> None:
        one = self._under_way[leg]
        if one.task is None:
            one.timer.cancel()
            one.task = asyncio.create_task(self._serve(one), name=f"{self.WHAT} at {leg.number}")

    def gone(self, leg: Leg) -> bool:
        """The phone did not pick up, or hung up; or all is heard."""
        one = self._under_way.pop(leg, None)
        if one is None:
            return False
        one.timer.cancel()
        if one.task is not None and one.task is not asyncio.current_task():
            one.task.cancel()
        let_go(self._board, one.phone)
        return True

    def _rung(self, one: One) -> None:
        one.timer = asyncio.get_running_loop().call_later(RING_SECONDS, self.gone, one.leg)
        self._under_way[one.leg] = one
