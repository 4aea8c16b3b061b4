"""Who of the free agents is asked first (ACD-01): each strategy is a function.

It puts the free members of one queue in order; the matcher takes them from the front. Equal agents stay in
the order of the queue's member list, so that an administrator can tell what will happen.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, assert_never

from callcenterd.acd.reasons import Reason
from callcenterd.model.ids import AgentId
from callcenterd.model.site import QueueSettings, Strategy


class Ready(NamedTuple):
    """A free agent. calls, talked: of the last shift. level: in the skills that are asked for, all together. weight:
    how often the agent is drawn, beside the others."""

    agent: AgentId
    idle_since: float
    calls: int = 0
    talked: float = 0.0
    level: int = 0
    weight: int = 1


class Memory(NamedTuple):
    """What a strategy may know besides the agents. last: who was rung last in the queue. lot: what chance gave."""

    members: Sequence[AgentId]
    last: AgentId | None = None
    lot: int = 0


Order = Callable[[Sequence[Ready], Memory], list[Ready]]


def longest_idle(free: Sequence[Ready], memory: Memory) -> list[Ready]:  # noqa: ARG001  # all have one signature
    """Who has been free longest comes first."""
    return sorted(free, key=lambda ready: ready.idle_since)


def ring_all(free: Sequence[Ready], memory: Memory) -> list[Ready]:  # noqa: ARG001
    """Everybody is rung at once; the order is the member list's."""
    return list(free)


def round_robin(free: Sequence[Ready], memory: Memory) -> list[Ready]:
    """In turn, by the member list, beginning after who was rung last."""
    place = {agent: index for index, agent in enumerate(memory.members)}
    start = place.get(memory.last, -1) if memory.last is not None else -1
    return sorted(free, key=lambda ready: (place[ready.agent] - start - 1) % len(memory.members))


def fewest_calls(free: Sequence[Ready], memory: Memory) -> list[Ready]:  # noqa: ARG001
    """Who answered fewest calls in the last shift; among equals who has been free longest."""
    return sorted(free, key=lambda ready: (ready.calls, ready.idle_since))


def least_talk(free: Sequence[Ready], memory: Memory) -> list[Ready]:  # noqa: ARG001
    """Who talked least in the last shift; among equals who has been free longest."""
    return sorted(free, key=lambda ready: (ready.talked, ready.idle_since))


def by_lot(free: Sequence[Ready], memory: Memory) -> list[Ready]:
    """Drawn, by weights without putting back (Efraimidis and Spirakis 2006); the same lot draws the same."""
    chance = random.Random(memory.lot)
    return sorted(free, key=lambda ready: chance.random() ** (1 / ready.weight), reverse=True)


def most_skilled(free: Sequence[Ready], memory: Memory) -> list[Ready]:  # noqa: ARG001
    """Who is best at what is asked for; among equals who has been free longest."""
    return sorted(free, key=lambda ready: (-ready.level, ready.idle_since))


STRATEGIES: Mapping[Strategy, Order] = {
    "longest_idle": longest_idle,
    "ring_all": ring_all,
    "round_robin": round_robin,
    "fewest_calls": fewest_calls,
    "least_talk": least_talk,
    "random": by_lot,
    "skills": most_skilled,
}


def why(queue: QueueSettings, chosen: Ready, free: int, last: AgentId | None, now: float) -> Reason:
    """Why this one, of so many free."""
    values: dict[str, str | int | float] = {"queue": queue.name, "agent": chosen.agent, "free": free}
    match queue.strategy:
        case "longest_idle":
            values["seconds"] = now - chosen.idle_since
        case "round_robin":
            values["last"] = last or "–"
        case "fewest_calls":
            values["calls"] = chosen.calls
        case "least_talk":
            values["seconds"] = chosen.talked
        case "skills":
            values["level"] = chosen.level
        case "ring_all" | "random":
            pass
        case _:
            assert_never(queue.strategy)
    return Reason(queue.strategy, values)
