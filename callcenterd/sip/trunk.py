"""One provider: where its calls come from, its health, and our registration there (RFC 3261 §10.2).

Sans-IO: time and what was answered go in, what to send next and what changed come out. The endpoint sends.
"""

from __future__ import annotations

import ipaddress
import random
from typing import Literal

from callcenterd.model.site import Trunk, TrunkTransport
from callcenterd.sip.events import TrunkSeen
from callcenterd.sip.flow import Flow, Transport
from callcenterd.sip.locate import Machine, Wanted

Want = Literal["OPTIONS", "REGISTER"]
State = Literal["unknown", "up", "down"]

ANSWER_WITHIN = 8.0
"""Seconds until an unanswered OPTIONS counts as missed: it has been repeated five times by then."""
ASKED_AGAIN_AFTER = 10.0
"""Seconds between two OPTIONS while it is not yet sure that the trunk is down."""
MISSES_ALLOWED = 3
REGISTRATION = 3600
"""Seconds that we ask a registrar for."""
FIRST_RETRY = 30.0
LONGEST_RETRY = 600.0
_TRANSPORTS: dict[TrunkTransport, Transport | None] = {"udp": "UDP", "tcp": "TCP", "tls": "TLS", "auto": None}


class Line:
    """What is known of one trunk.

    addresses: what its host resolved to; empty until that is known. machines: the same as RFC 3263 orders them, where
    we send. home: where we are registered. allowed: addresses of the names in `allow`. registered_until: 0 if we never
    were.
    """

    def __init__(self, trunk: Trunk, chance: random.Random, now: float) -> None:
        self.trunk = trunk
        self.addresses: tuple[str, ...] = ()
        self.machines: tuple[Machine, ...] = ()
        self.home: Flow | None = None
        self.allowed: tuple[str, ...] = ()
        self.state: State = "unknown"
        self.registered_until = 0.0
        self.registration = REGISTRATION
        self._chance = chance
        self._networks = _networks(trunk.allow)
        self._misses = 0
        self._refused_in_a_row = 0
        self._health_due = now if trunk.options else float("inf")
        self._health_missed_at: float | None = None
        self._registration_due: float | None = now if trunk.register else None
        self._registration_fault = ""

    @property
    def wanted(self) -> Wanted:
        """Whom to find (RFC 3263). 5060 is what stands there if nobody chose a port: then records may name another."""
        trunk = self.trunk
        port = 0 if trunk.port == 5060 else trunk.port
        return Wanted(trunk.host, port, _TRANSPORTS[trunk.transport])

    def sends_from(self, source: str) -> bool:
        """May a call from this address be the trunk's? Its host and what `allow` names."""
        if source in self.addresses or source in self.allowed:
            return True
        if not self._networks:
            return False
        address = ipaddress.ip_address(source)
        return any(address in network for network in self._networks)

    def deadline(self) -> float:
        """When `due` has something to say. A trunk without an address waits for one: no deadline."""
        if not self.addresses:
            return float("inf")
        return min(
            self._health_due,
            float("inf") if self._health_missed_at is None else self._health_missed_at,
            float("inf") if self._registration_due is None else self._registration_due,
        )

    def due(self, now: float) -> tuple[list[Want], TrunkSeen | None]:
        """What to send now, and what changed because an answer is overdue."""
        wanted: list[Want] = []
        changed = None
        if not self.addresses:
            return wanted, changed
        if self._health_missed_at is not None and self._health_missed_at <= now:
            changed = self._missed("no answer to OPTIONS", now)
        if self._health_due <= now:
            self._health_due, self._health_missed_at = now + self.trunk.options, now + ANSWER_WITHIN
            wanted.append("OPTIONS")
        if self._registration_due is not None and self._registration_due <= now:
            self._registration_due = None  # set again by what is answered
            wanted.append("REGISTER")
        return wanted, changed

    def health_answered(self, status: int) -> TrunkSeen | None:
        """The answer to OPTIONS: any kind shows that somebody is there. That none came, `due` sees by itself."""
        self._health_missed_at = None
        self._misses = 0
        return self._become(f"{status} to OPTIONS")

    def unreachable(self, why: str, now: float) -> TrunkSeen | None:
        """An OPTIONS could not even be sent."""
        return self._missed(why, now)

    def registered(self, seconds: int, now: float) -> TrunkSeen | None:
        """seconds: what the registrar granted. We come again after 80 to 90 % of it, so that trunks spread out."""
        self._refused_in_a_row = 0
        self._registration_fault = ""
        self.registered_until = now + seconds
        self._registration_due = now + seconds * self._chance.uniform(0.8, 0.9)
        return self._become("registered")

    def registration_refused(self, why: str, now: float) -> TrunkSeen | None:
        """Try again after 30 s, then ever later up to 10 minutes, spread by a fifth."""
        pause = min(LONGEST_RETRY, FIRST_RETRY * 2**self._refused_in_a_row)
        self._refused_in_a_row = min(self._refused_in_a_row + 1, 10)
        self._registration_due = now + pause * self._chance.uniform(0.8, 1.2)
        self._registration_fault = f"registration: {why}"
        return self._become(self._registration_fault)

    def ask_longer(self, seconds: int, now: float) -> None:
        """423: their shortest registration is longer than what we asked for. Ask at once for that."""
        self.registration = seconds
        self._registration_due = now

    def _missed(self, why: str, now: float) -> TrunkSeen | None:
        self._health_missed_at = None
        self._misses += 1
        if self._misses < MISSES_ALLOWED:
            self._health_due = min(self._health_due, now + ASKED_AGAIN_AFTER - ANSWER_WITHIN)
            return None
        return self._become(why)

    def _become(self, why: str) -> TrunkSeen | None:
        """The state that all signs together give, told only if it is another one."""
        state: State = "down" if self._misses >= MISSES_ALLOWED or self._registration_fault else "up"
        if state == self.state:
            return None
        if state == "up" and self.trunk.register and not self.registered_until:
            return None  # it answers OPTIONS, but calls will not come before we are registered
        self.state = state
        return TrunkSeen(self.trunk.name, state, why)


def _networks(allow: tuple[str, ...]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """The addresses and networks among `allow`; a name among them is resolved like the host."""
    found = []
    for text in allow:
        try:
            found.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            continue
    return tuple(found)


def allowed_names(trunk: Trunk) -> tuple[str, ...]:
    """The names or addresses in `allow`; networks need no resolving."""
    return tuple(text for text in trunk.allow if "/" not in text)
