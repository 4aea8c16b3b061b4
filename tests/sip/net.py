"""Endpoints at addresses of a made-up net, in virtual time: whole calls in milliseconds, on as bad a wire as wanted."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeVar

from callcenterd.model.ids import ExtensionNumber, TrunkName
from callcenterd.model.site import Extension, Secret, Site, Trunk
from callcenterd.sip import events
from callcenterd.sip.endpoint import Endpoint, Network
from callcenterd.sip.events import SipEvent
from callcenterd.sip.flow import Flow
from callcenterd.sip.message import Message, Request, Response, encode, parse, reply_to

SERVER, GATEWAY, PHONE, STRANGER = "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.66"
DOMAIN = "callcenter.local"
OFFER = b"v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
ANSWER = OFFER.replace(b"4000", b"5000")

OUT, IN = TrunkName("out"), TrunkName("in")
ANNA = ExtensionNumber("1001")
PASSWORD = Secret("geheim")

E = TypeVar("E", bound=SipEvent)


def short(message: Message) -> str:
    """ "INVITE", "200 INVITE"."""
    return message.method if isinstance(message, Request) else f"{message.status} {message.cseq.method}"


@dataclass
class Seen:
    """One message that was put on the wire, whether or not it arrived."""

    at: float
    source: str
    target: str
    message: Message

    @property
    def what(self) -> str:
        return short(self.message)

    def __str__(self) -> str:
        return f"{self.at:8.3f} {self.source} -> {self.target} {self.what}"


@dataclass
class Host:
    """An endpoint with the events that it told, and what is to be done about each."""

    address: str
    endpoint: Endpoint
    net: Net
    told: list[SipEvent] = field(default_factory=list)
    react: Callable[[SipEvent], None] = lambda _event: None

    def hear(self, event: SipEvent) -> None:
        self.told.append(event)
        self.react(event)

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.told if isinstance(event, kind)]

    def one(self, kind: type[E]) -> E:
        [event] = self.all(kind)
        return event

    @property
    def clean(self) -> bool:
        """Nothing is left of any call."""
        counters = self.endpoint.counters()
        return not (counters["transactions"] or counters["dialogs"] or counters["calls"])


class Peer:
    """The other side written by hand: messages as text, whatever the rules say."""

    def __init__(self, net: Net, address: str) -> None:
        self.received: list[Message] = []
        self.is_there: int | None = 200
        """What it answers to OPTIONS within a dialog; None: nothing."""
        self._net = net
        self._address = address
        self._branches = itertools.count(1)

    def request(
        self,
        method: str,
        *more: str,
        uri: str = "sip:900@callcenter.local",
        branch: str | None = None,
        call_id: str = "call@peer",
        sequence: int = 1,
        from_: str = "<sip:13800001111@peer>;tag=theirs",
        to: str = "<sip:900@callcenter.local>",
        sdp: bytes = b"",
        contact: bool = True,
    ) -> str:
        """Send a request to SERVER; answers its branch. more: header lines."""
        branch = branch or f"z9hG4bKpeer{next(self._branches)}"
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._address}:5060;branch={branch}",
            "Max-Forwards: 70",
            f"From: {from_}",
            f"To: {to}",
            f"Call-ID: {call_id}",
            f"CSeq: {sequence} {method}",
            *([f"Contact: <sip:peer@{self._address}>"] if contact else []),
            *more,
            *(["Content-Type: application/sdp"] if sdp and not any("Content-Type" in line for line in more) else []),
            f"Content-Length: {len(sdp)}",
        ]
        self._net.inject("\r\n".join(lines).encode() + b"\r\n\r\n" + sdp, self._address, SERVER)
        self._net.run(0.05)
        return branch

    def within(self, answer: Response, method: str, *more: str, sequence: int, sdp: bytes = b"") -> str:
        """A request in the dialog that our INVITE and their answer made."""
        [contact] = answer.contacts
        return self.request(
            method,
            *more,
            uri=str(contact.uri),
            call_id=answer.call_id,
            sequence=sequence,
            from_=str(answer.from_),
            to=str(answer.to),
            sdp=sdp,
        )

    def answer(
        self, request: Request, status: int, *more: str, tag: str = "peer", sdp: bytes = b"", contact: bool = True
    ) -> None:
        """Answer a request of SERVER's."""
        response = reply_to(request, status, to_tag=tag if status > 100 else None)
        for line in more:
            name, _, value = line.partition(": ")
            response.headers.add(name, value)
        if contact and 100 < status < 300:
            response.headers.add("Contact", f"<sip:peer@{self._address}>")
        if sdp:
            response.headers.add("Content-Type", "application/sdp")
            response.body = sdp
        self._net.inject(encode(response), self._address, SERVER)
        self._net.run(0.05)

    def receive(self, message: Message) -> None:
        """OPTIONS are answered: the trunk is there."""
        self.received.append(message)
        if isinstance(message, Request) and message.method == "OPTIONS":
            status = self.is_there if message.to.tag else 200
            if status is not None:
                self._net.inject(encode(reply_to(message, status, to_tag="peer")), self._address, SERVER)

    def asked_if_there(self) -> int:
        """How often, repeats apart."""
        asked = {
            message.cseq.number for message in self.received if message.cseq.method == "OPTIONS" and message.to.tag
        }
        return len(asked)

    @property
    def what(self) -> list[str]:
        """All that came, in short; OPTIONS left out."""
        return [short(message) for message in self.received if message.cseq.method != "OPTIONS"]

    def last(self, what: str) -> Message:
        return [message for message in self.received if short(message) == what][-1]

    def last_request(self, method: str) -> Request:
        found = self.last(method)
        assert isinstance(found, Request)
        return found

    def last_response(self, status: int, method: str) -> Response:
        found = self.last(f"{status} {method}")
        assert isinstance(found, Response)
        return found


