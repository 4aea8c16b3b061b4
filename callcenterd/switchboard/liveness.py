"""Calls that nobody is in any more, though nobody hung up (R-30): a line was cut, a phone lost its power.

What is known of a leg is that it sends nothing: no speech, no silence, no comfort noise. Nearly all phones send all the
time; a few stop while they are muted, and who only listens must not be cut off for that. So:

- Neither side of a conversation is heard for `talking` seconds: nobody is there, the call ends.
- One side is not heard for as long, and SIP says as well that it is gone (its trunk is down, its phone is not
  registered any more): the call ends, or in a conference that party leaves.
- A phone of the house of which nothing is heard is asked by SIP at once (OPTIONS in the dialog): it may be registered
  for an hour still, and nobody would speak to the customer for so long. If it does not answer, that is the end as well.
- Who waits (in a flow, in a queue, parked) or was put on hold is not heard for `held` seconds: the call ends.
- One side alone, whose phone is there by SIP and who speaks with somebody who is heard: nothing ends. It is told as
  one-way within ten seconds (`media.one_way`); session timers (RFC 4028) end it if the other end is dead.

A phone that puts the other side on hold need not send, and its silence means nothing: while it holds it is looked for
by SIP, each `talking` seconds, as one that is not heard. Silence is told at 10 and 30 seconds and each further 30
(`media.facts.LegSilent`): times between are rounded up.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from callcenterd.calls.call import Leg, LegState
from callcenterd.model.ids import ExtensionNumber
from callcenterd.switchboard.holding import agent_of
from callcenterd.switchboard.journey import Journey

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

TALKING_SECONDS, HELD_SECONDS = 30.0, 300.0
CAUSE = "media_timeout"


class Liveness:
    """talking, held: seconds, as above; 0: never."""

    def __init__(self, board: Switchboard, talking: float = TALKING_SECONDS, held: float = HELD_SECONDS) -> None:
        self._board = board
        self._talking = talking or float("inf")
        self._held = held or float("inf")
        self._lost: set[ExtensionNumber] = set()
        self._holders: dict[Leg, asyncio.TimerHandle] = {}

    def stop(self) -> None:
        for timer in self._holders.values():
            timer.cancel()
        self._holders.clear()

    def phone(self, extension: ExtensionNumber, reachable: bool) -> None:
        """A phone that was there is not any more, or is again. One that never registered, and calls, is not lost."""
        (self._lost.discard if reachable else self._lost.add)(extension)

    def held(self, leg: Leg) -> None:
        """`leg.holds` is another: a phone that holds is looked for now and then."""
        if (timer := self._holders.pop(leg, None)) is not None:
            timer.cancel()
        if leg.holds and leg.extension is not None and self._talking != float("inf"):
            self._holders[leg] = asyncio.get_running_loop().call_later(self._talking, self._look_for, leg)

    def _look_for(self, leg: Leg) -> None:
        del self._holders[leg]
        journey = self._board.journeys.get(leg.call.id)
        if journey is None or leg.state is not LegState.UP:
            return
        if leg.extension in self._lost:
            self._end_of(journey, leg, "its phone is gone", None)
            return
        self._board.calls.ask_if_there(leg)
        self.held(leg)

    def silent(self, leg: Leg, seconds: float) -> None:
        journey = self._board.journeys.get(leg.call.id)
        if journey is None or leg.state is not LegState.UP:
            return
        why = self._dead(leg, seconds)
        if why is None:
            if leg.extension is not None and self._talking != float("inf"):
                self._board.calls.ask_if_there(leg)
            return
        self._end_of(journey, leg, why, seconds)

    def not_there(self, journey: Journey, leg: Leg) -> None:
        """The phone was asked, and did not answer: nobody is to be rung there until it comes back."""
        agent = agent_of(self._board, leg)
        if agent is not None:
            self._board.queueing.phone_is_dead(agent)
        self._end_of(journey, leg, "its phone does not answer", None)

    def _end_of(self, journey: Journey, leg: Leg, why: str, seconds: float | None) -> None:
        _log.warning(
            "call ended", call=leg.call.id, number=leg.number, why=why, trunk=leg.trunk, seconds=seconds, cause=CAUSE
        )
        self._end(journey, leg)

    def _dead(self, leg: Leg, seconds: float) -> str | None:
        """Why there is nobody any more; None: there may be."""
        if seconds < self._talking:
            return None
        if leg.trunk is not None and self._board.outbound.is_down(leg.trunk):
            return "its trunk is down"
        if leg.extension in self._lost:
            return "its phone is gone"
        other = leg.joined
        if other is None:
            alone = self._board.calls.room_of(leg) is None
            return "who waits is not heard" if alone and seconds >= self._held else None
        if leg.holding or other.holding:
            return "who is on hold is not heard" if other.holding and seconds >= self._held else None
        return "neither side is heard" if self._board.calls.silent_for(other) >= self._talking else None

    def _end(self, journey: Journey, leg: Leg) -> None:
        """Of several who speak with each other the one that is gone leaves; of two, both."""
        board = self._board
        if board.consulting.lost(journey, leg) or board.conferences.lost(journey, leg):
            return
        board.finish(journey, "system", CAUSE, deserted=leg is journey.call.first)
