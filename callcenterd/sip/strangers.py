"""Who was turned away at the door lately, for who looks why a phone or a trunk does not get in. Bounded, in memory.

The same of the same source is one line with a count, so that a guesser does not push everybody else out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from callcenterd.sip.flow import Transport

Why = Literal[
    "not_a_trunk", "unknown_user", "wrong_password", "no_password", "too_many_tries", "other_name", "too_much"
]
MOST = 100


@dataclass(slots=True, kw_only=True)
class Stranger:
    """user: the name given there. called: of a call. at: monotonic, of the last time; times: so often alike."""

    source: str
    transport: Transport
    method: str
    user: str
    called: str
    why: Why
    at: float
    times: int = 1


class Strangers:
    def __init__(self) -> None:
        self._lately: dict[tuple[str, str, str, Why], Stranger] = {}

    def turned_away(
        self, source: str, transport: Transport, method: str, user: str, called: str, why: Why, now: float
    ) -> None:
        key = source, method, user, why
        one = self._lately.pop(key, None)
        if one is None:
            one = Stranger(
                source=source, transport=transport, method=method, user=user, called=called, why=why, at=now, times=0
            )
            if len(self._lately) >= MOST:
                del self._lately[next(iter(self._lately))]
        one.at, one.called, one.times = now, called, one.times + 1
        self._lately[key] = one

    def lately(self) -> list[Stranger]:
        """The newest first."""
        return list(reversed(self._lately.values()))
