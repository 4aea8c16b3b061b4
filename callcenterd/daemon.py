"""Builds every room, connects them, starts, drains, stops. Knows all, decides nothing.

Order of starting: what can refuse (data folder, database, ports) comes first, so that a server that says `ready`
is one. Order of stopping: no new calls, then running ones, then what they stood on.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
import random
import resource
import secrets
import signal
import socket
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from callcenterd import certificates, control, logs
from callcenterd import site as site_file
from callcenterd.bus import Bus
from callcenterd.calls.control import Calls
from callcenterd.calls.pagephones import PagePhones
from callcenterd.certificates import Certificates
from callcenterd.channels.mail import Account, Post
from callcenterd.clock import Clock, SystemClock
from callcenterd.config import Config
from callcenterd.errors import CannotStart, FaultyFile, LocalError
from callcenterd.ivr import graph
from callcenterd.ivr.editing import FlowDesk
from callcenterd.ivr.promptdesk import PromptDesk
from callcenterd.ivr.shelf import Flows
from callcenterd.media.codecs import frames, g711
from callcenterd.media.recording import DiskFile, File
from callcenterd.media.thread import Media
from callcenterd.media.webrtc.gateway import Gateway
from callcenterd.model import events, numbers
from callcenterd.model.ids import ExtensionNumber, TrunkName
from callcenterd.model.prompts import Music
from callcenterd.model.site_edits import Editor
from callcenterd.modules import Ground, Modules
from callcenterd.sip.endpoint import Endpoint
from callcenterd.sip.overload import Limits
from callcenterd.sip.transport.edge import SipEdge
from callcenterd.store.database import CannotStore, Store
from callcenterd.store.inquiries import Databases
from callcenterd.store.second_factors import forget_factor
from callcenterd.switchboard import business
from callcenterd.switchboard.archive import Archive, Rules
from callcenterd.switchboard.bans import Bans
from callcenterd.switchboard.board import Switchboard
from callcenterd.switchboard.lamps import Lamps
from callcenterd.switchboard.pagephones import PagePhoneDesk
from callcenterd.switchboard.settingup import SettingUp
from callcenterd.web import app as web
from callcenterd.web import door as web_door
from callcenterd.worker.passwords import Passwords
from callcenterd.worker.pool import Worker
from callcenterd.worker.prompts import Prompts

_log = structlog.get_logger(__name__)

ADMIN = "admin"
YOUNG = 5000
"""New objects between two looks for dead circles of them. Python's 700 come in every tenth of a call."""
RECORDINGS = "recordings"
PROMPT_DRAFTS = "prompt-drafts"
PROMPT_VERSIONS = "prompt-versions"
PROMPTS_READ = "prompts-cache"
FILES = 65536
DAY = 86_400.0
LOOK_EVERY = 0.25
"""Seconds between two looks at how late sound is."""
SETTLED = 6.0
"""Seconds after the start in which nobody looks: until what is looked at has none of the start in it."""
LOOKED_AT = 250
"""Ticks: five seconds. One stop of the whole process makes a handful of them late and is over: it is no overload. One
tick in twenty that is late (p95) comes again, and is heard."""
GATHERED = 0.2
"""Seconds of bookkeeping that are written in one transaction: a tenth of the CPU of a transaction a row, or less."""


