"""A house for the web room to stand on: real store, switchboard and rules; SIP, sound and the worker pretended.

The pretended SIP answers nothing by itself: a test says what a phone does (`rings`, `answers`, `hangs_up`).
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import numpy as np
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher

from callcenterd import config
from callcenterd import site as site_file
from callcenterd.bus import Bus
from callcenterd.calls.control import Calls, Sound
from callcenterd.calls.pagephones import PagePhones
from callcenterd.clock import Clock, SystemClock
from callcenterd.ivr.editing import FlowDesk
from callcenterd.ivr.graph import Office as FlowsOffice
from callcenterd.ivr.promptdesk import PromptDesk
from callcenterd.ivr.shelf import Flows
from callcenterd.logs import Recent
from callcenterd.media import sdp
from callcenterd.media.facts import LegEnded, LegStatistics, MediaFact
from callcenterd.media.machine import Rule
from callcenterd.media.sdp import AudioFormat
from callcenterd.media.webrtc.gateway import OfferDeclined
from callcenterd.media.webrtc.wire import Answered
from callcenterd.model import events
from callcenterd.model.calls import CallRecord, RecordingRecord
from callcenterd.model.ids import AgentId, CallId, ExtensionNumber, LegId, QueueName, RecordingId, TrunkName
from callcenterd.model.prompts import Prompt
from callcenterd.modules import Ground, Modules
from callcenterd.sip import events as sip
from callcenterd.sip.admission import Admission, BannedSource
from callcenterd.sip.events import DialogId
from callcenterd.sip.flow import Flow
from callcenterd.sip.locate import Found, Machine, Place
from callcenterd.sip.probe import Heard, Probed
from callcenterd.sip.strangers import Stranger, Strangers
from callcenterd.store.database import Store
from callcenterd.switchboard import business
from callcenterd.switchboard.archive import Archive, Rules
from callcenterd.switchboard.bans import Bans
from callcenterd.switchboard.board import Switchboard
from callcenterd.switchboard.pagephones import PagePhoneDesk
from callcenterd.switchboard.settingup import SettingUp
from callcenterd.web.app import (
    CertificateNow,
    FlowsNow,
    Office,
    Pace,
    PhoneNow,
    PhoneSeen,
    Premises,
    TrunkNow,
    build,
)
from callcenterd.worker.passwords import Passwords
from callcenterd.worker.pool import Worker
from callcenterd.worker.prompts import Prompts
from tests.kit.database import with_tables
from tests.kit.wire import leg_sound

PASSWORD = "right horse 7"
STAMP = datetime(2026, 8, 3, 1, 0, tzinfo=UTC)
DESKPHONE = PhoneSeen(
    extension="1001",
    contact="sip:1001@127.0.0.4:5060",
    device="Deskphone 9",
    source="127.0.0.4:5060",
    transport="UDP",
    latency_ms=12.5,
    silent=False,
    since=STAMP,
    expires_at=STAMP + timedelta(hours=1),
)

SITE = f"""
trunks:
  - {{name: telecom, host: 203.0.113.5, username: "62960000", password: "trunk-secret", register: true}}
numbers:
  - {{match: "02088886666", flow: main}}
outbound:
  - {{match: "0.", trunks: [telecom]}}
extensions:
  - {{number: "1001", password: "phone-secret-1"}}
  - {{number: "1002", password: "phone-secret-2"}}
  - {{number: "1900", contact: "sip:door@127.0.0.3:6100"}}
users:
  - {{login: "1001", name: 张三, role: agent, password: "{PASSWORD}", extension: "1001"}}
  - {{login: "1002", name: 李四, role: agent, password: "{PASSWORD}", extension: "1002"}}
  - {{login: "1003", name: 王五, role: agent, password: "{PASSWORD}"}}
  - {{login: boss, name: 班长, role: supervisor, password: "{PASSWORD}"}}
  - {{login: chief, name: 经理, role: manager, password: "{PASSWORD}"}}
  - {{login: root, name: 管理员, role: admin, password: "{PASSWORD}"}}
queues:
  - {{name: sales, title: 销售, members: ["1001", "1002"], wrap_up: 5, record: false}}
  - {{name: complaints, title: 投诉, members: ["1003"]}}
