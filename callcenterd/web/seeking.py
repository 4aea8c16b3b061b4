"""Whole numbers that somebody looks for though such numbers are hidden from them: counted, bounded, written down.

An agent types what a caller says, and finds the customer. Who tries one number after the other, to learn the digits
that they are not shown, is stopped long before they have gone through them, and stands in the audit trail.
"""

from __future__ import annotations

import math
from collections import OrderedDict

import structlog
from aiohttp import web

from callcenterd.model.asking import Asker
from callcenterd.web.answers import SoughtTooOften
from callcenterd.web.masking import Mask, masked_digits, masked_email
from callcenterd.web.office import OFFICE

_log = structlog.get_logger(__name__)

MOST_SOUGHT = 60
WITHIN_SECONDS = 3600.0
MOST_LOGINS = 10_000


class Seeking:
    """Who has looked for which numbers in the last hour. One for the application. Sans-IO; now: monotonic seconds."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, dict[str, float]] = OrderedDict()

    def wait(self, login: str, number: str, now: float) -> float | None:
        """None: they have looked for it before, within the hour. 0: it is new, and counted. Else the seconds until they
        may look for another one."""
        known = self._of.setdefault(login, {})
        self._of.move_to_end(login)
        while len(self._of) > MOST_LOGINS:
            self._of.popitem(last=False)
        for old in [one for one, at in known.items() if now - at >= WITHIN_SECONDS]:
            del known[old]
        if number in known:
            return None
        if len(known) >= MOST_SOUGHT:
            return min(known.values()) + WITHIN_SECONDS - now
        known[number] = now
        return 0.0


SEEKING = web.AppKey("seeking", Seeking)


class Sought:
    """Of one request."""

    def __init__(self, request: web.Request, login: str, mask: Mask) -> None:
        self._office = request.app[OFFICE]
        self._seeking = request.app[SEEKING]
        self._login = login
        self._mask = mask
        self._new: list[str] = []
        self._refused = False

    def asker(self) -> Asker:
        return Asker(login=self._login, hidden=self._mask.hidden, sought=self._seek)

    def _seek(self, number: str) -> None:
        """Raises SoughtTooOften. What they were shown hidden and send back, they do not guess."""
        if self._mask.showed(number):
            return
        wait = self._seeking.wait(self._login, number, self._office.clock.monotonic())
        if wait == 0.0:
            self._new.append(number)
        elif wait is not None:
            self._refused = True
            _log.warning("hidden numbers sought too often", login=self._login)
            raise SoughtTooOften(math.ceil(wait))

    async def note(self) -> None:
        """Into the audit trail; the number itself does not stand there."""
        audit, now = self._office.store.audit, self._office.clock.utc()
        for number in self._new:
            looks = masked_email(number) if "@" in number else masked_digits(number)
            await audit.append(now, self._login, "number.sought", f"number/{looks}")
        if self._refused:
            await audit.append(now, self._login, "number.refused", "number", {"most": MOST_SOUGHT})
