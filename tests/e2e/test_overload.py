"""A server whose sound is late: said by a limit that every machine's lateness exceeds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from callcenterd.demo.phone import Phone
from tests.e2e.test_first_call import CALLER, NUMBER
from tests.kit.server import RunningServer


@pytest_asyncio.fixture
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningServer]:
    folder = tmp_path_factory.mktemp("late")
    running = RunningServer(folder, overload={"strangers_ms": 0, "new_calls_ms": 0.0001})
    await running.start()
    yield running
    await running.end()


async def test_a_server_whose_sound_is_late_refuses_new_calls_and_says_so_in_its_metrics(
    server: RunningServer, trunk: Phone
) -> None:
    async with await server.client() as page:
        async with asyncio.timeout(20):
            while "callcenterd_sip_overload_level 2.0" not in await _metrics(page.http):
                await asyncio.sleep(0.1)
        call = await trunk.dial(NUMBER, caller=CALLER)
        await asyncio.wait_for(call.ended.wait(), 10)
        assert call.reason == "503 Service Unavailable"
        assert "callcenterd_sip_refused_by_load_total 1.0" in await _metrics(page.http)
    assert server.errors() == []


async def _metrics(http: object) -> str:
    async with http.get("/metrics") as answer:  # type: ignore[attr-defined]
        return str(await answer.text())
