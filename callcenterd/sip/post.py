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
from callcenterd.sip.agenda import Agenda
from callcenterd.sip.events import SipEvent
from callcenterd.sip.flow import Address, Flow, Transport, written_host
from callcenterd.sip.matching import AnyClient, AnyServer, Arrival, Transactions
from callcenterd.sip.message import Headers, Message, Request, Response, encode, reply_to
from callcenterd.sip.transaction import RFC_TIMERS, Effect, Ended, Send, Tell, Timers, Told, Transaction

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REGISTER"
USER_AGENT = "callcenterd"
SDP = "application/sdp"

Facing = Callable[[str], str]
"""The address of ours that faces another one. Raises LocalError if there is no way there."""


class Asker(Protocol):
    """Whose transaction it is."""

    def told(self, transaction: Transaction, what: Told, message: Message | None, now: float) -> None: ...


@dataclass(eq=False, slots=True)
class Party:
    """A transaction's `peer`: where the other side is, and which part of ours it is about."""

    flow: Flow
    asker: Asker | None = None


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

    def contact(self, flow: Flow, user: str = "") -> str:
        """Where we can be reached from there. user: as it stands in a URI."""
        transport = "" if flow.transport == "UDP" else ";transport=tcp"
        return f"<sip:{user}{'@' if user else ''}{self.place(flow)}{transport}>"

    def place(self, flow: Flow) -> str:
        return f"{written_host(self.local_host(flow))}:{flow.local[1]}"

    def local_host(self, flow: Flow) -> str:
        """The address that we listen on, or, if that is every one, the one that faces them."""
        host = flow.local[0]
        return self._facing(flow.remote[0]) if host in ("0.0.0.0", "::") else host  # noqa: S104  # read, not bound

    # ---- ways ----------------------------------------------------------------------------------------------

    def listen(self, listeners: Iterable[tuple[Transport, Address]]) -> None:
        """Where the edge listens: what a message of ours may leave from."""
        self._listeners = [Flow(transport, ("", 0), local) for transport, local in listeners]

    def flow_to(self, remote: Address, transport: Transport = "UDP") -> Flow:
        """A new way. Raises LocalError if we listen on nothing that could take it."""
        for listener in self._listeners:
            if listener.transport == transport and (":" in listener.local[0]) == (":" in remote[0]):
                return Flow(transport, remote, listener.local)
        raise LocalError(f"no {transport.lower()} listener for {written_host(remote[0])}")

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
        for transaction in [one for one in self._asked if party_of(one).flow == flow]:
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
