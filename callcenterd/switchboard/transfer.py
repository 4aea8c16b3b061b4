"""A phone hands its call on (RFC 3515): blind, to a number that our own rules route; attended, to whom it speaks with
on another line of it; or to another phone of the same extension (RFC 3891).

The call keeps its id, its history, its customer and its recording; who had it wraps up, who has it now talks. If a
blind transfer fails, the caller is given back to who began it, whose phone is rung again if it has left (TEL-03,
TEL-04).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from callcenterd.calls.call import Leg
from callcenterd.errors import LocalError, NotFound, NotNow, Refused
from callcenterd.ivr.flow import Flow
from callcenterd.model import events
from callcenterd.model.events import TransferKind
from callcenterd.model.ids import AgentId, CallId, FlowName, QueueName
from callcenterd.sip.events import ToExtension, ToTrunk
from callcenterd.switchboard import outbound, parking
from callcenterd.switchboard.holding import agent_of
from callcenterd.switchboard.inbound import flow_for
from callcenterd.switchboard.journey import Journey

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

RING_SECONDS = 30.0
"""How long a blind transfer rings: then the caller goes back."""
_STATUS = {"busy": 486, "no_answer": 480, "forbidden": 403}


@dataclass(eq=False)
class _Blind:
    """One that is under way. by: the leg that asked for it. other: who is handed on."""

    journey: Journey
    by: Leg
    other: Leg
    number: str
    kind: TransferKind = "blind"
    task: asyncio.Task[None] | None = None


class Transfers:
    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._under_way: dict[CallId, _Blind] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ---- what phones ask for ----------------------------------------------------------------------------

    def asked(self, leg: Leg, number: str, replaced: Leg | None) -> None:
        """REFER within a call of ours. Whoever asks has proved to be an extension (`sip.conversation`)."""
        journey = self._board.journeys.get(leg.call.id)
        if journey is not None:
            self._board.consulting.close(journey)
        if journey is None or journey.joined_at is None or leg.joined is None or leg.call.id in self._under_way:
            self._refuse(leg, number, 480, "no_conversation")
        elif replaced is None:
            self._begin_blind(journey, leg, number)
        else:
            self._attended(journey, leg, replaced)

    def taken_over(self, old: Leg, new: Leg) -> None:
        """Another phone of the same extension goes on with the call."""
        journey = self._board.journeys.get(old.call.id)
        if journey is not None:
            self._board.consulting.close(journey)
        other = old.joined
        if journey is None or journey.joined_at is None or other is None:
            self._board.calls.hang_up(new)
            return
        self.over(journey)
        self._hand_on(journey, old, new, other, "moved")
        self._board.calls.hang_up(old)

    def taken_from(self, journey: Journey, old: Leg, new: Leg) -> None:
        """A supervisor who listened (`new`, by itself) takes the place of the agent."""
        self._board.consulting.close(journey)
        other = old.joined
        assert other is not None
        self.over(journey)
        self._board.calls.adopt(new, journey.call)
        self._hand_on(journey, old, new, other, "taken_over")
        self._board.calls.hang_up(old)

    # ---- what pages ask for (login: whose call it is; None: a supervisor asks) --------------------------

    def two_of(self, call: CallId, login: str | None) -> tuple[Journey, Leg]:
        """The call, and the agent's leg in it, which speaks with one other. Raises NotFound for a call that is over,
        NotNow if two do not speak there, or it is being handed on or asked about already."""
        journey = self._board.desk.journey(call)
        leg = self._board.holding.leg_of(journey, login)
        if call in self._under_way:
            raise NotNow("this call is being handed on already")
        if journey.consult is not None:
            raise NotNow("somebody is being asked about this call")
        if leg.joined is None:
            raise NotNow("more than two speak in this call")
        return journey, leg

    def send(self, call: CallId, login: str | None, number: str) -> None:
        """Blind, to a number as a phone would dial it. What comes of it is told. Raises as `two_of`, and Refused for a
        number that leads nowhere."""
        board = self._board
        journey, leg = self.two_of(call, login)
        name = flow_for(board.site, number)
        leads = (name is not None and board.flows.get(name) is not None) or board.parking.asked_for(number)
        if number == leg.extension or not (leads or outbound.targets(board.site, number, None, board.region)):
            raise Refused(f"number {number} leads nowhere", {"number": "leads nowhere"})
        self._begin_blind(journey, leg, number)

    def send_into_flow(self, call: CallId, login: str | None, name: FlowName) -> None:
        """Who speaks with the agent walks that flow. Raises as `two_of`, and NotFound for a flow that there is not."""
        flow = self._board.flows.get(name)
        journey, leg = self.two_of(call, login)
        if flow is None:
            raise NotFound("flow", name)
        self._into_flow(journey, leg, name, name, flow)

    def send_into_queue(self, call: CallId, login: str | None, queue: QueueName) -> None:
        """Who speaks with the agent waits in that queue. Raises as `two_of`, NotFound for a queue that there is not,
        and NotNow if nobody works in it now."""
        queueing = self._board.queueing
        journey, leg = self.two_of(call, login)
        if queue not in queueing.queue_names():
            raise NotFound("queue", queue)
        if not queueing.staffed(queue):
            raise NotNow(f"nobody works in queue {queue} now")
        assert leg.joined is not None
        self._leave(journey, leg, leg.joined, queue)
        self._board.inbound.wait_in_queue(journey, queue)

    def leave_in_queue(self, journey: Journey, by: Leg, other: Leg, queue: QueueName, since: float) -> None:
        """Nobody of that queue was found to be asked: `other` waits there, at the place of who asked; `by` may have
        hung up. since: monotonic."""
        self._leave(journey, by, other, queue)
        journey.places[queue] = since
        self._board.inbound.wait_in_queue(journey, queue)

    def give(self, journey: Journey, by: Leg, new: Leg, other: Leg, queue: QueueName) -> bool:
        """Who was asked, as an agent of that queue, has the call from now on as the queue's. False, and nothing is
        changed: they are no agent any more, or in another conversation of a queue, or there is no such queue."""
        board, agent = self._board, agent_of(self._board, new)
        if agent is None or queue not in board.queueing.queue_names() or board.queueing.speaks(agent):
            return False
        self._leave(journey, by, other, queue, agent=agent)
        board.inbound.give(journey, queue, new, agent)
        board.queueing.free(agent, journey.call.id)  # it was theirs as a colleague's question
        return True

    def send_on(self, journey: Journey, by: Leg, other: Leg, number: str) -> None:
        """Who was being asked, and has not answered, is rung for the customer; `by` may have hung up."""
        wanted = outbound.targets(self._board.site, number, None, self._board.region)
        if not by.alive:
            self._release(journey, by)
        self._begin(_Blind(journey, by, other, number), wanted)

    def put_through(self, journey: Journey, by: Leg, new: Leg, other: Leg) -> None:
        """Who was asked takes the place of who asked."""
        self._hand_on(journey, by, new, other, "attended")
        self._board.calls.hang_up(by)

    # ---- what happens meanwhile -------------------------------------------------------------------------

    def is_under_way(self, journey: Journey) -> bool:
        return journey.call.id in self._under_way

    def has_left(self, leg: Leg) -> bool:
        """Did who began a transfer hang up before its end? Then the call goes on without them."""
        blind = self._under_way.get(leg.call.id)
        if blind is None or blind.by is not leg:
            return False
        self._release(blind.journey, leg)
        return True

    def rings(self, leg: Leg) -> bool:
        """Is this the phone that a transfer rings?"""
        blind = self._under_way.get(leg.call.id)
        if blind is None or leg in (blind.by, blind.other):
            return False
        self._board.calls.tell_referral(blind.by, 180)
        return True

    def over(self, journey: Journey) -> None:
        """The call ends, or goes another way: a transfer that is under way comes to nothing."""
        self._board.consulting.over(journey)
        blind = self._under_way.pop(journey.call.id, None)
        if blind is not None:
            self._board.calls.tell_referral(blind.by, 487)
            if blind.task is not None:
                blind.task.cancel()

    # ---- blind ------------------------------------------------------------------------------------------

    def _begin_blind(self, journey: Journey, leg: Leg, number: str) -> None:
        """The number leads where it would if the phone dialled it: to a flow, inside, or outside."""
        board = self._board
        if (name := flow_for(board.site, number)) is not None and (flow := board.flows.get(name)) is not None:
            board.calls.tell_referral(leg, 200)
            self._into_flow(journey, leg, number, name, flow)
            return
        if board.parking.asked_for(number):
            self._park(journey, leg, number)
            return
        wanted = outbound.targets(board.site, number, None, board.region)
        assert leg.joined is not None
        if not wanted or number == leg.extension:
            self._refuse(leg, number, 404, "unknown_number")
            return
        self._begin(_Blind(journey, leg, leg.joined, number), wanted)

    def _begin(self, blind: _Blind, wanted: Sequence[ToExtension | ToTrunk]) -> None:
        self._under_way[blind.journey.call.id] = blind
        self._board.calls.tell_referral(blind.by, 100)
        blind.task = asyncio.create_task(self._carry_out(blind, wanted))
        self._tasks.add(blind.task)
        blind.task.add_done_callback(self._tasks.discard)

    def _park(self, journey: Journey, leg: Leg, number: str) -> None:
        """To `*68` or `*68` and a slot: the call waits there."""
        try:
            self._board.parking.check(number.removeprefix(parking.PARK) or None)
        except LocalError:
            self._refuse(leg, number, 486, "busy")
            return
        self._board.calls.tell_referral(leg, 200)
        self._board.parking.put(journey, leg, number.removeprefix(parking.PARK) or None)

    async def _carry_out(self, blind: _Blind, wanted: Sequence[ToExtension | ToTrunk]) -> None:
        """Until the conversation that came of it is over, or nothing came of it."""
        try:
            result = await self._dial(blind, wanted)
            if result == "served" or blind.journey.ended:
                return
            self._failed(blind, result)
            if blind.by.alive:
                self._back(blind)
            else:
                await self._ring_again(blind)
        except Exception:  # noqa: BLE001  # one call's fault must not reach another's
            _log.exception("transfer failed", call=blind.journey.call.id)
            self._board.finish(blind.journey, "system", "fault")

    async def _dial(self, blind: _Blind, wanted: Sequence[ToExtension | ToTrunk]) -> outbound.DialResult:
        inside = isinstance(wanted[0], ToExtension)
        extension = blind.by.extension
        return await self._board.outbound.dial(
            blind.journey,
            wanted,
            seconds=RING_SECONDS,
            record=False,
            caller=blind.other.number if inside else extension or blind.other.number,
            extension=extension,
            hears=blind.other,
            joined=lambda _journey, leg, _agent, _record: self._taken(blind, leg),
        )

    def _taken(self, blind: _Blind, leg: Leg) -> None:
        calls = self._board.calls
        if self._under_way.get(blind.journey.call.id) is not blind:  # it was given up while they answered
            calls.hang_up(leg)
            return
        del self._under_way[blind.journey.call.id]
        calls.tell_referral(blind.by, 200)
        self._hand_on(blind.journey, blind.by, leg, blind.other, blind.kind)
        calls.hang_up(blind.by)

    def _failed(self, blind: _Blind, result: str) -> None:
        board = self._board
        _log.info("transfer failed", call=blind.journey.call.id, number=blind.number, why=result)
        by = agent_of(board, blind.by)
        board.bus.publish(
            events.TransferFailed(
                at=board.clock.utc(), call=blind.journey.call.id, by=by, number=blind.number, reason=result
            )
        )
        board.calls.tell_referral(blind.by, _STATUS.get(result, 503))

    def _back(self, blind: _Blind) -> None:
        """Who began it is still there: the two are as they were."""
        del self._under_way[blind.journey.call.id]
        self._board.holding.show(blind.journey)
        self._board.holding.play(blind.by, blind.other)

    async def _ring_again(self, blind: _Blind) -> None:
        """Who began it has hung up: their phone is rung; if nobody takes it there either, the call is over."""
        assert blind.by.extension is not None
        blind.kind = "returned"
        result = await self._dial(blind, [ToExtension(blind.by.extension)])
        if result != "served" and not blind.journey.ended:
            self._under_way.pop(blind.journey.call.id, None)
            if blind.other is blind.journey.call.first:
                self._board.part(blind.journey, "system", "transfer failed")
            else:
                self._board.finish(blind.journey, "system", "transfer failed")

    def _into_flow(self, journey: Journey, leg: Leg, number: str, name: FlowName, flow: Flow) -> None:
        """Who spoke with `leg` walks that flow from its start, like a new caller, in the same call."""
        assert leg.joined is not None
        self._leave(journey, leg, leg.joined, number)
        self._board.inbound.enter(journey, name, flow)

    def _leave(self, journey: Journey, leg: Leg, other: Leg, number: str, *, agent: AgentId | None = None) -> None:
        """Who spoke with `leg` is alone in the call from now on, on the way to `number`. agent: who has it next."""
        board = self._board
        by = agent_of(board, leg)
        self._release(journey, leg)
        board.leave_person(journey, leg)
        board.calls.hang_up(leg)
        board.calls.make_first(other)
        told = events.CallTransferred(
            at=board.clock.utc(), call=journey.call.id, agent=agent, number=number, by=by,
            from_number=leg.extension or leg.number, kind="blind" if agent is None else "attended",
        )  # fmt: skip
        board.bus.publish(told)

    # ---- attended ---------------------------------------------------------------------------------------

    def _attended(self, journey: Journey, leg: Leg, replaced: Leg) -> None:
        """The older of the two calls is the one that goes on: it is the customer's."""
        board = self._board
        consult = board.journeys.get(replaced.call.id)
        if consult is not None and consult is not journey and consult.consult is not None:
            if replaced is consult.consult.leg:  # they are only asked there: the call is not theirs to hand on
                self._refuse(leg, replaced.number, 480, "no_second_call")
                return
            board.consulting.close(consult)
        if consult is None or consult is journey:
            self._refuse(leg, replaced.number, 404, "no_second_call")
        elif replaced.joined is None or consult.joined_at is None:  # it rings still: they do not want to wait for it
            board.finish(consult, "agent", "transferred")
            self._begin_blind(journey, leg, consult.call.called)
        else:
            board.calls.tell_referral(leg, 200)
            pairs = [(journey, leg), (consult, replaced)]
            (stays, old), (goes, left) = sorted(pairs, key=lambda pair: pair[0].call.started)
            self._bring_over(stays, old, goes, left)

    def _bring_over(self, stays: Journey, old: Leg, goes: Journey, left: Leg) -> None:
        """Who spoke with `left` in the call `goes` takes the place of `old` in the call `stays`."""
        board, new, other = self._board, left.joined, old.joined
        assert new is not None
        assert other is not None
        board.calls.part(new)
        board.calls.adopt(new, stays.call)
        board.outbound.moved(goes, stays)
        if goes.with_person is new:
            goes.with_person = None
        if goes.call.id not in board.in_flow:
            goes.task = None  # it holds the place that the limits gave to the call, until `stays` is over
        self._hand_on(stays, old, new, other, "attended")
        board.finish(goes, "agent", "transferred")
        board.calls.hang_up(old)

    # ---- within -----------------------------------------------------------------------------------------

    def _hand_on(self, journey: Journey, old: Leg, new: Leg, other: Leg, kind: TransferKind) -> None:
        board, by, agent = self._board, agent_of(self._board, old), agent_of(self._board, new)
        first = old is journey.call.first
        board.calls.put_in_place(old, new, other)
        if not first:
            journey.with_person = new
        if kind != "moved":
            self._release(journey, old)
            if agent is not None:
                board.takes_part(journey, agent, dialled=first)
        if journey.recording is not None:
            board.calls.record_instead(journey.recording, new)
        board.record_sides(journey)
        board.holding.show(journey)
        board.bus.publish(
            events.CallTransferred(
                at=board.clock.utc(),
                call=journey.call.id,
                agent=agent,
                number=new.extension or new.number,
                by=by,
                from_number=old.extension or old.number,
                kind=kind,
            )
        )
        board.desk.pop_for(new)
        board.monitoring.handed_on(journey, by)

    def _release(self, journey: Journey, leg: Leg) -> None:
        by: AgentId | None = agent_of(self._board, leg)
        if by is not None:
            self._board.takes_no_part(journey, by, leg)

    def _refuse(self, leg: Leg, number: str, status: int, why: str) -> None:
        _log.info("transfer refused", call=leg.call.id, number=number, why=why)
        self._board.calls.tell_referral(leg, status)
        if leg.call.id in self._board.journeys:
            self._board.bus.publish(
                events.TransferFailed(
                    at=self._board.clock.utc(),
                    call=leg.call.id,
                    by=agent_of(self._board, leg),
                    number=number,
                    reason=why,
                )
            )
