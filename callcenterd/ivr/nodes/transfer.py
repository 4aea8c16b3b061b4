"""transfer: hand the call on, to an agent, an extension, a number, a queue or another flow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from callcenterd.ivr import texts
from callcenterd.ivr.expression import template
from callcenterd.ivr.naming import Names
from callcenterd.ivr.node import (
    Exits,
    FlowCall,
    Into,
    Node,
    NodeName,
    Seconds,
    Step,
    Walk,
    is_fixed,
    node,
    present,
)
from callcenterd.model.ids import FlowName, QueueName
from callcenterd.model.prompts import Prompt
from callcenterd.said import Said

KINDS = ("agent", "extension", "number", "queue", "flow")


def _called(text: str) -> Iterator[tuple[str, str]]:
    """A number may be anybody's."""
    kind, _, name = text.partition(":")
    if kind in KINDS and kind != "number":
        yield kind, name.strip()


@node(
    "transfer",
    zh="转接给座席、分机、号码、队列或另一个流程。",
    en="Hand the call on: agent, extension, number, queue, flow.",
)
class Transfer(Node):
    """transfer: to whom: `agent:1001` (by login, at the phone where they sit), `extension:8001`, `number:01062960000`,
    `queue:sales`, `flow:night`; variables may stand behind the colon, not for a flow. What was keyed and looked up goes
    along. timeout: seconds to let a phone ring. next: after the conversation; a flow never comes back. on_failed: busy,
    no answer, nobody there; without it the caller is told to call again, and the flow ends.
    """

    attended: ClassVar[bool] = True

    transfer: Annotated[str, Field(min_length=1, max_length=80), AfterValidator(template), Names(_called)]
    timeout: Seconds = 30
    next: NodeName | None = None
    on_failed: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> Step:
        kind, _, to = walk.fill(self.transfer).partition(":")
        if kind == "flow":
            return Into(FlowName(to.strip()), leave=True)
        if await self._joined(call, kind, to.strip()):
            walk.acted()
            return self.next
        if self.on_failed is None:
            await call.play([texts.say("all_busy", walk)])
        return self.on_failed

    async def _joined(self, call: FlowCall, kind: str, to: str) -> bool:
        """Until the conversation is over; False: there was none."""
        if kind == "queue":
            return await call.wait_in_queue(QueueName(to), limit=None, music=None) == "served"
        number = call.phone_of(to) if kind == "agent" else to
        if not number:
            return False
        return await call.dial(number, trunks=(), record=True, seconds=self.timeout, caller=None) == "served"

    def exits(self) -> Exits:
        return present(next=self.next, on_failed=self.on_failed)

    def may_end(self) -> bool:
        return self._flow is not None or None in (self.next, self.on_failed)

    def leads(self) -> Iterable[FlowName]:
        return () if self._flow is None else (self._flow,)

    @property
    def _flow(self) -> FlowName | None:
        kind, _, to = self.transfer.partition(":")
        return FlowName(to.strip()) if kind == "flow" else None

    def problems(self) -> Iterable[tuple[tuple[str | int, ...], str]]:
        kind, _, to = self.transfer.partition(":")
        if kind not in KINDS or not to.strip() or (kind == "flow" and not is_fixed(to)):
            yield ("transfer",), Said("transfer_to", kinds=tuple(f"{one}:…" for one in KINDS))

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        return texts.fixed(language, "all_busy")
