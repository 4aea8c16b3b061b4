"""set: keep values as variables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from callcenterd.ivr.node import Exits, FlowCall, Name, Node, NodeName, Plainly, Walk, node, present


@node("set", zh="给变量赋值。", en="Keep values as variables.")
class Set(Node):
    """set: names, each with a value: a number, true or false, a text. Where a text is one expression in `{{ }}` alone
    the variable is what it comes to (a number, true, a list). They are set in order; each may use those before it.
    """

    set: Annotated[dict[Name, Plainly], Field(min_length=1, max_length=20)]
    next: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:  # noqa: ARG002  # as every node
        for name, value in self.set.items():
            walk.set(name, walk.value(value) if isinstance(value, str) else value)
        return self.next

    def lets_keys_pass(self) -> bool:
        return True

    def exits(self) -> Exits:
        return present(next=self.next)

    def sets(self) -> Iterable[str]:
        return self.set.keys()
