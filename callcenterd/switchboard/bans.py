"""Addresses that SIP does not hear, as people see them: listed, lifted, and kept over a restart [封禁].

The SIP room bans by its own clock (`sip.admission`); here its seconds become times of day, and what happens a fact.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Protocol

from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.errors import NotFound
from callcenterd.model import events
from callcenterd.model.bans import Ban
from callcenterd.sip.admission import BannedSource
from callcenterd.store.database import Store


class Banning(Protocol):
    """What this needs of `sip.endpoint.Endpoint`."""

    def bans(self, now: float) -> list[BannedSource]: ...
    def lift_ban(self, source: str) -> bool: ...
    def restore_bans(self, bans: Iterable[BannedSource], now: float) -> None: ...


class Bans:
    def __init__(self, *, sip: Banning, store: Store, bus: Bus, clock: Clock) -> None:
        self._sip = sip
        self._store = store
        self._bus = bus
        self._clock = clock

    def begun(self, banned: BannedSource) -> None:
        """Told by the SIP room. The history keeps it (`history`)."""
        ban = self._in_words(banned)
        self._bus.publish(
            events.SourceBanned(at=ban.since, address=ban.address, until=ban.until, times=ban.times, why=ban.why)
        )

    def now(self) -> list[Ban]:
        """Those in force, the newest first."""
        found = [self._in_words(banned) for banned in self._sip.bans(self._clock.monotonic())]
        return sorted(found, key=lambda ban: ban.since, reverse=True)

    async def lift(self, address: str, by: str) -> None:
        """Hear that address again at once. by: a login. Raises NotFound if it is not banned."""
        if not any(ban.address == address for ban in self.now()):
            raise NotFound("ban", address)
        self._sip.lift_ban(address)
        await self._store.bans.remove(address)
        await self._store.audit.append(self._clock.utc(), by, "ban.lifted", f"address/{address}")
        self._bus.publish(events.BanLifted(at=self._clock.utc(), address=address, by=by))

    async def restore(self) -> None:
        """At the start: what was in force still is, and what was a short while ago makes the next one longer."""
        utc, now = self._clock.utc(), self._clock.monotonic()
        self._sip.restore_bans(
            [
                BannedSource(
                    source=ban.address,
                    until=now + (ban.until - utc).total_seconds(),
                    length=(ban.until - ban.since).total_seconds(),
                    times=ban.times,
                    why=ban.why,
                )
                for ban in await self._store.bans.remembered(utc)
            ],
            now,
        )

    def _in_words(self, banned: BannedSource) -> Ban:
        until = self._clock.utc() + timedelta(seconds=banned.until - self._clock.monotonic())
        return Ban(
            address=banned.source,
            since=until - timedelta(seconds=banned.length),
            until=until,
            times=banned.times,
            why=banned.why,
        )
