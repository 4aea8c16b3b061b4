"""The recordings page over a real call: found, played over its silence, noted, shared by a link, and taken away."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import zipfile
from pathlib import Path

from playwright.async_api import Page, expect

from bench.office import metrics
from callcenterd.demo.phone import Phone
from tests.e2e.test_first_call import call_in, soon
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer
from tests.kit.tones import tone

SUPERVISOR = ("2001", "third-Secret-3")
SKIPPED = """async (audio) => {
  audio.muted = true
  audio.currentTime = 0
  audio.playbackRate = 3
  const seen = []
  audio.addEventListener('timeupdate', () => seen.push(audio.currentTime))
  await audio.play()
  await new Promise((done) => { audio.addEventListener('timeupdate', () => audio.currentTime > 5 && done()) })
  audio.pause()
  return Math.max(...seen.slice(1).map((at, n) => at - seen[n]))
}"""
PLAYED = """async (audio) => {
  audio.muted = true
  await audio.play()
  await new Promise((done) => { audio.addEventListener('timeupdate', () => audio.currentTime > 0.3 && done()) })
  return audio.duration
}"""


async def recorded(server: RunningServer, trunk: Phone, phone: Phone) -> str:
    """A conversation with three seconds of silence in its middle."""
    async with await server.client(login="1001", password="first-Secret-1") as agent:
        await agent.post("/agents/1001/state", {"state": "ready", "extension": "1001"})
    caller = await call_in(trunk)
    leg = await soon(phone.incoming.get())
    leg.answer()
    await soon(caller.answered.wait())
    for _ in range(2):
        await asyncio.gather(caller.talk.say(tone(440, 1.5)), leg.talk.say(tone(1000, 1.5)))
        await asyncio.sleep(3.0)
    await caller.hang_up()
    await soon(leg.ended.wait())
    async with asyncio.timeout(60):
        while (await metrics(server)).get("callcenterd_recordings_finished_total") != 1:
            await asyncio.sleep(0.3)
    async with await server.client() as admin:
        return str((await admin.get("/recordings"))["items"][0]["id"])


async def test_a_recording_is_found_played_noted_shared_and_taken_away(
    server: RunningServer, trunk: Phone, phone: Phone, tmp_path: Path
) -> None:
    recording = await recorded(server, trunk, phone)
    async with browser(tmp_path / "boss") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, *SUPERVISOR)
        await page.click(by_id("menu-recordings"))
        row = page.locator(f'[data-recording="{recording}"]').first
        await row.click()
        panel = page.locator(by_id("recording-panel"))
        await expect(panel.locator(by_id("recording-lanes"))).to_be_visible()
        await panel.locator(by_id("skip-silence")).click()
        jumped = await panel.locator(by_id("recording-audio")).evaluate(SKIPPED)
        assert jumped > 1.8, f"the silence was played: the longest step was {jumped} s"
        await panel.locator(by_id("muted-left")).click()
        await expect(panel.locator(by_id("lane-left"))).to_have_class("lane left off")
        await panel.locator(by_id("muted-left")).click()
        await panel.locator(by_id("zoom-in")).click()
        await expect(panel.locator(by_id("zoom-whole"))).to_be_visible()
        await panel.locator(by_id("zoom-whole")).click()
        await noted(page)
        address = await shared(page)
        await page.screenshot(path=tmp_path / "recordings-zh.png")
        await taken_away(page, tmp_path)
        await page.get_by_text("English", exact=True).first.click()
        await expect(page.locator("h1")).to_have_text("Recordings")
        await page.screenshot(path=tmp_path / "recordings-en.png")
        assert await page.evaluate("document.documentElement.scrollWidth <= 1366")
        assert faults == []
    await heard_by_a_stranger(address, tmp_path)
    assert server.errors() == []


async def noted(page: Page) -> None:
    await page.fill(by_id("recording-note-text"), "客户在此同意")
    await page.click(by_id("recording-note-add"))
    await expect(page.locator(by_id("recording-note"))).to_contain_text("客户在此同意")
    await expect(page.locator(by_id("recording-mark"))).to_be_visible()
    await page.fill(by_id("recordings-notes"), "同意")
    await expect(page).to_have_url(re.compile("notes="))
    await expect(page.locator(by_id("recording-row"))).to_have_count(1)


async def shared(page: Page) -> str:
    await page.click(by_id("recording-share"))
    await page.fill(by_id("share-purpose"), "律师")
    await page.fill(by_id("share-pin"), "4711")
    await page.click(by_id("share-make"))
    address = await page.locator(by_id("share-address")).input_value()
    await page.keyboard.press("Escape")
    await expect(page.locator(by_id("recording-link"))).to_have_attribute("data-state", "open")
    return address


async def taken_away(page: Page, folder: Path) -> None:
    await page.locator(by_id("recording-pick")).first.check()
    await page.click(by_id("recordings-download"))
    link = page.locator(by_id("recording-batch-file")).first
    await expect(link).to_be_visible(timeout=30_000)
    async with page.expect_download() as waiting:
        await link.click()
    await (await waiting.value).save_as(folder / "taken.zip")
    with zipfile.ZipFile(folder / "taken.zip") as archive:
        assert archive.testzip() is None
        (sound,) = [name for name in archive.namelist() if name != "index.csv"]
        assert archive.read(sound).startswith(b"RIFF")  # as this office keeps them
        assert "13800138000" in sound
        rows = list(csv.reader(io.StringIO(archive.read("index.csv").decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == [sound]
    await page.keyboard.press("Escape")


async def heard_by_a_stranger(address: str, folder: Path) -> None:
    async with browser(folder / "stranger", language="en") as context:
        page = context.pages[0]
        answer = await page.goto(address)
        assert answer is not None
        assert answer.headers["x-robots-tag"].startswith("noindex")
        await page.fill("#pin", "0000")
        await page.click("button[type=submit]")
        await expect(page.locator("#fault")).to_have_text("That PIN is wrong")
        await page.fill("#pin", "4711")
        await page.click("button[type=submit]")
        seconds = await page.locator("audio").evaluate(PLAYED)
        assert seconds > 8.0
        await page.screenshot(path=folder / "stranger-en.png")
