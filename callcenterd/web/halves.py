"""Sign-ins of pages that are half done: the password was right, the code is still to come. In memory, for minutes."""

from __future__ import annotations

import hashlib
import random
from collections import OrderedDict

from callcenterd.clock import Clock

LASTS = 300.0
"""Seconds."""
MOST = 1000


class Halves:
    """Tokens of 256 bits, kept as hashes; the oldest go where there are too many."""

    def __init__(self, clock: Clock, chance: random.Random) -> None:
        self._clock = clock
        self._chance = chance
        self._begun: OrderedDict[bytes, tuple[str, float]] = OrderedDict()

    def begin(self, login: str) -> str:
        token = self._chance.randbytes(32).hex()
        self._begun[_hash(token)] = (login, self._clock.monotonic() + LASTS)
        while len(self._begun) > MOST:
            self._begun.popitem(last=False)
        return token

    def login(self, token: str) -> str | None:
        """Whose password was right; None: nobody's, or it was too long ago."""
        login, until = self._begun.get(_hash(token), ("", 0.0))
        return login if login and self._clock.monotonic() < until else None

    def end(self, token: str) -> None:
        self._begun.pop(_hash(token), None)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
