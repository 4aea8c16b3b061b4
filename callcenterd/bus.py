"""Facts from one room to the others, in the order in which they were told.

Publishing never waits and never raises: who tells a fact owes nothing to who hears it. A listener that
fails is logged with the fact, and the next one hears it all the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeVar

import structlog

from callcenterd.model.events import Fact

_log = structlog.get_logger(__name__)

F = TypeVar("F", bound=Fact)
Listener = Callable[[F], None]


class Bus:
    """One for a server. Used from the event loop's thread only."""

    def __init__(self) -> None:
        self._listeners: list[tuple[type[Fact], Callable[[Fact], None]]] = []
        self._waiting: deque[Fact] = deque()
        self._telling = False

    def listen(self, kind: type[F], listener: Listener[F]) -> Callable[[], None]:
        """Hear every fact of `kind` and of its subclasses (Fact: all). Answers how to stop hearing."""
        entry = (kind, listener)
        self._listeners.append(entry)  # type: ignore[arg-type]  # a listener of F is only told F

        def stop() -> None:
            if entry in self._listeners:
                self._listeners.remove(entry)

        return stop

    def publish(self, fact: Fact) -> None:
        """Tell all listeners. A fact published by a listener comes after the one being told."""
        self._waiting.append(fact)
        if self._telling:
            return
        self._telling = True
        try:
            while self._waiting:
                told = self._waiting.popleft()
                for kind, listener in tuple(self._listeners):
                    if isinstance(told, kind):
                        self._tell(listener, told)
        finally:
            self._telling = False

    def _tell(self, listener: Callable[[Fact], None], fact: Fact) -> None:
        try:
            listener(fact)
        except Exception:  # noqa: BLE001  # one listener's fault must not reach who tells, nor the next listener
            _log.exception("listener failed", fact=type(fact).__name__, listener=getattr(listener, "__qualname__", "?"))
