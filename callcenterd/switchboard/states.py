"""An agent's time by states, to the second: their sum is the time that was asked about (ACD-02)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from callcenterd.model.agents import AgentState, AgentStep

Kind = tuple[AgentState, str]
"""A state, and of a break its reason."""


def sums(steps: Sequence[AgentStep], since: datetime, until: datetime) -> Mapping[Kind, float]:
    """Seconds in each state between the two moments.

    steps: in their order; the last one before `since` among them, if there is one. Before the first step anybody is
    signed out.
    """
    seconds: dict[Kind, float] = defaultdict(float)
    kind: Kind = ("signed_out", "")
    begun = since
    for step in steps:
        at = min(max(step.at, since), until)
        seconds[kind] += max(0.0, (at - begun).total_seconds())
        kind, begun = (step.state, step.reason if step.state == "break" else ""), max(at, begun)
    seconds[kind] += max(0.0, (until - begun).total_seconds())
    return {kind: length for kind, length in seconds.items() if length > 0}
