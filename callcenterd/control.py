"""The local door of a running server: a Unix socket in its data folder, for the commands on the same machine.

One line of JSON asks, one line answers: {"command": "reload"} → {"ok": true, …} or {"ok": false, "error": "…"}.
Whoever may open the socket owns the data folder; the file is 0600, there is no other proof. Beside it lies the lock
that keeps the folder for one process at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import fcntl
import json
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import structlog

from callcenterd.errors import CallcenterdError, CannotStart, Fault, FaultyFile, LocalError

_log = structlog.get_logger(__name__)

Command = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
NAME = "control.sock"
MAX_OCTETS = 4 << 20
SECONDS = 60.0


class NotRunning(LocalError):
    """No server listens on this data folder."""


class Taken(CannotStart):
    """Another process has the data folder."""


@contextlib.contextmanager
def owned(data: Path, *parts: str) -> Iterator[None]:
    """The data folder is this process's alone. It and `parts` of it are made if needed. Raises Taken, CannotStart."""
    try:
        for folder in (data, *(data / part for part in parts)):
            folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as fault:
        raise CannotStart(f"data folder {data} cannot be used: {fault.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise Taken(f"another callcenterd runs on the data folder {data}") from None
    try:
        yield
    finally:
        os.close(lock)


class Door:
    """The server's half."""

    def __init__(self, data: Path, commands: Mapping[str, Command]) -> None:
        self._path = data / NAME
        self._commands = commands
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Raises CannotStart."""
        try:
            self._path.unlink(missing_ok=True)  # a server killed before left it; the lock says that none runs now
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=MAX_OCTETS)
            self._path.chmod(0o600)
        except OSError as fault:
            raise CannotStart(f"control socket {self._path} cannot be opened: {fault}") from None

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(SECONDS):
                answer = await self._answer(await reader.readline())
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (TimeoutError, OSError, ValueError) as fault:
            _log.warning("control connection ended", why=str(fault))
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> Mapping[str, Any]:
        try:
            asked = json.loads(line)
            command = self._commands[asked["command"]]
        except (ValueError, KeyError, TypeError):
            return {"ok": False, "error": "not a command of this server"}
        try:
            return {"ok": True, **await command(asked)}
        except FaultyFile as faulty:
            faults = [dataclasses.astuple(fault) for fault in faulty.faults]
            return {"ok": False, "error": str(faulty), "faults": faults}
        except CallcenterdError as fault:
            return {"ok": False, "error": str(fault)}


async def ask(data: Path, command: str, **arguments: Any) -> Mapping[str, Any]:
    """Ask the server that runs on this data folder.

    Raises NotRunning, FaultyFile with the faults that it found, or LocalError with what it said.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(data / NAME, limit=MAX_OCTETS)
    except OSError:
        raise NotRunning(f"no server runs on {data}") from None
    try:
        async with asyncio.timeout(SECONDS):
            writer.write(json.dumps({"command": command, **arguments}).encode() + b"\n")
            await writer.drain()
            answer = json.loads(await reader.readline() or b"{}")
    except TimeoutError:
        raise LocalError("the server did not answer") from None
    except OSError as fault:
        raise LocalError(f"the server ended meanwhile: {fault}") from None
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    if not isinstance(answer, dict) or not answer:
        raise LocalError("the server gave no answer")
    if answer.get("ok"):
        return answer
    if faults := answer.get("faults"):
        raise FaultyFile([Fault(*fault) for fault in faults])
    raise LocalError(str(answer.get("error")))
