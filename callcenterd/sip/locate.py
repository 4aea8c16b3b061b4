"""From a host to places to try (RFC 3263): NAPTR says by which transport, SRV on which machines, A and AAAA where.

Everything that decides is here and sans-IO; `locate` asks a `Resolver` that is handed in. What was answered is kept
for as long as its records say, and asked for again then, since a provider moves without telling.
"""

from __future__ import annotations

import asyncio
import ipaddress
import random
import socket
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from callcenterd.errors import LocalError
from callcenterd.sip.flow import Address, Flow, Transport

T = TypeVar("T")

AGAIN_AFTER = 300.0
"""Seconds that an answer is used which does not say how long it is good for."""
AGAIN_AT_THE_EARLIEST = 30.0
AGAIN_AT_THE_LATEST = 3600.0
AGAIN_AFTER_FAILURE = 30.0
AVOIDED_FOR = 60.0
"""Seconds that a place which did not work comes after all others."""
MOST_MACHINES = 16
"""Of one name. A provider has a handful; a resolver that lies may say any number."""
_MOST_FACING = 1024
_MOST_AVOIDED = 1024


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom to find. port 0 and transport None: not said, the records may. secure: a sips: address, TLS only."""

    host: str
    port: int = 0
    transport: Transport | None = None
    secure: bool = False

    @classmethod
    def only_addresses(cls, host: str) -> Wanted:
        """Of a host from which we only want to know where it is."""
        return cls(host, 5060, "UDP")


@dataclass(frozen=True, slots=True)
class Place:
    """One address to try."""

    transport: Transport
    address: str
    port: int

    @property
    def remote(self) -> Address:
        return self.address, self.port


@dataclass(frozen=True, slots=True)
class Machine:
    """One SRV target with its addresses (RFC 2782): lower priorities first, within one by weight."""

    places: tuple[Place, ...]
    priority: int = 0
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """machines: empty if there is nothing. seconds: how long that is good for."""

    machines: tuple[Machine, ...] = ()
    seconds: float = AGAIN_AFTER


# ---- what is asked of DNS --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Naptr:
    order: int
    preference: int
    flags: str
    service: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Srv:
    priority: int
    weight: int
    port: int
    target: str


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """records: none if the name has none of that kind, or nobody could be asked. seconds: their time to live."""

    records: tuple[T, ...] = ()
    seconds: float = AGAIN_AFTER


class Resolver(Protocol):
    """Who knows names. Never raises: no answer and no record are the same to who wants to call."""

    async def naptr(self, name: str) -> Answer[Naptr]: ...
    async def srv(self, name: str) -> Answer[Srv]: ...
    async def addresses(self, name: str) -> Answer[str]: ...


SERVICES: dict[str, Transport] = {"SIP+D2U": "UDP", "SIP+D2T": "TCP", "SIPS+D2T": "TLS"}
"""RFC 3263 §4.1. WebSocket services (RFC 7118 §8) are not looked for: we open none."""
PREFIXES: dict[Transport, str] = {"UDP": "_sip._udp", "TCP": "_sip._tcp", "TLS": "_sips._tcp"}


def usual_port(transport: Transport) -> int:
    """RFC 3261 §19.1.2, RFC 7118 §5.2."""
    return {"UDP": 5060, "TCP": 5060, "TLS": 5061, "WS": 80, "WSS": 443}[transport]


async def locate(wanted: Wanted, resolver: Resolver) -> Found:
    """All places of a target, with how they are to be chosen from (RFC 3263 §4)."""
    transport = wanted.transport or ("TLS" if wanted.secure else "UDP")
    if wanted.port or literal(wanted.host) is not None:
        return await _by_address(wanted.host, transport, wanted.port or usual_port(transport), resolver)
    asked = await _services(wanted, resolver)
    for name, by in asked:
        answer = await resolver.srv(name)
        if answer.records:
            return await _by_srv(answer, by, resolver)
    return await _by_address(wanted.host, transport, usual_port(transport), resolver)


async def _services(wanted: Wanted, resolver: Resolver) -> list[tuple[str, Transport]]:
    """The SRV names to ask for, the best first (§4.1). NAPTR is only asked where the transport is not said."""
    if wanted.transport is not None or wanted.secure:
        transport = wanted.transport or "TLS"
        prefix = PREFIXES.get(transport)
        return [(f"{prefix}.{wanted.host}", transport)] if prefix else []
    answer = await resolver.naptr(wanted.host)
    fit = [
        record
        for record in answer.records
        if record.flags.lower() == "s" and record.service.upper() in SERVICES and record.replacement not in ("", ".")
    ]
    fit.sort(key=lambda record: (record.order, record.preference))
    if fit:
        return [(record.replacement, SERVICES[record.service.upper()]) for record in fit[: len(SERVICES)]]
    return [(f"{PREFIXES[by]}.{wanted.host}", by) for by in ("UDP", "TCP")]


async def _by_srv(answer: Answer[Srv], transport: Transport, resolver: Resolver) -> Found:
    """A target of "." says that the service is not there (RFC 2782)."""
    records = sorted((one for one in answer.records if one.target not in ("", ".") and one.port), key=_by_priority)
    records = records[:MOST_MACHINES]
    found = await asyncio.gather(*(_addresses(record.target, resolver) for record in records))
    machines = tuple(
        Machine(tuple(Place(transport, one, record.port) for one in there.records), record.priority, record.weight)
        for record, there in zip(records, found, strict=True)
        if there.records
    )
    return Found(machines, min([answer.seconds, *(there.seconds for there in found)]))


def _by_priority(record: Srv) -> int:
    return record.priority


async def _by_address(host: str, transport: Transport, port: int, resolver: Resolver) -> Found:
    answer = await _addresses(host, resolver)
    if not answer.records:
        return Found((), answer.seconds)
    return Found((Machine(tuple(Place(transport, one, port) for one in answer.records)),), answer.seconds)


async def _addresses(host: str, resolver: Resolver) -> Answer[str]:
    if (address := literal(host)) is not None:
        return Answer((address,), AGAIN_AT_THE_LATEST)
    answer = await resolver.addresses(host)
    return Answer(answer.records[:MOST_MACHINES], answer.seconds)


def in_order(machines: Iterable[Machine], chance: random.Random) -> list[Place]:
    """Every place, in the order in which to try them: by priority, within one by weighted chance (RFC 2782)."""
    by_priority: dict[int, list[Machine]] = {}
    for machine in machines:
        by_priority.setdefault(machine.priority, []).append(machine)
    ordered: list[Place] = []
    for _, left in sorted(by_priority.items()):
        left.sort(key=lambda machine: machine.weight > 0)  # those of weight 0 first, as the RFC has it
        while left:
            throw = chance.randint(0, sum(machine.weight for machine in left))
            sums = 0
            for machine in left:
                sums += machine.weight
                if sums >= throw:
                    break
            left.remove(machine)
            ordered += machine.places
    return ordered


class Avoided:
    """Places that did not work a moment ago: they are tried last (RFC 3263 §4.3). Bounded."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, Address], float] = {}

    def failed(self, flow: Flow, now: float) -> None:
        if len(self._until) >= _MOST_AVOIDED:
            self._until = {key: until for key, until in self._until.items() if until > now}
            if len(self._until) >= _MOST_AVOIDED:
                self._until.clear()
        self._until[flow.transport, flow.remote] = now + AVOIDED_FOR

    def worked(self, flow: Flow) -> None:
        self._until.pop((flow.transport, flow.remote), None)

    def avoids(self, flow: Flow, now: float) -> bool:
        return self._until.get((flow.transport, flow.remote), 0.0) > now

    def last(self, places: Sequence[Place], now: float) -> list[Place]:
        """The same places, those that work first; otherwise in their order."""
        return sorted(places, key=lambda place: self._until.get((place.transport, place.remote), 0.0) > now)


