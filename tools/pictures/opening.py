"""The set-up of a new office, photographed while it is done: from nothing to a call whose lines are all green."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Page, expect

from callcenterd.demo.phone import Phone
from callcenterd.worker import speech
from tests.kit.browser import browser, by_id, sign_in
from tests.kit.server import RunningServer
from tests.kit.walking import QUIET
from tools.pictures.scenery import AGENTS, ASKED, CUSTOMERS, MAIN, PASSWORD
from tools.pictures.words import Both, Language, said

TRUNK = "127.0.0.2"
PATIENT = 60_000.0
Shoot = Callable[[Page, str], Awaitable[None]]


async def photographed(language: Language, room: Path, shoot: Shoot) -> None:
    server = RunningServer(room / "office", language=language, region="CN" if language == "zh-CN" else "GB")
    await server.start()
    try:
        async with (
            Phone(TRUNK, server.sip, "gateway") as trunk,
            browser(room / "browser", language=language) as context,
        ):
            await context.add_init_script(QUIET)
            page = context.pages[0]
            page.set_default_timeout(PATIENT)
            await sign_in(page, server.web, "admin", server.admin_password)
            await _office(page, server, shoot, said(Both("绿园家居", "Greenfield Garden"), language))
            await _trunk(page, trunk, shoot, language)
            password = await _agent(page, said(AGENTS["1001"], language))
            async with Phone("127.0.1.1", server.sip, "1001", password=password) as phone:
                await phone.register()
                await expect(page.locator(by_id("agent-lamp"))).to_have_attribute("data-sign", "good", timeout=PATIENT)
                await shoot(page, "setup-agent")
                await _queue_and_number(page, shoot, language)
                await _call(page, trunk, phone, shoot, language)
    finally:
        await server.end()


async def _fill(page: Page, name: str, text: str) -> None:
    await page.locator(by_id(name)).first.fill(text)


async def _office(page: Page, server: RunningServer, shoot: Shoot, name: str) -> None:
    await page.wait_for_url("**/app/setup**")  # an empty office begins here
    await expect(page.locator(by_id("setup-zone"))).to_be_visible()
    await _fill(page, "setup-name", name)
    await _fill(page, "setup-old", server.admin_password)
    await _fill(page, "setup-new", PASSWORD)
    await _fill(page, "setup-again", PASSWORD)
    await shoot(page, "setup-office")
    await page.click(by_id("setup-save"))


async def _trunk(page: Page, trunk: Phone, shoot: Shoot, language: Language) -> None:
    """Tested as soon as it is saved; then a call in, which tells the number of the next step."""
    await page.wait_for_url("**/setup/trunk")
    await page.locator(by_id("trunk-by-address")).click()
    await _fill(page, "trunk-name", "gateway")
    await _fill(page, "trunk-host", TRUNK)
    await _fill(page, "trunk-caller", said(MAIN, language))
    await page.locator("#trunk-port").fill(str(trunk.port))
    await page.click(by_id("setup-save"))
    await expect(page.locator(by_id("trunk-verdict"))).to_have_attribute("data-ok", "true", timeout=PATIENT)
    await shoot(page, "setup-trunk")
    early = await trunk.dial(said(MAIN, language), caller=_caller(language))
    await expect(page.locator(by_id("call-came")).first).to_contain_text(said(MAIN, language), timeout=PATIENT)
    await asyncio.wait_for(early.ended.wait(), 30)
    await page.click(by_id("setup-next"))


def _caller(language: Language) -> str:
    return str(said(CUSTOMERS[0]["phones"], language)[0]).replace(" ", "")


async def _agent(page: Page, name: str) -> str:
    """Answers the phone's password, as the page shows it."""
    await expect(page.locator(by_id("setup-agent"))).to_be_visible()
    await _fill(page, "agent-name", name)
    password = await page.locator(by_id("agent-phone")).input_value()
    await page.click(by_id("setup-save"))
    await page.click(by_id("phone-generic"))
    return password


async def _queue_and_number(page: Page, shoot: Shoot, language: Language) -> None:
    await page.click(by_id("setup-next"))
    await expect(page.locator(by_id("member-1001"))).to_be_visible()
    await shoot(page, "setup-queue")
    await page.click(by_id("setup-save"))
    await page.wait_for_url("**/setup/number")
    await expect(page.locator(by_id("number-match"))).to_have_value(said(MAIN, language), timeout=PATIENT)
    await shoot(page, "setup-number")
    await page.click(by_id("setup-save"))


async def _call(page: Page, trunk: Phone, phone: Phone, shoot: Shoot, language: Language) -> None:
    await page.wait_for_url("**/setup/call")
    await page.click(by_id("make-ready"))
    await expect(page.locator(by_id("make-ready"))).to_have_count(0, timeout=PATIENT)
    caller = await trunk.dial(said(MAIN, language), caller=_caller(language))
    inside = await asyncio.wait_for(phone.incoming.get(), 60)
    inside.ring()
    await asyncio.sleep(1)
    inside.answer()
    words = await asyncio.to_thread(speech.speak, said(ASKED, language), language, "espeak-ng")
    await asyncio.gather(caller.talk.say(words), inside.talk.say(words))
    await caller.hang_up()
    await expect(page.locator(by_id("all-green"))).to_be_visible(timeout=PATIENT)
    await shoot(page, "setup-call")
