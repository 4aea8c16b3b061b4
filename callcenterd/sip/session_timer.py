"""Session timers (RFC 4028): a call whose other side has vanished ends, however long nobody hangs up.

Who refreshes asks again at half the interval; who waits for it gives up shortly before the whole. Sans-IO.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from callcenterd.sip.headers import parse_params, seconds
from callcenterd.sip.message import Headers, Request, Response
from callcenterd.sip.syntax import MalformedMessage

Due = Literal["refresh", "over"]


@dataclass(frozen=True, slots=True)
class Rules:
    """Seconds. expires: the interval that we ask for. shortest: the least that we grant (§4, §5)."""

    expires: int = 1800
    shortest: int = 90


RULES = Rules()


@dataclass(frozen=True, slots=True)
class Agreement:
    """What both sides hold to. ours: we refresh. said: they agreed to it in their own words."""

    interval: int
    ours: bool
    said: bool = True

    def header(self, *, asked: bool) -> str:
        """Session-Expires, seen from who sends it. asked: in a request of ours, else in our answer (§4)."""
        return f"{self.interval};refresher={'uac' if asked is self.ours else 'uas'}"


def wanted(headers: Headers) -> tuple[int, str] | None:
    """Interval and refresher ("uac", "uas" or "") of a Session-Expires; None: there is none that can be read (§4)."""
    text = headers.get("Session-Expires")
    if text is None:
        return None
    number, _, params = text.partition(";")
    interval = seconds(number.strip())
    if interval is None:
        return None
    try:
        refresher = (parse_params(f";{params}", "Session-Expires").get("refresher") or "").lower() if params else ""
    except MalformedMessage:
        return None
    return interval, refresher if refresher in ("uac", "uas") else ""


def shortest_of(headers: Headers) -> int:
    """Their Min-SE; 90 if they say nothing (§5)."""
    text = (headers.get("Min-SE") or "").partition(";")[0].strip()
    return max(seconds(text) or 0, RULES.shortest)


def too_brief(request: Request, rules: Rules = RULES) -> bool:
    """They want to be asked more often than we do it: 422 with our Min-SE (§6)."""
    asked = wanted(request.headers)
    return asked is not None and asked[0] < rules.shortest


def answered(request: Request, rules: Rules = RULES) -> Agreement:
    """What our 2xx to their INVITE or UPDATE says (§9).

    Who has no session timers is asked by us: it need not understand why. Who has them may refresh, if it likes.
    """
    asked = wanted(request.headers)
    able = "timer" in request.supported or "timer" in request.require
    interval = max(min(asked[0] if asked else rules.expires, rules.expires), shortest_of(request.headers))
    return Agreement(interval, ours=not able or (asked is not None and asked[1] == "uas"), said=able)


def agreed(answer: Response, interval: int) -> Agreement:
    """What their 2xx to our request says (§7.2). Without Session-Expires they know nothing of it: we ask all the same.

    An interval that would make us ask without pause is not kept to.
    """
    said = wanted(answer.headers)
    if said is None:
        return Agreement(interval, ours=True, said=False)
    return Agreement(max(said[0], RULES.shortest), ours=said[1] != "uas")


class SessionTimer:
    """When the next refresh is due, or the end. Nothing is due before the first `agree`."""

    def __init__(self) -> None:
        self.agreement: Agreement | None = None
        self._due: float | None = None

    def agree(self, agreement: Agreement, now: float) -> None:
        """A request or its 2xx has refreshed the session (§10)."""
        self.agreement = agreement
        interval = agreement.interval
        self._due = now + (interval / 2 if agreement.ours else interval - min(32.0, interval / 3))

    def deadline(self) -> float | None:
        return self._due

    def due(self, now: float) -> Due | None:
        """Tell each once."""
        if self._due is None or now < self._due or self.agreement is None:
            return None
        self._due = None
        return "refresh" if self.agreement.ours else "over"
