"""Who asks, for what is done on their behalf: set once for each request, read where it counts.

So nobody in between has to hand on from whom what is hidden, and no list that somebody writes one day can forget it.
Where nobody has set it, the house itself asks: a call's pop, a rule, a job.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from callcenterd.model.roles import HiddenKind


def _nobody_counts(_: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """login: "system" for the house itself. hidden: what they see a part of only. sought: is told of every whole number
    that they look for in what is hidden from them; it may raise, and then the question is not asked."""

    login: str = "system"
    hidden: frozenset[HiddenKind] = frozenset()
    sought: Callable[[str], None] = _nobody_counts


HOUSE = Asker()
_ASKER: ContextVar[Asker] = ContextVar("asker", default=HOUSE)


def asker() -> Asker:
    return _ASKER.get()


@contextmanager
def asked_by(who: Asker) -> Iterator[None]:
    before = _ASKER.set(who)
    try:
        yield
    finally:
        _ASKER.reset(before)
