"""Debian's Chromium by Playwright: one browser a test, with a folder of its own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from playwright.async_api import BrowserContext, Page, async_playwright

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
    folder: Path, *, language: str = "zh-CN", width: int = 1366, height: int = 768
) -> AsyncIterator[BrowserContext]:
    """A browser that speaks this language. Whatever a page writes as an error ends up in `context.faults`."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            folder,
            executable_path=CHROMIUM,
            args=list(FLAGS),
            locale=language,
            viewport={"width": width, "height": height},
        )
        context.set_default_timeout(15_000)
        try:
            yield context
        except BaseException:
            for n, page in enumerate(context.pages):
                await page.screenshot(path=folder / f"failed-{n}.png")  # what a person would have seen
            raise
        finally:
            await context.close()


def watch(page: Page) -> list[str]:
    """Faults that the page tells: exceptions, and errors on its console."""
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    return faults


async def sign_in(page: Page, web: str, login: str, password: str) -> None:
    await page.goto(f"{web}/sign-in")
    await page.fill('input[name="login"]', login)
    await page.fill('input[name="password"]', password)
    await page.click('button[type="submit"]')
    await page.wait_for_url("**/app/**")


def by_id(name: str) -> str:
    return f'[data-testid="{name}"]'
