"""The server's hand on its gateway process (`inside`): started with the first page, started anew when it is lost.

Nothing of it is needed by calls that are on phones: while it is down only pages cannot be phones.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from typing import Literal, Protocol

import structlog

from callcenterd.errors import LocalError, RemoteError
from callcenterd.media.webrtc import wire
from callcenterd.media.webrtc.wire import Answered, Declined, FromGateway

_log = structlog.get_logger(__name__)

START_SECONDS = 30.0
ANSWER_SECONDS = 10.0
SILENT_SECONDS = 20.0
"""Without a word, figures included: it hangs, and is ended."""
MOST_UNREAD = 1 << 20
"""Octets that it has not read: it hangs, too."""
SLOWEST_RESTART = 30.0
State = Literal["idle", "starting", "up", "down"]

_PROGRAM = "from callcenterd.media.webrtc.inside import main; main()"


class GatewayDown(LocalError):
    """No page can become a phone now."""


class OfferDeclined(RemoteError):
    """What the page offers cannot be used."""


class PageListener(Protocol):
    """Told on the loop's thread, after `Gateway.open` has answered for that page."""

    def page_up(self, page: str) -> None: ...
    def page_quiet(self, page: str, seconds: float) -> None: ...
    def page_heard(self, page: str) -> None: ...
    def page_lost(self, page: str, why: str) -> None: ...


class Gateway:
    """listener: set once by who builds the rooms, before the first page."""

    listener: PageListener

    def __init__(self, ports: range) -> None:
        """ports: of the sound that goes outside; the last free one is taken."""
        self._ports = ports
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self._answers: dict[str, asyncio.Future[Answered]] = {}
        self._pages: set[str] = set()
        self.state: State = "idle"
        self.restarts = 0
        self.port: int | None = None
        """Where pages find it by UDP; None while it is not up."""
        self.figures = wire.Figures(0, 0.0, 0, 0)
        """As it told last; nothing before the first page."""

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    async def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None

    # ---- what is wanted of it -----------------------------------------------------------------------------------

    async def open(self, page: str, offer: str, hosts: Sequence[str]) -> Answered:
        """Begin to connect a page. page: a name that was never used before. hosts: our addresses that it may reach.

        Raises GatewayDown or OfferDeclined. Who stops waiting leaves no page behind.
        """
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name="webrtc gateway")
        answered: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._up.wait()
            self._answers[page] = answered
            self._pages.add(page)
            self._say(wire.Open(page, offer, list(hosts)))
            async with asyncio.timeout(ANSWER_SECONDS):
                return await answered
        except TimeoutError:
            self.close(page)
            raise GatewayDown("the process for pages as phones does not answer") from None
        except BaseException:
            self.close(page)
            raise
        finally:
            self._answers.pop(page, None)

    def talk(self, page: str, port: int) -> None:
        """The page speaks with that port of the engine from now on."""
        self._say(wire.Talk(page, port))

    def hush(self, page: str) -> None:
        self._say(wire.Hush(page))

    def close(self, page: str) -> None:
        """It is told no more about."""
        self._pages.discard(page)
        self._say(wire.Close(page))

    # ---- within -------------------------------------------------------------------------------------------------

    def _say(self, message: wire.ToGateway) -> None:
        """While it is down there is nobody to tell: with it every page is gone."""
        process = self._process
        if process is None or process.stdin is None or process.returncode is not None:
            return
        process.stdin.write(wire.encode(message))
        if process.stdin.transport.get_write_buffer_size() > MOST_UNREAD:
            _log.error("webrtc gateway does not read", octets=MOST_UNREAD)
            process.kill()

    async def _keep(self) -> None:
        """There is a process. When it is lost there is another one; one after the other that is of no use comes ever
        more slowly."""
        useless = 0
        while True:
            self.state = "starting"
            try:
                self._process = await self._spawn()
                self.state = "up"
                self._up.set()
                useless = 0 if await self._listen(self._process) else useless + 1
            except (OSError, EOFError, TimeoutError, wire.MalformedMessage) as fault:
                useless += 1
                _log.error("webrtc gateway lost", why=str(fault) or type(fault).__name__)
            finally:
                self._up.clear()
                self.state, self.port = "down", None
                process, self._process = self._process, None
                await _end(process)
                self._all_lost()
            self.restarts += 1
            await asyncio.sleep(min(SLOWEST_RESTART, 0.25 * (2**useless - 1)))

    async def _spawn(self) -> Process:
        ours = os.pathsep.join(path or os.curdir for path in sys.path)  # it must find every module that we find
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _PROGRAM,
            stdin=PIPE,
            stdout=PIPE,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": ours},
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                assert process.stdin is not None
                process.stdin.write(wire.encode(wire.Bind(self._ports.start, self._ports.stop - 1)))
                started = await _read(process)
            if not isinstance(started, wire.Started):
                raise wire.MalformedMessage(f"{type(started).__name__} before Started")
        except BaseException:
            await _end(process)
            raise
        self.port = started.port
        _log.info("webrtc gateway is up", pid=process.pid, port=started.port)
        return process

    async def _listen(self, process: Process) -> bool:
        """Until it is lost. Answers True if it was of use until then."""
        useful = False
        while True:
            try:
                async with asyncio.timeout(SILENT_SECONDS):
                    said = await _read(process)
            except EOFError:
                _log.error("webrtc gateway died", code=process.returncode)
                return useful
            except TimeoutError:
                _log.error("webrtc gateway hangs", seconds=SILENT_SECONDS)
                return useful
            useful = useful or isinstance(said, wire.Up)
            try:
                self._heard(said)
            except Exception:  # noqa: BLE001  # what one page brings about must not end the others
                _log.exception("webrtc gateway", said=type(said).__name__)

    def _heard(self, said: FromGateway) -> None:
        match said:
            case Answered() | Declined():
                answer = self._answers.get(said.page)
                if answer is None or answer.done():
                    return  # nobody waits any more, and it was closed
                if isinstance(said, Answered):
                    answer.set_result(said)
                else:
                    answer.set_exception(OfferDeclined(said.why))
            case wire.Figures():
                self.figures = said
            case wire.Started():
                raise wire.MalformedMessage("Started twice")
            case wire.Lost(page=page, why=why):
                if page in self._pages:
                    self._pages.discard(page)
                    self.listener.page_lost(page, why)
            case _:
                if said.page in self._pages:
                    self._tell(said)

    def _tell(self, said: wire.Up | wire.Quiet | wire.Heard) -> None:
        match said:
            case wire.Up(page=page):
                self.listener.page_up(page)
            case wire.Quiet(page=page, seconds=seconds):
                self.listener.page_quiet(page, seconds)
            case wire.Heard(page=page):
                self.listener.page_heard(page)

    def _all_lost(self) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(GatewayDown("the process for pages as phones was lost"))
        pages, self._pages = self._pages, set()
        for page in pages - self._answers.keys():
            self.listener.page_lost(page, "gateway")


async def _read(process: Process) -> FromGateway:
    """Raises EOFError if it is gone, or MalformedMessage."""
    assert process.stdout is not None
    head = await process.stdout.readexactly(wire.HEAD)
    said = wire.decode(await process.stdout.readexactly(wire.size(head)))
    if isinstance(said, (wire.Bind, wire.Open, wire.Talk, wire.Hush, wire.Close)):
        raise wire.MalformedMessage(f"{type(said).__name__} is not for us")
    return said


async def _end(process: Process | None) -> None:
    if process is None:
        return
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    if process.stdin is not None:
        process.stdin.close()
        with contextlib.suppress(OSError):
            await process.stdin.wait_closed()
    await process.wait()
