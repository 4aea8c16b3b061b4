"""Every outside and inside line as it is now (TEL-06): trunks with their channels, extensions with what they do.

A trunk's channels are its legs; an extension's state is that of its legs, whoever called. What moves is told leg by
leg.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from callcenterd.calls.call import Leg, LegState
from callcenterd.model import events
from callcenterd.model.ids import CallId, ExtensionNumber, TrunkName

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

ExtensionState = Literal["offline", "free", "calling", "ringing", "talking"]


class Lines:
    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._seen: dict[TrunkName, events.TrunkChanged] = {}
        self._legs: dict[ExtensionNumber, dict[Leg, None]] = {}
        self._watchers: list[Callable[[Leg], None]] = []
        board.calls.moved = self._moved
        board.bus.listen(events.TrunkChanged, self._trunk_changed)

    def watch(self, told: Callable[[Leg], None]) -> None:
        """told: of every leg that began, rings, is up or gone."""
        self._watchers.append(told)

    def watch_lines(self, told: Callable[[CallId, ExtensionNumber | None, TrunkName | None], None]) -> None:
        """The same, for who knows no legs: of which call, whose phone it is, or over which trunk it goes."""
        self._watchers.append(lambda leg: told(leg.call.id, leg.extension, leg.trunk))

    def _moved(self, leg: Leg) -> None:
        if leg.extension is not None:
            legs = self._legs.setdefault(leg.extension, {})
            if leg.alive:
                legs[leg] = None
            else:
                legs.pop(leg, None)
                if not legs:
                    del self._legs[leg.extension]
        for told in self._watchers:
            told(leg)

    def _trunk_changed(self, fact: events.TrunkChanged) -> None:
        self._seen[fact.trunk] = fact

    def trunks(self) -> list[dict[str, Any]]:
        return [known for trunk in self._board.site.trunks if (known := self.trunk(trunk.name)) is not None]

    def trunk(self, name: TrunkName) -> dict[str, Any] | None:
        """channels: how many calls it takes at once, None: no limit. None: there is no such trunk."""
        settings = next((trunk for trunk in self._board.site.trunks if trunk.name == name), None)
        if settings is None:
            return None
        seen = self._seen.get(name)
        return {
            "name": name,
            "state": "unknown" if seen is None else seen.state,
            "why": "" if seen is None else seen.why,
            "registers": settings.register,
            "channels": settings.channels or None,
            "busy": self._board.calls.channels(name),
        }

    def extensions(self) -> list[dict[str, Any]]:
        numbers = (extension.number for extension in self._board.site.extensions)
        return [known for number in numbers if (known := self.extension(number)) is not None]

    def extension(self, number: ExtensionNumber) -> dict[str, Any] | None:
        """call: in which it is, if others may know of it. None: there is no such extension."""
        if all(extension.number != number for extension in self._board.site.extensions):
            return None
        legs = list(self._legs.get(number, ()))
        told = [leg.call.id for leg in legs if leg.call.id in self._board.journeys]
        return {
            "number": number,
            "agent": self._board.queueing.agent_at(number),
            "state": self._state(number, legs),
            "call": told[0] if told else None,
        }

    def _state(self, number: ExtensionNumber, legs: list[Leg]) -> ExtensionState:
        states = {leg.state for leg in legs}
        if LegState.UP in states:
            return "talking"
        if LegState.ARRIVING in states:
            return "calling"
        if states:
            return "ringing"
        return "free" if self._board.queueing.is_reachable(number) else "offline"
