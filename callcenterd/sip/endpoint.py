"""The door of this room: places, answers and ends calls; registers phones and trunks; tells what happened.

Sans-IO: messages, our side's wishes and time go in; `parcels` for the edge, events and the next deadline come out.
A request goes down this file once: admission, message, transaction, dialog, or a new call of somebody who may.
"""

from __future__ import annotations

import ipaddress
import itertools
import random
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from callcenterd.errors import LocalError, NotFound
from callcenterd.model import numbers
from callcenterd.model.ids import ExtensionNumber, TrunkName
from callcenterd.model.site import Site
from callcenterd.sip import events, session_timer
from callcenterd.sip.admission import Admission, BannedSource, calls_for_help
from callcenterd.sip.conversation import Conversation, named_by
from callcenterd.sip.dialog import Dialog
from callcenterd.sip.digest import Guard, Offers, Verdict
from callcenterd.sip.events import DialogId, SipEvent, ToExtension, ToTrunk
from callcenterd.sip.flow import Address, Flow, Transport, written_host
from callcenterd.sip.headers import NameAddr, readable
from callcenterd.sip.identity import (
    LONGEST_NAME,
    LONGEST_NUMBER,
    Who,
    called_number,
    caller_of,
    diverted_from,
    fixed_contact,
    name_of,
    number_of,
    shown_to,
    taken_elsewhere,
    user_of,
    wanted_of,
)
from callcenterd.sip.incoming import Incoming
from callcenterd.sip.locate import Found, Machine, Routes, Wanted
from callcenterd.sip.matching import AnyServer, DialogKey, dialog_key
from callcenterd.sip.message import Message, Request, Response, is_keepalive, parse, reply_to
from callcenterd.sip.outgoing import Outgoing, Target
from callcenterd.sip.overload import Level, Limits, Overload
from callcenterd.sip.post import ALLOW, SDP, UNDERSTOOD, Account, Facing, Parcel, Post, party_of, sdp_of
from callcenterd.sip.probe import Probed, Probes
from callcenterd.sip.qualify import Qualify
from callcenterd.sip.refer import replaces_of
from callcenterd.sip.registrar import SHORTEST, Binding, NotRegistered, Registrar, Registration, one_of_each
from callcenterd.sip.strangers import Stranger, Strangers, Why
from callcenterd.sip.subscriptions import Documents, Package, Subscriptions
from callcenterd.sip.syntax import MalformedMessage
from callcenterd.sip.texts import Texts
from callcenterd.sip.transaction import RFC_TIMERS, InviteServerTransaction, Timers
from callcenterd.sip.trunk import Line
from callcenterd.sip.trunks import Trunks
from callcenterd.sip.uri import OtherUri, SipUri

_log = structlog.get_logger(__name__)

_DONE_HERE = frozenset(
    {"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE", "REGISTER", "SUBSCRIBE", "MESSAGE"}
)
_NEVER_DONE = frozenset({"PRACK", "NOTIFY", "PUBLISH", "REFER"})
_BRANCH = re.compile(r";\s*branch\s*=\s*([^\s;,]+)", re.I)
_COME_BACK_LATER = "30"
"""Seconds that a trunk is to send us nothing while we drain."""
_SAID_OFTEN = 60.0
"""Seconds between two log lines about the same stranger."""


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneSeen:
    """One binding, for a page. latency: seconds to the phone and back; None: not known yet. silent: it did not answer
    the last question. since, expires_at: monotonic."""

    extension: ExtensionNumber
    contact: str
    device: str
    source: str
    transport: Transport
    latency: float | None
    silent: bool
    since: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class Phone:
    """An extension's newest binding, for a page. source: where it speaks from. expires_at: monotonic; inf: fixed."""

    contact: str
    device: str
    source: str
    expires_at: float
    bindings: int


