"""What an agent says of a call that is over: what came of it (its disposition, 话后小结), and a note that is spoken.

A queue may want a disposition of each of its calls: then the wrap-up goes on until there is one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from callcenterd.calls.call import Leg
from callcenterd.errors import Refused
from callcenterd.model import events
from callcenterd.model.agents import AgentView
from callcenterd.model.calls import CallFilter
from callcenterd.model.ids import AgentId, CallId, RecordingId

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

SHORTEST_NOTE = 2.0
"""Seconds. A note that is shorter is a slip."""
LONGER = 60.0
"""Seconds by which a wrap-up is prolonged again and again while its call has no disposition."""
BEFORE_ITS_END = 0.5


@dataclass(slots=True)
class Owed:
    """An agent wraps up a call that has no disposition yet. until: monotonic; what its wrap-up has of its own."""

    call: CallId
    until: float
    timer: asyncio.TimerHandle


@dataclass(frozen=True, slots=True)
class Note:
    """A note that is being spoken: since when, in monotonic seconds."""

    call: CallId
    recording: RecordingId
    by: AgentId
    since: float


class AfterCall:
    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._last: dict[AgentId, CallId] = {}
        self._owing: dict[AgentId, Owed] = {}
        self._disposed: set[CallId] = set()
        board.bus.listen(events.CallAnswered, lambda fact: self._took_part(fact.agent, fact.call))
        board.bus.listen(events.CallTransferred, lambda fact: self._took_part(fact.agent, fact.call))
        board.bus.listen(events.AgentChanged, lambda fact: self._agent_changed(fact.view))
        board.bus.listen(events.CallEnded, lambda fact: self._disposed.discard(fact.call))

    def stop(self) -> None:
        for agent in list(self._owing):
            self._owes_no_more(agent)

    # ---- which call it is -----------------------------------------------------------------------------------

    def _took_part(self, agent: AgentId | None, call: CallId) -> None:
        if agent is not None:
            self._last[agent] = call

    def spoke_last_in(self, agent: str, call: CallId) -> bool:
        """Also where it was handed on, and is another's now: who wraps it up says what came of their part."""
        return self._last.get(AgentId(agent)) == call

    async def last_call(self, agent: AgentId) -> CallId | None:
        """The call in which the agent spoke last."""
        if agent in self._last:
            return self._last[agent]
        found, _ = await self._board.store.calls.search(CallFilter(agent=agent, outcome="answered"), limit=1)
        return found[0].id if found else None

    # ---- its disposition ------------------------------------------------------------------------------------

    async def dispose(self, call: CallId, code: str, by: str, again_at: datetime | None = None) -> None:
        """Say what came of the call; another time replaces it. again_at: a campaign is to call them again then. Raises
        NotFound, Refused for a code that its queue does not have, CannotStore."""
        board = self._board
        await board.history.settled()
        record = await board.store.calls.get(call)
        codes = [one.code for one in board.site.dispositions_of(record.queue)]
        if code not in codes:
            raise Refused(f"there is no disposition {code}", {"code": f"one of {', '.join(codes) or '-'} is wanted"})
        await board.campaigns.disposed(call, code, by, again_at)
        await board.history.dispose(call, code, by, record.queue)
        if call in board.journeys:
            self._disposed.add(call)
        for agent, owed in list(self._owing.items()):
            if owed.call == call:
                self._owes_no_more(agent)
                if board.clock.monotonic() >= owed.until:
                    board.queueing.end_wrap_up(agent)

    def _agent_changed(self, view: AgentView) -> None:
        owed = self._owing.get(view.agent)
        if view.state == "wrap_up" and view.call is not None and view.until is not None:
            if (owed is None or owed.call != view.call) and self._owes(view.call):
                self._owes_no_more(view.agent)
                left = (view.until - self._board.clock.utc()).total_seconds() - BEFORE_ITS_END
                timer = asyncio.get_running_loop().call_later(max(0.0, left), self._longer, view.agent)
                self._owing[view.agent] = Owed(view.call, self._board.clock.monotonic() + left, timer)
        elif view.state != "talking":  # a call beside it does not end a wrap-up
            self._owes_no_more(view.agent)

    def owed(self, agent: AgentId) -> CallId | None:
        """The call whose disposition the agent's wrap-up waits for."""
        owed = self._owing.get(agent)
        return None if owed is None else owed.call

    def _owes(self, call: CallId) -> bool:
        """Must the call get a disposition, and has none?"""
        site, journey = self._board.site, self._board.journeys.get(call)
        if journey is None or call in self._disposed:
            return False
        queue = next((queue for queue in site.queues if queue.name == journey.queue), None)
        return queue is not None and queue.disposition_required and bool(site.dispositions_of(queue.name))

    def _owes_no_more(self, agent: AgentId) -> None:
        if (owed := self._owing.pop(agent, None)) is not None:
            owed.timer.cancel()

    def _longer(self, agent: AgentId) -> None:
        self._owing[agent].timer = asyncio.get_running_loop().call_later(LONGER, self._longer, agent)
        self._board.queueing.prolong_wrap_up(agent, LONGER)

    # ---- a note that is spoken ------------------------------------------------------------------------------

    def begin_note(self, call: CallId, leg: Leg, by: AgentId) -> Note:
        """What is said at that phone from now on is kept beside the call."""
        recording = self._board.record_beside(call, leg)
        return Note(call, recording, by, self._board.clock.monotonic())

    def end_note(self, note: Note) -> float:
        """Answers its seconds; one that is too short to be one is not told."""
        board = self._board
        board.calls.stop_recording(note.recording)
        seconds = board.clock.monotonic() - note.since
        if seconds >= SHORTEST_NOTE:
            board.bus.publish(
                events.NoteSpoken(
                    at=board.clock.utc(),
                    call=note.call,
                    recording=note.recording,
                    by=note.by,
                    seconds=round(seconds, 1),
                )
            )
        return seconds
