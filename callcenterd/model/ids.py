"""Names of things. NewTypes, so that a call is never taken for an agent."""

from __future__ import annotations

import random
from datetime import datetime
from typing import NewType

CallId = NewType("CallId", str)
"""One call with all its legs: "20261124-153012-7f3a9c": sorts by time, can be read out."""
LegId = NewType("LegId", int)
"""One leg; also its key in the media room. Never used twice in a run."""
RecordingId = NewType("RecordingId", str)
CustomerId = NewType("CustomerId", int)
AgentId = NewType("AgentId", str)
"""An agent's login (工号)."""
QueueName = NewType("QueueName", str)
TrunkName = NewType("TrunkName", str)
ExtensionNumber = NewType("ExtensionNumber", str)
FlowName = NewType("FlowName", str)
TeamName = NewType("TeamName", str)


def new_call_id(now: datetime, chance: random.Random) -> CallId:
    """now: UTC. chance: 24 bits of it keep calls of the same second apart."""
    return CallId(f"{now:%Y%m%d-%H%M%S}-{chance.getrandbits(24):06x}")
