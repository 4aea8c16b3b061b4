"""A number wanted: which trunks, how it is written there, and what if one is full or dead.

Used by flows (the dial node) and by phones that dial. The caller hears ringing while the other side's phone
rings: a signal while unanswered, the national tone once answered.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
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
from callcenterd.model.forwarding import Forwarding
from callcenterd.model.ids import AgentId, ExtensionNumber, TrunkName
from callcenterd.model.site import Site, Trunk
from callcenterd.sip.events import ToExtension, ToTrunk
from callcenterd.switchboard.journey import Journey
from callcenterd.switchboard.limits import Forbidden, Outside, is_night

_log = structlog.get_logger(__name__)

DialResult = Literal["served", "busy", "no_answer", "failed", "forbidden"]
_RESULTS: dict[RefusalReason, DialResult] = {
    "busy": "busy",
    "no_answer": "no_answer",
    "refused": "busy",
    "unreachable": "failed",
    "failed": "failed",
}
_OUTCOMES: dict[DialResult, Outcome] = {
    "busy": "busy",
    "no_answer": "no_answer",
    "failed": "failed",
    "forbidden": "failed",
}
TOO_LONG = "limit longest"
_OF_THE_TRUNK = frozenset({401, 402, 403, 407})
"""A provider says so of our account, not a person of the call: the next trunk may do it."""
MOST_FORWARDS = 3
"""How often one call is forwarded by phones (3xx): two that forward to each other would never end."""
Joined = Callable[[Journey, Leg, AgentId | None, bool], None]
"""journey, leg, agent, and whether to record: the two are to be brought together."""


@dataclass(eq=False)
class _Attempt:
    """One dialled leg that somebody waits for. over is done when the leg has ended, in whatever call it was last.

    hears: who hears that it rings. joined: told when it is up. quiet: beside what the call does; nobody hears it ring,
    and its end ends nothing else. offered: by a queue.
    """

    journey: Journey
    record: bool
    agent: AgentId | None
    hears: Leg | None
    joined: Joined
    quiet: bool = False
    offered: bool = False
    rung: bool = False
    leg: Leg | None = None
    up: asyncio.Future[RefusalReason | None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    over: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


def targets(site: Site, number: str, trunks: Sequence[str] | None, region: str) -> list[ToExtension | ToTrunk]:
    """Where a dialled number may be reached, best first: an extension, the named trunks, or the outbound rules.

    The number of each is written as that trunk wants it. region: the country in whose way numbers are dialled. A whole
    number (+86…), as customers' are kept, finds the rule by which a phone would reach it.
    """
    known = {trunk.name: trunk for trunk in site.trunks}
    if trunks:
        found = [known[name] for name in map(TrunkName, trunks) if name in known]
        return [ToTrunk(trunk.name, written_for(trunk, number, region), (number,)) for trunk in found]
    if any(extension.number == number for extension in site.extensions):
        return [ToExtension(ExtensionNumber(number))]
    for form in (number, *_as_dialled(site, number, region)):
        for route in site.outbound:
            if numbers.matches(route.match, form):
                cut = route.prepend + form[route.strip :]
                there = [known[name] for name in route.trunks if name in known]
                forms = tuple(dict.fromkeys((number, form, cut)))
                return [ToTrunk(trunk.name, written_for(trunk, cut, region), forms) for trunk in there]
    return []


def _as_dialled(site: Site, number: str, region: str) -> list[str]:
    """What a phone would dial for a whole number: the national one, with what the rules cut off (a 0 or 9 for an
    outside line) in front of it if it fits none without. Nothing for any other number."""
    if not number.startswith("+"):
        return []
    national = numbers.national(number, region)
    access = dict.fromkeys(
        route.match[: route.strip] for route in site.outbound if "." not in route.match[: route.strip]
    )
    return [national, *(digits + national for digits in access if digits)]


def written_for(trunk: Trunk, number: str, region: str) -> str:
    """A number that goes out, as the trunk wants it: its form, then cut, then added to.

    Emergency numbers stay, and where +86… is wanted also those that have no such form (95588).
    """
    if numbers.is_emergency(number, region):
        return number
    match trunk.out_form:
        case "e164":
            number = numbers.normalise(number, region)
            if not number.startswith("+"):
                return number
        case "national":
            number = numbers.national(number, region)
        case "dialled":
            pass
    return trunk.out_prepend + number[trunk.out_strip :]


def own_numbers(site: Site) -> frozenset[str]:
    """What the other side may be shown: the office's own numbers."""
    return frozenset({route.match for route in site.numbers} | {trunk.caller for trunk in site.trunks if trunk.caller})