class Endpoint:
    """Everything of one server's SIP. Used from one thread; `now` is monotonic seconds."""

    def __init__(
        self,
        *,
        domain: str,
        chance: random.Random,
        tell: Callable[[SipEvent], None],
        facing: Facing | None = None,
        timers: Timers = RFC_TIMERS,
        region: str = "CN",
        overload: Limits | None = None,
        never_banned: Collection[Network] = (),
        banned: Callable[[BannedSource], None] = lambda _: None,
    ) -> None:
        """domain: the realm of digests and the host of our addresses. tell: each event, when `tell_events` is called.
        facing: see `post.Facing`; None: the machine's routing table. region: its emergency numbers are never refused.
        never_banned: sources that are not, whatever they do; trunks never are. banned: told like an event of each ban
        that begins."""
        self._domain = domain
        self._tell = tell
        self._post = Post(chance, facing or Routes(), timers=timers)
        self._never_banned = tuple(never_banned)
        self._banned = banned
        self._admission = Admission(spared=self._spared)
        self._overload = Overload(overload)
        self._region = region
        self._guard = Guard(domain, chance)
        self._offers = Offers()
        self._registrar = Registrar()
        self._qualify = Qualify(self._post, self._registrar)
        self._who = Who(self._registrar, chance)
        self._trunks = Trunks(self._post, self._who)
        self._probes = Probes(self._post, self._who, self._trunks)
        self._calls: dict[DialogId, Incoming | Outgoing] = {}
        self._dialogs: dict[DialogKey, Conversation] = {}
        self._subscriptions = Subscriptions(self._post)
        self._texts = Texts(self._post, domain, self._phones)
        self._identities = itertools.count(1)
        self._draining = False
        self._complained: dict[str, float] = {}
        self._strangers = Strangers()

    # ---- what the edge carries -------------------------------------------------------------------------------

    def listening(self, listeners: Collection[tuple[Transport, Address]]) -> None:
        """Where the edge listens now."""
        self._post.listen(listeners)

    def receive(self, octets: bytes, flow: Flow, now: float) -> None:
        """One datagram. Whatever it holds, this returns."""
        if is_keepalive(octets):
            return
        if not self._lets_in(octets, flow, now):
            return
        try:
            message = parse(octets)
        except MalformedMessage as fault:
            self._malformed(fault, flow)
            return
        self._take(message, flow, now)

    def take(self, item: Message | MalformedMessage, flow: Flow, now: float) -> None:
        """One message off a stream, or the fault of one."""
        if isinstance(item, MalformedMessage):
            if self._lets_in(b"", flow, now):
                self._malformed(item, flow)
        elif self._lets_in(_beginning(item), flow, now):
            self._take(item, flow, now)

    def parcels(self) -> list[Parcel]:
        """What is to be sent now, in order; each is given out once."""
        parcels = self._post.parcels
        if parcels:
            self._post.counts["messages_out"] += len(parcels)
            self._post.parcels = []
        return parcels

    def unsent(self, parcel: Parcel, why: str, now: float) -> None:
        """A parcel could not be sent."""
        self._post.counts["unsent"] += 1
        _log.info("cannot be sent", target=str(parcel.flow), why=why)
        if parcel.sender is not None:
            party_of(parcel.sender).why = why
            self._post.fail(parcel.sender, now)

    def connection_ended(self, flow: Flow, now: float) -> None:
        """A TCP connection is gone: its bindings, and what waits for an answer on it."""
        self._reachable(self._registrar.lost(flow.connection), False)
        self._subscriptions.lost(flow)
        self._post.fail_all(flow, now)

    def needs(self, flow: Flow) -> bool:
        """Does a binding, a dialog or a subscription live on this connection, or does a trunk call us on it?"""
        return (
            self._registrar.holds(flow)
            or any(one.dialog.flow.goes_over(flow) for one in self._dialogs.values())
            or bool(self._who.trunks_at(flow.remote[0]))
            or self._subscriptions.lives_on(flow)
        )

    def tell_events(self) -> bool:
        """Tell what happened. Answers whether there was anything: what is told may ask for more."""
        waiting = self._post.events
        any_waiting = bool(waiting)
        for ban in self._admission.news():
            self._post.counts["bans"] += 1
            _log.warning("address banned", source=ban.source, seconds=round(ban.length), why=ban.why)
            self._banned(ban)
        while waiting:
            event = waiting.popleft()
            try:
                self._tell(event)
            except Exception:  # noqa: BLE001  # who hears one event badly must still hear the next, and the room goes on
                _log.exception("event not taken", happening=type(event).__name__)
        return any_waiting

    def lookups(self, now: float) -> list[Wanted]:
        """Whom to find now (`locate.locate`); hand each answer to `located`."""
        return self._who.names.due(now)

    def located(self, wanted: Wanted, found: Found, now: float) -> None:
        if self._who.names.answered(wanted, found, now):
            self._who.located()
            self._trunks.look(now)

    def deadline(self) -> float | None:
        dues = [due for due in (self._post.deadline(), self._who.names.deadline()) if due is not None]
        return min(dues, default=None)

    def advance(self, now: float) -> None:
        """Do what is due."""
        self._post.advance(now)

    # ---- what is asked of us ---------------------------------------------------------------------------------

    def configure(self, site: Site, now: float) -> None:
        """Trunks and extensions as they are from now on. Calls go on; bindings of who is gone, or has another
        password, end."""
        before = self._who.extensions
        fixed = {number for number, extension in before.items() if fixed_contact(extension) is not None}
        self._who.configure(site.trunks, site.extensions, now)
        stay = [
            number
            for number, extension in self._who.extensions.items()
            if number in before and before[number].password.reveal() == extension.password.reveal()
        ]
        gone = set(self._registrar.keep_only(stay))
        self._subscriptions.keep_only(stay, now)
        now_fixed = {n for n, extension in self._who.extensions.items() if fixed_contact(extension) is not None}
        self._reachable(sorted(now_fixed - fixed), True)
        self._reachable(sorted((gone | fixed) - now_fixed), False)
        self._trunks.look(now)

    def wanted(self, trunk: TrunkName) -> Wanted:
        """Whom to find to reach that trunk. Raises NotFound."""
        return self._line(trunk).wanted

    def probe(
        self, trunk: TrunkName, machines: Sequence[Machine], told: Callable[[Probed], None], *, now: float
    ) -> None:
        """Ask a trunk now whether it is there and takes us (`probe.Probes.begin`). Raises NotFound."""
        self._probes.begin(trunk, machines, told, now)

    def late(self, late_ms: float, now: float) -> None:
        """How late sound is: p99 of the last few seconds. From now on that much is let in (`overload`)."""
        self._overload.look(late_ms, now)

    def drain(self) -> None:
        """No new calls from now on; registrations and running calls go on."""
        self._draining = True

    def show(self, documents: Documents) -> None:
        """What subscribers are told (`subscriptions.Documents`). Until then there is nothing to subscribe to."""
        self._subscriptions.documents = documents

    def changed(self, package: Package, number: ExtensionNumber, now: float) -> None:
        """What subscribers are told about that extension is another now."""
        self._subscriptions.changed(package, number, now)

    def farewell(self, now: float) -> None:
        """The server stops: who subscribed is told to come again later (RFC 6665 §4.1.3)."""
        self._subscriptions.end_all(now)

    def ring(self, dialog: DialogId, sdp: bytes | None = None, *, now: float) -> None:
        if isinstance(call := self._calls.get(dialog), Incoming):
            call.ring(sdp, now)

    def accept(self, dialog: DialogId, sdp: bytes, *, now: float) -> None:
        if isinstance(call := self._calls.get(dialog), Incoming):
            call.accept(sdp, now)

    def refuse(self, dialog: DialogId, status: int, phrase: str | None = None, *, now: float) -> None:
        """status: 300 to 699. Of a call that we answered already: a BYE."""
        call = self._calls.pop(dialog, None)
        if isinstance(call, Incoming):
            call.refuse(status, phrase, now)
        if call is not None:
            call.hang_up(None, now)

    def hang_up(self, dialog: DialogId, reason: str | None = None, *, now: float) -> None:
        """Whatever its state asks for. reason: a Reason header value (RFC 3326), or words. Nothing more is told."""
        call = self._calls.pop(dialog, None)
        if call is not None:
            call.hang_up(reason, now)

    def accept_offer(self, dialog: DialogId, sdp: bytes, *, now: float) -> None:
        if (conversation := self._conversation(dialog)) is not None:
            conversation.accept_offer(sdp, now)

    def refuse_offer(self, dialog: DialogId, status: int = 488, *, now: float) -> None:
        if (conversation := self._conversation(dialog)) is not None:
            conversation.refuse_offer(status, now)

    def offer(self, dialog: DialogId, sdp: bytes, *, now: float) -> None:
        """A new offer of ours, as soon as one can be made. Its end is a `Reanswered` or an `OfferRefused`."""
        if (conversation := self._conversation(dialog)) is not None:
            conversation.renewal.offer(sdp, now)

    def tell_referral(self, dialog: DialogId, status: int, *, now: float) -> None:
        """How far what a `Referred` asked for has come: 100 takes it on, from 200 on it is decided."""
        if (conversation := self._conversation(dialog)) is not None:
            conversation.tell_referral(status, now)

    def ask_if_there(self, dialog: DialogId, *, now: float) -> None:
        """Of a call that is up. Is nobody there, it has ended: `HungUp` with the reason NOT_THERE."""
        if (conversation := self._conversation(dialog)) is not None:
            conversation.ask_if_there(now)

    def pick_up(self, dialog: DialogId, *, now: float) -> bool:
        """Tell a phone that rings to answer (Event: talk). Is there one that can be told?"""
        call = self._calls.get(dialog)
        return isinstance(call, Outgoing) and call.pick_up(now)

    def can_pick_up(self, dialog: DialogId) -> bool:
        """Would `pick_up` find a phone that can be told?"""
        call = self._calls.get(dialog)
        return isinstance(call, Outgoing) and call.can_be_told

    def place(
        self, to: ToExtension | ToTrunk, *, caller: str, caller_name: str = "", sdp: bytes, now: float
    ) -> DialogId:
        """INVITE, to every phone of an extension at once. Raises LocalError if there is nowhere to send it."""
        targets = self._targets(to, now)
        host = self._domain if isinstance(to, ToExtension) else self._post.local_host(targets[0].flow)
        number = readable(caller, LONGEST_NUMBER)
        from_ = (
            NameAddr(readable(caller_name, LONGEST_NAME), SipUri.of(number, host))
            if number
            else NameAddr("Anonymous", SipUri.of("anonymous", "anonymous.invalid"))
        )
        if isinstance(to, ToTrunk):
            from_, more = shown_to(self._line(to.trunk).trunk, from_ if number else None, host)
            targets = [replace(target, more=more) for target in targets]
        elif to.at_once:
            targets = [replace(target, more=_at_once(self._domain)) for target in targets]
        called = SipUri.of(to.number, self._domain if isinstance(to, ToExtension) else self._line(to.trunk).trunk.host)
        identity = DialogId(next(self._identities))
        call = Outgoing(self._post, identity, self._dialogs, self._forget)
        call.start(targets, from_=from_, to=NameAddr("", called), sdp=sdp, now=now)
        self._calls[identity] = call
        self._post.counts["calls_placed"] += 1
        return identity

    def local_host_towards(self, to: ToExtension | ToTrunk, *, now: float) -> str:
        """The address of ours that faces them. Raises LocalError like `place`."""
        return self._post.sound_host(self._targets(to, now)[0].flow)

    def is_secure_towards(self, to: ToExtension | ToTrunk, *, now: float) -> bool:
        """Does everybody who would get our INVITE get it over TLS? Raises LocalError like `place`."""
        return all(target.flow.secure for target in self._targets(to, now))

    # ---- what pages show -------------------------------------------------------------------------------------

    def counters(self) -> Mapping[str, float]:
        """Counters since the start end in _total; the others are how many there are now."""
        counts = self._post.counts
        names = (
            "messages_in", "messages_out", "malformed", "held_back", "retransmissions", "repeated", "unsent",
            "unknown_sources", "challenged", "wrong_digests", "locks", "bans", "merged", "refused_by_load",
            "calls_placed", "calls_arrived",
        )  # fmt: skip
        return {
            **{f"{name}_total": float(counts[name]) for name in names},
            "overload_level": float(self._overload.level),
            "transactions": float(len(self._post.transactions)),
            "dialogs": float(len(self._dialogs)),
            "calls": float(len(self._calls)),
            "registrations": float(len(self._registrar)),
            "subscriptions": float(len(self._subscriptions)),
        }

    def registrations(self) -> Mapping[ExtensionNumber, Phone]:
        """Every extension that can be reached: registered ones and devices at a fixed address."""
        found = {
            number: Phone(str(uri), "", f"{uri.host}:{uri.port or 5060}", float("inf"), 1)
            for number, extension in self._who.extensions.items()
            if (uri := fixed_contact(extension)) is not None
        }
        for number in self._registrar.extensions():
            bindings = self._registrar.all_of(number)
            newest = bindings[-1]
            found[number] = Phone(
                str(newest.uri), newest.user_agent, str(newest.flow), newest.expires_at, len(bindings)
            )
        return found

    def phones(self, now: float) -> list[PhoneSeen]:
        """Every phone that is registered, by its extension."""
        return [
            PhoneSeen(
                extension=number,
                contact=str(binding.uri),
                device=binding.user_agent,
                source=f"{written_host(binding.flow.remote[0])}:{binding.flow.remote[1]}",
                transport=binding.flow.transport,
                latency=None if distance is None else distance.latency,
                silent=distance is not None and distance.silent,
                since=binding.since,
                expires_at=binding.expires_at,
            )
            for number in self._registrar.extensions()
            for binding in self._registrar.bindings(number, now)
            for distance in [self._qualify.of(number, binding)]
        ]

    def strangers(self) -> list[Stranger]:
        """Who was turned away lately, and why; the newest first."""
        return self._strangers.lately()

    def bans(self, now: float) -> list[BannedSource]:
        """Addresses that are not heard now, since somebody there guessed passwords or names."""
        return self._admission.bans(now)

    def lift_ban(self, source: str) -> bool:
        """Hear that address again. Answers whether anything was held against it."""
        return self._admission.lift(source)

    def restore_bans(self, bans: Iterable[BannedSource], now: float) -> None:
        """Bans of an earlier run."""
        for ban in bans:
            self._admission.restore(ban, now)

    # ---- messages --------------------------------------------------------------------------------------------

    def _lets_in(self, octets: bytes, flow: Flow, now: float) -> bool:
        self._post.counts["messages_in"] += 1
        source = flow.remote[0]
        if self._who.known(source):
            return True
        few = self._overload.level >= Level.FEW_STRANGERS and not calls_for_help(octets, self._region)
        if self._admission.lets_in(octets, source, now, few=few):
            return True
        self._post.counts["held_back"] += 1
        return False

    def _spared(self, source: str) -> bool:
        if self._who.trunks_at(source):
            return True
        return bool(self._never_banned) and any(ipaddress.ip_address(source) in one for one in self._never_banned)

    def _malformed(self, fault: MalformedMessage, flow: Flow) -> None:
        """A request whose top Via can be read is told what is wrong with it; everything else is dropped."""
        self._post.counts["malformed"] += 1
        _log.debug("malformed", source=str(flow), why=str(fault))
        if not isinstance(fault.request, Request):
            return
        try:
            fault.request.stamp_source(*flow.remote)
            self._post.answer_stranger(fault.request, _way_back(fault.request, flow), fault.status)
        except MalformedMessage:
            return

    def _take(self, message: Message, flow: Flow, now: float) -> None:
        try:
            if isinstance(message, Response):
                self._response(message, flow, now)
            else:
                message.stamp_source(*flow.remote)
                _ = message.contacts, message.record_routes, message.routes  # readable, or refused before anything
                self._request(message, _way_back(message, flow), flow, now)
        except MalformedMessage as fault:
            if isinstance(message, Request) and message.method != "ACK":
                fault.request = message
            self._malformed(fault, flow)
        except LocalError as fault:  # no way back to them, or an answer that our own state does not allow
            _log.warning("message not answered", source=str(flow), why=str(fault))

    def _response(self, response: Response, flow: Flow, now: float) -> None:
        _ = response.contacts, response.record_routes
        arrival = self._post.arrive(response, flow, now)
        if arrival.kind == "stray":
            _log.debug("answer to nothing", source=str(flow), status=response.status)

    def _request(self, request: Request, back: Flow, flow: Flow, now: float) -> None:
        if request.method == "CANCEL":
            self._cancel(request, back, now)
        elif request.to.tag is not None or request.method == "ACK":
            self._within_dialog(request, back, flow, now)
        elif (refusal := _unfit(request)) is not None:
            self._post.answer_stranger(request, back, refusal.status, **refusal.headers)
        elif request.method == "OPTIONS":
            self._post.answer_stranger(request, back, 200, Allow=ALLOW, Accept=SDP)
        elif request.method == "REGISTER":
            self._register(request, back, flow, now)
        elif request.method == "INVITE":
            self._invite(request, back, flow, now)
        elif request.method == "SUBSCRIBE":
            self._subscribe(request, back, flow, now)
        elif request.method == "MESSAGE":
            self._text(request, back, now)
        else:  # BYE, INFO and UPDATE of no dialog
            self._post.answer_stranger(request, back, 481)

    def _cancel(self, request: Request, back: Flow, now: float) -> None:
        invite = self._post.transactions.invite_of(request)
        if invite is None or party_of(invite).flow.remote[0] != back.remote[0]:
            self._post.answer_stranger(request, back, 481)
            return
        arrival = self._post.arrive(request, back, now)
        if arrival.kind != "new":
            return
        call = party_of(invite).asker
        tag = call.conversation.dialog.local_tag if isinstance(call, Incoming) else None
        self._post.answer(_server(arrival.transaction), 200, now, tag=tag)
        if isinstance(call, Incoming):
            call.cancelled(now, elsewhere=taken_elsewhere(request))
        elif isinstance(call, Conversation):
            call.refuse_offer(487, now)  # they take back a re-INVITE

    def _within_dialog(self, request: Request, back: Flow, flow: Flow, now: float) -> None:
        conversation = self._dialogs.get(dialog_key(request))
        subscription = self._subscriptions.find(request) if conversation is None else None
        if (
            conversation is None
            and subscription is None
            and request.method != "ACK"
            and not self._who.known(back.remote[0])
        ):
            if request.method == "INVITE":
                self._challenge(request, back, now)  # to a stranger, an old call is as little there as a new one
            else:
                self._post.answer_stranger(request, back, 481)
            return
        arrival = self._post.arrive(request, back, now)
        if arrival.kind == "stray" and request.method == "ACK" and conversation is not None:
            conversation.acknowledged(request, now)
        elif arrival.kind == "full":
            self._post.answer_stranger(request, back, 503)
        elif arrival.kind in ("new", "merged"):
            transaction = _server(arrival.transaction)
            if subscription is not None:
                self._subscriptions.within(subscription, request, transaction, flow, now)
            elif conversation is None:
                self._post.answer(transaction, 481, now)
            elif _unknown_extensions(request, UNDERSTOOD):
                self._refuse(transaction, _bad_extension(request, UNDERSTOOD), now)
            else:
                conversation.asked(request, transaction, now)

    # ---- who may ---------------------------------------------------------------------------------------------

    def _register(self, request: Request, back: Flow, flow: Flow, now: float) -> None:
        transaction = self._prove(request, back, now)
        if transaction is None:
            return
        server, name = transaction
        extension = ExtensionNumber(name)
        if user_of(request.to.uri) != name:
            self._turn_away(request, flow, "other_name", now, name)
            self._post.answer(server, 403, now)  # nobody registers for somebody else
            return
        asked = Registration(
            contacts=None if request.contact_is_star else request.contacts,
            expires=request.expires,
            call_id=request.call_id,
            sequence=request.cseq.number,
            flow=flow,
            user_agent=readable(request.headers.get("User-Agent") or "", LONGEST_NAME),
            path=tuple(request.headers.values("Path")),
        )
        before = {binding.call_id for binding in self._registrar.bindings(extension, now)}
        try:
            bindings = self._registrar.register(extension, asked, now)
        except NotRegistered as refused:
            response = reply_to(request, refused.status, to_tag=self._post.token())
            if refused.status == 423:
                response.headers.add("Min-Expires", str(SHORTEST))
            self._post.respond(server, response, now)
            return
        self._post.agenda.at(self._expire, self._registrar.deadline())
        response = reply_to(request, 200, to_tag=self._post.token())
        for binding in bindings:
            response.headers.add("Contact", f"{binding.contact};expires={binding.seconds_left(now)}")
        response.headers.copy_from(request.headers, "Path")  # RFC 3327 §5.3
        if _numbers_its_flow(request) and flow.transport != "UDP":
            response.headers.add("Require", "outbound")  # RFC 5626 §6: its pings are answered, which by UDP needs STUN
        self._post.respond(server, response, now)
        self._qualify.registered(extension, bindings, now)
        # Another Call-ID: a phone that was started anew is there again, though its old binding never ran out.
        if {binding.call_id for binding in bindings} - before or bool(bindings) != bool(before):
            self._reachable([extension], bool(bindings))

    def _subscribe(self, request: Request, back: Flow, flow: Flow, now: float) -> None:
        """Only our own extensions are told anything: who they are they prove as for a call (RFC 6665 §4.2.1.3)."""
        if (proved := self._prove(request, back, now)) is not None:
            server, name = proved
            self._subscriptions.begin(request, server, ExtensionNumber(name), flow, now)

    def _text(self, request: Request, back: Flow, now: float) -> None:
        if (proved := self._prove(request, back, now)) is not None:
            server, name = proved
            self._texts.arrived(server, ExtensionNumber(name), now)

    def _invite(self, request: Request, back: Flow, flow: Flow, now: float) -> None:
        if self._overload.level >= Level.NEW_CALLS and self._is_too_much(request, back, now):
            return
        proofs = request.authorizations
        line = None if self._guard.named(proofs) is not None else self._who.trunk_of(request, flow, now)
        if line is None:
            proved = self._prove(request, back, now)
            if proved is None:
                return
            server, extension = proved
        else:
            arrival = self._post.arrive(request, back, now)
            if not self._is_new(arrival.kind, request, back, arrival.transaction, now):
                return
            server, extension = _server(arrival.transaction), ""
        assert isinstance(server, InviteServerTransaction)
        if (refusal := _uncallable(request)) is not None:
            self._refuse(server, refusal, now)
        elif self._came_back(request):
            self._refuse(server, _Refusal(482, {}), now)
        elif self._draining:
            self._refuse(server, _Refusal(503, {"Retry-After": _COME_BACK_LATER}), now)
        else:
            self._begin(request, server, line, ExtensionNumber(extension), flow, now)

    def _came_back(self, request: Request) -> bool:
        """An INVITE of ours that somebody on its way sent to us: a Via below the first one is ours (RFC 3261 §16.3).

        Searched, not read: what is wrong with the Vias of others is not ours to refuse.
        """
        branches = (branch for via in request.headers.values("Via")[1:] for branch in _BRANCH.findall(via))
        return any(self._post.transactions.has_sent(branch) for branch in branches)

    def _is_too_much(self, request: Request, back: Flow, now: float) -> bool:
        """A new call while there is too much to do: refused, and nothing is kept of it. Not a call for help, the
        repetition of one that was let in, or one that takes the place of a call that is there (RFC 3891)."""
        if (
            self._post.transactions.invite_of(request) is not None
            or request.headers.has("Replaces")
            or numbers.is_emergency(number_of(request.target), self._region)
        ):
            return False
        self._post.counts["refused_by_load"] += 1
        self._turn_away(request, back, "too_much", now)
        self._post.answer_stranger(request, back, 503)
        return True

    def _begin(
        self,
        request: Request,
        server: InviteServerTransaction,
        line: Line | None,
        extension: ExtensionNumber,
        flow: Flow,
        now: float,
    ) -> None:
        replaced = self._replaced(request, extension if line is None else None)
        if isinstance(replaced, _Refusal):
            self._refuse(server, replaced, now)
            return
        self._post.respond(server, reply_to(request, 100), now)
        identity = DialogId(next(self._identities))
        call = Incoming(self._post, identity, server, self._forget)
        dialog = Dialog.of_their_invite(request, self._post.token(), self._post.contact(flow), flow, 0)
        call.conversation = Conversation(
            self._post,
            identity,
            dialog,
            call,
            self._dialogs,
            pinned=line is None,
            extension=extension if line is None else None,
            account=_account(line),
            allows_update="UPDATE" in request.allow,
        )
        self._calls[identity] = call
        self._post.counts["calls_arrived"] += 1
        # What a phone says of itself is not believed; it has proved which extension it is.
        caller, name = caller_of(request) if line is not None else (extension, name_of(request.from_))
        self._post.events.append(
            events.IncomingCall(
                dialog=identity,
                trunk=line.trunk.name if line is not None else None,
                extension=None if line is not None else extension,
                caller=caller,
                caller_name=name,
                called=called_number(request, line.trunk.username if line is not None else ""),
                offer=sdp_of(request),
                local_host=self._post.sound_host(flow),
                diverted_from=diverted_from(request) if line is not None else (),
                replaces=None if replaced is None else replaced.id,
                secure=flow.secure,
            )
        )

    def _replaced(self, request: Request, extension: ExtensionNumber | None) -> Conversation | _Refusal | None:
        """The dialog whose place a call is to take (RFC 3891 §3). Nobody takes over the call of another."""
        try:
            wanted = replaces_of(request)
        except MalformedMessage:
            return _Refusal(400, {})
        if wanted is None:
            return None
        found = named_by(wanted, self._dialogs)
        if found is None or found.told_no_more:
            return _Refusal(481, {})
        if extension is None or found.extension != extension:
            return _Refusal(403, {})
        return _Refusal(486, {}) if wanted.early_only and found.up else found

    def _prove(self, request: Request, back: Flow, now: float) -> tuple[AnyServer, str] | None:
        """The transaction and the name of who has proved to be an extension. None: it is dealt with.

        Who shows no proof, or one that answers no challenge of ours, is challenged without anything kept of it: else
        a few addresses with made-up proofs would fill the room that calls need. Whoever is named, and whether anybody
        has that name, the answers are the same.
        """
        proofs, source = request.authorizations, back.remote[0]
        name = self._guard.named(proofs)
        if name is None or not self._guard.answers(proofs, source=source):
            self._challenge(request, back, now)
            return None
        if not self._admission.may_try(source, name, now):
            self._post.counts["held_back"] += 1
            self._turn_away(request, back, "too_many_tries", now, name)
            self._post.answer_stranger(request, back, 403)
            return None
        arrival = self._post.arrive(request, back, now)
        if not self._is_new(arrival.kind, request, back, arrival.transaction, now):
            return None
        server = _server(arrival.transaction)
        judged = self._guard.judge(proofs, request.method, request.uri, self._who.password_of, now, source=source)
        if judged.verdict is Verdict.PROVEN:
            self._admission.proved(source, name)
            self._offers.answered(back.remote, judged.algorithm)
            return server, name
        if judged.verdict is Verdict.WRONG:
            self._post.counts["wrong_digests"] += 1
            self._turn_away(request, back, self._wrong(name), now, name)
            if self._admission.failed(source, name, now):
                self._post.counts["locks"] += 1
                _log.warning("too many wrong passwords", source=source, name=readable(name, LONGEST_NUMBER))
            self._post.answer(server, 403, now)
            return None
        challenges = self._challenges(request, back, now, stale=judged.verdict is Verdict.STALE)
        self._refuse(server, _Refusal(401, {"WWW-Authenticate": challenges}), now)
        return None

    def _challenge(self, request: Request, back: Flow, now: float) -> None:
        """A phone's first request, or a stranger's. One who calls and names nobody of ours is worth a line."""
        self._post.counts["challenged"] += 1
        source, caller = back.remote[0], user_of(request.from_.uri)
        if not self._who.known(source):
            self._admission.challenged(source, now)
        if request.method == "INVITE" and ExtensionNumber(caller) not in self._who.extensions:
            self._post.counts["unknown_sources"] += 1
            self._turn_away(request, back, "not_a_trunk", now, caller)
            if now >= self._complained.get(source, float("-inf")):
                if len(self._complained) >= 1000:
                    self._complained.clear()
                self._complained[source] = now + _SAID_OFTEN
                _log.warning(
                    "call refused: not a trunk's address",
                    source=source,
                    caller=readable(caller, LONGEST_NUMBER),
                    called=number_of(request.target),
                )
        self._post.answer_stranger(request, back, 401, WWW_Authenticate=self._challenges(request, back, now))

    def _wrong(self, name: str) -> Why:
        """Only for who looks after the office: what is answered is the same (see `_prove`)."""
        extension = self._who.extensions.get(ExtensionNumber(name))
        if extension is None:
            return "unknown_user"
        return "wrong_password" if extension.password.reveal() else "no_password"

    def _turn_away(self, request: Request, back: Flow, why: Why, now: float, user: str = "") -> None:
        called = readable(number_of(request.target), LONGEST_NUMBER) if request.method == "INVITE" else ""
        name = readable(user or user_of(request.from_.uri), LONGEST_NUMBER)
        self._strangers.turned_away(back.remote[0], back.transport, request.method, name, called, why, now)

    def _challenges(self, request: Request, back: Flow, now: float, *, stale: bool = False) -> list[str]:
        offered = self._offers.to(back.remote, request.via.branch, request.headers.get("User-Agent") or "")
        return self._guard.challenges(now, source=back.remote[0], stale=stale, algorithms=offered)

    def _is_new(self, kind: str, request: Request, back: Flow, transaction: object, now: float) -> bool:
        if kind == "merged":
            self._post.counts["merged"] += 1
            self._post.answer(_server(transaction), 482, now)
        elif kind == "full":
            self._post.answer_stranger(request, back, 503)
        return kind == "new"

    def _refuse(self, transaction: AnyServer, refusal: _Refusal, now: float) -> None:
        response = reply_to(transaction.request, refusal.status, to_tag=self._post.token())
        for name, value in refusal.headers.items():
            for line in [value] if isinstance(value, str) else value:
                response.headers.add(name, line)
        self._post.respond(transaction, response, now)

    # ---- where to --------------------------------------------------------------------------------------------

    def _targets(self, to: ToExtension | ToTrunk, now: float) -> list[Target]:
        """Raises LocalError if there is none."""
        return [self._trunk_target(to, now)] if isinstance(to, ToTrunk) else self._phones(to.number, now)

    def _trunk_target(self, to: ToTrunk, now: float) -> Target:
        line = self._line(to.trunk)
        if not line.addresses:
            raise LocalError(f"the host of trunk {to.trunk}, {line.trunk.host}, has no address")
        flows = self._post.flows_to(line.machines, line.trunk.host, now, first=line.home)
        trunk = line.trunk
        uri = SipUri.of(to.number, trunk.host, trunk.port if trunk.port != 5060 else None)
        return Target(
            uri=str(uri),
            flow=flows[0],
            others=tuple(flows[1:]),
            username=trunk.username,
            password=trunk.password,
        )

    def _phones(self, number: ExtensionNumber, now: float) -> list[Target]:
        extension = self._who.extensions.get(number)
        if extension is None:
            raise NotFound("extension", number)
        if (uri := fixed_contact(extension)) is not None:
            flows = self._post.flows_to(self._who.names.machines(wanted_of(uri)), uri.host, now)
            return [Target(uri=str(uri), flow=flows[0], others=tuple(flows[1:]), extension=number)]
        bindings = self._registrar.bindings(number, now)
        if not bindings:
            raise LocalError(f"no phone is registered for extension {number}")
        return [
            Target(uri=str(_bare(binding)), flow=binding.flow, routes=binding.path, pinned=True, extension=number)
            for binding, *_ in one_of_each(bindings)
        ]

    def _line(self, name: TrunkName) -> Line:
        line = self._who.lines.get(name)
        if line is None:
            raise NotFound("trunk", name)
        return line

    # ---- within ----------------------------------------------------------------------------------------------

    def _conversation(self, dialog: DialogId) -> Conversation | None:
        """Where an offer may wait: of who called us, of who answered, or of an early dialog of ours (RFC 3311)."""
        call = self._calls.get(dialog)
        if isinstance(call, Incoming):
            return call.conversation
        return call.offered if call is not None else None

    def _forget(self, dialog: DialogId) -> None:
        self._calls.pop(dialog, None)

    def _expire(self, now: float) -> None:
        self._reachable(self._registrar.expire(now), False)
        self._post.agenda.at(self._expire, self._registrar.deadline())

    def _reachable(self, extensions: Sequence[ExtensionNumber], reachable: bool) -> None:
        for extension in extensions:
            self._post.events.append(events.Registered(extension, reachable))


