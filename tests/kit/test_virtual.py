"""Virtual time: a week passes at once, in order, and a test that would hang says so."""

from __future__ import annotations

import asyncio

import pytest

from tests.kit.virtual import START, JumpingLoop, LoopClock, VirtualClock, run


def test_a_week_of_waiting_takes_a_blink_and_keeps_its_order() -> None:
    happened: list[str] = []

    async def wait(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        happened.append(f"{name} at {asyncio.get_running_loop().time():g}")

    async def story() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(wait("week", 7 * 86400))
            group.create_task(wait("day", 86400))
            group.create_task(wait("now", 0))

    run(story())
    assert happened == ["now at 0", "day at 86400", "week at 604800"]


def test_a_wait_for_nothing_fails_instead_of_hanging() -> None:
    async def story() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(AssertionError, match="the test would hang"):
        run(story())


def test_the_clock_of_a_loop_moves_by_waiting() -> None:
    async def story() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, JumpingLoop)
        clock = LoopClock(loop)
        await asyncio.sleep(90)
        with pytest.raises(AssertionError, match="moves by waiting"):
            clock.move(1)
        return clock.monotonic(), (clock.utc() - START).total_seconds()

    assert run(story()) == (90, 90)


def test_a_clock_moves_when_it_is_told() -> None:
    clock = VirtualClock(monotonic=1000.0)
    assert (clock.monotonic(), clock.utc()) == (1000.0, START)
    assert clock.move(1.5) == 1001.5
    assert (clock.utc() - START).total_seconds() == 1.5
