"""Rings the phone of somebody who works here, for what is no call of the office: in no history, and in no figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    if board.recorder.rings_at(number) or board.rehearsals.rings_at(number):
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
