"""The worker's own process: reads a job, does it, writes what came of it. Nothing else.

Four octets of length (big-endian), then a pickle, both ways. The first answer says that it is up. What a job
prints goes to the log (stderr), not between the answers. When the server is gone the process goes too, in
the middle of a job if need be.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import struct
import sys
import threading
import traceback
from dataclasses import dataclass
from typing import IO, Any

HEAD = 4
MAX_OCTETS = 64 << 20
NICE = 10
TRACE_LENGTH = 4000


@dataclass(frozen=True, slots=True)
class Done:
    value: Any


@dataclass(frozen=True, slots=True)
class Raised:
    """The job raised: class, one line, traceback."""

    raised: str
    why: str
    trace: str


def length(octets: bytes) -> bytes:
    return struct.pack(">I", len(octets))


def size(head: bytes) -> int:
    return int(struct.unpack(">I", head)[0])


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's business
    os.nice(NICE)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    jobs: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, jobs), daemon=True).start()
    _answer(answers, Done(os.getpid()))
    while True:
        _answer(answers, _run(jobs.get()))


def _listen(wire: IO[bytes], jobs: queue.SimpleQueue[bytes]) -> None:
    while len(head := wire.read(HEAD)) == HEAD:
        jobs.put(wire.read(size(head)))
    os._exit(0)  # the server is gone; nobody waits for the job


def _run(octets: bytes) -> Done | Raised:
    try:
        function, arguments = pickle.loads(octets)  # noqa: S301  # from our own server, over our own pipe
        return Done(function(*arguments))
    except Exception as fault:  # noqa: BLE001  # a job's fault is its caller's, and ends that job only
        return _raised(fault)


def _answer(answers: IO[bytes], answer: Done | Raised) -> None:
    try:
        octets = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
        if len(octets) > MAX_OCTETS:
            raise ValueError(f"a result of {len(octets)} octets is too large")
    except Exception as fault:  # noqa: BLE001  # as above: a result that cannot be pickled
        octets = pickle.dumps(_raised(fault), pickle.HIGHEST_PROTOCOL)
    answers.write(length(octets) + octets)
    answers.flush()


def _raised(fault: Exception) -> Raised:
    return Raised(type(fault).__name__, str(fault)[:1000], traceback.format_exc()[-TRACE_LENGTH:])