@dataclass(frozen=True, slots=True)
class _Refusal:
    """headers: a list is a line each."""

    status: int
    headers: dict[str, str | list[str]]


def _beginning(message: Message) -> bytes:
    """What admission looks at."""
    if isinstance(message, Response):
        return b"SIP/2.0 "
    return f"{message.method} {message.uri} ".encode(errors="surrogateescape")


def _unfit(request: Request) -> _Refusal | None:
    """What nobody may ask, in the order of §8.2: method, scheme, extensions."""
    if request.method not in _DONE_HERE:
        return _Refusal(405 if request.method in _NEVER_DONE else 501, {})
    if isinstance(request.target, OtherUri):
        return _Refusal(416, {})
    if request.method == "REGISTER" and isinstance(request.to.uri, OtherUri):
        return _Refusal(400, {})
    understood = frozenset({"path", "outbound"}) if request.method == "REGISTER" else UNDERSTOOD
    return _bad_extension(request, understood) if _unknown_extensions(request, understood) else None


def _unknown_extensions(request: Request, understood: frozenset[str]) -> list[str]:
    """Option tags that they require and we do not have (§8.2.2.3). Proxies' ones too: there is none behind us."""
    if not request.headers.has("Require") and not request.headers.has("Proxy-Require"):
        return []
    wanted = [*request.require, *(value.lower() for value in request.headers.values("Proxy-Require"))]
    return [tag for tag in wanted if tag not in understood]


