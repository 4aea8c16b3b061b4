"""hangup: the call ends here."""

from __future__ import annotations

from callcenterd.ivr.node import Cause, Exits, FlowCall, Node, NodeName, Walk, node, present


@node("hangup", zh="挂断。", en="Hang up.")
class Hangup(Node):
    """hangup: a word for the history why: normal, closed, …"""

    hangup: Cause

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:  # noqa: ARG002  # as every node
        await call.hang_up(self.hangup)
        return None

    def exits(self) -> Exits:
        return present()
