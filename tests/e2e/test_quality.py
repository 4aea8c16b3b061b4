"""How calls sound, over a whole server: what phones report and what the network loses is kept with the call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from callcenterd.demo.phone import Phone
from tests.e2e.test_first_call import call_in, ready, soon
from tests.kit.baresip import Baresip
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer
from tests.kit.tones import tone


def sides(call: Any) -> dict[str, Any]:
    return {sound["side"]: sound for sound in call["sound"]}


async def test_a_lossy_side_is_known_while_it_talks_and_afterwards(
    server: RunningServer, trunk: Phone, phone: Phone
) -> None:
    """5 % of the caller's packets are lost; the agent's come clean."""
    page = await ready(server, "1001", "first-Secret-1")
    caller = await call_in(trunk)
    caller.talk.loss = 0.05
    agent = await soon(phone.incoming.get())
    agent.answer()
    await soon(caller.answered.wait())
    live = await page.until("/calls", lambda said: said["total"] == 1)
    call = live["items"][0]["id"]
    now = await page.until(
        f"/calls/{call}",
        lambda said: (
            len(said["sound"]) == 2 and all(sound["received"] > 800 for sound in said["sound"]) and said["mos"] is None
        ),
        seconds=40.0,
    )
    assert sides(now)["caller"]["mos"] < sides(now)["agent"]["mos"]
    await caller.hang_up()
    await soon(agent.ended.wait())
    kept = await page.until(f"/calls/{call}", lambda said: said["ended_at"] is not None and said["mos"] is not None)
    kept = await page.until(f"/calls/{call}", lambda said: len(said["sound"]) == 2)
    heard = sides(kept)
    lossy, clean = heard["caller"], heard["agent"]
    assert (lossy["number"], lossy["trunk"], lossy["codec"]) == ("13800138000", "gateway", "PCMA")
    assert (clean["number"], clean["extension"], clean["trunk"]) == ("1001", "1001", None)
    assert lossy["lost"] / (lossy["lost"] + lossy["received"]) == pytest.approx(0.05, abs=0.02)
    assert clean["lost"] == 0
    assert lossy["mos"] < clean["mos"] - 0.15
    assert kept["mos"] == lossy["mos"]
    assert [sound["leg"] for sound in kept["sound"]] == sorted(sound["leg"] for sound in kept["sound"])
    listed = await page.get("/calls", mos_below=lossy["mos"] + 0.01)
    assert [item["id"] for item in listed["items"]] == [call]
    assert (await page.get("/calls", mos_below=lossy["mos"]))["total"] == 0
    async with page.http.get("/metrics") as answer:
        text = await answer.text()
    assert 'callcenterd_leg_mos_count{ear="here"} 2.0' in text
    assert server.errors() == []
    await page.close()


async def test_a_foreign_phone_reports_how_it_hears_us_and_how_far_it_is(
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    """baresip sends RTCP of its own; what it says of our stream is kept, and the round trip over loopback is short."""
    foreign = Baresip(tmp_path / "agent", "127.0.0.11", server.sip, "1001", "phone-Secret-1", says=tone(1000, 40.0))
    async with foreign:
        await foreign.registered()
        page = await ready(server, "1001", "first-Secret-1")
        caller = await call_in(trunk)
        await foreign.wait_for("CALL_INCOMING")
        await foreign.command("accept")
        await foreign.wait_for("CALL_ESTABLISHED")
        listed = await page.until("/calls", lambda said: said["total"] == 1)
        [item] = listed["items"]
        told = await page.until(
            f"/calls/{item['id']}",
            lambda said: any(sound["round_trip_ms"] is not None for sound in said["sound"]),
            seconds=40.0,
        )
        assert sides(told)["agent"]["mos_there"] > 4.0
        await caller.hang_up()
        await foreign.wait_for("CALL_CLOSED")
        kept = await page.until(f"/calls/{item['id']}", lambda said: len(said["sound"]) == 2 and said["ended_at"])
        heard = sides(kept)
        assert heard["agent"]["lost_there"] == 0
        assert 0.0 <= heard["agent"]["round_trip_ms"] < 200.0
        assert 0.0 <= heard["agent"]["jitter_there_ms"] < 40.0
        assert heard["agent"]["mos"] > 3.0, "a busy machine may have some come late"
        assert heard["agent"]["junk"] == 0
        assert heard["caller"]["mos_there"] is None, "the caller's phone has no RTCP"
        await page.close()
    assert server.errors() == []


@pytest.mark.parametrize(("language", "bad", "good"), [("zh-CN", "差", "好"), ("en", "Poor", "Good")])
async def test_the_page_shows_how_a_call_sounds_while_it_lasts_and_afterwards(
    server: RunningServer, trunk: Phone, tmp_path: Path, language: str, bad: str, good: str
) -> None:
    foreign = Baresip(tmp_path / "agent", "127.0.0.11", server.sip, "1001", "phone-Secret-1", says=tone(1000, 60.0))
    async with foreign, browser(tmp_path / "browser", language=language) as context:
        await foreign.registered()
        client = await ready(server, "1001", "first-Secret-1")
        caller = await call_in(trunk)
        caller.talk.loss = 0.2
        await foreign.wait_for("CALL_INCOMING")
        await foreign.command("accept")
        await foreign.wait_for("CALL_ESTABLISHED")
        listed = await client.until("/calls", lambda said: said["total"] == 1)
        call = listed["items"][0]["id"]
        await context.add_cookies([{"name": "callcenterd_language", "value": language, "url": server.web}])
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "2001", "third-Secret-3")
        await page.goto(f"{server.web}/app/history/{call}")
        lines = page.locator(by_id("sound-way"))
        await lines.nth(2).wait_for(timeout=40_000)  # it refreshes by itself: the agent's phone has reported
        assert bad in await page.locator(by_id("sound-way"), has_text="138 0013 8000").inner_text()
        assert await page.locator("[data-testid=sound-way][data-side=agent]").count() == 2
        assert await page.locator(by_id("call-sound"), has_text=good).count() == 1
        await page.screenshot(path=tmp_path / f"live-{language}.png")
        await caller.hang_up()
        await foreign.wait_for("CALL_CLOSED")
        await client.until(f"/calls/{call}", lambda said: len(said["sound"]) == 2 and said["ended_at"] is not None)
        await client.recording((await client.get(f"/calls/{call}"))["recording_id"])
        await page.goto(f"{server.web}/app/history")
        row = page.locator(f"[data-testid=history-row][data-call='{call}']")
        assert bad in await row.inner_text()
        await row.click()
        await lines.first.wait_for()
        help_text = await lines.first.locator(by_id("sound-word")).get_attribute("title")
        assert help_text is not None
        assert "G.107" in help_text
        await page.wait_for_timeout(500)  # the drawer has moved in
        await page.screenshot(path=tmp_path / f"kept-{language}.png")
        assert faults == []
        await client.close()
    assert server.errors() == []
