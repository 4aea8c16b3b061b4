"""A recording's life in a whole server: sealed while people talk, paused, finished, played in the page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest_asyncio
from playwright.async_api import Page, expect

from bench.office import metrics
from callcenterd import sealed
from callcenterd.demo.phone import Phone
from callcenterd.worker import finishing
from tests.e2e.conftest import SITE, TRUNK_HOST
from tests.e2e.test_first_call import call_in, soon
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer
from tests.kit.tones import level, tone

LONG = 60.0
PLAY = """async (audio) => {
  audio.muted = true
  audio.currentTime = 3
  await new Promise((done) => { audio.onseeked = done })
  await audio.play()
  await new Promise((done) => { audio.ontimeupdate = () => audio.currentTime > 3.4 && done() })
  audio.pause()
  return [audio.duration, audio.playbackRate, audio.error && audio.error.message]
}"""


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    """One that seals its recordings and makes them small."""
    running = RunningServer(tmp_path / "office")
    sealed.add_key(tmp_path / "keys")
    running.configure(recordings={"format": "opus", "key_file": str(tmp_path / "keys"), "paused_minutes": 0.02})
    await running.start()
    yield running
    await running.end()


@pytest_asyncio.fixture
async def trunk(server: RunningServer) -> AsyncIterator[Phone]:
    async with Phone(TRUNK_HOST, server.sip, "gateway") as phone:
        await server.apply(SITE.format(trunk=TRUNK_HOST, trunk_port=phone.port))
        yield phone


async def test_a_card_number_is_not_in_a_sealed_recording_that_plays_in_the_page(
    server: RunningServer, trunk: Phone, phone: Phone, tmp_path: Path
) -> None:
    async with browser(tmp_path / "agent") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "1001", "first-Secret-1")
        await page.click(by_id("state-sign-in"))
        await page.click(by_id("state-ready"))
        caller = await call_in(trunk)
        agent = await soon(phone.incoming.get())
        agent.answer()
        await soon(caller.answered.wait())
        state, button = page.locator(by_id("recording-state")).first, page.locator(by_id("recording-pause")).first
        await expect(state).to_contain_text("正在录音")
        speaking = [
            asyncio.ensure_future(caller.talk.say(tone(440, LONG))),
            asyncio.ensure_future(agent.talk.say(tone(1000, LONG))),
        ]
        await asyncio.sleep(2.5)
        await button.click()
        await expect(state).to_contain_text("仍未恢复录音", timeout=10_000)  # told after a good second here
        await page.screenshot(path=tmp_path / "paused.png")
        hang_up = await page.locator(by_id("hang-up")).first.bounding_box()
        assert hang_up is not None
        assert hang_up["x"] + hang_up["width"] < 1000, "nothing is pushed out of the card"
        await asyncio.sleep(1.0)
        await button.click()
        await expect(state).to_contain_text("正在录音")
        await page.get_by_text("English", exact=True).first.click()
        await expect(state).to_contain_text("Recording")
        await page.screenshot(path=tmp_path / "recording.png")
        await page.get_by_text("中文", exact=True).first.click()
        await asyncio.sleep(2.5)
        await caller.hang_up()
        await soon(agent.ended.wait())
        for task in speaking:
            task.cancel()

        await is_finished_without_the_pause(server, tmp_path / "office/var/recordings")
        await played_in_the_page(page, tmp_path / "player-zh.png")
        assert faults == []
    async with browser(tmp_path / "english", language="en") as context:
        page = context.pages[0]
        await sign_in(page, server.web, "1001", "first-Secret-1")
        await page.get_by_text("English", exact=True).first.click()
        await played_in_the_page(page, tmp_path / "player-en.png")
    assert server.errors() == []


async def is_finished_without_the_pause(server: RunningServer, folder: Path) -> None:
    call = (await client_calls(server))[0]
    recording = call["recording_id"]
    async with await server.client() as admin:
        story = (await admin.get(f"/calls/{call['id']}"))["story"]
        marks = {step["kind"]: step["details"] for step in story if step["kind"].startswith("recording.")}
        assert (marks["recording.paused"]["by"], marks["recording.resumed"]["by"]) == ("1001", "1001")
        assert "recording.still_paused" in marks
        for _ in range(120):
            if (await metrics(server)).get("callcenterd_recordings_finished_total") == 1:
                break
            await asyncio.sleep(0.5)
        octets = await admin.recording(str(recording))
        assert octets.startswith(b"OggS")
        peaks = await admin.get(f"/recordings/{recording}/peaks?points=100")
    not_said(octets, peaks["seconds"], marks["recording.resumed"]["seconds"])
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    assert names >= {f"{recording}.opus.sealed", f"{recording}.peaks"}
    assert all(sealed.is_sealed(path) for path in folder.rglob("*-1.*"))


async def client_calls(server: RunningServer) -> list[dict[str, object]]:
    async with await server.client() as admin:
        listed = await admin.until("/calls", lambda said: said["items"] and said["items"][0]["ended_at"] is not None)
        items: list[dict[str, object]] = listed["items"]
        return items


def not_said(octets: bytes, seconds: float, paused: float) -> None:
    """Both sides are heard before and after the pause, and neither in it; its time is there."""
    both = np.concatenate(list(finishing.pieces(octets, None)))
    assert abs(len(both) / 8000 - seconds) < 0.06
    for side, hertz in ((both[:, 0], 440), (both[:, 1], 1000)):
        heard = [level(side[n : n + 800], hertz) > 3000 for n in range(0, len(side) - 800, 800)]
        silent = "".join("#" if loud else "." for loud in heard).strip(".")
        longest = max(len(part) for part in silent.split("#"))
        assert abs(longest * 0.1 - paused) < 0.5, silent
        assert silent.count("#") > 35, silent


async def played_in_the_page(page: Page, picture: Path) -> None:
    await page.click(by_id("menu-history"))
    await page.locator(by_id("history-row")).first.click()
    lanes = page.locator(by_id("recording-lanes")).first
    await expect(lanes).to_be_visible()
    for side in ("left", "right"):
        drawn = await page.locator(f"{by_id(f'lane-{side}')} path").first.get_attribute("d")
        assert drawn is not None
        assert drawn.count("M") > 50
    await page.locator(by_id("speed-1.5")).first.click()
    duration, rate, fault = await page.locator(by_id("recording-audio")).first.evaluate(PLAY)
    assert (duration > 6.0, rate, fault) == (True, 1.5, None)
    await lanes.focus()
    await page.keyboard.press("Home")
    await expect(lanes).to_have_attribute("aria-valuenow", "0")
    await page.keyboard.press("ArrowRight")
    await expect(lanes).to_have_attribute("aria-valuenow", "5")
    box = await page.locator(f"{by_id('lane-left')} .track").first.bounding_box()
    assert box is not None
    await page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await expect(lanes).to_have_attribute("aria-valuenow", str(round(duration / 2)))
    await page.screenshot(path=picture)
