"""The odd ports: a leg's reports come and go there if they are not agreed to share the port of its sound.

A report comes once in five seconds, so the kernel is asked for all legs at once which sockets have something
(epoll), and only those are read. It also stamps when each datagram came: a tick of 20 ms is too coarse a clock for
round trips. As in `sockets.py` no call gives the GIL away.
"""

from __future__ import annotations

import ctypes
import platform
import select
import socket
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from callcenterd.media.addresses import SOCKADDR
from callcenterd.media.sockets import SO_TIMESTAMPNS, age_of

MOST_READ = 64
"""Reports taken in one tick; what is left is taken in the next. Fifty ticks take those of 16,000 legs."""
_ROOM = 1536
_CONTROL = 64

_libc = ctypes.PyDLL(None)
_epoll_wait, _recvmsg, _sendto, _close = _libc.epoll_wait, _libc.recvmsg, _libc.sendto, _libc.close
_epoll_wait.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
_recvmsg.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
_recvmsg.restype = _sendto.restype = ctypes.c_ssize_t
_sendto.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
_close.argtypes = [ctypes.c_int]

_EVENT = np.dtype([("events", "u4"), ("row", "u8")], align=platform.machine() != "x86_64")
"""struct epoll_event: packed on x86-64 alone (epoll_ctl(2))."""
_ADD = 1
_epoll_ctl = _libc.epoll_ctl
_epoll_ctl.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_void_p]


@dataclass(frozen=True, slots=True)
class Heard:
    """A datagram. source: a key (addresses.py). age: seconds since it came."""

    row: int
    octets: bytes
    source: int
    age: float


class ReportPorts(Protocol):
    """The odd ports of all rows that have one. All but the constructor is called on the media thread."""

    def add(self, row: int, fd: int) -> None:
        """The row has this bound socket from now on; it is closed by `remove`."""

    def remove(self, row: int) -> None:
        """A row without one is no fault."""

    def drain(self) -> list[Heard]:
        """What has come, up to MOST_READ."""

    def send(self, row: int, octets: bytes, target: int) -> None:
        """What the kernel does not take is lost, as on a network."""

    def close(self) -> None: ...


class KernelPorts:
    """Real sockets."""

    def __init__(self) -> None:
        self._fds: dict[int, int] = {}
        self._epoll = select.epoll()
        self._ready = np.zeros(MOST_READ, _EVENT)
        self._octets = np.zeros(_ROOM, np.uint8)
        self._name = np.zeros(SOCKADDR // 8, np.uint64)
        self._control = np.zeros(_CONTROL // 8, np.uint64)
        self._place = np.array([self._octets.ctypes.data, _ROOM], np.uint64)  # struct iovec
        self._message = np.zeros(7, np.uint64)  # struct msghdr
        self._message[0], self._message[2] = self._name.ctypes.data, self._place.ctypes.data
        self._message[3], self._message[4] = 1, self._control.ctypes.data

    def add(self, row: int, fd: int) -> None:
        self._fds[row] = fd
        event = np.array([(select.EPOLLIN, row)], _EVENT)
        _epoll_ctl(self._epoll.fileno(), _ADD, fd, event.ctypes.data)

    def remove(self, row: int) -> None:
        if (fd := self._fds.pop(row, None)) is not None:
            _close(fd)  # and epoll forgets it

    def drain(self) -> list[Heard]:
        if not self._fds:
            return []
        ready = _epoll_wait(self._epoll.fileno(), self._ready.ctypes.data, MOST_READ, 0)
        found = (self._receive(int(row)) for row in self._ready["row"][: max(0, ready)])
        return [heard for heard in found if heard is not None]

    def _receive(self, row: int) -> Heard | None:
        """None: the kernel told of an error instead (a port that nobody listens on), which is now read off."""
        if row not in self._fds:
            return None
        self._message[1], self._message[5] = SOCKADDR, _CONTROL
        length = _recvmsg(self._fds[row], self._message.ctypes.data, socket.MSG_DONTWAIT | socket.MSG_TRUNC)
        if length < 0:
            return None
        return Heard(row, self._octets[: min(length, _ROOM)].tobytes(), int(self._name[0]), self._age())

    def _age(self) -> float:
        kind = int(self._control.view(np.uint32)[3])  # struct cmsghdr: length, level, kind; then a struct timespec
        if self._message[5] < 32 or kind != SO_TIMESTAMPNS:
            return 0.0
        return age_of(float(self._control[2]) + float(self._control[3]) * 1e-9)

    def send(self, row: int, octets: bytes, target: int) -> None:
        if row in self._fds:
            name = np.array([target, 0], np.uint64).tobytes()
            _sendto(self._fds[row], octets, len(octets), socket.MSG_DONTWAIT, name, SOCKADDR)

    def close(self) -> None:
        for row in list(self._fds):
            self.remove(row)
        self._epoll.close()
