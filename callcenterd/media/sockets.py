"""Every leg's datagrams as one block of octets, and back.

Two ways to the kernel with one face. `BatchedSockets` gives it all receives, and all sends, of a tick in one
call (io_uring), with the GIL released only where the batch is worth it. `PlainSockets` makes a system call a
datagram through ctypes.PyDLL, which keeps the GIL: Python's own socket methods let it go at each call, and a busy
main thread then has each packet wait for it. docs/decisions/0002-media-arrays.md has the figures.

A leg has an even port; the odd one above it is for its reports (`reportports.py`), if they are not agreed to share it.
"""

from __future__ import annotations

import ctypes
import errno
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from callcenterd.errors import LocalError
from callcenterd.media.addresses import SOCKADDR, ipv4
from callcenterd.media.uring import OP_RECV, OP_RECVMSG, OP_SEND, OP_SENDMSG, SUBMISSION, Ring

_log = structlog.get_logger(__name__)

ROOM = 512
"""Octets kept of a datagram: 60 ms of G.711 and its header. What is longer is told with its true length."""
ROUNDS = 8
"""Datagrams taken from one leg in one tick at most; the rest waits in its socket."""
NARROWEST = 176
LOOKED_TWICE = 50
"""Ticks for which a row is read to its end, after more than was expected was found there."""
TURNS = 4
"""Each row is read to its end once in so many ticks, whatever is expected of it."""
RECEIVE_OCTETS = 64 * 1024
"""SO_RCVBUF: above a second of one leg's packets with the kernel's bookkeeping."""

SO_TIMESTAMPNS = 35
"""SO_TIMESTAMPNS_OLD of asm-generic/socket.h: a struct timespec beside each datagram (socket(7))."""
CONTROL = 32
"""Octets that it takes there."""
WATCHES, WATCHED, FIRST_WATCHED = 8, 50, 400
"""One row in so many is asked when its datagrams came, so many ticks at a time; all are in their first ticks."""

_OLDEST = 1.0
_FLAGS = socket.MSG_DONTWAIT | socket.MSG_TRUNC
_AF_UNSPEC = bytes(SOCKADDR)

# PyDLL keeps the GIL: none of these waits, and to give it away costs more than they do.
_libc = ctypes.PyDLL(None)
_connect, _close = _libc.connect, _libc.close
_connect.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
_close.argtypes = [ctypes.c_int]
_recvfrom, _send, _sendto = _libc.recvfrom, _libc.send, _libc.sendto
_recvfrom.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
_recvfrom.restype = _send.restype = _sendto.restype = ctypes.c_ssize_t
_send.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_sendto.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_int]


