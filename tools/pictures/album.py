"""Which pages are photographed, and by whom. A route that is new in the router is there by itself, as the administrator
sees it; what is more than opening a page stands in `BEFORE`."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Page

from tests.kit.browser import browser, by_id, sign_in
from tests.kit.walking import QUIET, go, paths_of, still
from tools.pictures.office import Office
from tools.pictures.scenery import PASSWORD, SUPERVISOR
from tools.pictures.words import Both

WIDTH, HEIGHT = 1366, 768
AGENT = "1001"
OF_AGENTS = ("desk", "duties", "customers", "consultations", "complaints", "follow-ups", "appointments", "outbox")
OF_SUPERVISORS = ("live", "history", "recordings", "notices", "quality", "query", "imports", "displays")
"""All others are the administrator's."""
APART = ("desk", "live", "nowhere", "admin", "setup")
"""They have pictures of their own, or none."""
Before = Callable[[Page], Awaitable[None]]


class Album:
    """folder: where the pictures are put, each with its language in its name."""

    def __init__(self, office: Office, folder: Path, room: Path, only: str = "") -> None:
        self._office = office
        self._folder = folder
        self._room = room
        self._only = re.compile(only)
        self._writing: list[asyncio.Task[int]] = []

    async def written(self) -> int:
        """Answers how many octets the pictures have in all."""
        return sum(await asyncio.gather(*self._writing))

    async def fill(self) -> None:
        """One agent talks, one wraps up, one is at a meal, and callers wait; then every page."""
        office = self._office
        last = await office.clients["admin"].get(f"/calls/{office.calls[-1]}")
        office.opened["recordings"] = last["recording_id"]  # a conversation, not the newest message
        await office.be_busy()
        async with self._as(AGENT) as page:
            await self._desk(page)
            await self._pages(page, AGENT, OF_AGENTS)
        async with self._as(SUPERVISOR) as page:
            await go(page, "/live")
            await page.wait_for_selector(by_id("live-line"))
            await self.shoot(page, "live")
            await page.locator(by_id("wall-tiles")).locator("xpath=ancestor-or-self::label").click()
            await self.shoot(page, "live-tiles")
            await self._pages(page, SUPERVISOR, OF_SUPERVISORS)
            await self._television(page)
        async with self._as("admin") as page:
            await self._pages(page, "admin", ())
            await go(page, "/nowhere")
        async with self._browser("nobody") as page:
            await page.goto(f"{office.server.web}/sign-in")
            await self.shoot(page, "sign-in")

    async def shoot(self, page: Page, name: str) -> None:
        if not self._only.search(name):
            return
        await still(page)
        await page.mouse.move(WIDTH - 3, HEIGHT - 3)
        await page.wait_for_timeout(300)
        path = self._folder / f"{name}.{self._office.language}.webp"
        octets = await page.screenshot()
        self._writing.append(asyncio.create_task(asyncio.to_thread(write, octets, path)))

    # ---- who looks ---------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _browser(self, name: str) -> Any:
        office = self._office
        async with browser(
            self._room / name, language=office.language, zone=office.zone, width=WIDTH, height=HEIGHT
        ) as context:
            await context.add_init_script(QUIET)
            yield context.pages[0]

    @asynccontextmanager
    async def _as(self, login: str) -> Any:
        async with self._browser(login) as page:
            await sign_in(page, self._office.server.web, login, PASSWORD)
            await page.wait_for_selector("h1")
            yield page

    # ---- the pages ---------------------------------------------------------------------------------------------

    async def _pages(self, page: Page, login: str, names: tuple[str, ...]) -> None:
        """names: the beginnings of their addresses; (): all that nobody else photographs."""
        office = self._office
        paths = await paths_of(page, office.clients[login], self._opened())
        open_somewhere = {path.rpartition("/")[0] for path in paths}
        others = (*OF_AGENTS, *OF_SUPERVISORS)
        for path in paths:
            first = path.split("/")[1]
            name = name_of(path)
            if (
                path.strip("/") in APART
                or first in (*APART[:3], "setup")  # the set-up of an office that is done shows little: `opening` has it
                or (first in names if names else first not in others) is False
            ):
                continue
            if path in open_somewhere and not path.startswith("/admin"):  # with a record beside it there is more to see
                continue
            await go(page, path)
            if before := BEFORE.get(name):
                await before(page)
            await self.shoot(page, name)

    def _opened(self) -> Mapping[str, Any]:
        office = self._office
        return {"customers": office.customers[0], "history": office.calls[-1], "flow": "main", **office.opened}

    async def _desk(self, page: Page) -> None:
        """1001 is rung, and speaks."""
        office = self._office
        await office.state(AGENT, "ready")
        caller = await office.call(office.numbers(0), "1")
        inside = await office.rung(AGENT)
        await page.wait_for_selector(by_id("customer-shown"))
        await page.wait_for_selector(by_id("past-call"))
        await page.locator(by_id("note")).first.fill(
            office.said(Both("问花架什么时候送到。", "When does the plant stand come?"))
        )
        await page.wait_for_timeout(4000)  # it has rung a little
        await self.shoot(page, "desk-ringing")
        inside.answer()
        await office.is_in(AGENT, "talking")
        office.keep_talking(caller, inside)
        await page.wait_for_timeout(6000)
        await self.shoot(page, "desk")
        await page.click(by_id("staff-bell"))
        await page.wait_for_selector(by_id("staff-drawer"))
        await self.shoot(page, "colleagues")
        await page.click(by_id("staff-bell"))

    async def _television(self, page: Page) -> None:
        await page.goto(f"{self._office.server.web}/app/display?queues=sales,service,complaints")
        await page.wait_for_selector(by_id("display-queue"))
        await self.shoot(page, "display")


def name_of(path: str) -> str:
    """Of the picture: its address without what is open there. admin/queues, setup/trunk and flows keep their parts."""
    parts = path.strip("/").split("/")
    kept = parts if parts[0] in ("admin", "setup") else parts[:1]
    return "-".join(re.sub(r"(?<=[a-z])(?=[A-Z])", "-", part).lower() for part in kept)


def write(octets: bytes, path: Path) -> int:
    """A screenshot in 256 colours: none is 10 of 255 off, and it has two thirds of the size. Answers how large."""
    picture = Image.open(io.BytesIO(octets)).convert("RGB")
    few = picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).convert("RGB")
    few.save(path, "WEBP", lossless=True, quality=80, method=4)
    return path.stat().st_size


async def _quality(page: Page) -> None:
    await page.wait_for_selector(by_id("recording-lanes"))


async def _query(page: Page) -> None:
    await page.locator(by_id("saved-query")).first.click()
    await page.wait_for_selector(by_id("query-row"))


async def _recordings(page: Page) -> None:
    await page.wait_for_selector(by_id("recording-lanes"))


async def _flow(page: Page) -> None:
    await page.locator(by_id("flow-node")).nth(2).click()
    await asyncio.sleep(0.3)


BEFORE: Mapping[str, Before] = {
    "quality": _quality, "query": _query, "recordings": _recordings, "history": _recordings, "flows": _flow,
}  # fmt: skip