class Server:
    """One office's server on one data folder. `start` raises CannotStart and leaves nothing behind."""

    def __init__(self, config: Config, clock: Clock | None = None, chance: random.Random | None = None) -> None:
        self._config = config
        self._clock = clock or SystemClock()
        self._chance = chance or random.SystemRandom()
        self._open = contextlib.AsyncExitStack()
        self._began = self._clock.utc()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.first_password: str | None = None
        """The administrator's, made at the very first start; None at every later one."""

    @property
    def address(self) -> str:
        """Of the pages, as a person on this machine would type it."""
        sealed = self.door.sealed
        host = self._config.web.listen.host if sealed is None else sealed.host
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  # compared, not bound to
        return f"http://{shown}:{self.door.port}/" if sealed is None else f"https://{shown}:{self.door.sealed_port}/"

    # ---- starting ---------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Raises CannotStart with one sentence."""
        try:
            self._room_for_calls()
            await self._open_store()
            self._build()
            await self._open_ports()
            await self._go()
        except BaseException:
            await self._open.aclose()
            raise

    async def _open_store(self) -> None:
        """The data folder is ours, the database is open, and what the last run left open is closed."""
        config = self._config
        self._open.enter_context(control.owned(config.data, RECORDINGS))
        self.store = await Store.open(
            config.database_address,
            clock=self._clock,
            region=numbers.home(config.region, config.area_code),
            gather_seconds=GATHERED,
        )
        self._open.push_async_callback(self.store.close)
        self.zone = await self._its_zone()
        self.passwords = Passwords()
        interrupted = await self.store.calls.close_interrupted()
        if interrupted:
            _log.warning("the last run was cut off in the middle of calls", calls=len(interrupted))
        await self.store.agents.close_interrupted(self._clock.utc())

    async def _its_zone(self) -> ZoneInfo:
        """As the configuration file says; where it does not, as the set-up page did."""
        named = None if "timezone" in self._config.model_fields_set else await self.store.office.timezone()
        try:
            return ZoneInfo(named or self._config.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # this machine does not know it any more
            _log.error("the time zone of the set-up page is not known here", zone=named, taken=self._config.timezone)
            return ZoneInfo(self._config.timezone)

    async def _first_admin(self) -> str | None:
        """Somebody must be able to sign in: at the very first start an administrator is made."""
        site = await self.store.site.load()
        if any(user.role == "admin" and user.password_hash.reveal() for user in site.users):
            return None
        password = secrets.token_urlsafe(9)
        await site_file.put(
            self.store,
            self.passwords,
            "users",
            {"login": ADMIN, "name": "管理员", "role": "admin", "password": password},
            Editor("callcenterd", self._clock.utc()),
        )
        return password

    def _build(self) -> None:
        """Every room, from the bottom up."""
        config, clock = self._config, self._clock
        self.worker = Worker()
        self.prompts = Prompts(
            self.worker, config.prompts, config.data / PROMPTS_READ, config.language, config.speech.engine
        )
        self.flows = Flows(config.flows, self.worker)
        self._flows_may_name = business.known(config.business)
        self.flow_desk = FlowDesk(
            config.flows, self.flows, self.store, self.worker, clock, self.reload_flows, self._flows_office
        )
        self.bus = Bus()
        self.finisher = Worker()
        self.printer = Worker()
        self.archive = Archive(
            store=self.store,
            bus=self.bus,
            clock=clock,
            worker=self.finisher,
            folder=config.data / RECORDINGS,
            rules=Rules(config.recordings.format, config.recordings.key_file, config.recordings.keep_free_mb),
            live=lambda: self.board.journeys.keys(),  # noqa: PLW0108  # it is built below
        )
        self.prompt_desk = PromptDesk(
            folder=config.prompts,
            kept=config.data / PROMPT_VERSIONS,
            drafts=config.data / PROMPT_DRAFTS,
            flows=self.flows,
            site=lambda: self.board.site,
            worker=self.finisher,
            clock=clock,
            language=config.language,
            engine=config.speech.engine,
        )
        self.media = Media(
            clock=clock,
            ports=config.rtp.ports.numbers(),
            tell=lambda fact: self.calls.sounded(fact),  # noqa: PLW0108  # it is built below
            recordings=config.data / RECORDINGS,
            open_file=self._open_file,
            paused_tone=config.recordings.paused_tone,
        )
        self.endpoint = Endpoint(
            chance=self._chance,
            domain=config.sip.domain,
            tell=lambda event: self.pages.signalled(event),  # noqa: PLW0108
            region=config.region,
            overload=Limits(config.overload.strangers_ms, config.overload.new_calls_ms),
            never_banned=config.sip.never_banned,
            banned=lambda ban: self.bans.begun(ban),  # noqa: PLW0108
        )
        sip = config.sip
        try:
            shown = Certificates(sip.certificate, sip.key, sip.ca, clock)
        except LocalError as fault:
            raise CannotStart(str(fault)) from fault
        self._sip_certificates = shown
        self.sip = SipEdge(self.endpoint, sip.listen, clock, certificates=shown)
        self.gateway = Gateway(config.rtp.ports.numbers())
        self.pages = PagePhones(
            sip=self.sip,
            gateway=self.gateway,
            tell=lambda event: self.calls.signalled(event),  # noqa: PLW0108
        )
        self.gateway.listener = self.pages
        self.calls = Calls(
            clock=clock,
            chance=self._chance,
            sip=self.pages,
            media=self.media,
            rtp_address=config.rtp.address,
            codecs=(*g711.CODECS, *frames.available()),
        )
        self.calls.rings_page = self.pages.is_page
        kept = business.secrets(config.business.secrets_file)
        self.board = Switchboard(
            clock=clock,
            chance=self._chance,
            bus=self.bus,
            store=self.store,
            calls=self.calls,
            flows=self.flows,
            prompts=self.prompts,
            recordings=config.data / RECORDINGS,
            language=config.language,
            region=config.region,
            zone=self.zone,
            pause_forgotten_seconds=config.recordings.paused_minutes * 60,
            recording_ending=self.archive.ending,
            voice_of=self.archive.voice_of,
            silent_seconds=config.rtp.timeout_seconds,
            silent_held_seconds=config.rtp.hold_timeout_seconds,
            park_seconds=config.rooms.park_seconds,
            park_slots=config.rooms.park_slots,
            conference_most=config.rooms.conference_most,
            proof=self.passwords,
            flow_seconds=config.flow_minutes * 60,
            business=business.Business(config.business.hosts, config.business.networks, business.of_flows(kept)),
            databases=Databases(config.business.databases, business.of_databases(kept)),
        )
        self.post = Post(
            account=mail_account(config),
            store=self.store,
            bus=self.bus,
            clock=clock,
            archive=self.archive,
            worker=self.finisher,
            site=lambda: self.board.site,
            key_file=config.recordings.key_file,
            language=config.language,
            zone=self.zone,
        )
        self.modules = Modules.build(
            Ground(
                store=self.store,
                bus=self.bus,
                clock=clock,
                site=lambda: self.board.site,
                passwords=self.passwords,
                worker=self.printer,
                archive=self.archive,
                zone=self.zone,
                language=config.language,
                data=config.data,
                region=numbers.home(config.region, config.area_code),
                attachments=config.attachments,
                customers=config.customers,
            )
        )
        self._web_certificates = self._certificates_of_pages()
        self.board.appointments = self.modules.appointments_by_call
        self.board.call_for_help = self.modules.help.by_phone
        self.lamps = Lamps(self.board, domain=config.sip.domain, changed=self.sip.changed)
        self.sip.show(self.lamps.document)
        self.bans = Bans(sip=self.endpoint, store=self.store, bus=self.bus, clock=clock)
        self._seen_trunks: dict[TrunkName, web.TrunkNow] = {}
        self.bus.listen(events.TrunkChanged, self._trunk_seen)
        self.office = web.Office(
            board=self.board,
            store=self.store,
            modules=self.modules,
            flows=self.flows,
            flow_desk=self.flow_desk,
            prompt_desk=self.prompt_desk,
            passwords=self.passwords,
            bus=self.bus,
            clock=clock,
            archive=self.archive,
            timezone=self.zone,
            timezone_fixed="timezone" in config.model_fields_set,
            site_changed=self.take_up_site,
            reload_flows=self.reload_flows,
            ticks=self.media.lateness,
            counters=self.counters,
            trunks=lambda: self._seen_trunks,
            bans=self.bans,
            setting_up=SettingUp(ask=self.sip.probe, door=self.endpoint, clock=clock, site=lambda: self.board.site),
            phones=self._phones,
            seen_phones=self._seen_phones,
            page_phones=PagePhoneDesk(self.board, self.pages),
            premises=self._premises(),
            gateway=lambda: self.gateway.state,
            mail=lambda: [*self.post.reasons(), *self.modules.sms.reasons()],
            sound_hosts=() if config.rtp.address == "auto" else (config.rtp.address,),
            ice_servers=[
                {key: value for key, value in server.model_dump().items() if value}
                for server in config.webrtc.ice_servers
            ],
            open_sip=self.sip.web_socket,
            doors=tuple((listen.transport, listen.port) for listen in config.sip.listen),
            ways=web.Ways(
                names=self._names,
                proxies=config.web.proxies,
                phones_port=lambda: self.door.port if self._own_certificate() else 0,
            ),
            language=config.language,
            region=config.region,
            chance=self._chance,
        )
        https, own = config.web.tls_listen, self._web_certificates
        self.door = web_door.Door(
            web.build(self.office),
            config.web.listen.host,
            config.web.listen.port,
            sealed=None if https is None or own is None else web_door.Sealed(https.host, https.port, own.server),
            proxies=config.web.proxies,
        )
        self.control = control.Door(
            config.data,
            {
                "status": self._status,
                "apply": self._apply,
                "export": self._export,
                "reload": self._reload,
                "reset_second_factor": self._reset_second_factor,
            },
        )

    def _premises(self) -> web.Premises:
        config, data = self._config, self._config.data
        folders = {
            "recordings": [data / RECORDINGS],
            "attachments": [data / "attachments"],
            "prompts": [config.prompts, *(data / name for name in (PROMPT_VERSIONS, PROMPT_DRAFTS, PROMPTS_READ))],
            "made": [data / "evidence", data / "downloads"],
            "imports": [data / "imports"],
            "other": [data],
        }
        return web.Premises(
            data=data,
            folders=folders,
            keep_free_mb=config.recordings.keep_free_mb,
            started_at=self._began,
            log=logs.RECENT,
            worker=self.printer,
            certificates=self._certificates_now,
            jobs=lambda: {
                "speech": self.worker.waiting(),
                "recordings": self.finisher.waiting(),
                "papers": self.printer.waiting(),
            },
        )

    def _certificates_now(self) -> list[web.CertificateNow]:
        found: list[tuple[Literal["web", "sip"], Certificates]] = []
        if self._web_certificates is not None:
            found.append(("web", self._web_certificates))
        if self._config.sip.certificate is not None:
            found.append(("sip", self._sip_certificates))
        return [web.CertificateNow(name, shown.until(), shown.self_made) for name, shown in found]

    def _certificates_of_pages(self) -> Certificates | None:
        """None: they have no TLS. Raises CannotStart."""
        pages = self._config.web
        if pages.tls_listen is None:
            return None
        try:
            certificate, key = pages.certificate, pages.key
            if certificate is None:
                certificate, key = self._make_certificate()
            return Certificates(certificate, key, None, self._clock, ciphers=certificates.MODERN)
        except LocalError as fault:
            raise CannotStart(f"web pages: {fault}") from fault

    def _make_certificate(self) -> tuple[Path, Path]:
        """Raises LocalError."""
        return certificates.make_our_own(self._config.data / "tls", self._configured_names(), self._clock.utc())

    def _own_certificate(self) -> bool:
        return self._web_certificates is not None and self._web_certificates.self_made

    def _configured_names(self) -> frozenset[str]:
        machine = socket.gethostname().lower()
        return frozenset(
            {*self._config.web.names, self._config.sip.domain, machine, f"{machine.partition('.')[0]}.local"}
        )

    def _names(self) -> frozenset[str]:
        """By which the pages are reached."""
        shown = self._web_certificates
        return self._configured_names() | (frozenset() if shown is None else shown.names())

    async def _look_over(self) -> None:
        while True:
            await asyncio.sleep(DAY)
            try:
                await self.store.look_over()
            except CannotStore as fault:
                _log.error("database not looked over", why=str(fault))

    async def _renew_certificate(self) -> None:
        """The one that we made ourselves, before it runs out; it is taken up as every other new one."""
        while self._config.web.tls_listen is not None and self._config.web.certificate is None:
            await asyncio.sleep(DAY)
            try:
                await asyncio.to_thread(self._make_certificate)
            except LocalError as fault:
                _log.error("certificate not renewed", why=str(fault))

    def _open_file(self, path: Path) -> File:
        """Recordings are sealed if that is the rule; a prompt that is spoken into a phone is no recording of a call.

        Raises OSError.
        """
        drafts = self._config.data / PROMPT_DRAFTS
        return DiskFile(path) if path.parent == drafts else self.archive.open_new(path)

    def _room_for_calls(self) -> None:
        """A call has two sockets and a recording; the usual soft limit of 1024 files would end at 300 calls."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

    async def _open_ports(self) -> None:
        """What another program may hold. Nobody is answered yet."""
        await self.sip.open(answer=False)
        self._open.push_async_callback(self.sip.stop)
        await self.door.open()
        self._open.push_async_callback(self.door.stop)

    async def _go(self) -> None:
        self.worker.start()
        self._open.push_async_callback(self.worker.stop)
        self._open.push_async_callback(self.gateway.stop)
        self.finisher.start()
        self._open.push_async_callback(self.finisher.stop)
        self.printer.start()
        self._open.push_async_callback(self.printer.stop)
        self.prompt_desk.start()
        self._open.push_async_callback(self.prompt_desk.stop)
        self._open.push_async_callback(self.prompts.stop)
        self.media.start(asyncio.get_running_loop())
        self._open.push_async_callback(self._stop_sound)
        self.board.history.start()
        self._open.push_async_callback(self.board.stop)
        await self.reload_flows()
        # Only now, when nothing can refuse any more: a password that nobody was shown would lock everybody out.
        self.first_password = await self._first_admin()
        await self.take_up_site()
        await self.board.desk.restore()
        await self.board.forwarding.restore()
        self.board.callbacks.start()
        self.board.campaigns.start()
        self.board.queueing.start()
        day, kept = self.board.today, self.store.today
        day.restore(await kept.visits(day.since), await kept.calls(day.since))
        day.start()
        await self.bans.restore()
        await self.board.waiting.places.restore()
        self.lamps.count()
        self._open.push_async_callback(self.lamps.stop)
        self._open.callback(self.sip.farewell)
        await self.sip.answer()
        await self.door.answer()
        await self.control.start()
        self._open.push_async_callback(self.control.stop)
        self._open.push_async_callback(self._stop_tasks)
        self.archive.start()
        self._open.push_async_callback(self.archive.stop)
        self.board.voicemail.rescue()
        self.post.start()
        self._open.push_async_callback(self.post.stop)
        await self.modules.start(self._open)
        self._own(self._watch_sound())
        self._own(self._relocate())
        self._own(self._renew_certificate())
        self._own(self._look_over())
        # What is there now stays: it need not be looked through again and again while calls run.
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG, *gc.get_threshold()[1:])

    async def _relocate(self) -> None:
        """The office's area code may be another than at the last start."""
        if changed := await self.store.customers.relocate():
            _log.info("numbers without an area code are of this area now", numbers=changed)

    # ---- what changes while it runs ---------------------------------------------------------------------

    async def take_up_site(self) -> None:
        """The store's site is in force: trunks, phones, queues, agents."""
        site = await self.store.site.load()
        self._seen_trunks = {trunk.name: self._seen_trunks.get(trunk.name, web.TrunkNow()) for trunk in site.trunks}
        await self.sip.configure(site)
        self.board.configure(site)
        language = self._config.language
        words = [*self.board.waiting.prompts(language), self.board.callbacks.greeting(language)]
        self._own(self.prompts.prepare(words))
        self.bus.publish(events.SiteChanged(at=self._clock.utc(), revision=site.revision))

    def _flows_office(self) -> graph.Office:
        """What an edited flow may name now."""
        config = self._config
        known = self._flows_may_name.with_site(self.board.site)
        return graph.Office(known, config.prompts, config.language)

    async def reload_flows(self) -> web.FlowsNow:
        """Read the flow files again, and make what their callers will hear."""
        loaded = await self.flows.load()
        await self.flow_desk.take_up()
        self.bus.publish(
            events.FlowsLoaded(
                at=self._clock.utc(), flows=loaded.flows, faults=tuple(str(fault) for fault in loaded.faults)
            )
        )
        self._own(self.prompts.prepare([*self.flows.prompts(self._config.language), Music()]))
        return web.FlowsNow(loaded.flows, loaded.faults)

    def reread(self, config: Callable[[], Config]) -> None:
        """SIGHUP: flows and configuration anew. What of it needs a restart is said in the log."""
        self._own(self.reload_flows())
        self.sip.reload_certificates()
        if self._web_certificates is not None:
            self._web_certificates.reload()
        self._own(self._reread(config))

    async def _reread(self, config: Callable[[], Config]) -> None:
        try:
            new = await asyncio.to_thread(config)
        except FaultyFile as fault:
            _log.error("configuration refused, the present one goes on", faults=[str(one) for one in fault.faults])
            return
        logs.set_up(new.log.level, new.log.format)
        at_once = {"log", "drain_seconds"}
        waiting = [
            key
            for key in type(new).model_fields
            if key not in at_once and getattr(new, key) != getattr(self._config, key)
        ]
        if waiting:
            _log.warning("configuration read; these keys take effect at the next start", keys=waiting)
        self._config = self._config.model_copy(update={key: getattr(new, key) for key in at_once})

    def _trunk_seen(self, seen: events.TrunkChanged) -> None:
        self._seen_trunks[seen.trunk] = web.TrunkNow(seen.state, seen.why)

    def _phones(self) -> Mapping[ExtensionNumber, web.PhoneNow]:
        by_sip = {
            number: web.PhoneNow(reachable=True, contact=binding.contact, device=binding.device)
            for number, binding in self.endpoint.registrations().items()
        }
        pages = {
            view.extension: web.PhoneNow(reachable=True, contact=f"page:{view.login}", device=web.PAGE)
            for view in self.pages.connected()
            if view.extension is not None
        }
        return {**by_sip, **pages}

    def _seen_phones(self) -> list[web.PhoneSeen]:
        now, at = self._clock.monotonic(), self._clock.utc()
        return [
            web.PhoneSeen(
                extension=seen.extension,
                contact=seen.contact,
                device=seen.device,
                source=seen.source,
                transport=seen.transport,
                latency_ms=None if seen.latency is None else round(seen.latency * 1000, 1),
                silent=seen.silent,
                since=at - timedelta(seconds=now - seen.since),
                expires_at=at + timedelta(seconds=seen.expires_at - now),
            )
            for seen in self.endpoint.phones(now)
        ]

    def counters(self) -> Mapping[str, float]:
        return {
            **self.board.counters(),
            **{f"sip_{name}": value for name, value in self.endpoint.counters().items()},
            "webrtc_up": self.gateway.state == "up",
            "webrtc_pages": self.gateway.figures.pages,
            "webrtc_cpu_seconds_total": self.gateway.figures.cpu_seconds,
            "webrtc_strangers_total": self.gateway.figures.strangers,
            "webrtc_badly_sealed_total": self.gateway.figures.bad,
            "webrtc_restarts_total": self.gateway.restarts,
            **self.archive.counters(),
            **self.post.counters(),
            **self.modules.sms.counters(),
            "duties_told_total": self.modules.warnings.told,
            "worker_restarts_total": self.worker.restarts + self.finisher.restarts + self.printer.restarts,
        }

    async def _watch_sound(self) -> None:
        """What signalling lets in depends on how late sound is; a media thread that stands still is late for ever.

        The ticks of the start are not looked at: the start itself makes them late, and then is over.
        """
        await asyncio.sleep(SETTLED)
        before = -1
        while True:
            figures = self.media.lateness(LOOKED_AT)
            self.sip.late(figures.late_ms_p95 if figures.ticks != before else math.inf)
            before = figures.ticks
            await asyncio.sleep(LOOK_EVERY)

    # ---- the local door -----------------------------------------------------------------------------------

    async def _status(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"web": self.address, "calls": self.calls.count(), "draining": self.board.draining}

    async def _apply(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        applied = await site_file.apply_text(
            self.store,
            self.passwords,
            str(asked.get("text", "")),
            str(asked.get("name", "site")),
            overwrite=asked.get("overwrite") is True,
        )
        if applied.changes:
            await self.take_up_site()
        return {"changes": list(applied.changes), "kept": [str(one) for one in applied.kept]}

    async def _export(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"text": await site_file.export(self.store)}

    async def _reset_second_factor(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        removed = await forget_factor(self.store, str(asked.get("login", "")), self._clock.utc())
        await self.take_up_site()
        return {"removed": removed}

    async def _reload(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        now = await self.reload_flows()
        return {"flows": list(now.flows), "faults": [str(fault) for fault in now.faults]}

    # ---- stopping ---------------------------------------------------------------------------------------

    async def drain(self) -> None:
        """No new calls; returns when the running ones are over, or their time is."""
        self.board.drain()
        self.sip.drain()
        over = asyncio.Event()
        self.bus.listen(events.CallEnded, lambda _: over.set())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._config.drain_seconds):
                while self.calls.count():
                    over.clear()
                    await over.wait()

    async def stop(self) -> None:
        """Everything, in the opposite order of starting. What was said to be kept is."""
        await self._open.aclose()

    async def _stop_sound(self) -> None:
        await asyncio.to_thread(self.media.stop)
        await asyncio.sleep(0)  # its last facts are told now
        await self.board.history.settled()

    async def _stop_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _own(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            _log.error("task failed", exc_info=fault)


def mail_account(config: Config) -> Account:
    mail = config.mail
    return Account(
        host=mail.host,
        port=mail.port,
        security=mail.security,
        user=mail.user,
        password_file=mail.password_file,
        sender=mail.sender,
        ca=mail.ca,
        timeout=mail.timeout_seconds,
        most_octets=int(mail.attachment_mb * 1_000_000),
    )


async def serve(config: Config, say: Callable[[str], None], reread: Callable[[], Config]) -> None:
    """Start, say `ready`, run until SIGTERM or SIGINT, drain, stop. Raises CannotStart.

    reread: the configuration as its file is now, for SIGHUP; may raise FaultyFile. A second SIGTERM stops without
    waiting for calls.
    """
    server = Server(config)
    await server.start()
    loop = asyncio.get_running_loop()
    stopping, hurried = asyncio.Event(), asyncio.Event()

    def asked_to_stop() -> None:
        (hurried if stopping.is_set() else stopping).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked_to_stop)
    loop.add_signal_handler(signal.SIGHUP, server.reread, reread)
    first = f"  {ADMIN} / {server.first_password}  (shown only this once)" if server.first_password else ""
    say(f"ready {server.address}{first}")
    try:
        await stopping.wait()
        _log.info("draining", calls=server.calls.count())
        draining = asyncio.ensure_future(server.drain())
        hurry = asyncio.ensure_future(hurried.wait())
        await asyncio.wait({draining, hurry}, return_when=asyncio.FIRST_COMPLETED)
        for task in (draining, hurry):
            task.cancel()
    finally:
        await server.stop()
