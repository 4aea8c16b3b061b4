"""An IPv4 address and port as one number: eight octets of a sockaddr_in, so that arrays compare them at once.

0 stands for no address. IPv6 is not spoken in this room yet; `sdp.agree` says so to who offers it.
"""

from __future__ import annotations

import functools
import ipaddress
import socket
import struct
import sys

_WORD = struct.Struct("=HH4s")  # family in machine order; port and address as the wire has them
SOCKADDR = 16
"""Octets of a whole sockaddr_in; the last eight are zero."""
_HOST = int.from_bytes(b"\0\0\0\0\xff\xff\xff\xff", sys.byteorder)


@functools.lru_cache(maxsize=1024)
def ipv4(host: str) -> ipaddress.IPv4Address:
    """Raises ValueError if it is none. The same few come five times in every call: read once."""
    return ipaddress.IPv4Address(host)


def key_of(host: str, port: int) -> int:
    """Raises ValueError if host is no IPv4 address or port no port."""
    if not 0 <= port <= 65535:
        raise ValueError(f"not a port: {port}")
    octets = _WORD.pack(socket.AF_INET, socket.htons(port), ipv4(host).packed)
    return int.from_bytes(octets, sys.byteorder)


def address_of(key: int) -> tuple[str, int]:
    _, port, host = _WORD.unpack(key.to_bytes(8, sys.byteorder))
    return str(ipaddress.IPv4Address(host)), socket.ntohs(port)


def host_of(key: int) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(_WORD.unpack(key.to_bytes(8, sys.byteorder))[2])


def same_host(one: int, other: int) -> bool:
    """Of two keys, whatever their ports."""
    return (one ^ other) & _HOST == 0
