"""The demo as a newcomer runs it: against a server that it starts, and against one that runs."""

from __future__ import annotations

from pathlib import Path

from tests.kit.server import RunningServer


async def test_the_demo_starts_a_server_and_leaves_things_to_look_at(tmp_path: Path) -> None:
    """The second time, on the running server, the customer of the first is known."""
    running = RunningServer(tmp_path / "office")
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
