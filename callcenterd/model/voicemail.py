"""Where a caller's message goes, and who may see it (ACD-04)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self, get_args

from callcenterd.model.ids import AgentId, CallId, ExtensionNumber, QueueName, RecordingId
from callcenterd.said import Said

BoxKind = Literal["queue", "agent", "extension"]
BOX_KINDS: tuple[BoxKind, ...] = get_args(BoxKind)


@dataclass(frozen=True, slots=True)
class Box:
    """A queue's box, or a personal one: of an agent, or of an extension. name: of that queue, agent or extension."""

    kind: BoxKind
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """ "queue:sales", "agent:1001", "extension:8001"; "sales" alone is a queue. Raises ValueError."""
        before, colon, after = text.partition(":")
        if not colon:
            before, after = "queue", text
        for kind in BOX_KINDS:
            if before == kind and after.strip():
                return cls(kind, after.strip())
        raise ValueError(Said("a_box"))

    @classmethod
    def of(cls, queue: str | None, agent: str | None, extension: str | None) -> Self | None:
        """As it is kept: one of the three is a name."""
        for kind, name in zip(BOX_KINDS, (queue, agent, extension), strict=True):
            if name is not None:
                return cls(kind, name)
        return None

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @property
    def queue(self) -> QueueName | None:
        return QueueName(self.name) if self.kind == "queue" else None

    @property
    def agent(self) -> AgentId | None:
        return AgentId(self.name) if self.kind == "agent" else None

    @property
    def extension(self) -> ExtensionNumber | None:
        return ExtensionNumber(self.name) if self.kind == "extension" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A message that somebody speaks now, or spoke when the last run was cut off."""

    recording_id: RecordingId
    call: CallId
    box: Box
    caller: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSight:
    """Which messages a person may see who may not see all: those of these queues, those in the boxes of these agents
    (their own, and of their teams) and extensions, and what was assigned to these agents."""

    agents: tuple[AgentId, ...]
    queues: tuple[QueueName, ...] = ()
    extensions: tuple[ExtensionNumber, ...] = ()

    def sees(
        self, *, queue: str | None = None, agent: str | None = None, extension: str | None = None, assigned_to: str = ""
    ) -> bool:
        theirs = agent in self.agents or assigned_to in self.agents
        return theirs or queue in self.queues or extension in self.extensions


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages are wanted; None is no condition.

    assigned: a login, or "" for those that are assigned to nobody. sight: None: all of them.
    """

    queue: QueueName | None = None
    agent: AgentId | None = None
    extension: ExtensionNumber | None = None
    assigned: str | None = None
    heard: bool | None = None
    done: bool | None = None
    sight: MessageSight | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxCount:
    """Of one box, or of what is assigned to one agent. unheard and open: not done; unheard: nobody has played it."""

    queue: QueueName | None = None
    agent: AgentId | None = None
    extension: ExtensionNumber | None = None
    unheard: int
    open: int
    done: int
