"""From a host to addresses to try (RFC 3263, its last step: A and AAAA records).

A literal address needs nobody. A name is asked of the system's resolver in a thread by the edge; what it answered
is kept here and asked again after a while, since a provider moves without telling. NAPTR and SRV come with issue 3.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection

from callcenterd.errors import LocalError

AGAIN_AFTER = 300.0
"""Seconds that an answer is used before it is asked for anew."""
AGAIN_AFTER_FAILURE = 30.0
_MOST_FACING = 1024


class Names:
    """Names that the site uses and the addresses last answered for each. An old answer outlives a failed question."""

    def __init__(self) -> None:
        self._addresses: dict[str, tuple[str, ...]] = {}
        self._due: dict[str, float] = {}

    def want(self, hosts: Collection[str], now: float) -> None:
        """Exactly these hosts are in use from now on."""
        names = {host for host in hosts if literal(host) is None}
        for gone in self._due.keys() - names:
            del self._due[gone]
            self._addresses.pop(gone, None)
        for name in names:
            self._due.setdefault(name, now)

    def addresses(self, host: str) -> tuple[str, ...]:
        """What is known now; a literal address is its own answer."""
        address = literal(host)
        return self._addresses.get(host, ()) if address is None else (address,)

    def deadline(self) -> float | None:
        return min(self._due.values(), default=None)

    def due(self, now: float) -> list[str]:
        """Names to ask for now. Each is given out once, then again when its answer is old."""
        names = sorted(name for name, at in self._due.items() if at <= now)
        for name in names:
            self._due[name] = now + AGAIN_AFTER
        return names

    def answered(self, name: str, addresses: Collection[str], now: float) -> bool:
        """What the resolver said; nothing found: empty. Answers whether anything changed."""
        if name not in self._due:
            return False
        if not addresses:
            self._due[name] = now + AGAIN_AFTER_FAILURE
            return False
        changed = self._addresses.get(name) != tuple(addresses)
        self._addresses[name] = tuple(addresses)
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


def resolve(name: str) -> tuple[str, ...]:
    """Ask the system's resolver; waits, so it belongs in a thread. Empty if the name is not known. IPv4 first."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except OSError:  # "not known" and "no resolver" are the same to who wants to call
        return ()
    addresses = {(family != socket.AF_INET, str(address[0])) for family, _, _, _, address in found}
    return tuple(address for _, address in sorted(addresses))