class Net:
    """loss, doubling: shares of all messages. jitter: seconds at most, so that messages overtake each other."""

    def __init__(
        self,
        seed: int = 1,
        *,
        loss: float = 0.0,
        doubling: float = 0.0,
        jitter: float = 0.0,
        never_banned: Collection[Network] = (),
    ) -> None:
        self._never_banned = never_banned
        self.now = 0.0
        self.seen: list[Seen] = []
        self.hosts: dict[str, Host] = {}
        self.drop: Callable[[Seen], bool] = lambda _seen: False
        self._chance = random.Random(seed)
        self._loss, self._doubling, self._jitter = loss, doubling, jitter
        self._under_way: list[tuple[float, int, bytes, Flow]] = []
        self._order = itertools.count()
        self.peers: dict[str, Peer] = {}
        self.plans: list[tuple[float, int, Callable[[], None]]] = []

    def host(self, address: str, *, domain: str = DOMAIN) -> Host:
        endpoint = Endpoint(
            domain=domain,
            chance=random.Random(self._chance.random()),
            tell=lambda event: host.hear(event),  # noqa: PLW0108  # it is made below
            facing=lambda _host: address,
            never_banned=self._never_banned,
        )
        host = Host(address, endpoint, self)
        endpoint.listening([("UDP", (address, 5060)), ("TCP", (address, 5060))])
        self.hosts[address] = host
        return host

    def plan(self, seconds: float, what: Callable[[], None]) -> None:
        """Somebody does something so many seconds from now."""
        heapq.heappush(self.plans, (self.now + seconds, next(self._order), what))

    def peer(self, address: str) -> Peer:
        return self.peers.setdefault(address, Peer(self, address))

    def inject(self, octets: bytes, source: str, target: str, port: int = 5060) -> None:
        """A datagram from anywhere; it arrives after 10 ms."""
        flow = Flow("UDP", (source, port), (target, 5060))
        heapq.heappush(self._under_way, (self.now + 0.01, next(self._order), octets, flow))

    def run(self, seconds: float = 0.0, *, until: Callable[[], bool] = lambda: False) -> None:
        """Let time pass; whatever is due in it happens in its order."""
        end = self.now + seconds
        self._settle()
        while not until():
            dues = [due for host in self.hosts.values() if (due := host.endpoint.deadline()) is not None]
            if self.plans:
                dues.append(self.plans[0][0])
            if self._under_way:
                dues.append(self._under_way[0][0])
            due = min(dues, default=float("inf"))
            if due > end:
                break
            self.now = max(self.now, due)
            while self._under_way and self._under_way[0][0] <= self.now:
                _, _, octets, flow = heapq.heappop(self._under_way)
                if (host := self.hosts.get(flow.local[0])) is not None:
                    host.endpoint.receive(octets, flow, self.now)
                elif (peer := self.peers.get(flow.local[0])) is not None:
                    peer.receive(parse(octets))
            for host in self.hosts.values():
                host.endpoint.advance(self.now)
            while self.plans and self.plans[0][0] <= self.now:
                heapq.heappop(self.plans)[2]()
            self._settle()
        self.now = max(self.now, end) if not until() else self.now

    def ladder(self, *, between: tuple[str, str] | None = None) -> list[str]:
        """What went over the wire, in short; OPTIONS of trunks' health left out."""
        return [
            f"{'>' if seen.source == SERVER else '<'} {seen.what}"
            for seen in self.seen
            if "OPTIONS" not in seen.what and (between is None or {seen.source, seen.target} == set(between))
        ]

    def requests(self, method: str) -> list[Request]:
        return [s.message for s in self.seen if isinstance(s.message, Request) and s.message.method == method]

    def responses(self, status: int, method: str) -> list[Response]:
        return [
            s.message
            for s in self.seen
            if isinstance(s.message, Response) and (s.message.status, s.message.cseq.method) == (status, method)
        ]

    def _settle(self) -> None:
        busy = True
        while busy:
            busy = False
            for host in self.hosts.values():
                for parcel in host.endpoint.parcels():
                    busy = True
                    self._carry(host, parcel.octets, parcel.flow)
                busy = host.endpoint.tell_events() or busy

    def _carry(self, host: Host, octets: bytes, flow: Flow) -> None:
        seen = Seen(self.now, host.address, flow.remote[0], parse(octets))
        self.seen.append(seen)
        if self.drop(seen):
            return
        copies = 1 + (self._chance.random() < self._doubling)
        for _ in range(copies):
            if self._chance.random() >= self._loss:
                arrives = self.now + 0.01 + self._chance.random() * self._jitter
                way = Flow(flow.transport, (host.address, 5060), flow.remote, flow.connection)
                heapq.heappush(self._under_way, (arrives, next(self._order), octets, way))


