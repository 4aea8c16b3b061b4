"""A new call: its number, its customer, its flow."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import structlog

from callcenterd.calls.call import Call, Leg
from callcenterd.errors import CallcenterdError
from callcenterd.ivr import engine, texts
from callcenterd.ivr.flow import Flow
from callcenterd.ivr.node import NodeName, QueueResult
from callcenterd.model import events, numbers
from callcenterd.model.ids import AgentId, FlowName, QueueName
from callcenterd.model.site import Site, Trunk
from callcenterd.sip.events import ToTrunk
from callcenterd.switchboard import outbound, queueing
from callcenterd.switchboard.flowcall import LiveFlowCall
from callcenterd.switchboard.journey import Journey

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

RING_SECONDS = 60.0
BARRED = "do-not-call list"


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

    def enter(self, journey: Journey, name: FlowName, flow: Flow, start: NodeName | None = None) -> None:
        """A call that was somewhere else walks a flow now. A flow before is given up; what was dialled holds its place
        in the limits. start: a node of the flow, if not its own."""
        if journey.task is not None and journey.call.id in self._board.in_flow:
            journey.task.cancel()
        self._own(journey, self._walk(journey, name, flow, start))

    def wait_in_queue(self, journey: Journey, queue: QueueName) -> None:
        """A call that was somewhere else waits in that queue now, and is over after it. As `enter`."""
        if journey.task is not None and journey.call.id in self._board.in_flow:
            journey.task.cancel()
        self._own(journey, self._wait(journey, queue))

    def give(self, journey: Journey, queue: QueueName, leg: Leg, agent: AgentId) -> None:
        """An agent of that queue, who is on the line, has the call now without its having waited; it is over after
        that. As `enter`. Raises as `Queueing.given`."""
        if journey.task is not None and journey.call.id in self._board.in_flow:
            journey.task.cancel()
        served = self._board.queueing.given(journey, queue, leg, agent)
        self._own(journey, self._wait(journey, queue, served))

    async def _wait(
        self, journey: Journey, queue: QueueName, served: asyncio.Future[queueing.QueueResult] | None = None
    ) -> None:
        """served: the conversation has begun already."""
        board = self._board
        flow = None if journey.flow is None else board.flows.get(journey.flow)
        hand = LiveFlowCall(board, journey, (flow.language if flow is not None else "") or board.language)
        board.in_flow[journey.call.id] = hand
        try:
            result: QueueResult
            if served is None:
                result = await hand.wait_in_queue(queue, limit=None, music=None)
            else:
                result = await hand.is_served(served)
            if result == "closed":  # no flow is there to say it
                await hand.play(texts.fixed(hand.language, "closed"))
            cause = f"queue {queue}: {result}"
        except Exception:  # noqa: BLE001  # as for flows
            _log.exception("waiting failed", call=journey.call.id, queue=queue)
            journey.result = journey.result or "failed"
            cause = "queue failed"
        board.finish(journey, "system", cause)

    def _own(self, journey: Journey, walk: Coroutine[Any, Any, None]) -> None:
        journey.task = self._begin(walk)

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _walk(self, journey: Journey, name: FlowName, flow: Flow, start: NodeName | None = None) -> None:
        board, call = self._board, journey.call
        flows = board.flows.all()  # as they are now: also the flows that this one calls stay as they are for the call
        journey.flow = name
        board.bus.publish(events.FlowEntered(at=board.clock.utc(), call=call.id, flow=name))
        hand = LiveFlowCall(board, journey, flow.language or board.language)
        board.in_flow[call.id] = hand
        # Who it is may be found out while the flow has begun: nobody needs to know before an agent is rung.
        self.look_up(journey)
        try:
            await engine.run(flow, hand, start, flows, board.flow_seconds)
            cause = "flow ended"
        except Exception:  # noqa: BLE001  # a fault in one call's flow ends that call only
            _log.exception("flow failed", call=call.id, flow=name)
            journey.result = journey.result or "failed"
            cause = "flow failed"
        finally:
            board.flow_counts.left(hand)
        board.finish(journey, "system", cause)

    async def _dial(self, journey: Journey) -> None:
        """A phone of ours dialled an extension or an outside number."""
        board, call = self._board, journey.call
        agent = board.queueing.agent_at(call.extension)
        if agent is not None:
            board.occupy(journey, agent)
        try:
            wanted = outbound.targets(board.site, call.called, None, board.region)
            if isinstance(wanted[0], ToTrunk):  # whoever gets the call later is shown whom it is with
                journey.dialled_out = wanted[0].forms[-1]
                self.look_up(journey)
                if not journey.wished and await board.dial_out.is_barred(call.called, *wanted[0].forms):
                    await self._say_barred(journey)
                    return
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

    async def _say_barred(self, journey: Journey) -> None:
        """Whoever dialled hears why it is not called."""
        board, call = self._board, journey.call
        _log.info("not called", call=call.id, number=journey.dialled_out, why=BARRED)
        journey.result = "failed"
        board.in_flow[call.id] = hand = LiveFlowCall(board, journey, board.language)
        await hand.play([texts.house("do_not_call", hand.language)])
        board.finish(journey, "system", BARRED)

    def look_up(self, journey: Journey) -> None:
        """Find out whose number it is."""
        journey.looking = self._begin(self._look_up(journey))

    async def _look_up(self, journey: Journey) -> None:
        try:
            journey.customers = tuple(await self._board.store.customers.by_phone(journey.outside))
        except CallcenterdError as fault:
            _log.error("customer not looked up", call=journey.call.id, why=str(fault))
