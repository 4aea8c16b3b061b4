"""A caller's message on the desk: an agent plays it by a click and hears it, which the browser measures; it is marked
as heard and as seen to, for colleagues as well (IVR-05, AGT-02)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Locator, expect

from callcenterd.demo.phone import Phone
from tests.e2e.test_first_call import CALLER, NUMBER, soon
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer
from tests.kit.tones import level, tone

FLOW = """
flow: main
language: zh-CN
start: leave
nodes:
  leave: {voicemail: sales, greeting: 请讲, limit: 60}
"""
SPOKEN, BEEP = 600.0, 1000.0
"""Hertz: what the caller says, and after what."""

# What this player plays, as the browser decodes it: the loudest tone of each tenth of a second, until there were ten
# with sound in them.
MEASURE = """(audio) => {
  const context = new AudioContext()
  const analyser = context.createAnalyser()
  analyser.fftSize = 8192
  analyser.smoothingTimeConstant = 0
  context.createMediaElementSource(audio).connect(analyser).connect(context.destination)
  window.played = []
  const bins = new Float32Array(analyser.frequencyBinCount)
  const look = setInterval(() => {
    if (audio.paused) return
    analyser.getFloatFrequencyData(bins)
    const at = bins.reduce((top, value, n) => (value > bins[top] ? n : top), 0)
    if (bins[at] > -40) window.played.push((at * context.sampleRate) / analyser.fftSize)
    if (window.played.length >= 10) clearInterval(look)
  }, 100)
  return context.resume()
}"""


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    running = RunningServer(tmp_path / "office")
    running.flow("main", FLOW)
    await running.start()
    yield running
    await running.end()


async def left(server: RunningServer, trunk: Phone) -> None:
    """A message of four seconds, said after the beep."""
    caller = await trunk.dial(NUMBER, caller=CALLER)
    await soon(caller.answered.wait())
    async with asyncio.timeout(20):
        while level(caller.talk.heard()[-1600:], BEEP) < 4000:
            await asyncio.sleep(0.05)
    async with await server.client() as admin:
        await caller.talk.say(tone(SPOKEN, 4.0))
        await caller.hang_up()
        await admin.until("/voicemail", lambda said: said["total"] == 1)


async def plays(player: Locator) -> list[float]:
    """Clicked where its play button is; the tones that were heard."""
    box = await player.bounding_box()
    assert box is not None
    await player.evaluate(MEASURE)
    await player.click(position={"x": box["height"] / 2, "y": box["height"] / 2})
    page = player.page
    await page.wait_for_function("() => window.played.length >= 10", timeout=20_000)
    return [float(hertz) for hertz in await page.evaluate("window.played")]


async def test_a_message_is_played_on_the_desk_and_marked_as_heard_and_done(
    server: RunningServer, trunk: Phone, phone: Phone, second_phone: Phone, tmp_path: Path
) -> None:
    del phone, second_phone
    await left(server, trunk)
    async with browser(tmp_path / "agent") as context, browser(tmp_path / "colleague") as other:
        page, colleague = context.pages[0], other.pages[0]
        faults = [watch(page), watch(colleague)]
        await sign_in(page, server.web, "1001", "first-Secret-1")
        await sign_in(colleague, server.web, "1002", "second-Secret-2")
        for desk in (page, colleague):
            await expect(desk.locator(f"{by_id('strip-voicemail')} .count")).to_have_text("1")
            await desk.locator(by_id("strip-voicemail")).click()
        message, theirs = page.locator(by_id("voicemail")), colleague.locator(by_id("voicemail"))
        unheard = re.compile(r"\bunheard\b")
        await expect(message).to_have_class(unheard)
        await expect(message).to_contain_text("138 0013 8000")
        await expect(theirs).to_have_class(unheard)

        heard = await plays(message.locator("audio"))
        assert all(abs(hertz - SPOKEN) < 12 for hertz in heard[2:]), heard
        await expect(message).not_to_have_class(unheard)
        await expect(theirs).not_to_have_class(unheard)

        await message.locator(by_id("voicemail-mark")).click()
        await expect(page.locator(f"{by_id('strip-voicemail')} .count")).to_have_count(0)
        await expect(theirs).to_have_count(0)
        assert faults == [[], []]
    async with await server.client() as admin:
        (kept,) = (await admin.get("/voicemail"))["items"]
        assert (kept["caller"], kept["queue"], kept["heard_by"], kept["done"]) == (CALLER, "sales", "1001", True)
    assert server.errors() == []
