"""An agent asks somebody about a call while the customer hears music: consult, toggle, and what comes of it (TEL-03).

All of it is one call with one history, on the agent's one line: the customer leaves the agent's conversation, and who
is asked comes into it. From there the call is handed on (attended), becomes a conference, or goes back to what it was.

Whoever of a queue is free can be asked, too (`asked_queue`); the agent hears the queue's music until somebody is rung.

- Who is asked goes, or is never reached: the customer stays on hold until the agent takes the call back.
- The agent hangs up while speaking with who is asked: the call is theirs (or rings on there). While speaking with the
  customer: that conversation is over, as any other.
- The customer goes: the call is over for all.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

import structlog

from callcenterd.calls.call import Leg, LegState
from callcenterd.errors import CallcenterdError, NotNow, Refused
from callcenterd.media import tones
from callcenterd.model import events
from callcenterd.model.events import ConsultEnd
from callcenterd.model.ids import CallId, QueueName
from callcenterd.model.prompts import Music
from callcenterd.sip.events import ToExtension, ToTrunk
from callcenterd.switchboard import conferences, outbound
from callcenterd.switchboard.asked_queue import AskedQueue
from callcenterd.switchboard.holding import agent_of
from callcenterd.switchboard.journey import Consult, Journey

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

RING_SECONDS = 30.0


class Consulting:
    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._ringback = tones.cadence("ringback", board.region)
        self._tasks: set[asyncio.Task[None]] = set()
        self._questions = 0

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ---- what agents ask for (login: whose call it is; None: a supervisor asks) --------------------------------

    def begin(self, call: CallId, login: str | None, number: str) -> None:
        """The customer hears music, and the number is rung for the agent. What comes of it is told.

        Raises NotFound for a call that is over, NotNow if two do not speak in it, Refused for a number that cannot be
        asked.
        """
        journey, leg = self._who_may_ask(call, login)
        wanted = outbound.targets(self._board.site, number, None, self._board.region)
        if not wanted or number == leg.extension:
            raise Refused(f"number {number} cannot be asked", {"number": "leads nowhere"})
        consult = self._begin(journey, leg, number)
        consult.task = self._own(self._ask(journey, consult, wanted))

    def begin_in_queue(self, call: CallId, login: str | None, queue: QueueName) -> None:
        """The customer hears music, and whoever of the queue is free is rung for the agent. What comes of it is told.

        Raises as `begin`, NotFound for a queue that there is not, and NotNow if it takes nobody now, is full, or nobody
        else works in it.
        """
        queueing = self._board.queueing
        settings = queueing.settings(queue)
        journey, leg = self._who_may_ask(call, login)
        if not self._board.opening.takes_callers(settings):
            raise NotNow(f"queue {queue} is closed now")
        if queueing.is_full(queue):
            raise NotNow(f"queue {queue} is full")
        asks = agent_of(self._board, leg)
        others = [queueing.view(agent) for agent in queueing.agents() if agent != asks]
        if not any(queue in other.queues and other.state != "signed_out" for other in others):
            raise NotNow(f"nobody else works in queue {queue} now")
        consult = self._begin(journey, leg, queue, queue)
        assert consult.queue is not None
        self._own(self._queue_music(journey, consult, settings.music))
        consult.queue.begin()

    def _who_may_ask(self, call: CallId, login: str | None) -> tuple[Journey, Leg]:
        journey, leg = self._board.transfers.two_of(call, login)
        if leg.holds:
            raise NotNow("the phone itself holds the call")
        return journey, leg

    def _begin(self, journey: Journey, leg: Leg, number: str, queue: QueueName | None = None) -> Consult:
        """From now on the customer waits."""
        board, caller = self._board, leg.joined
        assert caller is not None
        board.holding.let_hear(leg)
        part = board.calls.part_of(leg)
        muted = part is not None and part.muted
        board.calls.part(caller)
        consult = journey.consult = Consult(leg, caller, number, board.clock.utc(), muted=muted)
        if queue is not None:
            self._questions += 1
            consult.queue = AskedQueue(
                board=board,
                journey=journey,
                by=leg,
                name=queue,
                key=CallId(f"{journey.call.id}-asks-{self._questions}"),
                since=board.clock.monotonic(),
                picked_up=lambda asked: self._came(journey, consult, asked),
                quiet=lambda: self._nobody_rings(journey, consult),
                ended=lambda why: self._gone(journey, consult, why),
                own=self._own,
            )
        self._play(journey, consult)
        board.holding.show(journey)
        by = agent_of(board, leg)
        begun = events.ConsultBegun(at=consult.since, call=journey.call.id, by=by, number=number, queue=queue)
        board.bus.publish(begun)
        return consult

    def _own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def toggle(self, call: CallId, login: str | None) -> None:
        """The agent speaks with the other of the two; who is left hears music. Raises NotFound, NotNow."""
        journey, consult = self._of(call, login)
        asked = self._asked(consult)
        consult.with_caller = not consult.with_caller
        self._join(consult, consult.caller if consult.with_caller else asked)
        self._play(journey, consult)
        self._told_again(journey)
        self._board.bus.publish(
            events.ConsultSwitched(
                at=self._board.clock.utc(),
                call=call,
                by=agent_of(self._board, consult.by),
                number=consult.number,
                with_caller=consult.with_caller,
            )
        )

    def complete(self, call: CallId, login: str | None) -> None:
        """Who is asked has the call from now on, or is rung on for the customer. Raises NotFound, NotNow."""
        journey, consult = self._of(call, login)
        self._hand_over(journey, consult)

    def confer(self, call: CallId, login: str | None, by: str) -> None:
        """All three speak with each other. Raises NotFound, NotNow."""
        journey, consult = self._of(call, login)
        asked = self._asked(consult)
        self._end(journey, consult, "conference")
        if not consult.with_caller:
            self._join(consult, consult.caller)
        self._board.calls.stop_play(asked)
        self._board.conferences.take_in(journey, asked, by)

    def back(self, call: CallId, login: str | None) -> None:
        """Who is asked is let go, and the agent speaks with the customer; also after they have gone by themselves.
        Raises NotFound, NotNow."""
        journey = self._board.desk.journey(call)
        if journey.consult is None:
            self._board.holding.take_back(journey, login)
            return
        journey, consult = self._of(call, login)
        self._drop(journey, consult, "dropped")
        self._rejoin(journey, consult)

    # ---- what happens meanwhile --------------------------------------------------------------------------------

    def rings(self, leg: Leg, early: bool) -> None:
        """The phone of who is asked rings: the agent hears so."""
        journey = self._board.journeys.get(leg.call.id)
        consult = None if journey is None else journey.consult
        if consult is None or consult.leg is not None or leg in (consult.by, consult.caller):
            return
        calls = self._board.calls
        if early and calls.room_of(consult.by) is None:
            self._join(consult, leg)
        elif not consult.rings:
            calls.play(consult.by, [self._ringback], repeat=True)
        consult.rings = True

    def lost(self, journey: Journey, leg: Leg) -> bool:
        """A side is gone, or is to go: does the call go on without it, and is that seen to here?"""
        consult = journey.consult
        if consult is None:
            return False
        if leg is consult.leg:
            self._gone(journey, consult, "left")
            return True
        if leg is not consult.by or consult.with_caller:
            return False
        self._board.calls.hang_up(leg)
        self._hand_over(journey, consult)
        return True

    def close(self, journey: Journey) -> None:
        """The call goes another way (by the phone, or by a supervisor): nobody is asked any more, and the agent is with
        the customer again."""
        consult = journey.consult
        if consult is not None:
            self._drop(journey, consult, "over")
            self._rejoin(journey, consult)

    def over(self, journey: Journey) -> None:
        """The conversation is over for all."""
        consult = journey.consult
        if consult is not None:
            self._drop(journey, consult, "over")
            self._board.calls.stop_play(consult.caller)
            self._board.calls.stop_play(consult.by)

    # ---- within ------------------------------------------------------------------------------------------------

    async def _ask(self, journey: Journey, consult: Consult, wanted: Sequence[ToExtension | ToTrunk]) -> None:
        """Until who is asked has left the call, or is not to be reached."""
        board, extension = self._board, consult.by.extension
        assert extension is not None
        try:
            result = await board.outbound.dial(
                journey,
                wanted,
                seconds=RING_SECONDS,
                record=False,
                caller=extension,
                extension=extension,
                hears=consult.by,
                joined=lambda _journey, leg, _agent, _record: self._came(journey, consult, leg),
                quiet=True,
            )
        except Exception:  # noqa: BLE001  # one call's fault must not reach another's
            _log.exception("nobody asked", call=journey.call.id)
            result = "failed"
        if result != "served" and journey.consult is consult:
            self._gone(journey, consult, result)

    def _came(self, journey: Journey, consult: Consult, leg: Leg) -> None:
        board = self._board
        if journey.consult is not consult or journey.ended:
            board.calls.hang_up(leg)
            return
        consult.leg = leg
        if consult.queue is not None:
            consult.number = leg.extension or leg.number
        consult.agent = agent_of(board, leg)
        self._join(consult, leg)
        if consult.agent is not None:
            board.queueing.occupied(consult.agent, journey.call.id)
        if journey.recording is not None:
            others = [one for one in (consult.by, leg) if one is not journey.call.first]
            board.calls.record_others(journey.recording, others)
        board.bus.publish(
            events.ConsultAnswered(
                at=board.clock.utc(),
                call=journey.call.id,
                by=agent_of(board, consult.by),
                number=leg.extension or leg.number,
                agent=consult.agent,
            )
        )
        board.desk.pop_for(leg)

    def _hand_over(self, journey: Journey, consult: Consult) -> None:
        """The agent leaves: who is asked takes the place, or is rung on."""
        board, asked = self._board, consult.leg
        if asked is None:
            self._drop(journey, consult, "transferred")
            board.calls.stop_play(consult.by)
            if consult.by.alive:
                self._join(consult, consult.caller)
            if consult.queue is None:
                board.transfers.send_on(journey, consult.by, consult.caller, consult.number)
            else:
                since = consult.queue.since
                board.transfers.leave_in_queue(journey, consult.by, consult.caller, consult.queue.name, since)
        else:
            self._end(journey, consult, "transferred")
            board.calls.stop_play(consult.caller)
            if consult.queue is None or not board.transfers.give(
                journey, consult.by, asked, consult.caller, consult.queue.name
            ):
                board.transfers.put_through(journey, consult.by, asked, consult.caller)

    def _gone(self, journey: Journey, consult: Consult, why: ConsultEnd) -> None:
        """Not reached, or gone: the customer waits until the agent takes the call back."""
        board = self._board
        self._drop(journey, consult, why)
        board.calls.stop_play(consult.by)
        board.calls.announce(consult.by, [conferences.LEFT])
        if consult.with_caller:
            return
        self._join(consult, consult.caller)
        board.holding.keep(journey, agent_of(board, consult.by))
        board.record_sides(journey)

    def _rejoin(self, journey: Journey, consult: Consult) -> None:
        board = self._board
        board.calls.stop_play(consult.by)
        if not consult.with_caller:
            self._join(consult, consult.caller)
        self._told_again(journey)

    def _join(self, consult: Consult, other: Leg) -> None:
        calls = self._board.calls
        calls.join(consult.by, other)
        if consult.muted and (part := calls.part_of(consult.by)) is not None:
            calls.change_part(consult.by, dataclasses.replace(part, muted=True))

    def _told_again(self, journey: Journey) -> None:
        board, consult = self._board, journey.consult
        board.record_sides(journey)
        if (
            journey.recording is not None
            and consult is not None
            and consult.leg is not None
            and not consult.with_caller
        ):
            others = [one for one in (consult.by, consult.leg) if one is not journey.call.first]
            board.calls.record_others(journey.recording, others)
        board.holding.show(journey)

    def _drop(self, journey: Journey, consult: Consult, why: ConsultEnd) -> None:
        """Whoever is asked, or rung, is let go."""
        board = self._board
        self._end(journey, consult, why)
        if consult.agent is not None:
            board.leaves(journey, consult.agent, consult.leg)
        if consult.leg is None:
            if consult.queue is not None:
                consult.queue.give_up()
            if consult.task is not None and consult.task is not asyncio.current_task():
                consult.task.cancel()
            for leg in journey.call.legs:
                if leg.state in (LegState.DIALLING, LegState.RINGING):
                    board.calls.hang_up(leg)
        else:
            board.calls.hang_up(consult.leg)
            board.outbound.leg_over(consult.leg)

    def _end(self, journey: Journey, consult: Consult, why: ConsultEnd) -> None:
        journey.consult = None
        self._board.bus.publish(
            events.ConsultEnded(
                at=self._board.clock.utc(),
                call=journey.call.id,
                by=agent_of(self._board, consult.by),
                number=consult.number,
                reason=why,
            )
        )

    def _of(self, call: CallId, login: str | None) -> tuple[Journey, Consult]:
        journey = self._board.desk.journey(call)
        consult = journey.consult
        if consult is None or login not in (None, agent_of(self._board, consult.by)):
            raise NotNow("you ask nobody about this call now")
        return journey, consult

    def _asked(self, consult: Consult) -> Leg:
        if consult.leg is None:
            raise NotNow(f"{consult.number} has not answered yet")
        return consult.leg

    def _nobody_rings(self, journey: Journey, consult: Consult) -> None:
        """Who was rung has not picked up, and the next one is waited for."""
        if journey.consult is consult and consult.queue is not None and consult.leg is None:
            consult.rings = False
            self._board.calls.stop_play(consult.by)
            self._own(self._queue_music(journey, consult, self._board.queueing.settings(consult.queue.name).music))

    async def _queue_music(self, journey: Journey, consult: Consult, music: str) -> None:
        """For the agent who asks, as long as nobody is rung."""
        sound = await self._sound(journey, music)
        if sound is not None and journey.consult is consult and not consult.rings and consult.leg is None:
            self._board.calls.play(consult.by, [sound], repeat=True)

    def _play(self, journey: Journey, consult: Consult) -> None:
        self._own(self._music(journey, consult))

    async def _music(self, journey: Journey, consult: Consult) -> None:
        """For who waits by now: the agent may have changed sides while the music was fetched."""
        sound = await self._sound(journey, "")
        waits = consult.leg if consult.with_caller else consult.caller
        if sound is not None and journey.consult is consult and waits is not None and waits.state is LegState.UP:
            self._board.calls.play(waits, [sound], repeat=True)

    async def _sound(self, journey: Journey, music: str) -> Any:
        try:
            return await self._board.prompts.sound(Music(music))
        except CallcenterdError as fault:
            _log.error("no music for who waits", call=journey.call.id, why=str(fault))
            return None
