"""What every part of this room needs to speak: Via, tags and Contact, transactions, what is due, what is to be told.

Nothing here knows what a call is. Sans-IO: what is to be sent waits in `parcels`, what is to be told in `events`.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from callcenterd.errors import LocalError
from callcenterd.model.site import Secret
from callcenterd.sip.agenda import Agenda
from callcenterd.sip.events import SipEvent
from callcenterd.sip.flow import Address, Flow, Transport, written_host
from callcenterd.sip.locate import Avoided, Machine, in_order, literal
from callcenterd.sip.matching import AnyClient, AnyServer, Arrival, Transactions
from callcenterd.sip.message import Headers, Message, Request, Response, encode, reply_to
from callcenterd.sip.transaction import RFC_TIMERS, Effect, Ended, Send, Tell, Timers, Told, Transaction

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, MESSAGE, REGISTER, SUBSCRIBE"
SUPPORTED = "100rel, timer, replaces, norefersub"
UNDERSTOOD = frozenset(SUPPORTED.split(", "))
"""Option tags that others may require of us (RFC 3262, 4028, 3891, 4488)."""
USER_AGENT = "callcenterd"
SDP = "application/sdp"

LARGEST_DATAGRAM = 1300
"""Octets of a request that may go over UDP to somebody whose path we do not know (RFC 3261 §18.1.1)."""
_FAR_AWAY = "192.0.2.1"
"""An address of nobody (RFC 5737): what faces it is what faces the world. Nothing is ever sent there."""

Facing = Callable[[str], str]
"""The address of ours that faces another one. Raises LocalError if there is no way there."""


class Asker(Protocol):
    """Whose transaction it is."""

    def told(self, transaction: Transaction, what: Told, message: Message | None, now: float) -> None: ...


@dataclass(eq=False, slots=True)
class Party:
    """A transaction's `peer`: where the other side is, and which part of ours it is about. why: what the edge said when
    it could not be sent."""

    flow: Flow
    asker: Asker | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """Our name and password at who may challenge us."""

    username: str
    password: Secret


@dataclass(frozen=True, slots=True)
class Parcel:
    """Octets for the edge. sender: the transaction that is to know if they cannot be sent."""

    octets: bytes
    flow: Flow
    sender: Transaction | None = None


class Post:
    def __init__(self, chance: random.Random, facing: Facing, *, timers: Timers = RFC_TIMERS) -> None:
        self.timers = timers
        self.transactions = Transactions(timers=timers)
        self.agenda: Agenda[Callable[[float], None]] = Agenda()
        self.parcels: list[Parcel] = []
        self.events: deque[SipEvent] = deque()
        self.counts: Counter[str] = Counter()
        self.chance = chance
        self.avoided = Avoided()
        self._facing = facing
        self._asked: set[Transaction] = set()
        self._listeners: list[Flow] = []
        self._key = chance.randbytes(16)

    # ---- names ---------------------------------------------------------------------------------------------

    def token(self) -> str:
        """64 bits of chance: a tag that nobody guesses (RFC 3261 §19.3)."""
        return f"{self.chance.getrandbits(64):016x}"

    def stranger_tag(self, request: Request) -> str:
        """The same tag for a request and its repetitions, without remembering it (§8.2.7)."""
        text = f"{request.headers.get('Call-ID')} {request.headers.get('Via')}".encode(errors="surrogateescape")
        return hashlib.blake2b(text, digest_size=8, key=self._key).hexdigest()

    def via(self, flow: Flow) -> str:
        branch = f"z9hG4bK{self.chance.getrandbits(72):018x}"
        return f"SIP/2.0/{flow.transport} {self.place(flow)};rport;branch={branch}"

    def contact(self, flow: Flow, user: str = "", *, secure: bool = False) -> str:
        """Where we can be reached from there. user: as it stands in a URI.

        secure: a sips: address is answered by one (RFC 3261 §8.1.1.8, §12.1.1); over TLS it names no transport, since
        it can be no other (RFC 5630 §3.1.4).
        """
        sips = secure and flow.secure
        transport = "" if flow.transport == "UDP" or (sips and flow.transport == "TLS") else _parameter(flow.transport)
        return f"<{'sips' if sips else 'sip'}:{user}{'@' if user else ''}{self.place(flow)}{transport}>"

    def place(self, flow: Flow) -> str:
        return f"{written_host(self.local_host(flow))}:{flow.local[1]}"

    def local_host(self, flow: Flow) -> str:
        """The address that we listen on, or, if that is every one, the one that faces them."""
        host = flow.local[0]
        return self._facing(flow.remote[0]) if host in ("0.0.0.0", "::") else host  # noqa: S104  # read, not bound

    def sound_host(self, flow: Flow) -> str:
        """The address of ours for sound towards them. Sound goes by IPv4 only (`media.sockets`): to who signals by
        IPv6 it is the one that faces the rest of the IPv4 world, or this machine itself."""
        host = self.local_host(flow)
        if ":" not in host:
            return host
        try:
            return self._facing("127.0.0.1" if literal(flow.remote[0]) == "::1" else _FAR_AWAY)
        except LocalError:
            return "127.0.0.1"

    # ---- ways ----------------------------------------------------------------------------------------------

    def listen(self, listeners: Iterable[tuple[Transport, Address]]) -> None:
        """Where the edge listens: what a message of ours may leave from."""
        self._listeners = [Flow(transport, ("", 0), local) for transport, local in listeners]

    def flow_to(self, remote: Address, transport: Transport = "UDP", name: str = "") -> Flow:
        """A new way. name: whose certificate is wanted. Raises LocalError if no listener of ours could take it."""
        for listener in self._listeners:
            if listener.transport == transport and (":" in listener.local[0]) == (":" in remote[0]):
                return Flow(transport, remote, listener.local, name=name if transport == "TLS" else "")
        raise LocalError(f"no {transport.lower()} listener for {written_host(remote[0])}")

    def flows_to(self, machines: Iterable[Machine], name: str, now: float, *, first: Flow | None = None) -> list[Flow]:
        """The ways to places, in the order in which to try them (RFC 3263 §4.3): as their records say, those that did
        not work a moment ago last. first: where we are registered, and so are to call from (RFC 5626 §4.2).

        name: what the certificate must say. Raises LocalError if we listen on nothing that could reach any.
        """
        places = self.avoided.last(in_order(machines, self.chance), now)
        flows: list[Flow] = []
        why = LocalError(f"{name} has no address")
        for place in places:
            try:
                flows.append(self.flow_to(place.remote, place.transport, name))
            except LocalError as fault:
                why = fault
        if not flows:
            raise why
        if first is not None and first in flows and not self.avoided.avoids(first, now):
            flows.remove(first)
            flows.insert(0, first)
        return flows

    def over_tcp(self, flow: Flow, now: float) -> Flow | None:
        """The same place over TCP, for a request that is too large for a datagram (RFC 3261 §18.1.1). None: we have
        no TCP, or that place did not take it a moment ago."""
        if flow.transport != "UDP":
            return None
        try:
            stream = self.flow_to(flow.remote, "TCP")
        except LocalError:
            return None
        return None if self.avoided.avoids(stream, now) else stream

    # ---- requests of ours ----------------------------------------------------------------------------------

    def ask(self, request: Request, flow: Flow, asker: Asker, now: float) -> AnyClient:
        transaction, effects = self.transactions.send(request, now, reliable=flow.reliable, peer=Party(flow, asker))
        self._asked.add(transaction)
        self.carry_out(transaction, effects, now)
        return transaction

    def send(self, message: Message, flow: Flow) -> Parcel:
        """Without a transaction: the ACK of a 2xx, an answer to a stranger. Answers what was sent, to be sent again."""
        parcel = Parcel(encode(message), flow)
        self.parcels.append(parcel)
        return parcel

    def fail(self, transaction: Transaction, now: float) -> None:
        self.carry_out(transaction, self.transactions.transport_failed(transaction, now), now)

    def fail_all(self, flow: Flow, now: float) -> None:
        """A connection is gone: whatever waits for an answer on it."""
        for transaction in [one for one in self._asked if party_of(one).flow.goes_over(flow)]:
            self.fail(transaction, now)

    # ---- requests of theirs --------------------------------------------------------------------------------

    def arrive(self, message: Message, flow: Flow, now: float) -> Arrival:
        """To the transaction that it belongs to. flow: where answers go."""
        arrival = self.transactions.receive(message, now, reliable=flow.reliable, peer=Party(flow))
        if arrival.transaction is not None:
            self.carry_out(arrival.transaction, arrival.effects, now)
        if arrival.kind == "known" and isinstance(message, Request) and message.method != "ACK":
            self.counts["retransmissions"] += 1
        return arrival

    def respond(self, transaction: AnyServer, response: Response, now: float) -> list[Send]:
        """Through its transaction. Answers what was sent: a 2xx to INVITE is repeated by who gave it."""
        effects = self.transactions.respond(transaction, response, now)
        self.carry_out(transaction, effects, now)
        return [effect for effect in effects if isinstance(effect, Send)]

    def answer(
        self, transaction: AnyServer, status: int, now: float, *, phrase: str | None = None, tag: str | None = None
    ) -> None:
        """An answer without more than its status."""
        response = reply_to(transaction.request, status, phrase, to_tag=tag or self.token())
        if status in (405, 501):
            response.headers.add("Allow", ALLOW)
        self.respond(transaction, response, now)

    def answer_stranger(self, request: Request, flow: Flow, status: int, **headers: str | list[str]) -> None:
        """An answer that leaves nothing behind (§8.2.7). headers: names with "_" for "-"; a list: a line each."""
        response = reply_to(request, status, to_tag=self.stranger_tag(request))
        if status in (405, 501):
            response.headers.add("Allow", ALLOW)
        add_all(response.headers, headers)
        self.send(response, flow)

    # ---- time ----------------------------------------------------------------------------------------------

    def deadline(self) -> float | None:
        dues = [due for due in (self.transactions.deadline(), self.agenda.deadline()) if due is not None]
        return min(dues, default=None)

    def advance(self, now: float) -> None:
        for transaction, effects in self.transactions.advance(now):
            self.counts["repeated"] += sum(isinstance(effect, Send) for effect in effects)
            self.carry_out(transaction, effects, now)
        while (action := self.agenda.take(now)) is not None:
            action(now)

    # ---- within --------------------------------------------------------------------------------------------

    def carry_out(self, transaction: Transaction, effects: Iterable[Effect], now: float) -> None:
        party = party_of(transaction)
        for effect in effects:
            match effect:
                case Send(octets=octets):
                    self.parcels.append(Parcel(octets, party.flow, transaction))
                case Tell(what=what, message=message):
                    if party.asker is not None:
                        party.asker.told(transaction, what, message, now)
                case Ended():
                    self._asked.discard(transaction)


def _parameter(transport: Transport) -> str:
    """RFC 3261 §19.1.1, RFC 7118 §5.2: WebSocket over TLS is "ws" as well, since TLS is what sips: says."""
    return f";transport={'ws' if transport == 'WSS' else transport.lower()}"


def party_of(transaction: Transaction) -> Party:
    """Every transaction of this room is made here and has one."""
    assert isinstance(transaction.peer, Party)
    return transaction.peer


def add_all(headers: Headers, more: dict[str, str | list[str]]) -> None:
    for name, value in more.items():
        for line in [value] if isinstance(value, str) else value:
            headers.add(name.replace("_", "-"), line)


def sdp_of(message: Message) -> bytes | None:
    """Its SDP, if it has any."""
    return message.body if message.body and message.content_type == SDP else None
