"""Breaks: the reasons that an office knows, and who takes too long (ACD-02).

A limit that is passed is told once for each break: that of one break, or that of the day's breaks with this reason.
"""

from __future__ import annotations

import asyncio
from datetime import tzinfo
from typing import TYPE_CHECKING, Literal

import structlog

from callcenterd.errors import CallcenterdError, Refused
from callcenterd.model import events
from callcenterd.model.agents import AgentView
from callcenterd.model.ids import AgentId
from callcenterd.model.site import BreakReason
from callcenterd.switchboard.states import sums

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)


class Breaks:
    """zone: in which a day begins."""

    def __init__(self, board: Switchboard, zone: tzinfo) -> None:
        self._board = board
        self._zone = zone
        self._watched: dict[AgentId, tuple[str, asyncio.Task[None]]] = {}
        board.bus.listen(events.AgentChanged, lambda fact: self._changed(fact.view))

    async def stop(self) -> None:
        tasks = [task for _, task in self._watched.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def check(self, reason: str) -> None:
        """Raises Refused for a reason that the office does not know. None at all is no wrong one."""
        names = [one.name for one in self._board.site.break_reasons]
        if reason and reason not in names:
            wanted = f"one of {', '.join(names)} is wanted"
            raise Refused(f"there is no break reason {reason}", {"reason": wanted})

    def _changed(self, view: AgentView) -> None:
        reason = view.reason if view.state == "break" else ""
        watched, task = self._watched.get(view.agent, ("", None))
        if reason == watched:
            return
        if task is not None:
            task.cancel()
            del self._watched[view.agent]
        known = next((one for one in self._board.site.break_reasons if one.name == reason), None)
        if known is not None and (known.limit or known.per_day):
            self._watched[view.agent] = (reason, asyncio.create_task(self._watch(view, known)))

    async def _watch(self, view: AgentView, reason: BreakReason) -> None:
        """Until one limit is passed."""
        limits: list[tuple[float, float, Literal["one", "day"]]] = []
        if reason.limit:
            limits.append((reason.limit, reason.limit, "one"))
        if reason.per_day:
            left = reason.per_day - await self._today(view.agent, reason.name)
            limits.append((max(0.0, left), reason.per_day, "day"))
        seconds, limit, of = min(limits)
        await asyncio.sleep(seconds)
        _log.info("break is too long", agent=view.agent, reason=reason.name, limit=limit, of=of)
        self._board.bus.publish(
            events.BreakTooLong(
                at=self._board.clock.utc(), agent=view.agent, reason=reason.name, since=view.since, limit=limit, of=of
            )
        )

    async def _today(self, agent: AgentId, reason: str) -> float:
        """Seconds of earlier breaks of this day with this reason."""
        now = self._board.clock.utc()
        midnight = now.astimezone(self._zone).replace(hour=0, minute=0, second=0, microsecond=0)
        try:
            await self._board.history.settled()
            steps = await self._board.store.agents.history_with_start(agent, midnight, now)
        except CallcenterdError as fault:
            _log.error("earlier breaks are not known", agent=agent, why=str(fault))
            return 0.0
        return sums(steps, midnight, now).get(("break", reason), 0.0)