def called_by(trunk: Trunk, number: str) -> str:
    """A called number as it came in, in the way in which the office's numbers are written."""
    return trunk.in_prepend + number[trunk.in_strip :]


class Outbound:
    """The one door to the outside: every call over a trunk goes through `dial`, and with it through the limits."""

    def __init__(
        self,
        *,
        calls: Calls,
        bus: Bus,
        clock: Clock,
        joined: Joined,
        parted: Callable[[Journey, Leg, str], None],
        ringback: NDArray[np.int16],
        region: str,
        zone: tzinfo,
    ) -> None:
        """joined: told journey, leg, agent and whether to record, when the two are to be brought together. parted: the
        conversation with a leg that was dialled is to end, and why. zone: in which the office's nights are."""
        self._calls = calls
        self._bus = bus
        self._clock = clock
        self._joined = joined
        self._ringback = ringback
        self._parted = parted
        self._region = region
        self._zone = zone
        self._site = Site()
        self._limits = Outside(region)
        self._down: set[TrunkName] = set()
        self._attempts: dict[int, _Attempt] = {}
        self.rule_of: Callable[[ExtensionNumber], Forwarding] = lambda number: Forwarding(extension=number)
        """What is to become of calls to an extension. Set by `forwarding`."""

    def configure(self, site: Site) -> None:
        self._site = site
        self._down &= {trunk.name for trunk in site.trunks}

    def trunk_seen(self, trunk: TrunkName, state: str) -> None:
        """As the SIP room told last: one that is down is tried only when no other is left."""
        (self._down.add if state == "down" else self._down.discard)(trunk)

    async def dial(
        self,
        journey: Journey,
        wanted: Sequence[ToExtension | ToTrunk],
        *,
        seconds: float,
        record: bool,
        caller: str,
        extension: ExtensionNumber | None = None,
        agent: AgentId | None = None,
        hears: Leg | None = None,
        joined: Joined | None = None,
        quiet: bool = False,
        offered: bool = False,
    ) -> DialResult:
        """Try each in turn until one answers; then wait until that conversation is over ("served").

        A busy or unwilling person ends the search: another trunk would find the same person (RFC 3261 §21.6).
        extension: who dials, for the limits against toll fraud; None: a flow. hears: who hears that it rings, instead
        of who called; joined: told instead of the room's own (a transfer). quiet: the call goes on meanwhile as it is
        (somebody is added to it, or it has no other leg yet), and nobody hears it ring. offered: a queue's agent is
        rung, whatever they want done with calls to their extension.
        """
        answered = joined or self._joined
        if hears is None and not quiet:
            hears = journey.call.first
        journey.want_person(self._clock.monotonic())
        result: DialResult = "failed"
        # Every way in which it was written counts: what a trunk puts in front must not hide a forbidden number.
        outside = [to for to in wanted if isinstance(to, ToTrunk)]
        numbers_out = {form for to in outside for form in (to.number, *to.forms)}
        try:
            with contextlib.ExitStack() as place:
                longest = place.enter_context(self._admitted(extension, numbers_out)) if numbers_out else 0.0
                for to in sorted(wanted, key=lambda to: isinstance(to, ToTrunk) and to.trunk in self._down):
                    attempt = _Attempt(journey, record, agent, hears, answered, quiet, offered)
                    result = await self._obey(attempt, to, seconds=seconds, caller=caller, longest=longest)
                    if result != "failed":
                        break
        except Forbidden as forbidden:
            self._alarm(journey, extension, outside[0].number, forbidden)
            result = "forbidden"
        forwarder, number = journey.forwarded or (None, "")
        if forwarder is not None and (further := self._forwarded(journey, forwarder, number)):
            return await self.dial(
                journey, further, seconds=seconds, record=record, caller=caller, extension=forwarder, agent=agent,
                hears=hears, joined=joined, quiet=quiet, offered=False,
            )  # fmt: skip
        if result != "served" and not quiet:
            journey.result = _OUTCOMES[result]
        return result

    async def _obey(
        self, attempt: _Attempt, to: ToExtension | ToTrunk, *, seconds: float, caller: str, longest: float
    ) -> DialResult:
        """As `_try`, and as the extension wants it (TEL-05): what it forwards is put into `journey.forwarded`.

        A phone that its own user wants rung is rung, and so is one to which a call comes back that was parked there.
        """
        journey = attempt.journey
        if isinstance(to, ToTrunk) or to.at_once or attempt.offered or journey.state == "parked":
            return await self._try(attempt, to, seconds=seconds, caller=caller, longest=longest)
        rule = self.rule_of(to.number)
        number = rule.always
        if number or rule.do_not_disturb:
            result: DialResult = "busy"
            number = number or rule.busy
        else:
            seconds = min(seconds, rule.ring) if rule.no_answer else seconds
            result = await self._try(attempt, to, seconds=seconds, caller=caller, longest=longest)
            if result == "busy" and attempt.up.done() and attempt.up.result() == "busy":
                number = rule.busy
            elif result in ("no_answer", "failed"):
                number = rule.no_answer
        if number and journey.forwarded is None:
            journey.forwarded = (to.number, number)
        return result

    def _forwarded(self, journey: Journey, by: ExtensionNumber, number: str) -> list[ToExtension | ToTrunk]:
        """A phone forwards its calls (3xx): to a number, which goes the way of any number and by the limits of who
        forwards. Nowhere, if that goes round in circles."""
        journey.forwarded = None
        if by in journey.forwarders or len(journey.forwarders) >= MOST_FORWARDS:
            _log.warning("not forwarded", call=journey.call.id, by=by, number=number, why="goes round in circles")
            return []
        journey.forwarders.append(by)
        wanted = targets(self._site, number, None, self._region)
        if wanted:
            self._bus.publish(
                events.CallForwarded(at=self._clock.utc(), call=journey.call.id, by_number=by, number=number)
            )
        return wanted

    def _admitted(
        self, extension: ExtensionNumber | None, dialled: Collection[str]
    ) -> contextlib.AbstractContextManager[float]:
        local = self._clock.utc().astimezone(self._zone)
        return self._limits.admit(self._site, extension, dialled, now=self._clock.monotonic(), local=local)

    def _alarm(self, journey: Journey, extension: ExtensionNumber | None, number: str, why: Forbidden) -> None:
        call = journey.call.id
        _log.warning(
            "outside call forbidden", call=call, extension=extension, number=number, who=why.who, rule=why.rule
        )
        self._bus.publish(
            events.FraudAlarm(
                at=self._clock.utc(), call=call, extension=extension, number=number, who=why.who, rule=why.rule
            )
        )

    async def _try(
        self, attempt: _Attempt, to: ToExtension | ToTrunk, *, seconds: float, caller: str, longest: float
    ) -> DialResult:
        trunk, journey = self._trunk(to), attempt.journey
        try:
            if trunk is not None and self._is_full(trunk) and not numbers.is_emergency(to.number, self._region):
                raise LocalError(f"all {trunk.channels} channels of trunk {trunk.name} are taken")
            leg = self._calls.dial(
                to,
                call=journey.call,
                caller=caller if trunk is None else journey.caller_id or trunk.caller or caller,
                caller_name=journey.call.caller_name,
            )
        except LocalError as fault:
            _log.info("cannot be dialled", call=journey.call.id, number=to.number, why=str(fault))
            return "failed"
        self._attempts[leg.id] = attempt
        attempt.leg, journey.refusal = leg, None
        if not attempt.quiet:
            journey.state, journey.state_at = "dialling", self._clock.utc()
        try:
            # Not asyncio.timeout: an answer in the moment of the timeout must not be lost.
            await asyncio.wait([attempt.up], timeout=seconds)
            if not attempt.up.done():
                return "no_answer"
            refused = attempt.up.result()
            if refused is not None:
                return _RESULTS[refused]
            await asyncio.wait([attempt.over], timeout=longest or None)
            if not attempt.over.done():
                _log.warning("call ended", call=journey.call.id, why=TOO_LONG, seconds=longest)
                self._parted(attempt.journey, attempt.leg, TOO_LONG)
            return "served"
        finally:
            self._attempts.pop(attempt.leg.id, None)
            if leg.alive and leg.state is not LegState.UP:
                self._calls.hang_up(leg)
            if not attempt.quiet and journey.call.first.alive and journey.joined_at is None:
                self._calls.stop_play(journey.call.first)
                journey.state, journey.state_at = "flow", self._clock.utc()

    def is_within(self, hours: str) -> bool:
        """Is it one of these hours in the office's zone? "" is always."""
        return not hours or is_night(hours, self._clock.utc().astimezone(self._zone).time())

    def _is_full(self, trunk: Trunk) -> bool:
        return 0 < trunk.channels <= self._calls.channels(trunk.name)

    def _trunk(self, to: ToExtension | ToTrunk) -> Trunk | None:
        name = to.trunk if isinstance(to, ToTrunk) else None
        return next((trunk for trunk in self._site.trunks if trunk.name == name), None)

    def limited(self, who: str) -> int:
        """Outside calls of an extension that are up, or of "all"."""
        return self._limits.up(who)

    def is_down(self, trunk: TrunkName) -> bool:
        return trunk in self._down

    def knows(self, leg: Leg) -> bool:
        return leg.id in self._attempts

    def ringing(self, leg: Leg, early: bool) -> None:
        attempt = self._attempts[leg.id]
        if attempt.quiet:
            self._rings_beside(attempt, leg)
            return
        journey, hears = attempt.journey, attempt.hears
        assert hears is not None
        if journey.state != "ringing":
            journey.state, journey.state_at = "ringing", self._clock.utc()
            self._bus.publish(
                events.CallRinging(at=self._clock.utc(), call=leg.call.id, agent=attempt.agent, number=leg.number)
            )
            if hears.state is LegState.UP and not (early and hears.joined is None):
                self._calls.play(hears, [self._ringback], repeat=True)
        if hears.state is LegState.ARRIVING:
            self._calls.let_ring(hears)
        elif early and hears.joined is None:
            self._calls.join(hears, leg)

    def rings_beside(self, leg: Leg) -> bool:
        """Is it dialled for a call that goes on meanwhile?"""
        attempt = self._attempts.get(leg.id)
        return attempt is not None and attempt.quiet

    def _rings_beside(self, attempt: _Attempt, leg: Leg) -> None:
        if not attempt.rung:
            attempt.rung = True
            self._bus.publish(
                events.CallRinging(at=self._clock.utc(), call=leg.call.id, agent=attempt.agent, number=leg.number)
            )

    def answered(self, leg: Leg) -> None:
        attempt = self._attempts[leg.id]
        attempt.joined(attempt.journey, leg, attempt.agent, attempt.record)
        if not attempt.up.done():
            attempt.up.set_result(None)

    def refused(self, leg: Leg, why: RefusalReason, status: int) -> None:
        attempt = self._attempts[leg.id]
        attempt.journey.refusal = leg.refusal
        if leg.trunk is not None and status in _OF_THE_TRUNK:
            why = "failed"
        if leg.moved_to and leg.extension is not None:
            attempt.journey.forwarded = (leg.extension, leg.moved_to)
        if not attempt.up.done():
            attempt.up.set_result(why)

    def rung_inside(self) -> list[Leg]:
        """Phones of the office that ring for a call which waits for nothing else."""
        waiting = (LegState.DIALLING, LegState.RINGING)
        legs = [attempt.leg for attempt in self._attempts.values() if not attempt.quiet and attempt.leg is not None]
        return [leg for leg in legs if leg.extension is not None and leg.state in waiting]

    def picked_up(self, old: Leg, new: Leg) -> None:
        """Another phone (`new`, up, in the same call) has taken what rings at `old`."""
        attempt = self._attempts.pop(old.id)
        attempt.leg = new
        self._attempts[new.id] = attempt
        self._calls.hang_up(old, 'SIP;cause=200;text="Call completed elsewhere"')
        self.answered(new)

    def moved(self, old: Journey, new: Journey) -> None:
        """What was dialled for one call belongs to another now: its place in the limits is held until that is over."""
        for attempt in self._attempts.values():
            if attempt.journey is old:
                attempt.journey = new

    def leg_over(self, leg: Leg) -> None:
        """One leg of several has ended, and the conversation goes on."""
        attempt = self._attempts.get(leg.id)
        if attempt is not None and attempt.up.done() and not attempt.over.done():
            attempt.over.set_result(None)

    def conversation_over(self, journey: Journey) -> None:
        """Legs that have ended hold no place in the limits any more."""
        for attempt in self._attempts.values():
            gone = attempt.leg is not None and not attempt.leg.alive
            if attempt.journey is journey and gone and attempt.up.done() and not attempt.over.done():
                attempt.over.set_result(None)