# ---- what is known ---------------------------------------------------------------------------------------------


class Names:
    """Who the site wants to reach, and what was last found for each. An old answer outlives a failed question."""

    def __init__(self) -> None:
        self._found: dict[Wanted, tuple[Machine, ...]] = {}
        self._due: dict[Wanted, float] = {}

    def want(self, all_of: Collection[Wanted], now: float) -> None:
        """Exactly these are in use from now on."""
        names = {wanted for wanted in all_of if literal(wanted.host) is None}
        for gone in self._due.keys() - names:
            del self._due[gone]
            self._found.pop(gone, None)
        for wanted in names:
            self._due.setdefault(wanted, now)

    def machines(self, wanted: Wanted) -> tuple[Machine, ...]:
        """What is known now; a literal address is its own answer."""
        address = literal(wanted.host)
        if address is None:
            return self._found.get(wanted, ())
        transport = wanted.transport or ("TLS" if wanted.secure else "UDP")
        return (Machine((Place(transport, address, wanted.port or usual_port(transport)),)),)

    def addresses(self, wanted: Wanted) -> tuple[str, ...]:
        """The IP addresses among them, each once."""
        places = (place for machine in self.machines(wanted) for place in machine.places)
        return tuple(dict.fromkeys(place.address for place in places))

    def deadline(self) -> float | None:
        return min(self._due.values(), default=None)

    def due(self, now: float) -> list[Wanted]:
        """Whom to ask for now. Each is given out once, then again when its answer is old."""
        due = sorted((wanted for wanted, at in self._due.items() if at <= now), key=str)
        for wanted in due:
            self._due[wanted] = now + AGAIN_AFTER
        return due

    def answered(self, wanted: Wanted, found: Found, now: float) -> bool:
        """What `locate` found. Answers whether anything changed."""
        if wanted not in self._due:
            return False
        if not found.machines:
            self._due[wanted] = now + AGAIN_AFTER_FAILURE
            return False
        self._due[wanted] = now + min(AGAIN_AT_THE_LATEST, max(AGAIN_AT_THE_EARLIEST, found.seconds))
        changed = self._found.get(wanted) != found.machines
        self._found[wanted] = found.machines
        return changed


def literal(host: str) -> str | None:
    """The address that a host already is ("[::1]" → "::1"), or None for a name."""
    try:
        return str(ipaddress.ip_address(host.removeprefix("[").removesuffix("]")))
    except ValueError:
        return None


class Routes:
    """Which address of this machine faces another one. Asks the routing table, sends nothing; keeps the answers."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def __call__(self, host: str) -> str:
        """host: an IP address. Raises LocalError if there is no way there."""
        known = self._known.get(host)
        if known is None:
            if len(self._known) >= _MOST_FACING:
                self._known.clear()
            known = self._known[host] = _facing(host)
        return known

    def forget(self) -> None:
        """The machine may have other addresses now."""
        self._known.clear()


def _facing(host: str) -> str:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))
        except OSError as fault:
            raise LocalError(f"no way to {host}: {fault.strerror or fault}") from fault
        return str(probe.getsockname()[0])
