"""How the legs of calls sound: told when a leg is gone, and looked at while it is up."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from callcenterd.calls.call import Call, Leg
from callcenterd.media.facts import LegStatistics
from callcenterd.model import events
from callcenterd.model.calls import LegSound, Side, SoundFigures
from callcenterd.model.ids import CallId
from callcenterd.switchboard.holding import agent_of

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard


class Sounding:
    def __init__(self, board: Switchboard) -> None:
        self._board = board

    def ended(self, leg: Leg, found: LegStatistics) -> None:
        """A leg that was neither heard nor spoken to (a phone that only rang) is not told about, nor one whose call has
        no history (a supervisor's)."""
        if not leg.call.told:
            return
        if not found.received and not found.sent:
            return
        sound, call = self._sound(leg, found), leg.call
        call.worst_mos = _worst(call.worst_mos, sound.mos, sound.mos_there)
        self._board.bus.publish(
            events.CallSounded(at=self._board.clock.utc(), call=call.id, sound=sound, mos=call.worst_mos)
        )

    def now(self, call: CallId) -> list[LegSound]:
        """Of the legs that are up now, in the order in which they came. [] for a call that is over."""
        journey = self._board.journeys.get(call)
        if journey is None:
            return []
        found = ((leg, self._board.calls.statistics(leg)) for leg in journey.call.legs if leg.alive)
        return [self._sound(leg, one) for leg, one in found if one is not None and (one.received or one.sent)]

    def _sound(self, leg: Leg, found: LegStatistics) -> LegSound:
        return LegSound(
            leg=leg.id,
            side=self._side(leg.call, leg),
            number=leg.extension or (leg.call.caller if leg is leg.call.first else leg.number),
            extension=leg.extension,
            trunk=leg.trunk,
            **{field.name: getattr(found, field.name) for field in fields(SoundFigures)},
        )

    def _side(self, call: Call, leg: Leg) -> Side:
        if leg is call.first:
            return "caller"
        return "callee" if agent_of(self._board, leg) is None else "agent"


def _worst(*opinions: float | None) -> float | None:
    return min((one for one in opinions if one is not None), default=None)
