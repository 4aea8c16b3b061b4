"""The worker's process: real, on the ordinary loop, killed and hung."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from callcenterd.errors import LocalError
from callcenterd.worker import pool
from callcenterd.worker.pool import JobFailed, JobLost, Worker
from tests.worker import jobs


async def until_alive(worker: Worker, other_than: int | None = None) -> int:
    """The worker's process, once there is one (another than the one that was)."""
    async with asyncio.timeout(20):
        while worker.pid is None or worker.pid == other_than:
            await asyncio.sleep(0.002)
    return worker.pid


async def until_there(path: Path) -> None:
    async with asyncio.timeout(20):
        while not path.exists():
            await asyncio.sleep(0.002)


def is_running(pid: int) -> bool:
    """There, and not only waiting for somebody to take note of its end."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_job_runs_in_another_process_that_gives_way_to_the_calls(worker: Worker) -> None:
    assert await worker.run(jobs.add, 2, 3) == 5
    assert await worker.run(jobs.pid) == worker.pid != os.getpid()
    assert await worker.run(jobs.nice) >= 10


async def test_jobs_given_at_once_get_each_their_own_answer(worker: Worker) -> None:
    assert await asyncio.gather(*(worker.run(jobs.add, n, n) for n in range(50))) == [2 * n for n in range(50)]


async def test_what_a_job_raises_comes_back_as_a_failed_job_and_the_next_one_runs(worker: Worker) -> None:
    with pytest.raises(JobFailed, match="ValueError: no such month") as caught:
        await worker.run(jobs.complain, "no such month")
    assert isinstance(caught.value, LocalError)
    assert (caught.value.raised, caught.value.job) == ("ValueError", "tests.worker.jobs.complain")
    assert await worker.run(jobs.add, 1, 1) == 2
    assert worker.restarts == 0


async def test_a_process_killed_in_the_middle_of_a_job_fails_that_job_only(worker: Worker, tmp_path: Path) -> None:
    first = await worker.run(jobs.pid)
    hanging = asyncio.create_task(worker.run(jobs.hang, str(tmp_path / "begun")))
    behind = asyncio.create_task(worker.run(jobs.add, 4, 4))
    await until_there(tmp_path / "begun")
    os.kill(first, signal.SIGKILL)
    with pytest.raises(JobFailed, match="process died"):
        await hanging
    assert await behind == 8
    assert await worker.run(jobs.pid) != first
    assert worker.restarts == 1


async def test_a_job_that_kills_its_process_fails_and_does_not_take_the_next_one_along(worker: Worker) -> None:
    results = await asyncio.gather(
        worker.run(jobs.die), worker.run(jobs.add, 1, 2), worker.run(jobs.die), worker.run(jobs.add, 3, 4),
        return_exceptions=True,
    )  # fmt: skip
    assert [type(result) for result in results] == [JobLost, int, JobLost, int]


async def test_a_process_killed_while_idle_is_replaced_before_it_is_missed(worker: Worker) -> None:
    first = await worker.run(jobs.pid)
    os.kill(first, signal.SIGKILL)
    second = await until_alive(worker, first)
    assert await worker.run(jobs.pid) == second


async def test_a_job_that_hangs_is_killed_with_its_process(worker: Worker) -> None:
    first = await worker.run(jobs.pid)
    with pytest.raises(JobFailed, match=r"longer than 0\.2 s"):
        await worker.run(jobs.hang, timeout=0.2)
    assert await worker.run(jobs.add, 1, 1) == 2
    assert not is_there(first)


async def test_a_program_that_a_job_began_is_killed_with_it(worker: Worker, tmp_path: Path) -> None:
    await worker.run(jobs.pid)
    hanging = asyncio.create_task(worker.run(jobs.hang_with_a_child, str(tmp_path / "child"), timeout=2.0))
    await until_there(tmp_path / "child")
    child = int((tmp_path / "child").read_text())
    with pytest.raises(JobFailed, match="longer than"):
        await hanging
    await worker.run(jobs.pid)
    async with asyncio.timeout(20):
        while is_running(child):
            await asyncio.sleep(0.002)


async def test_the_time_of_a_job_counts_from_its_own_beginning(worker: Worker) -> None:
    slow = asyncio.create_task(worker.run(jobs.hang, timeout=0.4))
    quick = asyncio.create_task(worker.run(jobs.add, 1, 1, timeout=0.3))
    with pytest.raises(JobFailed):
        await slow
    assert await quick == 2


async def test_who_stops_waiting_does_not_disturb_the_next_answer(worker: Worker, tmp_path: Path) -> None:
    begun, gate = tmp_path / "begun", tmp_path / "gate"
    given_up = asyncio.create_task(worker.run(jobs.wait_for, str(begun), str(gate)))
    await until_there(begun)
    given_up.cancel()
    never_begun = asyncio.create_task(worker.run(jobs.count_up, str(tmp_path / "count")))
    await asyncio.sleep(0)
    never_begun.cancel()
    gate.touch()
    assert await worker.run(jobs.add, 5, 5) == 10
    assert not (tmp_path / "count").exists()


async def test_what_a_job_prints_does_not_come_between_the_answers(worker: Worker) -> None:
    assert await worker.run(jobs.chatter) == "done"
    assert await worker.run(jobs.add, 1, 1) == 2


async def test_a_result_of_some_megabytes_comes_through_whole(worker: Worker) -> None:
    assert len(await worker.run(jobs.octets, 20_000_000)) == 20_000_000


async def test_a_result_that_is_too_large_or_cannot_be_pickled_fails_its_job_only(worker: Worker) -> None:
    with pytest.raises(JobFailed, match="too large"):
        await worker.run(jobs.octets, pool.MAX_OCTETS + 1)
    with pytest.raises(JobFailed, match="pickle"):
        await worker.run(jobs.unpicklable)
    assert await worker.run(jobs.add, 1, 1) == 2
    assert worker.restarts == 0


async def test_a_job_that_is_too_large_is_refused(worker: Worker) -> None:
    with pytest.raises(JobFailed, match="too many"):
        await worker.run(len, bytes(pool.MAX_OCTETS + 1))


async def test_no_more_jobs_wait_than_there_is_room_for() -> None:
    worker = Worker()
    worker.start()
    waiting = [asyncio.create_task(worker.run(jobs.hang)) for _ in range(pool.MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(JobFailed, match="wait already"):
        await worker.run(jobs.add, 1, 1)
    await worker.stop()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(result) for result in results} == {JobFailed}


async def test_stopping_ends_the_process_in_the_middle_of_a_job_and_fails_all(tmp_path: Path) -> None:
    worker = Worker()
    worker.start()
    process = await worker.run(jobs.pid)
    tasks = [asyncio.create_task(worker.run(jobs.hang, str(tmp_path / "begun"))) for _ in range(3)]
    await until_there(tmp_path / "begun")
    await worker.stop()
    assert not is_there(process)
    for task in tasks:
        with pytest.raises(JobFailed, match="stops"):
            await task
    with pytest.raises(JobFailed, match="not running"):
        await worker.run(jobs.add, 1, 1)


async def test_stopping_at_once_leaves_no_process() -> None:
    worker = Worker()
    worker.start()
    await worker.stop()
    await worker.stop()
    assert worker.pid is None


async def test_the_process_goes_with_the_server_even_in_the_middle_of_a_job(tmp_path: Path) -> None:
    """The server is killed with -9: nobody tells the worker, but its pipe ends."""
    program = (
        "import asyncio\n"
        "from callcenterd.worker.pool import Worker\n"
        "from tests.worker import jobs\n"
        "async def main():\n"
        "    worker = Worker(); worker.start()\n"
        "    print(await worker.run(jobs.pid), flush=True)\n"
        "    await worker.run(jobs.hang)\n"
        "asyncio.run(main())\n"
    )
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert server.stdout is not None
    process = int(await server.stdout.readline())
    server.kill()
    await server.wait()
    async with asyncio.timeout(20):
        while is_there(process):
            await asyncio.sleep(0.01)
