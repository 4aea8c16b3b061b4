"""io_uring, as much of it as batches of sends and receives need (io_uring(7), io_uring_enter(2)).

Every operation here is asked for with MSG_DONTWAIT, so each is complete when the call that submits it returns:
no buffer is in the kernel's hands between two calls, and the order of completion does not matter.
"""

from __future__ import annotations

import ctypes
import mmap
import os

import numpy as np
from numpy.typing import NDArray

OP_SENDMSG, OP_RECVMSG, OP_SEND, OP_RECV = 9, 10, 26, 27

SUBMISSION = np.dtype(
    [
        ("opcode", "u1"),
        ("flags", "u1"),
        ("priority", "u2"),
        ("fd", "i4"),
        ("offset", "u8"),
        ("address", "u8"),
        ("length", "u4"),
        ("flags_of_call", "u4"),
        ("user", "u8"),
        ("rest", "u8", (3,)),
    ]
)
"""struct io_uring_sqe, 64 octets."""
_COMPLETION = np.dtype([("user", "u8"), ("result", "i4"), ("flags", "u4")])

_SETUP, _ENTER = 425, 426  # the same numbers on every architecture
_CLAMP, _SUBMIT_ALL = 1 << 4, 1 << 7
_GETEVENTS = 1
_SINGLE_MMAP = 1
_SQES = 0x10000000
WORTH_THE_GIL = 64
"""Operations: a smaller batch keeps the GIL, since to get it back can take a whole switch interval."""

_held = ctypes.PyDLL(None, use_errno=True).syscall
_released = ctypes.CDLL(None, use_errno=True).syscall
for _call in (_held, _released):
    _call.restype = ctypes.c_long
    _call.argtypes = [ctypes.c_long] * 7


class Ring:
    """One submission and one completion queue. Used by one thread at a time."""

    def __init__(self, entries: int) -> None:
        """Raises OSError if the kernel has no io_uring, forbids it, or is older than 5.18."""
        told = np.zeros(30, np.uint32)  # struct io_uring_params
        told[2] = _CLAMP | _SUBMIT_ALL
        self._fd = int(_held(_SETUP, entries, told.ctypes.data, 0, 0, 0, 0))
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "io_uring is not to be had")
        os.set_inheritable(self._fd, False)
        if not int(told[5]) & _SINGLE_MMAP:
            os.close(self._fd)
            raise OSError("io_uring of an old kernel")
        self.entries = int(told[0])
        submitted, completed = told[10:20].astype(np.int64), told[20:30].astype(np.int64)
        octets = max(int(submitted[6]) + 4 * self.entries, int(completed[5]) + 16 * int(told[1]))
        self._rings = mmap.mmap(self._fd, octets, mmap.MAP_SHARED | mmap.MAP_POPULATE)
        self._slots = mmap.mmap(self._fd, 64 * self.entries, mmap.MAP_SHARED | mmap.MAP_POPULATE, offset=_SQES)
        shared = np.frombuffer(self._rings, np.uint8)
        self._tail = shared[submitted[1] : submitted[1] + 4].view(np.uint32)
        self._done_head = shared[completed[0] : completed[0] + 4].view(np.uint32)
        self._done_tail = shared[completed[1] : completed[1] + 4].view(np.uint32)
        self._done = shared[completed[5] : completed[5] + 16 * int(told[1])].view(_COMPLETION)
        self._asked = np.frombuffer(self._slots, SUBMISSION)
        shared[submitted[6] : submitted[6] + 4 * self.entries].view(np.uint32)[:] = np.arange(self.entries)

    def run(self, operations: NDArray[np.void]) -> NDArray[np.int32]:
        """Do these, and answer each one's result, -errno where it failed. `user` must differ between all of them."""
        results = [self._batch(operations[n : n + self.entries]) for n in range(0, len(operations), self.entries)]
        return np.concatenate(results) if results else np.zeros(0, np.int32)

    def _batch(self, operations: NDArray[np.void]) -> NDArray[np.int32]:
        count, tail = len(operations), int(self._tail[0])
        first = min(count, self.entries - tail % self.entries)
        self._asked[tail % self.entries :][:first] = operations[:first]
        self._asked[: count - first] = operations[first:]
        self._tail[0] = (tail + count) & 0xFFFFFFFF
        self._enter(count)
        head = int(self._done_head[0])
        done = self._done[(head + np.arange(count)) % len(self._done)]
        self._done_head[0] = (head + count) & 0xFFFFFFFF
        if (done["user"] == operations["user"]).all():
            answer: NDArray[np.int32] = done["result"]
            return answer
        place = np.argsort(operations["user"])
        results = np.empty(count, np.int32)
        results[place[np.searchsorted(operations["user"], done["user"], sorter=place)]] = done["result"]
        return results

    def _enter(self, count: int) -> None:
        call = _released if count >= WORTH_THE_GIL else _held
        submitted = 0
        while self._waiting() < count:
            got = int(call(_ENTER, self._fd, count - submitted, count - self._waiting(), _GETEVENTS, 0, 0))
            if got >= 0:
                submitted += got
            elif ctypes.get_errno() != 4:  # EINTR
                raise OSError(ctypes.get_errno(), "io_uring_enter failed")

    def _waiting(self) -> int:
        return (int(self._done_tail[0]) - int(self._done_head[0])) & 0xFFFFFFFF

    def close(self) -> None:
        del self._tail, self._done_head, self._done_tail, self._done, self._asked
        self._slots.close()
        self._rings.close()
        os.close(self._fd)
