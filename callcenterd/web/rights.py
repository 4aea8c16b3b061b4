"""May they: the one table of rights, and the decorator that asks it.

What one may *see* is a second question: an agent sees the own calls and those of the own queues, everybody above
sees all. `Sight` answers it, for lists, single things and live events alike.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from callcenterd.model.ids import AgentId, QueueName
from callcenterd.model.people import Role
from callcenterd.model.site import Site
from callcenterd.web.answers import NotAllowed
from callcenterd.web.office import OFFICE
from callcenterd.web.session import signed_in

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ALL: frozenset[Role] = frozenset({"agent", "supervisor", "manager", "admin"})
ABOVE: frozenset[Role] = frozenset({"supervisor", "manager", "admin"})
ADMIN: frozenset[Role] = frozenset({"admin"})

RIGHTS: Mapping[str, frozenset[Role]] = {
    "session": ALL,  # one's own: who am I, sign out, change my password
    "desk": ALL,  # one's own state and call
    "live": ALL,  # lines, agents and queues, and the event stream: as far as one's sight goes
    "agent.state.any": frozenset({"supervisor", "admin"}),  # set the state of another agent
    "call.read": ALL,  # the history, as far as one's sight goes
    "call.note": ALL,
    "call.hang_up": ALL,  # a call that one takes part in
    "call.hang_up.any": frozenset({"supervisor", "admin"}),
    "recording.play": ALL,
    "customer.read": ALL,
    "customer.write": ALL,
    "message.work": ALL,  # voicemail and callbacks, as far as one's sight goes
    "ban": frozenset({"supervisor", "admin"}),  # addresses that SIP does not hear
    "alarm": ABOVE,  # outside calls that were refused
    "site": ADMIN,  # trunks, numbers, outbound routes, users, extensions, queues, flows
}
PUBLIC = "public"
"""The right of routes that need no sign-in."""

_right_of: dict[Handler, str] = {}
_own: set[Handler] = set()


def right(name: str, *, own: str | None = None) -> Callable[[Handler], Handler]:
    """Only who has the right gets in; everybody else gets 401 or 403, whatever it is that they ask for.

    own: the part of the address that names an agent. For one's own login no right is needed but to be signed in.
    """
    roles = RIGHTS[name]

    def decorate(handler: Handler) -> Handler:
        @functools.wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            who = signed_in(request)
            if who.role not in roles and not (own is not None and request.match_info[own] == who.login):
                raise NotAllowed
            return await handler(request)

        _right_of[handler] = name
        if own is not None:
            _own.add(handler)
        return guarded

    return decorate


def public(handler: Handler) -> Handler:
    """Everybody may ask this."""
    _right_of[handler] = PUBLIC
    return handler


def right_of(handler: Handler) -> str | None:
    """Which right a route asks for. None: nobody has said; such a route must not be."""
    return _right_of.get(inspect.unwrap(handler))


def own_needs_none(handler: Handler) -> bool:
    """Does the right matter only for what is not one's own?"""
    return inspect.unwrap(handler) in _own


def may(role: Role, name: str) -> bool:
    return role in RIGHTS[name]


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose calls, agents and queues somebody sees. agent None: all of them."""

    agent: AgentId | None
    queues: frozenset[QueueName] = frozenset()

    @classmethod
    def of(cls, login: str, role: Role, site: Site) -> Sight:
        if role in ABOVE:
            return cls(None)
        return cls(AgentId(login), frozenset(queue.name for queue in site.queues if login in queue.members))

    def sees(self, *, agent: str | None = None, queue: str | None = None) -> bool:
        """A call of that agent or queue, or the agent or queue itself."""
        return self.agent is None or (agent is not None and agent == self.agent) or queue in self.queues


def sight_of(request: web.Request) -> Sight:
    """What who asks may see. Raises NotSignedIn."""
    who = signed_in(request)
    return Sight.of(who.login, who.role, request.app[OFFICE].board.site)