class NoPorts(LocalError):
    """No port of the range is free on that address, or the address is not one of this machine."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """One tick's datagrams, each row's in their order.

    octets: (n, room) as rtp.parse_headers wants them. lengths, rows: (n,). sources: (n,) keys (addresses.py).
    stamps: (n,) when the kernel got each, in seconds of the system's date; nan where it was not asked. None: nowhere.
    """

    octets: NDArray[np.uint8]
    lengths: NDArray[np.int64]
    rows: NDArray[np.intp]
    sources: NDArray[np.uint64]
    stamps: NDArray[np.float64] | None = None


class Sockets(Protocol):
    """The sockets of all rows. All but the constructor is called on the media thread."""

    outgoing: NDArray[np.uint8]
    """(rows, ROOM) octets: what `send` sends is written here."""

    def add(self, row: int, fd: int) -> None:
        """The row has this socket from now on; it is closed by `remove`."""

    def remove(self, row: int) -> None: ...

    def aim(self, row: int, target: int, *, only: bool) -> None:
        """Send to this key (0: nowhere). only: let the kernel drop what comes from any other address."""

    def drain(self, rows: NDArray[np.intp]) -> Arrived:
        """What waits for these rows, up to ROUNDS a row: one datagram of each, and all of those that may have more."""

    def send(self, rows: NDArray[np.intp], lengths: NDArray[np.int64]) -> None:
        """The first lengths[i] octets of outgoing[rows[i]]. What the kernel does not take is lost, as on a network."""

    def say(self, row: int, octets: bytes) -> None:
        """One datagram to where the row sends: a report on a shared port."""

    def close(self) -> None: ...


def age_of(stamp: float) -> float:
    """Seconds since the kernel got a datagram. 0 if that is not known, or the date was set meanwhile."""
    age = time.clock_gettime(time.CLOCK_REALTIME) - stamp
    return age if 0.0 <= age <= _OLDEST else 0.0


def open_sockets(rows: int) -> Sockets:
    """The batched kind where the kernel lets us (it may be forbidden in a container), else the plain one."""
    try:
        return BatchedSockets(rows)
    except OSError as fault:
        _log.info("media sockets one by one", why=str(fault))
        return PlainSockets(rows)


class _Board:
    """What both kinds keep: for each row its socket, its target, and where its datagrams land."""

    def __init__(self, rows: int) -> None:
        self.outgoing = np.zeros((rows, ROOM), np.uint8)
        self._fd = np.full(rows, -1, np.int64)
        self._target = np.zeros((rows, SOCKADDR // 8), np.uint64)
        self._only = np.zeros(rows, np.bool_)
        self._landed = np.zeros((ROUNDS, rows, ROOM), np.uint8)
        self._names = np.zeros((ROUNDS, rows, SOCKADDR // 8), np.uint64)
        # To ask a socket that has nothing is a third of what a datagram costs, and nearly every row has one datagram a
        # tick: a second time is asked where one is owed (none came in a tick before), where there were more than one
        # of late, and of a quarter of all rows in turn, so that nothing waits for long that was not expected.
        self._owed = np.zeros(rows, np.bool_)
        self._twice = np.zeros(rows, np.int8)
        self._turn = 0
        # Aimed at one only, and read to the end since: what comes now is from there. What had come before the kernel
        # was told may be anybody's.
        self._pure = np.zeros(rows, np.bool_)
        # When a datagram came is asked of a row's first seconds, and then of an eighth of all rows in turn for a second
        # each: enough to know its jitter, and the answer costs as much as the source.
        self._ticks = 0
        self._since = np.zeros(rows, np.int64)
        self._watched = np.zeros(rows, np.bool_)

    def drain(self, rows: NDArray[np.intp]) -> Arrived:
        rounds: list[tuple[NDArray[np.intp], NDArray[np.int64]]] = []
        self._turn = (self._turn + 1) % TURNS
        self._ticks += 1
        self._watched[rows] = (rows % WATCHES == self._ticks // WATCHED % WATCHES) | (
            self._ticks - self._since[rows] < FIRST_WATCHED
        )
        for n in range(ROUNDS):
            lengths = self._receive_from(rows, n)
            got = lengths >= 0
            self._pure[rows[~got]] = self._only[rows[~got]]
            if n == 0:
                self._owed[rows[~got]] = True
            else:
                self._owed[rows[~got]] = False
                self._twice[rows[got & ~self._owed[rows]]] = LOOKED_TWICE
            if not got.all():
                rows, lengths = rows[got], lengths[got]
            if len(rows) == 0:
                break
            rounds.append((rows, lengths))
            if n == 0:
                more = self._owed[rows] | (self._twice[rows] > 0) | (rows % TURNS == self._turn)
                rows = rows[more]
                self._twice[rows[self._twice[rows] > 0]] -= 1
                if len(rows) == 0:
                    break
        return self._arrived(rounds)

    def _receive_from(self, rows: NDArray[np.intp], n: int) -> NDArray[np.int64]:
        """One datagram of each row into its place of round n. Answers their lengths, below 0 where there was none."""
        raise NotImplementedError

    def add(self, row: int, fd: int) -> None:
        self._fd[row] = fd
        self._owed[row] = self._pure[row] = False
        self._twice[row] = LOOKED_TWICE
        self._since[row] = self._ticks
        self._target[row] = 0
        self._only[row] = False

    def remove(self, row: int) -> None:
        _close(int(self._fd[row]))
        self._fd[row] = -1

    def aim(self, row: int, target: int, *, only: bool) -> None:
        self._target[row, 0] = target
        self._pure[row] = False
        if only:
            # Should it fail (no route just now), the packets go on by address.
            only = _connect(int(self._fd[row]), self._target[row].tobytes(), SOCKADDR) == 0
        elif self._only[row] and not only:
            _connect(int(self._fd[row]), _AF_UNSPEC, SOCKADDR)
        self._only[row] = only

    def say(self, row: int, octets: bytes) -> None:
        fd = int(self._fd[row])
        if self._only[row]:
            _send(fd, octets, len(octets), socket.MSG_DONTWAIT)
        elif self._target[row, 0]:
            at = self._target.ctypes.data + SOCKADDR * row
            _sendto(fd, octets, len(octets), socket.MSG_DONTWAIT, at, SOCKADDR)

    def close(self) -> None:
        for row in np.flatnonzero(self._fd >= 0).tolist():
            self.remove(row)

    def _arrived(self, rounds: list[tuple[NDArray[np.intp], NDArray[np.int64]]]) -> Arrived:
        """rounds: for each round (rows that got a datagram, its length)."""
        rows = np.concatenate([rows for rows, _ in rounds]) if rounds else np.zeros(0, np.intp)
        if len(rows) == 0:
            nothing = np.zeros(0, np.int64)
            return Arrived(np.zeros((0, NARROWEST), np.uint8), nothing, rows, np.zeros(0, np.uint64))
        lengths = np.concatenate([lengths for _, lengths in rounds])
        width = ROOM if int(lengths.max()) > NARROWEST else NARROWEST
        stamps = [self._stamps(n, rows) for n, (rows, _) in enumerate(rounds)]
        told = [some for some in stamps if some is not None]
        if len(rounds) == 1:
            return Arrived(self._landed[0, rows, :width], lengths, rows, self._names[0, rows, 0], stamps[0])
        octets = [self._landed[n, rows, :width] for n, (rows, _) in enumerate(rounds)]
        sources = [self._names[n, rows, 0] for n, (rows, _) in enumerate(rounds)]
        return Arrived(
            np.concatenate(octets), lengths, rows, np.concatenate(sources), np.concatenate(told) if told else None
        )

    def _stamps(self, n: int, rows: NDArray[np.intp]) -> NDArray[np.float64] | None:  # noqa: ARG002  # of one kind only
        """As Arrived, of what these rows got in round n."""
        return None


class PlainSockets(_Board):
    """One system call a datagram."""

    def _receive_from(self, rows: NDArray[np.intp], n: int) -> NDArray[np.int64]:
        size = ctypes.c_uint32(SOCKADDR)
        name_size = ctypes.addressof(size)
        landed, names = self._landed[n].ctypes.data, self._names[n].ctypes.data
        return np.fromiter(
            (
                _recvfrom(fd, landed + ROOM * row, ROOM, _FLAGS, names + SOCKADDR * row, name_size)
                for row, fd in zip(rows.tolist(), self._fd[rows].tolist(), strict=True)
            ),
            np.int64,
            len(rows),
        )

    def send(self, rows: NDArray[np.intp], lengths: NDArray[np.int64]) -> None:
        octets, targets = self.outgoing.ctypes.data, self._target.ctypes.data
        only, fds = self._only[rows].tolist(), self._fd[rows].tolist()
        for row, fd, length, connected in zip(rows.tolist(), fds, lengths.tolist(), only, strict=True):
            if connected:
                _send(fd, octets + ROOM * row, length, socket.MSG_DONTWAIT)
            else:
                at = targets + SOCKADDR * row
                _sendto(fd, octets + ROOM * row, length, socket.MSG_DONTWAIT, at, SOCKADDR)


class BatchedSockets(_Board):
    """One system call a batch. Raises OSError if the kernel has no io_uring for us."""

    def __init__(self, rows: int) -> None:
        super().__init__(rows)
        self._ring = Ring(2048)
        index = np.arange(rows, dtype=np.uint64)
        landed = np.zeros((ROUNDS, rows, 2), np.uint64)  # struct iovec
        landed[:, :, 0] = self._landed.ctypes.data + ROOM * (rows * np.arange(ROUNDS)[:, None] + np.arange(rows))
        landed[:, :, 1] = ROOM
        self._incoming = np.zeros((ROUNDS, rows, 7), np.uint64)  # struct msghdr
        self._incoming[:, :, 0] = self._names.ctypes.data + SOCKADDR * (
            rows * np.arange(ROUNDS)[:, None] + np.arange(rows)
        )
        self._incoming[:, :, 2] = landed.ctypes.data + 16 * (rows * np.arange(ROUNDS)[:, None] + np.arange(rows))
        self._incoming[:, :, 3] = 1
        self._control = np.zeros((ROUNDS, rows, CONTROL // 8), np.uint64)  # struct cmsghdr, struct timespec
        self._incoming[:, :, 4] = self._control.ctypes.data + CONTROL * (
            rows * np.arange(ROUNDS)[:, None] + np.arange(rows)
        )
        self._receive = np.zeros((ROUNDS, rows), SUBMISSION)
        self._receive["opcode"] = OP_RECVMSG
        self._receive["address"] = self._incoming.ctypes.data + 56 * (
            rows * np.arange(ROUNDS)[:, None] + np.arange(rows)
        )
        self._receive["length"] = 1
        self._receive["flags_of_call"] = _FLAGS
        self._receive["user"] = index
        self._receive_known = self._receive.copy()
        self._receive_known["opcode"] = OP_RECV
        self._receive_known["address"] = landed[:, :, 0]
        self._receive_known["length"] = ROOM
        self._send_known = np.zeros(rows, SUBMISSION)
        self._send_known["opcode"] = OP_SEND
        self._send_known["address"] = self.outgoing.ctypes.data + ROOM * index
        self._send_known["flags_of_call"] = socket.MSG_DONTWAIT
        self._send_known["user"] = index
        self._leaving = np.zeros((rows, 2), np.uint64)
        self._leaving[:, 0] = self.outgoing.ctypes.data + ROOM * index
        self._addressed = np.zeros((rows, 7), np.uint64)
        self._addressed[:, 0] = self._target.ctypes.data + SOCKADDR * index
        self._addressed[:, 1] = SOCKADDR
        self._addressed[:, 2] = self._leaving.ctypes.data + 16 * index
        self._addressed[:, 3] = 1
        self._send_addressed = self._send_known.copy()
        self._send_addressed["opcode"] = OP_SENDMSG
        self._send_addressed["address"] = self._addressed.ctypes.data + 56 * index
        self._send_addressed["length"] = 1
        self._kept = landed  # the kernel reads it through the addresses above

    def add(self, row: int, fd: int) -> None:
        super().add(row, fd)
        self._receive["fd"][:, row] = self._receive_known["fd"][:, row] = fd
        self._send_known["fd"][row] = self._send_addressed["fd"][row] = fd

    def _receive_from(self, rows: NDArray[np.intp], n: int) -> NDArray[np.int64]:
        asked = self._receive[n, rows]
        known = self._pure[rows] & ~self._watched[rows]
        if known.any():  # the source needs no asking, which makes it a fifth cheaper
            there = rows[known]
            asked[known] = self._receive_known[n, there]
            self._names[n, there, 0] = self._target[there, 0]
        self._incoming[n, rows, 1] = SOCKADDR  # the kernel writes the length it used here
        self._incoming[n, rows, 5] = np.where(known, 0, CONTROL)  # and here
        return self._ring.run(asked).astype(np.int64)

    def _stamps(self, n: int, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        stamps = np.full(len(rows), np.nan)
        stamped = self._incoming[n, rows, 5] == CONTROL
        seconds = self._control[n, rows[stamped]]
        stamps[stamped] = seconds[:, 2] + seconds[:, 3] * 1e-9
        return stamps

    def send(self, rows: NDArray[np.intp], lengths: NDArray[np.int64]) -> None:
        self._send_known["length"][rows] = lengths
        self._leaving[rows, 1] = lengths
        only = self._only[rows]
        asked = self._send_known[rows]
        if not only.all():
            asked[~only] = self._send_addressed[rows[~only]]
        self._ring.run(asked)

    def close(self) -> None:
        super().close()
        self._ring.close()


class Ports:
    """Even ports of a range, one a leg, given in turn so that a port just closed rests a while. Thread-safe."""

    def __init__(self, ports: Iterable[int]) -> None:
        self._even = [port for port in ports if port % 2 == 0]
        self._next = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._even)

    def open(self, host: str) -> socket.socket:
        """A bound, non-blocking socket. Raises NoPorts. Ports that others use are passed over."""
        try:
            ipv4(host)
        except ValueError:
            raise NoPorts(f"not an IPv4 address: {host!r}") from None
        with self._lock:
            for _ in range(len(self._even)):
                port = self._even[self._next]
                self._next = (self._next + 1) % len(self._even)
                if (bound := _bound(host, port)) is not None:
                    return bound
        raise NoPorts(f"none of {len(self._even)} ports is free on {host}")

    def open_beside(self, host: str, port: int) -> socket.socket | None:
        """The odd port above a leg's, for its reports. None if it cannot be had: the leg does without them."""
        try:
            return _bound(host, port + 1)
        except (OSError, NoPorts) as fault:
            _log.warning("no port for reports", host=host, port=port + 1, why=str(fault))
            return None


def _bound(host: str, port: int) -> socket.socket | None:
    """None if the port is in use."""
    leg = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        leg.bind((host, port))
        leg.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_OCTETS)
        leg.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        leg.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0xB8)  # DSCP EF (RFC 4594 §4.1)
    except OSError as fault:
        leg.close()
        if fault.errno == errno.EADDRINUSE:
            return None
        raise NoPorts(f"cannot listen on {host}:{port}: {fault.strerror}") from None
    return leg
