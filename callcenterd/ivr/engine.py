"""Walks one call through the nodes of its flows, and writes its trace.

Nothing that stands in a flow can hang a call or the server: steps, time and depth have bounds, and a node that fails
leads to its error exit, or to the flow's, or to the operator.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import structlog

from callcenterd.errors import CallcenterdError, LocalError
from callcenterd.ivr.flow import Flow
from callcenterd.ivr.node import OPERATOR_KEY, FlowCall, Into, Node, NodeFailed, NodeName, OperatorWanted, Step, Walk
from callcenterd.model.ids import FlowName

_log = structlog.get_logger(__name__)

MAX_UNATTENDED = 100
"""Nodes in a row without anything that the caller did: after that nobody listens, and the walk ends."""
MAX_NODES = 2000
"""Nodes in one call, whatever the caller does: nobody walks that far, but a machine on the line may."""
MAX_ALONE = 900.0
"""Seconds without anything that the caller did, and without a person or a queue."""
LONGEST = 3600.0
"""Seconds in one call, whatever the caller does, where the office says nothing else; a person or a queue who has the
caller meanwhile does not count. Then the operator has them, and where there is none the call ends."""
MAX_DEPTH = 16
"""Flows that wait for the flow that they called."""


class FlowStuck(LocalError):
    """A flow went on and on; its call ends."""

    def __init__(self, flow: Flow, node: NodeName, how: str) -> None:
        super().__init__(f"{flow.file}:{flow.lines[node]}: flow {flow.name} walked {how}")
        self.flow = flow.name
        self.node = node


class _TooLong(Exception):  # no fault of a node
    """The walk has had all the time that it may have."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """A flow that waits for one that it called. then: where it goes on."""

    flow: Flow
    then: NodeName | None


async def run(
    flow: Flow,
    call: FlowCall,
    start: NodeName | None = None,
    flows: Mapping[FlowName, Flow] = MappingProxyType({}),
    longest: float = LONGEST,
) -> None:
    """From the flow's start, or another of its nodes, to its end. Raises FlowStuck; what a node raises goes up where
    neither the node nor the flow nor an operator takes the call.

    flows: that a flow may call, as they are when the call begins. When it returns the flow has nothing more to say:
    who ran it ends the call. longest: as LONGEST.
    """
    await _Walker(flow, call, flows, longest).walk(start or flow.start)


class _Walker:
    """The present flow, who waits for it, and the node that comes next."""

    def __init__(self, flow: Flow, call: FlowCall, flows: Mapping[FlowName, Flow], longest: float) -> None:
        self._call = call
        self._flows = flows
        self._longest = longest
        self._left = longest
        self._hurried = False
        self._passed: set[tuple[FlowName, NodeName]] = set()
        self._waiting: list[_Frame] = []
        own = {"called": call.called, "caller": call.caller, "language": call.language, "error": ""}
        self._walk = Walk(call.language, {**own})
        self._enter(flow)

    def _enter(self, flow: Flow) -> None:
        self._flow = flow
        self._walk.operator = flow.operator
        self._walk.kinds = {name: node.kind for name, node in flow.nodes.items()}
        self._walk.has_operator = any(one.operator is not None for one in [flow, *(f.flow for f in self._waiting)])

    async def walk(self, start: NodeName) -> None:
        at: NodeName | None = start
        while at is not None:
            node = self._flow.nodes[at]
            if self._presses_operator(at, node):
                await self._call.ask((), seconds=1)  # the 0 is used up
                at = self._to_operator(at)
                continue
            self._count(at)
            self._call.entered(at, node.kind)
            try:
                if self._left <= 0 and not node.attended:
                    raise _TooLong
                step = await self._run(at, node)
                if step is None and node.operator and not node.asks and self._ends() and self._presses_operator(at):
                    raise OperatorWanted  # pressed into the last words of the flow
            except OperatorWanted:
                at = self._to_operator(at)
            except _TooLong:
                at = self._after_too_long(at)
            except Exception as why:  # noqa: BLE001  # a fault of one node
                at = self._after_fault(at, node, why)
            else:
                at = self._step(at, step)

    async def _run(self, at: NodeName, node: Node) -> Step:
        """Raises FlowStuck if it is alone with the caller for too long; _TooLong if the whole walk takes too long."""
        walk = self._walk
        if module := self._call.lacks(node.kind):
            raise NodeFailed(f"module {module} is switched off")
        if node.attended:
            return await node.run(self._call, walk)
        since = self._call.seconds()
        try:
            async with asyncio.timeout(max(0.0, min(MAX_ALONE - walk.alone, self._left))) as bound:
                return await node.run(self._call, walk)
        except TimeoutError:
            if not bound.expired():
                raise
            if self._left < MAX_ALONE - walk.alone:
                raise _TooLong from None
            raise FlowStuck(self._flow, at, f"{MAX_ALONE:g} seconds and the caller did nothing") from None
        finally:
            took = self._call.seconds() - since
            walk.alone += took
            self._left -= took

    def _count(self, at: NodeName) -> None:
        walk = self._walk
        walk.unattended += 1
        if walk.unattended > MAX_UNATTENDED:
            raise FlowStuck(self._flow, at, f"{MAX_UNATTENDED} nodes and the caller did nothing")
        if walk.alone > MAX_ALONE:
            raise FlowStuck(self._flow, at, f"{MAX_ALONE:g} seconds and the caller did nothing")
        if walk.visits.total() >= MAX_NODES:
            raise FlowStuck(self._flow, at, f"{MAX_NODES} nodes in one call")
        walk.visits[self._flow.name, at] += 1
        walk.place = f"{self._flow.name}/{at}"
        walk.times = walk.visits[self._flow.name, at]

    def _step(self, at: NodeName, step: Step) -> NodeName | None:
        if isinstance(step, Into):
            called = self._flows.get(step.flow)
            if called is None or len(self._waiting) >= MAX_DEPTH:
                why = (
                    f"there is no flow {step.flow}" if called is None else f"more than {MAX_DEPTH} flows in each other"
                )
                return self._after_fault(at, self._flow.nodes[at], NodeFailed(why))
            if step.leave:
                self._waiting.clear()
            else:
                self._waiting.append(_Frame(self._flow, step.then))
            self._enter(called)
            return called.start
        while step is None and self._waiting:
            frame = self._waiting.pop()
            self._enter(frame.flow)
            step = frame.then
        return step

    # ---- a person from anywhere (IVR-03) ----------------------------------------------------------------

    def _ends(self) -> bool:
        """Does the whole walk end with the present flow?"""
        return all(frame.then is None for frame in self._waiting)

    def _presses_operator(self, at: NodeName, node: Node | None = None) -> bool:
        """Is a 0 waiting that no node has asked for, and that neither the node to come asks for nor one after it?

        A caller who knows the flow keys ahead of its words: a node that takes no time then lets the 0 pass, and the
        first node that asks says what it means. Where none comes, it is for a person.
        """
        if self._call.typed_ahead() != OPERATOR_KEY:
            self._passed.clear()
            return False
        if not self._walk.has_operator or at == self._flow.operator:
            return False
        if node is None:
            return True
        if node.lets_keys_pass() and (self._flow.name, at) not in self._passed:
            self._passed.add((self._flow.name, at))
            return False
        return node.operator and not node.asks

    def _to_operator(self, at: NodeName) -> NodeName:
        """The operator of the present flow, or of the nearest that waits for it. Raises FlowStuck if there is none."""
        while self._flow.operator is None and self._waiting:
            self._enter(self._waiting.pop().flow)
        if self._flow.operator is None:
            raise FlowStuck(self._flow, at, "to an operator that it does not have")
        self._walk.acted()
        return self._flow.operator

    def _after_too_long(self, at: NodeName) -> NodeName:
        """Once to the operator, with some time more for what comes after. Raises FlowStuck if there is none, or the
        second time."""
        if self._hurried or not self._walk.has_operator or at == self._flow.operator:
            raise FlowStuck(self._flow, at, f"more than {self._longest / 60:g} minutes in one call")
        _log.warning("flow takes too long", call=self._call.call, flow=self._flow.name, node=at, seconds=self._longest)
        self._hurried, self._left = True, MAX_ALONE
        return self._to_operator(at)

    # ---- faults -----------------------------------------------------------------------------------------

    def _after_fault(self, at: NodeName, node: Node, why: Exception) -> NodeName:
        """Raises it where nobody takes the call."""
        flow = self._flow
        to = node.on_error or flow.on_error
        if isinstance(why, FlowStuck) or (to is None and (not self._walk.has_operator or at == flow.operator)):
            raise why
        known = isinstance(why, CallcenterdError)
        _log.warning(
            "node failed", call=self._call.call, flow=flow.name, node=at, why=str(why), exc_info=None if known else why
        )
        self._walk.variables["error"] = str(why)[:200] if known else type(why).__name__
        if to is None:
            while self._flow.operator is None and self._waiting:
                self._enter(self._waiting.pop().flow)
            to = self._flow.operator
        if to is None or (to == at and node.on_error is None):
            raise why
        return to
