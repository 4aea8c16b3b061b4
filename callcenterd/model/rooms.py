"""Where people speak with each other besides two and two, as others see it: parties, conferences, slots, listeners."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from callcenterd.model.events import ListenMode
from callcenterd.model.ids import AgentId, CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One who speaks in a call. id: names the party in orders. caller: who called. held: has put the others on hold."""

    id: int
    number: str
    agent: AgentId | None
    caller: bool
    muted: bool
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConferenceMember:
    """One caller in a conference room."""

    call: CallId
    number: str
    moderator: bool
    muted: bool
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConferenceRoom:
    """A conference room in which there is somebody; members in the order in which they came."""

    room: str
    recorded: bool
    members: tuple[ConferenceMember, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedCall:
    """A call at a slot. by, number: who parked it, and their phone."""

    slot: str
    call: CallId
    caller: str
    by: AgentId | None
    number: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """A supervisor with somebody's conversation. call None: waits for the next one of the agent who is followed.

    since None: their phone rings still.
    """

    by: str
    call: CallId | None
    mode: ListenMode
    agent: AgentId | None
    follows: AgentId | None
    since: datetime | None