"""
FLOW = """
flow: main
title: 总机
language: zh-CN
start: sales
nodes:
  sales: {queue: sales}
"""


class QuietGateway:
    """Takes every page's offer but "bad", and remembers what else it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.state = "idle"

    async def open(self, page: str, offer: str, hosts: Sequence[str]) -> Answered:
        if offer == "bad":
            raise OfferDeclined("no PCMA among its codecs")
        return Answered(page, f"answer to {offer}", 40001, 101)

    def talk(self, page: str, port: int) -> None:
        self.said.append(f"talk {port}")

    def hush(self, page: str) -> None:
        self.said.append("hush")

    def close(self, page: str) -> None:
        self.said.append("close")


class QuietSip:
    """Signalling that only remembers; every leg is a number."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.placed: list[tuple[sip.DialogId, str]] = []
        self.over: list[sip.DialogId] = []

    def new(self) -> sip.DialogId:
        return sip.DialogId(next(self._numbers))

    def ring(self, dialog: sip.DialogId, sdp: bytes | None = None) -> None: ...
    def accept(self, dialog: sip.DialogId, sdp: bytes) -> None: ...
    def accept_offer(self, dialog: sip.DialogId, sdp: bytes) -> None: ...
    def refuse_offer(self, dialog: sip.DialogId, status: int = 488) -> None: ...
    def tell_referral(self, dialog: sip.DialogId, status: int) -> None: ...
    def ask_if_there(self, dialog: sip.DialogId) -> None: ...
    def pick_up(self, dialog: sip.DialogId) -> bool:
        return False

    def can_pick_up(self, dialog: sip.DialogId) -> bool:
        return False

    def refuse(self, dialog: sip.DialogId, status: int, phrase: str | None = None) -> None:
        self.over.append(dialog)

    def place(
        self, to: sip.ToExtension | sip.ToTrunk, *, caller: str, caller_name: str = "", sdp: bytes
    ) -> sip.DialogId:
        dialog = self.new()
        self.placed.append((dialog, to.number))
        return dialog

    def hang_up(self, dialog: sip.DialogId, reason: str | None = None) -> None:
        self.over.append(dialog)

    def local_host_towards(self, to: sip.ToExtension | sip.ToTrunk) -> str:
        return "127.0.0.1"

    def is_secure_towards(self, to: sip.ToExtension | sip.ToTrunk) -> bool:
        return False


class QuietMedia:
    """Sounding that gives rows and plays nothing."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.sounds: dict[LegId, LegStatistics] = {}
        self.tell: Callable[[MediaFact], None] = lambda _: None

    def open_leg(self, local_host: str) -> tuple[LegId, int]:
        leg = next(self._numbers)
        return LegId(leg), 20000 + 2 * leg

    def connect(self, leg: LegId, remote: tuple[str, int], audio: AudioFormat) -> None: ...
    def close_leg(self, leg: LegId) -> None:
        asyncio.get_running_loop().call_soon(self.tell, LegEnded(leg, self.statistics(leg)))

    def judge(self, leg: LegId, rule: Rule) -> None: ...
    def statistics(self, leg: LegId) -> LegStatistics:
        return self.sounds.get(leg, leg_sound())

    def bridge(self, a: LegId, b: LegId) -> None: ...
    def unbridge(self, a: LegId) -> None: ...
    def hear(self, leg: LegId, others: Collection[LegId]) -> None: ...
    def announce(self, leg: LegId, sounds: Sequence[Sound]) -> int:
        return next(self._numbers)

    def play(self, leg: LegId, sounds: Sequence[Sound], *, repeat: bool = False) -> int:
        return next(self._numbers)

    def stop_play(self, leg: LegId) -> None: ...
    def relay_keys(self, leg: LegId, *, wanted: bool) -> None: ...
    def press(self, leg: LegId, key: str) -> None: ...
    def send_keys(self, leg: LegId, keys: str) -> None: ...
    def record(self, recording: RecordingId, path: Path, caller: LegId, other: LegId | None) -> None: ...
    def record_caller(self, recording: RecordingId, caller: LegId) -> None: ...
    def record_other(self, recording: RecordingId, other: LegId) -> None: ...
    def record_others(self, recording: RecordingId, others: Collection[LegId]) -> None: ...
    def pause_recording(self, recording: RecordingId) -> None: ...
    def resume_recording(self, recording: RecordingId) -> None: ...
    def stop_recording(self, recording: RecordingId) -> None: ...


