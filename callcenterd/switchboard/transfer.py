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
from callcenterd.ivr.flow import Flow
from callcenterd.model import events
from callcenterd.model.events import TransferKind
from callcenterd.model.ids import AgentId, CallId, FlowName
from callcenterd.sip.events import ToExtension, ToTrunk
from callcenterd.switchboard import outbound
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
        if journey is None or journey.joined_at is None or leg.joined is None or leg.call.id in self._under_way:
            self._refuse(leg, number, 480, "no_conversation")
        elif replaced is None:
            self._begin_blind(journey, leg, number)
        else:
            self._attended(journey, leg, replaced)

    def taken_over(self, old: Leg, new: Leg) -> None:
        """Another phone of the same extension goes on with the call."""
        journey, other = self._board.journeys.get(old.call.id), old.joined
        if journey is None or journey.joined_at is None or other is None:
            self._board.calls.hang_up(new)
            return
        self.over(journey)
        self._hand_on(journey, old, new, other, "moved")
        self._board.calls.hang_up(old)

    # ---- what happens meanwhile -------------------------------------------------------------------------

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
        wanted = outbound.targets(board.site, number, None, board.region)
        assert leg.joined is not None
        if not wanted or number == leg.extension:
            self._refuse(leg, number, 404, "unknown_number")
            return
        blind = _Blind(journey, leg, leg.joined, number)
        self._under_way[journey.call.id] = blind
        board.calls.tell_referral(leg, 100)
        blind.task = asyncio.create_task(self._carry_out(blind, wanted))
        self._tasks.add(blind.task)
        blind.task.add_done_callback(self._tasks.discard)

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
        del self._under_way[blind.journey.call.id]
        calls = self._board.calls
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
        board, other = self._board, leg.joined
        assert other is not None
        by = agent_of(board, leg)
        self._release(journey, leg)
        board.leave_person(journey)
        board.calls.hang_up(leg)
        board.calls.make_first(other)
        told = events.CallTransferred(
            at=board.clock.utc(), call=journey.call.id, agent=None, number=number, by=by,
            from_number=leg.extension or leg.number, kind="blind",
        )  # fmt: skip
        board.bus.publish(told)
        board.inbound.enter(journey, name, flow)

    # ---- attended ---------------------------------------------------------------------------------------

    def _attended(self, journey: Journey, leg: Leg, replaced: Leg) -> None:
        """The older of the two calls is the one that goes on: it is the customer's."""
        board = self._board
        consult = board.journeys.get(replaced.call.id)
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

    def _release(self, journey: Journey, leg: Leg) -> None:
        by: AgentId | None = agent_of(self._board, leg)
        if by is not None:
            self._board.takes_no_part(journey, by)

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
