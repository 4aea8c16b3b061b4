"""What may be dialled over trunks, against toll fraud [话费欺诈]: how many calls, which numbers, at which hours.

`Outside.admit` is asked before a call goes out and holds its place until the call is over. Time is handed in.
"""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterator
from datetime import datetime, time

from callcenterd.errors import LocalError
from callcenterd.model import numbers
from callcenterd.model.site import ALL, EACH, Limits, Site

MINUTE, HOUR = 60.0, 3600.0


class Forbidden(LocalError):
    """An outside call that the office's limits do not let out. who: whose limit; rule: which, by its key."""

    def __init__(self, who: str, rule: str) -> None:
        super().__init__(f"limit {rule} of {who}")
        self.who = who
        self.rule = rule


class Outside:
    """Every outside call of the office that is up, and those begun in the last hour."""

    def __init__(self, region: str) -> None:
        """region: ISO 3166 country in whose way numbers are dialled."""
        self._region = region
        self._up: Counter[str] = Counter()
        self._begun: defaultdict[str, deque[float]] = defaultdict(deque)

    @contextlib.contextmanager
    def admit(
        self, site: Site, extension: str | None, dialled: Collection[str], *, now: float, local: datetime
    ) -> Iterator[float]:
        """Holds a place for one call; answers the seconds that it may last, 0: any. Raises Forbidden.

        extension: who dials; None: a flow, which only the limits of the whole office bind. dialled: the number in
        every way in which it would be sent. now: monotonic; local: the time of day in the office.
        """
        rules = _rules(site, extension)
        for limits in [] if any(numbers.is_emergency(number, self._region) for number in dialled) else rules:
            self._judge(limits, self._key(limits, extension), dialled, now, local)
        keys = [self._key(limits, extension) for limits in rules]
        for key in keys:
            self._up[key] += 1
            self._begun[key].append(now)
        try:
            yield min((limits.longest for limits in rules if limits.longest), default=0.0)
        finally:
            for key in keys:
                self._up[key] -= 1

    def up(self, who: str) -> int:
        """Outside calls of an extension now, or of "all"."""
        return self._up[who]

    @staticmethod
    def _key(limits: Limits, extension: str | None) -> str:
        return ALL if limits.who == ALL or extension is None else extension

    def _judge(self, limits: Limits, key: str, dialled: Collection[str], now: float, local: datetime) -> None:
        begun = self._begun[key]
        while begun and begun[0] <= now - HOUR:
            begun.popleft()
        in_a_minute = sum(at > now - MINUTE for at in begun)
        for rule, count, most in (
            ("calls", self._up[key], limits.calls),
            ("per_minute", in_a_minute, limits.per_minute),
            ("per_hour", len(begun), limits.per_hour),
        ):
            if most and count >= most:
                raise Forbidden(key, rule)
        if is_night(limits.night, local.time()):
            raise Forbidden(key, "night")
        if any(numbers.matches(pattern, number) for pattern in limits.permit for number in dialled):
            return
        for number in dialled:
            if rule := self._number_rule(limits, number):
                raise Forbidden(key, rule)

    def _number_rule(self, limits: Limits, number: str) -> str:
        """Which rule forbids a number; "": none."""
        if any(numbers.matches(pattern, number) for pattern in limits.forbid):
            return "forbid"
        if limits.who != ALL and not limits.international and numbers.is_foreign(number, self._region):
            return "international"
        if limits.who != ALL and not limits.premium and numbers.is_premium(number, self._region):
            return "premium"
        return ""


def _rules(site: Site, extension: str | None) -> list[Limits]:
    """Those of the extension, or of each, or what holds where nothing is said; and those of the office."""
    known = {limits.who: limits for limits in site.limits}
    office = [known[ALL]] if ALL in known else [Limits(who=ALL)]
    if extension is None:
        return office
    return [known.get(extension) or known.get(EACH) or Limits(who=EACH), *office]


def is_night(hours: str, at: time) -> bool:
    """hours: "22:00-07:00", over midnight or not; "" is no hour at all."""
    if not hours:
        return False
    begin, end = (time.fromisoformat(text) for text in hours.split("-"))
    return begin <= at < end if begin <= end else at >= begin or at < end