class Inline:
    """A worker that does its jobs at once, in this process."""

    async def run(self, job: Callable[..., Any], *arguments: Any, timeout: float = 60.0) -> Any:
        return job(*arguments)


class Aside:
    """A worker that does its jobs in a thread: those that run a loop of their own."""

    async def run(self, job: Callable[..., Any], *arguments: Any, timeout: float = 60.0) -> Any:
        return await asyncio.to_thread(job, *arguments)


class Silence:
    """Prompts without a word."""

    async def sound(self, prompt: Prompt) -> Sound:
        return np.zeros(160, np.int16)


@dataclass
class Ticks:
    """A media thread in good health: it has moved on whenever one asks, unless it stands."""

    ticks: int = 1
    stands: bool = False
    skipped: int = 0
    faults: int = 0
    late_ms_p99: float = 0.4
    late_ms_sum: float = 2.0
    late_buckets: Mapping[float, int] = field(default_factory=lambda: {0.5: 8, 1.0: 9, 20.0: 10, float("inf"): 10})
    work_ms_p50: float = 0.2
    work_ms_p99: float = 0.6
    cpu_seconds: float = 1.5
    legs: int = 2
    recordings: int = 1


class Guard:
    """As `sip.endpoint.Endpoint` where it bans."""

    def __init__(self) -> None:
        self._admission = Admission()

    def bans(self, now: float) -> list[BannedSource]:
        return self._admission.bans(now)

    def guesses(self, source: str, now: float) -> BannedSource:
        """Somebody at that address guesses passwords until the address is banned."""
        while not (banned := self._admission.news()):
            self._admission.failed(source, "1001", now)
        return banned[0]

    def lift_ban(self, source: str) -> bool:
        return self._admission.lift(source)

    def restore_bans(self, bans: Iterable[BannedSource], now: float) -> None:
        for ban in bans:
            self._admission.restore(ban, now)


class Prober:
    """As the SIP room where it asks trunks and remembers who was turned away: what a test says it has heard."""

    def __init__(self) -> None:
        self.found = Found((Machine((Place("UDP", "203.0.113.5", 5060),)),))
        flow = Flow("UDP", ("203.0.113.5", 5060), ("198.51.100.1", 5060))
        heard = Heard(outcome="answer", status=200, phrase="OK", seconds=0.02)
        self.probed = Probed(flow=flow, options=heard, register=replace(heard, granted=3600))
        self.strange = Strangers()

    async def ask(self, trunk: TrunkName) -> tuple[Found, Probed]:
        del trunk
        return self.found, self.probed

    def strangers(self) -> list[Stranger]:
        return self.strange.lately()


