"""Walks one call through the nodes of its flow, and writes its trace."""

from __future__ import annotations

from callcenterd.errors import LocalError
from callcenterd.ivr.flow import Flow
from callcenterd.ivr.node import FlowCall, NodeName, Walk

MAX_UNATTENDED = 100
"""Nodes in a row without anything that the caller did: after that nobody listens, and the walk ends."""
MAX_NODES = 2000
"""Nodes in one call, whatever the caller does: nobody walks that far, but a machine on the line may."""


class FlowStuck(LocalError):
    """A flow went on and on; its call ends."""

    def __init__(self, flow: Flow, node: NodeName, how: str) -> None:
        super().__init__(f"{flow.file}:{flow.lines[node]}: flow {flow.name} walked {how}")
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
            raise FlowStuck(flow, at, f"{MAX_UNATTENDED} nodes and the caller did nothing")
        if walk.visits.total() >= MAX_NODES:
            raise FlowStuck(flow, at, f"{MAX_NODES} nodes in one call")
        walk.visits[at] += 1
        walk.times = walk.visits[at]
        node = flow.nodes[at]
        call.entered(at, node.kind)
        at = await node.run(call, walk)
