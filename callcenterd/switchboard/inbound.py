"""A new call: its number, its customer, its flow."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import structlog

from callcenterd.calls.call import Call
from callcenterd.errors import CallcenterdError
from callcenterd.ivr import engine
from callcenterd.ivr.flow import Flow
from callcenterd.model import events, numbers
from callcenterd.model.ids import FlowName
from callcenterd.model.site import Site, Trunk
from callcenterd.sip.events import ToTrunk
from callcenterd.switchboard import outbound
from callcenterd.switchboard.flowcall import LiveFlowCall
from callcenterd.switchboard.journey import Journey

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

RING_SECONDS = 60.0


def flow_for(site: Site, called: str) -> FlowName | None:
    """The exact number before any pattern; among patterns the longest, then the first in order."""
    for route in site.numbers:
        if route.match == called:
            return route.flow
    fitting = [route for route in site.numbers if numbers.matches(route.match, called)]
    return max(fitting, key=lambda route: len(route.match)).flow if fitting else None


class Inbound:
    """Runs each call's flow in a task of its own, finds out who calls in another, and owns those tasks."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._tasks: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def find_direction(self, call: Call) -> None:
        """A phone of ours that dials an outside number makes an outbound call. A trunk's number becomes ours."""
        site = self._board.site
        if (trunk := self._trunk(call)) is not None:
            call.called = outbound.called_by(trunk, call.called)
        if call.extension is not None and flow_for(site, call.called) is None:
            wanted = outbound.targets(site, call.called, None, self._board.region)
            if wanted and isinstance(wanted[0], ToTrunk):
                call.direction = "outbound"

    def _trunk(self, call: Call) -> Trunk | None:
        return next((trunk for trunk in self._board.site.trunks if trunk.name == call.trunk), None)

    def arrived(self, journey: Journey) -> None:
        """A trunk's call goes to the flow of its number; a phone's call to whom it dialled."""
        call, board = journey.call, self._board
        trunk = self._trunk(call)
        if trunk is not None and 0 < trunk.channels < board.calls.channels(trunk.name):
            _log.warning("call refused", call=call.id, why=f"all {trunk.channels} channels of {trunk.name} are taken")
            journey.result = "busy"
            board.calls.refuse(call.first, 486)
            board.finish(journey, "system", "channels")
            return
        name = flow_for(board.site, call.called)
        flow = board.flows.get(name) if name is not None else None
        if flow is not None and name is not None:
            self._own(journey, self._walk(journey, name, flow))
        elif call.extension is not None and outbound.targets(board.site, call.called, None, board.region):
            self._own(journey, self._dial(journey))
        else:
            why = f"no flow {name}" if name is not None else "number not known here"
            _log.warning("call refused", call=call.id, caller=call.caller, called=call.called, why=why)
            journey.result = "failed"
            board.calls.refuse(call.first, 404 if name is None else 503)
            board.finish(journey, "system", why)

    def enter(self, journey: Journey, name: FlowName, flow: Flow) -> None:
        """A call that was somewhere else walks a flow now. A flow before is given up; what was dialled holds its place
        in the limits."""
        if journey.task is not None and journey.call.id in self._board.in_flow:
            journey.task.cancel()
        self._own(journey, self._walk(journey, name, flow))

    def _own(self, journey: Journey, walk: Coroutine[Any, Any, None]) -> None:
        journey.task = self._begin(walk)

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _walk(self, journey: Journey, name: FlowName, flow: Flow) -> None:
        board, call = self._board, journey.call
        journey.flow = name
        board.bus.publish(events.FlowEntered(at=board.clock.utc(), call=call.id, flow=name))
        hand = LiveFlowCall(board, journey, flow.language or board.language)
        board.in_flow[call.id] = hand
        # Who it is may be found out while the flow has begun: nobody needs to know before an agent is rung.
        journey.looking = self._begin(self._look_up(journey))
        try:
            await engine.run(flow, hand)
            cause = "flow ended"
        except Exception:  # noqa: BLE001  # a fault in one call's flow ends that call only
            _log.exception("flow failed", call=call.id, flow=name)
            journey.result = journey.result or "failed"
            cause = "flow failed"
        board.finish(journey, "system", cause)

    async def _dial(self, journey: Journey) -> None:
        """A phone of ours dialled an extension or an outside number."""
        board, call = self._board, journey.call
        agent = board.queueing.agent_at(call.extension)
        if agent is not None:
            board.occupy(journey, agent)
        try:
            wanted = outbound.targets(board.site, call.called, None, board.region)
            result = await board.outbound.dial(
                journey,
                wanted,
                seconds=RING_SECONDS,
                record=True,
                caller=call.extension or call.caller,
                extension=call.extension,
            )
        except Exception:  # noqa: BLE001  # as above
            _log.exception("dialling failed", call=call.id)
            result = "failed"
        if result != "served":
            board.calls.refuse(call.first, {"busy": 486, "no_answer": 480, "forbidden": 403}.get(result, 503))
        board.finish(journey, "system", result)

    async def _look_up(self, journey: Journey) -> None:
        try:
            journey.customers = tuple(await self._board.store.customers.by_phone(journey.call.caller))
        except CallcenterdError as fault:
            _log.error("customer not looked up", call=journey.call.id, why=str(fault))
