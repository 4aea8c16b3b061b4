"""An agent as others see one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from callcenterd.model.ids import AgentId, CallId, QueueName

AgentState = Literal["signed_out", "ready", "offered", "talking", "wrap_up", "break", "unreachable"]
"""unreachable: wants to be ready, but no phone is registered."""
AGENT_STATES: tuple[AgentState, ...] = get_args(AgentState)
WantedState = Literal["signed_out", "ready", "break"]
"""What an agent may ask for; the rest follows from calls and phones."""
ForcedState = Literal["signed_out", "ready", "break", "released"]
"""What somebody else may do to an agent; released: their conversation was ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """phone: is the extension's phone registered now. until: end of wrap-up, where there is one. teams: titles."""

    agent: AgentId
    name: str
    extension: str | None
    state: AgentState
    reason: str = ""
    since: datetime
    until: datetime | None = None
    phone: bool = False
    call: CallId | None = None
    queues: tuple[QueueName, ...] = ()
    teams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStep:
    """An agent's state from `at` until the next step."""

    at: datetime
    agent: AgentId
    state: AgentState
    reason: str
