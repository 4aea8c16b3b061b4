"""One spawned process for heavy jobs, and what it may cost: time, size, and never the calls.

Design: an XLSX export in a thread made the media tick up to 1.1 s late, in a spawned process under 2 ms. The process
is started afresh with our own interpreter (never forked: this one has threads), niced, and talks over its two
pipes (`inside`). It runs one job after the other; one that hangs or dies takes only its job with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import structlog

from callcenterd.errors import LocalError
from callcenterd.worker import inside

_log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

START_SECONDS = 30.0
JOB_SECONDS = 60.0
MAX_WAITING = 256
MAX_OCTETS = inside.MAX_OCTETS
"""Of a job or its answer, pickled."""
SLOWEST_RESTART = 30.0

_PROGRAM = f"from {inside.__name__} import main; main()"
"""Not `-m`: what is pickled there as `__main__.Done` could not be read here."""


class JobFailed(LocalError):
    """A job gave no result: it raised, took too long, was too large, or its process died.

    why: one line. raised: the name of the exception class in the worker, "" if it was none.
    """

    def __init__(self, job: str, why: str, raised: str = "") -> None:
        super().__init__(f"job {job} failed: {why}")
        self.job = job
        self.why = why
        self.raised = raised


class JobLost(JobFailed):
    """It took too long, or its process died in it: it may be the job's own doing."""


@dataclass(slots=True)
class _Job:
    name: str
    octets: bytes
    seconds: float
    result: asyncio.Future[Any]


class Worker:
    """The jobs in their order, and the process that does them."""

    def __init__(self) -> None:
        self._jobs: deque[_Job] = deque()
        self._wanted = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._process: Process | None = None
        self.restarts = 0
        """How often the process was lost, for /metrics."""

    @property
    def pid(self) -> int | None:
        """Of the process, None while there is none."""
        return self._process.pid if self._process is not None else None

    def waiting(self) -> int:
        """Jobs that nobody has begun."""
        return len(self._jobs)

    def start(self) -> None:
        """Begin to start the process; jobs may be given at once."""
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name="worker")

    async def stop(self) -> None:
        """End the process and whatever it is doing; jobs that wait fail."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None
        while self._jobs:
            _fail(self._jobs.popleft(), "the server stops")

    async def run(self, function: Callable[..., T], *arguments: Any, timeout: float = JOB_SECONDS) -> T:  # noqa: ASYNC109
        """Run a module-level function in the process; arguments and result are pickled.

        timeout: seconds from its beginning; after that the process is killed. Raises JobFailed. Who stops waiting
        (is cancelled) leaves a job that runs already to its end.
        """
        name = f"{function.__module__}.{function.__qualname__}"
        if self._keeper is None:
            raise JobFailed(name, "the worker is not running")
        if len(self._jobs) >= MAX_WAITING:
            raise JobFailed(name, f"{MAX_WAITING} jobs wait already")
        octets = pickle.dumps((function, arguments), pickle.HIGHEST_PROTOCOL)
        if len(octets) > MAX_OCTETS:
            raise JobFailed(name, f"{len(octets)} octets are too many")
        job = _Job(name, octets, timeout, asyncio.get_running_loop().create_future())
        self._jobs.append(job)
        self._wanted.set()
        result: T = await job.result
        return result

    # ---- within -----------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        """There is a process and it has work; when it is lost there is another one.

        At once, if the lost one had done something; one after the other that does nothing comes ever more slowly.
        """
        useless = 0
        while True:
            try:
                self._process = await _spawn()
                useless = 0 if await self._serve(self._process) else useless + 1
            except (OSError, EOFError, TimeoutError) as fault:
                useless += 1
                _log.error("worker cannot start", why=str(fault) or type(fault).__name__)
                while self._jobs:
                    _fail(self._jobs.popleft(), "the worker cannot start")
            finally:
                await _end(self._process)
                self._process = None
            self.restarts += 1
            await asyncio.sleep(min(SLOWEST_RESTART, 0.25 * (2**useless - 1)))

    async def _serve(self, process: Process) -> int:
        """Give it one job after the other, until it is lost. Answers how many it did."""
        death = asyncio.ensure_future(process.wait())
        jobs = 0
        try:
            while True:
                while self._jobs:
                    job = self._jobs.popleft()
                    if not job.result.done() and not await _exchange(process, job):
                        return jobs
                    jobs += 1
                self._wanted.clear()
                wanted = asyncio.ensure_future(self._wanted.wait())
                try:
                    await asyncio.wait({death, wanted}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    wanted.cancel()
                if death.done():
                    _log.error("worker died without work", code=process.returncode)
                    return jobs
        finally:
            death.cancel()


async def _spawn() -> Process:
    """Raises OSError, EOFError or TimeoutError if it does not come up."""
    ours = os.pathsep.join(path or os.curdir for path in sys.path)  # it must find every module that we find
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": ours}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PROGRAM, stdin=PIPE, stdout=PIPE, env=environment, start_new_session=True
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            await _read(process)
    except BaseException:
        await _end(process)
        raise
    return process


async def _exchange(process: Process, job: _Job) -> bool:
    """False if the process is of no more use."""
    try:
        async with asyncio.timeout(job.seconds):
            assert process.stdin is not None
            process.stdin.write(inside.length(job.octets) + job.octets)
            await process.stdin.drain()
            answer = await _read(process)
    except TimeoutError:
        _log.error("job took too long", job=job.name, seconds=job.seconds)
        _fail(job, f"it took longer than {job.seconds:g} s", kind=JobLost)
        return False
    except (OSError, EOFError):
        _log.error("worker died in a job", job=job.name)
        _fail(job, "its process died", kind=JobLost)
        return False
    except asyncio.CancelledError:
        _fail(job, "the server stops")
        raise
    match answer:
        case inside.Done(value):
            if not job.result.done():
                job.result.set_result(value)
        case inside.Raised(raised, why, trace):
            _log.warning("job failed", job=job.name, raised=raised, why=why, trace=trace)
            _fail(job, f"{raised}: {why}", raised)
    return True


async def _read(process: Process) -> object:
    """Raises EOFError if the process is gone, or says what cannot be read."""
    assert process.stdout is not None
    head = await process.stdout.readexactly(inside.HEAD)
    size = inside.size(head)
    if size > MAX_OCTETS:
        raise EOFError(f"an answer of {size} octets")
    octets = await process.stdout.readexactly(size)
    return pickle.loads(octets)  # noqa: S301  # our own process, over our own pipe


async def _end(process: Process | None) -> None:
    if process is None:
        return
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # it leads its own group: a program that a job began goes with it
    if process.stdin is not None:
        process.stdin.close()
        with contextlib.suppress(OSError):
            await process.stdin.wait_closed()
    await process.wait()


def _fail(job: _Job, why: str, raised: str = "", kind: type[JobFailed] = JobFailed) -> None:
    if not job.result.done():
        job.result.set_exception(kind(job.name, why, raised))
