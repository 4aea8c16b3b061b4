"""Has a person picked up, or a machine? Asked by who dials customers of its own accord: callbacks and campaigns.

    verdict = await board.answering.who(leg)
    if verdict.who == "machine": …

It is asked as soon as the leg is up, and before anything is played to it: a person who hears nothing says 喂？, and
what is played would come back as an echo. The answer comes within the rule's time, whatever becomes of the leg.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from callcenterd.calls.call import Leg
from callcenterd.media.machine import RULE, Rule, Verdict
from callcenterd.model import events
from callcenterd.model.ids import LegId

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

MARGIN = 2.0
"""Seconds: what the media room may be late with its answer."""


class Answering:
    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._asked: dict[LegId, asyncio.Future[Verdict]] = {}

    async def who(self, leg: Leg, rule: Rule = RULE) -> Verdict:
        """Who has picked up on a leg that is up. "unsure" counts as a person; so is a leg that ends meanwhile. Told as
        an event, and so part of the call's story."""
        board = self._board
        verdict = Verdict("unsure", "gone", 0.0)
        if leg.alive:
            answer = self._asked[leg.id] = asyncio.get_running_loop().create_future()
            board.calls.judge(leg, rule)
            try:
                verdict = await asyncio.wait_for(answer, rule.total + MARGIN)
            except TimeoutError:
                _log.error("nobody said who has picked up", call=leg.call.id, number=leg.number)
                verdict = Verdict("unsure", "time", rule.total + MARGIN)
            finally:
                self._asked.pop(leg.id, None)
        _log.info("picked up", call=leg.call.id, number=leg.number, who=verdict.who, why=verdict.why)
        if verdict.why != "gone":
            board.bus.publish(
                events.PickedUpBy(
                    at=board.clock.utc(),
                    call=leg.call.id,
                    number=leg.number,
                    who=verdict.who,
                    why=verdict.why,
                    seconds=verdict.seconds,
                )
            )
        return verdict

    def judged(self, leg: LegId, verdict: Verdict) -> None:
        """The media room's answer; nobody may want to know any more."""
        answer = self._asked.get(leg)
        if answer is not None and not answer.done():
            answer.set_result(verdict)
