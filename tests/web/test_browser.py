"""What only a real browser can show: that it plays our recordings, and what it makes of the sign-in and its policy."""

from __future__ import annotations

import math
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Browser, async_playwright

from callcenterd.media.codecs import g711
from callcenterd.media.recording import Recording
from callcenterd.model.calls import RecordingFormat
from callcenterd.model.ids import RecordingId
from callcenterd.sealed import add_key
from callcenterd.switchboard.archive import Rules
from tests.web.house import PASSWORD, House, house

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
SECONDS = 20

PLAY = """address => new Promise(done => {
  const audio = new Audio(address)
  audio.onerror = () => done({error: audio.error.message})
  audio.onloadedmetadata = () => {
    audio.onseeked = async () => {
      await audio.play()
      audio.ontimeupdate = () => { if (audio.currentTime > 12.1) done({duration: audio.duration}) }
    }
    audio.currentTime = 12
  }
})"""
# The crossings of zero in one second of each channel: twice the tone's frequency.
DECODE = """async address => {
  const octets = await (await fetch(address)).arrayBuffer()
  const sound = await new OfflineAudioContext(2, 8000, 8000).decodeAudioData(octets)
  const crossings = channel => {
    const samples = sound.getChannelData(channel)
    let count = 0
    for (let n = 1; n <= 8000; n++) if ((samples[n - 1] < 0) !== (samples[n] < 0)) count++
    return count
  }
  return [crossings(0), crossings(1)]
}"""


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        await opened.close()


def tone(hertz: float) -> bytes:
    times = np.arange(8000 * SECONDS) / 8000
    return g711.encode((8000 * np.sin(2 * math.pi * hertz * times)).astype(np.int16), g711.PCMA).tobytes()


async def recorded(office: House, folder: Path) -> RecordingId:
    """A recording as the media room writes one: 440 Hz from the caller, 880 Hz from the agent."""
    caller, agent = tone(440), tone(880)
    with Recording(folder / "tones.wav") as recording:
        recording.append(bytes(octet for pair in zip(caller, agent, strict=True) for octet in pair))
    await office.keep_call("c1")
    return await office.keep_recording("c1", (folder / "tones.wav").read_bytes())


@pytest.mark.parametrize("wanted", ["wav", "opus", "mp3"])
@pytest.mark.parametrize("seal", [False, True], ids=["plain", "sealed"])
async def test_chromium_plays_a_recording_seeks_in_it_and_hears_each_side_in_its_place(
    database: Path, browser: Browser, tmp_path: Path, wanted: RecordingFormat, *, seal: bool
) -> None:
    shutil.copy(database, tmp_path / "callcenter.db")
    key_file = tmp_path / "keys" if seal else None
    if key_file is not None:
        add_key(key_file)
    async with house(tmp_path, rules=Rules(wanted, key_file)) as office:
        name = await recorded(office, tmp_path)
        await office.office.archive.look()
        record = await office.office.store.recordings.get(name)
        assert (record.format, record.finishing) == (wanted, "done")
        await plays(office, browser, name)


async def plays(office: House, browser: Browser, name: RecordingId) -> None:
    (office.pages / "index.html").write_text("<!doctype html><title>player</title>")
    token = (await office.as_("1001"))["Authorization"].removeprefix("Bearer ")
    address = str(office.client.make_url("/app/"))
    context = await browser.new_context()
    await context.add_cookies(
        [{"name": "callcenterd_session", "value": token, "url": str(office.client.make_url("/"))}]
    )
    page = await context.new_page()
    await page.goto(address)
    assert await page.evaluate(PLAY, f"/api/v1/recordings/{name}") == {"duration": pytest.approx(SECONDS, abs=0.05)}
    caller, agent = await page.evaluate(DECODE, f"/api/v1/recordings/{name}")
    assert (caller, agent) == (pytest.approx(880, abs=8), pytest.approx(1760, abs=16))


@pytest.mark.parametrize(
    ("language", "title", "wrong"), [("zh-CN", "登录", "密码不对"), ("en", "Sign in", "Wrong login")]
)
async def test_a_person_signs_in_without_a_script_and_lands_where_they_wanted(
    office: House, browser: Browser, language: str, title: str, wrong: str
) -> None:
    (office.pages / "index.html").write_text("<!doctype html><title>pages</title>")
    (office.pages / "icon.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    context = await browser.new_context(locale=language, java_script_enabled=False)
    page = await context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    await page.goto(str(office.client.make_url("/sign-in?next=/app/history")))
    assert await page.locator("h1").inner_text() == title
    assert await page.evaluate("getComputedStyle(document.querySelector('.sheet')).maxWidth") == "372px"
    await page.fill("#login", "1001")
    await page.fill("#password", "wrong")
    await page.click("button")
    assert wrong in await page.locator("[role=alert]").inner_text()
    await page.fill("#password", PASSWORD)
    await page.click("button")
    assert page.url == str(office.client.make_url("/app/history"))
    assert not [text for text in said if "Content Security Policy" in text]
    (cookie,) = [each for each in await context.cookies() if each["name"] == "callcenterd_session"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
