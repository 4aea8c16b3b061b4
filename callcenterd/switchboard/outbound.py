"""A number wanted: which trunks, how it is written there, and what if one is full or dead.

Used by flows (the dial node) and by phones that dial. The caller hears ringing while the other side's phone
rings: a signal while unanswered, the national tone once answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import structlog
from numpy.typing import NDArray

from callcenterd.bus import Bus
from callcenterd.calls.call import Leg, LegState
from callcenterd.calls.control import Calls
from callcenterd.calls.listening import RefusalReason
from callcenterd.clock import Clock
from callcenterd.errors import LocalError
from callcenterd.model import events, numbers
from callcenterd.model.calls import Outcome
from callcenterd.model.ids import AgentId, ExtensionNumber
from callcenterd.model.site import Site
from callcenterd.sip.events import ToExtension, ToTrunk
from callcenterd.switchboard.journey import Journey

_log = structlog.get_logger(__name__)

DialResult = Literal["served", "busy", "no_answer", "failed"]
_RESULTS: dict[RefusalReason, DialResult] = {
    "busy": "busy",
    "no_answer": "no_answer",
    "refused": "busy",
    "unreachable": "failed",
    "failed": "failed",
}
_OUTCOMES: dict[DialResult, Outcome] = {"busy": "busy", "no_answer": "no_answer", "failed": "failed"}


@dataclass(eq=False)
class _Attempt:
    """One dialled leg that somebody waits for. over is done when the conversation has ended."""

    journey: Journey
    record: bool
    agent: AgentId | None
    up: asyncio.Future[RefusalReason | None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    over: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


def targets(site: Site, number: str, trunks: Sequence[str] | None) -> list[ToExtension | ToTrunk]:
    """Where a dialled number may be reached, best first: an extension, the named trunks, or the outbound rules."""
    if trunks:
        return [ToTrunk(trunk.name, number) for name in trunks for trunk in site.trunks if trunk.name == name]
    if any(extension.number == number for extension in site.extensions):
        return [ToExtension(ExtensionNumber(number))]
    for route in site.outbound:
        if numbers.matches(route.match, number):
            return [ToTrunk(trunk, route.prepend + number[route.strip :]) for trunk in route.trunks]
    return []


class Outbound:
    def __init__(
        self,
        *,
        calls: Calls,
        bus: Bus,
        clock: Clock,
        joined: Callable[[Journey, Leg, AgentId | None, bool], None],
        ringback: NDArray[np.int16],
    ) -> None:
        """joined: told journey, leg, agent and whether to record, when the two are to be brought together."""
        self._calls = calls
        self._bus = bus
        self._clock = clock
        self._joined = joined
        self._ringback = ringback
        self._attempts: dict[int, _Attempt] = {}

    async def dial(
        self,
        journey: Journey,
        wanted: Sequence[ToExtension | ToTrunk],
        *,
        seconds: float,
        record: bool,
        caller: str,
        agent: AgentId | None = None,
    ) -> DialResult:
        """Try each in turn until one answers; then wait until that conversation is over ("served").

        A busy or unwilling person ends the search: another trunk would find the same person (RFC 3261 §21.6).
        """
        journey.want_person(self._clock.monotonic())
        result: DialResult = "failed"
        for to in wanted:
            result = await self._try(journey, to, seconds=seconds, record=record, caller=caller, agent=agent)
            if result != "failed":
                break
        if result != "served":
            journey.result = _OUTCOMES[result]
        return result

    async def _try(
        self,
        journey: Journey,
        to: ToExtension | ToTrunk,
        *,
        seconds: float,
        record: bool,
        caller: str,
        agent: AgentId | None,
    ) -> DialResult:
        try:
            leg = self._calls.dial(to, call=journey.call, caller=caller, caller_name=journey.call.caller_name)
        except LocalError as fault:
            _log.info("cannot be dialled", call=journey.call.id, number=to.number, why=str(fault))
            return "failed"
        attempt = _Attempt(journey, record, agent)
        self._attempts[leg.id] = attempt
        journey.state, journey.state_at = "dialling", self._clock.utc()
        try:
            # Not asyncio.timeout: an answer in the moment of the timeout must not be lost.
            await asyncio.wait([attempt.up], timeout=seconds)
            if not attempt.up.done():
                return "no_answer"
            refused = attempt.up.result()
            if refused is not None:
                return _RESULTS[refused]
            await attempt.over
            return "served"
        finally:
            self._attempts.pop(leg.id, None)
            if leg.alive and leg.state is not LegState.UP:
                self._calls.hang_up(leg)
            if journey.call.first.alive and journey.joined_at is None:
                self._calls.stop_play(journey.call.first)
                journey.state, journey.state_at = "flow", self._clock.utc()

    def knows(self, leg: Leg) -> bool:
        return leg.id in self._attempts

    def ringing(self, leg: Leg, early: bool) -> None:
        attempt = self._attempts[leg.id]
        journey = attempt.journey
        first = journey.call.first
        if journey.state != "ringing":
            journey.state, journey.state_at = "ringing", self._clock.utc()
            self._bus.publish(
                events.CallRinging(at=self._clock.utc(), call=leg.call.id, agent=attempt.agent, number=leg.number)
            )
            if first.state is LegState.UP and not early:
                self._calls.play(first, [self._ringback], repeat=True)
        if first.state is LegState.ARRIVING:
            self._calls.let_ring(first)
        elif early and first.joined is None:
            self._calls.join(first, leg)

    def answered(self, leg: Leg) -> None:
        attempt = self._attempts[leg.id]
        self._joined(attempt.journey, leg, attempt.agent, attempt.record)
        if not attempt.up.done():
            attempt.up.set_result(None)

    def refused(self, leg: Leg, why: RefusalReason) -> None:
        attempt = self._attempts[leg.id]
        if not attempt.up.done():
            attempt.up.set_result(why)

    def conversation_over(self, journey: Journey) -> None:
        for attempt in self._attempts.values():
            if attempt.journey is journey and attempt.up.done() and not attempt.over.done():
                attempt.over.set_result(None)
