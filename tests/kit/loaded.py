"""Servers that are forked from a process which has the program loaded already.

Nearly all of what a start costs is loading the program, and the tests start two hundred servers. Such a server is a
process like any other: its own id, its own output, killed and waited for.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

_MADE_FROM = multiprocessing.get_context("forkserver")
_MADE_FROM.set_forkserver_preload(["callcenterd.cli", "callcenterd.daemon"])


class LoadedServer:
    """As much of asyncio.subprocess.Process as the tests need. Made by `begin`."""

    def __init__(self, process: multiprocessing.process.BaseProcess, stdout: asyncio.StreamReader) -> None:
        self._process = process
        self.stdout = stdout
        assert process.pid is not None
        self.pid = process.pid
        self._over = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(process.sentinel, self._ended)

    @classmethod
    async def begin(cls, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> LoadedServer:
        """`callcenterd` with these arguments; its standard output can be read, the error output goes to the log."""
        ours, theirs = _MADE_FROM.Pipe(duplex=False)
        process = _MADE_FROM.Process(target=_serve, args=(list(arguments), dict(environment), theirs, str(log)))
        process.start()
        theirs.close()
        stdout = asyncio.StreamReader()
        pipe = os.fdopen(os.dup(ours.fileno()), "rb", buffering=0)
        ours.close()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdout), pipe)
        return cls(process, stdout)

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    async def wait(self) -> int:
        await self._over.wait()
        self._process.join()
        assert self._process.exitcode is not None
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self) -> None:
        self._loop.remove_reader(self._process.sentinel)
        self._over.set()


def _serve(arguments: list[str], environment: Mapping[str, str], output: Connection, log: str) -> None:
    """In the new process."""
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(output.fileno(), 1)
    output.close()
    errors = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(errors, 2)
    os.close(errors)
    sys.stdout = open(1, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115
    sys.argv = ["callcenterd", *arguments]
    from callcenterd.cli import main

    main()
