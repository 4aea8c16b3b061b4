"""A flow: the way that a message came, and so the way back (RFC 5626 §1 in its plainest meaning)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Address = tuple[str, int]
"""An IP address as text, without brackets, and a port."""
Transport = Literal["UDP", "TCP"]


@dataclass(frozen=True, slots=True)
class Flow:
    """remote and local address. local's host is "0.0.0.0" or "::" where the socket listens on every address.

    connection: which TCP connection, counted by the edge; 0 for UDP, and for a TCP connection still to be made.
    """

    transport: Transport
    remote: Address
    local: Address
    connection: int = 0

    @property
    def reliable(self) -> bool:
        return self.transport != "UDP"

    def __str__(self) -> str:
        return f"{self.transport.lower()}:{written_host(self.remote[0])}:{self.remote[1]}"


def written_host(host: str) -> str:
    """As it stands in a URI or a Via: an IPv6 address in brackets (RFC 3261 §19.1.1)."""
    return f"[{host}]" if ":" in host else host
