"""queue: the caller waits for an agent and talks with one."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from callcenterd.ivr import texts
from callcenterd.ivr.node import FlowCall, Node, NodeName, PromptName, QueueResult, Seconds, Walk, Word, node, present
from callcenterd.model.ids import QueueName
from callcenterd.model.prompts import Music, Prompt


class Limit(BaseModel):
    """after: seconds of waiting. next: where to go then."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    after: Seconds
    next: NodeName


@node("queue", zh="进入队列等待座席，听音乐。", en="Wait for an agent of a queue, with music.")
class Queue(Node):
    """next: after the conversation, if the caller is still there.

    on_busy:      no agent is ready when the caller comes here; who comes here again has chosen to wait, and waits.
    on_timeout:   waited long enough.
    on_no_agents: nobody of the queue is signed in when the caller comes here (the second time: as with on_busy), or
                  there is no such queue; without it, as on_busy.
    music:        what is heard, by its name; without it the office's default.
    Where no exit is named for how it went, the caller is told to call again, and the flow ends.
    """

    queue: Word
    next: NodeName | None = None
    on_busy: NodeName | None = None
    on_timeout: Limit | None = None
    on_no_agents: NodeName | None = None
    music: PromptName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        result = await call.wait_in_queue(
            QueueName(self.queue),
            limit=self.on_timeout.after if self.on_timeout is not None else None,
            music=self.music,
            unless_busy=self.on_busy is not None and walk.times == 1,
            unless_empty=self.on_no_agents is not None and walk.times == 1,
        )
        if result == "served":
            walk.acted()
            return self.next
        to = self._unserved(result)
        if to is None:
            await call.play([texts.say("all_busy", walk)])
        return to

    def _unserved(self, result: QueueResult) -> NodeName | None:
        if result == "timed_out" and self.on_timeout is not None:
            return self.on_timeout.next
        if result == "no_agents" and self.on_no_agents is not None:
            return self.on_no_agents
        return self.on_busy

    def exits(self) -> Mapping[tuple[str, ...], NodeName]:
        exits = present(next=self.next, on_busy=self.on_busy, on_no_agents=self.on_no_agents)
        if self.on_timeout is not None:
            exits["on_timeout", "next"] = self.on_timeout.next
        return exits

    def may_end(self) -> bool:
        return self.next is None or self._unserved("timed_out") is None or self._unserved("no_agents") is None

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        return (Music(self.music or ""), *texts.fixed(language, "all_busy"))
