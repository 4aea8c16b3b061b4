"""What who sets the office up may ask: how a trunk answers, and who was turned away at the door, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Protocol

from callcenterd.clock import Clock
from callcenterd.model.setup import TurnedAway
from callcenterd.model.site import Site
from callcenterd.sip.strangers import Stranger
from callcenterd.switchboard.trunktest import Ask, TrunkTests


class Door(Protocol):
    """What this needs of `sip.endpoint.Endpoint`."""

    def strangers(self) -> Sequence[Stranger]: ...


class SettingUp:
    def __init__(self, *, ask: Ask, door: Door, clock: Clock, site: Callable[[], Site]) -> None:
        self.trunk_tests = TrunkTests(ask, clock, site)
        self._door = door
        self._clock = clock

    def turned_away(self) -> list[TurnedAway]:
        """Lately, the newest first."""
        now, utc = self._clock.monotonic(), self._clock.utc()
        return [
            TurnedAway(
                at=utc - timedelta(seconds=now - one.at),
                source=one.source,
                transport=one.transport,
                method=one.method,
                user=one.user,
                called=one.called,
                why=one.why,
                times=one.times,
            )
            for one in self._door.strangers()
        ]
