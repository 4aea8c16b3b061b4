"""A flow: the way that a message came, and so the way back (RFC 5626 §1 in its plainest meaning)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Address = tuple[str, int]
"""An IP address as text, without brackets, and a port."""
Transport = Literal["UDP", "TCP", "TLS", "WS", "WSS"]
"""As a Via names it (RFC 3261 §20.42, RFC 7118 §5.2)."""


@dataclass(frozen=True, slots=True)
class Flow:
    """remote and local address. local's host is "0.0.0.0" or "::" where the socket listens on every address.

    connection: which connection, counted by the edge; 0 for UDP, and for a connection still to be made.
    name:       over TLS that we begin: whose certificate the other side must show (RFC 5922 §4).
    """

    transport: Transport
    remote: Address
    local: Address
    connection: int = 0
    name: str = ""

    @property
    def reliable(self) -> bool:
        return self.transport != "UDP"

    @property
    def secure(self) -> bool:
        """May a sips: address be reached this way (RFC 3261 §26.2.2)?"""
        return self.transport in ("TLS", "WSS")

    def goes_over(self, connection: Flow) -> bool:
        """Is what is sent here carried by that connection? One still to be made is by any that reaches the same place,
        over TLS only if that place has shown the same certificate (RFC 5923 §5)."""
        if self.connection:
            return self.connection == connection.connection
        return self.reliable and (self.transport, self.remote, self.name) == (
            connection.transport,
            connection.remote,
            connection.name,
        )

    def __str__(self) -> str:
        return f"{self.transport.lower()}:{written_host(self.remote[0])}:{self.remote[1]}"


def written_host(host: str) -> str:
    """As it stands in a URI or a Via: an IPv6 address in brackets (RFC 3261 §19.1.1)."""
    return f"[{host}]" if ":" in host else host
