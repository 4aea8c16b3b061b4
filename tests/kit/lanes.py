"""Ports for tests that run beside one another: each process of tests takes them from a range of its own.

A port that was free a moment ago is still free when a server takes it, then: no neighbour looks there, and the system
gives ports from 32768 on to whoever asks for any. Lane 0 belongs to a process that pytest was started in (or the lane
of TEST_LANE, where several are started), the ones above to the workers of pytest-xdist.
"""

from __future__ import annotations

import itertools
import os
import socket

_FIRST = 10_000
_WIDE = 5_000
_LANES = 4
_SOUND = 2_000
"""So many ports of a lane are for the sound of its server, from the first on."""
_NARROW = 400
"""So many after those are for servers with few ports."""

_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
LANE = int(_WORKER.removeprefix("gw")) + 1 if _WORKER else int(os.environ.get("TEST_LANE", "0"))
assert LANE < _LANES, "each worker needs a lane of ports of its own"
_BASE = _FIRST + _WIDE * LANE
_SINGLE = range(_BASE + _SOUND + _NARROW, _BASE + _WIDE, 2)
"""Even ones: who takes a port for sound may take the next one for its control."""
_begin = os.getpid() * 7  # another place in each run: what the last one left behind is not met
_turn = itertools.count(_begin)


def sound_ports(count: int = _SOUND) -> range:
    """For the `rtp.ports` of a server. Only one server at a time has them all, and one those few (at most 400)."""
    first = _BASE if count > _NARROW else _BASE + _SOUND
    return range(first, first + count)


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM, host: str = "127.0.0.1") -> int:
    """A port that is free on that address, and is not given to anybody else in this process for a long time."""
    for _ in _SINGLE:
        port = _SINGLE[next(_turn) % len(_SINGLE)]
        if _is_free(port, kind, host):
            return port
    raise RuntimeError(f"no port of {_SINGLE} is free on {host}")


def both_free(host: str = "127.0.0.1") -> int:
    """A port that is free for UDP and TCP."""
    while True:
        port = free_port(host=host)
        if _is_free(port, socket.SOCK_STREAM, host):
            return port


def _is_free(port: int, kind: socket.SocketKind, host: str) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: an ended connection is no user
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
