"""queue: the caller waits for an agent and talks with one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from callcenterd.ivr import texts
from callcenterd.ivr.node import (
    KEYS,
    AgentWord,
    Exit,
    Exits,
    FlowCall,
    MusicName,
    Node,
    NodeName,
    Pressed,
    QueueResult,
    QueueWord,
    Seconds,
    Walk,
    node,
    present,
)
from callcenterd.ivr.nodes.callback import Callback
from callcenterd.ivr.nodes.voicemail import Voicemail
from callcenterd.model.ids import QueueName
from callcenterd.model.prompts import Music, Prompt
from callcenterd.said import Said


class Limit(BaseModel):
    """after: seconds of waiting. next: where to go then."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    after: Seconds
    next: NodeName


@node("queue", zh="进入队列等待座席，听音乐；等待中可按键离开。", en="Wait for an agent of a queue, with music.")
class Queue(Node):
    """next: after the conversation, if the caller is still there.

    on_busy:      no agent is ready when the caller comes here; who comes here again has chosen to wait, and waits.
    on_timeout:   waited long enough.
    on_no_agents: nobody of the queue is signed in when the caller comes here (the second time: as with on_busy), or
                  there is no such queue; without it, as on_busy.
    on_full:      as many wait as may (the queue's `most_waiting`); without it, as on_busy.
    on_closed:    the queue takes no callers now (its `calendar`), or closes while the caller waits and the queue lets
                  nobody wait on (`at_closing: leave`); without it the caller is told so, and the flow ends.
    music:        what is heard, by its name; without it the queue's own, or else the office's default.
    priority:     points of this caller, beside those of the queue and of the customer's level.
    skills:       what an agent must be able to, at least at that level, beside what the queue asks for.
    agent:        who is asked before all others, by login (座席工号).
    keys:         keys that end the wait; callers are told of them from time to time. The queue's own settings may have
                  more (`exits`); of the same key the flow's counts. Who comes back to the queue has the old place.
    Where no exit is named for how it went, the caller is told to call again, and the flow ends.
    """

    attended: ClassVar[bool] = True

    queue: QueueWord
    next: NodeName | None = None
    on_busy: NodeName | None = None
    on_timeout: Limit | None = None
    on_no_agents: NodeName | None = None
    on_full: NodeName | None = None
    on_closed: NodeName | None = None
    music: MusicName | None = None
    priority: int = Field(0, ge=-100, le=100)
    skills: dict[str, Annotated[int, Field(ge=1, le=10)]] = Field(default_factory=dict, max_length=20)
    agent: AgentWord | None = None

    keys: Annotated[dict[str, NodeName], Field(max_length=len(KEYS))] = Field(default_factory=dict)

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        queue, first = QueueName(self.queue), walk.times == 1
        own = {key: to for key, to in self.keys.items() if not call.lacks(walk.kinds.get(to, ""))}
        settings = {key: to for key, to in call.exits_of(queue).items() if key not in self.keys and not call.lacks(to)}
        exits = {key: _as_exit(to) for key, to in settings.items()}
        exits |= {key: _as_exit(walk.kinds.get(to, "")) for key, to in own.items()}
        while True:
            result = await call.wait_in_queue(
                queue,
                limit=self.on_timeout.after if self.on_timeout is not None else None,
                music=self.music,
                unless_busy=self.on_busy is not None and first,
                unless_empty=self.on_no_agents is not None and first,
                priority=self.priority,
                skills=self.skills,
                agent=self.agent,
                exits=dict(sorted(exits.items())),
            )
            if not isinstance(result, Pressed):
                break
            walk.acted()
            call.note_keys(result.key)
            if result.key in self.keys:
                return self.keys[result.key]
            match settings[result.key]:
                case "voicemail":
                    return await Voicemail(voicemail=self.queue).run(call, walk)
                case "callback":
                    return await Callback(callback=self.queue).run(call, walk)
                case other:
                    await call.go_to_flow(other)
            first = False  # there is no such flow: the wait goes on
            del settings[result.key], exits[result.key]
        if result == "served":
            walk.acted()
            return self.next
        to = self._unserved(result)
        if to is None:
            await call.play([texts.say("closed" if result == "closed" else "all_busy", walk)])
        return to

    def _unserved(self, result: QueueResult) -> NodeName | None:
        if result == "timed_out" and self.on_timeout is not None:
            return self.on_timeout.next
        if result == "no_agents" and self.on_no_agents is not None:
            return self.on_no_agents
        if result == "full" and self.on_full is not None:
            return self.on_full
        if result == "closed":
            return self.on_closed
        return self.on_busy

    def exits(self) -> Exits:
        exits = present(
            next=self.next,
            on_busy=self.on_busy,
            on_no_agents=self.on_no_agents,
            on_full=self.on_full,
            on_closed=self.on_closed,
        )
        if self.on_timeout is not None:
            exits["on_timeout", "next"] = self.on_timeout.next
        return {**exits, **{("keys", key): to for key, to in self.keys.items()}}

    def may_end(self) -> bool:
        ways: tuple[QueueResult, ...] = ("timed_out", "no_agents", "full", "closed")
        return self.next is None or any(self._unserved(result) is None for result in ways)

    def problems(self) -> Iterable[tuple[tuple[str | int, ...], str]]:
        for key in self.keys:
            if len(key) != 1 or key not in KEYS:
                yield ("keys", key), Said("no_key", key=key[:20])

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        return (Music(self.music or ""), *texts.fixed(language, "all_busy", "closed"))


def _as_exit(kind: str) -> Exit:
    """kind: of the node that a key leads to, or what a queue's settings name."""
    return "voicemail" if kind == "voicemail" else "callback" if kind == "callback" else "other"
