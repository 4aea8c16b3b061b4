"""What the web room may use of the rest of the house. The daemon builds one; every resource finds it in its request."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal, Protocol

from aiohttp import web

from callcenterd import logs
from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.errors import Fault
from callcenterd.ivr.editing import FlowDesk
from callcenterd.ivr.promptdesk import PromptDesk
from callcenterd.ivr.shelf import Flows
from callcenterd.model.ids import ExtensionNumber, FlowName, TrunkName
from callcenterd.modules import Modules
from callcenterd.store.database import Store
from callcenterd.switchboard.archive import Archive
from callcenterd.switchboard.bans import Bans
from callcenterd.switchboard.board import Switchboard
from callcenterd.switchboard.pagephones import PagePhoneDesk
from callcenterd.switchboard.settingup import SettingUp
from callcenterd.worker.passwords import Passwords
from callcenterd.worker.pool import Worker

Network = IPv4Network | IPv6Network


class Ticks(Protocol):
    """The media thread's pace, as `media.thread.TickFigures` gives it. late_buckets: most ms late → ticks until now."""

    @property
    def ticks(self) -> int: ...
    @property
    def skipped(self) -> int: ...
    @property
    def faults(self) -> int: ...
    @property
    def late_ms_p99(self) -> float: ...
    @property
    def late_ms_sum(self) -> float: ...
    @property
    def late_buckets(self) -> Mapping[float, int]: ...
    @property
    def work_ms_p50(self) -> float: ...
    @property
    def work_ms_p99(self) -> float: ...
    @property
    def cpu_seconds(self) -> float: ...
    @property
    def legs(self) -> int: ...
    @property
    def recordings(self) -> int: ...


class Frames(Protocol):
    """One socket's other end (`sip.transport.websocket.WebSip`)."""

    def received(self, octets: bytes) -> None: ...
    def ended(self) -> None: ...


class OpenSip(Protocol):
    """How the signalling takes a socket: `SipEdge.web_socket`. None: there are too many."""

    def __call__(
        self,
        remote: tuple[str, int],
        local: tuple[str, int],
        *,
        secure: bool,
        send: Callable[[bytes], None],
        close: Callable[[str], None],
    ) -> Frames | None: ...


@dataclass(frozen=True, slots=True)
class TrunkNow:
    """state: "up", "down" or "unknown". why: the last status or fault."""

    state: str = "unknown"
    why: str = ""


PAGE = "browser"
"""The device of an extension whose phone is a page."""


@dataclass(frozen=True, slots=True)
class PhoneNow:
    """Where an extension can be reached now. contact: its address; device: what the phone says that it is."""

    reachable: bool = False
    contact: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneSeen:
    """One registered phone. device: what it says that it is. source: the address that it speaks from. latency_ms:
    there and back; null: not known yet. silent: it did not answer the last question."""

    extension: str
    contact: str
    device: str
    source: str
    transport: str
    latency_ms: float | None
    silent: bool
    since: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class FlowsNow:
    """flows: in service. faults: of files that were refused; their old versions go on."""

    flows: Sequence[FlowName] = ()
    faults: Sequence[Fault] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How the web port is reached. names: of ours, in small letters. proxies: whose word on that is believed.

    phones_port: where desk phones fetch their files by HTTP, since they do not know a certificate that we made
    ourselves; 0: by the way of the pages.
    """

    names: Callable[[], Collection[str]] = tuple
    proxies: Sequence[Network] = ()
    phones_port: Callable[[], int] = int


@dataclass(frozen=True, slots=True)
class CertificateNow:
    """Of the pages, or of SIP by TLS. until: when it runs out; None: nobody knows. self_made: by us, who make it
    anew."""

    name: Literal["web", "sip"]
    until: datetime | None
    self_made: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    """What the server stands on. data: the folder of what it keeps. folders: what lies where, by its name; the data
    folder itself stands there for what is left. keep_free_mb: room on the disk below which there is an alarm.
    certificates, jobs: asked when somebody wants to know; jobs: how many wait for each worker, by its name. worker: for
    what takes its time.
    """

    data: Path
    folders: Mapping[str, Sequence[Path]]
    keep_free_mb: int
    started_at: datetime
    log: logs.Recent
    worker: Worker
    certificates: Callable[[], Sequence[CertificateNow]] = tuple
    jobs: Callable[[], Mapping[str, int]] = dict


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Everything that a request may reach.

    site_changed: the store has another site than the switchboard: put it in force everywhere, then return.
    reload_flows: read the flow files again. flow_desk: where they are edited. prompt_desk: where prompts are made.
    bans: addresses that SIP does not hear. setting_up: trunks are tried, and who was turned away is told.
    page_phones: pages that are their users' phones. sound_hosts: our addresses that pages may reach by UDP, beside the
    one that they speak to by HTTP. ice_servers: what pages are told to ask where they are (STUN, TURN).
    gateway: "idle" until the first page, "starting", "up", or "down": no page can be a phone.
    ticks, counters, trunks, phones, seen_phones: asked when somebody wants to know.
    counters: names ending in "_total" only grow.
    modules: the business rooms. mail: what is not well with e-mail.
    archive: recordings whose calls are over.
    open_sip: takes a WebSocket of SIP.
    doors: where phones find us by SIP: transport ("udp", "tcp", "tls") and port, as configured.
    ways: by which names and proxies the web port is reached.
    premises: what the server stands on.
    timezone_fixed: the configuration file names it, so that no page does.
    """

    board: Switchboard
    store: Store
    modules: Modules
    flows: Flows
    flow_desk: FlowDesk
    prompt_desk: PromptDesk
    passwords: Passwords
    bus: Bus
    clock: Clock
    archive: Archive
    timezone: tzinfo
    site_changed: Callable[[], Awaitable[None]]
    reload_flows: Callable[[], Awaitable[FlowsNow]]
    ticks: Callable[[], Ticks]
    counters: Callable[[], Mapping[str, float]]
    trunks: Callable[[], Mapping[TrunkName, TrunkNow]]
    bans: Bans
    setting_up: SettingUp
    phones: Callable[[], Mapping[ExtensionNumber, PhoneNow]]
    seen_phones: Callable[[], Sequence[PhoneSeen]]
    page_phones: PagePhoneDesk
    premises: Premises
    gateway: Callable[[], str] = lambda: "idle"
    mail: Callable[[], Sequence[str]] = tuple
    sound_hosts: Sequence[str] = ()
    ice_servers: Sequence[Mapping[str, str]] = ()
    doors: Sequence[tuple[str, int]] = ()
    open_sip: OpenSip | None = None
    ways: Ways = field(default_factory=Ways)
    timezone_fixed: bool = False
    language: str = "zh-CN"
    region: str = "CN"
    chance: random.Random = field(default_factory=random.SystemRandom)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long this room waits for others, in seconds.

    body:       for the content of a request.
    first:      for the first message of an event stream that has not said whose it is.
    ping:       of silence, then a stream says that it lives.
    stalled:    for a stream to take what it is sent.
    look_again: until it is asked again whether a stream's session still is one.
    loop_late:  for the loop to come to a look at itself; later, and the office is not well.
    """

    body: float = 10.0
    first: float = 5.0
    ping: float = 20.0
    stalled: float = 30.0
    look_again: float = 60.0
    loop_late: float = 0.25


OFFICE = web.AppKey("office", Office)
MODULES = web.AppKey("modules", Modules)
PACE = web.AppKey("pace", Pace)
OCTETS = web.RequestKey("octets", int)
"""How large the answer's file is: what `door` allows for it to be taken."""
