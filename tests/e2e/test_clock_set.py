"""The machine's clock is set while people speak: an hour on, an hour back, a day on. What lasts, lasts as long as it
did, and nobody is thrown out (adversarial row P-54)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from callcenterd.clock import SystemClock
from callcenterd.demo.phone import Phone
from tests.e2e.test_first_call import call_in, ready, soon
from tests.kit.server import RunningServer

# The real clock cannot be set for one process, and must not be for a whole machine. callcenterd/clock.py is the only
# place that looks at it (tests/test_walls.py): there, the server gets what the file says on top.
SERVER = """
import pathlib
from datetime import timedelta
from callcenterd import clock, cli
honest = clock.SystemClock.utc
clock.SystemClock.utc = lambda self: honest(self) + timedelta(seconds=float(pathlib.Path({path!r}).read_text()))
cli.main()
"""


class Hand:
    """It sets the server's clock, and only that."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.set(timedelta())

    def set(self, off: timedelta) -> None:
        """The clock is that far off the machine's."""
        beside = self.file.with_suffix(".new")
        beside.write_text(str(off.total_seconds()), "ascii")
        beside.rename(self.file)


@pytest.fixture
def hand(tmp_path: Path) -> Hand:
    return Hand(tmp_path / "clock")


@pytest.fixture
async def server(tmp_path_factory: pytest.TempPathFactory, hand: Hand) -> AsyncIterator[RunningServer]:
    program = ("-c", SERVER.format(path=str(hand.file)))
    running = RunningServer(tmp_path_factory.mktemp("office"), program=program)
    await running.start()
    yield running
    await running.end()


async def test_what_lasts_does_not_care_for_the_clock(
    server: RunningServer, trunk: Phone, phone: Phone, hand: Hand
) -> None:
    page = await ready(server, "1001", "first-Secret-1")
    admin = await server.client()
    for off in (timedelta(hours=1), timedelta(hours=-1), timedelta(days=1), timedelta()):
        await page.until("/agents", lambda said: said["items"][0]["state"] == "ready")
        caller = await call_in(trunk)
        agent = await soon(phone.incoming.get())
        agent.answer()
        await asyncio.sleep(1.0)
        began = asyncio.get_running_loop().time()
        hand.set(off)
        await asyncio.sleep(2.0)
        call = (await page.get("/desk"))["pop"]["call"]
        extensions = (await admin.get("/extensions"))["items"]
        assert next(one for one in extensions if one["number"] == "1001")["registered"]
        await caller.hang_up()
        await soon(agent.ended.wait())
        lasted = asyncio.get_running_loop().time() - began
        record = await page.until(f"/calls/{call}", lambda said: said["ended_at"] is not None)
        assert lasted <= record["talk_seconds"] <= lasted + 3.0
        assert 0.0 <= record["wait_seconds"] < 4.0
        assert abs(datetime.fromisoformat(record["ended_at"]) - SystemClock().utc() - off) < timedelta(seconds=10)
    assert server.errors() == []
