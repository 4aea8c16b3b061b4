"""How often somebody may try a password: counted for each login and source, and for each source alone. Sans-IO.

A try counts as failed from its beginning, so that a hundred at once are not all let through before the first one
fails. Logins that there are not count like those that there are. The tables are bounded: of `MOST` entries the
one that was not tried for the longest time goes.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

MOST = 10_000


@dataclass(frozen=True, slots=True)
class Patience:
    """free: failures without a wait; then `first` seconds, doubled by each one more, up to `longest`.

    Failures are forgotten when nothing was tried for `memory` seconds.
    """

    free: int
    first: float = 5.0
    longest: float = 900.0
    memory: float = 1800.0

    def wait(self, failures: int) -> float:
        if failures < self.free:
            return 0.0
        return float(min(self.longest, self.first * 2.0 ** min(failures - self.free, 30)))


@dataclass(slots=True)
class _Failures:
    count: int
    last: float


class Lockout:
    """All times are seconds of the monotonic clock."""

    def __init__(self, pair: Patience = Patience(free=5), source: Patience = Patience(free=20)) -> None:
        self._pair = pair
        self._source = source
        self._failures: OrderedDict[tuple[str, ...], _Failures] = OrderedDict()

    def begin(self, login: str, source: str, now: float) -> float:
        """A password is about to be tried. Answers 0 and counts it, or the seconds to wait and counts nothing."""
        keys = ((login[:64], source), (source,))
        patience = (self._pair, self._source)
        wait = max(self._left(key, kind, now) for key, kind in zip(keys, patience, strict=True))
        if wait > 0:
            return wait
        for key, kind in zip(keys, patience, strict=True):
            self._count(key, kind, now)
        return 0.0

    def succeeded(self, login: str, source: str) -> None:
        """It was right after all: the pair starts anew; the source's own count only loses this try."""
        self.withdrawn(login, source)
        self._failures.pop((login[:64], source), None)

    def withdrawn(self, login: str, source: str) -> None:
        """It was right as far as it went, and more is to be said: as if it had not been tried."""
        for key in ((login[:64], source), (source,)):
            if (kept := self._failures.get(key)) is not None:
                kept.count -= 1
                if kept.count <= 0:
                    del self._failures[key]

    def _left(self, key: tuple[str, ...], patience: Patience, now: float) -> float:
        kept = self._failures.get(key)
        if kept is None or now - kept.last >= patience.memory:
            return 0.0
        return max(0.0, kept.last + patience.wait(kept.count) - now)

    def _count(self, key: tuple[str, ...], patience: Patience, now: float) -> None:
        kept = self._failures.pop(key, None)
        count = kept.count if kept is not None and now - kept.last < patience.memory else 0
        self._failures[key] = _Failures(count + 1, now)
        while len(self._failures) > MOST:
            self._failures.popitem(last=False)
