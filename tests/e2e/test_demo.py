"""The demo as a newcomer runs it: against a server that it starts, and against one that runs."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from tests.kit.server import PLAIN, RunningServer


async def test_the_demo_starts_a_server_and_leaves_things_to_look_at(tmp_path: Path) -> None:
    """The second time, on the running server, the customer of the first is known."""
    running = RunningServer(tmp_path / "office", program=PLAIN)
    code, said = await running.command("demo", "--no-stay")
    assert code == 0, said
    assert "admin / " in said
    await running.start()
    code, again = await running.command("demo", "--no-stay")
    assert code == 0, again
    password = next(line for line in again.splitlines() if "8999 / " in line).split("8999 / ")[1].split()[0]
    async with await running.client("8999", password) as page:
        calls = await page.get("/calls")
        assert [call["outcome"] for call in calls["items"]] == ["answered", "answered"]
        customers = await page.get("/customers")
        assert customers["total"] == 1
        assert {call["customer_id"] for call in calls["items"]} == {customers["items"][0]["id"]}
        for call in calls["items"]:
            status, octets = await page.try_to("GET", f"/recordings/{call['recording_id']}")
            assert status == 200
            assert len(octets) > 50_000
    assert await running.stop() == 0
    assert [error for error in running.errors() if error["level"] != "raw"] == []


async def test_a_demo_that_is_interrupted_leaves_no_call_behind(tmp_path: Path) -> None:
    running = RunningServer(tmp_path / "office", program=PLAIN)
    await running.start()
    show = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "callcenterd", "demo", "-c", str(running.config), stdout=asyncio.subprocess.DEVNULL
    )
    async with await running.client() as admin:
        await admin.until("/live", lambda live: any(line["state"] == "talking" for line in live["lines"]), 60.0)
        show.send_signal(signal.SIGINT)
        await admin.until("/live", lambda live: not live["lines"])
        agents = await admin.until("/agents", lambda said: not said["items"][0]["phone"])
        assert agents["items"][0]["call"] is None or agents["items"][0]["state"] == "wrap_up"
    await asyncio.wait_for(show.wait(), 20)
    assert await running.stop() == 0
