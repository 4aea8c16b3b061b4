"""What an office has: trunks, numbers, users, extensions, queues. The words of the site file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from callcenterd.model.ids import AgentId, ExtensionNumber, FlowName, QueueName, TrunkName
from callcenterd.model.people import Role

Strategy = Literal["longest_idle", "ring_all", "round_robin", "fewest_calls", "least_talk", "random"]
TrunkTransport = Literal["udp", "tcp", "tls", "auto"]
NumberForm = Literal["dialled", "e164", "national"]
CallerHeader = Literal["from", "pai", "rpid"]
Codec = Literal["PCMA", "PCMU"]


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
    """A provider. allow: addresses or networks its calls may come from, besides host.

    in_strip, in_prepend:   what is done to a called number that comes in, before it is looked up.
    out_form, out_strip, out_prepend: how a number goes out: put into that form, cut, and added to, in this order.
    caller:   the number that is shown there; "" is the extension's own, or who called us.
    caller_id: where that number stands: in From, in P-Asserted-Identity (RFC 3325), or in Remote-Party-ID; in the
              latter two From names our account, as many registrars want it.
    codecs:   what we offer there, the best first.
    options:  seconds between two questions whether it is there; 0: it is not asked.
    channels: calls at once, in and out together; 0: no limit.
    transport: by which it is reached; "auto": as its DNS records say (RFC 3263). port 5060 is the usual one of each.
    """

    name: TrunkName
    host: str
    port: int = 5060
    username: str = ""
    password: Secret = NO_SECRET
    register: bool = False
    allow: tuple[str, ...] = ()
    in_strip: int = 0
    in_prepend: str = ""
    out_form: NumberForm = "dialled"
    out_strip: int = 0
    out_prepend: str = ""
    caller: str = ""
    caller_id: CallerHeader = "from"
    channels: int = 0
    codecs: tuple[Codec, ...] = ("PCMA", "PCMU")
    options: int = 30
    transport: TrunkTransport = "udp"


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
    """A phone inside: one that registers by digest (password), or a device at a fixed address (contact).

    auto_answer: it is asked to pick up calls of queues by itself, for who wears a headset.
    """

    number: ExtensionNumber
    password: Secret = NO_SECRET
    contact: str = ""
    auto_answer: bool = False


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


EACH = "each"
ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What may be dialled over trunks, against toll fraud (话费欺诈).

    who: an extension's number; "each": every extension without limits of its own; "all": the whole office together,
    calls that flows dial too.
    calls, per_minute, per_hour: outside calls at once and begun in that time; 0: no limit.
    forbid, permit: patterns of numbers; what is permitted is not refused for its number.
    international, premium: may other countries and premium-rate numbers be dialled? For "all" this is not asked.
    night:   "22:00-07:00" in the office's zone: no outside calls are begun then; "": never.
    longest: seconds after which an outside call is ended; 0: no limit.
    """

    who: str
    calls: int = 0
    per_minute: int = 0
    per_hour: int = 0
    forbid: tuple[str, ...] = ()
    permit: tuple[str, ...] = ()
    international: bool = False
    premium: bool = False
    night: str = ""
    longest: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """All of it, each list in the order of its key. revision grows with every change."""

    trunks: tuple[Trunk, ...] = ()
    numbers: tuple[NumberRoute, ...] = ()
    outbound: tuple[OutboundRoute, ...] = ()
    users: tuple[UserAccount, ...] = ()
    extensions: tuple[Extension, ...] = ()
    queues: tuple[QueueSettings, ...] = ()
    limits: tuple[Limits, ...] = ()
    revision: int = 0