def _bad_extension(request: Request, understood: frozenset[str]) -> _Refusal:
    return _Refusal(420, {"Unsupported": ", ".join(_unknown_extensions(request, understood))})


def _account(line: Line | None) -> Account | None:
    """For a trunk that challenges us within a call of its own."""
    return Account(line.trunk.username, line.trunk.password) if line is not None and line.trunk.username else None


def _uncallable(request: Request) -> _Refusal | None:
    """An INVITE that we could not answer with SDP, or that has gone round in circles."""
    if request.max_forwards == 0:
        return _Refusal(483, {})
    if session_timer.too_brief(request):
        return _Refusal(422, {"Min-SE": str(session_timer.RULES.shortest)})
    if request.headers.has("Content-Encoding") or (request.body and sdp_of(request) is None):
        return _Refusal(415, {"Accept": SDP, "Accept-Encoding": "identity"})
    if request.headers.has("Accept"):
        accepted = {value.partition(";")[0].strip().lower() for value in request.headers.values("Accept")}
        if not accepted & {SDP, "application/*", "*/*"}:
            return _Refusal(406, {})
    return None


def _way_back(request: Request, flow: Flow) -> Flow:
    """Where its answer goes (§18.2.2, RFC 3581 §4): a stream's on the stream; a datagram's to the port that Via names,
    at the address that it came from."""
    if flow.transport != "UDP":
        return flow
    port = request.via.answer_address[1]
    return flow if port == flow.remote[1] else Flow("UDP", (flow.remote[0], port), flow.local)


def _bare(binding: Binding) -> SipUri:
    """A Contact as a Request-URI: what stands after "?" in it is not acted on (§19.1.5)."""
    uri = binding.uri
    return SipUri(uri.scheme, uri.userinfo, uri.host, uri.port, uri.params) if uri.headers else uri


def _at_once(domain: str) -> tuple[tuple[str, str], ...]:
    """Asks a phone to pick up by itself (RFC 3261 §20.4, §20.9), in the two ways that makers agree on; who knows
    neither rings."""
    return (
        ("Alert-Info", f"<http://{domain}>;info=alert-autoanswer;delay=0"),
        ("Call-Info", f"<sip:{domain}>;answer-after=0"),
    )


def _numbers_its_flow(request: Request) -> bool:
    """RFC 5626 §4.2.1: a phone that keeps its flow alive, and numbers it."""
    numbered = any(one.params.has("reg-id") and one.params.has("+sip.instance") for one in request.contacts)
    return numbered and "outbound" in {value.lower() for value in request.headers.values("Supported")}


def _server(transaction: object) -> AnyServer:
    assert isinstance(transaction, AnyServer)
    return transaction
