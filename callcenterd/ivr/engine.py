"""Walks one call through the nodes of its flow, and writes its trace."""

from __future__ import annotations

from callcenterd.errors import LocalError
from callcenterd.ivr.flow import Flow
from callcenterd.ivr.node import FlowCall, NodeName, Walk

MAX_UNATTENDED = 100
"""Nodes in a row without anything that the caller did: after that nobody listens, and the walk ends."""


class FlowStuck(LocalError):
    """A flow went on and on by itself; its call ends."""

    def __init__(self, flow: Flow, node: NodeName) -> None:
        super().__init__(
            f"{flow.file}:{flow.lines[node]}: flow {flow.name} walked {MAX_UNATTENDED} nodes and the caller did nothing"
        )
        self.flow = flow.name
        self.node = node


async def run(flow: Flow, call: FlowCall) -> None:
    """From the flow's start to its end. Raises FlowStuck; what a node raises goes up.

    When it returns the flow has nothing more to say: who ran it ends the call.
    """
    variables = {"called": call.called, "caller": call.caller, "language": call.language}
    walk = Walk(call.language, variables, flow.operator)
    at: NodeName | None = flow.start
    while at is not None:
        walk.unattended += 1
        if walk.unattended > MAX_UNATTENDED:
            raise FlowStuck(flow, at)
        walk.times = walk.visits[at] = walk.visits.get(at, 0) + 1
        node = flow.nodes[at]
        call.entered(at, node.kind)
        at = await node.run(call, walk)
