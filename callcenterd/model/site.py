"""What an office has: trunks, numbers, users, extensions, queues. The words of the site file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from callcenterd.model.ids import AgentId, ExtensionNumber, FlowName, QueueName, TrunkName
from callcenterd.model.people import Role

Strategy = Literal["longest_idle", "ring_all", "round_robin", "fewest_calls", "least_talk", "random"]


class Secret(str):
    """A text that prints as ***: it must not reach a log by accident. Use `reveal()` where it is needed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "***"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def reveal(self) -> str:
        return str.__str__(self)


NO_SECRET = Secret("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """A provider. allow: addresses or networks its calls may come from, besides host."""

    name: TrunkName
    host: str
    port: int = 5060
    username: str = ""
    password: Secret = NO_SECRET
    register: bool = False
    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRoute:
    """A called number, or a pattern ("9." is 9 and at least one more digit), and the flow that answers."""

    match: str
    flow: FlowName


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundRoute:
    """A dialled pattern, the trunks to try in order, and how the number is rewritten."""

    match: str
    trunks: tuple[TrunkName, ...]
    strip: int = 0
    prepend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAccount:
    """A user with the argon2 hash of the password ("" : cannot sign in)."""

    login: str
    name: str
    role: Role
    password_hash: Secret = NO_SECRET
    extension: ExtensionNumber | None = None
    language: str = "zh-CN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A phone inside: one that registers by digest (password), or a device at a fixed address (contact)."""

    number: ExtensionNumber
    password: Secret = NO_SECRET
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """A queue. wrap_up, ring, service_level, max_wait: seconds (max_wait 0: no limit). music: name of a prompt."""

    name: QueueName
    title: str = ""
    strategy: Strategy = "longest_idle"
    members: tuple[AgentId, ...] = ()
    wrap_up: float = 10
    ring: float = 20
    service_level: float = 20
    max_wait: float = 0
    record: bool = True
    music: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """All of it, each list in the order of its key. revision grows with every change."""

    trunks: tuple[Trunk, ...] = ()
    numbers: tuple[NumberRoute, ...] = ()
    outbound: tuple[OutboundRoute, ...] = ()
    users: tuple[UserAccount, ...] = ()
    extensions: tuple[Extension, ...] = ()
    queues: tuple[QueueSettings, ...] = ()
    revision: int = 0
