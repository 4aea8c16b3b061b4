"""Into the audit trail: who saw and played what, once in a while, and who took what out of the house (ADM-03)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from aiohttp import web

from callcenterd.web.office import OFFICE
from callcenterd.web.session import signed_in

AGAIN_SECONDS = 300.0
"""Before the same person's look at the same thing is written down again: a page asks often, a player in pieces."""
MOST_REMEMBERED = 20_000


class Looks:
    """Who looked at what a while ago. One for the application."""

    def __init__(self) -> None:
        self._last: OrderedDict[tuple[str, str, str], float] = OrderedDict()

    def is_new(self, who: str, what: str, target: str, now: float) -> bool:
        """now: seconds of the clock that never goes back."""
        key = (who, what, target)
        last = self._last.get(key)
        if last is not None and now - last < AGAIN_SECONDS:
            return False
        self._last[key] = now
        self._last.move_to_end(key)
        while len(self._last) > MOST_REMEMBERED:
            self._last.popitem(last=False)
        return True


LOOKS = web.AppKey("looks", Looks)


async def note_once(request: web.Request, what: str, target: str) -> None:
    """what: "customer.seen", "recording.played". Once a person and thing in five minutes."""
    office, who = request.app[OFFICE], signed_in(request).login
    if request.app[LOOKS].is_new(who, what, target, office.clock.monotonic()):
        await office.store.audit.append(office.clock.utc(), who, what, target)


async def note_export(request: web.Request, kind: str, details: Mapping[str, object]) -> None:
    """Who took records of a kind out of the house. details: which, in what form, how many; nothing of a person."""
    office = request.app[OFFICE]
    await office.store.audit.append(
        office.clock.utc(), signed_in(request).login, f"{kind}.exported", f"{kind}s", dict(details)
    )
