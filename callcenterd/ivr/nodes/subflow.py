"""subflow: walk another flow, and come back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from callcenterd.ivr.node import Exits, FlowCall, FlowWord, Into, Name, Node, NodeName, Step, Walk, node, present
from callcenterd.model.ids import FlowName


@node("subflow", zh="调用另一个流程，结束后返回。", en="Walk another flow, and come back when it ends.")
class Subflow(Node):
    """subflow: the flow's name. It uses and sets the same variables; those that it needs stand in its head (`takes`).
    gives: variables that it sets and that this flow goes on with. Key 0 leads to its operator, or else to this flow's.
    next: where this flow goes on; else it ends.
    """

    subflow: FlowWord
    gives: Annotated[tuple[Name, ...], Field(max_length=50)] = ()
    next: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> Step:  # noqa: ARG002  # as every node
        return Into(FlowName(self.subflow), self.next)

    def flows(self) -> Iterable[FlowName]:
        return (FlowName(self.subflow),)

    def sets(self) -> Iterable[str]:
        return self.gives

    def lets_keys_pass(self) -> bool:
        return True

    def exits(self) -> Exits:
        return present(next=self.next)