@dataclass
class House:
    """What a test can reach. pages: the folder of the built application; flows: of the flow files."""

    office: Office
    app: web.Application
    client: TestClient[web.Request, web.Application]
    sip: QuietSip
    calls: Calls
    ticks: Ticks
    pages: Path
    flows: Path
    guard: Guard
    recordings: Path
    phones: PagePhones
    gateway: QuietGateway
    prober: Prober
    certificates: list[CertificateNow]
    trunks: dict[TrunkName, TrunkNow]

    @property
    def board(self) -> Switchboard:
        return self.office.board

    async def token(self, login: str, password: str = PASSWORD) -> str:
        """Sign in as a program would. No cookie is kept."""
        answer = await self.client.post("/api/v1/session", json={"login": login, "password": password})
        assert answer.status == 200, await answer.text()
        self.client.session.cookie_jar.clear()
        return str((await answer.json())["token"])

    async def as_(self, login: str) -> dict[str, str]:
        """Headers of somebody who is signed in, without the cost of a password."""
        token = await self.office.store.sessions.create(login, self.office.clock.utc(), kind="program")
        return {"Authorization": f"Bearer {token}"}

    # ---- what phones do ---------------------------------------------------------------------------------

    def registers(self, *numbers: str, reachable: bool = True) -> None:
        for number in numbers:
            self.calls.signalled(sip.Registered(ExtensionNumber(number), reachable))

    def comes(self, caller: str = "13812345678", called: str = "02088886666") -> CallId:
        """A call from the trunk."""
        offer = sdp.offer("127.0.0.9", 30000, session_id=1)
        known = set(self.board.journeys)
        self.calls.signalled(
            sip.IncomingCall(
                dialog=self.sip.new(),
                trunk=TrunkName("telecom"),
                extension=None,
                caller=caller,
                caller_name="",
                called=called,
                offer=offer,
                local_host="127.0.0.1",
            )
        )
        (call,) = set(self.board.journeys) - known
        return call

    def rung(self) -> DialogId:
        """The leg of the phone that was rung last."""
        return self.sip.placed[-1][0]

    def rings(self) -> None:
        self.calls.signalled(sip.Progress(self.rung(), None))

    def answers(self) -> None:
        body = sdp.offer("127.0.0.8", 30100, sdp.Terms(("PCMA",)), session_id=2)
        self.calls.signalled(sip.Accepted(self.rung(), body))

    # ---- what is kept -----------------------------------------------------------------------------------

    async def keep_call(
        self, call: str, *, queue: str | None = "sales", agent: str | None = "1001", **more: Any
    ) -> None:
        """A call of the past, in the store."""
        await self.office.store.calls.begin(
            CallRecord(
                id=CallId(call),
                direction="inbound",
                caller=more.pop("caller", "13800000001"),
                called="02088886666",
                started_at=more.pop("started_at", STAMP),
                queue=None if queue is None else QueueName(queue),
                agent=None if agent is None else AgentId(agent),
                outcome=more.pop("outcome", "answered"),
                ended_at=STAMP,
                **more,
            )
        )

    async def keep_recording(self, call: str, octets: bytes, *, finished: bool = True) -> RecordingId:
        """A recording of a call of the past; its file is written."""
        name = RecordingId(f"{call}-1")
        relative = f"2026/08/03/{name}.wav"
        path = self.recordings / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(octets)
        await self.office.store.recordings.begin(
            RecordingRecord(id=name, call_id=CallId(call), path=relative, started_at=STAMP)
        )
        if finished:
            await self.office.store.recordings.finish(
                name, finished_at=STAMP, seconds=1.0, octets=len(octets), sha256="", complete=True
            )
        return name


