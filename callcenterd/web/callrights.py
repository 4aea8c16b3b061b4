"""Who may do what to which call that is up: decided here, for every route that gives an order about one.

An agent acts on the own call only. Who has a right for any call (supervisors) acts on all that they may see; who leads
teams, though, not on one in which only others' agents speak. Of a call that one may not see it is not even said that
there is one (404); of one that is seen and not one's own to act on: 403.
"""

from __future__ import annotations

from aiohttp import web

from callcenterd.errors import NotFound
from callcenterd.model.ids import CallId
from callcenterd.web import rights
from callcenterd.web.answers import NotAllowed
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import Sight, sight_of
from callcenterd.web.session import signed_in
from callcenterd.web.socket import STREAMS


def own_or_any(request: web.Request, any_call: str) -> CallId:
    """The call of an order about a call that is up. any_call: the right for calls that one does not take part in.

    Raises NotFound for one that is over or may not be seen, and NotAllowed.
    """
    call, who, board = CallId(request.match_info["id"]), signed_in(request), request.app[OFFICE].board
    if call not in board.journeys:
        raise NotFound("call", call)
    if board.desk.takes_part(who.login, call):
        return call
    sight = sight_of(request)
    if not request.app[STREAMS].live.sees_call(call, sight):
        raise NotFound("call", call)
    if not rights.may(request, any_call) or not _acts_on(request, call, sight):
        raise NotAllowed
    return call


def _acts_on(request: web.Request, call: CallId, sight: Sight) -> bool:
    """A call that is seen: does one's own agent speak there, or nobody's?"""
    speaking = request.app[OFFICE].board.desk.speaking(call)
    return not speaking or any(sight.oversees(agent) for agent in speaking)


def to_listen_to(request: web.Request) -> CallId:
    """A call that is up, for who may listen. Raises NotFound, and NotAllowed where only others' agents speak."""
    call = seen_live(request)
    if not _acts_on(request, call, sight_of(request)):
        raise NotAllowed
    return call


def to_pick_up(request: web.Request) -> CallId:
    """A call that is up, and that one may see or take with a phone's code. Raises NotFound."""
    call = CallId(request.match_info["id"])
    if request.app[OFFICE].board.pickup.may_take(signed_in(request).login, call):
        return call
    return seen_live(request)


def seen_live(request: web.Request) -> CallId:
    """A call that is up and that one may see. Raises NotFound."""
    call = CallId(request.match_info["id"])
    live = request.app[STREAMS].live
    if call not in request.app[OFFICE].board.journeys or not live.sees_call(call, sight_of(request)):
        raise NotFound("call", call)
    return call


def as_whom(request: web.Request, call: CallId) -> str | None:
    """Of who gives an order about their own call: their login; None: a supervisor does, about whoever's it is."""
    login = signed_in(request).login
    return login if request.app[OFFICE].board.desk.takes_part(login, call) else None


async def note(request: web.Request, what: str, call: CallId) -> None:
    """Into the audit trail."""
    office = request.app[OFFICE]
    await office.store.audit.append(office.clock.utc(), signed_in(request).login, what, f"call/{call}")