def office(net: Net, **trunk: object) -> tuple[Host, Host]:
    """Our server with the trunk "out" at GATEWAY, and a gateway that knows us as its trunk "in"."""
    server, gateway = net.host(SERVER), net.host(GATEWAY, domain="gateway.example")
    fields: dict[str, object] = {"name": OUT, "host": GATEWAY} | trunk
    server.endpoint.configure(
        Site(trunks=(Trunk(**fields),), extensions=(Extension(number=ANNA, password=PASSWORD),)),  # type: ignore[arg-type]
        net.now,
    )
    gateway.endpoint.configure(Site(trunks=(Trunk(name=IN, host=SERVER),)), net.now)
    net.run(1.0)
    return server, gateway


def trunk_peer(net: Net, **trunk: object) -> tuple[Host, Peer]:
    """Our server, and a trunk at GATEWAY that is written by hand."""
    server = net.host(SERVER)
    fields: dict[str, object] = {"name": OUT, "host": GATEWAY} | trunk
    server.endpoint.configure(
        Site(trunks=(Trunk(**fields),), extensions=(Extension(number=ANNA, password=PASSWORD),)),  # type: ignore[arg-type]
        net.now,
    )
    return server, net.peer(GATEWAY)


def phone(net: Net, address: str = PHONE, *, password: Secret = PASSWORD) -> Host:
    """Another endpoint that registers at SERVER as extension 1001: to it we are a trunk."""
    host = net.host(address, domain="phone.example")
    registered = Trunk(name=IN, host=SERVER, username="1001", password=password, register=True)
    host.endpoint.configure(Site(trunks=(registered,)), net.now)
    net.run(1.0)
    return host


def answering(host: Host, *, after_ringing: bool = True, sdp: bytes = ANSWER) -> None:
    """Rings and answers whatever calls, and accepts new offers."""

    def react(event: SipEvent) -> None:
        if isinstance(event, events.IncomingCall):
            if after_ringing:
                host.endpoint.ring(event.dialog, now=host.net.now)
            host.endpoint.accept(event.dialog, sdp, now=host.net.now)
        elif isinstance(event, events.Reoffered):
            host.endpoint.accept_offer(event.dialog, sdp, now=host.net.now)

    host.react = react
