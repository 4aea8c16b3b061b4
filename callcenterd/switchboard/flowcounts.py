"""How many callers are in each node of a flow now, and how many came to it today.

Counted in memory: a restart begins the day anew. A call counts in the node that it came to last, also while it waits
there in a queue or talks with the agent who took it, until its walk is over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, tzinfo

from callcenterd.clock import Clock
from callcenterd.model.ids import FlowName

MOST_NODES = 20_000
"""Names of nodes that are counted, of all flows together: flows that are changed all day long leave old ones."""


@dataclass(slots=True)
class NodeCount:
    """now: callers who are there. today: how often a caller came."""

    now: int = 0
    today: int = 0


@dataclass(slots=True)
class _Flow:
    now: Counter[str] = field(default_factory=Counter)
    today: Counter[str] = field(default_factory=Counter)


class FlowCounts:
    """Told by every walk; asked by pages. zone: whose midnight begins the day."""

    def __init__(self, clock: Clock, zone: tzinfo) -> None:
        self._clock = clock
        self._zone = zone
        self._day: date | None = None
        self._flows: dict[FlowName, _Flow] = {}
        self._at: dict[object, tuple[FlowName, str]] = {}
        self._watchers: list[Callable[[FlowName, str], None]] = []
        self.left_out = 0
        """How often a caller came to a node that is not counted today, since there are too many."""

    def watch(self, told: Callable[[FlowName, str], None]) -> None:
        """told: of every node whose counts are others now, at once."""
        self._watchers.append(told)

    def entered(self, walk: object, flow: FlowName, node: str) -> None:
        """walk: one call's way through one flow; a call that goes to another flow begins another."""
        self._turn_day()
        self._leave(walk)
        counts = self._flows.setdefault(flow, _Flow())
        if node not in counts.today and self._counted() >= MOST_NODES:
            self.left_out += 1
            return
        counts.now[node] += 1
        counts.today[node] += 1
        self._at[walk] = flow, node
        self._tell(flow, node)

    def left(self, walk: object) -> None:
        """The walk is over, or never began."""
        self._leave(walk)

    def of(self, flow: FlowName) -> Mapping[str, NodeCount]:
        """Nodes that somebody is in, or came to today; by name."""
        self._turn_day()
        counts = self._flows.get(flow)
        if counts is None:
            return {}
        names = sorted(counts.now.keys() | counts.today.keys())
        return {name: NodeCount(counts.now[name], counts.today[name]) for name in names}

    def at(self, flow: FlowName, node: str) -> NodeCount:
        self._turn_day()
        counts = self._flows.get(flow, _Flow())
        return NodeCount(counts.now[node], counts.today[node])

    def flows(self) -> list[FlowName]:
        """Those of which anything is counted."""
        self._turn_day()
        return sorted(self._flows)

    def _leave(self, walk: object) -> None:
        if (was := self._at.pop(walk, None)) is None:
            return
        flow, node = was
        counts = self._flows[flow]
        counts.now[node] -= 1
        if counts.now[node] <= 0:
            del counts.now[node]
        self._tell(flow, node)

    def _turn_day(self) -> None:
        """At midnight the counts of the day begin anew; who is there stays there."""
        today = self._clock.utc().astimezone(self._zone).date()
        if today == self._day:
            return
        self._day = today
        for counts in self._flows.values():
            counts.today.clear()
        self._flows = {name: counts for name, counts in self._flows.items() if counts.now}

    def _counted(self) -> int:
        return sum(len(counts.today) for counts in self._flows.values())

    def _tell(self, flow: FlowName, node: str) -> None:
        for told in self._watchers:
            told(flow, node)