def cheap_passwords() -> Passwords:
    """Hashes that cost nothing: what is tested here is not argon2."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


async def found(path: Path) -> None:
    """A database with the site in it, to begin with."""
    store = await Store.open(with_tables(path), clock=SystemClock())
    await site_file.apply_text(store, cheap_passwords(), SITE, "site.yaml")
    await store.close()


@asynccontextmanager
async def house(
    folder: Path,
    *,
    clock: Clock | None = None,
    rules: Rules | None = None,
    attachments: config.Attachments | None = None,
    timezone_fixed: bool = False,
) -> AsyncIterator[House]:
    """One office on folder/callcenter.db (`found` makes one), open, with a client at its pages.

    rules: of its recordings. Nobody works at its archive, unless a test does.
    timezone_fixed: the configuration file names it.
    """
    clock = clock or SystemClock()
    bus, chance = Bus(), random.Random(7)
    store = await Store.open(folder / "callcenter.db", clock=clock, gather_seconds=0.05)
    passwords = cheap_passwords()
    flows_folder, pages, recordings = folder / "flows", folder / "pages", folder / "recordings"
    for each in (flows_folder, pages, recordings):
        each.mkdir(exist_ok=True)
    (flows_folder / "main.yaml").write_text(FLOW, encoding="utf-8")
    flows = Flows(flows_folder, cast(Worker, Inline()))
    await flows.load()
    quiet_sip, quiet_media = QuietSip(), QuietMedia()
    gateway = QuietGateway()
    phones = PagePhones(sip=quiet_sip, gateway=gateway, tell=lambda event: calls.signalled(event))  # noqa: PLW0108
    calls = Calls(clock=clock, chance=chance, sip=phones, media=quiet_media, rtp_address="auto")
    quiet_media.tell = calls.sounded
    calls.rings_page = phones.is_page
    board = Switchboard(
        clock=clock,
        chance=chance,
        bus=bus,
        store=store,
        calls=calls,
        flows=flows,
        prompts=cast(Prompts, Silence()),
        recordings=recordings,
        language="zh-CN",
        region="CN",
        zone=UTC,
    )
    board.history.start()

    async def site_changed() -> None:
        site = await store.site.load()
        board.configure(site)
        bus.publish(events.SiteChanged(at=clock.utc(), revision=site.revision))

    async def reload_flows() -> FlowsNow:
        loaded = await flows.load()
        await flow_desk.take_up()
        return FlowsNow(loaded.flows, loaded.faults)

    prompt_desk = PromptDesk(
        folder=folder / "prompts",
        kept=folder / "prompt-versions",
        drafts=folder / "prompt-drafts",
        flows=flows,
        site=lambda: board.site,
        worker=cast(Worker, Aside()),
        clock=clock,
        language="zh-CN",
        engine="espeak-ng",
    )

    def flows_office() -> FlowsOffice:
        known = business.known(config.Business(hosts=("crm.example.com",))).with_site(board.site)
        return FlowsOffice(known, folder / "no_prompts", "zh-CN")

    flow_desk = FlowDesk(flows_folder, flows, store, cast(Worker, Aside()), clock, reload_flows, flows_office)

    def ticked() -> Ticks:
        ticks.ticks += not ticks.stands
        return ticks

    await site_changed()
    ticks, guard, prober = Ticks(), Guard(), Prober()
    certificates: list[CertificateNow] = []
    trunks = {TrunkName("telecom"): TrunkNow("down", "408 Request Timeout")}
    archive = Archive(
        store=store,
        bus=bus,
        clock=clock,
        worker=cast(Worker, Inline()),
        folder=recordings,
        rules=rules or Rules(),
        live=board.journeys.keys,
    )
    office = Office(
        board=board,
        store=store,
        modules=Modules.build(
            Ground(
                store=store,
                bus=bus,
                clock=clock,
                site=lambda: board.site,
                passwords=passwords,
                worker=cast(Worker, Aside()),
                archive=archive,
                zone=ZoneInfo("Asia/Shanghai"),
                language="zh-CN",
                data=folder,
                attachments=attachments or config.Attachments(),
            )
        ),
        flows=flows,
        flow_desk=flow_desk,
        prompt_desk=prompt_desk,
        passwords=passwords,
        bus=bus,
        clock=clock,
        archive=archive,
        timezone=ZoneInfo("Asia/Shanghai"),
        timezone_fixed=timezone_fixed,
        site_changed=site_changed,
        reload_flows=reload_flows,
        ticks=ticked,
        counters=lambda: {"sip_requests_total": 3.0, **archive.counters()},
        trunks=lambda: trunks,
        bans=Bans(sip=guard, store=store, bus=bus, clock=clock),
        setting_up=SettingUp(ask=prober.ask, door=prober, clock=clock, site=lambda: board.site),
        phones=lambda: {ExtensionNumber("1001"): PhoneNow(True, "sip:1001@127.0.0.4:5060", "Deskphone 9")},
        seen_phones=lambda: [DESKPHONE],
        page_phones=PagePhoneDesk(board, phones),
        premises=Premises(
            data=folder,
            folders={
                "recordings": [recordings],
                "attachments": [folder / "attachments"],
                "prompts": [folder / "prompts", folder / "prompt-versions", folder / "prompt-drafts"],
                "other": [folder],
            },
            keep_free_mb=1,
            started_at=STAMP,
            log=Recent(),
            worker=cast(Worker, Aside()),
            certificates=lambda: certificates,
            jobs=lambda: {"papers": 3},
        ),
        gateway=lambda: gateway.state,
        chance=random.Random(11),
    )
    app = build(
        office, pages=pages, pace=Pace(body=1.5, first=1.0, ping=0.4, stalled=1.0, look_again=0.5, loop_late=60.0)
    )
    async with TestClient(TestServer(app)) as client:
        yield House(
            office,
            app,
            client,
            quiet_sip,
            calls,
            ticks,
            pages,
            flows_folder,
            guard,
            recordings,
            phones,
            gateway,
            prober,
            certificates,
            trunks,
        )
    await board.stop()
    await store.close()
