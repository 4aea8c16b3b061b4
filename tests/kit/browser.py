"""Debian's Chromium by Playwright: one browser a test, with a folder of its own."""

from __future__ import annotations

import contextlib
import wave
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
from playwright.async_api import BrowserContext, ConsoleMessage, Page, async_playwright, expect

SECONDS = 15
"""That a page has to show what it should, on a machine that others keep busy; some pages look again each five only."""
expect.set_options(timeout=SECONDS * 1000)
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)


@contextlib.asynccontextmanager
async def browser(
    folder: Path,
    *,
    language: str = "zh-CN",
    width: int = 1366,
    height: int = 768,
    flags: Sequence[str] = (),
    zone: str | None = None,
) -> AsyncIterator[BrowserContext]:
    """A browser that speaks this language; zone: its time zone, if not this machine's. Whatever a page writes as an
    error ends up in `context.faults`."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            folder,
            executable_path=CHROMIUM,
            args=[*FLAGS, *flags],
            locale=language,
            viewport={"width": width, "height": height},
            timezone_id=zone,
        )
        context.set_default_timeout(SECONDS * 1000)
        try:
            yield context
        except BaseException:
            for n, page in enumerate(context.pages):
                await page.screenshot(path=folder / f"failed-{n}.png")  # what a person would have seen
            raise
        finally:
            await context.close()


def microphone(path: Path, hertz: float, *, allowed: bool = True) -> list[str]:
    """Flags of a browser with a pretended microphone: beeps of that tone, from a file that is made at `path`.

    Beeps and no steady tone: browsers take that for noise and suppress it. allowed False: the person says no to the
    question whether the page may use it.
    """
    rate = 48000
    time = np.arange(int(0.6 * rate)) / rate
    beep = np.where(time < 0.4, 12000 * np.sin(2 * np.pi * hertz * time), 0).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.tile(beep, 50).tobytes())
    return [
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={path}",
        *(["--use-fake-ui-for-media-stream"] if allowed else ["--deny-permission-prompts"]),
    ]


# Every connection that the page makes is kept where a test finds it, and what it hears is measured by the browser.
LISTEN = """
window.connections = []
const Original = window.RTCPeerConnection
window.RTCPeerConnection = class extends Original {
    constructor(...more) { super(...more); window.connections.push(this) }
}
window.loudest = async (seconds) => {
    const open = window.connections.findLast((one) => one.connectionState === 'connected')
    const track = open.getReceivers()[0].track
    const context = new AudioContext()
    await context.resume()
    const analyser = context.createAnalyser()
    analyser.fftSize = 8192
    analyser.smoothingTimeConstant = 0
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser)
    const bins = new Float32Array(analyser.frequencyBinCount)
    let best = [0, -Infinity]
    const until = performance.now() + seconds * 1000
    while (performance.now() < until) {
        await new Promise((wake) => setTimeout(wake, 100))
        analyser.getFloatFrequencyData(bins)
        const at = bins.reduce((top, value, n) => (value > bins[top] ? n : top), 0)
        if (bins[at] > best[1]) best = [(at * context.sampleRate) / analyser.fftSize, bins[at]]
    }
    await context.close()
    return best
}
"""


async def loudest_heard(page: Page, seconds: float = 1.0) -> tuple[float, float]:
    """(hertz, decibels below full scale) of the loudest tone that the page's connection brings. The page was opened
    after `context.add_init_script(LISTEN)`."""
    hertz, level = await page.evaluate("(seconds) => window.loudest(seconds)", seconds)
    return float(hertz), float(level)


def watch(page: Page) -> list[str]:
    """Faults that the page tells: exceptions, and errors on its console."""
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda said: faults.append(f"{said.text} {_where(said)}") if said.type == "error" else None)
    return faults


def _where(said: ConsoleMessage) -> str:
    return str(said.location.get("url", ""))


async def sign_in(page: Page, web: str, login: str, password: str) -> None:
    await page.goto(f"{web}/sign-in")
    await page.fill('input[name="login"]', login)
    await page.fill('input[name="password"]', password)
    await page.click('button[type="submit"]')
    await page.wait_for_url("**/app/**")


def by_id(name: str) -> str:
    return f'[data-testid="{name}"]'
